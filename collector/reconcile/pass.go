package reconcile

import (
	"math"
	"slices"

	"itnio_exporter/collector/call"
)

// Kind is what a pass is for.
type Kind uint8

// Kinds of passes.
const (
	Live  Kind = iota // the lookback, each poll
	Sweep             // each window once after it left the lookback; what downtime and the first fill left unread
	Audit             // the horizon, each audit interval
)

// Ask is one request to make: a page of a window as it is to be asked for, both ends in Unix seconds.
type Ask struct {
	From, To int64
	Page     int
}

// Pass is one reading of a stretch of time. The caller makes the requests that Next asks for, brings the records into the
// ledger, and hands the answer to Take, or tells Refused that there is none.
type Pass struct {
	Kind      Kind
	Begun     int64 // server's time
	Requests  int   // answered
	Unsettled int   // windows that are not known to be whole
	Deleted   int   // records that are gone, each confirmed by a second reading
	Anomalies map[call.Anomaly]int

	s         *State
	now       int64
	floor     int64
	clock     int // s.clock when it began
	rates     *rates
	stack     []*task // the next one last
	changes   int     // cells that turned out to have changed
	matched   []match
	overlong  int // walks since the last window that was read, which went on where their total said they would end
	done      bool
	narrowing narrowing
}

type taskKind uint8

const (
	taskRead     taskKind = iota // read a window whole
	taskAsk                      // ask whether a row of cells is as it was
	taskSearch                   // find what has changed in a row of cells
	taskFrontier                 // read the newest window whole
)

type task struct {
	kind taskKind
	win  Window

	// Of a reading.
	walk   *Walk
	before *Reading // the walk before, which did not settle the window
	ahead  bool     // the window is further ahead than the frontier may reach: it is not remembered

	// Of a question or a search.
	search  search
	plain   bool // every part is asked
	again   bool // the row has been searched in this pass already
	confirm bool // the row is asked once more, since no part accounts for its total
}

// page is the number of the page to ask for.
func (t *task) page() int {
	if t.walk == nil {
		return 1
	}
	return t.walk.Next()
}

func (s *State) newPass(k Kind, now, floor int64) *Pass {
	s.newest = max(s.newest, now) // the clock may be wrong for this pass alone: the next poll is to see that it was set back
	p := &Pass{Kind: k, Begun: now, now: now, floor: floor, s: s, clock: s.clock, Anomalies: map[call.Anomaly]int{}, rates: &s.live}
	if k == Audit {
		p.rates = &s.audit
	}
	return p
}

func (p *Pass) push(t *task) { p.stack = append(p.stack, t) }

func (p *Pass) pop() { p.stack = p.stack[:len(p.stack)-1] }

func (p *Pass) top() *task { return p.stack[len(p.stack)-1] }

// order puts the newest tasks first.
func (p *Pass) order() {
	slices.SortStableFunc(p.stack, func(a, b *task) int {
		switch {
		case a.kind == taskFrontier:
			return 1
		case b.kind == taskFrontier:
			return -1
		}
		return int(a.win.From - b.win.From)
	})
}

// Next is the request to make next; false: the pass is over.
func (p *Pass) Next() (Ask, bool) {
	for !p.done {
		switch {
		case p.clock != p.s.clock:
			p.done = true
		case len(p.stack) == 0:
			if p.Kind != Sweep || !p.moreToSweep() {
				p.end()
			}
		case p.top().kind == taskSearch:
			p.search(p.top())
		default:
			t := p.top()
			w := Window{t.win.From - 1, t.win.To}
			if t.kind == taskFrontier {
				w = p.s.frontier.asked(p.now)
			}
			return Ask{From: w.From, To: w.To, Page: t.page()}, true
		}
	}
	return Ask{}, false
}

// end is the end of a pass of which nothing is left.
func (p *Pass) end() {
	p.done = true
	p.rates.learn()
	if p.Kind == Audit {
		p.s.audited(p.Begun)
	}
}

// Take brings in the answer to the last Ask.
func (p *Pass) Take(a Answer) {
	p.passOver()
	p.Requests++
	t, s := p.top(), p.s
	if t.walk == nil {
		t.walk = NewWalk(&s.paging)
	}
	first := t.walk.pages == 0 && t.before == nil
	g := t.walk.read(a)
	if p.Requests == 1 && g.sized && a.Size != pageSize {
		p.Anomalies[call.AnomalyPageSizeImposed]++
	}
	if a.Total >= 0 || len(a.IDs) > 0 {
		s.trust.absent = g.untold
	}
	s.trust.saw(a.Total)
	if first && t.kind == taskAsk && !p.asked(t, g) || first && p.tooMuch(t, g) {
		return
	}
	if t.walk.take(g) {
		p.walked(t)
	} else {
		p.overrun(t)
	}
}

// The more pages a window is walked over, the fewer of all pages are not full, but the more are read again when something comes
// to it. That depends on where the window lies.
const (
	settling  = 600 // seconds in which most of a window's records appear
	newPages  = 8   // of a window of the lookback that is read for the first time
	pastPages = 30  // of one that has left the lookback: hardly anything comes to it any more
)

// walkable is how many pages of a window are walked; one of more is read in parts.
func (p *Pass) walkable(w Window) int {
	s, age := p.s, p.now-w.To
	if age < settling || !s.trust.plain(p.now) {
		return 1
	}
	recent := age < s.set.Lookback
	for i := s.row.from(w.From); i < len(s.row.cells) && s.row.cells[i].From < w.To; i++ {
		if c := &s.row.cells[i]; recent || c.kind == cellOpen || c.odd {
			return 1
		}
	}
	if recent {
		return newPages
	}
	return pastPages
}

// parts is how many windows to read one of so many records in.
func (p *Pass) parts(w Window, total int) int {
	size := float64(p.s.pageSize())
	each := math.Min(fill*size, fill*float64(p.s.trust.top))
	if pages := p.walkable(w); pages > 1 {
		each = float64(pages) / 2 * size
	}
	return int(math.Min(maxParts, math.Ceil(float64(total)/each)))
}

// tooMuch reads a window in parts whose first page tells that it has too many for one walk.
func (p *Pass) tooMuch(t *task, g page) bool {
	switch {
	case !g.more():
		return false
	case t.kind == taskFrontier:
		return p.splitFrontier(p.parts(Window{p.s.frontier.from, p.now}, g.Total))
	case t.win.width() < 2 || g.Total <= p.walkable(t.win)*g.Size:
		return false
	}
	p.pop()
	p.split(t.win, p.parts(t.win, g.Total))
	return true
}

// maxOverlong is how many walks may go on where they should end, one after the other: more than it takes to come from a horizon
// to a second.
const maxOverlong = 24

// overrun looks after a walk whose total was too low: it has more pages than it may have, and is read in parts.
func (p *Pass) overrun(t *task) {
	if t.kind == taskFrontier {
		if t.walk.pages > 4 {
			p.splitFrontier(4)
		}
		return
	}
	if t.ahead || t.win.width() < 2 || t.walk.pages <= 2*p.walkable(t.win)+2 {
		return
	}
	p.pop()
	if p.overlong++; p.overlong > maxOverlong {
		p.Unsettled++
		p.endless(t.win)
		return
	}
	p.split(t.win, p.parts(t.win, 2*len(t.walk.ids)))
}

// split reads a window in parts: newest first, but in a sweep the oldest, so that it can move on.
func (p *Pass) split(w Window, k int) {
	ws := cut(w, k)
	if p.Kind == Sweep {
		slices.Reverse(ws)
	}
	for _, part := range ws {
		p.push(&task{kind: taskRead, win: part})
	}
}

// endless leaves a window open whose answers go on and on.
func (p *Pass) endless(w Window) {
	if w.To == endless { // the frontier is read again each time
		p.Anomalies[call.AnomalyEndlessWindow]++
		return
	}
	p.Anomalies[call.AnomalyEndlessWindow]++
	p.remember(cell{Window: w, kind: cellGap, total: unknown, readAt: p.now})
}

// window is what a task is about; the frontier has no end.
func (p *Pass) window(t *task) Window {
	if t.kind == taskFrontier {
		return Window{p.s.frontier.from, endless}
	}
	return t.win
}

// walked is the end of a walk: it settles the window, is repeated, or leaves it open.
func (p *Pass) walked(t *task) {
	s, r := p.s, t.walk.Reading()
	s.failure.passed(p.window(t))
	if r.Twice {
		p.Anomalies[call.AnomalyDuplicateInAnswer]++
	}
	i, j, tiled := s.row.tiled(t.win)
	tiled = tiled && t.kind != taskFrontier && !t.ahead
	var lost []uint64
	gone := 0
	if tiled {
		lost, gone = s.row.lost(i, j, r.IDs)
	}
	before := t.before
	if before == nil && tiled && j-i == 1 && s.row.cells[i].kind == cellOpen {
		before = &Reading{IDs: s.row.cells[i].ids, Total: s.row.cells[i].total, Steady: s.row.cells[i].total != unknown}
	}
	same := before != nil && before.Steady && r.Steady && before.Total == r.Total && before.IDs == r.IDs
	agrees := r.agrees() || r.Steady && r.excess() != 0 && r.excess() == s.trust.off
	settled := same || agrees && len(lost) == 0
	if !settled && t.before == nil && !r.Endless {
		t.before, t.walk = &r, nil
		return
	}
	p.pop()
	p.overlong = 0
	if settled {
		p.learn(&r)
		if len(lost) > 0 {
			p.Deleted += gone
			s.deletedAt = p.now
		}
	} else {
		p.Unsettled++
	}
	switch {
	case t.ahead: // it is part of the frontier in time
	case r.Endless:
		p.endless(p.window(t))
	case t.kind == taskFrontier:
		s.frontier.ids = r.IDs.Len()
	default:
		p.remember(s.cellOf(t.win, &r, settled, p.now))
	}
}

// learn takes what a reading that settled says of the server's totals.
func (p *Pass) learn(r *Reading) {
	if !r.Untold && r.IDs.Len() > 0 { // of nothing, none can be left out
		p.s.trust.read(r.excess())
		p.s.paging.short = max(0, -p.s.trust.off)
	}
	if r.excess() != 0 {
		p.Anomalies[call.AnomalyTotalMismatch]++
	}
}

// cellOf is the cell that a reading makes.
func (s *State) cellOf(w Window, r *Reading, settled bool, now int64) cell {
	c := cell{Window: w, ids: r.IDs, total: r.Total, readAt: now, odd: r.excess() != s.trust.off}
	if !settled || r.Pending {
		c.kind = cellOpen
	}
	if !r.Steady {
		c.total = unknown
	}
	return c
}

// remember brings a cell in and learns from it.
func (p *Pass) remember(c cell) {
	s := p.s
	i := s.row.from(c.From)
	same := i < len(s.row.cells) && s.row.cells[i].Window == c.Window
	if same {
		had := &s.row.cells[i]
		if c.kind <= cellOpen && had.kind <= cellOpen {
			p.rates.saw(p.now-c.To, 0, max(0, c.ids.Len()-had.ids.Len()))
		}
		same = had.ids == c.ids && had.total == c.total && had.kind == c.kind
	}
	if !same {
		p.changes++
	}
	s.row.put(c)
	s.dirty[c.From] = struct{}{}
	s.sweepOn()
}
