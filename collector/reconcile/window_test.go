package reconcile

import (
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

func TestChunks(t *testing.T) {
	require.Empty(t, chunks(Window{5, 5}, 10))
	require.Empty(t, chunks(Window{9, 5}, 10))
	require.Equal(t, []Window{{5, 10}, {10, 20}, {20, 21}}, chunks(Window{5, 21}, 10))
}
