package reconcile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/idset"
)

func rowOf(bounds ...int64) row {
	var r row
	for i := 0; i+1 < len(bounds); i += 2 {
		r.cells = append(r.cells, cell{Window: Window{bounds[i], bounds[i+1]}})
	}
	return r
}

func TestTiledAndHoles(t *testing.T) {
	r := rowOf(10, 20, 20, 30, 40, 50)
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
		i, j, ok := r.tiled(c.w)
		require.Equal(t, c.ok, ok, "%+v", c.w)
		if ok {
			require.Equal(t, [2]int{c.i, c.j}, [2]int{i, j})
		}
		require.Equal(t, c.holes, r.holes(c.w), "%+v", c.w)
	}
}

func readCell(from, to int64, ids ...uint64) cell {
	return cell{Window: Window{from, to}, total: len(ids), ids: idset.Pack(ids)}
}

// Whatever order windows are read in and whenever records appear, a row has as many ids as its cells hold together.
func TestUnionIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const readings = 40
		at := rapid.SliceOfN(rapid.Int64Range(0, 12), 0, 40).Draw(t, "records")
		appears := rapid.SliceOfN(rapid.IntRange(-readings, readings), len(at), len(at)).Draw(t, "appear at reading")
		var r row
		for n := range rapid.IntRange(1, readings).Draw(t, "readings") {
			from := rapid.Int64Range(0, 10).Draw(t, "from")
			w := Window{from, from + pick(t, "width", int64(1), 1, 1, 1, 2, 4)}
			var ids []uint64
			for id, t := range at {
				if w.From-1 <= t && t <= w.To && appears[id] <= n {
					ids = append(ids, uint64(id))
				}
			}
			r.put(readCell(w.From, w.To, ids...))
		}
		for i := range r.cells {
			if i > 0 && r.cells[i-1].To > r.cells[i].From {
				t.Fatalf("cells overlap: %+v and %+v", r.cells[i-1].Window, r.cells[i].Window)
			}
			requireUnions(t, &r, i)
		}
	})
}

// requireUnions compares the unions of the cells from i on with sets.
func requireUnions(t *rapid.T, r *row, i int) {
	seen := map[uint64]struct{}{}
	for j := i; j < len(r.cells) && (j == i || r.adjoin(j)); j++ {
		for id := range r.cells[j].ids.All() {
			seen[id] = struct{}{}
		}
		if got := r.union(i, j+1); got != len(seen) {
			t.Fatalf("cells %d to %d have %d ids, not %d", i, j, len(seen), got)
		}
	}
}

func TestPutTakesThePlaceOfWhatItOverlaps(t *testing.T) {
	r := rowOf(10, 20, 20, 30, 40, 50)
	require.Equal(t, 0, r.put(readCell(15, 25, 1)))
	require.Equal(t, []Window{{15, 25}, {40, 50}}, []Window{r.cells[0].Window, r.cells[1].Window})
}

// A record that stands in two cells is gone when the last of them has lost it.
func TestLost(t *testing.T) {
	var r row
	r.put(readCell(10, 20, 1, 2, 3))
	r.put(readCell(20, 30, 3, 4))
	lost, gone := r.lost(0, 1, idset.Pack([]uint64{2}))
	require.Equal(t, []uint64{1, 3}, lost)
	require.Equal(t, []uint64{1}, gone)
	lost, gone = r.lost(0, 2, idset.Pack([]uint64{1, 2, 4}))
	require.Equal(t, []uint64{3}, lost)
	require.Equal(t, []uint64{3}, gone)
}

// What is stored is read again as it was; damaged bytes are refused.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cell{
			Window: Window{rapid.Int64().Draw(t, "from"), 0}, kind: pick(t, "kind", cellRead, cellOpen, cellCounted, cellGap),
			odd: rapid.Bool().Draw(t, "odd"), total: rapid.IntRange(unknown, 1<<40).Draw(t, "total"),
			readAt: rapid.Int64().Draw(t, "read at"), lostAt: rapid.Int64().Draw(t, "lost at"), ids: idset.Pack(rapid.SliceOf(rapid.Uint64()).Draw(t, "ids")),
		}
		c.From /= 2
		c.To = c.From + rapid.Int64Range(1, 1<<40).Draw(t, "width")
		stored := c.encode()
		got, ok := decode(stored)
		if !ok || got != c {
			t.Fatalf("%+v came back as %+v", c, got)
		}
		for _, data := range [][]byte{nil, stored.Data[:len(stored.Data)-1], append(slices.Clone(stored.Data), 0), append([]byte{9}, stored.Data[1:]...)} {
			if _, ok := decode(Cell{From: c.From, To: c.To, Data: data}); ok {
				t.Fatalf("%x was taken", data)
			}
		}
		if _, ok := decode(Cell{From: c.To, To: c.From, Data: stored.Data}); ok {
			t.Fatal("a window that ends before it begins was taken")
		}
	})
}
