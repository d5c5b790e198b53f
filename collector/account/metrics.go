package account

import (
	"github.com/prometheus/client_golang/prometheus"

	"itnio_exporter/collector/call"
)

// Metrics are one account's own: vectors that are curried with its name. Those without another label are children only from
// their first value on, so that nothing is exposed of an account that has not been read.
type Metrics struct {
	Up            *prometheus.GaugeVec
	LastSuccess   *prometheus.GaugeVec // Unix seconds
	CompleteUntil *prometheus.GaugeVec // Unix seconds
	CatchUp       *prometheus.GaugeVec // seconds
	OpenWindows   *prometheus.GaugeVec
	Skew          *prometheus.GaugeVec // seconds

	Records      *prometheus.CounterVec // by result
	Anomalies    *prometheus.CounterVec // by kind
	Overflow     *prometheus.CounterVec // by label
	AuditMissing *prometheus.CounterVec
	Deleted      *prometheus.CounterVec

	Lag       prometheus.ObserverVec // seconds
	Reconcile prometheus.ObserverVec // seconds

	History *History // what the status page shows besides

	// Of the ledger, all accounts together.
	CommitDuration prometheus.Observer // seconds
	CommitFailures prometheus.Counter
}

func (m *Metrics) anomaly(kind call.Anomaly, n int) {
	if n > 0 {
		m.Anomalies.WithLabelValues(string(kind)).Add(float64(n))
		m.History.anomaly(kind, n)
	}
}
