package e2e

import (
	"fmt"
	"strconv"
	"time"

	"itnio_exporter/simulator"
)

// view says which of the simulated calls are counted, and which metrics and labels show them.
type view struct {
	epoch  time.Time // calls that ended earlier are baseline
	read   time.Time // baseline calls that started earlier may never have been read
	agents bool
	tags   bool
	media  bool

	noGroupID bool // records have no voiceGroupId
	byAccount bool // accounts have the simulator's names; else the only one is "main"
}

// The tables of docs/metrics.md, written by hand so that a mistake in the exporter's tables shows.
var (
	talkBounds = []int64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600}
	ringBounds = []int64{2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300}

	typeNames   = []string{"unknown", "group_call", "incoming", "outgoing"}
	partyNames  = []string{"unknown", "customer", "agent", "none"}
	reasonNames = []string{
		"outgoing_not_answered", "outgoing_hung_up", "transfer_ringing_hung_up", "transfer_success_hung_up", "call_failed",
		"no_service", "out_of_service_area", "busy", "incoming_not_answered", "incoming_hung_up", "unknown",
	}
	outcomeNames = []string{
		"no_answer", "answered", "abandoned", "answered", "failed", "no_service", "unreachable", "busy", "no_answer", "answered", "unknown",
	}
)

// countryNames are the calling codes and names of the countries that the simulator calls.
var countryNames = map[string][2]string{
	"CN": {"86", "China"}, "US": {"1", "United States"}, "CA": {"1", "Canada"}, "DO": {"1", "Dominican Republic"},
	"IN": {"91", "India"}, "ID": {"62", "Indonesia"}, "GB": {"44", "United Kingdom"}, "JE": {"44", "Jersey"},
	"GG": {"44", "Guernsey"}, "BR": {"55", "Brazil"}, "MX": {"52", "Mexico"}, "VN": {"84", "Vietnam"},
	"PH": {"63", "Philippines"}, "TH": {"66", "Thailand"}, "MY": {"60", "Malaysia"}, "RU": {"7", "Russia"},
	"KZ": {"7", "Kazakhstan"}, "SG": {"65", "Singapore"}, "DE": {"49", "Germany"}, "FR": {"33", "France"},
	"JP": {"81", "Japan"}, "NG": {"234", "Nigeria"}, "AE": {"971", "United Arab Emirates"}, "ZA": {"27", "South Africa"},
	"TR": {"90", "Türkiye"}, "AU": {"61", "Australia"}, "IT": {"39", "Italy"}, "ES": {"34", "Spain"},
	"001": {"870", "International networks"}, "CU": {"53", "Cuba"}, "SO": {"252", "Somalia"}, "LV": {"371", "Latvia"},
	"SL": {"232", "Sierra Leone"}, "MA": {"212", "Morocco"}, "EG": {"20", "Egypt"}, "KE": {"254", "Kenya"},
	"PK": {"92", "Pakistan"}, "BD": {"880", "Bangladesh"}, "CO": {"57", "Colombia"},
}

// viewFrom is the view of an exporter with the given initial_history whose first good answer came at first.
func viewFrom(first time.Time, history time.Duration) view {
	return view{epoch: first.Add(-history), read: first.Add(-115 * time.Minute)} // lookback less some minutes to spare
}

// truth is what the exporter has to show of the calls whose records are visible and complete by now. may is what it shows
// besides if it has read baseline calls from before the lookback.
func (v view) truth(s *simulator.Simulator) (want, may samples) {
	now := time.Now()
	want, may = samples{}, samples{}
	for c := range s.Calls() {
		if c.VisibleAt.After(now) || c.CompletedAt.After(now) || c.Hidden || c.Incomplete {
			continue
		}
		if v.baseline(&c) && c.Start.Before(v.read) {
			v.add(may, &c)
		} else {
			v.add(want, &c)
		}
	}
	return want, may
}

func (v view) baseline(c *simulator.Call) bool { return c.Ended().Before(v.epoch) }

// counted is the number of calls that have to be counted by now.
func (v view) counted(s *simulator.Simulator) float64 {
	want, _ := v.truth(s)
	return want.sum("itnio_calls_total")
}

// labels are the label values of a call.
type labels struct{ account, group, groupID, country, typ, reason, outcome, party string }

func (v view) labels(c *simulator.Call) labels {
	l := labels{
		account: "main", group: c.Group, country: c.Country, typ: typeNames[c.Type], reason: reasonNames[c.Reason],
		outcome: outcomeNames[c.Reason], party: partyNames[c.Party],
	}
	if v.byAccount {
		l.account = c.Account
	}
	if c.VoiceGroupID != 0 && !v.noGroupID {
		l.groupID = strconv.FormatInt(c.VoiceGroupID, 10)
	}
	l.group = or(l.group, or(l.groupID, "none"))
	return l
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// add adds a call to what has to be shown. A baseline call adds 0.
func (v view) add(want samples, c *simulator.Call) {
	n := 1.0
	if v.baseline(c) {
		n = 0
	}
	l := v.labels(c)
	want.plus("itnio_calls_total", n, "account", l.account, "agent_group", l.group, "country", l.country,
		"call_type", l.typ, "outcome", l.outcome, "hangup_reason", l.reason, "hangup_party", l.party)
	answered := l.outcome == "answered"
	if answered {
		want.observe("itnio_call_duration_seconds", n, c.Talk, talkBounds,
			"account", l.account, "agent_group", l.group, "country", l.country, "call_type", l.typ)
	}
	want.observe("itnio_call_ring_duration_seconds", n, c.KnownRing(), ringBounds,
		"account", l.account, "agent_group", l.group, "country", l.country, "call_type", l.typ, "answered", strconv.FormatBool(answered))
	code := "unknown"
	if c.SIPCode != 0 {
		code = fmt.Sprintf("%03d", c.SIPCode)
	}
	want.plus("itnio_call_sip_responses_total", n, "account", l.account, "country", l.country, "call_type", l.typ, "code", code)
	addInfo(want, l, c.Ended())
	v.addOptIn(want, l, n, c)
}

// addInfo adds the gauges.
func addInfo(want samples, l labels, ended time.Time) {
	last := key("itnio_last_call_timestamp_seconds", "account", l.account, "agent_group", l.group)
	want[last] = max(want[last], float64(ended.Unix()))
	country := countryNames[l.country] // both empty if the country is unknown
	want[key("itnio_country_info", "country", l.country, "calling_code", country[0], "name", country[1])] = 1
	if l.groupID != "" {
		want[key("itnio_agent_group_info", "account", l.account, "agent_group", l.group, "voice_group_id", l.groupID)] = 1
	}
	want[key("itnio_account_info", "account", l.account, "brand", "ITNIO")] = 1
}

// addOptIn adds the families that a configuration has to ask for.
func (v view) addOptIn(want samples, l labels, n float64, c *simulator.Call) {
	if v.agents {
		who := []string{"account", l.account, "agent_group", l.group, "agent", or(c.Agent, "none"), "call_type", l.typ}
		want.plus("itnio_agent_calls_total", n, append(who, "outcome", l.outcome, "hangup_party", l.party)...)
		if l.outcome == "answered" {
			want.plus("itnio_agent_talk_seconds_total", n*float64(c.Talk), who...)
		}
		want.plus("itnio_agent_ring_seconds_total", n*float64(c.KnownRing()), who...)
	}
	if v.tags && n > 0 {
		for _, tag := range c.Tags {
			want.plus("itnio_call_tags_total", 1, "account", l.account, "agent_group", l.group, "tag", tag)
		}
	}
	if v.media {
		want.plus("itnio_call_media_detected_total", n, "account", l.account, "agent_group", l.group, "media", or(c.Media, "none"))
	}
}
