package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
		mute     bool
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
		{"other records, same wrong total", []Answer{page(29, 100, 1, 30), page(29, 100, 2, 30)}, 30, 29, true, true},
		{
			"total moves between pages", []Answer{
				page(50, 50, 1, 50), page(51, 50, 51, 1), page(52, 50, 1, 50), page(52, 50, 51, 2),
			}, 52, 52, false, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(usual(), nil, 0)
			p := s.newPass(Live, begin, 0)
			p.push(&task{kind: taskRead, win: Window{begin - 1000, begin - 999}}) // too short to be read in parts
			for i, a := range c.answers {
				q, more := p.Next()
				require.True(t, more, "after %d answers", i)
				require.Equal(t, begin-1001, q.From)
				p.Take(a)
			}
			_, more := p.Next()
			require.False(t, more, "more asked for")
			require.Len(t, s.row.cells, 1)
			got := s.row.cells[0]
			require.Equal(t, []any{c.n, c.total, c.open, c.mute}, []any{got.ids.Len(), got.total, got.kind == cellOpen, got.mute()})
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
		p.push(&task{kind: taskRead, win: Window{at, at + 10}})
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
	for i := range int64(steadyReadings) {
		require.Equal(t, 4, walk(begin-1000+20*i, 6))
	}
	require.Equal(t, 2, walk(begin-500, 6))
	require.Equal(t, 1, s.trust.off)
	require.Equal(t, 1, walk(begin-400, 5), "it tells the truth now")
	require.Zero(t, s.trust.off)
}

// Where every total is one too few, a short page that has as many records as the total says is not the last one.
func TestWalkWhereTotalsAreTooSmall(t *testing.T) {
	for _, short := range []int{0, 1} {
		w := NewWalk(&Paging{full: pageSize, largest: 30, short: short})
		require.Equal(t, short == 0, w.Take(Answer{Total: 15, Size: 30, IDs: ids(1, 15)}))
		require.Equal(t, 2, w.Next())
	}
}
