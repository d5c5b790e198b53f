package simulator

import (
	"cmp"
	"fmt"
	"slices"
)

// sortedRows is the last sorted result, kept because requests for its next pages follow.
type sortedRows struct {
	key     string
	version uint64
	rows    []uint32
}

// listing says which rows are asked for and in which order.
type listing struct {
	window   window
	matcher  matcher
	order    Order
	unstable bool   // ties come in another order in every answer
	salt     uint64 // differs for every answer
}

func (o Order) descending() bool {
	return o == IDDesc || o == StartDesc || o == CreateDesc || o == UpdateDesc
}

// page gives the rows of a page and the number of rows of all pages.
func (t *tenant) page(l listing, offset, size int) ([]uint32, int) {
	if l.window.to < l.window.from {
		return nil, 0
	}
	if l.matcher.match == nil {
		if !l.unstable && t.sameOrder(l.order) {
			return t.indexPage(l, offset, size)
		}
		if n := t.index.count(l.window.from, l.window.to); offset >= n {
			return nil, n
		}
	}
	rows, total := t.sort(l, offset+size)
	if offset >= len(rows) {
		return nil, total
	}
	return rows[offset:min(len(rows), offset+size)], total
}

// sameOrder reports whether an order is that of the index. The index has rows of the same time in the order in which they appeared,
// which is the order of their ids.
func (t *tenant) sameOrder(o Order) bool {
	switch t.filter {
	case ByStart:
		return o == StartAsc || o == StartDesc
	case ByCreate:
		return o == CreateAsc || o == CreateDesc
	}
	return false
}

// indexPage reads a page straight from the index.
func (t *tenant) indexPage(l listing, offset, size int) (page []uint32, total int) {
	desc := l.order.descending()
	t.index.runs(l.window.from, l.window.to, desc, func(b []entry) bool {
		first, last := offset-total, offset+size-total // the part of the bucket that belongs to the page
		total += len(b)
		for i := max(0, first); i < min(len(b), last); i++ {
			if desc {
				page = append(page, b[len(b)-1-i].row)
			} else {
				page = append(page, b[i].row)
			}
		}
		return true
	})
	return page, total
}

// sort gives the rows of a listing in order, at least the first need of them, and the number of all.
func (t *tenant) sort(l listing, need int) ([]uint32, int) {
	key := fmt.Sprint(l.window, l.order, l.matcher.key)
	if !l.unstable && t.sorted.rows != nil && t.sorted.key == key && t.sorted.version == t.version {
		return t.sorted.rows, len(t.sorted.rows)
	}
	top := topRows{desc: l.order.descending(), need: need, cut: need <= 4*maxPageSize}
	t.index.runs(l.window.from, l.window.to, top.desc, func(b []entry) bool {
		for i := range b {
			if top.desc { // roughly in the wanted order, so that rows too far behind are skipped early
				i = len(b) - 1 - i
			}
			r := &t.rows[b[i].row]
			if l.matcher.match == nil || l.matcher.match(r) {
				top.add(l.rank(r, b[i].row))
			}
		}
		return true
	})
	rows := top.sorted()
	if !l.unstable && len(rows) == top.total {
		t.sorted = sortedRows{key, t.version, rows}
	}
	return rows, top.total
}

// ranked is a row with the numbers that it is sorted by.
type ranked struct {
	by, tie int64
	row     uint32
}

func (l *listing) rank(r *row, n uint32) ranked {
	k := ranked{r.rank(l.order), int64(r.id), n}
	if l.unstable && l.order != IDAsc && l.order != IDDesc {
		k.tie = int64(mix(r.id, l.salt) >> 1)
	}
	return k
}

// rank is the number that an order sorts by.
func (r *row) rank(o Order) int64 {
	switch o {
	case StartAsc, StartDesc:
		return r.start
	case CreateAsc, CreateDesc:
		return r.create
	case UpdateDesc:
		return r.update()
	}
	return int64(r.id)
}

// topRows counts rows and collects them. If cut is set it keeps only the first rows in order, at least need of them, so that the
// first pages of a large window are found without sorting all of it.
type topRows struct {
	desc  bool
	need  int
	cut   bool
	total int
	full  bool // need rows are known, and found[need-1] is the last of them
	found []ranked
}

func (t *topRows) compare(a, b ranked) int {
	c := cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.tie, b.tie), cmp.Compare(a.row, b.row))
	if t.desc {
		return -c
	}
	return c
}

func (t *topRows) add(k ranked) {
	t.total++
	if t.full && t.compare(k, t.found[t.need-1]) > 0 {
		return
	}
	if t.found = append(t.found, k); t.cut && len(t.found) >= 2*t.need+64 {
		slices.SortFunc(t.found, t.compare)
		t.found, t.full = t.found[:t.need], true
	}
}

func (t *topRows) sorted() []uint32 {
	slices.SortFunc(t.found, t.compare)
	rows := make([]uint32, len(t.found))
	for i, f := range t.found {
		rows[i] = f.row
	}
	return rows
}
