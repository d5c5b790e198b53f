package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/account"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

var long = flag.Bool("proof", false, "run the long proofs") //nolint:gochecknoglobals // flags of tests are

// span chooses how much is simulated: with -short or the race detector, by default, with -proof.
func span[T any](short, normal, proof T) T {
	switch {
	case *long:
		return proof
	case testing.Short() || process.Racing:
		return short
	}
	return normal
}

// skipDays leaves long simulations to those of faults, which go the same ways, with -short and under the race detector, which
// makes everything several times slower.
func skipDays(t *testing.T) {
	t.Helper()
	if process.Racing || testing.Short() {
		t.Skip("takes too long with -short or the race detector")
	}
}

// world is the real runtime against a simulated API in a bubble of virtual time.
type world struct {
	t     testing.TB
	sim   *simulator.Simulator
	cfg   *config.Validated
	dir   string
	began time.Time

	c       *Collector
	page    http.Handler // /metrics
	stop    context.CancelFunc
	stopped chan struct{}

	tally     tally
	last      map[string]*series.Family // by name, as last exposed
	reg       *prometheus.Registry
	now       func() time.Time
	logger    log.Logger
	diskFull  atomic.Bool
	pastFails atomic.Bool  // for fails
	gate      func() error // nil, or what each transaction passes first
	spare     atomic.Int32 // transactions that a full disk still takes
	habits    simulator.Habits
	fails     func(itnio.Query) error                   // nil, or which queries fail
	through   func(http.RoundTripper) http.RoundTripper // nil, or what stands between
	good      goodAnswers
}

// goodAnswers is when each account, by its key, got the first answer of status 0.
type goodAnswers struct {
	mu sync.Mutex
	at map[string]time.Time
}

// watch notes the answers of a transport.
func (g *goodAnswers) watch(next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		g.mu.Lock()
		defer g.mu.Unlock()
		key := r.Header.Get("Api-Key")
		if _, known := g.at[key]; known || err != nil {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(body))
		if status := regexp.MustCompile(`"status":"?0\b`); err == nil && resp.StatusCode == http.StatusOK && json.Valid(body) && status.Match(body) {
			if g.at == nil {
				g.at = map[string]time.Time{}
			}
			g.at[key] = time.Now()
		}
		return resp, nil
	})
}

func (w *world) firstGood(key config.Secret) time.Time {
	w.good.mu.Lock()
	defer w.good.mu.Unlock()
	require.Contains(w.t, w.good.at, string(key))
	return w.good.at[string(key)]
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

func (y *tally) len() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.at)
}

// The accounts of the simulator are named as those of the configuration.
func mainAccount() simulator.Account {
	a := simulator.DefaultAccounts()[0]
	a.Name = "main"
	return a
}

func secondAccount() simulator.Account {
	return simulator.Account{Name: "second", Key: "key2", Secret: "secret2", Scale: 0.3}
}

func configured(a simulator.Account) config.AccountConfig {
	return config.AccountConfig{
		Name: a.Name, BaseURL: "https://simulator.invalid", APIKey: config.Secret(a.Key), APISecret: config.Secret(a.Secret),
	}
}

// testConfig has one account, adjusted.
func testConfig(t testing.TB, adjust func(*config.Config)) *config.Validated {
	t.Helper()
	c := config.Default(configured(mainAccount()))
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
		last: map[string]*series.Family{}, now: time.Now, logger: log.NewNopLogger(),
	}
	if o.Accounts == nil {
		o.Accounts = []simulator.Account{mainAccount()}
	}
	w.sim = simulator.New(o)
	return w
}

func (w *world) start() {
	w.t.Helper()
	w.reg = prometheus.NewRegistry()
	c, err := New(Options{
		Config: w.cfg, StoragePath: w.dir, Logger: w.logger, Registerer: w.reg, NoSync: true, Now: w.now,
		HTTPClient: func(config.Account) (*http.Client, error) {
			transport := w.good.watch(w.sim.RoundTripper())
			if w.through != nil {
				transport = w.through(transport)
			}
			return &http.Client{Transport: transport}, nil
		},
		wrap: func(api account.API) account.API {
			if w.fails == nil {
				return api
			}
			return failing{api, w.fails}
		},
		beforeCommit: func() error {
			if w.gate != nil {
				return w.gate()
			}
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
	w.page, err = c.MetricsHandler(w.reg, w.logger)
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
	w.good.mu.Lock()
	for _, m := range w.c.members { // a clock that was not confirmed is not remembered, nor is the answer that it dated
		if _, known := m.account.Epoch(); !known {
			delete(w.good.at, string(m.cfg.APIKey))
		}
	}
	w.good.mu.Unlock()
	require.NoError(w.t, w.c.Close())
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

// transport stands between the client and the API.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func scrapeRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set(scrapeTimeoutHeader, "10")
	return r
}

// scrape asks for /metrics as Prometheus does.
func (w *world) scrape() string {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.page.ServeHTTP(rec, scrapeRequest())
	assert.Equal(w.t, http.StatusOK, rec.Code) // not require: scrapes may be made by several goroutines
	return rec.Body.String()
}

// look checks that no series is lower than it was or has gone, and that no more is shown than was counted.
func (w *world) look() {
	w.t.Helper()
	synctest.Wait() // what is shown and has not been told to the tally yet
	fams, gen := w.c.ledger.Exposition()
	counted := w.tally.len() // after the exposition: what it shows has been counted
	w.c.ledger.Served(gen, true)
	if len(fams) == 0 {
		return // concealed until it has caught up
	}
	next := map[string]*series.Family{}
	for _, f := range fams {
		next[f.Name] = f
	}
	w.keepConcealed(next)
	for name, was := range w.last {
		require.Contains(w.t, next, name)
		if was != next[name] && was.Type != series.Gauge {
			w.compare(was, next[name])
		}
	}
	w.last = next
	require.LessOrEqual(w.t, sum(w, "itnio_calls_total"), counted)
}

// keepConcealed gives the next state the series of accounts that are concealed until they have caught up: when they come back they
// must not be lower.
func (w *world) keepConcealed(next map[string]*series.Family) {
	shown := map[string]bool{}
	if calls := next["itnio_calls_total"]; calls != nil {
		for _, m := range calls.Metrics {
			shown[m.LabelValues[0]] = true
		}
	}
	for name, was := range w.last {
		if len(was.LabelNames) == 0 || was.LabelNames[0] != families.LabelAccount {
			continue
		}
		is := next[name]
		if is == nil {
			is = &series.Family{Name: name, Type: was.Type, LabelNames: was.LabelNames}
		}
		merged := *is
		merged.Metrics = slices.Clone(is.Metrics)
		for _, m := range was.Metrics {
			if !shown[m.LabelValues[0]] {
				merged.Metrics = append(merged.Metrics, m)
			}
		}
		if len(merged.Metrics) > len(is.Metrics) {
			slices.SortFunc(merged.Metrics, func(a, b *series.Metric) int { return slices.Compare(a.LabelValues, b.LabelValues) })
			next[name] = &merged
		}
	}
}

// compare goes through both states of a family at once: their series are sorted, and metrics are never changed.
func (w *world) compare(was, is *series.Family) {
	w.t.Helper()
	rest := is.Metrics
	for _, m := range was.Metrics {
		for len(rest) > 0 && rest[0] != m && !slices.Equal(rest[0].LabelValues, m.LabelValues) {
			rest = rest[1:] // a new one
		}
		if len(rest) == 0 || rest[0] != m && lower(rest[0], m) {
			require.Fail(w.t, "a series has gone or is lower", "%s %v", is.Name, m.LabelValues)
		}
	}
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

// sum is what the series of a counter add up to, as they are exposed.
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
