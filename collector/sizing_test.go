package collector

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

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
		{300_000, time.Minute, 10},
		{300_000, 5 * time.Minute, 5},
		{1_000_000, time.Minute, 20},
		{1_000_000, 5 * time.Minute, 10},
	} {
		t.Run(fmt.Sprintf("%.0f calls a day, polled each %s", s.calls, s.poll), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { size(t, s.calls, s.poll, s.rate) })
		})
	}
}

func size(t *testing.T, callsPerDay float64, poll time.Duration, rate float64) {
	time.Sleep(42 * time.Hour) // from the Saturday on which a bubble begins to the Sunday evening before the day
	w := newWorld(t, simulator.Options{
		Seed: 1, Start: time.Now().Add(-6 * time.Hour), CallsPerDay: callsPerDay, Rhythm: 0.8,
		LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
		Habits: simulator.Habits{Order: simulator.StartDesc},
	}, func(c *config.Config) {
		c.Global.PollInterval, c.Accounts[0].RateLimit = &poll, &rate
	})
	w.start()
	time.Sleep(6 * time.Hour)
	atStart := w.sim.Requests()
	before, busiest := atStart, 0
	for range 24 * 60 {
		time.Sleep(time.Minute)
		busiest = max(busiest, w.sim.Requests()-before)
		before = w.sim.Requests()
	}
	v := w.judge(w.cfg.Global().AuditInterval + 2*poll)
	w.end()
	t.Logf("%.0f calls a day, polled each %s, %g requests a second: requests a day %d, in the busiest minute %d, delay p50 %s p99 %s max %s, counted %d, lost %d, double %d",
		callsPerDay, poll, rate, before-atStart, busiest, v.delay(.5).Round(time.Second), v.delay(.99).Round(time.Second),
		v.delay(1).Round(time.Second), v.counted, v.lost, v.double)
	v.exact(t)
}
