package simulator

import (
	"cmp"
	"math/rand/v2"
	"time"

	"itnio_exporter/enum"
)

// ScenarioKind is a kind of traffic that an alert is for.
type ScenarioKind string

// Kinds of scenarios, with the defaults of their settings in brackets. An empty Account, Group or Country means every one, unless it has a default.
const (
	CarrierFailure ScenarioKind = "carrier_failure" // Share (0.9) of the outgoing calls to Country fail with SIP 503
	FraudNight     ScenarioKind = "fraud_night"     // Rate (6) outgoing calls a minute to Country (CU), long ones, by the first group
	DeadGroup      ScenarioKind = "dead_group"      // Group (the first) makes and takes no calls
	MissedIncoming ScenarioKind = "missed_incoming" // Share (0.9) of the incoming calls are not answered
	SlowAnswer     ScenarioKind = "slow_answer"     // incoming calls ring 40 seconds longer
	ShortCalls     ScenarioKind = "short_calls"     // Share (0.5) of the answered outgoing calls end within 6 seconds
	Wangiri        ScenarioKind = "wangiri"         // Rate (10) incoming calls a minute from Country (SL) that ring once
	Abandoned      ScenarioKind = "abandoned"       // Share (0.2) of the group calls are hung up while ringing at the agent
)

// Defaults of the kinds.
var (
	scenarioTypes = map[ScenarioKind]enum.CallType{ // the calls that are changed
		CarrierFailure: enum.Outgoing,
		MissedIncoming: enum.Incoming,
		SlowAnswer:     enum.Incoming,
		ShortCalls:     enum.Outgoing,
		Abandoned:      enum.GroupCall,
	}
	scenarioShares = map[ScenarioKind]float64{CarrierFailure: 0.9, MissedIncoming: 0.9, ShortCalls: 0.5, Abandoned: 0.2}
	scenarioRates  = map[ScenarioKind]float64{FraudNight: 6, Wangiri: 10}
)

// Scenario changes or adds the calls that start between two times.
type Scenario struct {
	Kind     ScenarioKind `json:"kind"`
	From, To time.Time    // From is included, To is not; a zero To is no end
	Account  string       `json:"account"`
	Group    string       `json:"group"`
	Country  string       `json:"country"`
	Share    float64      `json:"share"` // of the calls concerned; 0: the kind's own
	Rate     float64      `json:"rate"`  // extra calls a minute; 0: the kind's own
}

func (sc *Scenario) at(unix int64) bool {
	return unix >= sc.From.Unix() && (sc.To.IsZero() || unix < sc.To.Unix())
}

func (sc *Scenario) country(other string) string { return cmp.Or(sc.Country, other) }

// rate is the extra calls a minute.
func (sc *Scenario) rate() float64 {
	if own, ok := scenarioRates[sc.Kind]; ok {
		return cmp.Or(sc.Rate, own)
	}
	return sc.Rate
}

// concerns reports whether the scenario applies to an account at a time.
func (sc *Scenario) concerns(account string, unix int64) bool {
	return (sc.Account == "" || sc.Account == account) && sc.at(unix)
}

// bend applies the scenarios that change calls. It returns false if the call does not take place.
func (d *drawer) bend(rng *rand.Rand, account string, r *row, scenarios []Scenario) bool {
	for i := range scenarios {
		sc := &scenarios[i]
		if sc.rate() == 0 && sc.concerns(account, r.start) && d.within(sc, r) && !d.change(rng, sc, r) {
			return false
		}
	}
	return true
}

// within reports whether a call belongs to the scenario's group and country.
func (d *drawer) within(sc *Scenario, r *row) bool {
	group := sc.Group
	if sc.Kind == DeadGroup && group == "" {
		group = d.o.Groups[0].Name
	}
	return (group == "" || d.texts.all[r.group] == group) && (sc.Country == "" || d.o.Countries[r.country].Code == sc.Country)
}

// change applies one scenario to a call. It returns false if the call does not take place.
func (d *drawer) change(rng *rand.Rand, sc *Scenario, r *row) bool {
	switch {
	case sc.Kind == DeadGroup:
		return false
	case r.typ != scenarioTypes[sc.Kind], sc.Kind == ShortCalls && r.reason.Outcome() != enum.Answered:
		return true
	}
	if share, ok := scenarioShares[sc.Kind]; ok && rng.Float64() >= cmp.Or(sc.Share, share) {
		return true
	}
	switch sc.Kind {
	case CarrierFailure:
		d.end(rng, r, enum.CallFailed)
		r.sip = 503
	case MissedIncoming:
		d.end(rng, r, enum.IncomingNotAnswered)
	case SlowAnswer:
		r.ring += 40
	case ShortCalls:
		r.talk = 1 + rng.Int32N(6)
	case Abandoned:
		d.end(rng, r, enum.TransferRingingHungUp)
	}
	return true
}

// end gives a call another reason, with the times that go with it.
func (d *drawer) end(rng *rand.Rand, r *row, reason enum.Reason) {
	r.reason = reason
	d.ringAndTalk(rng, r)
}

// extra draws an additional call of a scenario.
func (d *drawer) extra(rng *rand.Rand, sc *Scenario, start int64) row {
	r := d.call(rng, start)
	if sc.Kind == Wangiri {
		d.number(rng, &r, int(d.byCode[sc.country("SL")]))
		r.typ, r.reason = enum.Incoming, enum.IncomingNotAnswered
		d.ringAndTalk(rng, &r)
		r.ring = 1 + rng.Int32N(3)
		return r
	}
	g := 0
	for i := range d.o.Groups {
		if d.o.Groups[i].Name == sc.Group {
			g = i
		}
	}
	d.place(rng, &r, g)
	d.number(rng, &r, int(d.byCode[sc.country("CU")]))
	r.typ, r.reason = enum.Outgoing, enum.OutgoingHungUp
	d.ringAndTalk(rng, &r)
	r.talk = 300 + rng.Int32N(1200)
	return r
}
