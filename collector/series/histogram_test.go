package series

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNativeBuckets(t *testing.T) {
	h := &HistogramValue{}
	for v := range int64(90000) {
		h.Observe(nil, v)
	}
	require.EqualValues(t, 90000, h.Count)
	require.EqualValues(t, 1, h.ZeroCount)
	for i, n := range h.Native {
		// Whole seconds in (low, high].
		low, high := math.Exp2(float64(n.Index-1)/(1<<Schema)), math.Exp2(float64(n.Index)/(1<<Schema))
		want := math.Floor(min(high, 89999)+1e-9) - math.Floor(low+1e-9)
		if n.Index == 0 {
			want = 1 // one second lies on the upper bound of the bucket of index 0
		}
		require.EqualValues(t, want, n.Count, "bucket %d", n.Index)
		require.True(t, i == 0 || h.Native[i-1].Index < n.Index)
	}
}
