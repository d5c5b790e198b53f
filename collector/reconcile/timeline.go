// Package reconcile decides what to ask an account for, so that the ledger is in step with the API over a stretch of time.
// It plans and learns from answers; it does no I/O and reads no clock.
//
// What is known of the past is a row of cells: windows that were read whole, each with the total that the server gave and
// the ids that were in it. One request shows whether any stretch of cells is still as it was: its total is the number of
// distinct ids in it. A stretch that has changed is halved until the changed cell is found, and that is read whole. The
// newest stretch, the frontier, has no end and is read whole each time.
package reconcile

import (
	"slices"
	"sort"
)

// Window is [From, To) in Unix seconds of the server's clock. It is asked for from a second before From up to To, so that
// whether a server takes its ends as inclusive does not matter.
type Window struct{ From, To int64 }

func (w Window) width() int64 { return w.To - w.From }

// cell is a window that was read whole.
type cell struct {
	Window
	total  int      // the server's total while nothing has changed
	n      int      // distinct ids read
	unique int      // of these, those that the cell before does not hold
	ids    []uint64 // sorted; kept while the cell is young
	known  bool     // ids are there
	readAt int64    // when it was last read whole; 0: before this process
	open   bool     // not settled: read it again
	blind  bool     // total says nothing
}

// timeline is the row of cells, sorted, without overlaps.
type timeline struct{ cells []cell }

// from is the index of the first cell that ends after at.
func (t *timeline) from(at int64) int {
	return sort.Search(len(t.cells), func(i int) bool { return t.cells[i].To > at })
}

// tiled gives the cells that make up a window exactly: [i, j).
func (t *timeline) tiled(w Window) (i, j int, ok bool) {
	i = t.from(w.From)
	at := w.From
	for j = i; j < len(t.cells) && at < w.To; j++ {
		if t.cells[j].From != at {
			return 0, 0, false
		}
		at = t.cells[j].To
	}
	return i, j, at == w.To && j > i
}

// expected is how many distinct ids are known of the cells [i, j).
func (t *timeline) expected(i, j int) int {
	if j-i == 1 {
		return t.cells[i].total
	}
	n := t.cells[i].n
	for k := i + 1; k < j; k++ {
		n += t.cells[k].unique
	}
	return n
}

// put brings a cell in, in place of whatever it overlaps, and works out anew what it shares with its neighbours.
func (t *timeline) put(c cell) {
	i := t.from(c.From)
	j := i
	for j < len(t.cells) && t.cells[j].From < c.To {
		j++
	}
	c.unique = c.n
	if j > i && t.cells[i].From == c.From {
		// Without the neighbour's ids, what they shared before is the best that is known.
		c.unique = max(0, c.n-(t.cells[i].n-t.cells[i].unique))
	}
	t.cells = slices.Replace(t.cells, i, j, c)
	t.share(i)
	t.share(i + 1)
}

func (t *timeline) share(i int) {
	if i <= 0 || i >= len(t.cells) {
		return
	}
	left, c := &t.cells[i-1], &t.cells[i]
	if left.To != c.From {
		c.unique = c.n
	} else if left.known && c.known {
		c.unique = c.n - common(left.ids, c.ids)
	}
}

// common counts the elements of both sorted lists.
func common(a, b []uint64) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

// holes are the parts of a window that no cell covers.
func (t *timeline) holes(w Window) []Window {
	var out []Window
	at := w.From
	for i := t.from(w.From); i < len(t.cells) && t.cells[i].From < w.To; i++ {
		if t.cells[i].From > at {
			out = append(out, Window{at, t.cells[i].From})
		}
		at = t.cells[i].To
	}
	if at < w.To {
		out = append(out, Window{at, w.To})
	}
	return out
}

// alignment is the power of two that the bounds of windows of about this width are multiples of.
func alignment(width int64) int64 {
	g := int64(1)
	for g*8 <= width {
		g *= 2
	}
	return g
}

func alignDown(t, g int64) int64 { return t - ((t%g)+g)%g }

// cut divides a window at aligned bounds into about k parts, at least two where it can be divided at all. The parts come
// in order of time.
func cut(w Window, k int) []Window {
	if w.width() < 2 {
		return []Window{w}
	}
	k = max(2, min(k, int(min(w.width(), 1024))))
	step := max(1, (w.width()+int64(k)-1)/int64(k))
	g := alignment(step)
	out := make([]Window, 0, k+1)
	at := w.From
	for at < w.To {
		next := alignDown(at+step+g/2, g)
		if next <= at {
			next = at + step
		}
		if next >= w.To || w.To-next < g/2 {
			next = w.To
		}
		out = append(out, Window{at, next})
		at = next
	}
	if len(out) == 1 {
		mid := w.From + w.width()/2
		out = []Window{{w.From, mid}, {mid, w.To}}
	}
	return out
}
