package collector

import (
	"crypto/md5" // the vendor's signature
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
)

const days = 24 * time.Hour

// dated changes the Date of each answer: by off, given the number of the answer and the time since the first one; false leaves
// it out. Requests may be signed by that Date, so they are signed again: the server accepts them as one that checks no timestamps.
func dated(off func(n int64, since time.Duration) (time.Duration, bool)) func(http.RoundTripper) http.RoundTripper {
	wrong := misdated(off)
	return func(next http.RoundTripper) http.RoundTripper {
		next = wrong(next)
		return transport(func(r *http.Request) (*http.Response, error) {
			stamp := strconv.FormatInt(time.Now().Unix(), 10)
			sum := md5.Sum([]byte(mainAccount().Key + mainAccount().Secret + stamp))
			r.Header.Set("Timestamp", stamp)
			r.Header.Set("Sign", hex.EncodeToString(sum[:]))
			return next.RoundTrip(r)
		})
	}
}

// misdated changes the Date of each answer of a server that checks timestamps by its true time.
func misdated(off func(n int64, since time.Duration) (time.Duration, bool)) func(http.RoundTripper) http.RoundTripper {
	var n atomic.Int64
	began := time.Now()
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			d, there := off(n.Add(1)-1, time.Since(began))
			resp.Header.Del("Date")
			if there {
				resp.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
			}
			return resp, nil
		})
	}
}

// TestWrongClocks: whatever the server's Date and the local clock say for a while, the epoch is the time of the first good
// answer, every call since is counted once, and the log is not flooded.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	skipDays(t)
	between := func(from, to, off time.Duration) func(int64, time.Duration) (time.Duration, bool) {
		return func(_ int64, since time.Duration) (time.Duration, bool) {
			if since >= from && since < to {
				return off, true
			}
			return 0, true
		}
	}
	every := func(odd time.Duration) func(int64, time.Duration) (time.Duration, bool) {
		return func(n int64, _ time.Duration) (time.Duration, bool) { return time.Duration(n%2) * odd, true }
	}
	first := func(off time.Duration) func(int64, time.Duration) (time.Duration, bool) {
		return func(n int64, _ time.Duration) (time.Duration, bool) {
			if n == 0 {
				return off, true
			}
			return 0, true
		}
	}
	right := between(0, 0, 0)
	cases := []struct {
		name  string
		date  func(n int64, since time.Duration) (time.Duration, bool)
		local time.Duration // step of the local clock after 40 minutes
	}{
		{"10 days ahead for 10 minutes", between(30*time.Minute, 40*time.Minute, 10*days), 0},
		{"first answer days ahead", first(5 * days), 0},
		{"two servers 5 hours apart", every(-5 * time.Hour), 0},
		{"local clock set by ten days", right, 10 * days},
		{"no Date", func(int64, time.Duration) (time.Duration, bool) { return 0, false }, 0},
		{"10 days ahead for 10 seconds", between(30*time.Minute, 30*time.Minute+10*time.Second, 10*days), 0},
		{"40 days ahead for an hour", between(30*time.Minute, 90*time.Minute, 40*days), 0},
		{"10 days behind for an hour", between(30*time.Minute, 90*time.Minute, -10*days), 0},
		{"3 hours behind for an hour", between(30*time.Minute, 90*time.Minute, -3*time.Hour), 0},
		{"20 minutes ahead for an hour", between(30*time.Minute, 90*time.Minute, 20*time.Minute), 0},
		{"first answer days behind", first(-5 * days), 0},
		{"days ahead for the first hour", between(0, time.Hour, 5*days), 0},
		{"two servers 10 minutes apart", every(10 * time.Minute), 0},
		{"local clock set back by ten days", right, -10 * days},
	}
	for _, tt := range cases[:span(2, 2, len(cases))] { // .ci/run has all of them
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.CallsPerDay = 2400
				w := newWorld(t, o, func(c *config.Config) { c.Global.AuditInterval = duration(20 * time.Minute) })
				clock := &steppedClock{}
				lines := 0
				w.now, w.through = clock.now, dated(tt.date)
				w.logger = log.LoggerFunc(func(kv ...any) error {
					if slices.Contains(kv, any(level.WarnValue())) || slices.Contains(kv, any(level.ErrorValue())) {
						lines++
					}
					return nil
				})
				w.start()
				for minute := range span(110, 110, 150) {
					if minute == 40 {
						clock.off.Store(int64(tt.local))
					}
					time.Sleep(time.Minute)
					w.look()
				}
				require.WithinDuration(t, w.began, w.epoch("main"), 5*time.Second)
				require.Equal(t, 1.0, w.own("itnio_up"))
				require.Zero(t, w.own("itnio_exporter_records_total", "result=too_old"))
				v := w.judge(25 * time.Minute)
				v.exact(t)
				require.Greater(t, v.counted, 100)
				require.LessOrEqual(t, lines, 6)
				w.end()
			})
		})
	}
}

// TestWrongDatesOfAServerThatChecksTimestamps: the requests are signed by the local clock while the server's Date is wrong.
func TestWrongDatesOfAServerThatChecksTimestamps(t *testing.T) {
	t.Parallel()
	skipDays(t)
	for _, off := range []time.Duration{-3 * time.Hour, 10 * days} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, steady(time.Now()), nil)
			w.through = misdated(func(_ int64, since time.Duration) (time.Duration, bool) {
				if since > 30*time.Minute && since < 90*time.Minute {
					return off, true
				}
				return 0, true
			})
			w.start()
			for range 120 {
				time.Sleep(time.Minute)
				w.look()
				require.Equal(t, 1.0, w.own("itnio_up"), "off by %s", off)
			}
			require.LessOrEqual(t, w.sim.Stats()["-16"], 3)
			w.judge(5 * time.Minute).exact(t)
			w.end()
		})
	}
}

// TestQuietRestart: an account without calls, whose local clock is wrong, waits for the server's time to be confirmed at its first
// start, but not at a restart.
func TestQuietRestart(t *testing.T) {
	t.Parallel()
	skipDays(t)
	offs := []time.Duration{5 * time.Hour, -10 * days}
	for _, off := range offs[:span(1, 1, 2)] { // .ci/run has both
		synctest.Test(t, func(t *testing.T) {
			o := steady(time.Now())
			o.CallsPerDay = 0
			w := newWorld(t, o, nil)
			clock := &steppedClock{}
			clock.off.Store(int64(off))
			w.now = clock.now
			w.start()
			time.Sleep(time.Minute)
			require.Zero(t, w.own("itnio_up"), "the local clock is off by %s", off)
			time.Sleep(20 * time.Minute)
			require.Equal(t, 1.0, w.own("itnio_up"))
			w.end()
			w.start()
			time.Sleep(time.Minute)
			require.Zero(t, w.own("itnio_up"), "what was confirmed for minutes only is not remembered")
			time.Sleep(25 * time.Hour)
			w.end()
			w.start()
			time.Sleep(time.Minute)
			require.Equal(t, 1.0, w.own("itnio_up"))
			w.end()
		})
	}
}

// TestRestartWithAWrongLocalClock: where the local clock is hours or days off at a restart, the records tell the server's time.
func TestRestartWithAWrongLocalClock(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	offs := []time.Duration{5 * time.Hour, -10 * days, -5 * time.Hour, 10 * days}
	for _, off := range offs[:span(2, 2, 4)] { // .ci/run has all of them
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, steady(time.Now()), nil)
			clock := &steppedClock{}
			w.now = clock.now
			w.start()
			time.Sleep(time.Hour)
			w.look()
			w.end()
			clock.off.Store(int64(off))
			w.start()
			time.Sleep(time.Minute)
			require.Equal(t, 1.0, w.own("itnio_up"), "the local clock is off by %s", off)
			time.Sleep(30 * time.Minute)
			w.look()
			v := w.judge(5 * time.Minute)
			v.exact(t)
			w.end()
		})
	}
}
