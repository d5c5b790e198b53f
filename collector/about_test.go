package collector

import (
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/account"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/itnio"
)

// TestStatusOverAnAccountsLife: from the first fill on, over a failure, a reload and a day of downtime, the state says what is going
// on, and the calls by hour are those that were counted.
func TestStatusOverAnAccountsLife(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 4800
		w := newWorld(t, o, func(c *config.Config) { c.Global.InitialHistory = duration(12 * time.Hour) })
		var failing atomic.Bool
		w.fails = func(itnio.Query) error {
			if failing.Load() {
				return &itnio.StatusError{Code: itnio.StatusAuthFailed}
			}
			return nil
		}
		w.start()
		var seen []account.State
		watch := func(d time.Duration, want account.State) {
			t.Helper()
			for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
				if s := w.c.Status()[0]; len(seen) == 0 || seen[len(seen)-1] != s.State() {
					seen = append(seen, s.State())
				}
			}
			require.Contains(t, seen, want)
			s := w.c.Status()[0]
			require.Equal(t, want, s.State())
		}
		watch(40*time.Minute, account.StateInStep)
		require.Equal(t, []account.State{account.StateStarting, account.StateFirstFill}, seen[:2])
		require.True(t, slices.Contains(seen, account.StateAudit))

		s := w.c.Status()[0]
		require.Equal(t, w.tally.len(), callsOf(&s), "every call of the last 24 hours, and there are no older ones")
		require.Equal(t, 5.0, s.RateLimit)
		require.InDelta(t, 5, s.Recent.RequestsMinute, 10)
		require.Greater(t, s.Recent.RequestsDay, 40)
		require.Positive(t, s.Recent.Lateness.Records)
		require.Positive(t, s.Recent.Lateness.P50)

		failing.Store(true)
		watch(5*time.Minute, account.StateFailing)
		require.Equal(t, account.TroubleAuthentication, w.c.Status()[0].Trouble)
		failing.Store(false)
		watch(10*time.Minute, account.StateInStep)

		before := w.c.Status()[0].Recent
		rate := 50.0
		require.NoError(t, w.c.Reload(testConfig(t, func(c *config.Config) {
			c.Global.InitialHistory = duration(12 * time.Hour)
			c.Accounts[0].RateLimit = &rate
		})))
		s = w.c.Status()[0]
		require.Equal(t, account.StateStarting, s.State())
		require.Equal(t, before.Since, s.Recent.Since)
		require.Equal(t, before.Hours, s.Recent.Hours)
		require.Equal(t, 50.0, s.RateLimit)
		require.Contains(t, w.c.About().Configuration, "rate_limit: 50\n")

		w.scrape()
		about := w.c.About()
		require.Equal(t, filepath.Join(w.dir, "ledger.db"), about.Ledger.Path)
		require.Equal(t, w.began, about.Started)
		require.Equal(t, "192.0.2.1", about.Scrapers[0].Host)
		w.end()

		time.Sleep(20 * time.Hour)
		rateLimit := 0.2 // slow enough to be watched
		w.cfg = testConfig(t, func(c *config.Config) { c.Accounts[0].RateLimit = &rateLimit })
		w.start()
		var progress account.Summary
		for range 20 * 60 {
			time.Sleep(time.Second)
			if s := w.c.Status()[0]; s.State() == account.StateCatchingUp && s.CaughtUp > 0 {
				progress = s
			}
		}
		require.Positive(t, progress.CaughtUp, "catching up shows how far it has come")
		require.Positive(t, progress.Estimate)
		w.end()
	})
}

func callsOf(s *AccountStatus) (n int) {
	for _, h := range s.Recent.Hours {
		for _, calls := range h.Calls {
			n += calls
		}
	}
	return n
}

// TestConcealedStatus: an account whose series are not shown says so.
func TestConcealedStatus(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(20 * time.Minute)
		require.False(t, w.c.Status()[0].Concealed)
		w.end()
		time.Sleep(8 * time.Hour) // longer than twice the lookback
		w.fails = func(itnio.Query) error { return errors.New("not yet") }
		w.start()
		time.Sleep(time.Minute)
		require.True(t, w.c.Status()[0].Concealed)
		w.end()
	})
}
