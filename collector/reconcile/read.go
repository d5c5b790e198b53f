package reconcile

import (
	"math"
	"slices"

	"itnio_exporter/collector/call"
)

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
		p.endless(t)
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

// maxEndless is how many windows of a pass may have answers without end, until the pass is given up.
const maxEndless = 3

// endless leaves a window open whose answers go on and on.
func (p *Pass) endless(t *task) {
	p.Unsettled++
	p.Anomalies[call.AnomalyEndlessWindow]++
	if t.kind != taskFrontier && !t.ahead {
		p.remember(cell{Window: t.win, kind: cellGap, total: unknown, readAt: p.now})
	}
	p.endlesses++
	p.done = p.endlesses >= maxEndless
}

// window is what a task is about; the frontier has no end.
func (p *Pass) window(t *task) Window {
	if t.kind == taskFrontier {
		return Window{p.s.frontier.from, math.MaxInt64}
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
	before, lost, gone := p.compare(t, &r)
	settled := r.same(before) || len(lost) == 0 && s.trust.believes(&r)
	if !settled && t.before == nil && !r.Endless {
		t.before, t.walk = &r, nil
		return
	}
	p.pop()
	if r.Endless {
		p.endless(t)
		return
	}
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
	case t.kind == taskFrontier:
		s.frontier.ids = r.IDs.Len()
	default:
		p.remember(s.cellOf(t.win, &r, settled, p.now))
	}
}

// compare gives the reading before, in this pass or the last one that left the window open, and what the window has lost since
// it was last read: the ids, and how many of them stand in no other cell.
func (p *Pass) compare(t *task, r *Reading) (before *Reading, lost []uint64, gone int) {
	if t.kind == taskFrontier || t.ahead {
		return t.before, nil, 0
	}
	cells := &p.s.row
	i, j, ok := cells.tiled(t.win)
	if !ok {
		return t.before, nil, 0
	}
	lost, gone = cells.lost(i, j, r.IDs)
	if c := &cells.cells[i]; t.before == nil && j-i == 1 && c.kind == cellOpen {
		return &Reading{IDs: c.ids, Total: c.total, Steady: c.total != unknown}, lost, gone
	}
	return t.before, lost, gone
}

// learn takes what a reading that settled says of the server's totals.
func (p *Pass) learn(r *Reading) {
	if !r.Untold && r.IDs.Len() > 0 { // of nothing, none can be left out
		was := p.s.trust.off
		p.s.trust.read(r.excess())
		if p.s.trust.off != was {
			p.s.paging.short = max(0, -p.s.trust.off)
			p.askAgain()
		}
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
