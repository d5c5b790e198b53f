// Package collector is the runtime: it wires accounts to pollers and the ledger to Prometheus.
package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/exposition"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// Options of a Collector.
type Options struct {
	Config      *config.Validated
	StoragePath string // directory of the ledger
	Logger      log.Logger
	Registerer  prometheus.Registerer // takes the exporter's own metrics
	Now         func() time.Time      // nil: time.Now
	// HTTPClient makes the client for an account; nil: from its http_client options.
	HTTPClient func(config.Account) (*http.Client, error)
	// NoSync leaves the ledger's durability to the operating system. For simulations of weeks only.
	NoSync bool

	// For simulations in this package.
	observe      func(account string, c *call.Call, result ledger.Result)
	beforeCommit func() error
}

// Collector reads accounts and holds what their calls add up to.
type Collector struct {
	o       Options
	ledger  *ledger.Ledger
	metrics *metrics
	logger  log.Logger

	mu       sync.Mutex
	cfg      *config.Validated
	accounts map[string]*member
	run      context.Context // nil: not running
	slow     map[string]time.Time
	warned   map[string]bool
}

// member is an account with what reads it.
type member struct {
	cfg     config.Account
	account *ledger.Account
	poller  *poller
}

// New opens the ledger and prepares every account; nothing is read before Run.
func New(o Options) (_ *Collector, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTPClient == nil {
		o.HTTPClient = func(a config.Account) (*http.Client, error) {
			return promconfig.NewClientFromConfig(a.HTTPClient, "itnio_exporter", promconfig.WithUserAgent("itnio_exporter"))
		}
	}
	if err := o.Config.CheckLabels(families.Labels()); err != nil {
		return nil, err
	}
	l, err := ledger.Open(ledger.Options{
		Dir: o.StoragePath, Model: families.New(o.Config.Metrics()), ZeroFirst: o.Config.Global().ZeroFirst,
		Now: o.Now, Logger: o.Logger, NoSync: o.NoSync, BeforeCommit: o.beforeCommit,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	m, err := newMetrics(o.Registerer, l)
	if err != nil {
		return nil, fmt.Errorf("register the exporter's own metrics: %w", err)
	}
	c := &Collector{
		o: o, ledger: l, metrics: m, logger: o.Logger, cfg: o.Config,
		accounts: map[string]*member{}, slow: map[string]time.Time{}, warned: map[string]bool{},
	}
	next, err := c.prepare(o.Config)
	if err != nil {
		return nil, err
	}
	return c, c.adopt(o.Config, next)
}

// api makes the client of an account.
func (c *Collector) api(a config.Account) (API, error) {
	client, err := c.o.HTTPClient(a)
	if err != nil {
		return nil, fmt.Errorf("account %q: http_client: %w", a.Name, err)
	}
	api, err := itnio.New(itnio.Options{
		BaseURL: a.BaseURL, Key: string(a.APIKey), Secret: string(a.APISecret), HTTP: client, Location: a.Location,
		TimeFormat: string(a.TimeFormat), RateLimit: a.RateLimit, Now: c.o.Now,
		OnRequest: func(endpoint, status string, d time.Duration) {
			c.metrics.requests.WithLabelValues(a.Name, endpoint, status).Inc()
			c.metrics.requestDuration.WithLabelValues(a.Name, endpoint).Observe(d.Seconds())
		},
	})
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", a.Name, err)
	}
	return api, nil
}

// prepare makes all that can fail of a configuration, and changes nothing.
func (c *Collector) prepare(v *config.Validated) (map[string]API, error) {
	if err := v.CheckLabels(families.Labels()); err != nil {
		return nil, err
	}
	apis := map[string]API{}
	for _, a := range v.Accounts() {
		if err := c.ledger.Check(identityOf(a)); err != nil {
			return nil, err
		}
		api, err := c.api(a)
		if err != nil {
			return nil, err
		}
		apis[a.Name] = api
	}
	return apis, nil
}

func identityOf(a config.Account) ledger.Identity {
	return ledger.Identity{Name: a.Name, BaseURL: a.BaseURL, Filter: a.Filter.Fingerprint()}
}

// adopt makes the accounts of a configuration the ones that are to be read. One that cannot be keeps no other from being read.
// mu is held, or no one else knows c yet.
func (c *Collector) adopt(v *config.Validated, apis map[string]API) error {
	var errs []error
	calls := call.NewNormalizer(call.Options{Agents: v.Metrics().Agents, AgentHashKey: []byte(v.Metrics().AgentHashKey)})
	for _, a := range v.Accounts() {
		if c.accounts[a.Name] != nil {
			continue
		}
		account, err := c.ledger.Attach(identityOf(a))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r := newReader(a, v.Global(), apis[a.Name], account, c.ledger, calls, c.metrics, c.logger, c.o.Now)
		r.observe = c.o.observe
		if c.run == nil && r.slept(c.o.Now()) { // not at a reload: what is shown by then stays
			account.Conceal(true)
		}
		c.accounts[a.Name] = &member{cfg: a, account: account, poller: newPoller(r)}
		c.metrics.begin(a.Name, v.Metrics())
	}
	return errors.Join(errs...)
}

// read begins to read the accounts that are not being read yet. mu is held.
func (c *Collector) read() {
	if c.run == nil {
		return
	}
	for _, m := range c.accounts {
		m.poller.start(c.run)
	}
}

// dismiss ends the reading of an account, for good if it has left the configuration. mu is held.
func (c *Collector) dismiss(name string, left bool) {
	m := c.accounts[name]
	m.poller.stop()
	if left {
		c.ledger.Detach(m.account)
		c.metrics.end(name)
	}
	delete(c.accounts, name)
}

// Reload puts another configuration in force. If it cannot be, it changes nothing and says why.
func (c *Collector) Reload(v *config.Validated) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	apis, err := c.prepare(v)
	if err != nil {
		return err
	}
	all := !reflect.DeepEqual(v.Global(), c.cfg.Global()) || !reflect.DeepEqual(v.Metrics(), c.cfg.Metrics())
	wanted := map[string]config.Account{}
	for _, a := range v.Accounts() {
		wanted[a.Name] = a
	}
	// Those that change are stopped first: no batch is under way when the model changes.
	was := maps.Clone(c.accounts)
	for name, m := range was {
		a, stays := wanted[name]
		if !stays || all || !reflect.DeepEqual(a, m.cfg) {
			c.dismiss(name, !stays)
		}
	}
	c.ledger.SetZeroFirst(v.Global().ZeroFirst)
	err = c.adopt(v, apis)
	if err == nil { // last, for there is no way back from it: the values of families that are switched off are forgotten
		err = c.ledger.SetModel(families.New(v.Metrics()))
	}
	if err != nil {
		err = errors.Join(err, c.goBack(was))
	} else {
		c.cfg = v
	}
	c.read()
	return err
}

// goBack goes on with the old configuration, with the accounts as they were before a reload that failed midway. mu is held.
func (c *Collector) goBack(was map[string]*member) error {
	c.ledger.SetZeroFirst(c.cfg.Global().ZeroFirst)
	for name, m := range c.accounts {
		if was[name] != m {
			c.dismiss(name, was[name] == nil)
		}
	}
	apis := map[string]API{}
	for name, m := range was {
		apis[name] = m.poller.r.api
	}
	return c.adopt(c.cfg, apis)
}

// releaseEvery is how often series are looked through for those whose 0 has been seen for long enough.
const releaseEvery = time.Second

// Run reads the accounts until ctx ends, and returns when none of them is being read any more.
func (c *Collector) Run(ctx context.Context) error {
	c.mu.Lock()
	if c.run != nil {
		c.mu.Unlock()
		return errors.New("the collector runs already")
	}
	c.run = ctx
	c.read()
	c.mu.Unlock()
	tick := time.NewTicker(releaseEvery)
	defer tick.Stop()
	failed := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			err := c.ledger.Release()
			if err != nil && !failed {
				c.metrics.commitFailures.Inc()
				level.Warn(c.logger).Log("msg", "new series cannot be released yet", "err", err)
			}
			failed = err != nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.accounts {
		m.poller.stop()
	}
	return nil
}

// Close closes the ledger. Run must have returned.
func (c *Collector) Close() error { return c.ledger.Close() }

// Status tells of every account, by name.
func (c *Collector) Status() []AccountStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []AccountStatus
	for _, name := range slices.Sorted(maps.Keys(c.accounts)) {
		out = append(out, c.accounts[name].poller.r.Status())
	}
	return out
}

// Ready reports whether every account has been read or has failed with a reason, and else for which it is waited.
func (c *Collector) Ready() (bool, string) {
	var waiting []string
	for _, s := range c.Status() {
		if s.Up == nil {
			waiting = append(waiting, strconv.Quote(s.Name))
		}
	}
	if len(waiting) > 0 {
		return false, "not read yet: account " + strings.Join(waiting, ", ")
	}
	return true, ""
}

// scrapeTimeoutHeader is how Prometheus says how long it will wait.
const scrapeTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// MetricsHandler serves /metrics: the call families, rendered once for each state, and the live metrics of a gatherer.
func (c *Collector) MetricsHandler(live prometheus.Gatherer, errorLog log.Logger) (http.Handler, error) {
	h, err := exposition.NewHandler(c.ledger, live, exposition.Options{
		ErrorLog: errorLog, Registerer: c.o.Registerer, Now: c.o.Now,
		OnServed: func(r *http.Request, generation uint64) {
			prometheus := r.Header.Get(scrapeTimeoutHeader) != ""
			c.ledger.Served(generation, prometheus)
			if prometheus {
				c.scraped(r.RemoteAddr)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.refresh(r)
		h.ServeHTTP(w, r)
	}), nil
}

const (
	defaultScrapeTimeout = 10 * time.Second
	// scrapeMargin is what is left of a scrape's timeout for the answer itself.
	scrapeMargin = 500 * time.Millisecond
)

// refresh brings the accounts up to date in scrape mode, within the scrape's own timeout.
func (c *Collector) refresh(r *http.Request) {
	c.mu.Lock()
	var pollers []*poller
	if c.run != nil && c.cfg.Global().PollMode == config.PollScrape {
		for _, m := range c.accounts {
			pollers = append(pollers, m.poller)
		}
	}
	c.mu.Unlock()
	if len(pollers) == 0 {
		return
	}
	timeout := defaultScrapeTimeout
	if s, err := strconv.ParseFloat(r.Header.Get(scrapeTimeoutHeader), 64); err == nil && s > 0 && s < 3600 {
		timeout = time.Duration(s * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(r.Context(), max(timeout-scrapeMargin, timeout/2))
	defer cancel()
	var wg sync.WaitGroup
	for _, p := range pollers {
		wg.Go(func() { p.refresh(ctx) })
	}
	wg.Wait()
}

// scraped warns of scrapers that come less often than zero_first allows for: they miss the 0 of new series.
func (c *Collector) scraped(remote string) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	before, again := c.slow[host]
	if len(c.slow) > 1000 {
		clear(c.slow)
	}
	c.slow[host] = now
	zeroFirst := c.cfg.Global().ZeroFirst
	if again && zeroFirst > 0 && now.Sub(before) > zeroFirst+zeroFirst/4 && now.Sub(before) < time.Hour && !c.warned[host] {
		c.warned[host] = true
		level.Warn(c.logger).Log("msg", "a Prometheus scrapes less often than zero_first: raise zero_first to its scrape interval, or first calls of new series are missed by increase()",
			"scrape_interval", now.Sub(before).Round(time.Second), "zero_first", zeroFirst)
	}
}
