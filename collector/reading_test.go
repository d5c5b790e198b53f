package collector

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

// steady traffic of 200 calls an hour, and a day of it before now.
func steady(now time.Time) simulator.Options {
	return simulator.Options{Seed: 7, Start: now.Add(-24 * time.Hour), CallsPerDay: 1200, Latency: 20 * time.Millisecond}
}

func duration(d time.Duration) *time.Duration { return &d }

// TestBaseline: with a day of history and none of it asked for, the calls that ended after the first good answer are counted,
// those in progress at the start among them, and no others.
func TestBaseline(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.LongShare, o.LateShare = 0.02, 0.02
		w := newWorld(t, o, nil)
		w.start()
		hours := span(3, 3, 24)
		time.Sleep(time.Duration(hours) * time.Hour)
		v := w.judge(time.Hour + 2*time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, hours*40)
		w.end()
	})
}

// TestEpoch: the epoch goes by the first good answer, also where that one was to a question in a time format which the server
// does not read, and answers are slow.
func TestEpoch(t *testing.T) {
	t.Parallel()
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
		require.Equal(t, date.Add(-time.Hour), w.epoch("main").UTC())
		v := w.judge(10 * time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 50)
		w.end()
	})
}

// TestHistory: the call families appear in one step, when the first fill is complete.
func TestHistory(t *testing.T) {
	t.Parallel()
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
			if !c.Ended().Before(w.epoch("main")) && !c.VisibleAt.After(w.began) && c.Start.After(w.epoch("main").Add(-time.Hour)) {
				truth++
			}
		}
		require.GreaterOrEqual(t, first, truth)
		require.Less(t, time.Since(w.began), 5*time.Minute)
		w.end()
	})
}

// TestFirstCall: from the start to the first counted call of a fresh account takes less than a minute.
func TestFirstCall(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.CallsPerDay = 24000
		w := newWorld(t, o, nil)
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

// TestDowntime: a day of downtime is caught up without a loss, and nothing is shown before it is.
func TestDowntime(t *testing.T) {
	t.Parallel()
	skipDays(t)
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
		time.Sleep(2 * time.Second)
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

// TestSlowServerClock: a ledger does not look like a backup because the server's clock is hours behind the local one, and
// the records confirm that clock before the first pass is over.
func TestSlowServerClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(-5 * time.Hour) }
		o := steady(now())
		o.Now = now
		w := newWorld(t, o, nil)
		w.start()
		time.Sleep(30 * time.Minute)
		before, _ := w.c.ledger.Exposition()
		read := w.c.Status()[0].LastSuccess
		w.end()
		w.start()
		after, _ := w.c.ledger.Exposition()
		for len(after) == 0 {
			time.Sleep(50 * time.Millisecond)
			require.False(t, w.c.Status()[0].LastSuccess.After(read), "no pass has ended since the start")
			after, _ = w.c.ledger.Exposition()
		}
		require.Len(t, after, len(before))
		w.end()
	})
}

// TestAccountsStandAlone: an account that fails does not hold up another.
func TestAccountsStandAlone(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
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
		require.Contains(t, w.scrape(), `itnio_up{account="bad"} 0`)
		require.Less(t, w.own("itnio_exporter_api_requests_total", "account=bad", "status=-1"), 30.0, "a refused key is not hammered")
		v := w.judge(3 * time.Minute)
		require.Zero(t, v.lost)
		w.end()
	})
}

// TestRecordThatBreaksTheAnswer: a record that makes the server fail keeps none but those of its own second from being counted,
// wherever it is: in the newest minutes, the lookback or what is caught up with.
func TestRecordThatBreaksTheAnswer(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	code := func(c int) error { return &itnio.HTTPError{StatusCode: c} }
	cases := []struct {
		age time.Duration
		how error
	}{
		{-10 * time.Minute, code(500)},
		{time.Second, code(500)},
		{5 * time.Hour, itnio.ErrConnection},
		{time.Hour, code(400)},
		{time.Hour, code(500)},
		{5 * time.Hour, code(500)},
		{-10 * time.Minute, itnio.ErrConnection},
	}
	for _, tt := range cases[:span(2, 4, len(cases))] {
		t.Run(tt.age.String()+", "+tt.how.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.CallsPerDay = 1200
				w := newWorld(t, o, func(c *config.Config) { c.Global.InitialHistory = duration(8 * time.Hour) })
				bad := time.Now().Add(-tt.age).Truncate(time.Second)
				w.fails = func(q itnio.Query) error {
					if !q.From.After(bad) && !q.To.Before(bad) && !time.Now().Before(bad) {
						return tt.how
					}
					return nil
				}
				w.start()
				time.Sleep(time.Hour)
				require.Equal(t, 1.0, w.own("itnio_up"))
				require.Equal(t, 1.0, w.own("itnio_exporter_open_windows"))
				require.Zero(t, w.own("itnio_exporter_catch_up_remaining_seconds"))
				v := w.judge(time.Hour)
				require.Zero(t, v.wrong+v.double)
				for _, c := range v.lostCalls {
					require.WithinDuration(t, bad, c.Start, 2*time.Second)
				}
				require.Greater(t, v.counted, 350)
				w.end()
			})
		})
	}
}

// TestRetryAfter: where the server asks to be left alone while something is caught up with, polls wait too.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
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

// TestBareListInShortPages: the vendor's table has data as an array. A server that sends the records alone says neither a total
// nor the size of the page, which may be shorter than asked for: a page that is not full by the size asked for is not the last.
func TestBareListInShortPages(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.Habits.PageSize = 15
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
		time.Sleep(span[time.Duration](2, 2, 24) * time.Hour)
		v := w.judge(time.Hour + 10*time.Minute)
		v.exact(t)
		require.Greater(t, v.counted, 100)
		w.end()
	})
}
