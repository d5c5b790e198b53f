package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/families"
	"itnio_exporter/simulator"
)

// TestVirtualDays is the sizing run: ordinary traffic, every audit and sweep included. Each hour the series show no fewer calls
// than an audit must have found, and in the end they equal the truth, label by label. The limit of requests is checked for whole
// days only.
func TestVirtualDays(t *testing.T) {
	t.Parallel()
	skipDays(t)
	hours := span(1, 1, 7*24)
	for _, filter := range []struct {
		name  string
		on    simulator.Field
		limit int // requests a day
	}{{"start time", simulator.ByStart, 14000}, {"creation time", simulator.ByCreate, 5000}} {
		t.Run(filter.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { virtualDays(t, filter.on, hours, filter.limit) })
		})
	}
}

func virtualDays(t *testing.T, on simulator.Field, hours, limit int) {
	time.Sleep(span(55*time.Hour, 55*time.Hour, 48*time.Hour)) // the bubble begins on a Saturday, this on a busy Monday, or in its busiest hours
	w := newWorld(t, simulator.Options{
		Seed: 1, Start: time.Now().Add(-span(2*time.Hour, 2*time.Hour, 6*time.Hour)), CallsPerDay: span(12000.0, 12000, 24000), Rhythm: 0.8,
		LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
		Habits: simulator.Habits{FilterOn: on},
	}, nil)
	w.start()
	var perDay []int
	before := 0
	for hour := range hours {
		for range 60 {
			time.Sleep(time.Minute)
			w.look()
		}
		// An audit finds what came late, and a new series shows its value after the second scrape of its 0.
		slack := w.cfg.Global().AuditInterval + w.cfg.Global().ZeroFirst + 3*time.Minute
		require.GreaterOrEqual(t, sum(w, "itnio_calls_total"), w.visible(slack))
		if (hour+1)%24 == 0 {
			perDay = append(perDay, w.sim.Requests()-before)
			before = w.sim.Requests()
		}
	}
	const fill = 2 * 24000 / 100 // pages of the two days before the epoch
	require.Less(t, w.sim.Requests(), fill+2*limit*hours/24, "the busiest hours have at most twice the mean")
	v := w.judge(time.Hour)
	w.halt()
	w.exposedRight(families.LabelAccount, families.LabelAgentGroup, families.LabelCountry, "call_type", "outcome", "hangup_reason", "hangup_party")
	require.NoError(t, w.c.Close())
	t.Logf("filter on %d, %d hours: counted %d, lost %d, double %d, wrong %d, requests a day %v, delay p50 %s p99 %s max %s",
		on, hours, v.counted, v.lost, v.double, v.wrong, perDay, v.delay(.5), v.delay(.99), v.delay(1))
	v.exact(t)
	require.Greater(t, v.counted, hours*span(250, 250, 500))
	for _, requests := range perDay {
		require.Less(t, requests, limit)
	}
	require.LessOrEqual(t, v.delay(.99), 61*time.Second)
	require.LessOrEqual(t, v.delay(1), time.Hour+2*time.Minute)
}
