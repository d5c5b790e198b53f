package account

import "time"

// claim is a server's time that answers tell and that is not believed yet. The zero value is none.
type claim struct {
	zero     time.Time     // the server's time at steady 0, if the claim is true
	repeated bool          // by the last answer
	seen     time.Duration // steady time of the last answer that did
	since    time.Duration // steady time from which all answers have repeated it
	votes    int           // new records that fit the claim, less those that fit the believed time
	text     string        // for log and status
}

func (c *claim) made() bool { return !c.zero.IsZero() }

// confirmed takes an answer that repeats the claim, and reports whether it is to be believed now.
func (c *claim) confirmed(at time.Duration) bool {
	c.seen = at
	switch {
	case !c.repeated:
		c.repeated, c.since, c.votes = true, at, 0
	case at-c.since < confirmation:
	case c.votes < 0: // calls end by the other clock; later ones may not
		c.since, c.votes = at, 0
	default:
		return true
	}
	return false
}

// contradicted takes an answer that agrees with the believed time, and reports whether the claim is to be dropped.
func (c *claim) contradicted(at time.Duration) bool {
	c.repeated = false
	return c.made() && at-c.seen > 2*confirmation
}
