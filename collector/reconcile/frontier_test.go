package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
			s.frontier.from, s.frontier.ids = c.frontier, c.ids
			s.advance(now)
			require.Equal(t, c.moves, s.frontier.from > c.frontier)
			require.Less(t, s.frontier.from, now)
			require.GreaterOrEqual(t, s.frontier.from, now-usual().Lookback, "what is older is in cells")
			if c.moves {
				require.Zero(t, s.frontier.ids)
			}
		})
	}
}
