package collector

import (
	"strconv"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
)

// TestScrapers: a host that scrapes at intervals above zero_first is warned of once; a pause is not taken for an interval.
func TestScrapers(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newScrapers(log.NewNopLogger(), func() time.Time { return now })
	for _, step := range []struct {
		after     time.Duration
		host      string
		zeroFirst time.Duration
		slow      bool
	}{
		{0, "a", time.Minute, false},                   // its first
		{75 * time.Second, "a", time.Minute, false},    // a quarter more is jitter
		{time.Second, "b", time.Minute, false},         // another host
		{2 * time.Hour, "a", time.Minute, false},       // a pause
		{2 * time.Minute, "a", 0, false},               // zero_first is off
		{2 * time.Minute, "a", 2 * time.Minute, false}, // it is as long
		{2 * time.Minute, "a", time.Minute, true},
		{2 * time.Minute, "a", time.Minute, false}, // warned of already
	} {
		now = now.Add(step.after)
		_, slow := s.came(step.host, step.zeroFirst)
		require.Equal(t, step.slow, slow, "%+v", step)
	}
	require.Equal(t, []Scraper{{"a", now, 2 * time.Minute}, {"b", now.Add(-2*time.Hour - 8*time.Minute), 0}}, s.seen())
	now = now.Add(longestInterval)
	s.came("a", time.Minute)
	require.Equal(t, Scraper{"a", now, 0}, s.seen()[0], "a pause is no interval")
	for i := range 3 * maxScrapers {
		s.came(strconv.Itoa(i), time.Minute)
		require.LessOrEqual(t, len(s.byHost), maxScrapers)
	}
}
