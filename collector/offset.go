package collector

import (
	"context"
	"errors"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/itnio"
)

// errOffset says that record times and the server's clock do not agree.
var errOffset = errors.New("record times and the server's clock do not agree")

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
	r.held, r.first, r.guard, r.liveSince = false, newFirst(), guard{}, time.Time{}
	r.forgetState()
	return r.live(ctx)
}
