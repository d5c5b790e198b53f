package families

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/enum"
)

func everything() config.Metrics {
	return config.Metrics{
		Agents: config.AgentsName, Tags: true, Media: true, DurationBuckets: []float64{6, 20}, RingBuckets: []float64{5, 20},
		Limits: config.Limits{AgentGroup: 1, Agent: 2, Tag: 3, Media: 4, Series: 5},
	}
}

func names(fs []Family) []string {
	list := make([]string, len(fs))
	for i, f := range fs {
		list[i] = f.Name
	}
	return list
}

// Dashboards, rules and documentation are made from the table, so no entry may be empty.
func TestTable(t *testing.T) {
	require.Equal(t, names(All()), names(New(everything()).Families), "the opt-ins switch on all there is")
	seen := map[string]bool{}
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			require.False(t, seen[f.Name])
			seen[f.Name] = true
			require.Regexp(t, `^itnio_[a-z]+(_[a-z]+)*$`, f.Name)
			require.Regexp(t, `^[A-Z].*\.$`, f.Help)
			require.NotEmpty(t, f.Source)
			require.Contains(t, f.Example, strings.TrimSuffix(f.Name, "_total"))
			require.Equal(t, f.Type == series.Counter, strings.HasSuffix(f.Name, "_total"))
			require.Equal(t, f.Type == series.Histogram, f.Adds == ObserveTalk || f.Adds == ObserveRing)
			require.Equal(t, f.Type == series.Gauge, f.Adds == LatestEnd || f.Adds == Presence)
			sorted := slices.Clone(f.Labels)
			slices.Sort(sorted)
			require.Equal(t, len(sorted), len(slices.Compact(sorted)), "each label once")
			for _, l := range regexp.MustCompile(`[{,]([a-z_]+)=`).FindAllStringSubmatch(f.Example, -1) {
				require.True(t, l[1] == "le" || slices.Contains(f.Labels, l[1]), "label %s of the example", l[1])
			}
			require.Equal(t, f.Labels, Labels()[f.Name])
		})
	}
}

func TestOptIns(t *testing.T) {
	var optIn []string
	for _, f := range All() {
		if f.OptIn != "" {
			optIn = append(optIn, f.Name)
		}
	}
	has := func(adjust func(*config.Metrics)) (list []string) {
		var m config.Metrics
		m.Agents = config.AgentsOff
		adjust(&m)
		for _, f := range New(m).Families {
			if f.OptIn != "" {
				list = append(list, f.Name)
			}
		}
		return list
	}
	require.Empty(t, has(func(*config.Metrics) {}))
	agents := []string{"itnio_agent_calls_total", "itnio_agent_talk_seconds_total", "itnio_agent_ring_seconds_total"}
	require.Equal(t, agents, has(func(m *config.Metrics) { m.Agents = config.AgentsName }))
	require.Equal(t, agents, has(func(m *config.Metrics) { m.Agents = config.AgentsHash }))
	require.Equal(t, []string{"itnio_call_tags_total"}, has(func(m *config.Metrics) { m.Tags = true }))
	require.Equal(t, []string{"itnio_call_media_detected_total"}, has(func(m *config.Metrics) { m.Media = true }))
	require.Len(t, optIn, 5)
}

func TestKeptLabels(t *testing.T) {
	m := everything()
	m.Labels = map[string][]string{
		"itnio_calls_total":           {"outcome", "call_type"},
		"itnio_call_duration_seconds": {},
		"itnio_country_info":          {LabelCountry},
	}
	before := Labels()
	for _, f := range New(m).Families {
		switch f.Name {
		case "itnio_calls_total":
			require.Equal(t, []string{LabelAccount, "call_type", "outcome"}, f.Labels, "in the table's order, the account always")
		case "itnio_call_duration_seconds":
			require.Equal(t, []string{LabelAccount}, f.Labels)
			require.Equal(t, m.DurationBuckets, f.Bounds)
		case "itnio_country_info":
			require.Equal(t, []string{LabelCountry}, f.Labels)
		case "itnio_call_ring_duration_seconds":
			require.Equal(t, m.RingBuckets, f.Bounds)
		default:
			require.Equal(t, before[f.Name], f.Labels)
			require.Empty(t, f.Bounds)
		}
	}
	require.Equal(t, before, Labels(), "the table itself stays")
}

// Hashed agents and named agents make different families: after a change the family starts again.
func TestMeaning(t *testing.T) {
	meaning := func(mode config.AgentMode) string {
		m := everything()
		m.Agents = mode
		for _, f := range New(m).Families {
			if f.Name == "itnio_agent_calls_total" {
				return f.Meaning
			}
		}
		return ""
	}
	require.NotEqual(t, meaning(config.AgentsName), meaning(config.AgentsHash))
}

func TestWhichCalls(t *testing.T) {
	only := map[string]func(*call.Call) bool{}
	for _, f := range All() {
		only[f.Name] = f.OnlyIf
	}
	answered, missed := call.Call{Outcome: enum.Answered, Agent: "ann"}, call.Call{Outcome: enum.NoAnswer, Agent: "ann"}
	for _, name := range []string{"itnio_call_duration_seconds", "itnio_agent_talk_seconds_total"} {
		require.True(t, only[name](&answered))
		require.False(t, only[name](&missed))
	}
	require.False(t, only["itnio_agent_calls_total"](&call.Call{}), "agents are off")
	require.False(t, only["itnio_agent_group_info"](&call.Call{}))
	require.False(t, only["itnio_account_info"](&call.Call{}))
	for _, name := range []string{"itnio_calls_total", "itnio_call_ring_duration_seconds", "itnio_call_sip_responses_total", "itnio_last_call_timestamp_seconds"} {
		require.Nil(t, only[name], "%s has every call", name)
	}
}

// How agents become label values tells modes and hash keys apart, and says nothing of the key.
func TestMeaningOfAgents(t *testing.T) {
	meaning := func(mode config.AgentMode, key string) string {
		for _, f := range New(config.Metrics{Agents: mode, AgentHashKey: config.Secret(key)}).Families {
			if f.Name == "itnio_agent_calls_total" {
				return f.Meaning
			}
		}
		return ""
	}
	require.Equal(t, "name", meaning(config.AgentsName, ""))
	one, other := meaning(config.AgentsHash, "one key"), meaning(config.AgentsHash, "other key")
	require.NotEqual(t, one, other)
	require.Equal(t, one, meaning(config.AgentsHash, "one key"))
	require.Regexp(t, "^hash:[0-9a-f]{16}$", one)
}

func TestIDOfInfoFamilies(t *testing.T) {
	model := New(config.Metrics{Labels: map[string][]string{"itnio_account_info": {"brand"}}})
	for _, tt := range []struct {
		family string
		labels []string
		want   []string
	}{
		{"itnio_agent_group_info", []string{"main", "sales", "7"}, []string{"main", "7"}},
		{"itnio_agent_group_info", []string{"main", "7", "7"}, nil}, // no name but its id
		{"itnio_account_info", []string{"main", "ITNIO"}, []string{"main"}},
		{"itnio_country_info", []string{"CN", "86", "China"}, nil},
		{"itnio_last_call_timestamp_seconds", []string{"main", "sales"}, nil},
	} {
		i := slices.IndexFunc(model.Families, func(f Family) bool { return f.Name == tt.family })
		require.Equal(t, tt.want, model.Families[i].IDOf(tt.labels), tt.labels)
	}
	model = New(config.Metrics{Labels: map[string][]string{"itnio_agent_group_info": {"agent_group"}}})
	i := slices.IndexFunc(model.Families, func(f Family) bool { return f.Name == "itnio_agent_group_info" })
	require.Nil(t, model.Families[i].IDOf([]string{"main", "sales"}), "the id is not a label")
}

func TestLimitedLabels(t *testing.T) {
	model := New(config.Metrics{})
	for _, f := range model.Families {
		if f.Name == "itnio_calls_total" {
			require.Equal(t, map[string]string{"agent_group": "sales"}, maps.Collect(f.Limited([]string{"main", "sales", "CN", "incoming", "answered", "incoming_hung_up", "customer"})))
			require.Empty(t, maps.Collect(f.Limited([]string{"main", Other, "CN", "incoming", "answered", "incoming_hung_up", "customer"})))
		}
	}
}
