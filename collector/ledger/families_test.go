package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/config"
)

func TestLabelValuesThatWereAdmittedStay(t *testing.T) {
	m := testMetrics()
	m.Limits.AgentGroup = 3
	tl := newTestLedger(t, withModel(m))
	tl.establish()
	calls := func(group string) string {
		return "itnio_calls_total{main," + group + ",CN,incoming,answered,incoming_hung_up,customer}"
	}
	for i := range uint64(5) {
		report := tl.commit(Batch{Items: []Item{{Call: someCall(1+i, group(fmt.Sprint("g", i)))}}})
		want := map[string]int{}
		if i >= 3 {
			want["agent_group"] = 1 // once a call, not once a family
		}
		require.Equal(t, want, report.Overflow)
	}
	for range 2 {
		values := exposed(tl.Ledger)
		require.EqualValues(t, 1, values[calls("g2")])
		require.NotContains(t, values, calls("g3"))
		require.EqualValues(t, 2, values[calls("other")])
		for name := range values {
			require.NotContains(t, name, "itnio_agent_group_info{main,other,", "it is no group")
		}
		tl.reopen()
	}
	tl.count(someCall(10, group("g4")), someCall(11, group("g0")), someCall(12, group("none")), someCall(13, group("unknown")))
	values := exposed(tl.Ledger)
	require.EqualValues(t, 3, values[calls("other")])
	require.EqualValues(t, 2, values[calls("g0")])
	require.EqualValues(t, 1, values[calls("none")], "reserved words need no room")
	require.EqualValues(t, 1, values[calls("unknown")])

	// A failed or empty batch admits nothing; a higher limit makes room, a lower one takes none back.
	m.Limits.AgentGroup = 4
	require.NoError(t, tl.SetModel(families.New(m)))
	tl.count(someCall(20, group("g9")))
	require.EqualValues(t, 1, exposed(tl.Ledger)[calls("g9")])
	m.Limits.AgentGroup = 1
	require.NoError(t, tl.SetModel(families.New(m)))
	tl.count(someCall(21, group("g9")))
	require.EqualValues(t, 2, exposed(tl.Ledger)[calls("g9")])
}

// A family without the account's label may be left with no label, or with one that is empty: its key must not stop every batch.
func TestFamilyLeftWithoutLabels(t *testing.T) {
	for _, keep := range [][]string{{}, {"calling_code"}} {
		m := testMetrics()
		m.Labels = map[string][]string{"itnio_country_info": keep}
		tl := newTestLedger(t, withModel(m))
		tl.establish()
		require.Equal(t, []Result{Counted, Counted}, tl.count(someCall(1), someCall(2, func(c *call.Call) { c.Country, c.CallingCode = call.Unknown, "" })))
		before := exposed(tl.Ledger)
		require.EqualValues(t, 1, before["itnio_country_info{}"])
		tl.reopen()
		require.Equal(t, before, exposed(tl.Ledger))
	}
}

func TestOverflowOfOptInLabels(t *testing.T) {
	m := withEverything()
	m.Limits = config.Limits{AgentGroup: 1, Agent: 1, Tag: 1, Media: 1, Series: 1000}
	tl := newTestLedger(t, withModel(m))
	tl.establish()
	tl.count(someCall(1, func(c *call.Call) { c.Tags, c.Media = []string{"vip"}, "music" }))
	report := tl.commit(Batch{Items: []Item{{Call: someCall(2, group("support"), func(c *call.Call) {
		c.Agent, c.Tags, c.Media = "bob", []string{"complaint", "sale"}, "silence"
	})}}})
	require.Equal(t, map[string]int{"agent_group": 1, "agent": 1, "tag": 1, "media": 1}, report.Overflow)
	values := exposed(tl.Ledger)
	require.EqualValues(t, 2, values["itnio_call_tags_total{main,other,other}"])
	require.EqualValues(t, 1, values["itnio_call_media_detected_total{main,other,other}"])
	require.EqualValues(t, 42, values["itnio_agent_talk_seconds_total{main,other,other,incoming}"])
	require.EqualValues(t, 7, values["itnio_agent_ring_seconds_total{main,sales,ann,incoming}"])
}

func TestTagsCountOnceEach(t *testing.T) {
	tl := newTestLedger(t, withModel(withEverything()))
	tl.establish()
	tagged := func(tags ...string) func(*call.Call) { return func(c *call.Call) { c.Tags = tags } }
	tag := func(name string) float64 { return exposed(tl.Ledger)["itnio_call_tags_total{main,sales,"+name+"}"] }
	tl.count(someCall(1, tagged("vip")), someCall(1, tagged("vip", "sale")), someCall(2, tagged("vip")))
	tl.reopen()
	tl.count(someCall(1, tagged("vip", "sale", "late")))
	require.EqualValues(t, 2, tag("vip"))
	require.EqualValues(t, 1, tag("sale"))
	require.EqualValues(t, 1, tag("late"), "a tag given later counts when it is first seen")
	old := ended(start().Add(-time.Hour))
	tl.count(someCall(3, old, tagged("vip")))
	tl.count(someCall(3, old, tagged("vip")))
	require.EqualValues(t, 2, tag("vip"), "baseline")
	require.EqualValues(t, 2, exposed(tl.Ledger)[salesCalls])
}

func TestSeriesLimitFoldsTheGroupFirstThenTheCountry(t *testing.T) {
	m := testMetrics()
	m.Limits.AgentGroup, m.Limits.Series = 1000, 100
	tl := newTestLedger(t, withModel(m))
	tl.establish()
	key := uint64(0)
	overflow := map[string]int{}
	put := func(g, c string) {
		key++
		for label, n := range tl.commit(Batch{Items: []Item{{Call: someCall(key, group(g), country(c))}}}).Overflow {
			overflow[label] += n
		}
	}
	for i := range 90 {
		put(fmt.Sprint("g", i), "CN")
	}
	require.Empty(t, overflow)
	put("g90", "CN")
	values := exposed(tl.Ledger)
	require.Contains(t, values, "itnio_calls_total{main,other,CN,incoming,answered,incoming_hung_up,customer}")
	require.Equal(t, map[string]int{"agent_group": 1}, overflow)
	for i := range 50 {
		put("g91", fmt.Sprint("C", i))
	}
	require.Positive(t, overflow["country"])
	put("g5", "CN")
	values = exposed(tl.Ledger)
	require.EqualValues(t, 2, values["itnio_calls_total{main,g5,CN,incoming,answered,incoming_hung_up,customer}"], "series that exist go on")
	total := 0.0
	all, _ := tl.Exposition()
	for _, f := range all {
		require.LessOrEqual(t, len(f.Metrics), 100, f.Name)
		if f.Name == "itnio_calls_total" {
			for _, s := range f.Metrics {
				total += s.Value
			}
		}
	}
	require.EqualValues(t, key, total)
}

func TestChangedFamiliesStartAnew(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now))
	tl.establish()
	tl.count(someCall(1), someCall(2))
	created := func(family string) time.Time {
		all, _ := tl.Exposition()
		for _, f := range all {
			if f.Name == family {
				return f.Metrics[0].Created
			}
		}
		t.Fatal("no ", family)
		return time.Time{}
	}
	born := created("itnio_calls_total")
	c.advance(time.Hour)

	m := testMetrics()
	m.Labels = map[string][]string{"itnio_calls_total": {"call_type"}}
	m.RingBuckets = []float64{5, 20}
	for i, change := range []func(){
		func() { require.NoError(t, tl.SetModel(families.New(m))) }, // a reload
		func() { tl.o.Model = families.New(m); tl.reopen() },        // a restart: nothing changes any more
	} {
		change()
		require.Equal(t, i == 0, strings.Contains(tl.log.String(), "start again at 0"), "said once")
		if i == 0 {
			require.Contains(t, tl.log.String(), "family=itnio_calls_total")
			require.Contains(t, tl.log.String(), "family=itnio_call_ring_duration_seconds")
			require.NotContains(t, tl.log.String(), "family=itnio_call_duration_seconds")
		}
		require.Equal(t, []Result{Duplicate, Duplicate, Counted}, tl.count(someCall(1), someCall(2), someCall(uint64(10+i))), "ids stay")
		values := exposed(tl.Ledger)
		require.EqualValues(t, 1+i, values["itnio_calls_total{main,incoming}"])
		require.EqualValues(t, 1+i, values["itnio_call_ring_duration_seconds{main,sales,CN,incoming,true}_bucket_20"])
		require.EqualValues(t, 3+i, values["itnio_call_duration_seconds{main,sales,CN,incoming}_count"], "others go on")
		require.Equal(t, c.now().UTC(), created("itnio_calls_total"), "the restart")
		require.Equal(t, born, created("itnio_call_duration_seconds"))
		_, ok := values["itnio_call_ring_duration_seconds{main,sales,CN,incoming,true}_bucket_3"]
		require.False(t, ok)
	}

	// Names in place of hashes are other values of the same label.
	m.Agents = config.AgentsName
	require.NoError(t, tl.SetModel(families.New(m)))
	tl.count(someCall(20))
	require.EqualValues(t, 1, exposed(tl.Ledger)["itnio_agent_calls_total{main,sales,ann,incoming,answered,customer}"])
	m.Agents = config.AgentsHash
	require.NoError(t, tl.SetModel(families.New(m)))
	require.NotContains(t, exposed(tl.Ledger), "itnio_agent_calls_total{main,sales,ann,incoming,answered,customer}")
	m.Agents = config.AgentsOff
	tl.log.Reset()
	require.NoError(t, tl.SetModel(families.New(m)))
	require.Contains(t, tl.log.String(), "switched off")
	tl.reopen()
	require.NotContains(t, tl.log.String(), "level=warn")
}

func TestReloadKeepsZeroFirst(t *testing.T) {
	tl, c := pastFirstFill(t, time.Minute)
	tl.count(someCall(1))
	require.Zero(t, tl.scrape(true))
	require.NoError(t, tl.SetModel(families.New(testMetrics())))
	require.Zero(t, exposed(tl.Ledger)[salesCalls])
	c.advance(time.Minute)
	require.EqualValues(t, 1, tl.release(), "the fetch before the reload counts")
}

func TestExemplarsLeadToTheNewestCallOfEachBucket(t *testing.T) {
	tl := newTestLedger(t, withModel(withEverything()))
	tl.establish()
	at := func(key uint64, talk int64, second int) call.Call {
		return someCall(key, func(c *call.Call) { c.Talk, c.End = talk, start().Add(time.Duration(second)*time.Second) })
	}
	tl.count(at(1, 42, 10), at(2, 5, 20), at(3, 41, 5), at(4, 4000, 1), at(5, 50, 11))
	tl.count(at(6, 5, 400)) // more than five minutes ahead
	all, _ := tl.Exposition()
	got := map[float64]string{}
	for _, f := range all {
		if f.Name == "itnio_call_duration_seconds" {
			last := -1.0
			for _, e := range f.Metrics[0].Hist.Exemplars {
				got[e.Value] = e.LabelValue
				require.Greater(t, e.Value, last)
				last = e.Value
			}
		}
	}
	require.Equal(t, map[float64]string{5: at(2, 0, 0).SessionID, 50: at(5, 0, 0).SessionID, 4000: at(4, 0, 0).SessionID}, got)
}
