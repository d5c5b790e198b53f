package account

import "time"

// State is what an account is doing, in one word or two.
type State string

// The states, from what needs somebody to what does not.
const (
	StateHeld       State = "held"        // counting waits until utc_offset is right or the server's clock is confirmed
	StateFailing    State = "failing"     // the last reading failed
	StateStarting   State = "starting"    // nothing has been read since the start
	StateFirstFill  State = "first fill"  // its series are shown when all that the first fill reads is counted
	StateCatchingUp State = "catching up" // the past that was missed is being read
	StateAudit      State = "audit"       // in step, and the horizon is being compared
	StateInStep     State = "in step"     // all that the API shows is counted
)

// States lists every state, from what needs somebody to what does not.
func States() []State {
	return []State{StateHeld, StateFailing, StateStarting, StateFirstFill, StateCatchingUp, StateAudit, StateInStep}
}

// Summary is all that the status page shows of an account.
type Summary struct {
	Status
	Recent      Recent
	RateLimit   float64   // requests a second at most
	Epoch       time.Time // calls that ended before it do not count; zero: not known yet
	InitialDone bool      // the first fill is over
	Concealed   bool      // its series are not shown until it has caught up: the ledger is a backup, or may be one
}

// State is what the account is doing.
func (s *Summary) State() State {
	switch down := s.Up != nil && !*s.Up; {
	case down && (s.Trouble == TroubleOffset || s.Trouble == TroubleClock):
		return StateHeld
	case down:
		return StateFailing
	case s.Epoch.IsZero(), s.Up == nil && s.InitialDone:
		return StateStarting
	case !s.InitialDone:
		return StateFirstFill
	case s.CatchUp > 0:
		return StateCatchingUp
	case s.Auditing:
		return StateAudit
	}
	return StateInStep
}

// Summary is what is known of the account now. It waits for no reading and for no disk.
func (p *Poller) Summary() Summary {
	s := Summary{
		Status: p.Status(), Recent: p.health.metrics.History.Recent(), RateLimit: p.rateLimit,
		InitialDone: p.account.InitialDone(), Concealed: p.account.Concealed(),
	}
	if epoch, known := p.account.Epoch(); known {
		s.Epoch = epoch
	}
	return s
}
