package itnio

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestClockFollows: whatever the difference of the clocks, the delays and the pauses, the estimate is right to a
// second and the longest trip, and it never moves more than a second against the true time once a quick answer came.
func TestClockFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "fraction")))
		offset := time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "offset"))
		c := &clock{now: func() time.Time { return now }}
		_, known := c.serverNow()
		require.False(t, known)
		lowest, highest := time.Duration(1<<62), time.Duration(-1<<62)
		for range rapid.IntRange(1, 30).Draw(t, "answers") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "pause")))
			sent := now
			there := time.Duration(rapid.Int64Range(0, 1e8).Draw(t, "there"))
			back := time.Duration(rapid.Int64Range(0, 1e8).Draw(t, "back"))
			date := sent.Add(there + offset).Truncate(time.Second)
			now = sent.Add(there + back)
			c.learn(date, sent, now)

			estimate, known := c.serverNow()
			require.True(t, known)
			wrong := estimate.Sub(now.Add(offset))
			require.LessOrEqual(t, wrong.Abs(), time.Second+there+back)
			lowest, highest = min(lowest, wrong), max(highest, wrong)
			skew, _ := c.skew()
			require.Equal(t, offset+wrong, skew)
		}
		require.LessOrEqual(t, highest-lowest, time.Second+200*time.Millisecond)
	})
}

func TestClockSteps(t *testing.T) {
	now := time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC)
	c := &clock{now: func() time.Time { return now }}
	for _, step := range []time.Duration{0, 5 * time.Hour, -100 * time.Hour, 3 * time.Second} {
		c.learn(now.Add(step), now, now)
		got, _ := c.serverNow()
		require.WithinDuration(t, now.Add(step), got, time.Second)
	}
	// A local clock that went backwards between request and answer, and no monotonic reading to tell.
	c.learn(now, now.Add(time.Hour), now)
	got, _ := c.serverNow()
	require.WithinDuration(t, now, got, time.Second)
}

// TestClockIsMonotonic: the wall clock steps by a day, the monotonic reading tells that a minute has gone by.
func TestClockIsMonotonic(t *testing.T) {
	start := time.Now()
	require.Contains(t, start.String(), "m=", "this test needs a monotonic reading")
	now := start
	c := &clock{now: func() time.Time { return now }}
	server := time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC)
	c.learn(server, now, now)
	now = now.Add(time.Minute)
	got, _ := c.serverNow()
	require.Equal(t, server.Add(time.Minute), got)
	require.NotContains(t, got.String(), "m=", "times of the server have nothing to do with the local monotonic clock")
}

func TestDateOf(t *testing.T) {
	for header, want := range map[string]time.Time{
		"Fri, 03 Jan 2025 08:00:00 GMT":  time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC),
		"Friday, 03-Jan-25 08:00:00 GMT": time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC),
		"Fri Jan  3 08:00:00 2025":       time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC),
		"":                               {},
		"2025-01-03 08:00:00":            {},
		"Thu, 01 Jan 1970 00:00:00 GMT":  {},
		"Fri, 02 Jan 1970 03:04:05 GMT":  {},
		"Tue, 01 Jan 1980 00:00:00 GMT":  {},
	} {
		require.Equal(t, want, dateOf(http.Header{"Date": {header}}), header)
	}
}
