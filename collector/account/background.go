package account

import (
	"context"

	"itnio_exporter/collector/reconcile"
)

// inBackground goes on with sweeps, catching up and audits until they are done or stop says so. A pass that failed is dropped;
// the next one starts from the beginning but keeps what was learned.
func (t *tracker) inBackground(ctx context.Context, stop func() bool) error {
	if t.offset.suspended {
		return nil
	}
	for !stop() {
		interrupted := t.background != nil
		if !interrupted {
			t.inBetween(t.store.state.Sweep(t.clock.unix(), t.store.account.Floor()))
		}
		kind := t.background.Kind
		done, err := t.advance(ctx, interrupted, stop)
		if err != nil && ctx.Err() == nil {
			t.health.ended(kind, err)
		}
		if err != nil {
			t.inBetween(nil)
		}
		if done || err != nil {
			return err
		}
	}
	return nil
}

// inBetween makes a pass the one under way between polls; nil: none.
func (t *tracker) inBetween(p *reconcile.Pass) {
	t.background = p
	t.health.auditing(p != nil && p.Kind == reconcile.Audit)
}

// advance runs the pass under way, and is done when no audit is due after that. A sweep that was interrupted is followed by
// another: windows have left the lookback meanwhile.
func (t *tracker) advance(ctx context.Context, interrupted bool, stop func() bool) (done bool, err error) {
	now, floor := t.clock.unix(), t.store.account.Floor()
	kind := t.background.Kind
	over, err := t.goOn(ctx, stop)
	switch {
	case err != nil || !over:
		return true, err
	case kind == reconcile.Audit:
		return true, t.audited()
	}
	if err := t.sweptUp(now); err != nil {
		return true, err
	}
	if interrupted {
		return false, nil
	}
	if !t.store.state.AuditDue(now) {
		return true, nil
	}
	t.inBetween(t.store.state.Audit(now, floor))
	return false, nil
}

// goOn runs the pass under way and reports whether it is over, and not just stopped.
func (t *tracker) goOn(ctx context.Context, stop func() bool) (over bool, err error) {
	p := t.background
	before := p.Requests
	if err := t.reader.run(ctx, p, stop); err != nil {
		return false, err
	}
	_, more := p.Next()
	// A sweep can take hours, so it counts as going on once an answer has come, unless the server refuses windows again.
	if !more || p.Kind == reconcile.Sweep && p.Requests > before && !p.Refusing() {
		t.health.goesOn(p.Kind)
	}
	if more {
		return false, nil
	}
	t.finish(p)
	t.inBetween(nil)
	return p.Whole(), nil
}

// sweptUp is the end of a sweep: what it read may have been the last of the past.
func (t *tracker) sweptUp(now int64) error {
	remaining := t.store.state.CatchUp(now)
	t.health.catchUp(remaining)
	if remaining == 0 && t.reader.outcomes.begun() {
		return t.endCatchUp()
	}
	return nil
}

// audited handles the end of an audit: what is about to leave the horizon has been read, so ids from before it can be deleted.
func (t *tracker) audited() error {
	if t.offset.audited() {
		if err := t.wrongOffset(); err != nil {
			return err
		}
	}
	now := t.clock.now()
	if t.store.state.CatchUp(now.Unix()) > 0 {
		return nil
	}
	if err := t.store.caughtUp(now); err != nil {
		return err
	}
	t.reveal()
	if !t.clock.trusted() {
		return nil
	}
	return t.store.expire(now)
}
