package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// TestImpossibleTimes: at a first start where every fourth record has a time of 1970 or 2099, all calls are counted, and the
// account is not taken for one with a wrong offset.
func TestImpossibleTimes(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay, o.Faults = 9600, simulator.Faults{WrongTime: 0.25}
		w := newWorld(t, o, func(c *config.Config) { c.Global.InitialHistory = duration(4 * time.Hour) })
		w.start()
		time.Sleep(15 * time.Minute)
		require.Equal(t, 1.0, w.own("itnio_up"))
		require.Zero(t, w.own("itnio_exporter_record_anomalies_total", "kind=offset"))
		require.Greater(t, w.own("itnio_exporter_record_anomalies_total", "kind=future_time"), 20.0)
		v := w.judge(5 * time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 1000)
		w.end()
	})
}
