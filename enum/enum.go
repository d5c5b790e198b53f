// Package enum defines the API's enumerations: of each value the API's code and the label name.
//
// Codes are those of the vendor's page for the call record query; names are the exporter's label values.
package enum

import "slices"

// CallType is the record's callType.
type CallType uint8

// Call types. TypeUnknown is a missing or undocumented code.
const (
	TypeUnknown CallType = iota
	GroupCall
	Incoming
	Outgoing
)

// Reason is the record's hangupReason.
type Reason uint8

// Hang-up reasons, in the order of their codes 0 to 9. ReasonUnknown is an undocumented code.
const (
	OutgoingNotAnswered Reason = iota
	OutgoingHungUp
	TransferRingingHungUp
	TransferSuccessHungUp
	CallFailed
	NoService
	OutOfServiceArea
	Busy
	IncomingNotAnswered
	IncomingHungUp
	ReasonUnknown
)

// Party is the record's hangingDirection: who hung up.
type Party uint8

// Hang-up parties. PartyUnknown is a missing or undocumented code.
const (
	PartyUnknown Party = iota
	Customer
	Agent
	NoParty
)

// Outcome is the result of a call. Each hang-up reason has one.
type Outcome uint8

// Outcomes, see Reason.Outcome.
const (
	OutcomeUnknown Outcome = iota
	Answered
	NoAnswer
	Abandoned
	Failed
	OutcomeNoService
	Unreachable
	OutcomeBusy
)

// The label names of each enumeration, indexed by its values.
var (
	callTypeNames = [...]string{"unknown", "group_call", "incoming", "outgoing"}
	reasonNames   = [...]string{
		"outgoing_not_answered", "outgoing_hung_up", "transfer_ringing_hung_up", "transfer_success_hung_up",
		"call_failed", "no_service", "out_of_service_area", "busy", "incoming_not_answered", "incoming_hung_up", "unknown",
	}
	partyNames   = [...]string{"unknown", "customer", "agent", "none"}
	outcomeNames = [...]string{"unknown", "answered", "no_answer", "abandoned", "failed", "no_service", "unreachable", "busy"}
)

// partyCodes are the API's codes of the parties, indexed by Party; an unknown party has none.
var partyCodes = [...]int64{PartyUnknown: -1, Customer: 0, Agent: 1, NoParty: 3}

// outcomes has the outcome of each reason, indexed by Reason.
var outcomes = [...]Outcome{
	OutgoingNotAnswered:   NoAnswer,
	OutgoingHungUp:        Answered,
	TransferRingingHungUp: Abandoned,
	TransferSuccessHungUp: Answered,
	CallFailed:            Failed,
	NoService:             OutcomeNoService,
	OutOfServiceArea:      Unreachable,
	Busy:                  OutcomeBusy,
	IncomingNotAnswered:   NoAnswer,
	IncomingHungUp:        Answered,
	ReasonUnknown:         OutcomeUnknown,
}

func (t CallType) String() string { return callTypeNames[t] }
func (r Reason) String() string   { return reasonNames[r] }
func (p Party) String() string    { return partyNames[p] }
func (o Outcome) String() string  { return outcomeNames[o] }

// CallTypeOf gives the call type of an API code; false if the code is not documented.
func CallTypeOf(code int64) (CallType, bool) {
	if code < 1 || code > 3 {
		return TypeUnknown, false
	}
	return CallType(code), true
}

// Code is the API's number of a known call type.
func (t CallType) Code() int64 { return int64(t) }

// ReasonOf gives the hang-up reason of an API code; false if the code is not documented.
func ReasonOf(code int64) (Reason, bool) {
	if code < 0 || code > 9 {
		return ReasonUnknown, false
	}
	return Reason(code), true
}

// Code is the API's number of a known reason.
func (r Reason) Code() int64 { return int64(r) }

// PartyOf gives the party of an API code; false if the code is not documented (2 is not used).
func PartyOf(code int64) (Party, bool) {
	i := slices.Index(partyCodes[1:], code)
	return Party(i + 1), i >= 0
}

// Code is the API's number of a known party.
func (p Party) Code() int64 { return partyCodes[p] }

// Outcome is the result of a call that ended for reason r.
func (r Reason) Outcome() Outcome { return outcomes[r] }

// ParseCallType finds a known call type by its label name.
func ParseCallType(name string) (CallType, bool) {
	i := slices.Index(callTypeNames[1:], name)
	return CallType(i + 1), i >= 0
}

// ParseReason finds a known hang-up reason by its label name.
func ParseReason(name string) (Reason, bool) {
	if i := slices.Index(reasonNames[:ReasonUnknown], name); i >= 0 {
		return Reason(i), true
	}
	return ReasonUnknown, false
}

// ParseParty finds a known hang-up party by its label name.
func ParseParty(name string) (Party, bool) {
	i := slices.Index(partyNames[1:], name)
	return Party(i + 1), i >= 0
}

// CallTypeNames are the names of the documented call types, in the order of their codes.
func CallTypeNames() []string { return slices.Clone(callTypeNames[1:]) }

// ReasonNames are the names of the documented reasons, in the order of their codes.
func ReasonNames() []string { return slices.Clone(reasonNames[:ReasonUnknown]) }

// OutcomeNames are the names of all outcomes, indexed by Outcome.
func OutcomeNames() []string { return slices.Clone(outcomeNames[:]) }

// PartyNames are the names of the documented parties, in the order of their codes.
func PartyNames() []string { return slices.Clone(partyNames[1:]) }
