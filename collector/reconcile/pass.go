package reconcile

import (
	"slices"

	"itnio_exporter/collector/call"
)

// Kind is what a pass is for.
type Kind uint8

// Kinds of passes.
const (
	Live  Kind = iota // over the lookback, at each poll
	Sweep             // over what left the lookback since the last sweep: each window is read in full once; first fill, downtime
	Audit             // over the horizon, once an audit interval
)

// Ask is a request to send: one page, of PageSize records, of the window From to To, Unix seconds.
type Ask struct {
	From, To int64
	Page     int
}

// Pass is one run over the lookback or the horizon. The caller sends the request that Next returns, commits the records of the
// answer, and then gives the answer to Take, or calls Refused if the server refuses the request.
type Pass struct {
	Kind       Kind
	Begun      int64 // server's time
	Requests   int   // that were answered
	Incomplete int   // windows that could not be read completely
	Deleted    int   // records that are gone, each confirmed by a second walk
	Anomalies  map[call.Anomaly]int

	s            *State
	now          int64
	floor        int64
	rereadBefore int64 // cells read before it are due to be read in full again, if anything can hide in them
	clock        int   // State.clock when the pass began
	rates        *rates
	stack        []*task // the next task is the last one
	changes      int     // how many cells have changed
	matched      []match // questions whose total was the expected one
	highest      int     // the highest total answered
	overlong     int     // walks in a row that did not end where their total said they would
	endlesses    int     // windows whose answers went on and on
	done         bool
	whole        bool // done, and nothing was left undone because the clock was set back or windows had no end
	ahead        ahead
	gapTried     bool // this poll tries a gap: one at a time, as each may take the server long
	narrowing    narrowing
}

type taskKind uint8

const (
	taskRead     taskKind = iota // read a window in full
	taskAsk                      // ask whether a row of cells is as it was
	taskSearch                   // find what has changed in a row of cells
	taskFrontier                 // read the frontier in full
)

type task struct {
	kind taskKind
	win  Window

	// Of a reading.
	walk   *Walk
	before *Reading // of the first walk, if that left the window open
	ofGap  bool     // a part of a gap that was refused as a whole
	ahead  bool     // the window is further in the future than the frontier may reach, and makes no cell

	// Of a question or a search.
	search  search
	plain   bool // nothing is inferred: every part is asked about
	again   bool // this pass has asked about the row, or one that has it, before
	confirm bool // the row was searched in vain; its total is asked once more
}

// page is the number of the page to ask for.
func (t *task) page() int {
	if t.walk == nil {
		return 1
	}
	return t.walk.Next()
}

func (s *State) newPass(k Kind, now, floor int64) *Pass {
	s.newest = max(s.newest, now) // if the clock is wrong for this pass alone, the next poll sees that it was set back
	p := &Pass{Kind: k, Begun: now, now: now, floor: floor, s: s, clock: s.clock, Anomalies: map[call.Anomaly]int{}, rates: &s.live}
	p.rereadBefore = now - s.set.AuditInterval/2
	if k == Audit {
		p.rates = &s.audit
	}
	return p
}

func (p *Pass) push(t *task) { p.stack = append(p.stack, t) }

func (p *Pass) pop() {
	last := len(p.stack) - 1
	p.stack[last] = nil // or the ids of its walk would stay for as long as the pass
	p.stack = p.stack[:last]
}

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

// Next returns the request to send next; false if the pass is over.
func (p *Pass) Next() (Ask, bool) {
	for !p.done {
		switch {
		case p.clock != p.s.clock:
			p.done = true
		case len(p.stack) == 0:
			if !p.more() {
				p.end()
			}
		case p.top().kind == taskSearch:
			p.search(p.top())
		default:
			t := p.top()
			w := p.asked(t)
			return Ask{From: w.From, To: w.To, Page: t.page()}, true
		}
	}
	return Ask{}, false
}

// asked is the window that the request of a task asks about.
func (p *Pass) asked(t *task) Window {
	if t.kind == taskFrontier {
		return p.s.frontier.asked(p.now)
	}
	return Window{t.win.From - 1, t.win.To}
}

// more pushes what the pass has left once its tasks are done. It returns false if there is nothing.
func (p *Pass) more() bool {
	switch p.Kind {
	case Sweep:
		return p.moreToSweep()
	case Audit:
		return p.doubtHighest()
	}
	return false
}

// end ends a pass that has nothing left to do.
func (p *Pass) end() {
	p.done, p.whole = true, true
	p.rates.learn()
	if p.Kind == Audit {
		p.s.audited(p.Begun)
	}
}

// Whole reports whether the pass is over and was not cut short.
func (p *Pass) Whole() bool { return p.whole }

// Take gives the pass the answer to its last request.
func (p *Pass) Take(a Answer) {
	p.passOver()
	p.Requests++
	t, s := p.top(), p.s
	if t.walk == nil {
		t.walk = NewWalk(&s.paging)
	}
	first := t.walk.pages == 0 && t.before == nil
	g := t.walk.read(a)
	if p.Requests == 1 && g.sized && a.Size != PageSize {
		p.Anomalies[call.AnomalyPageSizeImposed]++
	}
	if a.Total >= 0 || len(a.IDs) > 0 {
		s.trust.absent = g.untold
	}
	s.trust.saw(a.Total)
	p.highest = max(p.highest, a.Total)
	if t.walk.pages == 0 {
		p.sawAnswer(t, a.Total)
	}
	if first && t.kind == taskAsk && !p.told(t, g) || first && p.tooMuch(t, g) {
		return
	}
	if t.walk.take(g) {
		p.walked(t)
	} else {
		p.overrun(t)
	}
}
