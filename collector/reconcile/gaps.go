package reconcile

import "itnio_exporter/collector/call"

// Refusal is a way in which the server refuses a window.
type Refusal uint8

// Refusals.
const (
	TooMuch   Refusal = iota // -23: more records than it will answer for
	TooLong                  // -76: a longer window than it will answer for
	Parameter                // -22
	Broken                   // another failure, which may or may not be the window's: it has a record that cannot be answered, or takes too long
)

const (
	// persistent is how many passes in a row fail at the same place until it is taken for the window's fault.
	persistent = 3
	// maxRefused in a row are more than the narrowing down of a single second takes.
	maxRefused = 32
	// maxGiven windows that are given up in a row are no window's fault.
	maxGiven = 4
)

// failure is where the last pass that failed did, and how many did there in a row.
type failure struct {
	win   Window
	times int
}

func (f *failure) at(w Window) bool { return w.From == f.win.From || w.To == f.win.To }

// passed notes that a window was read.
func (f *failure) passed(w Window) {
	if f.at(w) {
		f.times = 0
	}
}

// failed notes that a window was not, and reports whether that lasts.
func (f *failure) failed(w Window) bool {
	if !f.at(w) {
		f.times = 0
	}
	f.win = w
	f.times++
	return f.times >= persistent
}

// narrowing is what a pass knows of the windows that were refused since the last answer.
type narrowing struct {
	count   int    // in a row
	suspect Window // the first of them: somewhere in it is the reason
	given   int    // suspects given up as a whole
	broken  bool   // a failure that lasts is narrowed down
}

// Refused brings in that the server refuses the window asked for, which is then narrowed down. What it refuses for good becomes
// a gap, and the rest goes on. False: the pass ends, it may refuse everything for now.
func (p *Pass) Refused(r Refusal) bool {
	s, t := p.s, p.top()
	switch {
	case t.kind == taskFrontier && t.page() == 1 && s.frontier.ahead > 0 && r != Broken:
		if s.frontier.refused(r) {
			p.Anomalies[call.AnomalyFutureRefused]++
		}
		return true
	case !p.ofWindow(t, r):
		return false
	case t.ahead || t.confirm:
		p.pop()
		return true
	case t.kind == taskFrontier:
		return p.splitFrontier(2)
	case p.stillRefused(t, r), p.joinsGap(t):
		return true
	}
	n := &p.narrowing
	if n.count++; n.count == 1 {
		n.suspect = t.win
	}
	if n.count > maxRefused {
		return r != TooMuch && r != TooLong && p.giveUp() // a quota passes
	}
	p.narrow(t, r)
	return true
}

// ofWindow reports whether it is the window that the server refuses. Of a failure that may have any reason, only that it lasts
// shows it.
func (p *Pass) ofWindow(t *task, r Refusal) bool {
	if r == Broken || r == Parameter && t.kind == taskFrontier {
		p.narrowing.broken = p.narrowing.broken || p.s.failure.failed(p.window(t))
		return p.narrowing.broken
	}
	return true
}

// stillRefused handles that a gap is refused once more. Parts of it may have come to be answered: they are tried, but not
// narrowed down again.
func (p *Pass) stillRefused(t *task, r Refusal) bool {
	k := p.s.row.from(t.win.From)
	if k >= len(p.s.row.cells) || p.Kind == Sweep {
		return false
	}
	c := &p.s.row.cells[k]
	if c.kind != cellGap || !c.holds(t.win) {
		return false
	}
	c.readAt = p.now
	p.s.dirty[c.From] = struct{}{}
	p.Unsettled++
	p.pop()
	if t.win == c.Window && t.win.width() > 1 && !t.again {
		parts := 8
		if r == Broken { // it may have taken the server long
			parts = 2
		}
		for _, part := range cut(t.win, parts) {
			p.push(&task{kind: taskRead, win: part, again: true})
		}
	}
	return true
}

// joinsGap adds a window to the one after it that was given up.
func (p *Pass) joinsGap(t *task) bool {
	s, n := p.s, &p.narrowing
	if n.given == 0 || t.win.To != n.suspect.From {
		return false
	}
	n.suspect.From = t.win.From
	s.refused[len(s.refused)-1] = n.suspect
	p.pop()
	return true
}

// narrow divides a window that is refused.
func (p *Pass) narrow(t *task, r Refusal) {
	s := p.s
	p.pop()
	i, j, ok := s.row.tiled(t.win)
	switch {
	case t.kind == taskAsk && ok && j-i > 1:
		s.refusedLimit.refused(r, s.row.union(i, j), t.win.width())
		mid := s.row.cells[(i+j)/2].From
		p.push(&task{kind: taskAsk, win: Window{t.win.From, mid}})
		p.push(&task{kind: taskAsk, win: Window{mid, t.win.To}})
	case t.win.width() < 2:
		p.Unsettled++
		s.refused = append(s.refused, t.win)
	case t.kind == taskAsk && ok && s.row.cells[i].kind == cellCounted:
		for _, half := range cut(t.win, 2) {
			p.remember(cell{Window: half, kind: cellCounted, total: unknown})
			p.push(&task{kind: taskAsk, win: half})
		}
	case r == TooMuch || r == TooLong:
		p.split(t.win, 2)
	default:
		for _, half := range cut(t.win, 2) { // the newest first, always: the past may be refused from some time on
			p.push(&task{kind: taskRead, win: half})
		}
	}
}

// giveUp leaves the window that is being narrowed down as a whole. Not many of them: then it is no window's fault.
func (p *Pass) giveUp() bool {
	n := &p.narrowing
	p.s.refused = append(p.s.refused, n.suspect)
	for len(p.stack) > 0 && n.suspect.holds(p.top().win) {
		p.pop()
	}
	p.Unsettled++
	n.count = 0
	n.given++
	return n.given < maxGiven
}

// passOver makes gaps, once the server answers again, of the windows that it has refused, so that a sweep gets past them.
func (p *Pass) passOver() {
	n, r := &p.narrowing, &p.s.row
	n.count, n.given = 0, 0
	for _, w := range p.s.refused {
		// With those beside it it is one question from then on.
		for i := r.from(w.From - 1); i < len(r.cells) && r.cells[i].From <= w.To; i++ {
			if r.cells[i].kind == cellGap {
				w = Window{min(w.From, r.cells[i].From), max(w.To, r.cells[i].To)}
			}
		}
		p.remember(cell{Window: w, kind: cellGap, total: unknown, readAt: p.now})
	}
	p.s.refused = nil
}
