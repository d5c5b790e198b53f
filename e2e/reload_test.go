package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// variants are configurations of two accounts to reload: good ones, of which the first is the plain one, and ones that
// the runtime refuses.
func variants(t *testing.T, url string, accounts []simulator.Account) (good, wrong []*config.Validated) {
	t.Helper()
	second, hour, zero, history, slow := time.Second, 2*time.Hour, time.Duration(0), 3*time.Hour, 40.0
	account := func(i int) config.AccountConfig {
		rate, x := 200.0, accounts[i]
		return config.AccountConfig{Name: x.Name, BaseURL: url, APIKey: config.Secret(x.Key), APISecret: config.Secret(x.Secret), RateLimit: &rate}
	}
	variant := func(adjust func(*config.Config)) *config.Validated {
		c := config.Default(account(0), account(1))
		c.Global.PollInterval, c.Global.InitialHistory, c.Global.ZeroFirst = &second, &history, &second
		adjust(c)
		v, err := c.Validate()
		require.NoError(t, err)
		return v
	}
	good = []*config.Validated{
		variant(func(*config.Config) {}),
		variant(func(c *config.Config) { c.Accounts = c.Accounts[:1] }),
		variant(func(c *config.Config) { c.Accounts[0].RateLimit = &slow }),
		variant(func(c *config.Config) { c.Metrics.Agents = "name" }),
		variant(func(c *config.Config) { c.Metrics.Tags, c.Metrics.Media = true, true }),
		variant(func(c *config.Config) { c.Global.PollMode = "scrape" }),
		variant(func(c *config.Config) { c.Global.AuditInterval, c.Global.ZeroFirst = &hour, &zero }),
		variant(func(c *config.Config) { c.Metrics.Exemplars = true }),
	}
	wrong = []*config.Validated{
		variant(func(c *config.Config) { c.Accounts[0].BaseURL += "/elsewhere" }),
		variant(func(c *config.Config) { c.Metrics.Labels = map[string][]string{"itnio_calls_total": {"nothing"}} }),
		variant(func(c *config.Config) { c.Metrics.Labels = map[string][]string{"itnio_nothing_total": {"country"}} }),
	}
	return good, wrong
}

// TestReloadUnderLoad: reloads change accounts, rates and opt-ins, some are refused, while calls come in and the page is
// scraped in every format. No call is lost or counted twice.
func TestReloadUnderLoad(t *testing.T) {
	process.SkipShort(t)
	if !*proof { // its long form makes so much load that it and the others wait in vain for each other
		t.Parallel()
	}
	o, m := history(13, 2*time.Hour, 2000), newMaker(13)
	few(&o, m)
	o.Accounts = []simulator.Account{{Name: "main", Key: "demokey1", Secret: "demosecret1"}, {Name: "second", Key: "demokey2", Secret: "demosecret2"}}
	a := newAPI(t, o)
	good, wrong := variants(t, a.URL, o.Accounts)
	p := runInProcess(t, good[0])
	process.Eventually(t, "the first fill", func() bool { return len(p.scrape(t).only(inEveryVariant)) > 0 })

	stop := flow(100*time.Millisecond, func() {
		batch := make([]simulator.Call, 10)
		for i := range batch {
			batch[i] = m.call(time.Now())
			batch[i].Account = o.Accounts[i%2].Name
		}
		if err := a.sim.Add(batch...); err != nil {
			t.Error(err)
		}
	})
	defer stop()
	var scrapes atomic.Int64
	var scrapers []func()
	for _, accept := range []string{"text/plain", "application/openmetrics-text", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
		stop := flow(20*time.Millisecond, func() {
			if status, _, err := p.get(t, accept); err != nil || status != http.StatusOK {
				t.Error(accept, status, err)
			}
			scrapes.Add(1)
		})
		defer stop()
		scrapers = append(scrapers, stop)
	}

	rng := rand.New(rand.NewPCG(13, 3))
	was, refused, minRefused := samples{}, 0, scale(5, 6, 50)
	for end := time.Now().Add(scale(time.Second, 1500*time.Millisecond, 15*time.Second)); time.Now().Before(end) || refused < minRefused; {
		if rng.IntN(3) > 0 {
			require.Error(t, p.Reload(pick(rng, wrong...)))
			refused++
			continue
		}
		require.NoError(t, p.Reload(pick(rng, good...)))
		is := p.scrape(t).only(inEveryVariant)
		require.NotEmpty(t, is)
		notLower(t, was, is)
		was = is
	}
	require.Positive(t, scrapes.Load())
	stop()
	for _, stop := range scrapers { // on a slow machine they leave little time for reading
		stop()
	}
	require.NoError(t, p.Reload(good[0]))
	waitForRecords(t, a.sim)
	v := view{epoch: time.Now().Add(-4 * time.Hour), byAccount: true}
	equalsTruth(t, v, a.sim, func() samples { return p.scrape(t) }, func() string { return fmt.Sprint("after ", refused, " refused reloads") })
	require.Greater(t, v.counted(a.sim), 100.0)
}

// inEveryVariant reports whether a series is a counter of the account and the families that every good variant has.
func inEveryVariant(key string) bool {
	return strings.HasPrefix(key, "itnio_call") && !hasAnyPrefix(key, "itnio_call_tags", "itnio_call_media") && strings.Contains(key, `account="main"`)
}

// wrongConfig makes a good configuration wrong; i%10 is how.
func wrongConfig(good string, i int) string {
	switch i % 10 {
	case 0:
		return ""
	case 1:
		return good + "\x00"
	case 2:
		return strings.Replace(good, "poll_interval: 1s", fmt.Sprintf("poll_interval: %dx", i), 1)
	case 3:
		return strings.Replace(good, "global:", fmt.Sprintf("globals%d:", i), 1)
	case 4:
		return strings.Replace(good, "http://", "http://elsewhere.invalid/", 1) // refused by the ledger
	case 5:
		return strings.Replace(good, "metrics: {", fmt.Sprintf("metrics: {labels: {itnio_calls_total: [label%d]}", i), 1)
	case 6:
		return strings.Replace(good, "api_secret:", "api_secretive:", 1)
	case 7:
		return good[:len(good)*(i+1)/60]
	case 8:
		return strings.Replace(good, "metrics: {", "metrics: {duration_buckets: [3, 2, 1]", 1)
	}
	return strings.Replace(good, "zero_first: 1s", "zero_first: -1s", 1)
}

// TestWrongReloads: wrong configurations, by request and by signal, leave the process as it was.
func TestWrongReloads(t *testing.T) {
	skipUnderRaceDetector(t)
	process.SkipShort(t)
	t.Parallel()
	o, m := history(17, 2*time.Hour, 2000), newMaker(17)
	few(&o, m)
	a := newAPI(t, o)
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 1s, initial_history: 3h", ", rate_limit: 100", "")
	e := s.start("--web.enable-lifecycle")
	e.filled()
	good, err := os.ReadFile(s.config)
	require.NoError(t, err)

	const gauge = "itnio_exporter_config_last_reload_successful"
	require.Equal(t, 1.0, e.all()[gauge])
	was := samples{}
	for i := range scale(10, 20, 50) {
		m.batch(t, a.sim, 5)
		require.NoError(t, os.WriteFile(s.config, []byte(wrongConfig(string(good), i)), 0o600))
		if (i+i/10)%5 == 4 { // ways 4 and 9, then 3 and 8, and so on
			before := strings.Count(e.Stderr.String(), "reload failed")
			e.Signal(syscall.SIGHUP)
			process.Eventually(t, "the reload by signal is refused", func() bool { return strings.Count(e.Stderr.String(), "reload failed") > before })
		} else {
			status, answer := e.reload()
			require.Equal(t, http.StatusInternalServerError, status, "%d: %s", i, answer)
			require.Len(t, strings.Split(strings.TrimSpace(answer), "\n"), 1, answer)
		}
		page := e.all()
		require.Contains(t, page, gauge)
		require.Zero(t, page[gauge])
		is := page.calls().counters()
		require.NotEmpty(t, is)
		notLower(t, was, is)
		was = is
	}
	waitForRecords(t, a.sim)
	e.equals(view{epoch: time.Now().Add(-4 * time.Hour)}, a.sim) // it still reads as before
	require.NoError(t, os.WriteFile(s.config, good, 0o600))
	status, answer := e.reload()
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, 1.0, e.all()[gauge])
}
