package idset

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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

func TestSetAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set Set
		want := map[uint64]struct{}{}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			ids := rapid.SliceOfN(genID(), 0, 600).Draw(t, "ids")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				set.Add(ids...)
			case 1:
				set.Add(ids...)
				set.Seal()
			default:
				sorted := slices.Sorted(slices.Values(ids))
				set.Merge(sorted)
			}
			for _, id := range ids {
				want[id] = struct{}{}
			}
			for id := range want {
				for _, near := range []uint64{id - 1, id, id + 1} {
					_, is := want[near]
					require.Equal(t, is, set.Has(near), "%d", near)
				}
			}
		}
		set.Seal()
		require.Equal(t, len(want), set.Len())
	})
}

// What is remembered must stay small: the ledger of a large call centre contains millions of ids.
func TestSetIsCompact(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
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
			var set Set
			for i := range uint64(n) {
				set.Add(tc.id(i))
			}
			for i := range uint64(n) {
				require.True(t, set.Has(tc.id(i)))
			}
			set.Seal()
			require.Equal(t, n, set.Len())
			require.LessOrEqual(t, float64(cap(set.deltas)+16*cap(set.blocks)), tc.bytesPer*n)
		})
	}
}
