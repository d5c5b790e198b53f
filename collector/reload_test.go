package collector

import (
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
)

// TestReload: accounts are added, removed and changed; a configuration that cannot be put in force changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(10 * time.Minute)
		two := testConfig(t, func(c *config.Config) {
			other := c.Accounts[0]
			other.Name, other.RateLimit = "second", new(0.5)
			c.Accounts = append(c.Accounts, other)
		})
		require.NoError(t, w.c.Reload(two))
		require.Equal(t, 0.5, w.own("itnio_exporter_api_rate_limit", "account=second"))
		time.Sleep(10 * time.Minute)
		require.Len(t, w.c.Status(), 2)
		require.Equal(t, 1.0, w.own("itnio_up", "account=second"))

		moved := testConfig(t, func(c *config.Config) { c.Accounts[0].BaseURL = "https://elsewhere.invalid" })
		err := w.c.Reload(moved)
		require.ErrorContains(t, err, "base_url")
		require.Len(t, w.c.Status(), 2)

		buckets := testConfig(t, func(c *config.Config) {
			c.Metrics.DurationBuckets, c.Accounts[0].RateLimit = []float64{6, 60, 600}, new(7.0)
		})
		require.NoError(t, w.c.Reload(buckets))
		require.Equal(t, 7.0, w.own("itnio_exporter_api_rate_limit"), "of the only account")
		time.Sleep(10 * time.Minute)
		require.Len(t, w.c.Status(), 1)
		v := w.judge(3 * time.Minute)
		require.Zero(t, v.lost)
		require.Zero(t, v.double)
		fams, _ := w.c.ledger.Exposition()
		for _, f := range fams {
			if f.Name == "itnio_call_duration_seconds" {
				require.Equal(t, []float64{6, 60, 600}, f.Bounds)
			}
			for _, m := range f.Metrics {
				require.NotContains(t, strings.Join(m.LabelValues, " "), "second")
			}
		}
		w.end()
	})
}

// closing counts how often the idle connections of a client are closed.
type closing struct {
	http.RoundTripper
	closed int
}

func (c *closing) CloseIdleConnections() { c.closed++ }

// TestReloadClosesConnections: an account that is read by another client, or no more, leaves no connections.
func TestReloadClosesConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		var clients []*closing // in the order in which they were made
		w.through = func(next http.RoundTripper) http.RoundTripper {
			clients = append(clients, &closing{RoundTripper: next})
			return clients[len(clients)-1]
		}
		closed := func() (n []int) {
			for _, c := range clients {
				n = append(n, c.closed)
			}
			return n
		}
		w.start()
		time.Sleep(time.Minute)
		require.NoError(t, w.c.Reload(testConfig(t, func(c *config.Config) { c.Accounts = append(c.Accounts, configured(secondAccount())) })))
		require.Equal(t, []int{0, 0, 0}, closed(), "main is unchanged: its new client is not used")
		require.NoError(t, w.c.Reload(testConfig(t, func(c *config.Config) { c.Global.Lookback = duration(3 * time.Hour) })))
		require.Equal(t, []int{1, 0, 1, 0}, closed(), "main is changed, second is gone")
		w.end()
	})
}

// TestReloadThatFailsMidway: where the disk fills up during a reload, the old configuration goes on with all its accounts.
func TestReloadThatFailsMidway(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	for spare := range int32(3) {
		t.Run(strconv.Itoa(int(spare)), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				two := func(first, second string, lookback time.Duration) func(*config.Config) {
					return func(c *config.Config) {
						other := c.Accounts[0]
						c.Accounts[0].Name, other.Name, c.Global.Lookback = first, second, duration(lookback)
						c.Accounts = append(c.Accounts, other)
					}
				}
				o := steady(time.Now())
				o.CallsPerDay = 600
				w := newWorld(t, o, func(c *config.Config) {
					two("main", "old", 2*time.Hour)(c)
					c.Metrics.Agents = string(config.AgentsName)
				})
				w.start()
				time.Sleep(10 * time.Minute)
				names := func() (names []string) {
					fams, _ := w.c.ledger.Exposition()
					for _, f := range fams {
						names = append(names, f.Name)
					}
					return names
				}
				had := names()
				require.Contains(t, had, "itnio_agent_calls_total")
				next := testConfig(t, func(c *config.Config) {
					two("new", "main", 3*time.Hour)(c)
					c.Metrics.Agents = string(config.AgentsOff)
					last := c.Accounts[0]
					last.Name = "newer"
					c.Accounts = append(c.Accounts, last)
				})
				w.spare.Store(spare)
				w.diskFull.Store(true)
				require.ErrorIs(t, w.c.Reload(next), syscall.ENOSPC)
				w.diskFull.Store(false)
				require.Equal(t, had, names())
				time.Sleep(10 * time.Minute)
				status := w.c.Status()
				require.Len(t, status, 2)
				for i, name := range []string{"main", "old"} {
					require.Equal(t, name, status[i].Name)
					require.WithinDuration(t, time.Now(), status[i].LastSuccess, 2*time.Minute)
				}
				w.look()
				require.NoError(t, w.c.Reload(next))
				time.Sleep(10 * time.Minute)
				require.Len(t, w.c.Status(), 3)
				v := w.judge(3 * time.Minute)
				require.Zero(t, v.lost)
				require.Zero(t, v.double)
				w.end()
			})
		})
	}
}

// TestReloadConcealsNothing: a shorter lookback does not make a ledger that is up to date look like a backup.
func TestReloadConcealsNothing(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(30 * time.Minute)
		before, _ := w.c.ledger.Exposition()
		require.NotEmpty(t, before)
		require.NoError(t, w.c.Reload(testConfig(t, func(c *config.Config) { c.Global.Lookback = duration(10 * time.Minute) })))
		after, _ := w.c.ledger.Exposition()
		require.Len(t, after, len(before))
		w.end()
	})
}
