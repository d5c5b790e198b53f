// Package reconcile decides what to ask an account for, so that the ledger is in step with the API over a stretch of time.
// It plans and learns from answers; it does no I/O and reads no clock.
//
// What is known of the past is a row of cells: windows that were read whole, each with the ids that were in it. One request
// shows whether any row of adjoining cells is still as it was: its total is the number of distinct ids in them. A row that has
// changed is halved until the changed cell is found, and that is read whole. The newest window, the frontier, has no end and
// is read whole each time.
package reconcile

import (
	"math"
	"slices"
	"time"
)

// Settings of an account's reading, all in seconds.
type Settings struct {
	Lookback      int64 // what each poll goes over
	Horizon       int64 // what each audit goes over
	AuditInterval int64
	History       int64 // what the first fill goes over, beside the lookback
}

// tolerance is by how much the server's clock may go back, in seconds, without being one that was wrong.
const tolerance = 60

// State is what is known of one account. It is for one goroutine.
type State struct {
	set      Settings
	row      row
	swept    int64 // every window before it was read whole after it had left the lookback
	frontier frontier

	paging       Paging
	trust        trust
	refusedLimit bounds // of one question, learned from refusals
	live, audit  rates

	newest    int64    // server's time of the newest pass
	clock     int      // passes of an earlier one are over: the clock was set back
	audits    [2]int64 // when the last two audits that came to their end began, the newest first; 0: none
	lastTry   int64    // when the last one began
	deletedAt int64    // when a deletion was last seen

	refused []Window // since the last answer
	failure failure

	dirty map[int64]struct{} // cells that are to be made durable, by start
	saved int64              // swept as it is durable
}

// New makes the state of an account from the cells and the time that Durable gave before.
func New(set Settings, cells []Cell, swept int64) *State {
	s := &State{
		set: set, swept: swept, saved: swept, paging: Paging{full: pageSize}, trust: trust{top: math.MaxInt},
		frontier: frontier{ahead: day}, dirty: map[int64]struct{}{}, newest: math.MaxInt64,
	}
	s.unlimit()
	for _, stored := range cells {
		c, ok := decode(stored)
		if n := len(s.row.cells); !ok || n > 0 && s.row.cells[n-1].To > c.From {
			continue
		}
		s.row.cells = append(s.row.cells, c)
		s.row.share(len(s.row.cells) - 1)
	}
	return s
}

// unlimit forgets what the server has refused.
func (s *State) unlimit() { s.refusedLimit = bounds{total: math.MaxInt, width: 93 * day} }

// limit of one question.
func (s *State) limit() bounds {
	l := s.refusedLimit
	if s.trust.top < math.MaxInt {
		l.total = min(l.total, max(1, s.trust.top-1-max(0, s.trust.off)))
	}
	return l
}

// pageSize is how many records a full page has.
func (s *State) pageSize() int { return max(1, s.paging.full) }

// widest is how wide a window is at most that becomes one cell.
func (s *State) widest() int64 { return min(day, max(hour, s.set.Horizon/7)) }

// firstLook is how far before the first fill everything is read: calls in progress may have begun there, and what was called
// lately gets its series at 0.
const firstLook = 2 * day

// start is where reading the account begins at all. Of what lies before, nothing counts; it is enough to know how many records
// there are: if that changes, something late has come.
func (s *State) start(now, floor int64) {
	if s.swept != 0 {
		return
	}
	// A lookback more than the history: where windows go by the start, that is where its first calls are found.
	at := now - s.set.Lookback
	if s.set.History > 0 {
		at -= s.set.History
	}
	s.swept = max(alignDown(at, 64), floor)
	before := Window{max(now-s.set.Horizon, floor), alignDown(at-firstLook, hour)}
	for _, w := range chunks(before, day) {
		s.row.put(cell{Window: w, kind: cellCounted, total: unknown})
		s.dirty[w.From] = struct{}{}
	}
}

// setBack handles a server's clock that was ahead for a while: what was read of the time to come is forgotten, and what was
// swept too early is to be swept again. After a start, the process before may have gone by such a clock.
func (s *State) setBack(now int64) {
	if now < s.newest-tolerance {
		// Passes under way and the times of past readings go by the wrong clock.
		s.clock++
		for i := range s.row.cells {
			if c := &s.row.cells[i]; c.readAt > now {
				c.readAt = 0
			}
		}
		s.audits, s.lastTry = [2]int64{}, 0
		s.trust.until, s.deletedAt = min(s.trust.until, now+distrustFor), min(s.deletedAt, now)
		s.trust.retry = min(s.trust.retry, now+day)
	}
	s.newest = now
	if n := len(s.row.cells); s.frontier.from > now || n > 0 && s.row.cells[n-1].To > now {
		i := s.row.from(now - minFrontier)
		s.frontier.from, s.frontier.ids = min(s.frontier.from, now-minFrontier), 0
		if i < n {
			s.frontier.from = min(s.frontier.from, s.row.cells[i].From)
		}
		s.row.cells = s.row.cells[:i]
	}
	if left := now - s.set.Lookback; s.swept > left {
		s.swept = left
		if i := s.row.from(left); i < len(s.row.cells) {
			s.swept = min(left, s.row.cells[i].From)
		}
	}
}

// CatchUp is how much of the time between what has been swept and the lookback has never been read.
func (s *State) CatchUp(now int64) time.Duration {
	if s.swept == 0 {
		return 0
	}
	end := now - s.set.Lookback
	holes := s.row.holes(Window{s.swept, max(end, s.swept)})
	if len(holes) == 0 {
		return 0
	}
	return time.Duration(end-holes[0].From) * time.Second
}

// Unread reports whether a part of the horizon was never read, or is refused.
func (s *State) Unread(now, floor int64) bool {
	from := max(now-s.set.Horizon, floor)
	return len(s.row.holes(Window{from, max(from, s.swept)})) > 0 ||
		slices.ContainsFunc(s.row.cells[s.row.from(from):], func(c cell) bool {
			return c.kind == cellGap || c.kind == cellCounted && c.total == unknown
		})
}

// OpenWindows is how many windows are to be read again because their last reading settled nothing, or was refused.
func (s *State) OpenWindows() int {
	n := 0
	for i := range s.row.cells {
		if k := s.row.cells[i].kind; k == cellOpen || k == cellGap {
			n++
		}
	}
	return n
}

// Durable is what is to be written down of the windows, in the transaction of the next batch.
type Durable struct {
	Cells      []Cell // each takes the place of the stored ones that it overlaps
	DropBefore int64  // stored cells that end at or before it are no longer needed; 0: none
	Swept      int64  // 0: as it was
}

// Durable gives what has become known since the last Saved.
func (s *State) Durable(now int64) Durable {
	var d Durable
	if s.swept != s.saved {
		d.Swept = s.swept
	}
	for from := range s.dirty {
		if i := s.row.from(from); i < len(s.row.cells) && s.row.cells[i].From == from {
			d.Cells = append(d.Cells, s.row.cells[i].encode())
		} else {
			delete(s.dirty, from)
		}
	}
	slices.SortFunc(d.Cells, func(a, b Cell) int { return int(a.From - b.From) })
	// Two audits, an interval apart, must have gone by a clock before it makes windows go: one may have been wrong.
	if before := min(now, s.audits[1]) - s.set.Horizon; s.audits[1] != 0 && len(s.row.cells) > 0 && s.row.cells[0].To <= before {
		d.DropBefore = before
	}
	return d
}

// Saved tells that what Durable gave has been committed.
func (s *State) Saved(d Durable) {
	if d.Swept != 0 {
		s.saved = d.Swept
	}
	for i := range d.Cells {
		delete(s.dirty, d.Cells[i].From)
	}
	if d.DropBefore != 0 {
		s.row.cells = slices.Delete(s.row.cells, 0, s.row.from(d.DropBefore))
	}
}
