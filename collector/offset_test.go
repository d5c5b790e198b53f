package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// TestWrongOffset: at a first start with a wrong offset nothing is counted, and once it is corrected exactly the calls since
// the first good answer are.
func TestWrongOffset(t *testing.T) {
	t.Parallel()
	skipDays(t)
	for _, tc := range []struct {
		name, offset string
		accept       simulator.TimeFormat
		wait         time.Duration
	}{
		{"records in the future", "+00:00", simulator.AnyTime, time.Hour},
		{"records in the future, windows off too", "+00:00", simulator.DatetimeOnly, time.Hour},
		{"records in the past", "+14:00", simulator.AnyTime, time.Hour},
		{"records in the past, windows off too", "+14:00", simulator.DatetimeOnly, 4 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.CallsPerDay, o.Habits.Accept = 600, tc.accept
				w := newWorld(t, o, func(c *config.Config) { c.Accounts[0].UTCOffset = tc.offset })
				right := testConfig(t, nil)
				w.start()
				time.Sleep(tc.wait)
				countedAt, _ := w.tally.counted()
				require.Empty(t, countedAt)
				require.NotZero(t, w.own("itnio_exporter_record_anomalies_total", "kind=offset"))
				require.Zero(t, w.own("itnio_up"))
				require.Contains(t, w.c.Status()[0].LastError, "utc_offset")
				w.end()
				w.cfg = right
				w.start()
				time.Sleep(90 * time.Minute)
				v := w.judge(time.Hour)
				require.Zero(t, v.lost)
				require.Zero(t, v.wrong)
				require.Equal(t, 1.0, w.own("itnio_up"))
				require.Greater(t, v.counted, 45)
				w.end()
			})
		})
	}
}
