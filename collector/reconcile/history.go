package reconcile

import "slices"

// History reads a stretch of the past once, its oldest window first: a sweep without polls. It keeps only what is not settled yet,
// so its size does not grow with the stretch.
type History struct {
	s       *State
	all     Window
	pass    *Pass
	told    int64          // what is settled has been told up to here
	more    map[Window]int // how often windows were read once more
	retries int            // how many such readings there were since something was settled
}

const (
	longest  = 30 * day // of a window: some servers allow 31 days, and a request begins a second early
	shortest = 60       // the narrowest window that is chosen by how dense the records were
	growth   = 4        // a window is at most so many times as wide as what was read before it
	moreOpen = 3        // how often a window whose walks differ is read once more
	moreGap  = 1        // how often a gap is: an outage may have been the reason, and be over
	mostMore = 12       // readings once more before anything new is settled
)

// NewHistory begins to read a window.
func NewHistory(w Window) *History {
	// The pass runs as if it were so much later that nothing is recent: few records are added to its windows.
	s := New(Settings{Lookback: filling, Horizon: w.width() + filling, AuditInterval: hour}, nil, w.From)
	s.wide = day
	return &History{s: s, all: w, told: w.From, more: map[Window]int{}}
}

// Next is the next request to send. False: the pass is over, because everything was read or because the server refuses too much.
func (h *History) Next() (Ask, bool) {
	h.begin()
	h.readMore()
	return h.pass.Next()
}

// begin begins a pass if none is under way.
func (h *History) begin() {
	if h.pass == nil {
		h.pass = h.s.Sweep(h.all.To+filling, h.all.From)
	}
}

// readMore has open windows and gaps read once more, once the pass has nothing else under way.
func (h *History) readMore() {
	if len(h.pass.stack) > 0 {
		return
	}
	for i := range h.s.row.cells {
		if c := &h.s.row.cells[i]; h.again(c) {
			h.retries++
			h.more[c.Window]++
			h.pass.push(&task{kind: taskRead, win: c.Window})
			return
		}
	}
}

// again reports whether a cell is to be read once more.
func (h *History) again(c *cell) bool {
	done := h.more[c.Window]
	return h.retries < mostMore && (c.kind == cellOpen && done < moreOpen || c.kind == cellGap && done < moreGap)
}

// Take gives the answer to the last request.
func (h *History) Take(a Answer) {
	a.Pending = false // an old record that is not complete will not be
	h.pass.Take(a)
}

// Refused tells that the server refuses the last request, in a way that may be about its window. The window is then narrowed down.
// False: it may refuse everything for now; the caller waits and goes on with Next.
func (h *History) Refused(r Refusal) bool {
	if r == TooLong {
		h.s.wide = max(hour, h.s.wide/2)
	}
	return h.pass.Refused(r)
}

// Over ends a pass that failed, or that Next has ended. The next one goes on where this one has come to.
func (h *History) Over() {
	if h.pass != nil && len(h.pass.stack) > 0 { // what was to be read once more was not
		clear(h.more)
		h.retries = 0
	}
	h.pass = nil
}

// Done reports whether the whole stretch is read.
func (h *History) Done() bool { return h.settled() >= h.all.To && !h.Refusing() }

// Refusing reports whether the newest answers were all refusals. If Next has ended the pass, nothing else is left to read for now.
func (h *History) Refusing() bool { return len(h.s.refused) > 0 }

// PassOver makes gaps of the windows that are refused: the server answers otherwise.
func (h *History) PassOver() {
	h.begin()
	h.pass.passOver()
	h.s.sweepOn()
}

// Settled is a stretch that will not be read again.
type Settled struct {
	Window
	Gaps []Window // parts that the server refuses, or whose pages have no end
	Open []Window // parts whose walks differed each time: a record may be missing
}

// Settled tells what has been settled since the last call; false: nothing.
func (h *History) Settled() (Settled, bool) {
	s := h.s
	at := h.settled()
	if at <= h.told {
		return Settled{}, false
	}
	out := Settled{Window: Window{h.told, at}}
	n := s.row.from(at)
	records := 0
	for _, c := range s.row.cells[:n] {
		records += c.ids.Len()
		switch c.kind {
		case cellGap:
			out.Gaps = append(out.Gaps, c.Window)
		case cellOpen:
			out.Open = append(out.Open, c.Window)
		}
		delete(h.more, c.Window)
	}
	s.row.cells = slices.Clip(slices.Delete(s.row.cells, 0, n))
	clear(s.dirty)
	s.deletions = nil
	h.told, h.retries = at, 0
	h.adapt(out.width(), records)
	return out, true
}

// settled is the time before which nothing is read again.
func (h *History) settled() int64 {
	at := min(h.s.swept, h.all.To)
	for i := range h.s.row.cells {
		if c := &h.s.row.cells[i]; h.again(c) {
			at = min(at, c.From)
		}
	}
	if h.pass != nil {
		for _, t := range h.pass.stack {
			at = min(at, t.win.From)
		}
	}
	return at
}

// adapt chooses the width of the next windows, so that one walk reads each, with as few pages that are not full as can be.
func (h *History) adapt(width int64, records int) {
	s := h.s
	fits := float64(pastPages-pastPages/4) * float64(s.pageSize())
	if !s.trust.plain(h.all.To + filling) {
		fits = fill * float64(s.pageSize())
	}
	wide := min(growth*max(width, shortest), longest)
	if records > 0 {
		wide = min(wide, int64(fits*float64(width)/float64(records)))
	}
	s.wide = max(wide, shortest)
}
