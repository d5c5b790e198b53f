package collector

import (
	"fmt"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
)

// maxOdd bounds what is remembered of records that cannot be counted.
const maxOdd = 10000

// take brings a page into the ledger.
func (r *reader) take(p *reconcile.Pass, page itnio.Page) (reconcile.Answer, error) {
	answer := reconcile.Answer{Total: page.Total, Size: page.Size, IDs: make([]uint64, len(page.Records))}
	server := page.Date
	if server.IsZero() {
		server = r.api.ServerNow()
	}
	if err := r.establish(&page); err != nil {
		return answer, err
	}
	batch := ledger.Batch{Items: make([]ledger.Item, 0, len(page.Records))}
	for i := range page.Records {
		c := r.calls.From(&page.Records[i], server)
		answer.IDs[i] = identity(&c, page.Records[i].Fingerprint)
		if !c.End.IsZero() {
			r.first.saw(answer.IDs[i], server.Sub(c.End))
		}
		item := ledger.Item{Call: c}
		if r.first.doubts(server.Sub(c.End)) {
			item.Call.Pending = true
		}
		item.AsItStands = item.Call.Pending && r.waitedFor(&c, answer.IDs[i], server)
		batch.Items = append(batch.Items, item)
	}
	if lag, wrong := r.first.ahead(); wrong {
		r.hold(lag)
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
			switch {
			case b.Items[i].AsItStands:
				r.anomaly(call.AnomalyIncomplete, 1)
			case c.End.IsZero():
			case live:
				lag := server.Sub(c.End)
				r.metrics.lag.WithLabelValues(name).Observe(lag.Seconds())
				r.guard.saw(sighting{lag, r.passes, r.global.PollInterval})
				r.late = guard{}
			case p.Kind == reconcile.Audit && r.audits > 0:
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

func (r *reader) anomaly(kind call.Anomaly, n int) {
	if n > 0 {
		r.metrics.anomalies.WithLabelValues(r.cfg.Name, string(kind)).Add(float64(n))
	}
}

// commit brings a batch into the ledger, with what has become known of the windows.
func (r *reader) commit(b *ledger.Batch, server time.Time) (*ledger.Report, error) {
	d := r.state.Durable(server.Unix())
	b.Account, b.Server = r.account, server
	b.Cells, b.DropBefore, b.Swept = stored(d.Cells), d.DropBefore, d.Swept
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
