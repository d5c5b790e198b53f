package simulator

import "time"

// ScenarioKind is a case that an alert is for.
type ScenarioKind string

// Scenarios. Empty Account, Group and Country mean every one, unless said otherwise.
const (
	CarrierFailure ScenarioKind = "carrier_failure" // Share (0.9) of the outgoing calls to Country fail with SIP 503
	FraudNight     ScenarioKind = "fraud_night"     // Rate (6) outgoing calls a minute to Country (CU), long ones, by the first group
	DeadGroup      ScenarioKind = "dead_group"      // Group (the first) makes and takes no calls
	MissedIncoming ScenarioKind = "missed_incoming" // Share (0.9) of the incoming calls are not answered
	SlowAnswer     ScenarioKind = "slow_answer"     // incoming calls ring 40 seconds longer
	ShortCalls     ScenarioKind = "short_calls"     // Share (0.5) of the answered outgoing calls end within 6 seconds
	Wangiri        ScenarioKind = "wangiri"         // Rate (10) incoming calls a minute from Country (SL) that ring once
	Abandoned      ScenarioKind = "abandoned"       // Share (0.2) of the group calls are hung up while ringing at the agent
	AuthRefused    ScenarioKind = "auth_refused"    // every query is answered with -1
	Down           ScenarioKind = "down"            // every connection is reset
)

// Scenario is something that happens from one time to another, to calls that start or queries that come then.
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

func (sc *Scenario) share(other float64) float64 {
	if sc.Share > 0 {
		return sc.Share
	}
	return other
}

func (sc *Scenario) country(other string) string {
	if sc.Country != "" {
		return sc.Country
	}
	return other
}

// rate is the extra calls a minute.
func (sc *Scenario) rate() float64 {
	if sc.Rate > 0 {
		return sc.Rate
	}
	switch sc.Kind {
	case FraudNight:
		return 6
	case Wangiri:
		return 10
	}
	return 0
}

// concerns reports whether the scenario is on for an account at a time.
func (sc *Scenario) concerns(account string, unix int64) bool {
	return (sc.Account == "" || sc.Account == account) && sc.at(unix)
}
