package families

import (
	"iter"
	"slices"
	"strconv"

	"itnio_exporter/collector/call"
	"itnio_exporter/config"
	"itnio_exporter/enum"
)

// Label values that are reserved.
const (
	Other   = call.Other   // all values above a limit
	None    = call.None    // the record has no such value
	Unknown = call.Unknown // the record's value is missing or not a documented one
)

// The labels.
const (
	LabelAccount      = "account"
	LabelAgent        = "agent"
	LabelAgentGroup   = "agent_group"
	LabelAnswered     = "answered"
	LabelBrand        = "brand"
	LabelCallType     = "call_type"
	LabelCallingCode  = "calling_code"
	LabelCode         = "code"
	LabelCountry      = "country"
	LabelHangupParty  = "hangup_party"
	LabelHangupReason = "hangup_reason"
	LabelMedia        = "media"
	LabelName         = "name"
	LabelOutcome      = "outcome"
	LabelTag          = "tag"
	LabelVoiceGroupID = "voice_group_id"
)

// label is one row of the table of labels.
type label struct {
	name  string
	value func(*subject) string
	// limit is how many values of the label are admitted; further ones become Other. nil: no limit, because the label has few values.
	limit func(*config.Limits) int
	// turn is the step in which the label becomes Other in a family that is full.
	turn turn
}

// turn is the step of FoldStep in which a label becomes Other.
type turn uint8

const (
	turnFirst  turn = iota
	turnSecond      // if the first step was not enough
	turnLast
	turnNever
	turns = turnNever
)

var labelTable = []label{
	{name: LabelAccount, turn: turnNever, value: func(s *subject) string { return s.account }},
	{name: LabelAgentGroup, turn: turnFirst, value: func(s *subject) string { return s.call.Group },
		limit: func(l *config.Limits) int { return l.AgentGroup }},
	{name: LabelCountry, turn: turnSecond, value: func(s *subject) string { return s.call.Country }},
	{name: LabelCallType, turn: turnLast, value: func(s *subject) string { return s.call.Type.String() }},
	{name: LabelOutcome, turn: turnLast, value: func(s *subject) string { return s.call.Outcome.String() }},
	{name: LabelHangupReason, turn: turnLast, value: func(s *subject) string { return s.call.Reason.String() }},
	{name: LabelHangupParty, turn: turnLast, value: func(s *subject) string { return s.call.Party.String() }},
	{name: LabelAnswered, turn: turnLast, value: func(s *subject) string { return strconv.FormatBool(s.call.Answered()) }},
	{name: LabelCode, turn: turnLast, value: func(s *subject) string { return s.call.SIPCode }},
	{name: LabelCallingCode, turn: turnLast, value: func(s *subject) string { return s.call.CallingCode }},
	{name: LabelName, turn: turnLast, value: func(s *subject) string { return call.CountryName(s.call.Country) }},
	{name: LabelVoiceGroupID, turn: turnLast, value: func(s *subject) string { return s.call.VoiceGroupID }},
	{name: LabelBrand, turn: turnLast, value: func(s *subject) string { return s.call.Brand }},
	{name: LabelAgent, turn: turnLast, value: func(s *subject) string { return s.call.Agent },
		limit: func(l *config.Limits) int { return l.Agent }},
	{name: LabelTag, turn: turnLast, value: func(s *subject) string { return s.tag },
		limit: func(l *config.Limits) int { return l.Tag }},
	{name: LabelMedia, turn: turnLast, value: func(s *subject) string { return s.call.Media },
		limit: func(l *config.Limits) int { return l.Media }},
}

// columnOf is a label's row in the table, -1 if it has none.
func columnOf(name string) int {
	return slices.IndexFunc(labelTable, func(l label) bool { return l.name == name })
}

// limited reports whether a value of the label needs to be admitted.
func (l *label) limited(value string) bool {
	return l.limit != nil && value != "" && !enum.IsReserved(value)
}

// LimitedLabels are the labels with a limit of their own.
func LimitedLabels() []string {
	var names []string
	for i := range labelTable {
		if l := &labelTable[i]; l.limit != nil {
			names = append(names, l.name)
		}
	}
	return names
}

// Limited gives the names and values of a label set that are there because they were admitted.
func (f *Family) Limited(labels []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for j, column := range f.columns {
			if l := &labelTable[column]; l.limited(labels[j]) && !yield(l.name, labels[j]) {
				return
			}
		}
	}
}
