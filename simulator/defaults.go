package simulator

import "time"

// Group is an agent group: its size, its share of the calls and what kinds of calls it has.
type Group struct {
	Name         string
	VoiceGroupID int64
	Agents       int
	Weight       float64
	Outgoing     float64 // weights of the kinds of calls
	Incoming     float64
	Dialler      float64 // group calls to agents
}

// DefaultAccounts is one account, `demo`.
func DefaultAccounts() []Account {
	return []Account{{Name: "demo", Key: "demokey1", Secret: "demosecret1", Scale: 1}}
}

// DefaultGroups are eight groups with sixty agents.
func DefaultGroups() []Group {
	return []Group{
		{"Sales APAC", 11, 10, 20, 8, 1, 3},
		{"Sales Americas", 12, 10, 18, 8, 1, 3},
		{"Sales Europe", 13, 7, 11, 8, 1, 2},
		{"Support", 14, 12, 20, 2, 8, 0},
		{"Support VIP", 15, 4, 5, 3, 7, 0},
		{"Collections", 16, 8, 14, 3, 1, 6},
		{"Verification", 17, 5, 8, 9, 1, 0},
		{"回访组", 18, 4, 4, 9, 1, 0}, // names are not ASCII everywhere
	}
}

// DemoOptions are for a demonstration that starts now: calls all around the clock, so that metrics move every few seconds, and six hours of history.
func DemoOptions(now time.Time) Options {
	return Options{
		Seed:        uint64(now.Unix()),
		Start:       now.Add(-6 * time.Hour),
		CallsPerDay: 40000,
		Rhythm:      0.4,
		LongShare:   0.002,
		LateShare:   0.001,
		Latency:     20 * time.Millisecond,
	}
}
