package reconcile

import (
	"slices"
	"sort"

	"itnio_exporter/collector/idset"
)

type cellKind uint8

const (
	cellRead    cellKind = iota // its ids are known
	cellOpen                    // read, but not complete: every pass reads it again
	cellCounted                 // only its total is known: no call in it can count
	cellGap                     // the server refuses it, or its pages have no end
)

// unknown is the total of a cell whose server has not said one, or said different ones during one walk.
const unknown = -1

// cell is what is known of a window.
type cell struct {
	Window
	kind   cellKind
	odd    bool // total is neither the number of ids nor off by the server's usual offset
	ids    idset.Packed
	shared int   // how many of its ids the cells just before it have too
	total  int   // as the server last said
	readAt int64 // server time of the last full read, or of the last refusal
	lostAt int64 // server time at which it was last seen to have lost a record by deletion; 0: never
}

// row is all cells of an account, sorted by time, without overlaps.
type row struct{ cells []cell }

// from is the index of the first cell that ends after at.
func (r *row) from(at int64) int {
	return sort.Search(len(r.cells), func(i int) bool { return r.cells[i].To > at })
}

// tiled returns the cells [i, j) that make up a window exactly.
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

// union is the number of distinct ids in the adjoining cells [i, j). Windows overlap by a second, so a record can be in two
// cells, or in three if the middle one is a second wide.
func (r *row) union(i, j int) int {
	n := r.cells[i].ids.Len()
	for k := i + 1; k < j; k++ {
		c := &r.cells[k]
		if k == i+1 {
			n += c.ids.Len() - c.ids.Shared(r.cells[i].ids) // not shared: that includes the cell before i
			continue
		}
		n += c.ids.Len() - c.shared
	}
	return n
}

// put inserts a cell and removes those that it overlaps. It returns the index of the new cell.
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

// share computes how many ids a cell has in common with the cells before it.
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

// lost returns the ids that are in the cells [i, j) but not in a new reading of their window. gone are those of them that are in no
// adjoining cell either.
func (r *row) lost(i, j int, ids idset.Packed) (lost, gone []uint64) {
	for k := i; k < j; k++ {
		lost = append(lost, r.cells[k].ids.Without(ids)...)
	}
	slices.Sort(lost)
	lost = slices.Compact(lost)
	for _, id := range lost {
		before := r.adjoin(i) && r.cells[i-1].ids.Has(id)
		after := j < len(r.cells) && r.adjoin(j) && r.cells[j].ids.Has(id)
		if !before && !after {
			gone = append(gone, id)
		}
	}
	return lost, gone
}
