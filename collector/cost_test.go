package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// TestCost pins how many requests a first fill, the audit after it, a quiet poll, a restart and a reload take on an honest server
// whose past is at rest, and prints the table. The full numbers of calls are for the long proof.
func TestCost(t *testing.T) {
	t.Parallel()
	skipDays(t)
	share := span(0.05, 0.05, 1)
	for _, c := range []struct {
		name        string
		calls       float64       // a day
		past        time.Duration // that has calls
		history     time.Duration // initial_history
		read        time.Duration // how much of the past the first fill and the audit after it read; the rest is counted
		filledFirst bool          // the fill is all of that, and the audit only asks
	}{
		{"20 hours of history", 425_524 * share, 20 * time.Hour, 24 * time.Hour, 24 * time.Hour, true},
		{"a week without history", 24_147 * share, 7 * 24 * time.Hour, 0, 50 * time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				end := time.Now().Add(-40 * time.Minute)
				rate := 10000.0
				w := newWorld(t, simulator.Options{
					Seed: 1, Start: end.Add(-c.past), End: end, CallsPerDay: c.calls, TalkMedian: 20 * time.Second, Latency: time.Millisecond,
				}, func(v *config.Config) { v.Global.InitialHistory, v.Accounts[0].RateLimit = &c.history, &rate })
				calls, records := 0, 0
				for call := range w.sim.Calls() {
					calls++
					if call.Start.After(time.Now().Add(-c.read)) {
						records++
					}
				}
				pages := float64(records) / 100
				w.start()
				until := func(done func() bool) int {
					before := w.sim.Requests()
					for range 600 {
						if done() {
							break
						}
						time.Sleep(100 * time.Millisecond)
					}
					require.True(t, done())
					return w.sim.Requests() - before
				}
				during := func(d time.Duration) int {
					before := w.sim.Requests()
					time.Sleep(d)
					return w.sim.Requests() - before
				}
				fill := until(func() bool { return w.c.members["main"].account.InitialDone() })
				audit := until(func() bool { return !w.c.Status()[0].CompleteUntil.IsZero() })
				time.Sleep(3 * time.Minute)
				const minutes = 20
				quiet := float64(during(minutes*time.Minute)) / minutes
				w.end()
				w.start()
				restart := during(55 * time.Second)
				require.NoError(t, w.c.Reload(testConfig(t, func(v *config.Config) {
					backoff := time.Minute
					v.Global.InitialHistory, v.Accounts[0].RateLimit, v.Global.BackoffMax = &c.history, &rate, &backoff
				})))
				reload := during(55 * time.Second)
				w.end()
				t.Logf("%d calls, %d of them read (%.0f pages): fill %d, audit %d, quiet minute %.1f, restart %d, reload %d",
					calls, records, pages, fill, audit, quiet, restart, reload)
				if c.filledFirst {
					require.LessOrEqual(t, float64(fill), 1.15*pages)
					require.LessOrEqual(t, audit, 100)
				} else {
					require.LessOrEqual(t, float64(fill+audit), 1.15*pages+20)
				}
				require.LessOrEqual(t, quiet, 2.5+pages/500) // the sweep reads what leaves the lookback
				require.LessOrEqual(t, restart, 26)
				require.LessOrEqual(t, reload, 26)
			})
		})
	}
}
