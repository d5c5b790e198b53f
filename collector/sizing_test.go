package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// TestSizing prints what accounts of different sizes cost over a working day, warmed up for six hours, with the settings
// given: the sizing table of docs/guarantee.md.
func TestSizing(t *testing.T) {
	if !*long {
		t.Skip("a long proof")
	}
	for _, s := range []struct {
		calls float64
		poll  time.Duration
		rate  float64
	}{
		{1_000, time.Minute, 5},
		{10_000, time.Minute, 5},
		{24_000, time.Minute, 5},
		{100_000, time.Minute, 5},
		{300_000, time.Minute, 5},
		{300_000, 5 * time.Minute, 5},
		{1_000_000, 5 * time.Minute, 5},
		{1_000_000, time.Minute, 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(42 * time.Hour) // from the Saturday on which a bubble begins to the Sunday evening before the day
			w := newWorld(t, simulator.Options{
				Seed: 1, Start: time.Now().Add(-6 * time.Hour), CallsPerDay: s.calls, Rhythm: 0.8,
				LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
				Habits: simulator.Habits{Order: simulator.StartDesc},
			}, func(c *config.Config) {
				c.Global.PollInterval, c.Accounts[0].RateLimit = &s.poll, &s.rate
			})
			w.start()
			time.Sleep(6 * time.Hour)
			atStart, before, busiest := w.sim.Requests(), w.sim.Requests(), 0
			for range 24 * 60 {
				time.Sleep(time.Minute)
				busiest = max(busiest, w.sim.Requests()-before)
				before = w.sim.Requests()
			}
			requests := w.sim.Requests() - atStart
			grace := w.cfg.Global().AuditInterval
			v := w.judge(grace)
			w.end()
			t.Logf("| %8.0f | %s | %2.0f | %6d | %3d | %5.1f s | %5.1f s | %s | lost %d double %d counted %d",
				s.calls, s.poll, s.rate, requests, busiest, v.delay(.5).Seconds(), v.delay(.99).Seconds(), v.delay(1).Round(time.Second), v.lost, v.double, v.counted)
			for _, c := range v.lostCalls {
				t.Logf("lost: start %s end %s visible %s now %s, reading began %s", c.Start, c.Ended(), c.VisibleAt, time.Now(), w.began)
			}
			require.Zero(t, v.lost)
			require.Zero(t, v.double)
			require.Zero(t, v.wrong)
		})
	}
}
