package idset

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// draw gives ids that are dense, far apart, or at the ends of the range.
func draw(t *rapid.T, name string) []uint64 {
	return rapid.SliceOf(rapid.OneOf(
		rapid.Uint64Range(0, 40), rapid.Uint64(), rapid.SampledFrom([]uint64{0, math.MaxUint64}),
	)).Draw(t, name)
}

func sorted(ids []uint64) []uint64 { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// A packed set does what a sorted list does.
func TestPackedIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw(t, "a"), draw(t, "b"), draw(t, "c")
		want, others, third := sorted(a), sorted(b), sorted(c)
		p, q, r := Pack(a), Pack(b), Pack(c)
		require.Equal(t, len(want), p.Len())
		require.True(t, slices.Equal(want, slices.Collect(p.All())))
		require.Equal(t, slices.Equal(want, others), p == q)
		shared, either := 0, 0
		var without []uint64
		for _, id := range want {
			_, inB := slices.BinarySearch(others, id)
			_, inC := slices.BinarySearch(third, id)
			if inB {
				shared++
			} else {
				without = append(without, id)
			}
			if inB || inC {
				either++
			}
			require.True(t, p.Has(id))
			require.Equal(t, inB, q.Has(id))
		}
		require.Equal(t, shared, p.Shared(q))
		require.Equal(t, either, p.Shared(q, r))
		require.Zero(t, p.Shared())
		require.Equal(t, without, p.Without(q))
		got, rest, ok := Decode(append(p.Append(nil), 7))
		require.True(t, ok)
		require.Equal(t, p, got)
		require.Equal(t, []byte{7}, rest)
	})
}

func TestPackedIsSmall(t *testing.T) {
	ids := make([]uint64, 100)
	for i := range ids {
		ids[i] = 1_700_000_000_000 + uint64(3*i)
	}
	require.LessOrEqual(t, len(Pack(ids).Append(nil)), 100+8)
}

// Damaged input is refused, and what is accepted is a sorted set that encodes to the same bytes again, but for overlong
// numbers.
func FuzzDecode(f *testing.F) {
	f.Add(Pack([]uint64{1, 2, 500}).Append(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, src []byte) {
		p, _, ok := Decode(src)
		if !ok {
			return
		}
		ids := slices.Collect(p.All())
		require.Len(t, ids, p.Len())
		require.Equal(t, ids, sorted(ids))
		again, _, ok := Decode(Pack(ids).Append(nil))
		require.True(t, ok)
		require.Equal(t, p.Len(), again.Len())
	})
}
