package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"itnio_exporter/collector/account"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// metrics are the exporter's own. They live as long as the process.
type metrics struct {
	up              *prometheus.GaugeVec
	lastSuccess     *prometheus.GaugeVec
	completeUntil   *prometheus.GaugeVec
	catchUp         *prometheus.GaugeVec
	openWindows     *prometheus.GaugeVec
	records         *prometheus.CounterVec
	lag             *prometheus.HistogramVec
	anomalies       *prometheus.CounterVec
	auditMissing    *prometheus.CounterVec
	deleted         *prometheus.CounterVec
	requests        *prometheus.CounterVec
	rateLimit       *prometheus.GaugeVec
	requestDuration *prometheus.HistogramVec
	reconcile       *prometheus.HistogramVec
	skew            *prometheus.GaugeVec
	overflow        *prometheus.CounterVec
	commitDuration  prometheus.Histogram
	commitFailures  prometheus.Counter
}

// newMetrics makes and registers the exporter's own metrics.
func newMetrics(reg prometheus.Registerer, l *ledger.Ledger) (*metrics, error) {
	byAccount := []string{"account"}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, byAccount)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"account"}, labels...))
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, append([]string{"account"}, labels...))
	}
	m := &metrics{
		up:            gauge("itnio_up", "Whether the last reading of the account succeeded. Absent until the first attempt has ended."),
		lastSuccess:   gauge("itnio_exporter_last_success_timestamp_seconds", "Unix time when the account was last read successfully."),
		completeUntil: gauge("itnio_exporter_complete_until_timestamp_seconds", "Server time up to which all that the API showed is counted."),
		catchUp:       gauge("itnio_exporter_catch_up_remaining_seconds", "How much of the past is still to be read after downtime or at the first start."),
		openWindows:   gauge("itnio_exporter_open_windows", "Windows that will be read again: they contain incomplete calls, two readings of them differed, or the server refuses them."),
		records:       counter("itnio_exporter_records_total", "Records read, by what became of them.", "result"),
		lag: histogram("itnio_exporter_record_lag_seconds", "Time from the end of a call to its first reading, live records only.",
			[]float64{5, 15, 30, 60, 90, 120, 180, 300, 600, 1800, 3600, 7200, 14400, 86400}),
		anomalies:    counter("itnio_exporter_record_anomalies_total", "Oddities in records and answers, by kind.", "kind"),
		auditMissing: counter("itnio_exporter_audit_missing_records_total", "Calls that only an audit found."),
		deleted:      counter("itnio_exporter_deleted_records_total", "Records that the API showed once and no longer does. Their calls stay counted."),
		requests:     counter("itnio_exporter_api_requests_total", "Requests to the API, by how they ended.", "endpoint", "status"),
		rateLimit:    gauge("itnio_exporter_api_rate_limit", "Requests a second that the account's rate_limit allows."),
		requestDuration: histogram("itnio_exporter_api_request_duration_seconds", "Time that requests to the API took.",
			[]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "endpoint"),
		reconcile: histogram("itnio_exporter_reconcile_duration_seconds", "Time that going over the lookback took.",
			[]float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300}),
		skew:     gauge("itnio_exporter_clock_skew_seconds", "The server's clock less the local one."),
		overflow: counter("itnio_exporter_label_overflow_total", "Calls whose label value was folded into other, by label.", "label"),
		commitDuration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "itnio_exporter_ledger_commit_duration_seconds", Help: "Time that transactions of the ledger took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}),
		commitFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "itnio_exporter_ledger_commit_failures_total", Help: "Transactions of the ledger that failed, as on a full disk.",
		}),
	}
	stat := func(name, help string, value func(ledger.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(l.Stats()) })
	}
	for _, c := range []prometheus.Collector{
		m.up, m.lastSuccess, m.completeUntil, m.catchUp, m.openWindows, m.records, m.lag, m.anomalies, m.auditMissing, m.deleted,
		m.requests, m.rateLimit, m.requestDuration, m.reconcile, m.skew, m.overflow, m.commitDuration, m.commitFailures,
		stat("itnio_exporter_ledger_size_bytes", "Size of the ledger's file.", func(s ledger.Stats) float64 { return float64(s.SizeBytes) }),
		stat("itnio_exporter_ledger_created_timestamp_seconds", "Unix time when the ledger's file was made.", func(s ledger.Stats) float64 { return float64(s.Created.Unix()) }),
		stat("itnio_exporter_series", "Series that the ledger holds.", func(s ledger.Stats) float64 { return float64(s.Series) }),
		stat("itnio_exporter_series_held", "Series that show 0 until a scraper has seen that 0.", func(s ledger.Stats) float64 { return float64(s.Held) }),
	} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// of are an account's own.
func (m *metrics) of(name string, history *account.History) account.Metrics {
	l := prometheus.Labels{"account": name}
	return account.Metrics{
		Up: m.up.MustCurryWith(l), LastSuccess: m.lastSuccess.MustCurryWith(l), CompleteUntil: m.completeUntil.MustCurryWith(l),
		CatchUp: m.catchUp.MustCurryWith(l), OpenWindows: m.openWindows.MustCurryWith(l), Skew: m.skew.MustCurryWith(l),
		Records: m.records.MustCurryWith(l), Anomalies: m.anomalies.MustCurryWith(l), Overflow: m.overflow.MustCurryWith(l),
		AuditMissing: m.auditMissing.MustCurryWith(l), Deleted: m.deleted.MustCurryWith(l),
		Lag: m.lag.MustCurryWith(l), Reconcile: m.reconcile.MustCurryWith(l),
		History: history, CommitDuration: m.commitDuration, CommitFailures: m.commitFailures,
	}
}

// begin shows an account's rate limit and makes its counters exist at 0, so that Prometheus sees their first increase.
func (m *metrics) begin(account string, rateLimit float64, model config.Metrics) {
	m.rateLimit.WithLabelValues(account).Set(rateLimit)
	for _, r := range ledger.Results() {
		m.records.WithLabelValues(account, r.String())
	}
	for _, status := range itnio.StatusLabels() {
		m.requests.WithLabelValues(account, itnio.PathRecordQuery, status)
	}
	for _, a := range call.Anomalies {
		m.anomalies.WithLabelValues(account, string(a.Kind))
	}
	for _, f := range families.New(model).Families {
		for _, label := range f.Labels {
			if label != families.LabelAccount {
				m.overflow.WithLabelValues(account, label)
			}
		}
	}
	m.auditMissing.WithLabelValues(account)
	m.deleted.WithLabelValues(account)
}

// end removes the metrics of an account that is no longer configured.
func (m *metrics) end(account string) {
	l := prometheus.Labels{"account": account}
	for _, g := range []*prometheus.GaugeVec{m.up, m.lastSuccess, m.completeUntil, m.catchUp, m.openWindows, m.skew, m.rateLimit} {
		g.DeletePartialMatch(l)
	}
	for _, c := range []*prometheus.CounterVec{m.records, m.anomalies, m.auditMissing, m.deleted, m.requests, m.overflow} {
		c.DeletePartialMatch(l)
	}
	for _, h := range []*prometheus.HistogramVec{m.lag, m.requestDuration, m.reconcile} {
		h.DeletePartialMatch(l)
	}
}
