package account

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/go-kit/log"

	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/retry"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// Poller says when an account is read: on a timer, or when a scrape asks for it. It makes one reading at a time, and no error
// ends it. Start and Stop are for one goroutine; the others are safe for concurrent use.
type Poller struct {
	global    config.Global
	rateLimit float64
	now       func() time.Time
	steady    func() time.Duration // for intervals: setting the local clock does not disturb them
	logger    log.Logger
	tracker   *tracker
	health    *health
	scrapes   *scrapes
	account   *ledger.Account
	retry     chan struct{} // the secrets have changed: an account that was refused can be asked again
	rand      *rand.Rand    // so that accounts and processes keep out of step

	cancel context.CancelFunc // nil: not started
	done   chan struct{}
}

// New makes the poller of an account. It reads nothing before Start.
func New(o Options) *Poller {
	logger := log.With(o.Logger, "account", o.Config.Name)
	health := &health{
		metrics: o.Metrics, logger: logger, now: o.Now, steady: o.Steady, began: o.Steady(), timeout: o.Config.Timeout,
		status: Status{Name: o.Config.Name},
	}
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(o.Config.Name))
	return &Poller{
		global: o.Global, rateLimit: o.Config.RateLimit, account: o.Account, now: o.Now, steady: o.Steady, logger: logger, health: health, tracker: newTracker(&o, health),
		scrapes: newScrapes(o.Global.PollInterval, o.Steady),
		rand:    rand.New(rand.NewPCG(uint64(o.Now().UnixNano()), seed.Sum64())),
		done:    make(chan struct{}),
		retry:   make(chan struct{}, 1),
	}
}

// Status is what is known of the account now. It waits for no reading.
func (p *Poller) Status() Status { return p.health.Status() }

// ConcealIfBehind takes the account out of the exposition until it has caught up and an audit is over, if its ledger is
// a backup or may be one: Prometheus may have seen higher values.
func (p *Poller) ConcealIfBehind() {
	if p.tracker.store.behind(p.now()) {
		p.tracker.conceal()
	}
}

// Start begins to read until ctx ends or Stop is called, unless it has been called before.
func (p *Poller) Start(ctx context.Context) {
	if p.cancel != nil {
		return
	}
	ctx, p.cancel = context.WithCancel(ctx)
	context.AfterFunc(ctx, p.scrapes.close)
	go p.run(ctx)
}

// Stop returns when nothing is being read any more.
func (p *Poller) Stop() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	<-p.done
}

// SecretsChanged ends the wait of an account whose key or secret was refused.
func (p *Poller) SecretsChanged() {
	select {
	case p.retry <- struct{}{}:
	default:
	}
}

// Refresh is a scrape's wish for an account that is not older than the poll interval. It returns when the account has been
// read, when ctx ends, or at once where there is nothing to wait for. Scrapes at the same time share one reading.
func (p *Poller) Refresh(ctx context.Context) { p.scrapes.wait(ctx) }

func (p *Poller) run(ctx context.Context) {
	defer close(p.done)
	interval := p.global.PollInterval
	// Accounts start at once, and then each keeps to its own second of the interval. The second reading comes early: what
	// ended during the first, which takes longest, should not wait for a whole interval.
	next := p.steady() + interval/6 + p.jitter(interval/3)
	failures := 0
	for ctx.Err() == nil {
		if err := p.poll(ctx); err != nil {
			failures++
			p.leaveAlone(ctx, p.afterFailure(err, failures), itnio.ClassOf(err) == itnio.ClassAuthentication)
			next = p.steady()
			continue
		}
		failures = 0
		p.scrapes.rest(0)
		next = nextTick(next, p.steady(), interval)
		if told := p.between(ctx, next); told > 0 {
			p.leaveAlone(ctx, told, false)
			continue
		}
		p.wait(ctx, next)
	}
}

// nextTick is the first tick after now. Ticks keep to their grid; those that a long reading has run over are left out.
func nextTick(next, now, interval time.Duration) time.Duration {
	if next > now {
		return next
	}
	missed := (now-next)/interval + 1
	return next + missed*interval
}

// afterFailure is how long to leave the account alone after so many failed readings in a row.
func (p *Poller) afterFailure(err error, failures int) time.Duration {
	wait := backoff(err, failures, p.global.BackoffMax)
	wait -= p.jitter(wait / 5)                   // accounts that failed together do not come back together
	if told := retry.ToldToWait(err); told > 0 { // nor does any come back before it was told to
		wait = max(wait, told+p.jitter(time.Second))
	}
	return wait
}

// between reads in the background until the next tick or scrape. It returns how long the server asked to be left alone.
func (p *Poller) between(ctx context.Context, next time.Duration) time.Duration {
	due := func() bool {
		return ctx.Err() != nil || p.scrapes.waiting() || p.timed() && p.steady() >= next
	}
	err := p.tracker.inBackground(ctx, due)
	if err == nil || ctx.Err() != nil {
		return 0
	}
	return retry.ToldToWait(err)
}

func (p *Poller) timed() bool { return p.global.PollMode == config.PollInterval }

// wait sleeps until a steady time, or in scrape mode until a scrape wants the account.
func (p *Poller) wait(ctx context.Context, until time.Duration) {
	if !p.timed() {
		select {
		case <-ctx.Done():
		case <-p.scrapes.wake:
		}
		return
	}
	_ = retry.Sleep(ctx, until-p.steady())
}

// leaveAlone makes no request for a while, whatever a scrape wants. Where the secrets were refused it ends when they change.
func (p *Poller) leaveAlone(ctx context.Context, wait time.Duration, refused bool) {
	p.scrapes.rest(wait)
	var changed <-chan struct{} // nil: never
	if refused {
		changed = p.retry
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-changed:
	}
}

func (p *Poller) poll(ctx context.Context) error {
	p.scrapes.begin()
	defer p.scrapes.end()
	return p.tracker.poll(ctx)
}

func (p *Poller) jitter(most time.Duration) time.Duration {
	return time.Duration(p.rand.Int64N(int64(most) + 1))
}
