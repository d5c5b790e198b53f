package account

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func steadyNow() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// waitFor is how long a scrape waits, at most ten seconds.
func waitFor(s *scrapes) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	began := time.Now()
	s.wait(ctx)
	return time.Since(began)
}

// TestScrapes: a scrape waits for a reading only where one is wanted and may come.
func TestScrapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScrapes(time.Minute, steadyNow())
		require.Zero(t, waitFor(s), "nothing is being read")
		s.begin()
		go func() {
			time.Sleep(3 * time.Second)
			s.end()
		}()
		require.Equal(t, 3*time.Second, waitFor(s), "the first reading")
		require.Zero(t, waitFor(s), "just read")
		time.Sleep(time.Minute)
		require.False(t, s.waiting())
		require.Equal(t, 10*time.Second, waitFor(s), "no one reads")
		require.True(t, s.waiting())

		s.begin()
		require.False(t, s.waiting(), "a reading that begins is the one that was wanted")
		s.end()
		time.Sleep(time.Minute)
		s.rest(time.Hour)
		require.Zero(t, waitFor(s), "left alone")
		s.rest(0)
		go func() {
			time.Sleep(time.Second)
			s.close()
		}()
		require.Equal(t, time.Second, waitFor(s), "stopped")
		require.Zero(t, waitFor(s), "stopped")
	})
}

// TestScrapesShareAReading: scrapes at the same time wake the poller once, and all of them go on when it has read.
func TestScrapesShareAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScrapes(time.Minute, steadyNow())
		s.begin()
		s.end()
		time.Sleep(time.Minute)
		var served atomic.Int32
		for range 5 {
			go func() {
				if waitFor(s) < 10*time.Second {
					served.Add(1)
				}
			}()
		}
		synctest.Wait()
		<-s.wake
		require.False(t, s.waiting())
		s.begin()
		s.end()
		synctest.Wait()
		require.EqualValues(t, 5, served.Load())
	})
}

// TestNextTick: ticks keep to their grid.
func TestNextTick(t *testing.T) {
	for _, tt := range []struct{ next, now, want time.Duration }{
		{30 * time.Second, 10 * time.Second, 30 * time.Second},
		{30 * time.Second, 30 * time.Second, 90 * time.Second},
		{30 * time.Second, 100 * time.Second, 150 * time.Second},
		{30 * time.Second, 10 * time.Minute, 10*time.Minute + 30*time.Second},
	} {
		require.Equal(t, tt.want, nextTick(tt.next, tt.now, time.Minute))
	}
}
