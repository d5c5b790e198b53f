package itnio

import (
	"net/http"
	"sync"
	"time"
)

// clock follows the server's clock, as the Date headers of its answers tell it, on top of the local one.
//
// Date is cut to the second and written somewhere between request and answer, so each answer bounds the difference
// of the two clocks from both sides. As long as the estimate lies within the bounds it stays, else it moves to the
// nearer one: it does not jitter with the cut, converges with every answer, and follows steps and drift at once.
type clock struct {
	now func() time.Time // local; its monotonic reading, where there is one, survives steps of the wall clock

	mu      sync.Mutex
	known   bool
	local   time.Time // local time of the latest answer
	server  time.Time // the server's at that moment, estimated; no monotonic reading
	byLocal bool      // requests are signed by the local clock
}

// learn uses the Date of an answer. Its request was sent at sent and its header arrived at received, both local.
func (c *clock) learn(date, sent, received time.Time) {
	if received.Before(sent) {
		sent = received
	}
	trip := received.Sub(sent)
	earliest, latest := date, date.Add(time.Second+trip) // of the server's time at received

	c.mu.Lock()
	defer c.mu.Unlock()
	estimate := date.Add(trip / 2)
	if c.known {
		estimate = c.server.Add(received.Sub(c.local))
	}
	if estimate.Before(earliest) {
		estimate = earliest
	}
	if estimate.After(latest) {
		estimate = latest
	}
	c.known, c.local, c.server = true, received, estimate.UTC()
}

// serverNow estimates the server's time; the local time if no answer ever told it.
func (c *clock) serverNow() (time.Time, bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return now.Round(0).UTC(), false
	}
	return c.server.Add(now.Sub(c.local)), true
}

// sameTime is by how much two clocks may differ and still be the same one to a server that checks timestamps.
const sameTime = time.Minute

// skew is server minus local wall clock; 0 if no answer ever told it.
func (c *clock) skew() (time.Duration, bool) {
	server, known := c.serverNow()
	if !known {
		return 0, false
	}
	return server.Sub(c.now().Round(0)), true
}

// ahead is how far ahead of the local clock the next signature's time is to be: that of the server's clock, or nothing.
func (c *clock) ahead() time.Duration {
	skew, _ := c.skew()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byLocal {
		return 0
	}
	return skew
}

// refused records that a signature so far ahead of the local clock was refused for its time. If that was the server's time by its
// latest answer, Date may be wrong, and the next signature goes by the local clock. Else it goes by the server's.
func (c *clock) refused(ahead time.Duration) {
	skew, known := c.skew()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byLocal = known && (skew-ahead).Abs() <= sameTime
}

// dateOf reads the Date header; the zero time if it is missing or makes no sense.
func dateOf(h http.Header) time.Time {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil || t.Year() < 1990 { // a clock that was never set, at 1970 or 1980, is no time to ask by
		return time.Time{}
	}
	return t.UTC()
}
