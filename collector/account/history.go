package account

import (
	"maps"
	"sync"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/enum"
)

const hoursKept = 24 // of calls

// latenessBounds are the upper bounds of classes of lateness, in seconds. What is later belongs to the last one.
var latenessBounds = [...]int{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800}

// History is what happened to one account lately, for the status page. It is kept in memory only, for as long as the account is in
// the configuration, and its size does not grow. It is safe for concurrent use.
type History struct {
	steady func() time.Duration
	since  time.Time

	mu        sync.Mutex
	server    time.Time     // server's time when records were last read, at first the local time
	serverAt  time.Duration // steady time then
	minute    *rolling      // requests, by second
	day       *rolling      // requests, by ten minutes
	lastHour  *rolling      // calls by outcome, by minute of their end
	hours     *rolling      // calls by outcome, by hour of their end
	lateness  *rolling      // live records by class of lateness, by five minutes
	anomalies map[call.Anomaly]int
}

// NewHistory makes a history that begins now, by the local clock. steady is the time since a fixed moment.
func NewHistory(now time.Time, steady func() time.Duration) *History {
	outcomes := len(enum.OutcomeNames())
	return &History{
		steady: steady, since: now, server: now, serverAt: steady(),
		minute: newRolling(time.Second, 60, 1), day: newRolling(10*time.Minute, 24*6, 1),
		lastHour: newRolling(time.Minute, 60, outcomes), hours: newRolling(time.Hour, hoursKept, outcomes),
		lateness:  newRolling(5*time.Minute, 12, len(latenessBounds)),
		anomalies: map[call.Anomaly]int{},
	}
}

// Requested counts a request to the API.
func (h *History) Requested() {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := seconds(h.steady())
	h.minute.add(at, at, 0, 1)
	h.day.add(at, at, 0, 1)
}

// read counts the calls of a page that the ledger has counted, by the server's time of their end.
func (h *History) read(items []ledger.Item, results []ledger.Result, server time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server, h.serverAt = server, h.steady()
	now := server.Unix()
	for i, result := range results {
		c := &items[i].Call
		if result != ledger.Counted || c.End.Sub(server) > call.MaxAhead {
			continue
		}
		end := min(c.End.Unix(), now) // the server's clock is known to a second or so
		h.lastHour.add(end, now, int(c.Outcome), 1)
		h.hours.add(end, now, int(c.Outcome), 1)
	}
}

// late counts a live record by the time from its call's end to its reading.
func (h *History) late(lag time.Duration) {
	class := 0
	for class < len(latenessBounds)-1 && lag > time.Duration(latenessBounds[class])*time.Second {
		class++
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := seconds(h.steady())
	h.lateness.add(at, at, class, 1)
}

func (h *History) anomaly(kind call.Anomaly, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.anomalies[kind] += n
}

// Recent is what a History has of the recent past.
type Recent struct {
	Since          time.Time // when it began, local time: calls and requests before are not in it
	RequestsMinute int       // of the last minute
	RequestsDay    int       // of the last 24 hours
	LastHour       Outcomes  // calls that ended in the last hour
	Hours          []Hour    // the last 24 hours, the oldest first; the last one is not over
	Lateness       Lateness
	Anomalies      map[call.Anomaly]int
}

// Outcomes are numbers of calls by the name of their outcome; those without calls are left out.
type Outcomes map[string]int

// Hour is an hour, by the server's clock, with the calls that ended in it.
type Hour struct {
	Start time.Time // UTC
	Calls Outcomes
}

// Lateness is how long after the end of their calls the live records of the last hour were first read.
type Lateness struct {
	Records  int
	P50, P99 time.Duration // not later than; 0: no records
}

// Recent gives what is known now.
func (h *History) Recent() Recent {
	h.mu.Lock()
	defer h.mu.Unlock()
	steady := seconds(h.steady())
	now := h.server.Add(h.steady() - h.serverAt).Unix()
	r := Recent{
		Since: h.since, RequestsMinute: h.minute.total(steady)[0], RequestsDay: h.day.total(steady)[0],
		LastHour: outcomesOf(h.lastHour.total(now)), Lateness: latenessOf(h.lateness.total(steady)), Anomalies: maps.Clone(h.anomalies),
	}
	for back := int64(hoursKept - 1); back >= 0; back-- {
		at := now - back*h.hours.width
		r.Hours = append(r.Hours, Hour{time.Unix(at, 0).UTC().Truncate(time.Hour), outcomesOf(h.hours.slot(at))})
	}
	return r
}

func outcomesOf(counts []int) Outcomes {
	o := Outcomes{}
	for outcome, n := range counts {
		if n > 0 {
			o[enum.Outcome(outcome).String()] = n
		}
	}
	return o
}

func latenessOf(classes []int) (l Lateness) {
	for _, n := range classes {
		l.Records += n
	}
	quantile := func(percent int) time.Duration {
		below := 0
		for class, n := range classes {
			if below += n; below*100 >= l.Records*percent {
				return time.Duration(latenessBounds[class]) * time.Second
			}
		}
		return 0
	}
	if l.Records > 0 {
		l.P50, l.P99 = quantile(50), quantile(99)
	}
	return l
}
