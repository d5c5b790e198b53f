package families

import (
	"fmt"
	"slices"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
)

// always lists the families that need no configuration.
func always() []Family {
	return []Family{
		{
			Name: Calls, Type: series.Counter, Adds: AddsOne,
			Help:    "Finished calls, each counted once.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, LabelCallType, LabelOutcome, LabelHangupReason, LabelHangupParty},
			Source:  "`callType`, `hangupReason`, `hangingDirection`, `sipGroupName` or `voiceGroupId`, `ccode` or `region`",
			Example: `sum by (agent_group) (increase(itnio_calls_total{call_type="incoming",outcome="no_answer"}[1h]))`,
		},
		{
			Name: "itnio_call_duration_seconds", Type: series.Histogram, Adds: ObserveTalk, OnlyIf: (*call.Call).Answered,
			Help:    "Talk time of answered calls, in seconds, from answer to hang-up.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, LabelCallType},
			Source:  "`callDuration`, else `calledHangupTime` − `calledAnswerTime`",
			Example: `sum by (country) (rate(itnio_call_duration_seconds_sum[1h])) / sum by (country) (rate(itnio_call_duration_seconds_count[1h]))`,
		},
		{
			Name: "itnio_call_ring_duration_seconds", Type: series.Histogram, Adds: ObserveRing,
			Help:    "Time from the start of the call to its answer or its end unanswered, in seconds; it contains the post-dial delay.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelCountry, LabelCallType, LabelAnswered},
			Source:  "`ringDuration`, else `calledAnswerTime` − `callStartTime`",
			Example: `histogram_quantile(0.95, sum by (agent_group, le) (rate(itnio_call_ring_duration_seconds_bucket{call_type="incoming",answered="true"}[15m])))`,
		},
		{
			Name: "itnio_call_sip_responses_total", Type: series.Counter, Adds: AddsOne,
			Help:    "Finished calls by the SIP response code they ended with.",
			Labels:  []string{LabelAccount, LabelCountry, LabelCallType, LabelCode},
			Source:  "`errorReason` (the code in its brackets), else `hangupCode` where it is one",
			Example: `sum by (code) (increase(itnio_call_sip_responses_total{code=~"5.."}[15m]))`,
		},
		{
			Name: "itnio_last_call_timestamp_seconds", Type: series.Gauge, Adds: LatestEnd,
			Help: fmt.Sprintf("Unix time of the latest end of a call; times more than %.0f minutes ahead of the server are ignored.",
				call.MaxAhead.Minutes()),
			Labels:  []string{LabelAccount, LabelAgentGroup},
			Source:  "`calledHangupTime`, else `createTime`, else `callStartTime`",
			Example: `time() - itnio_last_call_timestamp_seconds`,
		},
		{
			Name: "itnio_country_info", Type: series.Gauge, Adds: Presence,
			Help:    "Countries that calls were made to or came from, with their calling code and name.",
			Labels:  []string{LabelCountry, LabelCallingCode, LabelName},
			Source:  "`ccode`, the number where countries share a code, else `region`",
			Example: `sum by (country) (rate(itnio_calls_total[1h])) * on (country) group_left (name) topk by (country) (1, itnio_country_info)`,
		},
		{
			Name: "itnio_agent_group_info", Type: series.Gauge, Adds: Presence,
			Help:    "Agent groups that calls belong to, with the API's id.",
			Labels:  []string{LabelAccount, LabelAgentGroup, LabelVoiceGroupID},
			ID:      []string{LabelAccount, LabelVoiceGroupID},
			About:   LabelAgentGroup,
			OnlyIf:  func(c *call.Call) bool { return c.VoiceGroupID != "" },
			Source:  "`sipGroupName`, `voiceGroupId`",
			Example: `itnio_agent_group_info`,
		},
		{
			Name: "itnio_account_info", Type: series.Gauge, Adds: Presence,
			Help:    "Accounts with the vendor's brand they belong to.",
			Labels:  []string{LabelAccount, LabelBrand},
			ID:      []string{LabelAccount},
			OnlyIf:  func(c *call.Call) bool { return c.Brand != "" },
			Source:  "`brandName`",
			Example: `itnio_account_info`,
		},
	}
}

func agents() []Family {
	const optIn = "`metrics.agents: name` or `hash`"
	labels := []string{LabelAccount, LabelAgentGroup, LabelAgent, LabelCallType}
	named := func(c *call.Call) bool { return c.Agent != "" }
	return []Family{
		{
			Name: "itnio_agent_calls_total", Type: series.Counter, Adds: AddsOne, OptIn: optIn, OnlyIf: named,
			Help:    "Finished calls by agent.",
			Labels:  append(slices.Clone(labels), LabelOutcome, LabelHangupParty),
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
