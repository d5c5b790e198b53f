package account

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/zone"
)

const (
	agreement      = 15 * time.Minute // clocks that differ by no more agree
	confirmation   = 5 * time.Minute  // how long answers must repeat a time to be believed without another witness
	maturity       = 24 * time.Hour   // until ids expire by a time that only the answers confirm
	maxDrift       = 2 * time.Minute  // by how much server and local clock may drift apart between two answers
	recentAnswers  = 16               // the believed time stays within what so many answers say
	undatedAnswers = 3                // after so many answers without a Date, and none with one, the local clock serves
	claimLogPause  = 10 * time.Minute // between two log lines about claims
)

// errUnconfirmed says that nothing is read because the server's time is not known for sure.
var errUnconfirmed = errors.New("the server's clock is not confirmed yet")

// clock decides what time it is at the server. Nothing else in this package reads the Date of an answer.
//
// The believed time runs on by a steady clock. A Date that agrees with it corrects it; one that does not is a claim. At the
// start, when no time is believed yet, a claim is believed as soon as the local clock, its difference from the server's before the
// restart or the newest records agree with it. Else
// a claim is believed when all answers have repeated it for some minutes, unless new records speak against it.
type clock struct {
	wall    func() time.Time     // local; someone may set it at any time
	steady  func() time.Duration // since a fixed moment; setting the local clock does not disturb it
	metrics Metrics
	health  *health
	logger  log.Logger

	zero   time.Time     // the believed server's time at steady 0; the zero value: no time is believed yet
	recent []time.Time   // the same by each of the last answers that agree
	mature time.Duration // steady time from which ids may expire

	claim   claim
	logged  time.Duration // when a claim was last logged; 0: never
	undated int           // answers without a Date before the first with one

	heard   bool          // a good answer has come
	heardAt time.Duration // when the first one came
	heardAs time.Time     // the server's time then, by its own Date

	skew     time.Duration // believed time less the local one, at the last answer
	skewSeen bool
	before   time.Duration // the last skew by a time that was trusted, also of the process before; 0: none
}

// now is the server's time; by the local clock until a time is believed.
func (c *clock) now() time.Time {
	if !c.known() {
		return c.wall().Round(0).UTC()
	}
	return c.zero.Add(c.steady())
}

func (c *clock) unix() int64 { return c.now().Unix() }

// known reports whether a time is believed.
func (c *clock) known() bool { return !c.zero.IsZero() }

// firstAnswer is the server's time when the first good answer came. A time must be believed.
func (c *clock) firstAnswer() time.Time {
	first := c.zero.Add(c.heardAt)
	if later := c.heardAs.Sub(first); later > 0 && later <= 2*time.Second {
		return c.heardAs // a Date is cut to the second, so the believed time may have been a little behind
	}
	return first
}

// trusted reports whether the believed time may make ids expire.
func (c *clock) trusted() bool { return c.known() && c.steady() >= c.mature }

// answered records a good answer: its Date, or the zero time without one, and how long ago the first good answer to the same
// query came.
func (c *clock) answered(told time.Time, ago time.Duration) {
	at := c.steady()
	if !c.heard {
		c.heard, c.heardAt = true, at-ago
		if !told.IsZero() {
			c.heardAs = told.Add(-ago)
		}
	}
	if told.IsZero() {
		c.withoutDate(at)
	} else {
		c.take(told, at)
	}
	c.compare()
}

// refused records the Date of an answer that refuses a window as being in the future. The believed time may be ahead of it.
func (c *clock) refused(told time.Time) {
	at := c.steady()
	if zero := told.Add(-at); c.known() && agree(zero, c.zero) {
		c.recent = nil
	}
	c.take(told, at)
	c.compare()
}

func (c *clock) take(told time.Time, at time.Duration) {
	zero := told.Add(-at)
	switch {
	case !c.known() && (agree(told, c.wall()) || agree(told, c.wall().Add(c.before))):
		c.believe(zero, at)
	case c.known() && agree(zero, c.zero):
		c.correct(zero, at)
	default:
		c.claimed(zero, at)
	}
}

func agree(a, b time.Time) bool { return a.Sub(b).Abs() <= agreement }

// withoutDate records an answer without a Date. For a server that never sends one, the local clock is used.
func (c *clock) withoutDate(at time.Duration) {
	if c.known() || c.claim.made() {
		return
	}
	if c.undated++; c.undated >= undatedAnswers {
		c.believe(c.wall().Round(0).UTC().Add(-at), at)
	}
}

// believe makes a time the believed one. Ids may expire by it from mature on.
func (c *clock) believe(zero time.Time, mature time.Duration) {
	c.zero, c.recent, c.mature, c.claim = zero, []time.Time{zero}, mature, claim{}
	c.health.clock("")
}

// correct moves the believed time as little as is needed to lie within what the last answers say. It does not waver between
// two servers behind one address whose clocks differ, and it follows a clock that drifts.
func (c *clock) correct(zero time.Time, at time.Duration) {
	if c.claim.contradicted(at) {
		c.claim = claim{}
		c.health.clock("")
	}
	c.recent = append(c.recent, zero)
	c.recent = c.recent[max(0, len(c.recent)-recentAnswers):]
	least, most := slices.MinFunc(c.recent, time.Time.Compare), slices.MaxFunc(c.recent, time.Time.Compare)
	switch {
	case c.zero.Before(least):
		c.zero = least
	case c.zero.After(most):
		c.zero = most
	}
}

// claimed records an answer whose Date does not agree with the believed time. Until a time is believed it logs nothing: the
// reading fails, and its error is logged.
func (c *clock) claimed(zero time.Time, at time.Duration) {
	if !c.claim.made() || !agree(zero, c.claim.zero) {
		c.claim = claim{zero: zero, text: c.explain(zero, at)}
		c.metrics.anomaly(call.AnomalyClockUnconfirmed, 1)
		if c.known() && (c.logged == 0 || at-c.logged >= claimLogPause) {
			c.logged = at
			level.Warn(c.logger).Log("msg", "an answer's Date is far from what is known of the server's clock", "err", c.claim.text)
		}
	}
	if c.known() {
		c.health.clock(c.claim.text)
	}
	if c.claim.confirmed(at) {
		c.believe(zero, at+maturity)
	}
}

// explain says what is waited for.
func (c *clock) explain(zero time.Time, at time.Duration) string {
	other, name := c.wall(), "the local clock"
	if c.known() {
		other, name = c.now(), "the server's clock so far"
	}
	return fmt.Sprintf("an answer is dated %s, %s says %s: the new time is believed once all answers have repeated it for %s",
		zero.Add(at).UTC().Format(time.DateTime), name, other.UTC().Format(time.DateTime), confirmation)
}

// unconfirmed is the error of a reading that needs the server's time.
func (c *clock) unconfirmed() error { return fmt.Errorf("%w: %s", errUnconfirmed, c.claim.text) }

// candidates are the times, as zero, between which the newest records are to decide: the claim and the local clock. The earlier
// comes first: if no record ends after it, nothing is lost by believing it.
func (c *clock) candidates() []time.Time {
	return slices.SortedFunc(slices.Values([]time.Time{c.claim.zero, c.wall().Round(0).UTC().Add(-c.steady())}), time.Time.Compare)
}

// recordsAgree records that the newest records end at about the time of a candidate.
func (c *clock) recordsAgree(zero time.Time) { c.believe(zero, c.steady()) }

// sawEnd records the end of a call whose record is new. It votes for the time, believed or claimed, by which the record's lag is
// plausible; if both are, for the one with the smaller lag. One that is not live, from a time of failures, may have ended at any time
// before, and speaks for no claim.
func (c *clock) sawEnd(end time.Time, live bool) {
	if !c.claim.made() || !c.known() {
		return
	}
	believed, claimed := c.now().Sub(end), c.claim.zero.Add(c.steady()).Sub(end)
	switch fits, fitsClaim := zone.Plausible(believed), zone.Plausible(claimed); {
	case fits && (!fitsClaim || believed < claimed):
		c.claim.votes--
	case fitsClaim && live:
		c.claim.votes++
	}
}

// compare compares the believed time with the local clock.
func (c *clock) compare() {
	if !c.known() {
		return
	}
	skew := c.now().Sub(c.wall().Round(0))
	c.metrics.Skew.WithLabelValues().Set(skew.Seconds())
	if c.skewSeen && (skew-c.skew).Abs() > maxDrift {
		c.metrics.anomaly(call.AnomalyClockJump, 1)
		level.Warn(c.logger).Log("msg", "the server's clock or the local one was set", "skew_before", c.skew.Round(time.Second), "skew", skew.Round(time.Second))
	}
	c.skew, c.skewSeen = skew, true
	if c.trusted() {
		c.before = skew
	}
}
