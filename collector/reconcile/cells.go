package reconcile

import (
	"slices"
	"sort"

	"itnio_exporter/collector/idset"
)

type cellKind uint8

const (
	cellRead    cellKind = iota // its ids are known
	cellOpen                    // read, but not complete: to be read again
	cellCounted                 // only its total is known: nothing in it counts
	cellGap                     // the server refuses it
)

// unknown is a total that was never answered, or was another one on each page.
const unknown = -1

// cell is what is known of a window.
type cell struct {
	Window
	kind   cellKind
	odd    bool // the ids and the server's habits do not account for total
	ids    idset.Packed
	shared int   // of its ids, those that the cells just before it hold too
	total  int   // as the server says, while nothing has changed
	readAt int64 // when it was last read whole, or refused
}

// row is the row of cells, sorted by time, without overlaps.
type row struct{ cells []cell }

// from is the index of the first cell that ends after at.
func (r *row) from(at int64) int {
	return sort.Search(len(r.cells), func(i int) bool { return r.cells[i].To > at })
}

// tiled gives the cells that make up a window exactly: [i, j).
func (r *row) tiled(w Window) (i, j int, ok bool) {
	i = r.from(w.From)
	at := w.From
	for j = i; j < len(r.cells) && at < w.To; j++ {
		if r.cells[j].From != at {
			return 0, 0, false
		}
		at = r.cells[j].To
	}
	return i, j, at == w.To && j > i
}

// adjoin reports whether cell i begins where the one before it ends.
func (r *row) adjoin(i int) bool { return i > 0 && r.cells[i-1].To == r.cells[i].From }

// union is how many distinct ids the adjoining cells [i, j) hold. Windows overlap by a second, so a record stands in two cells,
// or in three where the middle one is a second wide.
func (r *row) union(i, j int) int {
	n := r.cells[i].ids.Len()
	for k := i + 1; k < j; k++ {
		c := &r.cells[k]
		if k == i+1 {
			n += c.ids.Len() - c.ids.Shared(r.cells[i].ids) // whatever the cell before i holds
			continue
		}
		n += c.ids.Len() - c.shared
	}
	return n
}

// put brings a cell in, in place of whatever it overlaps. It gives its index.
func (r *row) put(c cell) int {
	i := r.from(c.From)
	j := i
	for j < len(r.cells) && r.cells[j].From < c.To {
		j++
	}
	r.cells = slices.Replace(r.cells, i, j, c)
	for k := i; k <= i+2; k++ {
		r.share(k)
	}
	return i
}

// share works out what a cell shares with the cells before it.
func (r *row) share(i int) {
	if i >= len(r.cells) {
		return
	}
	c := &r.cells[i]
	switch {
	case !r.adjoin(i):
		c.shared = 0
	case r.cells[i-1].width() == 1 && r.adjoin(i-1):
		c.shared = c.ids.Shared(r.cells[i-1].ids, r.cells[i-2].ids)
	default:
		c.shared = c.ids.Shared(r.cells[i-1].ids)
	}
}

// holes are the parts of a window that no cell covers.
func (r *row) holes(w Window) []Window {
	var out []Window
	at := w.From
	for i := r.from(w.From); i < len(r.cells) && r.cells[i].From < w.To; i++ {
		if r.cells[i].From > at {
			out = append(out, Window{at, r.cells[i].From})
		}
		at = r.cells[i].To
	}
	if at < w.To {
		out = append(out, Window{at, w.To})
	}
	return out
}

// lost are the ids that the cells [i, j) hold and a reading of their window does not, and how many of them no cell beside
// them holds any more.
func (r *row) lost(i, j int, ids idset.Packed) (lost []uint64, gone int) {
	for k := i; k < j; k++ {
		lost = append(lost, r.cells[k].ids.Without(ids)...)
	}
	slices.Sort(lost)
	lost = slices.Compact(lost)
	for _, id := range lost {
		before := r.adjoin(i) && r.cells[i-1].ids.Has(id)
		after := j < len(r.cells) && r.adjoin(j) && r.cells[j].ids.Has(id)
		if !before && !after {
			gone++
		}
	}
	return lost, gone
}
