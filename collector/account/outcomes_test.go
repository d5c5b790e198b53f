package account

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
)

// TestAnomaliesOfARecordWithoutTimes: they, and those of a record whose hang-up cannot be read, are counted when the record is first read, not when it is counted long after, and
// once. Those of a call in progress are counted with the call.
func TestAnomaliesOfARecordWithoutTimes(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	metrics := testMetrics()
	metrics.Records = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "records"}, []string{"result"})
	memory := newMemory()
	o := outcomes{metrics: metrics, memory: &memory, clock: newTestClock().clock, now: func() time.Time { return now }}
	read := func(id uint64, c call.Call, result ledger.Result) {
		items := []ledger.Item{{Call: c}}
		o.page(reconcile.Live, items, &ledger.Report{Results: []ledger.Result{result}}, []uint64{id}, now)
	}
	counted := func(kind call.Anomaly) float64 {
		return testutil.ToFloat64(metrics.Anomalies.WithLabelValues(string(kind)))
	}
	none := call.Call{Pending: true, Anomalies: []call.Anomaly{call.AnomalyNoTime, call.AnomalyMalformedField}}
	for range 3 {
		read(1, none, ledger.Pending)
		require.Equal(t, 1.0, counted(call.AnomalyNoTime))
		require.Equal(t, 1.0, counted(call.AnomalyMalformedField))
	}
	read(1, none, ledger.Counted)
	require.Equal(t, 1.0, counted(call.AnomalyNoTime))

	unreadable := call.Call{Pending: true, End: now, HangupUnreadable: true, Anomalies: []call.Anomaly{call.AnomalyMalformedField}}
	for _, result := range []ledger.Result{ledger.Pending, ledger.Pending, ledger.Counted} {
		read(3, unreadable, result)
		require.Equal(t, 2.0, counted(call.AnomalyMalformedField))
	}

	progress := call.Call{Pending: true, End: now, Anomalies: []call.Anomaly{call.AnomalyUnknownCallType}}
	read(2, progress, ledger.Pending)
	require.Zero(t, counted(call.AnomalyUnknownCallType))
	read(2, progress, ledger.Counted)
	require.Equal(t, 1.0, counted(call.AnomalyUnknownCallType))
}

// TestCallsAfterAFailureVote: new calls of a poll speak for the time that they end by, whether the poll before it was complete or not.
func TestCallsAfterAFailureVote(t *testing.T) {
	for _, ago := range []time.Duration{time.Minute, time.Hour} { // since the last complete poll
		c := newTestClock()
		c.answer(0, time.Minute)
		c.answer(12*time.Hour, time.Minute)
		metrics, memory := testMetrics(), newMemory()
		metrics.Records = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "records"}, []string{"result"})
		metrics.Lag = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lag"}, nil)
		metrics.AuditMissing = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "missing"}, nil)
		o := outcomes{metrics: metrics, memory: &memory, clock: c.clock, offset: &offsetGuard{}, now: c.truth, lastPass: c.truth().Add(-ago)}
		for _, step := range []struct {
			kind  reconcile.Kind
			votes int
		}{{reconcile.Live, -1}, {reconcile.Sweep, -1}, {reconcile.Audit, -1}, {reconcile.Live, -2}} {
			items := []ledger.Item{{Call: call.Call{End: c.truth().Add(-time.Minute)}}}
			o.page(step.kind, items, &ledger.Report{Results: []ledger.Result{ledger.Counted}}, []uint64{1}, c.truth())
			require.Equal(t, step.votes, c.claim.votes, "%s after the last poll, %d", ago, step.kind)
		}
	}
}
