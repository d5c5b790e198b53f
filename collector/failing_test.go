package collector

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/itnio"
)

// TestBackgroundFailures: a failure that only catching up or an audit meets makes the account down at once, with a reason on the
// status page and a line in the log, and the account is up again when it has passed.
func TestBackgroundFailures(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	for _, tt := range []struct {
		name  string
		after time.Duration // the start
		fail  func(w *world, on bool)
		says  string
	}{
		{"first fill, 500 for the past", 0, func(w *world, on bool) { w.pastFails.Store(on) }, "catching up: "},
		{"audit, 500 for the past", 50 * time.Minute, func(w *world, on bool) { w.pastFails.Store(on) }, "audit: "},
		{"first fill, full disk", 10 * time.Second, func(w *world, on bool) { w.diskFull.Store(on) }, "no space left"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, steady(time.Now()), func(c *config.Config) { c.Global.InitialHistory = duration(12 * time.Hour) })
				var out bytes.Buffer
				w.logger = log.NewLogfmtLogger(log.NewSyncWriter(&out))
				w.fails = func(q itnio.Query) error {
					if w.pastFails.Load() && time.Since(q.From) > 4*time.Hour {
						return &itnio.HTTPError{StatusCode: 500}
					}
					return nil
				}
				w.start()
				time.Sleep(tt.after)
				tt.fail(w, true)
				began := time.Now()
				for w.c.Status()[0].LastError == "" {
					time.Sleep(100 * time.Millisecond)
					require.Less(t, time.Since(began), 15*time.Minute)
				}
				require.Zero(t, w.own("itnio_up"))
				require.Contains(t, w.c.Status()[0].LastError, tt.says)
				synctest.Wait() // nobody writes to the log
				require.Equal(t, 1, strings.Count(out.String(), tt.says))
				tt.fail(w, false)
				time.Sleep(15 * time.Minute)
				require.Empty(t, w.c.Status()[0].LastError)
				require.Equal(t, 1.0, w.own("itnio_up"))
				w.end()
			})
		})
	}
}

// TestRefusedPast: while all of the past is refused, answers to questions that reach into the present do not make the account up.
func TestRefusedPast(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 4800
		w := newWorld(t, o, func(c *config.Config) {
			c.Global.InitialHistory, c.Global.Lookback, c.Global.PollInterval = duration(time.Hour), duration(2*time.Minute), duration(time.Second)
		})
		w.fails = func(q itnio.Query) error {
			if time.Since(q.To) > 5*time.Minute {
				return &itnio.HTTPError{StatusCode: 500}
			}
			return nil
		}
		w.start()
		began := time.Now()
		for w.c.Status()[0].LastError == "" {
			time.Sleep(100 * time.Millisecond)
			require.Less(t, time.Since(began), time.Minute)
		}
		looks := 0
		for w.own("itnio_exporter_catch_up_remaining_seconds") > 0 { // until all of the past is given up
			require.Zero(t, w.own("itnio_up"))
			looks++
			time.Sleep(100 * time.Millisecond)
			require.Less(t, time.Since(began), 10*time.Minute)
		}
		require.Greater(t, looks, 100)
		require.Positive(t, w.c.Status()[0].OpenWindows)
		w.end()
	})
}

// TestSlowAnswers: an account whose answers take almost as long as they may is not waited for, and counts its calls. Its series
// appear after the few requests of the first poll, which are made without a pause between them.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay, o.Latency = 1000, 28*time.Second
		w := newWorld(t, o, nil)
		w.start()
		began := time.Now()
		ready, _ := w.c.Ready()
		require.False(t, ready)
		time.Sleep(2 * itnio.DefaultTimeout)
		ready, _ = w.c.Ready()
		require.True(t, ready)
		for !strings.Contains(w.scrape(), "\nitnio_calls_total{") {
			time.Sleep(time.Second)
			require.Less(t, time.Since(began), time.Hour)
		}
		require.LessOrEqual(t, w.sim.Requests(), 10)
		require.LessOrEqual(t, time.Since(began), time.Duration(w.sim.Requests())*o.Latency+time.Second)
		time.Sleep(2 * time.Hour)
		require.Equal(t, 1.0, w.own("itnio_up"))
		v := w.judge(30 * time.Minute)
		v.exact(t)
		require.Positive(t, v.counted)
		w.end()
	})
}

// TestNoAnswers: an account whose requests time out is down with a reason after the first of them.
func TestNoAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.Latency = time.Hour
		w := newWorld(t, o, nil)
		w.start()
		time.Sleep(itnio.DefaultTimeout + time.Second)
		ready, _ := w.c.Ready()
		require.True(t, ready)
		require.Contains(t, w.scrape(), `itnio_up{account="main"} 0`)
		require.Contains(t, w.c.Status()[0].LastError, "no complete answer within")
		w.end()
	})
}

// TestErrorsHideSecretsOfHTTPClient: what the other end repeats of the account's http_client is in no error.
func TestErrorsHideSecretsOfHTTPClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), func(c *config.Config) {
			c.Accounts[0].HTTPClient = &promconfig.HTTPClientConfig{BasicAuth: &promconfig.BasicAuth{Username: "me", Password: "hunter2"}}
		})
		w.through = func(http.RoundTripper) http.RoundTripper {
			return transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("the proxy does not know hunter2") })
		}
		w.start()
		time.Sleep(time.Minute)
		require.Contains(t, w.c.Status()[0].LastError, "the proxy does not know …")
		w.end()
	})
}
