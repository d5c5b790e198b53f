package reconcile

import (
	"math"
	"slices"

	"itnio_exporter/collector/call"
)

// How many pages a window may have that is read by one walk. More pages in a walk mean fewer pages that are not full, but also
// more pages to read again when a record is added to the window.
const (
	newPages  = 8  // in the lookback, if the window is read for the first time and older than filling
	pastPages = 30 // after the lookback: few records are added there

	filling = 600 // seconds within which most records of a window appear
)

// walkable is how many pages a window may have to be read by one walk. A window with more is read in parts.
func (p *Pass) walkable(w Window) int {
	s, age := p.s, p.now-w.To
	if age < filling || !s.trust.plain(p.now) {
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

// parts is the number of parts into which a window with this many records is divided.
func (p *Pass) parts(w Window, total int) int {
	size := float64(p.s.pageSize())
	each := math.Min(fill*size, fill*float64(p.s.trust.top))
	if pages := p.walkable(w); pages > 1 {
		each = float64(pages) / 2 * size
	}
	return int(math.Min(maxParts, math.Ceil(float64(total)/each)))
}

// tooMuch divides a window if its first page says that it has too many pages for one walk.
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

// maxOverlong is how many walks in a row may be overlong: more than it takes to divide a horizon down to a second.
const maxOverlong = 24

// overrun divides a window whose walk is overlong: it goes on although, by its total, it had few enough pages.
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

// split reads a window in parts: the newest first, but in a sweep, which moves forward in time, the oldest.
func (p *Pass) split(w Window, k int) {
	ws := cut(w, k)
	if p.Kind == Sweep {
		slices.Reverse(ws)
	}
	for _, part := range ws {
		p.push(&task{kind: taskRead, win: part})
	}
}

// maxEndless is how many windows without a last page end a pass.
const maxEndless = 3

// endless makes a gap of a window whose pages have no end.
func (p *Pass) endless(t *task) {
	p.Incomplete++
	p.Anomalies[call.AnomalyEndlessWindow]++
	if t.kind != taskFrontier && !t.ahead {
		p.remember(cell{Window: t.win, kind: cellGap, total: unknown, readAt: p.now})
	}
	p.endlesses++
	p.done = p.endlesses >= maxEndless
}

// window is the window of a task.
func (p *Pass) window(t *task) Window {
	if t.kind == taskFrontier {
		return Window{p.s.frontier.from, math.MaxInt64}
	}
	return t.win
}

// walked handles the end of a walk: the window is closed, walked once more, or left open.
func (p *Pass) walked(t *task) {
	s, r := p.s, t.walk.Reading()
	s.failure.passed(p.window(t))
	if r.Twice {
		p.Anomalies[call.AnomalyDuplicateInAnswer]++
	}
	before, lost, gone := p.compare(t, &r)
	closed := r.same(before) || len(lost) == 0 && s.trust.believes(&r)
	if !closed && t.before == nil && !r.Endless {
		t.before, t.walk = &r, nil
		return
	}
	p.pop()
	if r.Endless {
		p.endless(t)
		return
	}
	p.overlong = 0
	if closed {
		p.learn(&r)
		if len(lost) > 0 {
			p.delete(t.win, gone)
		}
	} else {
		p.Incomplete++
	}
	switch {
	case t.ahead: // the frontier has it when its time comes
	case t.kind == taskFrontier:
		s.frontier.took(&r, closed)
	default:
		c := s.cellOf(t.win, &r, closed, p.now)
		if closed && len(lost) > 0 {
			c.lostAt = p.now // a restart has to know that records are being deleted
		}
		p.remember(c)
	}
}

// compare returns the reading before, which is of this pass, or of an earlier one that found another total than ids, and the ids
// that are missing since the window was last read. gone are those of them that are in no other cell.
func (p *Pass) compare(t *task, r *Reading) (before *Reading, lost, gone []uint64) {
	switch {
	case t.ahead, t.kind == taskFrontier && t.before != nil:
		return t.before, nil, nil
	case t.kind == taskFrontier:
		return p.s.frontier.odd, nil, nil
	}
	cells := &p.s.row
	i, j, ok := cells.tiled(t.win)
	if !ok {
		return t.before, nil, nil
	}
	lost, gone = cells.lost(i, j, r.IDs)
	if c := &cells.cells[i]; t.before == nil && j-i == 1 && (c.kind == cellOpen || c.kind == cellRead && c.odd) {
		return &Reading{IDs: c.ids, Total: c.total, Steady: c.total != unknown}, lost, gone
	}
	return t.before, lost, gone
}

// delete notes a confirmed deletion.
func (p *Pass) delete(w Window, ids []uint64) {
	s := p.s
	p.Deleted += len(ids)
	s.deletedAt = p.now
	if len(ids) > 0 {
		s.deletions = append(s.deletions, Deletion{Window: w, At: p.now, IDs: ids})
	}
}

// learn learns about the server's totals from a reading that closed its window.
func (p *Pass) learn(r *Reading) {
	if !r.Untold && r.IDs.Len() > 0 { // an empty window says nothing
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

// cellOf makes the cell of a reading.
func (s *State) cellOf(w Window, r *Reading, closed bool, now int64) cell {
	c := cell{Window: w, ids: r.IDs, total: r.Total, readAt: now, odd: r.excess() != s.trust.off}
	if !closed || r.Pending {
		c.kind = cellOpen
	}
	if !r.Steady {
		c.total = unknown
	}
	return c
}

// remember keeps a cell, in place of those that it overlaps.
func (p *Pass) remember(c cell) {
	s := p.s
	i := s.row.from(c.From)
	same := i < len(s.row.cells) && s.row.cells[i].Window == c.Window
	if same {
		had := &s.row.cells[i]
		c.lostAt = max(c.lostAt, had.lostAt)
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
