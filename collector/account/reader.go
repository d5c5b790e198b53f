package account

import (
	"context"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/collector/retry"
	"itnio_exporter/collector/zone"
	"itnio_exporter/itnio"
)

// reader does one pass: it makes the requests that the pass asks for and brings their records into the ledger.
type reader struct {
	lookback time.Duration
	requests *requests
	clock    *clock
	calls    *call.Normalizer
	store    *store
	memory   *memory
	offset   *offsetGuard
	outcomes *outcomes
	logger   log.Logger
}

// run goes on with a pass until it is over or stop says so.
func (r *reader) run(ctx context.Context, p *reconcile.Pass, stop func() bool) error {
	for {
		ask, more := p.Next()
		if !more || stop() {
			return r.store.flush(r.clock.now())
		}
		page, err := r.requests.page(ctx, time.Unix(ask.From, 0), time.Unix(ask.To, 0), ask.Page, reconcile.PageSize)
		if err != nil {
			if refusal, ok := retry.Refused(err); ok && ctx.Err() == nil && p.Refused(refusal) {
				level.Debug(r.logger).Log("msg", "window refused, asking for less", "err", err)
				continue
			}
			return err
		}
		answer, err := r.take(p.Kind, &page)
		if err != nil {
			return err
		}
		p.Take(answer)
	}
}

// take brings a page into the ledger.
func (r *reader) take(kind reconcile.Kind, page *itnio.Page) (reconcile.Answer, error) {
	answer := reconcile.Answer{Total: page.Total, Size: page.Size, IDs: make([]uint64, len(page.Records))}
	server := r.clock.now()
	batch := ledger.Batch{Items: make([]ledger.Item, len(page.Records))}
	for i := range page.Records {
		c := r.calls.From(&page.Records[i], server)
		answer.IDs[i] = c.Identity(page.Records[i].Fingerprint)
		batch.Items[i] = r.item(c, answer.IDs[i], server)
	}
	if err := r.offset.checkFirst(); err != nil {
		return answer, err
	}
	report, err := r.store.commit(&batch, server)
	if err != nil {
		return answer, err
	}
	r.store.habits.Order = r.store.habits.Order.Seen(page.Records)
	answer.Pending = report.Count(ledger.Pending) > 0
	r.outcomes.page(kind, batch.Items, report, answer.IDs, server)
	return answer, nil
}

// item is a call as it is to be brought into the ledger.
func (r *reader) item(c call.Call, id uint64, server time.Time) ledger.Item {
	if !c.End.IsZero() && r.offset.doubts(id, server.Sub(c.End)) {
		c.Pending = true
	}
	return ledger.Item{Call: c, AsItStands: c.Pending && r.waitedFor(&c, id, server)}
}

// waitedFor reports whether an incomplete call has been waited for long enough.
func (r *reader) waitedFor(c *call.Call, id uint64, server time.Time) bool {
	if !c.End.IsZero() && server.Sub(c.End) > r.lookback {
		return true
	}
	return server.Sub(r.memory.pendingSince(id, server)) > r.lookback
}

// endAt reports whether the newest records end by a time: the last of the day before it about as long ago as their number lets
// expect, and of these hardly any in the day after it. A few ends that cannot be do not matter.
func (r *reader) endAt(ctx context.Context, t time.Time) (bool, error) {
	by := t.Add(-3 * time.Second) // some servers refuse a window that ends ahead of their clock
	before, err := r.ended(ctx, by, -23*time.Hour, -time.Hour, -5*time.Minute)
	if err != nil || before.n == 0 {
		return false, err
	}
	const longest = 5 // times the mean time between two calls
	if by.Sub(before.newest) > max(zone.MaxLag, longest*before.width/time.Duration(before.listed)) {
		recent, err := r.ended(ctx, by, -zone.MaxLag, -5*time.Minute) // the newest may be on another page
		if err != nil || recent.n == 0 {
			return false, err
		}
	}
	after, err := r.ended(ctx, t.Add(-zone.MinLag), 23*time.Hour, time.Hour, 5*time.Minute)
	if itnio.RefusalOf(err) == itnio.RefusalParameter {
		return true, nil // it is in the server's future
	}
	return err == nil && after.n*20 <= before.n, err
}

// ends are the records that ended in a stretch of time, as far as one page tells.
type ends struct {
	width  time.Duration
	n      int       // on the page
	listed int       // in all, by the total; at least n
	newest time.Time // on the page
}

// ended tells which records ended in the time after t, or before it if the width is negative. The next width is used where the
// server refuses so much.
func (r *reader) ended(ctx context.Context, t time.Time, widths ...time.Duration) (ends, error) {
	for _, width := range widths {
		from, to := t, t.Add(width)
		if width < 0 {
			from, to = to, from
		}
		page, err := r.requests.page(ctx, from, to, 1, reconcile.PageSize)
		switch itnio.RefusalOf(err) {
		case itnio.RefusalTooMuch, itnio.RefusalTooLong:
			continue
		}
		e := ends{width: to.Sub(from)}
		for i := range page.Records {
			if c := r.calls.From(&page.Records[i], to); c.End.After(from) && c.End.Before(to) {
				e.n++
				if c.End.After(e.newest) {
					e.newest = c.End
				}
			}
		}
		e.listed = max(e.n, page.Total)
		return e, err
	}
	return ends{n: reconcile.PageSize, listed: reconcile.PageSize, newest: t}, nil // there are more than it will answer for
}

// newestLags is how old the records of the last ten minutes, and of the day ahead, seem to be. They are not counted.
func (r *reader) newestLags(ctx context.Context) ([]time.Duration, error) {
	now := r.clock.now()
	page, err := r.requests.page(ctx, now.Add(-10*time.Minute), now.Add(24*time.Hour), 1, reconcile.PageSize)
	if err != nil {
		return nil, err
	}
	var lags []time.Duration
	for i := range page.Records {
		if c := r.calls.From(&page.Records[i], now); !c.End.IsZero() {
			lags = append(lags, now.Sub(c.End))
		}
	}
	return lags, nil
}
