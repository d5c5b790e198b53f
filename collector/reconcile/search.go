package reconcile

import "itnio_exporter/collector/call"

// A search finds what has changed in a row of cells whose total is not what is known of it. It halves the row, asks about one
// half, and goes on in the half that has changed, until what is known accounts for the total.

// search is the state of a task of kind taskSearch.
type search struct {
	total    int      // what the row holds now
	known    int      // what was known of it when the search began
	parts    []Window // not looked at yet, the next one last
	mark     int      // p.changes when it began
	inferred bool     // total was worked out, not answered
}

// expect is the total that a server in step would answer for the cells [i, j).
func (s *State) expect(i, j int) int {
	if c := &s.row.cells[i]; j-i == 1 && (c.odd || c.kind != cellRead) {
		return c.total
	}
	return s.row.union(i, j) + s.trust.off
}

// divide begins a search of the cells [i, j).
func (p *Pass) divide(w Window, i, j, total int) *task {
	mid := p.s.row.cells[(i+j+1)/2].From
	t := &task{kind: taskSearch, win: w, search: search{
		total: total, known: p.s.expect(i, j), mark: p.changes, parts: []Window{{w.From, mid}, {mid, w.To}},
	}}
	p.push(t)
	return t
}

// search takes the next step.
func (p *Pass) search(t *task) {
	s, f := p.s, &t.search
	i, j, ok := s.row.tiled(t.win)
	if ok && s.expect(i, j) == f.total {
		p.accounted(t)
		return
	}
	last := len(f.parts) - 1
	if last < 0 {
		p.exhausted(t, ok)
		return
	}
	part := f.parts[last]
	f.parts = f.parts[:last]
	a, b, row := s.row.tiled(part)
	switch {
	case !row || b-a == 1 && !s.askable(&s.row.cells[a]):
		p.push(&task{kind: taskRead, win: part})
	case b-a > 1 && last == 0 && ok && p.changes == f.mark && !t.plain && f.total > f.known:
		// The other half was as it was, so the change is in this one: no need to ask. Not where the total has fallen:
		// a server may cap it.
		p.divide(part, a, b, f.total-s.expect(i, j)+s.expect(a, b)).search.inferred = true
	default:
		p.push(&task{kind: taskAsk, win: part, plain: t.plain, again: true})
	}
}

// accounted ends a search. While it went on, something else may have come to the row: a poll sees that the next time, an audit
// would only an interval later.
func (p *Pass) accounted(t *task) {
	p.pop()
	if p.Kind == Audit && p.changes != t.search.mark && !t.again && !t.search.inferred {
		p.push(&task{kind: taskAsk, win: t.win, again: true})
	}
}

// exhausted ends a search that has looked at all parts and does not account for the total.
func (p *Pass) exhausted(t *task, ok bool) {
	p.pop()
	f := &t.search
	i, j, _ := p.s.row.tiled(t.win)
	switch {
	case !ok:
	case p.changes != f.mark && (t.plain || p.s.expect(i, j) > f.total): // more has come since
	case f.inferred || p.changes != f.mark:
		// What was taken for granted is asked after all. A record in the second that two cells share, which only one of them
		// knew, may have stood for another one.
		p.push(&task{kind: taskAsk, win: t.win, plain: true, again: true})
	case f.total < f.known && f.total >= p.s.trust.top: // capped, as is known
	default:
		p.push(&task{kind: taskAsk, win: t.win, confirm: true, search: search{total: f.total}})
	}
}

// confirmed takes the second answer for a row whose first none of its parts accounts for, although all of them are as they
// were. A wrong total is not remembered: when it becomes right, it would hide as many records as it was wrong by.
func (p *Pass) confirmed(t *task, total int) {
	s := p.s
	p.pop()
	i, j, ok := s.row.tiled(t.win)
	if !ok || j-i < 2 || s.expect(i, j) == total {
		return
	}
	capped, wanders := s.trust.vainly(total, s.expect(i, j), total == t.search.total, p.now)
	if capped {
		p.Anomalies[call.AnomalyTotalCapped]++
		p.doubt(total)
	}
	if wanders {
		p.Anomalies[call.AnomalyTotalMismatch]++
	}
}

// asked takes the answer to a question about a row of cells. True: the answer is the first page of a reading.
func (p *Pass) asked(t *task, g page) bool {
	s := p.s
	i, j, ok := s.row.tiled(t.win)
	switch {
	case ok && j-i == 1 && s.row.cells[i].kind == cellCounted:
		return p.recounted(t, s.row.cells[i], g)
	case t.confirm:
		p.confirmed(t, g.Total)
		return false
	case ok && g.untold:
		p.pop()
		p.readEach(i, j)
		return false
	case ok && s.expect(i, j) == g.Total:
		s.trust.found()
		p.pop()
		p.matched = append(p.matched, match{t.win, g.Total})
		return false
	case !ok || j-i == 1 || g.complete() && t.win.width() <= s.set.Lookback/4:
		t.kind = taskRead
		return true
	}
	p.pop()
	f := p.divide(t.win, i, j, g.Total)
	f.plain, f.again = t.plain, t.again
	return false
}

// recounted takes the answer to a question about a cell that is only counted. Where something has come to it, it is read.
func (p *Pass) recounted(t *task, c cell, g page) bool {
	if g.untold || g.complete() || c.total != unknown && g.Total > c.total {
		t.kind = taskRead
		return true
	}
	p.pop()
	if g.Total != c.total {
		c.total, c.readAt = g.Total, p.now
		p.remember(c)
	}
	return false
}

// match is a row whose total was what is known of it.
type match struct {
	win   Window
	total int
}

// doubt reads the rows of this pass whose totals seemed to match what is known of them, but are the cap.
func (p *Pass) doubt(top int) {
	for _, m := range p.matched {
		if i, j, ok := p.s.row.tiled(m.win); ok && m.total == top {
			p.readEach(i, j)
		}
	}
}

// askAgain asks the rows of this pass once more whose totals matched what another habit of the server made one expect.
func (p *Pass) askAgain() {
	for _, m := range p.matched {
		p.push(&task{kind: taskAsk, win: m.win, again: true})
	}
	p.matched = nil
}

// readEach reads the cells [i, j) one by one.
func (p *Pass) readEach(i, j int) {
	for _, c := range p.s.row.cells[i:j] {
		p.push(&task{kind: taskRead, win: c.Window})
	}
}
