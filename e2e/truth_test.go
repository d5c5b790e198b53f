package e2e

import (
	"fmt"
	"strconv"
	"time"

	"itnio_exporter/simulator"
)

// view says what is counted of the simulated calls and how it looks.
type view struct {
	epoch  time.Time // calls that ended earlier are baseline
	read   time.Time // baseline calls that started earlier may never have been read
	agents bool
	tags   bool
	media  bool

	noGroupID bool // records have no voiceGroupId
	byAccount bool // accounts have the simulator's names; else the only one is "main"
}

func talkBounds() []int64 {
	return []int64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600}
}

func ringBounds() []int64 { return []int64{2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300} }

// typeNames, reasonNames, outcomeNames and partyNames are the documents' tables.
func typeNames() []string { return []string{"unknown", "group_call", "incoming", "outgoing"} }

func reasonNames() []string {
	return []string{
		"outgoing_not_answered", "outgoing_hung_up", "transfer_ringing_hung_up", "transfer_success_hung_up", "call_failed",
		"no_service", "out_of_service_area", "busy", "incoming_not_answered", "incoming_hung_up", "unknown",
	}
}

func outcomeNames() []string {
	return []string{
		"no_answer", "answered", "abandoned", "answered", "failed", "no_service", "unreachable", "busy", "no_answer", "answered", "unknown",
	}
}

func partyNames() []string { return []string{"unknown", "customer", "agent", "none"} }

// countryNames are the names and calling codes of the countries that the simulator calls.
func countryNames() map[string][2]string {
	return map[string][2]string{
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
}

// viewFrom is the view of an exporter that came when the API first gave a good answer and counts the history before.
func viewFrom(first time.Time, history time.Duration) view {
	return view{epoch: first.Add(-history), read: first.Add(-115 * time.Minute)} // the lookback, and some minutes to spare
}

// truth is what the exporter has to show of the calls whose records are there and complete by now. may is what it shows
// beside that if it has read calls from before the lookback.
func (v view) truth(s *simulator.Simulator) (want, may samples) {
	now := time.Now()
	want, may = samples{}, samples{}
	for c := range s.Calls() {
		if c.VisibleAt.After(now) || c.CompletedAt.After(now) || c.Hidden || c.Incomplete {
			continue
		}
		if c.Ended().Before(v.epoch) && c.Start.Before(v.read) {
			v.add(may, &c)
		} else {
			v.add(want, &c)
		}
	}
	return want, may
}

// add adds a call to what has to be shown; one of before the epoch adds 0.
func (v view) add(want samples, c *simulator.Call) {
	one, ended := 1.0, c.Ended()
	if ended.Before(v.epoch) {
		one = 0
	}
	account := "main"
	if v.byAccount {
		account = c.Account
	}
	group, groupID := c.Group, c.VoiceGroupID
	if v.noGroupID {
		groupID = 0
	}
	switch {
	case group == "" && groupID != 0:
		group = strconv.FormatInt(groupID, 10)
	case group == "":
		group = "none"
	}
	typ, reason, outcome := typeNames()[c.Type], reasonNames()[c.Reason], outcomeNames()[c.Reason]
	party := partyNames()[c.Party]
	answered := outcome == "answered"

	want.plus("itnio_calls_total", one, "account", account, "agent_group", group, "country", c.Country,
		"call_type", typ, "outcome", outcome, "hangup_reason", reason, "hangup_party", party)
	if answered {
		want.observe("itnio_call_duration_seconds", one, c.Talk, talkBounds(),
			"account", account, "agent_group", group, "country", c.Country, "call_type", typ)
	}
	want.observe("itnio_call_ring_duration_seconds", one, c.KnownRing(), ringBounds(),
		"account", account, "agent_group", group, "country", c.Country, "call_type", typ, "answered", strconv.FormatBool(answered))
	code := "unknown"
	if c.SIPCode != 0 {
		code = fmt.Sprintf("%03d", c.SIPCode)
	}
	want.plus("itnio_call_sip_responses_total", one, "account", account, "country", c.Country, "call_type", typ, "code", code)

	last := key("itnio_last_call_timestamp_seconds", "account", account, "agent_group", group)
	want[last] = max(want[last], float64(ended.Unix()))
	if n, ok := countryNames()[c.Country]; ok {
		want[key("itnio_country_info", "country", c.Country, "calling_code", n[0], "name", n[1])] = 1
	} else {
		want[key("itnio_country_info", "country", c.Country, "calling_code", "", "name", "")] = 1
	}
	if groupID != 0 {
		want[key("itnio_agent_group_info", "account", account, "agent_group", group, "voice_group_id", fmt.Sprint(groupID))] = 1
	}
	want[key("itnio_account_info", "account", account, "brand", "ITNIO")] = 1

	if v.agents {
		agent := c.Agent
		if agent == "" {
			agent = "none"
		}
		who := []string{"account", account, "agent_group", group, "agent", agent, "call_type", typ}
		want.plus("itnio_agent_calls_total", one, append(who, "outcome", outcome, "hangup_party", party)...)
		if answered {
			want.plus("itnio_agent_talk_seconds_total", one*float64(c.Talk), who...)
		}
		want.plus("itnio_agent_ring_seconds_total", one*float64(c.KnownRing()), who...)
	}
	if v.tags && one > 0 {
		for _, tag := range c.Tags {
			want.plus("itnio_call_tags_total", 1, "account", account, "agent_group", group, "tag", tag)
		}
	}
	if v.media {
		media := c.Media
		if media == "" {
			media = "none"
		}
		want.plus("itnio_call_media_detected_total", one, "account", account, "agent_group", group, "media", media)
	}
}

// key is a series of pairs of label names and values.
func key(name string, pairs ...string) string {
	labels := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return series(name, labels)
}

func (s samples) plus(name string, v float64, pairs ...string) { s[key(name, pairs...)] += v }

// observe adds an observation, or one that counts nothing, to a histogram.
func (s samples) observe(name string, one float64, v int64, bounds []int64, pairs ...string) {
	s.plus(name+"_count", one, pairs...)
	s.plus(name+"_sum", one*float64(v), pairs...)
	for _, b := range bounds {
		in := 0.0
		if v <= b {
			in = one
		}
		s.plus(name+"_bucket", in, append(pairs[:len(pairs):len(pairs)], "le", strconv.FormatInt(b, 10))...)
	}
	s.plus(name+"_bucket", one, append(pairs[:len(pairs):len(pairs)], "le", "+Inf")...)
}

// counters leaves out the gauges, which may fall or are not about sums.
func (s samples) counters() samples {
	out := samples{}
	for k, v := range s {
		if !isGauge(k) {
			out[k] = v
		}
	}
	return out
}
