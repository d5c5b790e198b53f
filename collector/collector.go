// Package collector is the runtime: it wires accounts to pollers and the ledger to Prometheus.
package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"golang.org/x/sync/semaphore"

	"itnio_exporter/collector/account"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
	"itnio_exporter/logging"
)

// Options of a Collector.
type Options struct {
	Config      *config.Validated
	StoragePath string // directory of the ledger
	Logger      log.Logger
	Registerer  prometheus.Registerer // takes the exporter's own metrics
	Now         func() time.Time      // nil: time.Now
	// Steady is the time since a fixed moment, undisturbed by whoever sets the clock that Now reads. Nil: Go's monotonic time.
	Steady func() time.Duration
	// HTTPClient makes the client for an account; nil: from its http_client options.
	HTTPClient func(config.Account) (*http.Client, error)
	// NoSync leaves the ledger's durability to the operating system. For simulations of weeks only.
	NoSync bool

	// For simulations in this package.
	observe      func(account string, c *call.Call, result ledger.Result)
	beforeCommit func() error
	wrap         func(account.API) account.API // nil, or what stands before every account's client
}

// Collector reads accounts and keeps the totals of their calls.
//
// Start, reload and end exclude each other. HTTP handlers wait neither for them nor for a disk: they read the snapshot that was
// published last.
type Collector struct {
	o        Options
	ledger   *ledger.Ledger
	metrics  *metrics
	logger   log.Logger
	snapshot atomic.Pointer[snapshot]
	scrapers *scrapers
	started  time.Time
	large    *semaphore.Weighted // bytes of large answers, of all accounts together

	mu      sync.Mutex // of what follows
	cfg     *config.Validated
	members map[string]*member // by account name
	run     context.Context    // nil: not running
}

// New opens the ledger and prepares every account; nothing is read before Run.
func New(o Options) (_ *Collector, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Steady == nil {
		began := time.Now()
		o.Steady = func() time.Duration { return time.Since(began) }
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
		RetireAfter: o.Config.Metrics().RetireAfter,
		Now:         o.Now, Logger: o.Logger, NoSync: o.NoSync, BeforeCommit: o.beforeCommit,
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
		o: o, ledger: l, metrics: m, logger: o.Logger, cfg: o.Config, members: map[string]*member{},
		scrapers: newScrapers(o.Logger, o.Now), started: o.Now(), large: semaphore.NewWeighted(4 * itnio.DefaultMaxBytes),
	}
	clients, err := c.prepare(o.Config)
	if err != nil {
		return nil, err
	}
	if err := c.adopt(o.Config, clients); err != nil {
		return nil, err
	}
	for _, m := range c.members { // not at a reload: what is shown by then stays
		m.poller.ConcealIfBehind()
	}
	c.publish()
	return c, nil
}

const (
	releaseEvery = time.Second      // how often the ledger looks for series whose 0 has been visible for long enough
	checkEvery   = 10 * time.Second // how often the ledger's file is looked at between commits
)

// Run reads the accounts until ctx ends, and returns when none of them is being read any more.
func (c *Collector) Run(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	release, check := time.NewTicker(releaseEvery), time.NewTicker(checkEvery)
	defer release.Stop()
	defer check.Stop()
	var secrets sync.WaitGroup
	secrets.Go(func() { c.followSecrets(ctx) })
	defer secrets.Wait()
	var releases, health logging.Lasting
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-release.C:
			c.release(&releases)
		case <-check.C:
			c.checkLedger(&health)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		m.poller.Stop()
	}
	return nil
}

// release lets the ledger release new series. A failure that lasts counts once.
func (c *Collector) release(failure *logging.Lasting) {
	err := c.ledger.Release()
	if err == nil {
		failure.Succeeded()
		return
	}
	if !failure.Lasts() {
		c.metrics.commitFailures.Inc()
	}
	if failure.Failed(err.Error(), c.o.Now()) {
		level.Warn(c.logger).Log("msg", "new series cannot be released yet", "err", err)
	}
}

// checkLedger looks whether the ledger's file is still there and complete. While it is not, nothing can be counted and no
// account is up.
func (c *Collector) checkLedger(failure *logging.Lasting) {
	err := c.ledger.Health()
	if err == nil {
		if failure.Succeeded() {
			level.Info(c.logger).Log("msg", "the ledger can be used again")
		}
		return
	}
	if failure.Failed(err.Error(), c.o.Now()) {
		level.Error(c.logger).Log("msg", "nothing is counted: the ledger cannot be used", "err", err)
	}
	for _, p := range c.snapshot.Load().pollers {
		c.metrics.up.WithLabelValues(p.Status().Name).Set(0)
	}
}

func (c *Collector) begin(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		return errors.New("the collector runs already")
	}
	c.run = ctx
	c.read()
	return nil
}

// Backup writes a copy of the ledger to a new file, while counting goes on.
func (c *Collector) Backup(name string) error { return c.ledger.Backup(name) }

// Close closes the ledger. Run must have returned.
func (c *Collector) Close() error { return c.ledger.Close() }

// Ready reports whether every account has been read or has failed with a reason; if not, for which accounts it waits. It does not
// wait for accounts whose answers are slow.
func (c *Collector) Ready() (bool, string) {
	var waiting []string
	for _, p := range c.snapshot.Load().pollers {
		if s := p.Status(); !s.Ready {
			waiting = append(waiting, strconv.Quote(s.Name))
		}
	}
	if len(waiting) > 0 {
		return false, "not read yet: account " + strings.Join(waiting, ", ")
	}
	return true, ""
}
