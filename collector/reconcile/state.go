// Package reconcile decides what to ask an account for, so that the ledger is in step with the API over a stretch of time.
// It plans and learns from answers; it does no I/O and reads no clock.
//
// What is known of the past is a row of cells: windows that were read in full, each with the ids that were in it. One request shows
// whether any number of adjoining cells has changed: the total of the window that they make up has to be the number of distinct ids
// in them. If it is not, the cells are halved until the changed one is found, which is then read in full. The newest window, the
// frontier, has no end; every poll reads it in full.
package reconcile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"itnio_exporter/itnio"
)

// Settings of an account's reading, all in seconds.
type Settings struct {
	Lookback      int64 // how far back each poll goes
	Horizon       int64 // how far back each audit goes
	AuditInterval int64
	History       int64 // how far back the first fill goes, before the lookback
}

// tolerance is by how many seconds the server's clock may go back before it counts as set back.
const tolerance = 60

// State is what is known of one account. It is for one goroutine.
type State struct {
	set      Settings
	row      row
	swept    int64 // every window before it was read in full since it left the lookback
	wide     int64 // the largest width of a cell, in seconds, where a History chooses it; 0: it does not
	frontier frontier

	known        itnio.Habits // of the server: what other fields do not say
	paging       Paging
	trust        trust
	refusedLimit bounds // of one question, learned from refusals since the last audit began
	live, audit  rates

	newest    int64    // server time of the newest pass
	clock     int      // how often the clock was set back: that ends passes that are running
	audits    [2]int64 // when the last two complete audits began, the newest first; 0: none
	lastTry   int64    // when the last audit began
	deletedAt int64    // when a deletion was last seen

	refused []Window // since the last answer
	failure failure

	dirty     map[int64]struct{} // starts of the cells that are not durable yet
	deletions []Deletion         // that are not durable yet
	saved     int64              // the durable value of swept
}

// New makes the state of an account from the stored cells, sorted by time, and the stored value of Durable.Swept.
func New(set Settings, cells []Cell, swept int64) *State {
	s := &State{
		set: set, swept: swept, saved: swept, trust: trust{top: math.MaxInt},
		frontier: frontier{ahead: day}, dirty: map[int64]struct{}{}, newest: math.MaxInt64,
	}
	s.unlimit()
	for _, stored := range cells {
		c, ok := decode(stored)
		if n := len(s.row.cells); !ok || n > 0 && s.row.cells[n-1].To > c.From {
			continue
		}
		s.row.cells = append(s.row.cells, c)
		s.deletedAt = max(s.deletedAt, c.lostAt)
		s.row.share(len(s.row.cells) - 1)
	}
	return s
}

// unlimit resets the limits that were learned from refusals.
func (s *State) unlimit() { s.refusedLimit = bounds{total: math.MaxInt, width: 93 * day} }

// limit is the limit of one question.
func (s *State) limit() bounds {
	l := s.refusedLimit
	if s.trust.top < math.MaxInt {
		l.total = min(l.total, max(1, s.trust.top-1-max(0, s.trust.off)))
	}
	return l
}

// pageSize is how many records a full page has.
func (s *State) pageSize() int { return cmp.Or(s.paging.full, PageSize) }

// widest is the largest width of a cell in the past, in seconds.
func (s *State) widest() int64 {
	if s.wide > 0 {
		return s.wide
	}
	return min(day, max(hour, s.set.Horizon/7))
}

// firstLook is how far before the first fill everything is read, in seconds: calls in progress may have begun there, and recent calls
// make their series appear at 0.
const firstLook = 2 * day

// start decides, at the first pass of an account, where reading begins. Calls before that do not count, so it is enough to know how
// many there are; only if there are more later, they are read.
func (s *State) start(now, floor int64) {
	if s.swept != 0 {
		return
	}
	// A lookback before the history: calls that ended early in it are listed there, if windows filter on the start time.
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

// setBack handles a server's clock that was ahead for a while: cells in the future are dropped, and what was swept too early is swept
// again. It also runs at the first pass, since the clock may have been ahead before a restart.
func (s *State) setBack(now int64) {
	if now < s.newest-tolerance {
		// Running passes and the times of past readings go by the wrong clock.
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
		s.frontier.from, s.frontier.ids, s.frontier.odd = min(s.frontier.from, now-minFrontier), 0, nil
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

// CatchUp is how long the stretch before the lookback is that was not read yet.
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

// Unread reports whether a part of the horizon before the lookback was not read yet, or is a gap.
func (s *State) Unread(now, floor int64) bool {
	from := max(now-s.set.Horizon, floor)
	return len(s.row.holes(Window{from, max(from, s.swept)})) > 0 ||
		slices.ContainsFunc(s.row.cells[s.row.from(from):], func(c cell) bool {
			return c.kind == cellGap || c.kind == cellCounted && c.total == unknown
		})
}

// OpenWindows is how many windows have to be read again: open cells and gaps.
func (s *State) OpenWindows() int {
	n := 0
	for i := range s.row.cells {
		if k := s.row.cells[i].kind; k == cellOpen || k == cellGap {
			n++
		}
	}
	return n
}

// Deletion is a window from which records are gone, as a second walk has confirmed.
type Deletion struct {
	Window
	At  int64    // server's time when the pass that has seen it began, Unix seconds
	IDs []uint64 // of the records, sorted
}

// Durable is what the ledger has to store about windows, in the transaction of the next batch.
type Durable struct {
	Cells      []Cell // each replaces the stored ones that it overlaps
	Deletions  []Deletion
	DropBefore int64 // stored cells and deletions that end at or before it can be deleted; 0: none
	Swept      int64 // 0: unchanged
}

// Empty reports whether there is nothing to store.
func (d *Durable) Empty() bool {
	return len(d.Cells)+len(d.Deletions) == 0 && d.Swept == 0 && d.DropBefore == 0
}

// Durable returns what has changed since the last call of Saved.
func (s *State) Durable(now int64) Durable {
	d := Durable{Deletions: s.deletions}
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
	// Cells are deleted only by a time that two complete audits have reached: the clock of one may have been wrong.
	if before := min(now, s.audits[1]) - s.set.Horizon; s.audits[1] != 0 && len(s.row.cells) > 0 && s.row.cells[0].To <= before {
		d.DropBefore = before
	}
	return d
}

// Saved notes that what Durable returned has been committed.
func (s *State) Saved(d Durable) {
	if d.Swept != 0 {
		s.saved = d.Swept
	}
	s.deletions = s.deletions[len(d.Deletions):]
	for i := range d.Cells {
		delete(s.dirty, d.Cells[i].From)
	}
	if d.DropBefore != 0 {
		s.row.cells = slices.Delete(s.row.cells, 0, s.row.from(d.DropBefore))
	}
}
