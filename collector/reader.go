package collector

import (
	"context"
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
	first      first
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

func newReader(cfg config.Account, global config.Global, api API, account *ledger.Account, l *ledger.Ledger,
	calls *call.Normalizer, m *metrics, logger log.Logger, now func() time.Time,
) *reader {
	r := &reader{
		cfg: cfg, global: global, api: api, account: account, ledger: l, calls: calls, metrics: m, now: now,
		logger: log.With(logger, "account", cfg.Name), filter: apiFilter(cfg.Filter),
		pending: map[uint64]time.Time{}, odd: map[uint64]struct{}{},
		status: AccountStatus{Name: cfg.Name},
	}
	if !account.Counted() {
		r.first = newFirst()
	}
	r.forgetState()
	return r
}

// slept reports whether the account was left alone for long before now: its ledger may be a backup, and others have seen
// higher values.
func (r *reader) slept(now time.Time) bool {
	swept := r.account.Swept()
	return swept != 0 && now.Sub(time.Unix(swept, 0)) > 2*r.global.Lookback
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
	}, remembered(r.account.Cells()), r.account.Swept())
}

// remembered is what the ledger has stored of the windows, for the planner.
func remembered(cells []ledger.Cell) []reconcile.Cell {
	out := make([]reconcile.Cell, len(cells))
	for i := range cells {
		out[i] = reconcile.Cell(cells[i])
	}
	return out
}

// stored is what the planner wants to be remembered of the windows, for the ledger.
func stored(cells []reconcile.Cell) []ledger.Cell {
	out := make([]ledger.Cell, len(cells))
	for i := range cells {
		out[i] = ledger.Cell(cells[i])
	}
	return out
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

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
		if !r.slept(r.api.ServerNow()) { // it only seemed so by the local clock
			r.account.Conceal(false)
		}
	}
	r.passes++
	p := r.state.Live(r.api.ServerNow().Unix(), r.account.Floor())
	if err := r.run(ctx, p, nil); err != nil {
		return err
	}
	r.finish(p)
	r.first.settle()
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
	// The horizon, the widest window of a day, and a day. As many days as pass between two audits, and one more to make up for
	// times without any.
	most := 1 + int(r.global.AuditInterval/(24*time.Hour))
	_, err := r.account.Expire(now, r.global.Horizon+48*time.Hour, most)
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
			if refusal, ok := refused(err); ok && ctx.Err() == nil && p.Refused(refusal) {
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
