package collector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// API is what a reader needs of the client.
type API interface {
	Records(context.Context, itnio.Query) (itnio.Page, error)
	ServerNow() time.Time
	Skew() (time.Duration, bool)
}

// reader brings one account's records from the API into the ledger. It is for one goroutine, but for what mu guards.
type reader struct {
	cfg     config.Account
	global  config.Global
	api     API
	account *ledger.Account
	ledger  *ledger.Ledger
	calls   *call.Normalizer
	metrics *metrics
	logger  log.Logger
	now     func() time.Time
	filter  itnio.Filter
	// observe, if set, is told what became of each record: simulations measure by it.
	observe func(account string, c *call.Call, result ledger.Result)

	state      *reconcile.State
	background *reconcile.Pass // under way between polls
	guard      guard
	late       guard                // of what only audits find: all of it, if the windows are asked for in a wrong zone too
	passes     int                  // over the lookback
	audits     int                  // over the horizon: what the second and later ones find is news
	held       bool                 // first start with a wrong offset: nothing is counted
	pending    map[uint64]time.Time // first reading of calls that are not complete and have no usable time
	odd        map[uint64]struct{}  // records without place in the ledger whose oddity was counted
	liveSince  time.Time            // end of the last whole pass
	skew       time.Duration        // server's clock less the local one, at the last answer
	skewKnown  bool
	lastError  string // as logged, so that a lasting failure is said once

	mu     sync.Mutex
	status AccountStatus
}

// AccountStatus is what is to be known of an account at a glance.
type AccountStatus struct {
	Name          string
	Up            *bool // nil: not read yet
	LastSuccess   time.Time
	CompleteUntil time.Time
	CatchUp       time.Duration
	OpenWindows   int
	LastError     string
}

// maxOdd bounds what is remembered of records that cannot be counted.
const maxOdd = 10000

func newReader(cfg config.Account, global config.Global, api API, account *ledger.Account, l *ledger.Ledger,
	calls *call.Normalizer, m *metrics, logger log.Logger, now func() time.Time,
) *reader {
	r := &reader{
		cfg: cfg, global: global, api: api, account: account, ledger: l, calls: calls, metrics: m, now: now,
		logger: log.With(logger, "account", cfg.Name), filter: apiFilter(cfg.Filter),
		pending: map[uint64]time.Time{}, odd: map[uint64]struct{}{},
		status: AccountStatus{Name: cfg.Name},
	}
	r.forgetState()
	if swept := account.Swept(); swept != 0 && now().Sub(time.Unix(swept, 0)) > 2*global.Lookback {
		// The ledger has slept for a while, or is a backup: then others have seen higher values than it has.
		account.Conceal(true)
	}
	return r
}

func apiFilter(f config.Filter) itnio.Filter {
	return itnio.Filter{
		VoiceGroupID: f.VoiceGroupID, SIPGroupName: f.AgentGroup, SeatIDs: f.AgentIDs, SeatNames: f.Agents,
		CallTypes: f.CallTypes, HangupReasons: f.HangupReasons, CalledOrCaller: string(f.Number), CCodes: f.CallingCodes,
		HangingDirection: f.HangupParties, LabelNames: f.Tags,
	}
}

// forgetState starts over from what the ledger remembers.
func (r *reader) forgetState() {
	r.background = nil
	r.state = reconcile.New(reconcile.Settings{
		Lookback: seconds(r.global.Lookback), Horizon: seconds(r.global.Horizon),
		AuditInterval: seconds(r.global.AuditInterval), History: seconds(r.global.InitialHistory),
	}, r.account.Cells(), r.account.Swept())
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// errOffset says that record times and the server's clock do not agree.
var errOffset = errors.New("record times and the server's clock do not agree")

// poll goes over the lookback once.
func (r *reader) poll(ctx context.Context) error {
	began := r.now()
	err := r.live(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // stopped, not failed
	}
	r.metrics.reconcile.WithLabelValues(r.cfg.Name).Observe(r.now().Sub(began).Seconds())
	r.report(err)
	return err
}

func (r *reader) live(ctx context.Context) error {
	if r.held {
		return r.probe(ctx)
	}
	// The first pass needs the server's clock, which only an answer tells. Until then the local one serves; a window a
	// day too early or late does no harm, the next pass is right.
	if _, known := r.api.Skew(); !known {
		if err := r.learnClock(ctx); err != nil {
			return err
		}
	}
	r.passes++
	p := r.state.Live(r.api.ServerNow().Unix(), r.account.Floor())
	if err := r.run(ctx, p, nil); err != nil {
		return err
	}
	r.finish(p)
	if err := r.judge(&r.guard); err != nil {
		return err
	}
	level.Debug(r.logger).Log("msg", "lookback read", "requests", p.Requests, "unsettled", p.Unsettled, "open", r.state.OpenWindows())
	r.liveSince = r.now()
	now := r.api.ServerNow()
	remaining := r.state.CatchUp(now.Unix())
	if remaining == 0 {
		if err := r.settleInitial(); err != nil {
			return err
		}
	}
	if p.Unsettled == 0 && remaining == 0 && r.account.InitialDone() && !r.state.Unread(now.Unix(), r.account.Floor()) {
		r.completeUntil(time.Unix(p.Begun, 0).UTC())
	}
	return nil
}

// learnClock makes one request whose answer is not used for anything but its date. If it is good, and the first one ever,
// calls count from then on.
func (r *reader) learnClock(ctx context.Context) error {
	now := r.api.ServerNow()
	page, err := r.ask(ctx, itnio.Query{From: now.Add(-time.Minute), To: now, Page: 1, Size: 1, Filter: r.filter})
	if e, ok := errors.AsType[*itnio.StatusError](err); ok && e.Code == itnio.StatusParameter {
		return nil // the window may end ahead of the server's clock; the clock has been learned all the same
	}
	if err != nil {
		return err
	}
	return r.establish(page.Date)
}

// establish sets the epoch if this is the account's first good answer.
func (r *reader) establish(server time.Time) error {
	if server.IsZero() {
		server = r.api.ServerNow()
	}
	if err := r.account.Establish(server, r.global.InitialHistory); err != nil {
		return r.commitFailed(err)
	}
	return nil
}

// settleInitial ends the first fill once all of it has been read.
func (r *reader) settleInitial() error {
	if r.account.InitialDone() {
		r.account.Conceal(false)
		return nil
	}
	level.Info(r.logger).Log("msg", "first fill is whole, the account's series appear")
	_, err := r.commit(&ledger.Batch{InitialDone: true, ShowInitial: r.global.InitialHistory > 0}, r.api.ServerNow())
	return err
}

// inBackground goes on with sweeps, catching up and audits until they are done or stop says so.
func (r *reader) inBackground(ctx context.Context, stop func() bool) error {
	if r.held {
		return nil
	}
	for !stop() {
		now := r.api.ServerNow().Unix()
		if r.background == nil {
			r.background = r.state.Sweep(now, r.account.Floor())
			if err := r.run(ctx, r.background, stop); err != nil || !r.over() {
				return r.gaveUp(err)
			}
			if err := r.settled(now); err != nil {
				return r.gaveUp(err)
			}
			if !r.state.AuditDue(now) {
				return nil
			}
			r.background = r.state.Audit(now, r.account.Floor())
		}
		kind := r.background.Kind
		if err := r.run(ctx, r.background, stop); err != nil || !r.over() {
			return r.gaveUp(err)
		}
		if kind == reconcile.Audit {
			r.audits++
			if err := r.judge(&r.late); err != nil {
				return err
			}
			return r.expire()
		}
		if err := r.settled(now); err != nil {
			return r.gaveUp(err)
		}
	}
	return nil
}

// gaveUp drops a background pass that failed; the next one begins anew, with all that was learned.
func (r *reader) gaveUp(err error) error {
	if err != nil {
		r.background = nil
	}
	return err
}

// settled is the end of a sweep: what it caught up with may have been the last of the first fill.
func (r *reader) settled(now int64) error {
	remaining := r.state.CatchUp(now)
	r.catchUp(remaining)
	if remaining == 0 && !r.liveSince.IsZero() {
		return r.settleInitial()
	}
	return nil
}

// over ends the background pass if it has nothing more to ask.
func (r *reader) over() bool {
	if _, more := r.background.Next(); more {
		return false
	}
	r.finish(r.background)
	r.background = nil
	return true
}

// expire lets go of ids that can no longer be asked about.
func (r *reader) expire() error {
	now := r.api.ServerNow()
	if r.state.CatchUp(now.Unix()) > 0 {
		return nil
	}
	// The horizon, the widest window of a day, and a day.
	_, err := r.account.Expire(now, r.global.Horizon+48*time.Hour)
	return err
}

// run makes a pass's requests until it is over or stop says so.
func (r *reader) run(ctx context.Context, p *reconcile.Pass, stop func() bool) error {
	for {
		q, more := p.Next()
		if !more {
			return r.flush()
		}
		if stop != nil && stop() {
			return r.flush()
		}
		page, err := r.ask(ctx, itnio.Query{
			From: time.Unix(q.From, 0), To: time.Unix(q.To, 0), Page: q.Page, Size: 100, Filter: r.filter,
		})
		if err != nil {
			if refusal, ok := refused(err); ok && p.Refused(refusal) {
				level.Debug(r.logger).Log("msg", "window refused, asking for less", "err", err)
				continue
			}
			return err
		}
		answer, err := r.take(p, page)
		if err != nil {
			return err
		}
		p.Take(answer)
	}
}

// flush makes durable what is known of the windows and was not part of a batch yet.
func (r *reader) flush() error {
	now := r.api.ServerNow()
	if d := r.state.Durable(now.Unix()); len(d.Cells) == 0 && d.Swept == 0 && d.DropBefore == 0 {
		return nil
	}
	_, err := r.commit(&ledger.Batch{}, now)
	return err
}

func refused(err error) (reconcile.Refusal, bool) {
	e, ok := errors.AsType[*itnio.StatusError](err)
	if !ok {
		return 0, false
	}
	switch e.Code {
	case itnio.StatusDataCaps:
		return reconcile.TooMuch, true
	case itnio.StatusWindowTooLong:
		return reconcile.TooLong, true
	case itnio.StatusParameter:
		return reconcile.Parameter, true
	}
	return 0, false
}

// Attempts at one request before a pass is given up. What a pass has learned stays, so the next one has less to do.
const (
	attempts  = 3
	firstWait = 250 * time.Millisecond
)

// ask makes a request, again if it failed in a way that passes.
func (r *reader) ask(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	wait := firstWait
	for n := 1; ; n++ {
		page, err := r.api.Records(ctx, q)
		r.watchClock()
		if err == nil || n == attempts || !passing(err) || ctx.Err() != nil {
			return page, err
		}
		if err := sleep(ctx, wait); err != nil {
			return page, err
		}
		wait *= 4
	}
}

// maxDrift is by how much server and local clock may drift apart between two answers.
const maxDrift = 2 * time.Minute

func (r *reader) watchClock() {
	skew, ok := r.api.Skew()
	if !ok {
		return
	}
	r.metrics.skew.WithLabelValues(r.cfg.Name).Set(skew.Seconds())
	if r.skewKnown && (skew-r.skew).Abs() > maxDrift {
		r.anomaly(call.AnomalyClockJump, 1)
		level.Warn(r.logger).Log("msg", "the server's clock or the local one was set", "skew_before", r.skew.Round(time.Second), "skew", skew.Round(time.Second))
	}
	r.skew, r.skewKnown = skew, true
}

// passing reports whether a failure may be gone a moment later, and no one asked to be left alone.
func passing(err error) bool {
	if _, told := itnio.RetryAfter(err); told {
		return false
	}
	switch itnio.Status(err) {
	case "http_5xx", "timeout", "connection", "decode", "-18":
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// take brings a page into the ledger.
func (r *reader) take(p *reconcile.Pass, page itnio.Page) (reconcile.Answer, error) {
	answer := reconcile.Answer{Total: page.Total, Size: page.Size, IDs: make([]uint64, len(page.Records))}
	server := page.Date
	if server.IsZero() {
		server = r.api.ServerNow()
	}
	if err := r.establish(server); err != nil {
		return answer, err
	}
	batch := ledger.Batch{Items: make([]ledger.Item, 0, len(page.Records))}
	lags := make([]time.Duration, 0, len(page.Records))
	for i := range page.Records {
		c := r.calls.From(&page.Records[i], server)
		answer.IDs[i] = identity(&c, page.Records[i].Fingerprint)
		if !c.End.IsZero() {
			lags = append(lags, server.Sub(c.End))
		}
		batch.Items = append(batch.Items, ledger.Item{Call: c, AsItStands: c.Pending && r.waitedFor(&c, answer.IDs[i], server)})
	}
	if !r.account.InitialDone() && ahead(lags) {
		r.hold(median(lags))
		return answer, errOffset
	}
	report, err := r.commit(&batch, server)
	if err != nil {
		return answer, err
	}
	answer.Pending = report.Count(ledger.Pending) > 0
	r.figures(p, &batch, report, answer.IDs, server)
	return answer, nil
}

// identity tells records apart within a window.
func identity(c *call.Call, fingerprint uint64) uint64 {
	switch {
	case c.Key != 0:
		return c.Key
	case c.Session != 0:
		return c.Session
	}
	return fingerprint
}

// waitedFor reports whether a call that is not complete has been waited for long enough.
func (r *reader) waitedFor(c *call.Call, id uint64, server time.Time) bool {
	if !c.End.IsZero() && server.Sub(c.End) > r.global.Lookback {
		return true
	}
	since, ok := r.pending[id]
	if !ok {
		if len(r.pending) >= maxOdd {
			clear(r.pending)
		}
		r.pending[id] = server
		return false
	}
	return server.Sub(since) > r.global.Lookback
}

// figures keeps the figures of what became of a page's records.
func (r *reader) figures(p *reconcile.Pass, b *ledger.Batch, report *ledger.Report, ids []uint64, server time.Time) {
	name := r.cfg.Name
	live := p.Kind == reconcile.Live && !r.liveSince.IsZero() && r.now().Sub(r.liveSince) < max(3*r.global.PollInterval, 5*time.Minute)
	for i, result := range report.Results {
		c := &b.Items[i].Call
		r.metrics.records.WithLabelValues(name, result.String()).Inc()
		if r.observe != nil {
			r.observe(name, c, result)
		}
		switch result {
		case ledger.Counted, ledger.Baseline:
			delete(r.pending, ids[i])
			for _, a := range c.Anomalies {
				r.anomaly(a, 1)
			}
			if b.Items[i].AsItStands {
				r.anomaly(call.AnomalyIncomplete, 1)
			} else if live && !c.End.IsZero() {
				lag := server.Sub(c.End)
				r.metrics.lag.WithLabelValues(name).Observe(lag.Seconds())
				r.guard.saw(sighting{lag, r.passes, r.global.PollInterval})
				r.late = guard{}
			} else if p.Kind == reconcile.Audit && r.audits > 0 && !c.End.IsZero() {
				r.late.sawSome(sighting{server.Sub(c.End), r.audits, r.global.AuditInterval})
			}
			if p.Kind == reconcile.Audit && result == ledger.Counted {
				r.metrics.auditMissing.WithLabelValues(name).Inc()
			}
		case ledger.Invalid, ledger.TooOld:
			if _, known := r.odd[ids[i]]; known {
				break
			}
			if len(r.odd) >= maxOdd {
				clear(r.odd)
			}
			r.odd[ids[i]] = struct{}{}
			for _, a := range c.Anomalies {
				r.anomaly(a, 1)
			}
			if result == ledger.TooOld {
				r.anomaly(call.AnomalyTooOld, 1)
			}
		}
	}
	for label, n := range report.Overflow {
		r.metrics.overflow.WithLabelValues(name, label).Add(float64(n))
	}
}

// judge looks, after a whole pass, whether the records that turned up make sense.
func (r *reader) judge(g *guard) error {
	if !g.judge() || !g.wrong {
		return nil
	}
	r.offsetWrong(g.lag)
	if !r.account.Counted() {
		return r.startOver()
	}
	return nil
}

func (r *reader) anomaly(kind call.Anomaly, n int) {
	if n > 0 {
		r.metrics.anomalies.WithLabelValues(r.cfg.Name, string(kind)).Add(float64(n))
	}
}

func (r *reader) offsetWrong(lag time.Duration) {
	r.anomaly(call.AnomalyOffset, 1)
	level.Error(r.logger).Log("msg", "utc_offset is most likely wrong: new records do not carry the server's time",
		"median_lag", lag.Round(time.Second), "suggested_utc_offset", suggestion(r.cfg.Location, lag))
}

// hold stops counting at a first start whose records are in the future.
func (r *reader) hold(lag time.Duration) {
	r.held = true
	r.offsetWrong(lag)
}

// startOver stops counting at a first start whose new records are all from before the epoch, and forgets what was marked:
// nothing was counted yet.
func (r *reader) startOver() error {
	r.held = true
	if err := r.account.Forget(); err != nil {
		return r.commitFailed(err)
	}
	return errOffset
}

// probe looks, while nothing is counted, whether the newest records have become plausible.
func (r *reader) probe(ctx context.Context) error {
	now := r.api.ServerNow()
	page, err := r.ask(ctx, itnio.Query{From: now.Add(-10 * time.Minute), To: now.Add(24 * time.Hour), Page: 1, Size: 100, Filter: r.filter})
	if err != nil {
		return err
	}
	var lags []time.Duration
	for i := range page.Records {
		if c := r.calls.From(&page.Records[i], now); !c.End.IsZero() {
			lags = append(lags, now.Sub(c.End))
		}
	}
	if len(lags) == 0 || !plausible(median(lags)) {
		return errOffset
	}
	level.Info(r.logger).Log("msg", "record times and the server's clock agree again, counting goes on")
	// All is read anew: what turns up in the next pass is not news.
	r.held, r.guard, r.liveSince = false, guard{}, time.Time{}
	r.forgetState()
	return r.live(ctx)
}

// commit brings a batch into the ledger, with what has become known of the windows.
func (r *reader) commit(b *ledger.Batch, server time.Time) (*ledger.Report, error) {
	d := r.state.Durable(server.Unix())
	b.Account, b.Server = r.account, server
	b.Cells, b.DropBefore, b.Swept = d.Cells, d.DropBefore, d.Swept
	began := r.now()
	report, err := r.ledger.Commit(b)
	if err != nil {
		return nil, r.commitFailed(err)
	}
	r.metrics.commitDuration.Observe(r.now().Sub(began).Seconds())
	r.state.Saved(d)
	return report, nil
}

func (r *reader) commitFailed(err error) error {
	r.metrics.commitFailures.Inc()
	return fmt.Errorf("what was read is not counted yet: %w", err)
}

// finish takes a pass's findings.
func (r *reader) finish(p *reconcile.Pass) {
	for kind, n := range p.Anomalies {
		r.anomaly(kind, n)
	}
	r.metrics.deleted.WithLabelValues(r.cfg.Name).Add(float64(p.Deleted))
	clear(p.Anomalies)
	p.Deleted = 0
	open := r.state.OpenWindows()
	r.metrics.openWindows.WithLabelValues(r.cfg.Name).Set(float64(open))
	r.catchUp(r.state.CatchUp(r.api.ServerNow().Unix()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.OpenWindows = open
}

func (r *reader) catchUp(remaining time.Duration) {
	r.metrics.catchUp.WithLabelValues(r.cfg.Name).Set(remaining.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.CatchUp = remaining
}

func (r *reader) completeUntil(t time.Time) {
	r.metrics.completeUntil.WithLabelValues(r.cfg.Name).Set(float64(t.Unix()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.CompleteUntil = t
}

// report notes how a reading ended. A failure that lasts is logged once.
func (r *reader) report(err error) {
	up, text := 1.0, ""
	if err != nil {
		up, text = 0, err.Error()
		if errors.Is(err, errOffset) {
			text = errOffset.Error() + ": nothing is counted until utc_offset is right"
		}
	}
	r.metrics.up.WithLabelValues(r.cfg.Name).Set(up)
	now := r.now()
	r.mu.Lock()
	ok := err == nil
	r.status.Up, r.status.LastError = &ok, text
	if ok {
		r.status.LastSuccess = now
		r.metrics.lastSuccess.WithLabelValues(r.cfg.Name).Set(float64(now.UnixMilli()) / 1000)
	}
	r.mu.Unlock()
	switch {
	case err == nil && r.lastError != "":
		level.Info(r.logger).Log("msg", "reading succeeds again")
	case text != "" && text != r.lastError:
		level.Warn(r.logger).Log("msg", "reading failed", "err", text)
	}
	r.lastError = text
}

// Status is what is to be known of the account now.
func (r *reader) Status() AccountStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}
