package reconcile

import "math"

// bounds are the limits of one question.
type bounds struct {
	total int   // ids
	width int64 // seconds
}

// refused lowers the bounds after a question about so many ids and seconds was refused.
func (b *bounds) refused(r Refusal, total int, width int64) {
	switch r {
	case TooMuch:
		b.total = min(b.total, max(1, total-1))
	case TooLong:
		b.width = min(b.width, max(1, width-1))
	}
}

// part is a cell as a plan sees it.
type part struct {
	Window
	ids     int     // that are not in the cell before it
	pages   float64 // requests to read it in full
	changes float64 // expected number of new ids
	ask     bool    // it is worth a question of its own; else it is read
}

// group divides adjoining cells into questions so that the expected number of requests is small. It returns the index of the first
// cell of each question. A question about a single cell that is not worth one means to read the cell.
//
// A question about k cells costs one request. If something has changed, it also costs a search: about one request for each halving
// and each change, and the pages of the cell that has changed.
func group(row []part, limit bounds) []int {
	n := len(row)
	sums := make([]part, n+1) // sums[i] is over the cells before i
	for i := range row {
		sums[i+1] = part{ids: sums[i].ids + row[i].ids, pages: sums[i].pages + row[i].pages, changes: sums[i].changes + row[i].changes}
	}
	cost := make([]float64, n+1) // cost[i] is the least for the cells from i on
	next := make([]int, n+1)     // where the question after the one at i starts
	for i := n - 1; i >= 0; i-- {
		cost[i], next[i] = row[i].cost()+cost[i+1], i+1
		// Of large numbers of cells not all are tried, so that planning a hundred thousand cells stays cheap.
		for k := 2; i+k <= n; k += min(max(1, k/16), max(1, n-i-k)) {
			j := i + k
			if sums[j].ids-sums[i].ids > limit.total || row[j-1].To-row[i].From > limit.width {
				break
			}
			c := questionCost(float64(k), sums[j].changes-sums[i].changes, sums[j].pages-sums[i].pages) + cost[j]
			if c < cost[i] {
				cost[i], next[i] = c, j
			}
		}
	}
	var starts []int
	for i := 0; i < n; i = next[i] {
		starts = append(starts, i)
	}
	return starts
}

// cost is the expected number of requests for a cell by itself.
func (p *part) cost() float64 {
	if p.ask {
		return 1 + (1-math.Exp(-p.changes))*p.pages
	}
	return p.pages
}

// questionCost is the expected number of requests for one question about k cells.
func questionCost(k, changes, pages float64) float64 {
	found := math.Max(1, changes)
	search := math.Min(k+pages, (pages/k+math.Log2(k))*found)
	return 1 + (1-math.Exp(-changes))*search
}

// questions plans the requests for the cells in [from, to).
func (p *Pass) questions(from, to int64) {
	s := p.s
	var run []part
	flush := func() {
		starts := group(run, s.limit())
		for k, a := range starts {
			b := len(run)
			if k+1 < len(starts) {
				b = starts[k+1]
			}
			t := &task{kind: taskRead, win: Window{run[a].From, run[b-1].To}}
			if b-a > 1 || run[a].ask {
				t.kind = taskAsk
			}
			p.push(t)
		}
		run = nil
	}
	for i := s.row.from(from); i < len(s.row.cells) && s.row.cells[i].From < to; i++ {
		c := &s.row.cells[i]
		age := p.now - c.To
		if len(run) > 0 && !s.row.adjoin(i) {
			flush()
		}
		if !p.single(c) {
			p.rates.saw(age, c.width(), 0)
			run = append(run, part{
				Window: c.Window, ids: c.ids.Len() - c.shared, pages: s.pagesOf(c),
				changes: p.rates.changes(age, c.width(), c.ids.Len()), ask: s.askable(c),
			})
			continue
		}
		flush()
		p.alone(c)
	}
	flush()
}

// pagesOf is the number of requests to read a cell in full.
func (s *State) pagesOf(c *cell) float64 { return float64(1 + c.ids.Len()/s.pageSize()) }

// askable reports whether a question about a cell is cheaper than reading it, and its total can be believed.
func (s *State) askable(c *cell) bool {
	n := c.ids.Len()
	return c.kind == cellRead && n > s.pageSize() && max(n, c.total-s.trust.off) <= s.limit().total && !c.mute()
}

// single reports whether a cell cannot be part of a row that one question asks about.
func (p *Pass) single(c *cell) bool {
	return c.kind != cellRead || c.odd || c.From < p.floor || p.reread(c) != nothing
}

// alone plans the request for a single cell.
func (p *Pass) alone(c *cell) {
	switch {
	case c.From < p.floor: // what is before the floor must not be asked for
		if c.To > p.floor && c.kind != cellCounted {
			p.push(&task{kind: taskRead, win: Window{p.floor, c.To}})
		}
	case c.kind == cellCounted:
		p.push(&task{kind: taskAsk, win: c.Window})
	case c.kind == cellGap && p.Kind == Live:
		p.gapByPoll(c)
	case p.reread(c) == leaving && p.joinsRead(c):
	case c.odd && p.reread(c) == nothing && p.s.askable(c):
		p.push(&task{kind: taskAsk, win: c.Window})
	default:
		p.push(&task{kind: taskRead, win: c.Window})
	}
}

// gapByPoll has a gap read again, unless it was tried a short time ago or this poll tries another one.
func (p *Pass) gapByPoll(c *cell) {
	if p.gapTried || p.now-c.readAt < gapPause {
		p.Incomplete++
		return
	}
	p.gapTried = true
	p.push(&task{kind: taskRead, win: c.Window})
}

// joinsRead has a cell read by one walk together with the cells before it, so that more of the pages are full.
func (p *Pass) joinsRead(c *cell) bool {
	if len(p.stack) == 0 {
		return false
	}
	t, s := p.top(), p.s
	if t.kind != taskRead || t.win.To != c.From || c.To-t.win.From > s.widest() {
		return false
	}
	i, j, ok := s.row.tiled(t.win)
	if !ok || s.row.union(i, j)+c.ids.Len() > s.pageSize()*p.walkable(Window{t.win.From, c.To})/2 {
		return false
	}
	t.win.To = c.To
	return true
}
