package account

import "time"

// claim is a server's time that answers state and that is not believed yet. The zero value is none.
type claim struct {
	zero     time.Time     // the server's time at steady 0, if the claim is true
	repeated bool          // by the last answer
	seen     time.Duration // steady time of the last answer that did
	lasted   time.Duration // for how long all answers have repeated it
	votes    int           // new records that fit the claim, less those that fit the believed time
	text     string        // for log and status
}

func (c *claim) made() bool { return !c.zero.IsZero() }

// longestSilence is how much of the time between two answers counts. After a failure for minutes the first answer may bring the
// calls that speak against the claim, so it must not confirm it.
const longestSilence = confirmation / 2

// confirmed records an answer that repeats the claim, and reports whether the claim is to be believed now.
func (c *claim) confirmed(at time.Duration) bool {
	silence := at - c.seen
	c.seen = at
	if !c.repeated {
		c.repeated, c.lasted, c.votes = true, 0, 0
		return false
	}
	c.lasted += min(silence, longestSilence)
	if c.lasted < confirmation {
		return false
	}
	if c.votes < 0 { // calls end by the other clock; later ones may not
		c.lasted, c.votes = 0, 0
		return false
	}
	return true
}

// contradicted records an answer that agrees with the believed time, and reports whether the claim is to be dropped.
func (c *claim) contradicted(at time.Duration) bool {
	c.repeated = false
	return c.made() && at-c.seen > 2*confirmation
}
