package account

import (
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
)

// outcomes accounts for what became of the records that were read: metrics, and what the offset guard learns.
type outcomes struct {
	poll    time.Duration // interval
	metrics Metrics
	memory  *memory
	offset  *offsetGuard
	clock   *clock
	now     func() time.Time
	observe func(*call.Call, ledger.Result)

	counted  int       // calls since the start
	lastPass time.Time // local end of the last complete pass over the lookback; zero: none
}

// passed records that a pass over the lookback is complete.
func (o *outcomes) passed() { o.lastPass = o.now() }

// restart records that reading starts over: what the next pass finds is not new.
func (o *outcomes) restart() { o.lastPass = time.Time{} }

// begun reports whether the lookback has been read in full since the start.
func (o *outcomes) begun() bool { return !o.lastPass.IsZero() }

// live reports whether what a pass finds has just turned up at the server: another one was over not long ago.
func (o *outcomes) live(kind reconcile.Kind) bool {
	return kind == reconcile.Live && o.begun() && o.now().Sub(o.lastPass) < max(3*o.poll, 5*time.Minute)
}

// page accounts for a page's records, whose identities are ids.
func (o *outcomes) page(kind reconcile.Kind, items []ledger.Item, report *ledger.Report, ids []uint64, server time.Time) {
	live := o.live(kind)
	o.metrics.History.read(items, report.Results, server)
	for i, result := range report.Results {
		item := &items[i]
		o.metrics.Records.WithLabelValues(result.String()).Inc()
		if o.observe != nil {
			o.observe(&item.Call, result)
		}
		if result == ledger.Counted {
			o.counted++
		}
		switch result {
		case ledger.Counted, ledger.Baseline:
			if !o.memory.counted(ids[i]) {
				o.anomalies(&item.Call)
			}
			o.placed(kind, live, item, result, server)
		case ledger.Pending:
			// It may be counted only when it has been waited for as long as the lookback.
			if (item.Call.End.IsZero() || item.Call.HangupUnreadable) && o.memory.firstOdd(ids[i]) {
				o.anomalies(&item.Call)
			}
		case ledger.Invalid, ledger.TooOld:
			if !o.memory.firstOdd(ids[i]) {
				break
			}
			o.anomalies(&item.Call)
			if result == ledger.TooOld {
				o.metrics.anomaly(call.AnomalyTooOld, 1)
			}
		}
	}
	for label, n := range report.Overflow {
		o.metrics.Overflow.WithLabelValues(label).Add(float64(n))
	}
}

// placed accounts for a record that is new to the ledger.
func (o *outcomes) placed(kind reconcile.Kind, live bool, item *ledger.Item, result ledger.Result, server time.Time) {
	lag := server.Sub(item.Call.End)
	switch {
	case item.AsItStands:
		o.metrics.anomaly(call.AnomalyIncomplete, 1)
	case item.Call.End.IsZero():
	case live:
		o.metrics.Lag.WithLabelValues().Observe(lag.Seconds())
		o.metrics.History.late(lag)
		o.offset.sawLive(lag)
	case kind == reconcile.Audit:
		o.offset.sawLate(lag)
	}
	if kind == reconcile.Live {
		o.clock.sawEnd(item.Call.End, live) // of the first reading after a failure too, during which a claim may have lasted
	}
	if kind == reconcile.Audit && result == ledger.Counted {
		o.metrics.AuditMissing.WithLabelValues().Inc()
	}
}

func (o *outcomes) anomalies(c *call.Call) {
	for _, kind := range c.Anomalies {
		o.metrics.anomaly(kind, 1)
	}
}
