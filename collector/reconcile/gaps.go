package reconcile

import (
	"itnio_exporter/collector/call"
	"itnio_exporter/itnio"
)

// Refusal is a way in which the server refuses a window.
type Refusal uint8

// Refusals.
const (
	TooMuch   Refusal = iota // -23: more records than it will answer for
	TooLong                  // -76: a longer window than it will answer for
	Parameter                // -22
	Broken                   // any other failure: a record in the window may be the reason, or the window is not the reason at all
)

const (
	// persistent is how many passes in a row have to fail at the same place before the window is taken to be the reason.
	persistent = 3
	// maxRefused is a number of refusals in a row that is more than it takes to narrow a horizon down to one second.
	maxRefused = 32
	// maxGiven is how many windows in a row are given up before a pass ends: then no window is the reason.
	maxGiven = 4
	// gapPause is how many seconds polls wait after the last try of a gap in the lookback. They try it at all because an audit that
	// is under way may have been planned before the gap, and the next one may be hours away.
	gapPause = 600
)

// failure is the window at which the last failed pass ended, and how many passes in a row ended there.
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

// failed notes that a pass failed at a window, and reports whether enough passes in a row have.
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
	count  int    // how many
	first  Window // the first of them: the reason is somewhere in it
	given  int    // how many such windows became gaps without being narrowed down to the end
	broken bool   // in this pass a Broken is taken to be caused by the window
}

// Refused tells the pass that the server refused its last request. The pass then narrows the window down: what remains refused
// becomes a gap, and the rest is read. It returns false if the pass has to end because the server may refuse everything for now.
func (p *Pass) Refused(r Refusal) bool {
	t := p.top()
	p.sawRefusal(t, r)
	switch {
	case p.ahead.since(p.Requests):
		return p.skip(t)
	case p.refusedFuture(t, r), p.pastEnd(t, p.endsRefused(r)):
		return true
	case p.stillRefused(t, r): // before ofWindow: no pass fails at a gap that is known
		return true
	case !p.ofWindow(t, r):
		return false
	case p.pastEnd(t, r == Broken):
		return true
	case t.ahead || t.confirm:
		p.pop()
		return true
	case t.kind == taskFrontier:
		return p.splitFrontier(2) || r == Parameter && p.skip(t)
	case p.joinsGap(t):
		return true
	}
	n := &p.narrowing
	if n.count++; n.count == 1 {
		n.first = t.win
	}
	if n.count > maxRefused {
		return p.giveUp(r)
	}
	p.narrow(t, r)
	return true
}

// refusedFuture handles a refusal of the frontier for which its end in the future may be the reason.
func (p *Pass) refusedFuture(t *task, r Refusal) bool {
	if t.kind != taskFrontier || t.page() != 1 || p.s.frontier.ahead == 0 || r == Broken {
		return false
	}
	if p.s.frontier.refused(r) {
		p.s.known.Future = itnio.FutureRefused
		p.Anomalies[call.AnomalyFutureRefused]++
	}
	return true
}

// endsRefused reports whether this is how the server refuses a page past the last. A failure that can have other reasons is that only if
// it has been before.
func (p *Pass) endsRefused(r Refusal) bool {
	return r == Parameter || r == Broken && p.s.paging.pastEnd == itnio.PastEndRefused
}

// pastEnd ends a walk whose last page was answered: the one that is refused is past the end. If it was not, the walk has found fewer
// records than the total says, and is repeated. It does nothing if the refusal is not sure to be about the page.
func (p *Pass) pastEnd(t *task, sure bool) bool {
	if !sure || t.walk == nil || !t.walk.refused() {
		return false
	}
	p.walked(t)
	return true
}

// ahead is a run of refusals from the frontier back, without an answer: the server answers by a clock that is behind its Date. The
// newest seconds are then left to the next polls.
type ahead struct {
	skipped int // windows that were left out
	after   int // answers before the first of them
}

func (a *ahead) since(answers int) bool { return a.skipped > 0 && a.after == answers }

const (
	maxBehind  = 900 // seconds by which that clock may be behind
	minSkipped = 64  // seconds: no shorter window is halved before it is left out
	maxSkipped = 60  // more windows in a row are an outage
)

// skip leaves a window out, or halves it, the newest half first. It returns false if the clock cannot be the reason.
func (p *Pass) skip(t *task) bool {
	if !p.ahead.since(p.Requests) {
		p.ahead = ahead{after: p.Requests}
	}
	p.ahead.skipped++
	unread := t.kind == taskFrontier || t.kind == taskRead && t.win.To > p.now-maxBehind
	if !unread || p.ahead.skipped > maxSkipped {
		return false
	}
	p.pop()
	if t.kind == taskFrontier || t.win.width() <= minSkipped {
		p.Incomplete++
		return true
	}
	for _, half := range cut(t.win, 2) {
		p.push(&task{kind: taskRead, win: half})
	}
	return true
}

// Refusing reports whether the server has refused a window and not answered since.
func (p *Pass) Refusing() bool { return p.narrowing.count > 0 || len(p.s.refused) > 0 }

// ofWindow reports whether the window is the reason for a refusal. A failure that can have other reasons has to repeat itself.
func (p *Pass) ofWindow(t *task, r Refusal) bool {
	if r == Broken || r == Parameter && t.kind == taskFrontier && t.page() == 1 {
		p.narrowing.broken = p.narrowing.broken || p.s.failure.failed(p.window(t))
		return p.narrowing.broken
	}
	return true
}

// stillRefused handles a refusal within a known gap. The server may answer parts of it by now: they are tried once, but not
// narrowed down. Once a part is answered, the gap is gone, and those that are refused become gaps of their own.
func (p *Pass) stillRefused(t *task, r Refusal) bool {
	if p.Kind == Sweep || t.kind == taskFrontier {
		return false
	}
	k := p.s.row.from(t.win.From)
	if k >= len(p.s.row.cells) || p.s.row.cells[k].kind != cellGap || !p.s.row.cells[k].contains(t.win) {
		if t.ofGap {
			p.remember(cell{Window: t.win, kind: cellGap, total: unknown, readAt: p.now})
			p.Incomplete++
			p.pop()
		}
		return t.ofGap
	}
	c := &p.s.row.cells[k]
	c.readAt = p.now
	p.s.dirty[c.From] = struct{}{}
	p.Incomplete++
	p.pop()
	if t.win == c.Window && t.win.width() > 1 {
		parts := 8
		if r == Broken { // each attempt may take the server long
			parts = 2
		}
		for _, part := range cut(t.win, parts) {
			p.push(&task{kind: taskRead, win: part, ofGap: true})
		}
	}
	return true
}

// joinsGap handles a refusal just before a window that was given up: it is given up too.
func (p *Pass) joinsGap(t *task) bool {
	s, n := p.s, &p.narrowing
	if n.given == 0 || t.win.To != n.first.From {
		return false
	}
	n.first.From = t.win.From
	s.refused[len(s.refused)-1] = n.first
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
		union := s.row.union(i, j)
		s.refusedLimit.refused(r, union, t.win.width())
		if r == TooMuch {
			s.known.Records.Refuse(int64(union))
		}
		p.halve(t, i, j)
	case t.win.width() < 2:
		p.Incomplete++
		s.refused = append(s.refused, t.win)
	case t.kind == taskAsk && ok && s.row.cells[i].kind == cellCounted:
		for _, half := range cut(t.win, 2) {
			p.remember(cell{Window: half, kind: cellCounted, total: unknown})
			p.push(&task{kind: taskAsk, win: half})
		}
	case r == TooMuch || r == TooLong:
		p.split(t.win, 2)
	default:
		for _, half := range cut(t.win, 2) { // the newest first in any pass: the server may refuse all of the past before some time
			p.push(&task{kind: taskRead, win: half})
		}
	}
}

// giveUp makes a gap of the whole window that is being narrowed down. It returns false if that has happened too often, or if the
// refusals are a quota, as so many -23 or -76 in a row are: then the pass ends, and the next one tries again.
func (p *Pass) giveUp(r Refusal) bool {
	if r == TooMuch || r == TooLong {
		return false
	}
	n := &p.narrowing
	p.s.refused = append(p.s.refused, n.first)
	for len(p.stack) > 0 && n.first.contains(p.top().win) {
		p.pop()
	}
	p.Incomplete++
	n.count = 0
	n.given++
	return n.given < maxGiven
}

// passOver turns the refused windows into gaps once the server answers again, so that a sweep can go on behind them.
func (p *Pass) passOver() {
	n, r := &p.narrowing, &p.s.row
	n.count, n.given = 0, 0
	for _, w := range p.s.refused {
		// Adjoining gaps are one gap: one request tries it again.
		for i := r.from(w.From - 1); i < len(r.cells) && r.cells[i].From <= w.To; i++ {
			if r.cells[i].kind == cellGap {
				w = Window{min(w.From, r.cells[i].From), max(w.To, r.cells[i].To)}
			}
		}
		p.remember(cell{Window: w, kind: cellGap, total: unknown, readAt: p.now})
	}
	p.s.refused = nil
}
