package zone

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSuggestion: records come up to half an hour after their end, so the offset suggested for a wrong one is the right one,
// whatever the two are.
func TestSuggestion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		halfHours := rapid.IntRange(-24, 28)
		right, wrong := halfHours.Draw(t, "right")*1800, halfHours.Draw(t, "wrong")*1800
		late := time.Duration(rapid.IntRange(-119, 27*60).Draw(t, "late")) * time.Second
		// A record's time is read in the wrong zone, so its end seems to be off by the difference.
		lag := late + time.Duration(wrong-right)*time.Second
		require.Equal(t, time.Unix(0, 0).In(time.FixedZone("", right)).Format("-07:00"), Suggestion(time.FixedZone("", wrong), lag))
	})
}

// TestSuggestionThatCannotBe: no zone is suggested that does not exist.
func TestSuggestionThatCannotBe(t *testing.T) {
	utc := time.UTC
	require.Equal(t, "-12:00", Suggestion(utc, 12*time.Hour))
	require.Equal(t, "+14:00", Suggestion(utc, -14*time.Hour))
	for _, lag := range []time.Duration{13 * time.Hour, -15 * time.Hour, -math.MaxInt64} {
		require.Equal(t, "none", Suggestion(utc, lag))
	}
}

// TestGuard: lags that are alike and implausible over several passes are a wrong offset, and nothing else is.
func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lag   func(i int) time.Duration
		pass  func(i int) int
		count int
		wrong bool
	}{
		{"as they should be", func(i int) time.Duration { return time.Duration(i) * time.Second }, func(i int) int { return i / 5 }, guardSize, false},
		{"hours late", func(i int) time.Duration { return 8*time.Hour + time.Duration(i)*time.Second }, func(i int) int { return i / 5 }, guardSize, true},
		{"hours ahead", func(i int) time.Duration { return -8*time.Hour + time.Duration(i)*time.Second }, func(i int) int { return i / 5 }, guardSize, true},
		{"too few", func(int) time.Duration { return 8 * time.Hour }, func(i int) int { return i / 5 }, guardSize - 1, false},
		{"all at once", func(int) time.Duration { return 8 * time.Hour }, func(int) int { return 1 }, guardSize, false},
		{"by more than zones differ", func(int) time.Duration { return -maxShift - time.Second }, func(i int) int { return i / 5 }, guardSize, false},
		{"late, each by another time", func(i int) time.Duration { return time.Duration(i+1) * time.Hour }, func(i int) int { return i / 5 }, guardSize, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g Guard
			for i := range tt.count {
				g.Saw(Sighting{tt.lag(i), tt.pass(i), time.Minute})
			}
			require.Equal(t, tt.wrong, g.TurnedWrong())
			require.False(t, g.TurnedWrong(), "told once")
		})
	}
}

// TestFirst: at a first start, records in the future are not counted until enough others show that the offset is right.
func TestFirst(t *testing.T) {
	f := NewFirst()
	require.True(t, f.Doubts(-3*time.Minute))
	require.False(t, f.Doubts(-time.Minute))
	for i := range uint64(Enough) {
		_, wrong := f.Ahead()
		require.False(t, wrong, "too few")
		f.Saw(i, -8*time.Hour)
	}
	lag, wrong := f.Ahead()
	require.True(t, wrong)
	require.Equal(t, -8*time.Hour, lag)

	f = NewFirst()
	for i := range uint64(2 * guardSize) { // 9999-12-31: no offset makes that of another time
		require.False(t, f.Doubts(-math.MaxInt64))
		f.Saw(i, -math.MaxInt64)
	}
	f.Passed()
	_, wrong = f.Ahead()
	require.False(t, wrong)
	require.True(t, f.Doubts(-8*time.Hour), "these records show nothing")

	f = NewFirst()
	f.Saw(0, -8*time.Hour) // an impossible time among plausible ones
	for i := range uint64(Enough) {
		f.Saw(i+1, time.Minute)
	}
	_, wrong = f.Ahead()
	require.False(t, wrong)
	f.Passed()
	require.False(t, f.Doubts(-8*time.Hour), "trusted from now on")
}

// TestBehind: records of the last minutes that carry times of hours ago are read in a wrong zone; late ones, few ones and those with
// impossible times are not.
func TestBehind(t *testing.T) {
	hours := func(n ...int) (out []time.Duration) {
		for _, n := range n {
			out = append(out, time.Duration(n)*time.Hour)
		}
		return out
	}
	lag, wrong := Behind(hours(8, 9, 8, 8, 8, -math.MaxInt64/int(time.Hour)), time.Hour)
	require.True(t, wrong)
	require.Equal(t, 8*time.Hour, lag)
	for _, lags := range [][]time.Duration{nil, hours(8, 8, 8, 8), hours(0, 8, 1, 1, 0, 8), hours(300, 300, 300, 300, 300)} {
		_, wrong = Behind(lags, time.Hour)
		require.False(t, wrong, "%s", lags)
	}
}
