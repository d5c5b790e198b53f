package account

import (
	"context"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/collector/zone"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// tracker keeps the ledger in step with the API: the lookback at each poll, and between polls the sweeps and audits. It is for
// one goroutine.
type tracker struct {
	global  config.Global
	reader  *reader
	clock   *clock
	store   *store
	offset  *offsetGuard
	health  *health
	metrics Metrics
	logger  log.Logger
	now     func() time.Time

	concealed  bool            // this tracker has concealed the account's series
	caughtUp   bool            // since the start
	begun      bool            // the server's time is known, and the epoch is set
	background *reconcile.Pass // under way between polls; nil: none. Set by inBetween
}

func newTracker(o *Options, h *health) *tracker {
	logger := h.logger
	clock := &clock{wall: o.Now, steady: o.Steady, before: o.Account.Skew(), metrics: o.Metrics, health: h, logger: logger}
	memory := newMemory()
	offset := &offsetGuard{
		zone: o.Config.Location, poll: o.Global.PollInterval, audit: o.Global.AuditInterval, metrics: o.Metrics, logger: logger,
	}
	if !o.Account.Counted() || o.Account.LastSuccess().IsZero() { // it was never read by an exporter: its calls are from a backfill
		offset.first = zone.NewFirst()
	}
	store := &store{global: o.Global, ledger: o.Ledger, account: o.Account, metrics: o.Metrics, now: o.Now}
	store.habits = itnio.DecodeHabits(o.Account.Habits())
	store.reset()
	o.API.TryFirst(store.habits.TimeFormat)
	h.habits(&store.habits)
	if at := o.Account.LastSuccess(); !at.IsZero() {
		h.lastSuccess(at) // of the process before: an outage goes on over a restart
	}
	return &tracker{
		global: o.Global, clock: clock, store: store, offset: offset, health: h, metrics: o.Metrics, logger: logger, now: o.Now,
		reader: &reader{
			lookback: o.Global.Lookback, calls: o.Calls, clock: clock, store: store, memory: &memory, offset: offset, logger: logger,
			requests: &requests{api: o.API, health: h, clock: clock, filter: call.Filter(o.Config.Filter)},
			outcomes: &outcomes{
				poll: o.Global.PollInterval, metrics: o.Metrics, memory: &memory, offset: offset, clock: clock, now: o.Now, observe: o.Observe,
			},
		},
	}
}

// poll goes over the lookback once.
func (t *tracker) poll(ctx context.Context) error {
	began := t.now()
	err := t.live(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // stopped, not failed
	}
	t.metrics.Reconcile.WithLabelValues().Observe(t.now().Sub(began).Seconds())
	if err == nil {
		err = t.store.succeeded(t.now(), t.clock.before)
	}
	t.health.ended(reconcile.Live, err)
	return err
}

func (t *tracker) live(ctx context.Context) error {
	if err := t.store.ledger.Health(); err != nil {
		return ledgerError{err}
	}
	if t.offset.suspended {
		return t.probe(ctx)
	}
	if err := t.learnClock(ctx); err != nil {
		return err
	}
	t.offset.begin()
	state := t.store.state
	p := state.Live(t.clock.unix(), t.store.account.Floor())
	if err := t.reader.run(ctx, p, never); err != nil {
		return err
	}
	t.finish(p)
	if t.offset.passed() {
		if err := t.wrongOffset(); err != nil {
			return err
		}
	}
	level.Debug(t.logger).Log("msg", "lookback read", "requests", p.Requests, "incomplete", p.Incomplete, "open", state.OpenWindows())
	t.reader.outcomes.passed()
	now := t.clock.unix()
	remaining := state.CatchUp(now)
	if remaining == 0 {
		if err := t.endCatchUp(); err != nil {
			return err
		}
	}
	if p.Incomplete == 0 && remaining == 0 && t.store.account.InitialDone() && !state.Unread(now, t.store.account.Floor()) {
		t.health.completeUntil(time.Unix(p.Begun, 0).UTC())
	}
	return nil
}

func never() bool { return false }

// learnClock finds out the server's time, before the first pass. Until it is known, nothing is read.
func (t *tracker) learnClock(ctx context.Context) error {
	if t.begun {
		return nil
	}
	for range undatedAnswers { // one with a Date is enough
		if err := t.reader.requests.newestMinute(ctx); err != nil {
			return err
		}
		if t.clock.known() || t.clock.claim.made() {
			break
		}
	}
	if err := t.askRecords(ctx); err != nil {
		return err
	}
	if !t.clock.known() {
		return t.clock.unconfirmed()
	}
	if err := t.store.establish(t.clock.firstAnswer()); err != nil {
		return err
	}
	if t.concealed && !t.store.behind(t.clock.now()) { // it only seemed so by the local clock
		t.reveal()
	}
	t.begun = true
	return nil
}

// askRecords lets the newest records decide between answers and the local clock where these do not agree.
func (t *tracker) askRecords(ctx context.Context) error {
	if t.clock.known() {
		return nil
	}
	for _, zero := range t.clock.candidates() {
		fits, err := t.reader.endAt(ctx, zero.Add(t.clock.steady()))
		switch {
		case t.clock.known(): // by an answer that has just come
			return nil
		case itnio.RefusalOf(err) == itnio.RefusalParameter: // it lies ahead of the server's time
		case err != nil:
			return err
		case fits:
			t.clock.recordsAgree(zero)
			return nil
		}
	}
	return nil
}

// finish publishes the findings of a pass.
func (t *tracker) finish(p *reconcile.Pass) {
	for kind, n := range p.Anomalies {
		t.metrics.anomaly(kind, n)
	}
	t.metrics.Deleted.WithLabelValues().Add(float64(p.Deleted))
	t.health.openWindows(t.store.state.OpenWindows())
	t.health.catchUp(t.store.state.CatchUp(t.clock.unix()))
	t.learn()
}

// learn publishes what is known of the server's habits. The next poll that succeeds keeps it in the ledger.
func (t *tracker) learn() {
	habits := t.store.learn(t.reader.requests.api.TimeFormat())
	t.health.habits(&habits)
}

// conceal takes the account's series out of the exposition until the next audit is over. Only an audit finds what came later
// than the lookback.
func (t *tracker) conceal() {
	t.concealed = true
	t.store.account.Conceal(true)
}

// reveal also shows what the tracker before a reload has concealed.
func (t *tracker) reveal() {
	t.concealed = false
	t.store.account.Conceal(false)
}

// endCatchUp is when all of the past has been read. At the end of the first fill the account's series appear.
func (t *tracker) endCatchUp() error {
	if !t.caughtUp {
		t.caughtUp = true
		epoch, _ := t.store.account.Epoch()
		level.Info(t.logger).Log("msg", "caught up", "counted", t.reader.outcomes.counted, "epoch", epoch.Format(time.RFC3339))
	}
	if t.store.account.InitialDone() {
		return nil
	}
	level.Info(t.logger).Log("msg", "first fill complete, the account's series are shown from now on")
	_, err := t.store.commit(&ledger.Batch{InitialDone: true, ShowInitial: t.global.InitialHistory > 0}, t.clock.now())
	return err
}

// wrongOffset suspends counting if nothing was counted yet: at a first start, the new records are all from before the epoch.
// What was marked is forgotten.
func (t *tracker) wrongOffset() error {
	if t.store.account.Counted() {
		return nil
	}
	t.offset.suspended = true
	if err := t.store.forget(); err != nil {
		return err
	}
	return errOffset
}

// probe checks, while counting is suspended, whether the newest records have become plausible. If so, counting starts.
func (t *tracker) probe(ctx context.Context) error {
	lags, err := t.reader.newestLags(ctx)
	if err != nil {
		return err
	}
	if !t.offset.resume(lags) {
		return errOffset
	}
	t.reader.outcomes.restart()
	t.inBetween(nil)
	t.store.reset()
	return t.live(ctx)
}
