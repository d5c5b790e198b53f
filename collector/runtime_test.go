package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/account"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

// own reads a metric of the exporter's own; the labels are name=value.
func (w *world) own(name string, labels ...string) float64 {
	w.t.Helper()
	fams, err := w.reg.Gather()
	require.NoError(w.t, err)
	sum := 0.0
	for _, f := range fams {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if matches(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func matches(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, l := range m.GetLabel() {
			found = found || l.GetName()+"="+l.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}

func steady(now time.Time) simulator.Options {
	return simulator.Options{Seed: 7, Start: now.Add(-24 * time.Hour), CallsPerDay: 24000, Latency: 20 * time.Millisecond}
}

func duration(d time.Duration) *time.Duration { return &d }

// TestBaseline: with a day of history and none of it asked for, the calls that ended after the first good answer are counted,
// those in progress at the start among them, and no others.
func TestBaseline(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.LongShare, o.LateShare = 0.02, 0.02
		w := newWorld(t, o, nil)
		w.start()
		time.Sleep(8 * time.Hour)
		v := w.judge(time.Hour + 2*time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 7000)
		w.end()
	})
}

// TestEpoch: the epoch goes by the first good answer, also where that one was to a question in a time format which the server
// does not read, and answers are slow.
func TestEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.Latency, o.Habits.Accept, o.Habits.RefuseSilently = 3*time.Second, simulator.DatetimeOnly, true
		w := newWorld(t, o, func(c *config.Config) { c.Global.InitialHistory = duration(time.Hour) })
		var first atomic.Pointer[http.Header]
		w.through = func(next http.RoundTripper) http.RoundTripper {
			return transport(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err == nil && resp.StatusCode == http.StatusOK {
					first.CompareAndSwap(nil, &resp.Header)
				}
				return resp, err
			})
		}
		w.start()
		time.Sleep(20 * time.Minute)
		date, err := http.ParseTime(first.Load().Get("Date"))
		require.NoError(t, err)
		require.Equal(t, date.Add(-time.Hour), w.epoch().UTC())
		v := w.judge(10 * time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 100)
		w.end()
	})
}

// TestWrongOffset: at a first start with a wrong offset nothing is counted, and once it is mended exactly the calls since
// the first good answer are.
func TestWrongOffset(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
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
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.Habits.Accept = tc.accept
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
				require.Greater(t, v.counted, 2000)
				w.end()
			})
		})
	}
}

// TestDowntime: a day of downtime is caught up without a loss, and nothing is shown before it is.
func TestDowntime(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(4 * time.Hour)
		w.look()
		w.end()
		time.Sleep(24 * time.Hour)
		w.start()
		fams, _ := w.c.ledger.Exposition()
		require.Empty(t, fams, "a ledger that slept is not shown before it has caught up")
		time.Sleep(10 * time.Second)
		require.Positive(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
		require.Zero(t, w.own("itnio_exporter_complete_until_timestamp_seconds"))
		time.Sleep(15 * time.Minute)
		require.Zero(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
		require.NotZero(t, w.own("itnio_exporter_complete_until_timestamp_seconds"))
		w.look()
		v := w.judge(5 * time.Minute)
		v.exact(t)
		w.end()
	})
}

// TestExpiry: ids do not grow without bound, and lowering and raising the horizon counts no call twice.
func TestExpiry(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 4000
		horizonOf := func(d time.Duration) func(*config.Config) {
			return func(c *config.Config) {
				c.Global.Horizon, c.Global.PollInterval = duration(d), duration(10*time.Minute)
			}
		}
		w := newWorld(t, o, horizonOf(24*time.Hour))
		most := 0
		for _, horizon := range []time.Duration{24 * time.Hour, 24 * time.Hour, 96 * time.Hour, 24 * time.Hour, 96 * time.Hour} {
			w.cfg = testConfig(t, horizonOf(horizon))
			w.start()
			for range 2 * 24 {
				time.Sleep(time.Hour)
				w.look()
				if horizon == 24*time.Hour {
					most = max(most, w.c.members["main"].account.IDs())
				}
			}
			v := w.judge(time.Hour + 12*time.Minute)
			v.exact(t)
			w.end()
		}
		require.Less(t, most, 7*4000)
	})
}

// TestExpiryWithRareAudits: where days pass between two audits, each has more than one day of ids to let go.
func TestExpiryWithRareAudits(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 400
		w := newWorld(t, o, func(c *config.Config) {
			c.Global.Horizon, c.Global.AuditInterval, c.Global.PollInterval = duration(72*time.Hour), duration(49*time.Hour), duration(time.Hour)
		})
		w.start()
		for range 30 {
			time.Sleep(24 * time.Hour)
			w.look()
		}
		require.Less(t, w.c.members["main"].account.IDs(), 10*400)
		v := w.judge(50 * time.Hour)
		v.exact(t)
		w.end()
	})
}

// transport stands between the client and the API.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBareListInShortPages: the vendor's table has data as an array. A server that sends the records alone says neither a total
// nor the size of the page, which may be shorter than asked for: a page that is not full by the size asked for is not the last.
func TestBareListInShortPages(t *testing.T) {
	if raceDetector {
		t.Skip("hours take too long under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay, o.Habits.PageSize = 9600, 15
		w := newWorld(t, o, func(c *config.Config) {
			c.Global.PollInterval, c.Global.Lookback = duration(5*time.Minute), duration(30*time.Minute)
		})
		w.through = func(next http.RoundTripper) http.RoundTripper {
			return transport(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				var answer struct {
					Status int             `json:"status"`
					Data   json.RawMessage `json:"data"`
				}
				var page struct {
					Records json.RawMessage `json:"records"`
				}
				require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
				if json.Unmarshal(answer.Data, &page) == nil && page.Records != nil {
					answer.Data = page.Records
				}
				body, err := json.Marshal(answer)
				require.NoError(t, err)
				resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				return resp, nil
			})
		}
		w.start()
		time.Sleep(3 * time.Hour)
		v := w.judge(time.Hour + 10*time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 200)
		w.end()
	})
}

// TestReloadConcealsNothing: a shorter lookback does not make a ledger that is up to date look like a backup.
func TestReloadConcealsNothing(t *testing.T) {
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

// TestSlowServerClock: a ledger does not look like a backup because the server's clock is hours behind the local one.
func TestSlowServerClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(-5 * time.Hour) }
		o := steady(now())
		o.Now = now
		w := newWorld(t, o, nil)
		w.start()
		time.Sleep(30 * time.Minute)
		before, _ := w.c.ledger.Exposition()
		w.end()
		w.start()
		time.Sleep(time.Second) // the first answers are there, the first pass is not over
		require.True(t, w.c.Status()[0].LastSuccess.IsZero())
		after, _ := w.c.ledger.Exposition()
		require.Len(t, after, len(before))
		require.NotEmpty(t, after)
		w.end()
	})
}

// failing is an API that fails for some queries.
type failing struct {
	account.API
	fails func(itnio.Query) error
}

func (f failing) Records(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	if err := f.fails(q); err != nil {
		return itnio.Page{}, err
	}
	return f.API.Records(ctx, q)
}

// TestRecordThatBreaksTheAnswer: a record that makes the server fail keeps none but those of its own second from being counted,
// wherever it is: in the newest minutes, the lookback or what is caught up with.
func TestRecordThatBreaksTheAnswer(t *testing.T) {
	code := func(c int) error { return &itnio.HTTPError{StatusCode: c} }
	for _, tt := range []struct {
		age time.Duration
		how error
	}{
		{-10 * time.Minute, code(500)},
		{time.Second, code(500)},
		{time.Hour, code(500)},
		{5 * time.Hour, code(500)},
		{-10 * time.Minute, itnio.ErrConnection},
		{5 * time.Hour, itnio.ErrConnection},
		{time.Hour, code(400)},
	} {
		t.Run(tt.age.String()+", "+tt.how.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.CallsPerDay = 4800
				w := newWorld(t, o, func(c *config.Config) { c.Global.InitialHistory = duration(8 * time.Hour) })
				bad := time.Now().Add(-tt.age).Truncate(time.Second)
				w.fails = func(q itnio.Query) error {
					if !q.From.After(bad) && !q.To.Before(bad) && !time.Now().Before(bad) {
						return tt.how
					}
					return nil
				}
				w.start()
				time.Sleep(2 * time.Hour)
				require.Equal(t, 1.0, w.own("itnio_up"))
				require.Equal(t, 1.0, w.own("itnio_exporter_open_windows"))
				require.Zero(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
				v := w.judge(time.Hour)
				require.Zero(t, v.wrong+v.double)
				for _, c := range v.lostCalls {
					require.WithinDuration(t, bad, c.Start, 2*time.Second)
				}
				require.Greater(t, v.counted, 1500)
				w.end()
			})
		})
	}
}

// TestRetryAfter: what the server asks for while something is caught up with holds for the next reading too.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), func(c *config.Config) { c.Global.InitialHistory = duration(12 * time.Hour) })
		var refused time.Time
		w.fails = func(q itnio.Query) error {
			if !refused.IsZero() {
				require.GreaterOrEqual(t, time.Since(refused), 7*time.Minute)
				return nil
			}
			if time.Since(q.To) < 5*time.Hour {
				return nil
			}
			refused = time.Now()
			return &itnio.HTTPError{StatusCode: http.StatusTooManyRequests, RetryAfter: 7 * time.Minute}
		}
		w.start()
		time.Sleep(20 * time.Minute)
		require.NotZero(t, refused)
		require.Zero(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
		w.end()
	})
}

// TestScrapeMode: scrapes bring the account in step, share a reading, and are not held up by a slow API.
func TestScrapeMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		w := newWorld(t, o, func(c *config.Config) { c.Global.PollMode = string(config.PollScrape) })
		w.start()
		synctest.Wait()
		h, err := w.c.MetricsHandler(w.reg, w.logger)
		require.NoError(t, err)
		scrape := func() (string, time.Duration) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set(scrapeTimeoutHeader, "10")
			rec := httptest.NewRecorder()
			began := time.Now()
			h.ServeHTTP(rec, r)
			require.Equal(t, http.StatusOK, rec.Code)
			return rec.Body.String(), time.Since(began)
		}
		time.Sleep(time.Hour)
		requests := w.sim.Requests()
		time.Sleep(time.Hour)
		require.Equal(t, requests, w.sim.Requests(), "nobody asks, nobody is asked")
		for range 60 {
			_, took := scrape()
			require.Less(t, took, 10*time.Second)
			time.Sleep(time.Minute)
		}
		require.Less(t, w.sim.Requests()-requests, 60*30)
		before := w.sim.Requests()
		done := make(chan struct{})
		for range 5 {
			go func() { scrape(); done <- struct{}{} }()
		}
		for range 5 {
			<-done
		}
		require.Less(t, w.sim.Requests()-before, 40, "scrapes at the same time share a reading")
		w.sim.SetSwitches(simulator.Switches{Down: true})
		time.Sleep(2 * time.Minute)
		body, took := scrape()
		require.Less(t, took, 10*time.Second)
		require.Contains(t, body, "itnio_calls_total")
		w.sim.SetSwitches(simulator.Switches{})
		time.Sleep(6 * time.Minute)
		scrape()
		time.Sleep(2 * time.Minute)
		scrape()
		v := w.judge(time.Hour)
		require.Zero(t, v.lost)
		require.Zero(t, v.double)
		w.end()
	})
}

// TestAccountsStandAlone: an account that fails does not hold up another.
func TestAccountsStandAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), func(c *config.Config) {
			bad := c.Accounts[0]
			bad.Name, bad.APISecret = "bad", "wrong"
			c.Accounts = append(c.Accounts, bad)
		})
		w.start()
		ready, why := w.c.Ready()
		require.False(t, ready)
		require.Contains(t, why, `"bad"`)
		time.Sleep(time.Hour)
		ready, _ = w.c.Ready()
		require.True(t, ready)
		require.Equal(t, 1.0, w.own("itnio_up", "account=main"))
		require.Zero(t, w.own("itnio_up", "account=bad"))
		require.Less(t, w.own("itnio_exporter_api_requests_total", "account=bad", "status=-1"), 30.0, "a refused key is not hammered")
		v := w.judge(3 * time.Minute)
		require.Zero(t, v.lost)
		w.end()
	})
}

// TestHistory: the call families appear in one step, when the first fill is whole.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), func(c *config.Config) { c.Global.InitialHistory = duration(20 * time.Hour) })
		w.start()
		for {
			fams, _ := w.c.ledger.Exposition()
			if len(fams) > 0 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		require.Zero(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
		first := sum(w, "itnio_calls_total")
		truth := 0
		for c := range w.sim.Calls() {
			if !c.Ended().Before(w.epoch()) && !c.VisibleAt.After(w.began) && c.Start.After(w.epoch().Add(-time.Hour)) {
				truth++
			}
		}
		require.GreaterOrEqual(t, first, truth)
		require.Less(t, time.Since(w.began), 5*time.Minute)
		w.end()
	})
}

func sum(w *world, family string) int {
	total := 0.0
	fams, _ := w.c.ledger.Exposition()
	for _, f := range fams {
		if f.Name == family {
			for _, m := range f.Metrics {
				total += m.Value
			}
		}
	}
	return int(total)
}

// TestFirstCall: from the start to the first counted call of a fresh account takes less than a minute.
func TestFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		for {
			time.Sleep(time.Second)
			if countedAt, _ := w.tally.counted(); len(countedAt) > 0 {
				break
			}
			require.Less(t, time.Since(w.began), time.Minute)
		}
		t.Logf("first counted call after %s", time.Since(w.began))
		w.end()
	})
}

// TestReload: accounts are added, removed and changed; a configuration that cannot be put in force changes nothing.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(10 * time.Minute)
		two := testConfig(t, func(c *config.Config) {
			other := c.Accounts[0]
			other.Name = "second"
			c.Accounts = append(c.Accounts, other)
		})
		require.NoError(t, w.c.Reload(two))
		time.Sleep(10 * time.Minute)
		require.Len(t, w.c.Status(), 2)
		require.Equal(t, 1.0, w.own("itnio_up", "account=second"))

		moved := testConfig(t, func(c *config.Config) { c.Accounts[0].BaseURL = "https://elsewhere.invalid" })
		err := w.c.Reload(moved)
		require.ErrorContains(t, err, "base_url")
		require.Len(t, w.c.Status(), 2)

		buckets := testConfig(t, func(c *config.Config) { c.Metrics.DurationBuckets = []float64{6, 60, 600} })
		require.NoError(t, w.c.Reload(buckets))
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

// TestReloadThatFailsMidway: where the disk fills up during a reload, the old configuration goes on with all its accounts.
func TestReloadThatFailsMidway(t *testing.T) {
	for spare := range int32(3) {
		t.Run(strconv.Itoa(int(spare)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				two := func(first, second string, lookback time.Duration) func(*config.Config) {
					return func(c *config.Config) {
						other := c.Accounts[0]
						c.Accounts[0].Name, other.Name, c.Global.Lookback = first, second, duration(lookback)
						c.Accounts = append(c.Accounts, other)
					}
				}
				o := steady(time.Now())
				o.CallsPerDay = 2400
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
