package ledger

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/series"
)

// genID draws ids as systems make them: an auto-increment key, a sparse one, a snowflake, a random number, the extremes.
func genID() *rapid.Generator[uint64] {
	return rapid.OneOf(
		rapid.Uint64Range(1000, 1400),
		rapid.Map(rapid.Uint64Range(0, 1<<20), func(n uint64) uint64 { return 5_000_000 + n*9973 }),
		rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(1<<40, 1<<40+500).Draw(t, "ms")<<22 | rapid.Uint64Range(0, 3).Draw(t, "seq")
		}),
		rapid.Uint64(),
		rapid.SampledFrom([]uint64{0, 1, math.MaxUint64, math.MaxUint64 - 1, 1 << 63}),
	)
}

func TestIDSetAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set idSet
		want := map[uint64]struct{}{}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			ids := rapid.SliceOfN(genID(), 0, 600).Draw(t, "ids")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				set.add(ids...)
			case 1:
				set.add(ids...)
				set.seal()
			default:
				sorted := slices.Sorted(slices.Values(ids))
				set.merge(sorted)
			}
			for _, id := range ids {
				want[id] = struct{}{}
			}
			for id := range want {
				for _, near := range []uint64{id - 1, id, id + 1} {
					_, is := want[near]
					require.Equal(t, is, set.has(near), "%d", near)
				}
			}
		}
		set.seal()
		require.Equal(t, len(want), set.len())
	})
}

// What is remembered must stay small: the ledger of a large call centre holds millions of ids.
func TestIDSetIsCompact(t *testing.T) {
	for name, tc := range map[string]struct {
		id       func(i uint64) uint64
		bytesPer float64
	}{
		"dense":     {func(i uint64) uint64 { return 9_000_000_000 + i }, 1.2},
		"sparse":    {func(i uint64) uint64 { return 9_000_000_000 + i*100 }, 1.2},
		"snowflake": {func(i uint64) uint64 { return (1<<40 + i*86) << 22 }, 5.2},
		"random":    {func(i uint64) uint64 { return i * 0x9E3779B97F4A7C15 }, 8.2},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200_000
			var set idSet
			for i := range uint64(n) {
				set.add(tc.id(i))
			}
			for i := range uint64(n) {
				require.True(t, set.has(tc.id(i)))
			}
			set.seal()
			require.Equal(t, n, set.len())
			require.LessOrEqual(t, float64(cap(set.deltas)+16*cap(set.blocks)), tc.bytesPer*n)
		})
	}
}

func TestEntryCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfDistinct(genID(), rapid.ID)
		e := entry{keys: ids.Draw(t, "keys"), sessions: ids.Draw(t, "sessions"), orphans: ids.Draw(t, "orphans"), tags: ids.Draw(t, "tags")}
		encoded := seal(e.encode()) // sorts
		body, err := unseal(encoded)
		require.NoError(t, err)
		var got entry
		require.True(t, got.decode(body))
		for i, pair := range [][2][]uint64{{e.keys, got.keys}, {e.sessions, got.sessions}, {e.orphans, got.orphans}, {e.tags, got.tags}} {
			require.True(t, slices.Equal(pair[0], pair[1]), i)
		}
		requireDamageSeen(t, encoded, func(b []byte) error {
			body, err := unseal(b)
			if err == nil && !new(entry).decode(body) {
				err = errDamaged
			}
			return err
		})
	})
}

// requireDamageSeen changes a bit, or cuts the end off.
func requireDamageSeen(t *rapid.T, sealed []byte, decode func([]byte) error) {
	damaged := bytes.Clone(sealed)
	if rapid.Bool().Draw(t, "cut") {
		damaged = damaged[:rapid.IntRange(0, len(damaged)-1).Draw(t, "length")]
	} else {
		damaged[rapid.IntRange(0, len(damaged)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	}
	require.ErrorIs(t, decode(damaged), errDamaged)
}

func TestSeriesCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &family{}
		f.Type = rapid.SampledFrom([]series.Type{series.Counter, series.Gauge, series.Histogram}).Draw(t, "type")
		f.Bounds = []float64{2, 6, 20}
		m := zeroMetric(f, nil, 0)
		m.Value = float64(rapid.Int64Range(0, 1<<53).Draw(t, "value"))
		if m.Hist != nil {
			for range rapid.IntRange(0, 50).Draw(t, "observations") {
				m.Hist.Observe(f.Bounds, rapid.Int64Range(0, 90000).Draw(t, "seconds"))
			}
		}
		s := &storedSeries{created: rapid.Int64().Draw(t, "created")}
		used := rapid.Int64Range(0, 1<<40).Draw(t, "used")
		shown := rapid.Bool().Draw(t, "shown")
		encoded := encodeSeries(s, m, used, shown)
		got, err := decodeSeries(encoded, len(f.Bounds), m.Hist != nil)
		require.NoError(t, err)
		require.Equal(t, []any{s.created, used, shown}, []any{got.created, got.used, got.shown})
		got.cur.LabelValues, got.cur.Created = m.LabelValues, m.Created
		if h := got.cur.Hist; h != nil && len(h.Native) == 0 {
			h.Native = m.Hist.Native
		}
		require.Equal(t, m, got.cur)
		requireDamageSeen(t, encoded, func(b []byte) error {
			_, err := decodeSeries(b, len(f.Bounds), m.Hist != nil)
			return err
		})
		if m.Hist != nil {
			_, err = decodeSeries(encoded, len(f.Bounds)+1, true)
			require.ErrorIs(t, err, errDamaged)
		}
	})
}

func TestCellCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cell{
			From: rapid.Int64Range(0, 1<<40).Draw(t, "from"), To: rapid.Int64().Draw(t, "to"),
			Data: rapid.SliceOfN(rapid.Byte(), 1, 99).Draw(t, "data"),
		}
		got, err := decodeCell(be64(c.From), c.encode())
		require.NoError(t, err)
		require.Equal(t, c, got)
		requireDamageSeen(t, c.encode(), func(b []byte) error {
			_, err := decodeCell(be64(c.From), b)
			return err
		})
	})
}

// FuzzDecode gives the decoders what a damaged file may hold: they may refuse it, and do nothing else.
func FuzzDecode(f *testing.F) {
	f.Add((&entry{keys: []uint64{1, 5, 1 << 60}, orphans: []uint64{7}}).encode())
	f.Add(make([]byte, 40))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	c := Cell{To: 7200, Data: []byte{1, 2, 3}}
	f.Add(c.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		var e entry
		if e.decode(b) {
			var again entry
			if !again.decode(e.encode()) || len(again.keys) != len(e.keys) {
				t.Fatal("what was read does not come back")
			}
		}
		for _, sealed := range [][]byte{b, seal(bytes.Clone(b))} {
			for _, histogram := range []bool{false, true} {
				_, _ = decodeSeries(sealed, 3, histogram)
			}
			_, _ = decodeCell([]byte("12345678"), sealed)
		}
	})
}
