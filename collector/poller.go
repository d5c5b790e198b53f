package collector

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// poller says when an account is read: on a timer or when a scrape asks for it. There is one for each account, it makes
// one walk at a time, and no error ends it.
type poller struct {
	r *reader

	wake chan struct{} // a scrape wants the account read
	rand *rand.Rand    // so that accounts and processes keep out of step

	mu      sync.Mutex
	reading chan struct{} // closed when the reading under way ends; nil: none
	last    time.Time     // when the last reading ended
	resting time.Time     // until when the account is left alone after a failure

	cancel context.CancelFunc
	done   chan struct{}
}

func newPoller(r *reader) *poller {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.cfg.Name))
	return &poller{
		r: r, wake: make(chan struct{}, 1), done: make(chan struct{}),
		rand: rand.New(rand.NewPCG(uint64(r.now().UnixNano()), h.Sum64())),
	}
}

// start begins to read until ctx ends or stop is called, unless it has been called before.
func (p *poller) start(ctx context.Context) {
	if p.cancel != nil {
		return
	}
	ctx, p.cancel = context.WithCancel(ctx)
	go p.run(ctx)
}

// stop waits until the account is left alone.
func (p *poller) stop() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	<-p.done
}

func (p *poller) run(ctx context.Context) {
	defer close(p.done)
	interval := p.r.global.PollInterval
	// Accounts start at once, and then each keeps to its own second of the interval. The second reading comes early: what
	// ended during the first, which takes longest, should not wait for a whole interval.
	next := p.r.now().Add(interval/6 + p.jitter(interval/3))
	failures := 0
	for ctx.Err() == nil {
		err := p.poll(ctx)
		now := p.r.now()
		if err != nil {
			failures++
			wait := backoff(err, failures, p.r.global.BackoffMax)
			wait -= p.jitter(wait / 5)             // accounts that failed together do not come back together
			if told := toldToWait(err); told > 0 { // nor does any come back before it was told to
				wait = max(wait, told+p.jitter(time.Second))
			}
			p.rest(now.Add(wait))
			if sleep(ctx, wait) != nil {
				return
			}
			next = p.r.now()
			continue
		}
		failures = 0
		p.rest(time.Time{})
		// Ticks keep to their grid; those that a long reading has run over are left out.
		if !next.After(now) {
			missed := now.Sub(next)/interval + 1
			next = next.Add(missed * interval)
		} else if next.Sub(now) > interval {
			next = now.Add(interval) // the local clock was set back
		}
		due := func() bool { return ctx.Err() != nil || p.woken() || p.timed() && !p.r.now().Before(next) }
		if err := p.r.inBackground(ctx, due); err != nil && ctx.Err() == nil {
			// The next reading will fail in the same way if it lasts, and say so.
			level.Debug(p.r.logger).Log("msg", "sweep or audit given up for now", "err", err)
			if told := toldToWait(err); told > 0 {
				p.rest(p.r.now().Add(told))
				if sleep(ctx, told) != nil {
					return
				}
				continue
			}
		}
		if p.wait(ctx, next) != nil {
			return
		}
	}
}

func (p *poller) timed() bool { return p.r.global.PollMode == config.PollInterval }

func (p *poller) woken() bool { return len(p.wake) > 0 }

// wait sleeps until a time, or in scrape mode until a scrape wants the account.
func (p *poller) wait(ctx context.Context, until time.Time) error {
	if !p.timed() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.wake:
			return nil
		}
	}
	// No longer than an interval, even if the local clock was set back.
	return sleep(ctx, min(until.Sub(p.r.now()), p.r.global.PollInterval))
}

func (p *poller) poll(ctx context.Context) error {
	reading := p.begin()
	err := p.r.poll(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reading, p.last = nil, p.r.now()
	close(reading)
	return err
}

func (p *poller) begin() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reading == nil {
		p.reading = make(chan struct{})
	}
	select {
	case <-p.wake:
	default:
	}
	return p.reading
}

func (p *poller) rest(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resting = until
}

// refresh is a scrape's wish for an account that is not older than the poll interval. It returns when the account has been
// read, when ctx ends, or at once where there is nothing to wait for. Scrapes at the same time share one reading.
func (p *poller) refresh(ctx context.Context) {
	p.mu.Lock()
	now := p.r.now()
	if p.last.IsZero() && p.reading == nil || !p.last.IsZero() && now.Sub(p.last) < p.r.global.PollInterval || now.Before(p.resting) {
		p.mu.Unlock()
		return
	}
	if p.reading == nil {
		p.reading = make(chan struct{})
		p.wake <- struct{}{}
	}
	reading := p.reading
	p.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-reading:
	}
}

const (
	minBackoff    = time.Second // the first wait after a failure
	maxRetryAfter = time.Hour   // the longest wait that a server may ask for
)

// toldToWait is how long the server asked to be left alone; 0: it did not.
func toldToWait(err error) time.Duration {
	told, _ := itnio.RetryAfter(err)
	return min(told, maxRetryAfter)
}

// backoff is how long an account is left alone after so many failures in a row.
func backoff(err error, failures int, limit time.Duration) time.Duration {
	wait := limit
	switch itnio.Status(err) {
	case "-1", "-2": // nothing that a retry mends
	default:
		if failures < 30 {
			wait = min(limit, minBackoff<<(failures-1))
		}
	}
	return wait
}

func (p *poller) jitter(most time.Duration) time.Duration {
	return time.Duration(p.rand.Int64N(int64(most) + 1))
}
