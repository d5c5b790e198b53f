package families

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/enum"
)

func now() time.Time { return time.Unix(1_700_000_000, 0) }

// limited admits the values that it lists, and records the questions.
type limited struct {
	values []string
	asked  map[string]int // label -> limit
	times  int
}

func (l *limited) Admit(label, value string, limit int) string {
	if l.asked == nil {
		l.asked = map[string]int{}
	}
	l.asked[label] = limit
	l.times++
	if slices.Contains(l.values, value) {
		return value
	}
	return Other
}

func fullCall() call.Call {
	return call.Call{
		Type: enum.Incoming, Reason: enum.IncomingHungUp, Outcome: enum.Answered, Party: enum.Agent, Country: "CN", CallingCode: "86",
		Group: "sales", VoiceGroupID: "7", Agent: "ann", Brand: "itnio", SIPCode: "200", Media: "music", Talk: 42, Ring: 9, End: now(),
		SessionID: "s1",
	}
}

// all admits the values of fullCall and the tag vip.
func all() *limited { return &limited{values: []string{"sales", "ann", "music", "vip"}} }

// byName gives additions by the name of their family.
func byName(m *Model, additions []Addition) map[string]Addition {
	named := map[string]Addition{}
	for _, a := range additions {
		named[m.Families[a.Family].Name] = a
	}
	return named
}

// In fullCall every label has a different value: a mistake in the table would show an empty value or that of another label.
func TestLabelValues(t *testing.T) {
	c := fullCall()
	want := map[string]string{
		LabelAccount: "main", LabelAgentGroup: "sales", LabelCountry: "CN", LabelAgent: "ann", LabelMedia: "music", LabelCallType: "incoming",
		LabelOutcome: "answered", LabelHangupReason: "incoming_hung_up", LabelHangupParty: "agent", LabelAnswered: "true", LabelCode: "200",
		LabelCallingCode: "86", LabelVoiceGroupID: "7", LabelBrand: "itnio", LabelName: call.CountryName("CN"), LabelTag: "vip",
	}
	m := New(everything())
	additions := m.Folder("main", now(), all()).Fold(&c, true)
	additions = append(additions, m.Folder("main", now(), all()).FoldTag(&c, "vip")...)
	require.Len(t, additions, len(m.Families), "the call is in every family")
	seen := map[string]bool{}
	for _, a := range additions {
		for i, label := range m.Families[a.Family].Labels {
			require.Equal(t, want[label], a.Labels[i], label)
			seen[label] = true
		}
	}
	require.Len(t, seen, len(want))
	require.Len(t, labelTable, len(want))
	c.Outcome = enum.NoAnswer
	ring := byName(m, m.Folder("main", now(), all()).Fold(&c, true))["itnio_call_ring_duration_seconds"]
	require.Equal(t, "false", ring.Labels[slices.Index(m.Families[ring.Family].Labels, LabelAnswered)])
}

func TestAmounts(t *testing.T) {
	c := fullCall()
	m := New(everything())
	ring := Addition{Kind: Observe, Amount: 9}
	want := map[string]Addition{
		"itnio_calls_total":                 {Kind: Add, Amount: 1},
		"itnio_call_duration_seconds":       {Kind: Observe, Amount: 42},
		"itnio_call_ring_duration_seconds":  ring,
		"itnio_call_sip_responses_total":    {Kind: Add, Amount: 1},
		"itnio_last_call_timestamp_seconds": {Kind: Raise, Amount: now().Unix()},
		"itnio_country_info":                {Kind: Raise, Amount: 1},
		"itnio_agent_group_info":            {Kind: Raise, Amount: 1},
		"itnio_account_info":                {Kind: Raise, Amount: 1},
		"itnio_agent_calls_total":           {Kind: Add, Amount: 1},
		"itnio_agent_talk_seconds_total":    {Kind: Add, Amount: 42},
		"itnio_agent_ring_seconds_total":    {Kind: Add, Amount: 9},
		"itnio_call_media_detected_total":   {Kind: Add, Amount: 1},
	}
	fold := func(counts bool) map[string]Addition {
		got := byName(m, m.Folder("main", now(), all()).Fold(&c, counts))
		for name, a := range got {
			got[name] = Addition{Kind: a.Kind, Amount: a.Amount}
		}
		return got
	}
	require.Equal(t, want, fold(true))
	tags := m.Folder("main", now(), all()).FoldTag(&c, "vip")
	require.Len(t, tags, 1)
	require.Equal(t, []string{"main", "sales", "vip"}, tags[0].Labels)
	require.Equal(t, Addition{Kind: Add, Amount: 1}, Addition{Kind: tags[0].Kind, Amount: tags[0].Amount})

	for name, a := range want {
		if a.Kind != Raise {
			want[name] = Addition{}
		}
	}
	require.Equal(t, want, fold(false), "a call of before the epoch adds nothing, but its end can be the latest")
	c.End = now().Add(call.MaxAhead)
	require.Equal(t, c.End.Unix(), fold(true)["itnio_last_call_timestamp_seconds"].Amount)
	for _, end := range []time.Time{now().Add(call.MaxAhead + time.Second), {}} {
		c.End = end
		require.Equal(t, Addition{}, fold(true)["itnio_last_call_timestamp_seconds"], "%s", end)
	}
}

func TestExemplars(t *testing.T) {
	metrics := everything()
	c := fullCall()
	exemplar := func() *series.Exemplar {
		m := New(metrics)
		return byName(m, m.Folder("main", now(), all()).Fold(&c, true))["itnio_call_duration_seconds"].Exemplar
	}
	require.Nil(t, exemplar())
	metrics.Exemplars = true
	require.Equal(t, &series.Exemplar{LabelName: "call_session_id", LabelValue: "s1", Value: 42, Time: now()}, exemplar())
	c.End = now().Add(call.MaxAhead + time.Second)
	require.Nil(t, exemplar())
	c.End = time.Time{}
	require.Nil(t, exemplar())
	c = fullCall()
	c.SessionID = ""
	require.Nil(t, exemplar())
}

func TestLimits(t *testing.T) {
	m := New(everything())
	c := fullCall()
	asked := all()
	m.Folder("main", now(), asked).Fold(&c, true)
	require.Equal(t, 3, asked.times, "once a label, however many families have it")
	m.Folder("main", now(), asked).FoldTag(&c, "vip")
	require.Equal(t, map[string]int{LabelAgentGroup: 1, LabelAgent: 2, LabelTag: 3, LabelMedia: 4}, asked.asked)

	for _, value := range []string{Other, None, Unknown} {
		c.Group, c.Agent, c.Media = value, value, value
		nobody := &limited{}
		m.Folder("main", now(), nobody).Fold(&c, true)
		require.Empty(t, nobody.asked, "reserved values need no room")
	}

	c = fullCall()
	got := byName(m, m.Folder("main", now(), &limited{}).Fold(&c, true))
	require.Equal(t, []string{"main", Other, Other, "incoming", "answered", "agent"}, got["itnio_agent_calls_total"].Labels)
	require.NotContains(t, got, "itnio_agent_group_info", "the others together are no group")
	c.Group = Other
	require.Contains(t, byName(m, m.Folder("main", now(), all()).Fold(&c, true)), "itnio_agent_group_info", "a group of that name is one")

	unlimited := everything()
	unlimited.Limits = config.Limits{}
	nobody := &limited{}
	New(unlimited).Folder("main", now(), nobody).Fold(&c, true)
	require.Empty(t, nobody.asked)
}

// In a family that is full the agent group is folded first, then the country, then all but the account.
func TestFoldSteps(t *testing.T) {
	m := New(everything())
	for _, f := range m.Families {
		labels := make([]string, len(f.Labels))
		for i := range labels {
			labels[i] = fmt.Sprint("value ", i)
		}
		var folded []string
		for step := range FoldSteps {
			names := f.FoldStep(labels, step)
			require.Empty(t, f.FoldStep(labels, step), "what is folded is not folded again")
			switch step {
			case 0:
				require.Subset(t, []string{LabelAgentGroup}, names)
			case 1:
				require.Subset(t, []string{LabelCountry}, names)
			}
			folded = append(folded, names...)
		}
		rest := slices.DeleteFunc(slices.Clone(f.Labels), func(l string) bool { return l == LabelAccount })
		require.ElementsMatch(t, rest, folded)
		for i, label := range f.Labels {
			require.Equal(t, label != LabelAccount, labels[i] == Other, label)
		}
	}
}

func TestRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		metrics := everything()
		metrics.Limits.Series = rapid.IntRange(10, 100_000).Draw(t, "series")
		m := New(metrics)
		last := 0
		for step := range FoldSteps {
			room := m.Room(step)
			require.GreaterOrEqual(t, room, last)
			require.Less(t, room, metrics.Limits.Series)
			last = room
		}
		require.InDelta(t, 0.9*float64(metrics.Limits.Series), m.Room(0), 1)
	})
}

// Whatever the order in which additions are applied, the series are the same: amounts are whole numbers.
func TestAdditionsCommute(t *testing.T) {
	m := New(everything())
	rapid.Check(t, func(t *rapid.T) {
		var additions []Addition
		for range rapid.IntRange(0, 20).Draw(t, "calls") {
			c := fullCall()
			c.Group = rapid.SampledFrom([]string{"sales", "support"}).Draw(t, "group")
			c.Talk, c.Ring = rapid.Int64Range(0, 9000).Draw(t, "talk"), rapid.Int64Range(0, 99).Draw(t, "ring")
			c.End = now().Add(time.Duration(rapid.IntRange(-99, 400).Draw(t, "end")) * time.Second)
			additions = append(additions, m.Folder("main", now(), all()).Fold(&c, rapid.Bool().Draw(t, "counts"))...)
		}
		apply := func(list []Addition) map[string]series.Metric {
			all := map[string]series.Metric{}
			for _, a := range list {
				f := &m.Families[a.Family]
				name := fmt.Sprint(f.Name, a.Labels)
				s, ok := all[name]
				if !ok && f.Type == series.Histogram {
					s.Hist = &series.HistogramValue{Buckets: make([]uint64, len(f.Bounds))}
				}
				before := s.Clone()
				changes := a.Changes(&s)
				a.Apply(&s, f.Bounds)
				require.Equal(t, changes, !equal(before, &s), "Changes tells what Apply does")
				all[name] = s
			}
			return all
		}
		shuffled := rapid.Permutation(additions).Draw(t, "order")
		require.True(t, maps.EqualFunc(apply(additions), apply(shuffled), func(a, b series.Metric) bool { return equal(&a, &b) }))
	})
}

func equal(a, b *series.Metric) bool {
	if a.Hist == nil || b.Hist == nil {
		return a.Value == b.Value && a.Hist == b.Hist
	}
	return a.Hist.Count == b.Hist.Count && a.Hist.Sum == b.Hist.Sum && a.Hist.ZeroCount == b.Hist.ZeroCount &&
		slices.Equal(a.Hist.Buckets, b.Hist.Buckets) && slices.Equal(a.Hist.Native, b.Hist.Native)
}
