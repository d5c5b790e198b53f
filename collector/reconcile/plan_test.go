package reconcile

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAlignment(t *testing.T) {
	for _, c := range []struct{ width, want int64 }{{1, 1}, {7, 1}, {8, 2}, {16, 4}, {63, 8}, {64, 16}, {3600, 512}} {
		require.Equal(t, c.want, alignment(c.width), "width %d", c.width)
	}
	require.EqualValues(t, -8, alignDown(-1, 8))
	require.EqualValues(t, 8, alignDown(15, 8))
}

// Parts cover the window in order, without gaps and overlaps; inner bounds are the same for whoever cuts there.
func TestCut(t *testing.T) {
	require.Equal(t, []Window{{5, 6}}, cut(Window{5, 6}, 9))
	require.Equal(t, []Window{{5, 6}, {6, 7}}, cut(Window{5, 7}, 9))
	rapid.Check(t, func(t *rapid.T) {
		w := Window{From: rapid.Int64Range(-1e10, 1e10).Draw(t, "from")}
		w.To = w.From + rapid.Int64Range(2, 93*day).Draw(t, "width")
		k := rapid.IntRange(-1, 1<<40).Draw(t, "parts")
		parts := cut(w, k)
		at := w.From
		for _, p := range parts {
			if p.From != at || p.To <= p.From {
				t.Fatalf("part %+v after %d", p, at)
			}
			at = p.To
		}
		if at != w.To || len(parts) < 2 || len(parts) > 2*1024 {
			t.Fatalf("%d parts that end at %d", len(parts), at)
		}
	})
}

func row(bounds ...int64) timeline {
	var tl timeline
	for i := 0; i+1 < len(bounds); i += 2 {
		tl.cells = append(tl.cells, cell{Window: Window{bounds[i], bounds[i+1]}, n: 10, total: 11, unique: 9})
	}
	return tl
}

func TestTiledAndHoles(t *testing.T) {
	tl := row(10, 20, 20, 30, 40, 50)
	for _, c := range []struct {
		w     Window
		ok    bool
		i, j  int
		holes []Window
	}{
		{w: Window{10, 30}, ok: true, i: 0, j: 2},
		{w: Window{20, 30}, ok: true, i: 1, j: 2},
		{w: Window{10, 25}},
		{w: Window{15, 30}},
		{w: Window{20, 50}, holes: []Window{{30, 40}}},
		{w: Window{0, 60}, holes: []Window{{0, 10}, {30, 40}, {50, 60}}},
		{w: Window{32, 38}, holes: []Window{{32, 38}}},
		{w: Window{10, 10}},
	} {
		i, j, ok := tl.tiled(c.w)
		require.Equal(t, c.ok, ok, "%+v", c.w)
		if ok {
			require.Equal(t, [2]int{c.i, c.j}, [2]int{i, j})
		}
		require.Equal(t, c.holes, tl.holes(c.w), "%+v", c.w)
	}
	require.Equal(t, 11, tl.expected(1, 2), "of a cell, what the server said")
	require.Equal(t, 19, tl.expected(0, 2), "of a row, what was read")
}

func read(from, to int64, ids ...uint64) cell {
	return cell{Window: Window{from, to}, total: len(ids), n: len(ids), ids: ids, known: true}
}

func TestPutShares(t *testing.T) {
	var tl timeline
	tl.put(read(10, 20, 1, 2, 3))
	tl.put(read(20, 30, 3, 4))
	tl.put(read(40, 50, 4, 5))
	require.Equal(t, []int{3, 1, 2}, uniques(&tl))
	require.Equal(t, 4, tl.expected(0, 2))
	// Another reading of a cell works out anew what its neighbour shares with it.
	tl.put(read(10, 20, 1, 2))
	require.Equal(t, []int{2, 2, 2}, uniques(&tl))
	tl.put(read(10, 20, 1, 2, 3))
	// Without the neighbour's ids, as many are shared as before.
	tl.cells[0].known, tl.cells[0].ids = false, nil
	tl.put(read(20, 30, 3, 4, 6))
	require.Equal(t, []int{3, 2, 2}, uniques(&tl))
	// Nor does a part or a whole of it change that.
	tl.put(read(20, 32, 3, 4, 6, 7))
	require.Equal(t, []int{3, 3, 2}, uniques(&tl))
	// A cell that overlaps others takes their place.
	tl.put(read(15, 25, 1))
	require.Equal(t, []Window{{15, 25}, {40, 50}}, []Window{tl.cells[0].Window, tl.cells[1].Window})
}

func uniques(tl *timeline) (out []int) {
	for _, c := range tl.cells {
		out = append(out, c.unique)
	}
	return out
}

// cost of asking a row in these groups, as group reckons it.
func cost(starts []int, changes []float64) float64 {
	sum := 0.0
	for k, a := range starts {
		b := len(changes)
		if k+1 < len(starts) {
			b = starts[k+1]
		}
		sum++
		if n := float64(b - a); n > 1 {
			expected := 0.0
			for _, c := range changes[a:b] {
				expected += c
			}
			sum += (1 - math.Exp(-expected)) * math.Min(2*n, (1+math.Log2(n))*math.Max(1, expected))
		}
	}
	return sum
}

// No other cover of the cells is cheaper, and none of the limits is passed.
func TestGroupIsTheCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "cells")
		cells, changes := make([]cell, n), make([]float64, n)
		at := int64(0)
		for i := range cells {
			at += pick(t, "gap", int64(0), 0, 0, 5)
			cells[i] = cell{Window: Window{at, at + 10}, n: rapid.IntRange(0, 100).Draw(t, "n")}
			cells[i].unique, at = cells[i].n, at+10
			cells[i].open, cells[i].blind = rapid.IntRange(0, 9).Draw(t, "open") == 0, rapid.IntRange(0, 9).Draw(t, "blind") == 0
			changes[i] = pick(t, "changes", 0, 0.001, 0.1, 1, 5)
		}
		limit := bounds{total: pick(t, "total", math.MaxInt, 150), width: pick(t, "width", int64(1000), 30)}
		allowed := func(a, b int) bool {
			sum := 0
			for i := a; i < b; i++ {
				sum += cells[i].n
				if b-a > 1 && (single(&cells[i]) || i > a && cells[i].From != cells[i-1].To) {
					return false
				}
			}
			return b-a == 1 || sum <= limit.total && cells[b-1].To-cells[a].From <= limit.width
		}
		best := math.Inf(1)
		for mask := range 1 << (n - 1) {
			starts, ok := []int{0}, true
			for i := 1; i < n; i++ {
				if mask>>(i-1)&1 == 1 {
					ok = ok && allowed(starts[len(starts)-1], i)
					starts = append(starts, i)
				}
			}
			if ok && allowed(starts[len(starts)-1], n) {
				best = min(best, cost(starts, changes))
			}
		}
		starts := group(cells, changes, limit)
		for k, a := range starts {
			b := n
			if k+1 < len(starts) {
				b = starts[k+1]
			}
			if !allowed(a, b) {
				t.Fatalf("cells %d to %d in one question", a, b)
			}
		}
		if got := cost(starts, changes); got > best+1e-9 {
			t.Fatalf("%v costs %g, %g is possible", starts, got, best)
		}
	})
}

func TestAdvance(t *testing.T) {
	const now = begin
	for _, c := range []struct {
		name     string
		frontier int64
		ids      int
		moves    bool
	}{
		{"first poll", 0, 0, true},
		{"young and nearly empty", now - 300, 10, false},
		{"a page", now - 300, 90, true},
		{"old and nearly empty", now - 3700, 3, true},
		{"after a long time", now - 9000, 3, true},
		{"full, and two seconds old", now - 2, 100, true},
		{"full, and a second old", now - 1, 100, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(usual(), nil, 0)
			s.frontier, s.frontierIDs = c.frontier, make([]uint64, c.ids)
			s.advance(now)
			require.Equal(t, c.moves, s.frontier > c.frontier)
			require.Less(t, s.frontier, now)
			require.GreaterOrEqual(t, s.frontier, now-usual().Lookback, "what is older is in cells")
			if c.moves {
				require.Empty(t, s.frontierIDs)
			}
		})
	}
}

func ids(from, n uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = from + uint64(i)
	}
	return out
}

// The rules by which the walk over one window ends, and what is remembered of it.
func TestWalk(t *testing.T) {
	page := func(total, size int, from, n uint64) Answer {
		return Answer{Total: total, Size: size, IDs: ids(from, n)}
	}
	for _, c := range []struct {
		name     string
		answers  []Answer
		n, total int
		open     bool
		blind    bool
	}{
		{"empty", []Answer{page(0, 100, 0, 0)}, 0, 0, false, false},
		{"short page", []Answer{page(30, 100, 1, 30)}, 30, 30, false, false},
		{"full page, then an empty one", []Answer{page(100, 100, 1, 100), page(100, 100, 0, 0)}, 100, 100, false, false},
		{"full page, then the first again", []Answer{page(100, 100, 1, 100), page(100, 100, 1, 100)}, 100, 100, false, false},
		{"size imposed", []Answer{page(70, 50, 1, 50), page(70, 50, 51, 20)}, 70, 70, false, false},
		{"size imposed, not said", []Answer{page(70, 100, 1, 50), page(70, 100, 51, 20)}, 70, 70, false, false},
		{"no size", []Answer{page(30, 0, 1, 30), page(30, 0, 0, 0)}, 30, 30, false, false},
		{"neither size nor total", []Answer{page(-1, 0, 1, 30), page(-1, 0, 0, 0)}, 30, 30, false, false},
		{"no total", []Answer{page(-1, 100, 1, 30), page(-1, 100, 0, 0)}, 30, 30, false, false},
		{"no total, false size", []Answer{page(-1, 100, 1, 15), page(-1, 100, 16, 15), page(-1, 100, 31, 5), page(-1, 100, 0, 0), page(-1, 100, 1, 15), page(-1, 100, 16, 15), page(-1, 100, 31, 5), page(-1, 100, 0, 0)}, 35, 35, false, false},
		{"capped total, false size", []Answer{page(20, 100, 1, 15), page(20, 100, 16, 15), page(20, 100, 31, 5), page(20, 100, 1, 15), page(20, 100, 16, 15), page(20, 100, 31, 5)}, 35, 20, false, true},
		{"pending", []Answer{{Total: 1, Size: 100, IDs: ids(1, 1), Pending: true}}, 1, 1, true, false},
		{"total one too many, twice", []Answer{page(31, 100, 1, 30), page(31, 100, 0, 0), page(31, 100, 1, 30), page(31, 100, 0, 0)}, 30, 31, false, false},
		{"total one too many, once", []Answer{page(31, 100, 1, 30), page(31, 100, 0, 0), page(30, 100, 1, 30)}, 30, 30, false, false},
		{"total 0 with records, twice", []Answer{page(0, 100, 1, 30), page(0, 100, 1, 30)}, 30, 0, false, true},
		{"wrong in two ways", []Answer{page(31, 100, 1, 30), page(31, 100, 0, 0), page(32, 100, 1, 30), page(32, 100, 0, 0)}, 30, 32, true, false},
		{"other records, same wrong total", []Answer{page(29, 100, 1, 30), page(29, 100, 2, 30)}, 30, 29, true, false},
		{
			"total moves between pages", []Answer{
				page(50, 50, 1, 50), page(51, 50, 51, 1), page(52, 50, 1, 50), page(52, 50, 51, 2),
			}, 52, 52, false, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(usual(), nil, 0)
			p := s.newPass(Live, begin, 0)
			p.push(&task{kind: whole, win: Window{begin - 1000, begin - 999}}) // too short to be read in parts
			for i, a := range c.answers {
				q, more := p.Next()
				require.True(t, more, "after %d answers", i)
				require.Equal(t, begin-1001, q.From)
				p.Take(a)
			}
			_, more := p.Next()
			require.False(t, more, "more asked for")
			require.Len(t, s.tl.cells, 1)
			got := s.tl.cells[0]
			require.Equal(t, []any{c.n, c.total, c.open, c.blind}, []any{got.n, got.total, got.open, got.blind})
			pending := c.answers[0].Pending
			require.Equal(t, c.open && !pending, p.Unsettled > 0)
		})
	}
}

// A total that is wrong by the same all the time needs no second walk.
func TestHabit(t *testing.T) {
	s := New(usual(), nil, 0)
	walk := func(at int64, total int) int {
		p := s.newPass(Live, begin, 0)
		p.push(&task{kind: whole, win: Window{at, at + 10}})
		n := 0
		for {
			q, more := p.Next()
			if !more {
				return n
			}
			a := Answer{Total: total, Size: 100}
			if q.Page == 1 {
				a.IDs = ids(uint64(at), 5)
			}
			p.Take(a)
			n++
		}
	}
	for i := range int64(lies) {
		require.Equal(t, 4, walk(begin-1000+20*i, 6))
	}
	require.Equal(t, 2, walk(begin-500, 6))
	require.Equal(t, 1, s.habit)
	require.Equal(t, 1, walk(begin-400, 5), "it tells the truth now")
	require.Zero(t, s.habit)
}

// Where pages say more than fits on one, the window is read in parts.
func TestSplit(t *testing.T) {
	s := New(usual(), nil, 0)
	for _, kind := range []Kind{Live, Sweep} {
		p := s.newPass(kind, begin, 0)
		p.push(&task{kind: whole, win: Window{begin - 6400, begin - 5400}})
		_, _ = p.Next()
		p.Take(Answer{Total: 301, Size: 100, IDs: ids(1, 100)})
		require.GreaterOrEqual(t, len(p.stack), 4)
		q, _ := p.Next()
		if kind == Live {
			require.Equal(t, begin-5400, q.To, "the newest first")
		} else {
			require.Equal(t, begin-6401, q.From, "the oldest first")
		}
	}
}

// The figures of the sizing table come from how few requests quiet times need.
func TestRequestsOfAPass(t *testing.T) {
	for _, c := range []struct {
		name          string
		act           func(*account)
		live, audited int
	}{
		{"quiet", func(*account) {}, 3, 2},
		{"a late record of an hour ago", func(a *account) { a.srv.add(a.srv.now - hour) }, 9, 2},
		{"a late record of five hours ago", func(a *account) { a.srv.add(a.srv.now - 5*hour) }, 3, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := steady(t, nil)
			for range 5 {
				a.srv.now += 60
				a.live()
				a.sweep()
			}
			a.audit()
			c.act(a)
			a.srv.now += 20
			live, audited := a.live(), a.audit()
			t.Logf("%d cells: %d requests to poll, %d to audit", len(a.st.tl.cells), live, audited)
			require.LessOrEqual(t, live, c.live)
			require.LessOrEqual(t, audited, c.audited)
			require.Empty(t, a.unseen())
		})
	}
}

func BenchmarkRequests(b *testing.B) {
	for _, step := range []int64{60, 10, 4} {
		b.Run(fmt.Sprintf("a record each %ds", step), func(b *testing.B) {
			a := newAccount(b, usual())
			a.traffic(begin-day, begin+4*hour, step)
			a.minutes(60)
			before, minutes := a.srv.requests, 0
			for b.Loop() {
				if minutes++; minutes > 170 {
					continue
				}
				a.minutes(1)
			}
			b.ReportMetric(float64(a.srv.requests-before)/float64(min(minutes, 170)), "requests/min")
		})
	}
}
