package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
)

// TestExpiry: ids do not grow without bound, and lowering and raising the horizon counts no call twice.
func TestExpiry(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 120
		horizonOf := func(d time.Duration) func(*config.Config) {
			return func(c *config.Config) {
				c.Global.Horizon, c.Global.PollInterval = duration(d), duration(30*time.Minute)
			}
		}
		w := newWorld(t, o, horizonOf(24*time.Hour))
		most := 0
		for _, horizon := range []time.Duration{24 * time.Hour, 24 * time.Hour, 96 * time.Hour, 24 * time.Hour, 96 * time.Hour} {
			w.cfg = testConfig(t, horizonOf(horizon))
			w.start()
			for range span(1, 1, 2) * 24 {
				time.Sleep(time.Hour)
				w.look()
				if horizon == 24*time.Hour {
					most = max(most, w.c.members["main"].account.IDs())
				}
			}
			v := w.judge(time.Hour + 32*time.Minute)
			v.exact(t)
			w.end()
		}
		require.Less(t, most, 7*120)
	})
}

// TestExpiryWithRareAudits: where days pass between two audits, each has more than one day of ids to let go.
func TestExpiryWithRareAudits(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 80
		w := newWorld(t, o, func(c *config.Config) {
			c.Global.Horizon, c.Global.AuditInterval, c.Global.PollInterval = duration(72*time.Hour), duration(49*time.Hour), duration(time.Hour)
			c.Global.ZeroFirst = duration(0)
		})
		w.start()
		for range span(9, 9, 30) {
			time.Sleep(24 * time.Hour)
			w.look()
		}
		require.Less(t, w.c.members["main"].account.IDs(), 10*80)
		v := w.judge(50 * time.Hour)
		v.exact(t)
		w.end()
	})
}
