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
	History       int64 // what the first fill goes over, if longer than the lookback
}

const (
	pageSize = 100   // the largest the API has
	day      = 86400 // how far ahead of the server's clock the frontier reaches

	fill        = 0.75 // how full a cell is made, so that it can grow
	minFrontier = 2    // seconds: a frontier cannot be divided further
	lies        = 6    // whole readings in a row that make a server's wrong total its habit
	fruitless   = 4    // searches in a row that found nothing, until totals are no longer searched by
	distrustFor = 3600 // seconds
	maxGone     = 4096
	tolerance   = 60 // seconds by which the server's clock may go back without being one that was wrong
)

// State is what is known of one account. It is for one goroutine.
type State struct {
	set   Settings
	tl    timeline
	swept int64 // every window before it was read whole after it had left the lookback

	frontier    int64 // where the newest, endless window starts
	frontierIDs []uint64

	page    int   // records on a full page, as the server does it
	largest int   // page of a server that says no size
	future  int64 // how far ahead of its clock the server may be asked

	live, audit rates
	limit       bounds // of one question, learned from refusals

	habit     int // the server's totals are off by so much, always
	lieRun    int // whole readings in a row that said so
	lastLie   int
	fruitless int
	distrust  int64 // until then totals are not searched by

	untold bool // the server says no totals

	lastAudit   int64               // when the last audit that came to its end began
	lastTry     int64               // when the last one began
	deletedSeen int64               // when a deletion was last seen
	gone        map[uint64]struct{} // what was counted as deleted: a record may stand in two cells

	newest int64 // server's time of the newest pass
	past   int64 // what ended before does not count; 0: not known
	reign  int   // passes of an earlier one are over: the clock was set back

	mismatch map[Window]reading // the last walk of windows whose total is wrong

	refused []Window // since the last answer
	failed  Window   // where the last pass that failed did
	fails   int      // how many did there

	cappedAt, cappedFrom int // the last total that was lower than what its parts hold, and what they held

	dirty map[int64]struct{} // cells before swept that are to be made durable, by start
	saved int64              // swept as it is durable
}

// reading is what one walk of a window found.
type reading struct {
	total int
	ids   []uint64
}

// Cell is a window that was read, as it is to be remembered across restarts: [From, To), Unix seconds.
type Cell struct {
	From, To int64
	Total    int  // what the server says while nothing has changed
	IDs      int  // distinct ids that were read
	Unique   int  // of these, the ones that the cell before it does not hold too
	Open     bool // not complete: read it again
	Blind    bool // Total tells nothing: only reading the window whole does
}

// New makes the state of an account from the cells and the time that Durable gave before.
func New(set Settings, cells []Cell, swept int64) *State {
	s := &State{
		set: set, page: pageSize, future: day,
		mismatch: map[Window]reading{}, gone: map[uint64]struct{}{}, dirty: map[int64]struct{}{},
	}
	s.unlimit()
	s.swept, s.saved = swept, swept
	for _, c := range cells {
		if c.To > swept || c.To <= c.From {
			continue
		}
		if n := len(s.tl.cells); n > 0 && s.tl.cells[n-1].To > c.From {
			continue
		}
		s.tl.cells = append(s.tl.cells, cell{
			Window: Window{c.From, c.To}, total: c.Total, n: c.IDs, unique: c.Unique, open: c.Open, blind: c.Blind,
		})
	}
	return s
}

func (s *State) unlimit() { s.limit = bounds{total: math.MaxInt, width: 93 * day} }

// firstLook is how far before the first fill everything is read: calls in progress may have begun there, and what was called
// lately gets its series at 0.
const firstLook = 2 * day

// start is where reading the account begins at all.
func (s *State) start(now, floor int64) int64 {
	if s.swept == 0 {
		// A lookback more than the history: where windows go by the start, that is where its first calls are found.
		at := now - s.set.Lookback
		if s.set.History > 0 {
			at -= s.set.History
		}
		s.swept = max(alignDown(at, 64), floor)
		s.past = alignDown(at-firstLook, hour)
	}
	return s.swept
}

// setBack handles a server's clock that was ahead for a while: what was read of the time to come is forgotten, and what was
// swept too early is to be swept again.
func (s *State) setBack(now int64) {
	if now < s.newest-tolerance {
		// Passes under way and the times of past readings go by the wrong clock.
		s.reign++
		for i := range s.tl.cells {
			if c := &s.tl.cells[i]; c.readAt > now {
				c.readAt = 0
			}
		}
		s.lastAudit, s.lastTry = 0, 0
		s.distrust, s.deletedSeen = min(s.distrust, now+distrustFor), min(s.deletedSeen, now)
	}
	s.newest = now
	if n := len(s.tl.cells); s.frontier > now || n > 0 && s.tl.cells[n-1].To > now {
		i := s.tl.from(now - minFrontier)
		s.frontier = min(s.frontier, now-minFrontier)
		if i < n {
			s.frontier = min(s.frontier, s.tl.cells[i].From)
		}
		s.tl.cells, s.frontierIDs = s.tl.cells[:i], nil
	}
	if left := now - s.set.Lookback; s.swept > left {
		s.swept = left
		if i := s.tl.from(left); i < len(s.tl.cells) {
			s.swept = min(left, s.tl.cells[i].From)
		}
	}
}

// density is how many records a second of the recent past holds.
func (s *State) density(now int64) float64 {
	n, width := 0, int64(0)
	for i := s.tl.from(now - s.set.Lookback); i < len(s.tl.cells); i++ {
		n += s.tl.cells[i].unique
		width += s.tl.cells[i].width()
	}
	if width == 0 {
		return 0
	}
	return float64(n) / float64(width)
}

// advance moves the start of the frontier on where it holds, or soon will hold, more than a page.
func (s *State) advance(now int64) {
	lookbackFrom := now - s.set.Lookback
	if s.frontier < lookbackFrom {
		// The first poll, or one after a long time.
		s.frontier = alignDown(now-min(64, s.set.Lookback/4), 2)
		s.frontierIDs = nil
		return
	}
	span := now - s.frontier
	full := len(s.frontierIDs) > int(0.8*float64(s.page))
	if !full && span <= s.set.Lookback/2 {
		return
	}
	width := s.set.Lookback / 4
	if d := s.density(now); d > 0 {
		width = min(width, int64(fill*float64(s.page)/d))
	}
	if n := len(s.frontierIDs); n > 0 {
		// What has just come is at least this dense.
		width = min(width, int64(fill*float64(s.page)*float64(span)/float64(n)))
	}
	width = max(width, minFrontier)
	next := alignDown(s.frontier+width, alignment(width))
	if next <= s.frontier {
		next = s.frontier + width
	}
	s.moveFrontier(min(next, now-1))
}

func (s *State) moveFrontier(to int64) {
	if to > s.frontier {
		s.frontier, s.frontierIDs = to, nil
	}
}

// CatchUp is how much of the time between what has been swept and the lookback has never been read.
func (s *State) CatchUp(now int64) time.Duration {
	if s.swept == 0 {
		return 0
	}
	end := now - s.set.Lookback
	holes := s.tl.holes(Window{s.swept, max(end, s.swept)})
	if len(holes) == 0 {
		return 0
	}
	return time.Duration(end-holes[0].From) * time.Second
}

// Unread reports whether a part of the horizon was never read, or is refused.
func (s *State) Unread(now, floor int64) bool {
	from := max(now-s.set.Horizon, floor)
	return len(s.tl.holes(Window{from, max(from, s.swept)})) > 0 ||
		slices.ContainsFunc(s.tl.cells[s.tl.from(from):], func(c cell) bool { return c.unread() })
}

// forgetIDs lets go of the ids of swept cells, but for the last one: what cells share with their neighbours is worked out.
func (s *State) forgetIDs() {
	last := s.tl.from(s.swept) - 1
	for i := range last {
		s.tl.cells[i].ids, s.tl.cells[i].known = nil, false
	}
}

// OpenWindows is how many windows are to be read again because their last reading settled nothing.
func (s *State) OpenWindows() int {
	n := 0
	for i := range s.tl.cells {
		if s.tl.cells[i].open {
			n++
		}
	}
	return n
}

// Durable is what is to be written down of the windows, in the transaction of the next batch.
type Durable struct {
	Cells      []Cell
	DropBefore int64
	Swept      int64
}

// Durable gives what has become known since the last Saved.
func (s *State) Durable(now int64) Durable {
	var d Durable
	if s.swept != s.saved {
		d.Swept = s.swept
	}
	for from := range s.dirty {
		if i := s.tl.from(from); i < len(s.tl.cells) && s.tl.cells[i].From == from {
			c := &s.tl.cells[i]
			d.Cells = append(d.Cells, Cell{
				From: c.From, To: c.To, Total: c.total, IDs: c.n, Unique: c.unique, Open: c.open, Blind: c.blind,
			})
		}
	}
	slices.SortFunc(d.Cells, func(a, b Cell) int { return int(a.From - b.From) })
	if len(s.tl.cells) > 0 && s.tl.cells[0].To <= now-s.set.Horizon {
		d.DropBefore = now - s.set.Horizon
	}
	return d
}

// Saved tells that what Durable gave has been committed.
func (s *State) Saved(d Durable) {
	if d.Swept != 0 {
		s.saved = d.Swept
	}
	for _, c := range d.Cells {
		delete(s.dirty, c.From)
	}
	if d.DropBefore != 0 {
		i := s.tl.from(d.DropBefore)
		s.tl.cells = slices.Delete(s.tl.cells, 0, i)
	}
}

// sweepOn moves swept over the cells that were read whole after they had left the lookback, and lets go of their ids.
func (s *State) sweepOn() {
	for {
		i := s.tl.from(s.swept)
		if i >= len(s.tl.cells) {
			return
		}
		c := &s.tl.cells[i]
		if c.From > s.swept || c.readAt < c.To+s.set.Lookback {
			return
		}
		s.swept = c.To
		s.dirty[c.From] = struct{}{}
		if i > 0 {
			s.tl.cells[i-1].ids, s.tl.cells[i-1].known = nil, false
		}
	}
}

// settle brings in a cell that was read whole and learns from it.
func (s *State) settle(c cell, now int64, in *rates) {
	i := s.tl.from(c.From)
	if i < len(s.tl.cells) && s.tl.cells[i].Window == c.Window {
		in.saw(now-c.To, 0, max(0, c.n-s.tl.cells[i].n))
	}
	s.tl.put(c)
	if c.From < s.swept {
		s.dirty[c.From] = struct{}{}
		if i+1 < len(s.tl.cells) && s.tl.cells[i+1].To < s.swept {
			s.tl.cells[i+1].ids, s.tl.cells[i+1].known = nil, false
			s.dirty[s.tl.cells[i+1].From] = struct{}{} // what it shares may have changed
		}
	}
	s.sweepOn()
}

// lied notes by how much a total was wrong in a whole reading.
func (s *State) lied(by int) {
	if by == 0 {
		s.habit = 0 // at once: what it was wrong by would hide as many records
	}
	if by != s.lastLie {
		s.lastLie, s.lieRun = by, 0
	}
	s.lieRun++
	if s.lieRun >= lies {
		s.habit = by
	}
}

// deleted is how many deletions a reading shows that were not counted before: a record may stand in two cells.
func (s *State) deleted(lost []uint64, n int) int {
	if len(s.gone) > maxGone {
		clear(s.gone)
	}
	for _, id := range lost {
		if _, counted := s.gone[id]; counted {
			n--
		}
		s.gone[id] = struct{}{}
	}
	return n
}
