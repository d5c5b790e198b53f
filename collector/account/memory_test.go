package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMemory: a record is waited for from its first reading, its oddity is told once, and neither memory grows without bound.
func TestMemory(t *testing.T) {
	m := newMemory()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, at, m.pendingSince(1, at))
	require.Equal(t, at, m.pendingSince(1, at.Add(time.Hour)))
	m.counted(1)
	require.Equal(t, at.Add(time.Hour), m.pendingSince(1, at.Add(time.Hour)))
	require.True(t, m.firstOdd(1))
	require.False(t, m.firstOdd(1))
	for id := range uint64(3 * maxRemembered) {
		m.pendingSince(id, at)
		m.firstOdd(id)
		require.LessOrEqual(t, len(m.pending), maxRemembered)
		require.LessOrEqual(t, len(m.odd), maxRemembered)
	}
}
