package reconcile

import (
	"cmp"
	"math"

	"itnio_exporter/itnio"
)

// Know begins with what was known of the server before. The server may have been upgraded meanwhile: what would then hide records is
// not believed before it shows itself again, and the rest costs a few requests at most, until an answer contradicts it. Whether there
// are totals, the first answer says.
func (s *State) Know(h itnio.Habits) {
	s.known = h
	if s.paging.told = h.PageSize; h.PageSize > 0 && h.PageSize <= PageSize { // larger pages than asked for are not planned with
		s.paging.full = h.PageSize
	}
	s.trust.know(&h)
	if n := h.Records.Refused; n > 0 {
		s.refusedLimit.total = int(max(1, n-1))
	}
	if n := h.Width.Refused; n > 0 {
		s.refusedLimit.width = max(1, n-1)
	}
	if h.Future == itnio.FutureRefused {
		s.frontier.ahead = 0
	}
}

// Describe sets what is known of the server's totals, pages and windows now.
func (s *State) Describe(h *itnio.Habits) {
	h.Records, h.Width, h.Future = s.known.Records, s.known.Width, s.known.Future
	s.paging.Describe(h)
	s.trust.describe(h, s.newest)
}

// Describe sets what walks have shown of the server's pages.
func (p *Paging) Describe(h *itnio.Habits) {
	h.PageSize = cmp.Or(p.sent, p.full, p.told, h.PageSize)
	h.PastEnd = cmp.Or(p.pastEnd, h.PastEnd)
}

func (t *trust) know(h *itnio.Habits) {
	if h.Totals == itnio.TotalsOff {
		t.last, t.run = h.TotalsOff, steadyReadings-1 // the next reading confirms it
	}
	if h.TotalCap > 0 {
		t.top, t.retry = h.TotalCap, math.MaxInt64 // the first pass sets when to forget it
	}
}

func (t *trust) describe(h *itnio.Habits, now int64) {
	totals := h.Totals
	switch {
	case t.absent:
		totals = itnio.TotalsUntold
	case t.wanders(now):
		totals = itnio.TotalsChanging
	case t.off != 0:
		totals = itnio.TotalsOff
		h.TotalsOff = t.off
	case t.last == 0 && t.run >= steadyReadings:
		totals = itnio.TotalsExact
	}
	if h.Totals = totals; totals != itnio.TotalsOff {
		h.TotalsOff = 0
	}
	if h.TotalCap = t.top; t.top == math.MaxInt {
		h.TotalCap = 0
	}
}

// sawRefusal notes that a window was refused as too long.
func (p *Pass) sawRefusal(t *task, r Refusal) {
	if r == TooLong && t.page() == 1 {
		p.s.known.Width.Refuse(p.asked(t).width() - 1)
	}
}

// sawAnswer notes what window was answered, with how many records.
func (p *Pass) sawAnswer(t *task, total int) {
	h := &p.s.known
	h.Width.Answer(p.asked(t).width() - 1)
	h.Records.Answer(int64(max(0, total)))
	if t.kind == taskFrontier && p.s.frontier.ahead > 0 {
		h.Future = itnio.FutureAnswered
	}
}
