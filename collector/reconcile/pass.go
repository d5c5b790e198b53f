package reconcile

import (
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
	endlesses int // windows whose answers went on and on
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

	again bool // the row has been searched in this pass already; the window is part of a gap that is refused as a whole

	// Of a question or a search.
	search  search
	plain   bool // every part is asked
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
