package reconcile

import (
	"itnio_exporter/collector/idset"
	"itnio_exporter/itnio"
)

// Answer is one page of records.
type Answer struct {
	Total   int      // records in the window; -1: not said
	Size    int      // records on a full page; 0: not said
	IDs     []uint64 // ids of the records
	Pending bool     // a record is not complete yet
}

// PageSize is the size of page to ask for, in records: the largest that the API documents.
const PageSize = itnio.PageSize

const (
	fewest = 10 // a page with fewer records is never taken for a full one if the server does not say its size
	// Limits of one walk. No window that is too short to be divided has so many records.
	maxPages = 2_000
	maxIDs   = 200_000
)

// Paging is what is known of a server's pages. All walks over one server share it.
type Paging struct {
	full    int           // records on a full page; 0: not known
	told    int           // page size that the server says; 0: it says none
	sent    int           // records on the largest page that had more behind it, whatever size the server says; 0: not known
	largest int           // records on the largest page seen
	short   int           // by how much every total is too small
	pastEnd itnio.PastEnd // "": not known
}

// page is an answer in which what the server left out is filled in.
type page struct {
	Answer
	untold bool // the server said no total: Total is a guess, large enough if there may be more pages
	sized  bool // the server said a page size that can be true
	full   bool // there may be another page
}

// complete reports whether the page has all records of its window.
func (g *page) complete() bool { return g.Total <= g.Size && len(g.IDs) == g.Total }

// more reports whether the window has more pages, going by its total.
func (g *page) more() bool { return g.full && g.Total > g.Size }

// Walk reads one window page by page. It ends at a page that is empty, shorter than the page size answered, or without new ids,
// and where the page after a short one is refused. It never ends because the total is reached: a total can be wrong, and can change during the walk.
type Walk struct {
	paging  *Paging
	pages   int // answered
	filled  int // pages with records
	largest int // records on the largest page
	ids     map[uint64]struct{}
	total   int
	steady  bool
	untold  bool
	pending bool
	endless bool
	twice   bool
	partial bool // the last page was not full: the server has sent larger ones, whatever size it says
}

// NewWalk begins a walk.
func NewWalk(paging *Paging) *Walk {
	return &Walk{paging: paging, ids: map[uint64]struct{}{}, steady: true}
}

// Next is the number of the page to request next, from 1.
func (w *Walk) Next() int { return w.pages + 1 }

// Take adds the answer for page Next. It reports whether the walk is over.
func (w *Walk) Take(a Answer) (over bool) { return w.take(w.read(a)) }

// read fills in what an answer leaves out.
func (w *Walk) read(a Answer) page {
	g := page{Answer: a, untold: a.Total < 0}
	w.paging.largest = max(w.paging.largest, len(a.IDs))
	g.sized = a.Size > 0 && (!g.untold || a.Size <= w.paging.largest) // without a total, only a page of that size proves it
	if !g.sized {
		g.Size = max(w.paging.largest, 1) // a page is full if there was no larger one
	}
	g.Size = max(g.Size, len(a.IDs))
	switch {
	case !g.untold:
	case len(a.IDs) >= g.Size:
		g.Total = 2 * g.Size
	case len(a.IDs) > 0:
		g.Total = len(a.IDs)
	case w.pages > 0: // past the last page, where some servers answer without total and size
		g.untold, g.Total = w.untold, w.total
	default: // an empty window
		g.untold, g.Total = false, 0
	}
	g.full = len(a.IDs) >= g.Size && (g.sized || g.Size >= fewest)
	w.paging.saw(a, &g)
	return g
}

// saw learns the size of pages from an answer.
func (p *Paging) saw(a Answer, g *page) {
	if g.sized {
		p.told = a.Size
	}
	if len(a.IDs) == a.Size && a.Size > 0 || g.full && g.Total > len(a.IDs) {
		p.full = g.Size
	}
}

// followed learns from the page that came after full ones with at most so many records: fresh of its ids are new. Requests are not
// planned by it: a page may have been cut short.
func (p *Paging) followed(full, ids, fresh int) {
	if fresh == 0 {
		p.pastEnd = itnio.PastEndOf(ids, nil)
		return
	}
	if full = max(full, ids); full >= fewest {
		p.sent = full
	}
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
	full := w.largest
	w.largest = max(w.largest, len(g.IDs))
	short := len(g.IDs) < size && (!w.untold || g.sized)
	w.partial = len(g.IDs) < min(size, w.paging.largest)
	fresh := w.add(g.IDs)
	if w.pages > 1 {
		w.paging.followed(full, len(g.IDs), fresh)
	}
	if fresh == 0 || short && w.last(len(g.IDs), g.Total) {
		return true
	}
	w.endless = w.pages >= maxPages || len(w.ids) >= maxIDs
	return w.endless
}

// refused reports whether the walk is over because the server refuses its next page: one that was not full was the last. After a full
// page the refusal may have another reason.
func (w *Walk) refused() (over bool) {
	if w.partial {
		w.paging.pastEnd = itnio.PastEndRefused
	}
	return w.partial
}

// add adds the ids of a page and returns how many of them are new to the walk.
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

// last reports whether a short page is the last one. If the page size that the server said is false and the total too small,
// all pages are short.
func (w *Walk) last(n, total int) bool {
	return len(w.ids) >= total+w.paging.short && (w.pages == 1 || n < w.largest)
}

// Reading is the result of a walk.
type Reading struct {
	IDs     idset.Packed
	Total   int  // as the server said; the number of ids if it said none
	Steady  bool // the total was the same on every page
	Untold  bool // the server says no totals
	Pages   int  // pages with records
	Pending bool // a record is not complete yet
	Endless bool // the walk reached its limits before it reached a last page
	Twice   bool // the first page had a record twice
}

// Reading returns the result of a walk that is over.
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

// excess is the total less the number of ids.
func (r *Reading) excess() int { return r.Total - r.IDs.Len() }

// Totals is what one reading shows of the server's totals, and how many more than records the total says. Records that were added
// while it was read look like a total that changes.
func (r *Reading) Totals() (kind itnio.Totals, off int) {
	switch {
	case r.Untold:
		return itnio.TotalsUntold, 0
	case !r.Steady:
		return itnio.TotalsChanging, 0
	case r.excess() != 0:
		return itnio.TotalsOff, r.excess()
	}
	return itnio.TotalsExact, 0
}

// agrees reports whether the total is the number of ids. Without totals, a window of several pages needs a second walk to show
// that no record was missed because pages shifted during the first.
func (r *Reading) agrees() bool { return r.Steady && r.excess() == 0 && (!r.Untold || r.Pages < 2) }

// same reports whether two readings found the same ids and the same total, each on all of its pages.
func (r *Reading) same(before *Reading) bool {
	return before != nil && before.Steady && r.Steady && before.Total == r.Total && before.IDs == r.IDs
}
