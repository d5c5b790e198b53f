package reconcile

import "itnio_exporter/collector/idset"

// Answer is a page of records as the server answered.
type Answer struct {
	Total   int      // records in the window; -1: not said
	Size    int      // records on a full page; 0: not said
	IDs     []uint64 // identities of the records, in their order
	Pending bool     // some record is not complete
}

const (
	pageSize = 100 // the largest that the API documents
	fewest   = 10  // records that are taken for a full page where the server does not say
	// A walk whose answers go on and on ends there: no window that cannot be divided has so many records.
	maxPages = 2_000
	maxIDs   = 200_000
)

// Paging is what is known of how a server pages. It is shared by all walks over one server.
type Paging struct {
	full    int // records on a full page, once seen
	largest int // page
	short   int // by how many records totals are too few, always
}

// page is an answer with all that the server left out.
type page struct {
	Answer
	untold bool // the server says no totals: Total is what is seen, twice as much where there may be more
	sized  bool // the server says how much a full page has, and it can be true
	full   bool // there may be another page
}

// complete reports whether the page is all that the window holds.
func (g *page) complete() bool { return g.Total <= g.Size && len(g.IDs) == g.Total }

// more reports whether by its total the window has more pages than this one.
func (g *page) more() bool { return g.full && g.Total > g.Size }

// Walk reads one window page by page: it asks for page after page until one is empty, shorter than the size answered, or
// brings nothing new; never until a total is reached, which may be wrong or may change meanwhile.
type Walk struct {
	paging  *Paging
	pages   int // answered
	filled  int // of these, those with records
	largest int // page
	ids     map[uint64]struct{}
	total   int
	steady  bool
	untold  bool
	pending bool
	endless bool
	twice   bool
}

// NewWalk begins a walk.
func NewWalk(paging *Paging) *Walk {
	return &Walk{paging: paging, ids: map[uint64]struct{}{}, steady: true}
}

// Next is the number of the page to ask for, from 1.
func (w *Walk) Next() int { return w.pages + 1 }

// Take brings in the answer for page Next. It reports whether the walk is over.
func (w *Walk) Take(a Answer) (over bool) { return w.take(w.read(a)) }

// read works out what an answer leaves out.
func (w *Walk) read(a Answer) page {
	g := page{Answer: a, untold: a.Total < 0}
	w.paging.largest = max(w.paging.largest, len(a.IDs))
	g.sized = a.Size > 0 && (!g.untold || a.Size <= w.paging.largest) // without a total, nothing but a page that large shows that it is true
	if !g.sized {
		g.Size = max(w.paging.largest, 1) // a page is full if there was none larger
	}
	g.Size = max(g.Size, len(a.IDs))
	switch {
	case !g.untold:
	case len(a.IDs) >= g.Size:
		g.Total = 2 * g.Size
	case len(a.IDs) > 0:
		g.Total = len(a.IDs)
	case w.pages > 0: // the end of a walk: some servers then leave everything out
		g.untold, g.Total = w.untold, w.total
	default: // nothing, which needs no total
		g.untold, g.Total = false, 0
	}
	g.full = len(a.IDs) >= g.Size && (g.sized || g.Size >= fewest)
	if len(a.IDs) == a.Size && a.Size > 0 || g.full && g.Total > len(a.IDs) {
		w.paging.full = g.Size
	}
	return g
}

func (w *Walk) take(g page) (over bool) {
	if w.pages == 0 {
		w.total, w.untold = g.Total, g.untold
	}
	w.pages++
	w.steady = w.steady && w.untold == g.untold && (w.untold || g.Total == w.total)
	w.total = g.Total
	w.pending = w.pending || g.Pending
	size := g.Size
	if !g.sized && w.pages > 1 {
		size = min(size, w.largest)
	}
	w.largest = max(w.largest, len(g.IDs))
	short := len(g.IDs) < size && (!w.untold || g.sized)
	if fresh := w.add(g.IDs); fresh == 0 || short && w.last(len(g.IDs), g.Total) {
		return true
	}
	w.endless = w.pages >= maxPages || len(w.ids) >= maxIDs
	return w.endless
}

// add takes the ids of a page, and gives how many of them the walk has not seen.
func (w *Walk) add(ids []uint64) (fresh int) {
	if len(ids) > 0 {
		w.filled++
	}
	before := len(w.ids)
	for _, id := range ids {
		w.ids[id] = struct{}{}
	}
	fresh = len(w.ids) - before
	w.twice = w.twice || w.pages == 1 && fresh < len(ids)
	return fresh
}

// last reports whether a short page is the last of a walk. The size that the server says may be false, and the total capped or
// one too few: then all pages are as short, and there are more.
func (w *Walk) last(n, total int) bool {
	return len(w.ids) >= total+w.paging.short && (w.pages == 1 || n < w.largest)
}

// Reading is what a walk found.
type Reading struct {
	IDs     idset.Packed
	Total   int  // as the server said; the number of ids if it says none
	Steady  bool // the total was the same on every page
	Untold  bool // the server says no totals
	Pages   int  // with records
	Pending bool // some record is not complete
	Endless bool // the walk was ended before the answers were
	Twice   bool // a page held a record twice
}

// Reading gives what a walk that is over has found.
func (w *Walk) Reading() Reading {
	ids := make([]uint64, 0, len(w.ids))
	for id := range w.ids {
		ids = append(ids, id)
	}
	r := Reading{
		IDs: idset.Pack(ids), Total: w.total, Steady: w.steady && !w.endless, Untold: w.untold, Pages: w.filled,
		Pending: w.pending, Endless: w.endless, Twice: w.twice,
	}
	if r.Untold {
		r.Total = r.IDs.Len()
	}
	return r
}

// excess is by how much the total is more than the ids.
func (r *Reading) excess() int { return r.Total - r.IDs.Len() }

// agrees reports whether total and ids agree. Without totals, only a second walk shows that no page was shifted during the
// first.
func (r *Reading) agrees() bool { return r.Steady && r.excess() == 0 && (!r.Untold || r.Pages < 2) }

// same reports whether two readings in a row, each with one total on all of its pages, have found the same.
func (r *Reading) same(before *Reading) bool {
	return before != nil && before.Steady && r.Steady && before.Total == r.Total && before.IDs == r.IDs
}
