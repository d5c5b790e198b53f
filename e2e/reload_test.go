package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// inProcess is the runtime in this process, where the race detector sees it, with /metrics over a socket.
type inProcess struct {
	*collector.Collector
	url string
}

func runHere(t *testing.T, cfg *config.Validated) *inProcess {
	t.Helper()
	reg := client.NewRegistry()
	c, err := collector.New(collector.Options{
		Config: cfg, StoragePath: t.TempDir(), Logger: log.NewNopLogger(), Registerer: reg,
	})
	require.NoError(t, err)
	handler, err := c.MetricsHandler(reg, log.NewNopLogger())
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		server.Close()
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, c.Close())
	})
	return &inProcess{c, server.URL}
}

func (p *inProcess) scrape(t testing.TB) samples {
	t.Helper()
	status, page, err := request(t.Context(), http.MethodGet, p.url+"/metrics", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	return calls(parse(t, page))
}

// TestReloadUnderLoad: reloads that change accounts, rates and opt-ins, some of which are refused, while calls come in and
// everything is read and scraped at full speed. No call is lost or counted twice.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	o, m := history(13, 2*time.Hour, 4000), newMaker(13)
	few(&o, m)
	o.Accounts = []simulator.Account{{Name: "main", Key: "demokey1", Secret: "demosecret1"}, {Name: "second", Key: "demokey2", Secret: "demosecret2"}}
	a := newAPI(t, o)
	second, hour, zero, history, slow := time.Second, 2*time.Hour, time.Duration(0), 3*time.Hour, 40.0
	account := func(i int) config.AccountConfig {
		rate := 200.0
		x := o.Accounts[i]
		return config.AccountConfig{Name: x.Name, BaseURL: a.URL, APIKey: config.Secret(x.Key), APISecret: config.Secret(x.Secret), RateLimit: &rate}
	}
	variant := func(adjust func(*config.Config)) *config.Validated {
		c := config.Default(account(0), account(1))
		c.Global.PollInterval, c.Global.InitialHistory, c.Global.ZeroFirst = &second, &history, &second
		adjust(c)
		v, err := c.Validate()
		require.NoError(t, err)
		return v
	}
	plain := variant(func(*config.Config) {})
	good := []*config.Validated{
		plain,
		variant(func(c *config.Config) { c.Accounts = c.Accounts[:1] }),
		variant(func(c *config.Config) { c.Accounts[0].RateLimit = &slow }),
		variant(func(c *config.Config) { c.Metrics.Agents = "name" }),
		variant(func(c *config.Config) { c.Metrics.Tags, c.Metrics.Media = true, true }),
		variant(func(c *config.Config) { c.Global.PollMode = "scrape" }),
		variant(func(c *config.Config) { c.Global.AuditInterval, c.Global.ZeroFirst = &hour, &zero }),
		variant(func(c *config.Config) { c.Metrics.Exemplars = true }),
	}
	wrong := []*config.Validated{
		variant(func(c *config.Config) { c.Accounts[0].BaseURL += "/elsewhere" }),
		variant(func(c *config.Config) { c.Metrics.Labels = map[string][]string{"itnio_calls_total": {"nothing"}} }),
		variant(func(c *config.Config) { c.Metrics.Labels = map[string][]string{"itnio_nothing_total": {"country"}} }),
	}
	p := runHere(t, plain)
	eventually(t, "the first fill", func() bool { return len(p.scrape(t)) > 0 })

	var load sync.WaitGroup
	var stop atomic.Bool
	load.Go(func() {
		for !stop.Load() {
			batch := make([]simulator.Call, 10)
			for i := range batch {
				batch[i] = m.call(time.Now())
				batch[i].Account = o.Accounts[i%2].Name
			}
			if err := a.sim.Add(batch...); err != nil {
				t.Error(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	for _, accept := range []string{"text/plain", "application/openmetrics-text", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
		load.Go(func() {
			for !stop.Load() {
				status, _, err := request(t.Context(), http.MethodGet, p.url+"/metrics", http.Header{"Accept": {accept}})
				if err != nil || status != http.StatusOK {
					t.Error(accept, status, err)
				}
				time.Sleep(10 * time.Millisecond) // leaves some of the machine to the rest
			}
		})
	}
	always := func(s samples) samples { // of the account and the families that are in every variant
		maps.DeleteFunc(s, func(k string, _ float64) bool {
			return !strings.HasPrefix(k, "itnio_call") || strings.HasPrefix(k, "itnio_call_tags") || strings.HasPrefix(k, "itnio_call_media") ||
				!strings.Contains(k, `account="main"`)
		})
		return s
	}
	rng := rand.New(rand.NewPCG(13, 3))
	was, refused := samples{}, 0
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end) || refused < 50; {
		if rng.IntN(3) == 0 {
			require.NoError(t, p.Reload(good[rng.IntN(len(good))]))
		} else {
			require.Error(t, p.Reload(wrong[rng.IntN(len(wrong))]))
			refused++
			continue
		}
		is := always(p.scrape(t))
		notLower(t, was, is)
		was = is
	}
	stop.Store(true)
	load.Wait()
	require.NoError(t, p.Reload(plain))
	settled(t, a.sim)

	v := view{epoch: time.Now().Add(-4 * time.Hour), byAccount: true}
	var left string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
		want, may := v.truth(a.sim)
		if left = differences(want, may, p.scrape(t)); left == "" {
			return
		}
	}
	require.Empty(t, left, "after %d refused reloads", refused)
}

// TestWrongReloads: fifty configurations that cannot be, by request and by signal, leave the process as it was.
func TestWrongReloads(t *testing.T) {
	aboutNumbers(t)
	t.Parallel()
	o, m := history(17, 2*time.Hour, 4000), newMaker(17)
	few(&o, m)
	a := newAPI(t, o)
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 1s, initial_history: 3h", ", rate_limit: 100", "")
	e := s.start("--web.enable-lifecycle")
	eventually(t, "the first fill", func() bool { return len(e.scrape()) > 0 })
	good, err := os.ReadFile(s.config)
	require.NoError(t, err)

	wrong := func(i int) string {
		switch i % 10 {
		case 0:
			return ""
		case 1:
			return string(good) + "\x00"
		case 2:
			return strings.Replace(string(good), "poll_interval: 1s", fmt.Sprintf("poll_interval: %dx", i), 1)
		case 3:
			return strings.Replace(string(good), "global:", fmt.Sprintf("globals%d:", i), 1)
		case 4:
			return strings.Replace(string(good), "http://", "http://elsewhere.invalid/", 1) // refused by the ledger
		case 5:
			return strings.Replace(string(good), "metrics: {", fmt.Sprintf("metrics: {labels: {itnio_calls_total: [label%d]}", i), 1)
		case 6:
			return strings.Replace(string(good), "api_secret:", "api_secretive:", 1)
		case 7:
			return string(good[:len(good)*(i+1)/60])
		case 8:
			return strings.Replace(string(good), "metrics: {", "metrics: {duration_buckets: [3, 2, 1]", 1)
		}
		return strings.Replace(string(good), "zero_first: 1s", "zero_first: -1s", 1)
	}
	const gauge = "itnio_exporter_config_last_reload_successful"
	was := samples{}
	for i := range 50 {
		m.batch(t, a.sim, 5)
		require.NoError(t, os.WriteFile(s.config, []byte(wrong(i)), 0o600))
		if i%5 == 4 {
			was := strings.Count(e.log.String(), "reload failed")
			require.NoError(t, e.cmd.Process.Signal(syscall.SIGHUP))
			eventually(t, "the reload by signal is refused", func() bool { return strings.Count(e.log.String(), "reload failed") > was })
		} else {
			status, answer, err := request(t.Context(), http.MethodPost, e.base+"/-/reload", nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusInternalServerError, status, "%d: %s", i, answer)
			require.Len(t, strings.Split(strings.TrimSpace(answer), "\n"), 1, answer)
		}
		page := parse(t, e.page())
		require.Zero(t, page[gauge])
		is := calls(page).counters()
		notLower(t, was, is)
		was = is
	}
	settled(t, a.sim)
	v := view{epoch: time.Now().Add(-4 * time.Hour)}
	e.equals(v, a.sim) // still read as before
	require.NoError(t, os.WriteFile(s.config, good, 0o600))
	status, answer, err := request(t.Context(), http.MethodPost, e.base+"/-/reload", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, 1.0, parse(t, e.page())[gauge])
}
