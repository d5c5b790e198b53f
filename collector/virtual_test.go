package collector

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// world is the real runtime against a simulated API in a bubble of virtual time.
type world struct {
	t     testing.TB
	sim   *simulator.Simulator
	cfg   *config.Validated
	dir   string
	began time.Time

	c       *Collector
	stop    context.CancelFunc
	stopped chan struct{}

	tally    tally
	last     map[string]*series.Metric // series -> as last exposed
	reg      *prometheus.Registry
	now      func() time.Time
	logger   log.Logger
	diskFull atomic.Bool
	spare    atomic.Int32 // transactions that a full disk still takes
	habits   simulator.Habits
	through  func(http.RoundTripper) http.RoundTripper // nil, or what stands between
}

// tally is what was counted, as the runtime tells of it. Waking at the same virtual instant orders nothing, so it has a lock.
type tally struct {
	mu    sync.Mutex
	at    map[string]time.Time // account and session -> when
	twice []string
}

func (y *tally) add(key string, now time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.at == nil {
		y.at = map[string]time.Time{}
	}
	if _, ok := y.at[key]; ok {
		y.twice = append(y.twice, key)
	}
	y.at[key] = now
}

// counted is when each call was counted, and the calls that were counted again.
func (y *tally) counted() (at map[string]time.Time, twice []string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return maps.Clone(y.at), slices.Clone(y.twice)
}

// account is the test's one account, adjusted.
func testConfig(t testing.TB, adjust func(*config.Config)) *config.Validated {
	t.Helper()
	a := simulator.DefaultAccounts()[0]
	c := config.Default(config.AccountConfig{
		Name: "main", BaseURL: "https://simulator.invalid", APIKey: config.Secret(a.Key), APISecret: config.Secret(a.Secret),
	})
	if adjust != nil {
		adjust(c)
	}
	v, err := c.Validate()
	require.NoError(t, err)
	return v
}

func newWorld(t testing.TB, o simulator.Options, adjust func(*config.Config)) *world {
	t.Helper()
	w := &world{
		t: t, began: time.Now(), dir: t.TempDir(), cfg: testConfig(t, adjust), habits: o.Habits,
		last: map[string]*series.Metric{}, now: time.Now, logger: log.NewNopLogger(),
	}
	o.Accounts = simulator.DefaultAccounts()[:1]
	w.sim = simulator.New(o)
	return w
}

func (w *world) start() {
	w.t.Helper()
	w.reg = prometheus.NewRegistry()
	c, err := New(Options{
		Config: w.cfg, StoragePath: w.dir, Logger: w.logger, Registerer: w.reg, NoSync: true, Now: w.now,
		HTTPClient: func(config.Account) (*http.Client, error) {
			transport := w.sim.RoundTripper()
			if w.through != nil {
				transport = w.through(transport)
			}
			return &http.Client{Transport: transport}, nil
		},
		beforeCommit: func() error {
			if w.diskFull.Load() && w.spare.Add(-1) < 0 {
				return syscall.ENOSPC
			}
			return nil
		},
		observe: func(account string, c *call.Call, result ledger.Result) {
			if result == ledger.Counted {
				w.tally.add(fmt.Sprintf("%s/%d", account, c.Session), time.Now())
			}
		},
	})
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	w.c, w.stop, w.stopped = c, cancel, make(chan struct{})
	go func() {
		defer close(w.stopped)
		_ = c.Run(ctx)
	}()
}

// halt ends the reading.
func (w *world) halt() {
	w.stop()
	<-w.stopped
}

func (w *world) end() {
	w.t.Helper()
	w.halt()
	require.NoError(w.t, w.c.Close())
}

// look checks that no series is lower than it was or has gone.
func (w *world) look() {
	w.t.Helper()
	fams, gen := w.c.ledger.Exposition()
	w.c.ledger.Served(gen, true)
	seen := map[string]*series.Metric{}
	for _, f := range fams {
		if f.Type == series.Gauge {
			continue
		}
		for _, m := range f.Metrics {
			seen[f.Name+fmt.Sprint(m.LabelValues)] = m
		}
	}
	if len(seen) == 0 {
		return // concealed until it has caught up
	}
	for k, was := range w.last {
		is := seen[k]
		require.NotNil(w.t, is, "series %s has gone", k)
		require.False(w.t, lower(is, was), "series %s is lower", k)
	}
	w.last = seen
}

func lower(is, was *series.Metric) bool {
	if is.Value < was.Value {
		return true
	}
	if is.Hist == nil {
		return false
	}
	for i := range is.Hist.Buckets {
		if is.Hist.Buckets[i] < was.Hist.Buckets[i] {
			return true
		}
	}
	return is.Hist.Count < was.Hist.Count || is.Hist.Sum < was.Hist.Sum
}

// epoch is when the account began to be counted.
func (w *world) epoch() time.Time {
	e, ok := w.c.accounts["main"].account.Epoch()
	require.True(w.t, ok)
	return e
}

// verdict compares what was counted with the truth.
type verdict struct {
	counted, lost, wrong, double int
	delays                       []time.Duration
	lostCalls                    []simulator.Call
	twice                        []string
}

// exact requires that every call was counted once, and nothing else.
func (v verdict) exact(t *testing.T) {
	t.Helper()
	require.Zero(t, v.lost)
	require.Zero(t, v.wrong)
	require.Zero(t, v.double, "%v", v.twice)
}

// judge takes calls that have been visible for longer than grace as ones that must have been counted.
func (w *world) judge(grace time.Duration) verdict {
	w.t.Helper()
	now, epoch := time.Now(), w.epoch()
	countedAt, twice := w.tally.counted()
	v := verdict{double: len(twice), twice: twice}
	for c := range w.sim.Calls() {
		key := fmt.Sprintf("main/%s", c.Session)
		at, counted := countedAt[key]
		g := grace
		if c.Incomplete {
			g += w.cfg.Global().Lookback // only then it is counted as it stands
		}
		switch {
		case c.Hidden, w.habits.RefuseFuture && c.Start.After(now.Add(w.habits.ClockSkew-grace)):
			// No window that holds it can be asked for, or not for long enough.
		case c.Ended().Before(epoch):
			if counted {
				v.wrong++
			}
		case counted:
			v.counted++
			from := c.VisibleAt
			if !c.CompletedAt.IsZero() {
				from = c.CompletedAt
			}
			if from.Before(w.began) {
				from = w.began
			}
			v.delays = append(v.delays, at.Sub(from))
		case c.VisibleFor(now) > g:
			v.lost++
			v.lostCalls = append(v.lostCalls, c)
		}
	}
	slices.Sort(v.delays)
	return v
}

func (v verdict) delay(q float64) time.Duration {
	if len(v.delays) == 0 {
		return 0
	}
	return v.delays[min(len(v.delays)-1, int(q*float64(len(v.delays))))]
}

var long = flag.Bool("proof", false, "run the long proofs") //nolint:gochecknoglobals // flags of tests are

// TestVirtualDays is the sizing run: ordinary traffic, every audit and sweep included.
func TestVirtualDays(t *testing.T) {
	if raceDetector {
		t.Skip("days take too long under the race detector")
	}
	days := 1
	if *long {
		days = 7
	}
	for _, filter := range []struct {
		name  string
		on    simulator.Field
		limit int
	}{{"start time", simulator.ByStart, 14000}, {"creation time", simulator.ByCreate, 5000}} {
		t.Run(filter.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(48 * time.Hour) // the bubble begins on a Saturday, this on a busy Monday
				w := newWorld(t, simulator.Options{
					Seed: 1, Start: time.Now().Add(-6 * time.Hour), CallsPerDay: 24000, Rhythm: 0.8,
					LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
					Habits: simulator.Habits{FilterOn: filter.on},
				}, nil)
				w.start()
				perDay := make([]int, 0, days)
				before := 0
				for range days {
					for range 24 * 60 {
						time.Sleep(time.Minute)
						w.look()
					}
					perDay = append(perDay, w.sim.Requests()-before)
					before = w.sim.Requests()
				}
				v := w.judge(time.Hour)
				w.end()
				t.Logf("filter on %s, %d days: counted %d, lost %d, double %d, wrong %d, requests a day %v, delay p50 %s p99 %s max %s",
					filter.name, days, v.counted, v.lost, v.double, v.wrong, perDay, v.delay(.5), v.delay(.99), v.delay(1))
				v.exact(t)
				require.Greater(t, v.counted, days*15000)
				require.Less(t, slices.Max(perDay), filter.limit)
				require.LessOrEqual(t, v.delay(.99), 61*time.Second)
				require.LessOrEqual(t, v.delay(1), time.Hour+2*time.Minute)
			})
		})
	}
}
