// Package enum holds the API's enumerations, each value's code and its label name, in one place.
//
// Codes are those of the vendor's page for the call record query; names are the exporter's label values.
package enum

// CallType is the record's callType.
type CallType uint8

// Call types. TypeUnknown stands for a missing or undocumented code.
const (
	TypeUnknown CallType = iota
	GroupCall
	Incoming
	Outgoing
)

// Reason is the record's hangupReason.
type Reason uint8

// Hang-up reasons, in the order of their codes 0 to 9. ReasonUnknown stands for an undocumented code.
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

// Hang-up parties. PartyUnknown stands for a missing or undocumented code.
const (
	PartyUnknown Party = iota
	Customer
	Agent
	NoParty
)

// Outcome sorts the hang-up reasons into what became of the call.
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

// names, indexed by value. The arrays are constants in all but the language's word for it.
func callTypes() [4]string { return [4]string{"unknown", "group_call", "incoming", "outgoing"} }

func reasons() [11]string {
	return [11]string{
		"outgoing_not_answered", "outgoing_hung_up", "transfer_ringing_hung_up", "transfer_success_hung_up",
		"call_failed", "no_service", "out_of_service_area", "busy", "incoming_not_answered", "incoming_hung_up", "unknown",
	}
}

func parties() [4]string { return [4]string{"unknown", "customer", "agent", "none"} }

func outcomes() [8]string {
	return [8]string{"unknown", "answered", "no_answer", "abandoned", "failed", "no_service", "unreachable", "busy"}
}

func (t CallType) String() string { return callTypes()[t] }
func (r Reason) String() string   { return reasons()[r] }
func (p Party) String() string    { return parties()[p] }
func (o Outcome) String() string  { return outcomes()[o] }

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
	switch code {
	case 0:
		return Customer, true
	case 1:
		return Agent, true
	case 3:
		return NoParty, true
	}
	return PartyUnknown, false
}

// Code is the API's number of a known party.
func (p Party) Code() int64 {
	switch p {
	case Agent:
		return 1
	case NoParty:
		return 3
	}
	return 0
}

// Outcome is what became of a call that ended for reason r.
func (r Reason) Outcome() Outcome {
	switch r {
	case OutgoingHungUp, TransferSuccessHungUp, IncomingHungUp:
		return Answered
	case OutgoingNotAnswered, IncomingNotAnswered:
		return NoAnswer
	case TransferRingingHungUp:
		return Abandoned
	case CallFailed:
		return Failed
	case NoService:
		return OutcomeNoService
	case OutOfServiceArea:
		return Unreachable
	case Busy:
		return OutcomeBusy
	}
	return OutcomeUnknown
}

// ParseCallType finds a known call type by its label name.
func ParseCallType(name string) (CallType, bool) {
	for i, n := range callTypes() {
		if n == name && i > 0 {
			return CallType(i), true
		}
	}
	return TypeUnknown, false
}

// ParseReason finds a known hang-up reason by its label name.
func ParseReason(name string) (Reason, bool) {
	for i, n := range reasons() {
		if n == name && Reason(i) != ReasonUnknown {
			return Reason(i), true
		}
	}
	return ReasonUnknown, false
}

// ParseParty finds a known hang-up party by its label name.
func ParseParty(name string) (Party, bool) {
	for i, n := range parties() {
		if n == name && i > 0 {
			return Party(i), true
		}
	}
	return PartyUnknown, false
}

// CallTypeNames are the names of call types that can be configured in a filter.
func CallTypeNames() []string { n := callTypes(); return n[1:] }

// ReasonNames are the names of the documented reasons, in the order of their codes.
func ReasonNames() []string { n := reasons(); return n[:len(n)-1] }

// PartyNames are the names of the documented parties.
func PartyNames() []string { n := parties(); return n[1:] }
