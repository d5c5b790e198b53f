// Package families is the metric model as one table: name, help, labels, which calls, what they add.
// The ledger folds calls by it, the documentation and the tests are made from it.
package families

import (
	"slices"
	"strconv"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
)

// Label values that stand for something else than themselves.
const (
	Other   = call.Other   // what the limits folded away
	None    = call.None    // the record names nothing
	Unknown = call.Unknown // the record names nothing that is known
)

// Labels that need a name in code: those that limits fold.
const (
	LabelAccount    = "account"
	LabelAgentGroup = "agent_group"
	LabelCountry    = "country"
	LabelAgent      = "agent"
	LabelTag        = "tag"
	LabelMedia      = "media"
)

// Adds says what one call adds to a family.
type Adds uint8

// What a call adds.
const (
	AddsOne     Adds = iota // one to a counter
	AddsTalk                // talk seconds to a counter
	AddsRing                // ring seconds to a counter
	ObserveTalk             // one observation of the talk time, in seconds
	ObserveRing             // one observation of the ring time, in seconds
	LatestEnd               // the latest end of a call, Unix seconds
	Presence                // the fact that the label set exists: 1
	EachTag                 // one to a counter for each tag
)

// Family is one row of the model.
type Family struct {
	Name    string
	Help    string
	Type    series.Type
	Labels  []string // in the order of the exposition
	Adds    Adds
	OnlyIf  func(*call.Call) bool // nil: every counted call
	Bounds  []float64             // histograms
	OptIn   string                // configuration that switches it on; "" for always
	Meaning string                // how values of its labels are made, where configuration can change that
	Source  string                // fields of the API's record, for the documentation
	Example string                // PromQL, for the documentation
}

func always() []Family {
	return []Family{
		{
			Name: "itnio_calls_total", Type: series.Counter, Adds: AddsOne,
			Help:    "Finished calls, each counted once.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, "call_type", "outcome", "hangup_reason", "hangup_party"},
			Source:  "`callType`, `hangupReason`, `hangingDirection`, `sipGroupName` or `voiceGroupId`, `ccode` or `region`",
			Example: `sum by (agent_group) (increase(itnio_calls_total{call_type="incoming",outcome="no_answer"}[1h]))`,
		},
		{
			Name: "itnio_call_duration_seconds", Type: series.Histogram, Adds: ObserveTalk, OnlyIf: (*call.Call).Answered,
			Help:    "Talk time of answered calls, in seconds, from answer to hang-up.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, "call_type"},
			Source:  "`callDuration`, else `calledHangupTime` − `calledAnswerTime`",
			Example: `sum by (country) (rate(itnio_call_duration_seconds_sum[1h])) / sum by (country) (rate(itnio_call_duration_seconds_count[1h]))`,
		},
		{
			Name: "itnio_call_ring_duration_seconds", Type: series.Histogram, Adds: ObserveRing,
			Help:    "Time from the start of the call to its answer or its end unanswered, in seconds; it contains the post-dial delay.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, "call_type", "answered"},
			Source:  "`ringDuration`, else `calledAnswerTime` − `callStartTime`",
			Example: `histogram_quantile(0.95, sum by (agent_group, le) (rate(itnio_call_ring_duration_seconds_bucket{call_type="incoming",answered="true"}[15m])))`,
		},
		{
			Name: "itnio_call_sip_responses_total", Type: series.Counter, Adds: AddsOne,
			Help:    "Finished calls by the SIP response code they ended with.",
			Labels:  []string{LabelAccount, LabelCountry, "call_type", "code"},
			Source:  "`errorReason` (the code in its brackets), else `hangupCode` where it is one",
			Example: `sum by (code) (increase(itnio_call_sip_responses_total{code=~"5.."}[15m]))`,
		},
		{
			Name: "itnio_last_call_timestamp_seconds", Type: series.Gauge, Adds: LatestEnd,
			Help:    "Unix time of the latest end of a call; times more than 5 minutes ahead of the server are ignored.",
			Labels:  []string{LabelAccount, LabelAgentGroup},
			Source:  "`calledHangupTime`, else `createTime`, else `callStartTime`",
			Example: `time() - itnio_last_call_timestamp_seconds`,
		},
		{
			Name: "itnio_country_info", Type: series.Gauge, Adds: Presence,
			Help:    "Countries that calls were made to or came from, with their calling code and name.",
			Labels:  []string{LabelCountry, "calling_code", "name"},
			Source:  "`ccode`, the number where countries share a code, else `region`",
			Example: `sum by (country) (rate(itnio_calls_total[1h])) * on (country) group_left (name) topk by (country) (1, itnio_country_info)`,
		},
		{
			Name: "itnio_agent_group_info", Type: series.Gauge, Adds: Presence,
			Help:    "Agent groups that calls belong to, with the API's id.",
			Labels:  []string{LabelAccount, LabelAgentGroup, "voice_group_id"},
			OnlyIf:  func(c *call.Call) bool { return c.VoiceGroupID != "" },
			Source:  "`sipGroupName`, `voiceGroupId`",
			Example: `itnio_agent_group_info`,
		},
		{
			Name: "itnio_account_info", Type: series.Gauge, Adds: Presence,
			Help:    "Accounts with the vendor's brand they belong to.",
			Labels:  []string{LabelAccount, "brand"},
			OnlyIf:  func(c *call.Call) bool { return c.Brand != "" },
			Source:  "`brandName`",
			Example: `itnio_account_info`,
		},
	}
}

func agents() []Family {
	const optIn = "`metrics.agents: name` or `hash`"
	labels := []string{LabelAccount, LabelAgentGroup, LabelAgent, "call_type"}
	named := func(c *call.Call) bool { return c.Agent != "" }
	return []Family{
		{
			Name: "itnio_agent_calls_total", Type: series.Counter, Adds: AddsOne, OptIn: optIn, OnlyIf: named,
			Help:    "Finished calls by agent.",
			Labels:  append(slices.Clone(labels), "outcome", "hangup_party"),
			Source:  "`seatName`",
			Example: `topk(10, sum by (agent) (increase(itnio_agent_calls_total{outcome="answered"}[8h])))`,
		},
		{
			Name: "itnio_agent_talk_seconds_total", Type: series.Counter, Adds: AddsTalk, OptIn: optIn,
			OnlyIf:  func(c *call.Call) bool { return named(c) && c.Answered() },
			Help:    "Talk time of answered calls by agent, in seconds.",
			Labels:  labels,
			Source:  "`seatName`, `callDuration`",
			Example: `sum by (agent) (increase(itnio_agent_talk_seconds_total[8h])) / 3600`,
		},
		{
			Name: "itnio_agent_ring_seconds_total", Type: series.Counter, Adds: AddsRing, OptIn: optIn, OnlyIf: named,
			Help:    "Ring time of calls by agent, in seconds.",
			Labels:  labels,
			Source:  "`seatName`, `ringDuration`",
			Example: `sum by (agent) (rate(itnio_agent_ring_seconds_total[1h])) / sum by (agent) (rate(itnio_agent_calls_total[1h]))`,
		},
	}
}

func tags() []Family {
	return []Family{{
		Name: "itnio_call_tags_total", Type: series.Counter, Adds: EachTag, OptIn: "`metrics.tags: true`",
		Help:    "Tags on calls, each tag of a call once, when it is first seen.",
		Labels:  []string{LabelAccount, LabelAgentGroup, LabelTag},
		Source:  "`labelNameList`, else `labelName`",
		Example: `sum by (tag) (increase(itnio_call_tags_total[1d]))`,
	}}
}

func media() []Family {
	return []Family{{
		Name: "itnio_call_media_detected_total", Type: series.Counter, Adds: AddsOne, OptIn: "`metrics.media: true`",
		Help:    "Finished calls by what the media detection found.",
		Labels:  []string{LabelAccount, LabelAgentGroup, LabelMedia},
		Source:  "`mediaDetected`",
		Example: `sum by (media) (increase(itnio_call_media_detected_total[1h]))`,
	}}
}

// All lists every family the exporter can have, opt-ins included, with all their labels and no bounds.
func All() []Family { return slices.Concat(always(), agents(), tags(), media()) }

// Labels maps every family's name to its labels, for the check of a configuration.
func Labels() map[string][]string {
	m := map[string][]string{}
	for _, f := range All() {
		m[f.Name] = f.Labels
	}
	return m
}

// Model is the table as a configuration wants it.
type Model struct {
	Families []Family
	Limits   config.Limits
	Tags     bool // tags are counted

	exemplars bool
}

// New makes the model of a configuration: opt-ins, kept labels, bounds. The account label is always kept:
// an account's series stand on their own.
func New(m config.Metrics) *Model {
	rows := always()
	if m.Agents == config.AgentsName || m.Agents == config.AgentsHash {
		rows = append(rows, agents()...)
	}
	if m.Tags {
		rows = append(rows, tags()...)
	}
	if m.Media {
		rows = append(rows, media()...)
	}
	for i := range rows {
		f := &rows[i]
		switch f.Adds {
		case ObserveTalk:
			f.Bounds = slices.Clone(m.DurationBuckets)
		case ObserveRing:
			f.Bounds = slices.Clone(m.RingBuckets)
		}
		if slices.Contains(f.Labels, LabelAgent) {
			f.Meaning = string(m.Agents)
		}
		if keep, ok := m.Labels[f.Name]; ok {
			f.Labels = slices.DeleteFunc(slices.Clone(f.Labels), func(l string) bool {
				return l != LabelAccount && !slices.Contains(keep, l)
			})
		}
	}
	return &Model{Families: rows, Limits: m.Limits, Tags: m.Tags, exemplars: m.Exemplars}
}

// Exemplars reports whether histograms carry the session id of a call in each bucket.
func (m *Model) Exemplars() bool { return m.exemplars }

// Limit is how many values a label may have; 0: not limited (its values are few by nature).
func (m *Model) Limit(label string) int {
	switch label {
	case LabelAgentGroup:
		return m.Limits.AgentGroup
	case LabelAgent:
		return m.Limits.Agent
	case LabelTag:
		return m.Limits.Tag
	case LabelMedia:
		return m.Limits.Media
	}
	return 0
}

// Value is the value of a call's label. Tags have one value for each tag, and are the caller's matter.
func Value(label, account string, c *call.Call) string {
	switch label {
	case LabelAccount:
		return account
	case LabelAgentGroup:
		return c.Group
	case LabelCountry:
		return c.Country
	case LabelAgent:
		return c.Agent
	case LabelMedia:
		return c.Media
	case "call_type":
		return c.Type.String()
	case "outcome":
		return c.Outcome.String()
	case "hangup_reason":
		return c.Reason.String()
	case "hangup_party":
		return c.Party.String()
	case "answered":
		return strconv.FormatBool(c.Answered())
	case "code":
		return c.SIPCode
	case "calling_code":
		return c.CallingCode
	case "name":
		return call.CountryName(c.Country)
	case "voice_group_id":
		return c.VoiceGroupID
	case "brand":
		return c.Brand
	}
	return ""
}
