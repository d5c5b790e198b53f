package reconcile

import "itnio_exporter/collector/call"

// search finds the cells that have changed in a row whose total is not the expected one. It halves the row, asks about one half,
// and goes on in the half that has changed, until the known ids are as many as the total.
type search struct {
	total    int      // of the row, as the server said
	known    int      // the total that was expected when the search began
	parts    []Window // still to be looked at; the next one is the last
	mark     int      // Pass.changes when the search began
	inferred bool     // total was not answered, but computed from that of a larger row
}

// expect is the total that the server answers for the cells [i, j) if nothing has changed.
func (s *State) expect(i, j int) int {
	if c := &s.row.cells[i]; j-i == 1 && (c.odd || c.kind != cellRead) {
		return c.total
	}
	return s.row.union(i, j) + s.trust.off
}

// divide starts a search of the cells [i, j), which make up the window w.
func (p *Pass) divide(w Window, i, j, total int) *task {
	mid := p.s.row.cells[(i+j+1)/2].From
	t := &task{kind: taskSearch, win: w, search: search{
		total: total, known: p.s.expect(i, j), mark: p.changes, parts: []Window{{w.From, mid}, {mid, w.To}},
	}}
	p.push(t)
	return t
}

// search takes the next step of a search.
func (p *Pass) search(t *task) {
	s, f := p.s, &t.search
	i, j, ok := s.row.tiled(t.win)
	if ok && s.expect(i, j) == f.total && s.trust.tells(f.total) {
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
		// The other half has not changed, so the change is in this one, which need not be asked about. Unless the total has
		// fallen: the server may cap it.
		p.divide(part, a, b, f.total-s.expect(i, j)+s.expect(a, b)).search.inferred = true
	default:
		p.push(&task{kind: taskAsk, win: part, plain: t.plain, again: true})
	}
}

// accounted ends a search that has found as many records as the total says. More may have been added meanwhile: the next poll sees
// that in a minute, but the next audit only after an interval, so an audit asks once more.
func (p *Pass) accounted(t *task) {
	p.pop()
	switch f := &t.search; {
	case f.inferred:
	case p.Kind == Audit && p.changes != f.mark && !t.again:
		p.push(&task{kind: taskAsk, win: t.win, again: true})
	default:
		p.matched = append(p.matched, match{win: t.win, total: f.total})
	}
}

// exhausted ends a search that has looked at all parts, but has not found as many records as the total says.
func (p *Pass) exhausted(t *task, ok bool) {
	p.pop()
	f := &t.search
	i, j, _ := p.s.row.tiled(t.win)
	switch {
	case !ok:
	case p.changes != f.mark && (t.plain || p.s.expect(i, j) > f.total): // records were added meanwhile
	case f.inferred || p.changes != f.mark:
		// What was inferred is asked after all. If only one of two overlapping cells knew a record, finding it in the other one
		// too may have passed for the record that is missing.
		p.push(&task{kind: taskAsk, win: t.win, plain: true, again: true})
	case f.total < f.known && f.total >= p.s.trust.top: // the cap is known
	default:
		p.push(&task{kind: taskAsk, win: t.win, confirm: true, search: search{total: f.total}})
	}
}

// confirmed handles the second answer for a row that was searched in vain. A wrong total is not remembered for a row: once it is
// right again, it would hide as many records.
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

// told handles the answer to a question about a row. It returns true if the answer is the first page of a walk over the row.
func (p *Pass) told(t *task, g page) bool {
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
	case ok && j-i > 1 && !s.trust.tells(g.Total):
		p.pop()
		p.halve(t, i, j)
		return false
	case ok && s.expect(i, j) == g.Total:
		s.trust.found()
		p.pop()
		p.match(t.win, g)
		return false
	case !ok || j-i == 1 || s.joins(t.win, g):
		t.kind = taskRead
		return true
	}
	p.pop()
	f := p.divide(t.win, i, j, g.Total)
	f.plain, f.again = t.plain, t.again
	return false
}

// joins reports whether a row is short and has so few records that its cells become one, read by the answer to the question.
func (s *State) joins(w Window, g page) bool { return g.complete() && w.width() <= s.set.Lookback/4 }

// halve asks about both halves of a row instead: it was refused, or its total is the cap, which says nothing even where it is the
// expected one.
func (p *Pass) halve(t *task, i, j int) {
	mid := p.s.row.cells[(i+j)/2].From
	p.push(&task{kind: taskAsk, win: Window{t.win.From, mid}, plain: t.plain, again: t.again})
	p.push(&task{kind: taskAsk, win: Window{mid, t.win.To}, plain: t.plain, again: t.again})
}

// recounted handles the answer to a question about a counted cell. If there are more records than before, the cell is read.
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

// match is a row whose total was the expected one.
type match struct {
	win      Window
	total    int
	complete bool // the answer had all records of the row
}

func (p *Pass) match(w Window, g page) {
	m := match{win: w, total: g.Total}
	g.Total -= p.s.trust.off
	m.complete = g.complete()
	p.matched = append(p.matched, m)
}

// doubtHighest asks about the halves of the rows that have the highest total of an audit. It may be the server's cap, and the row may
// have more records: no answer of the audit shows that the server can say more. It returns false if there is nothing to doubt.
func (p *Pass) doubtHighest() bool {
	var sure []match
	for _, m := range p.matched {
		i, j, ok := p.s.row.tiled(m.win)
		switch {
		case !ok || m.complete || m.total < p.highest:
			sure = append(sure, m)
		case j-i > 1:
			p.halve(&task{win: m.win, again: true}, i, j)
		default:
			p.push(&task{kind: taskRead, win: m.win})
		}
	}
	p.matched = sure
	return len(p.stack) > 0
}

// doubt reads the rows of this pass whose total was the expected one only because it is the cap.
func (p *Pass) doubt(top int) {
	for _, m := range p.matched {
		if i, j, ok := p.s.row.tiled(m.win); ok && m.total == top {
			p.readEach(i, j)
		}
	}
}

// askAgain asks about the matching rows of this pass once more, after the server's offset turned out to be another one.
func (p *Pass) askAgain() {
	for _, m := range p.matched {
		p.push(&task{kind: taskAsk, win: m.win, again: true})
	}
	p.matched = nil
}

// readEach has the cells [i, j) read one by one.
func (p *Pass) readEach(i, j int) {
	for _, c := range p.s.row.cells[i:j] {
		p.push(&task{kind: taskRead, win: c.Window})
	}
}
