// Package docs keeps the pages in this folder that are made from the code.
package docs

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/enum"
	"itnio_exporter/itnio"
	"itnio_exporter/web"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write metrics.md and configuration.md")

// TestMetricsPage compares metrics.md with the code.
func TestMetricsPage(t *testing.T) {
	text, err := os.ReadFile("metrics.md.tmpl")
	require.NoError(t, err)
	page, err := template.New("metrics.md").Option("missingkey=error").Funcs(template.FuncMap{"code": code, "cell": cell}).Parse(string(text))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, page.Execute(&b, reference(t)))
	if *update {
		require.NoError(t, os.WriteFile("metrics.md", b.Bytes(), 0o644))
	}
	have, err := os.ReadFile("metrics.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "run: make docs")
}

// family is a call family as the page shows it.
type family struct {
	families.Family
	Kind, Buckets, BucketsKey string
	Schema                    int
}

// ownMetric is one of the exporter's own metrics.
type ownMetric struct {
	Name, Kind, Help, Query string
	Labels                  []string
}

type outcome struct{ Reason, Outcome string }

// reference is the data of the template.
func reference(t *testing.T) map[string]any {
	cfg, err := config.Default(config.AccountConfig{Name: "main", APIKey: "key", APISecret: "secret"}).Validate()
	require.NoError(t, err)
	var outcomes []outcome
	for r := enum.OutgoingNotAnswered; r <= enum.ReasonUnknown; r++ {
		outcomes = append(outcomes, outcome{r.String(), r.Outcome().String()})
	}
	var results []string
	for _, r := range ledger.Results() {
		results = append(results, r.String())
	}
	return map[string]any{
		"Families":      callFamilies(cfg.Metrics()),
		"Own":           ownMetrics(t, cfg),
		"CallTypes":     coded(enum.CallTypeNames(), enum.ParseCallType),
		"HangupParties": coded(enum.PartyNames(), enum.ParseParty),
		"HangupReasons": coded(enum.ReasonNames(), enum.ParseReason),
		"International": call.International,
		"LimitedLabels": families.LimitedLabels(),
		"Results":       results,
		"Statuses":      itnio.StatusLabels(),
		"Endpoint":      itnio.PathRecordQuery,
		"Outcomes":      outcomes,
		"MaxLabelBytes": enum.MaxLabelBytes,
		"None":          enum.None,
		"Unknown":       enum.Unknown,
		"Other":         enum.Other,
		"Limits":        cfg.Metrics().Limits,
		"Anomalies":     call.Anomalies,
	}
}

func callFamilies(m config.Metrics) []family {
	kinds := map[series.Type]string{series.Counter: "counter", series.Gauge: "gauge", series.Histogram: "histogram"}
	var all []family
	for _, f := range families.All() {
		shown := family{Family: f, Kind: kinds[f.Type], Schema: series.Schema}
		switch f.Adds {
		case families.ObserveTalk:
			shown.Buckets, shown.BucketsKey = bounds(m.DurationBuckets), "metrics.duration_buckets"
		case families.ObserveRing:
			shown.Buckets, shown.BucketsKey = bounds(m.RingBuckets), "metrics.ring_buckets"
		}
		all = append(all, shown)
	}
	return all
}

// queries are examples for the exporter's own metrics.
var queries = map[string]string{
	"itnio_up": `itnio_up == 0`,
	"itnio_exporter_api_request_duration_seconds":                 `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_api_request_duration_seconds_bucket[15m])))`,
	"itnio_exporter_api_rate_limit":                               `sum by (account) (rate(itnio_exporter_api_requests_total[5m])) > 0.9 * on (account) max by (account) (itnio_exporter_api_rate_limit)`,
	"itnio_exporter_api_requests_total":                           `sum by (account, status) (rate(itnio_exporter_api_requests_total{status!="0"}[15m]))`,
	"itnio_exporter_audit_missing_records_total":                  `increase(itnio_exporter_audit_missing_records_total[1d])`,
	"itnio_exporter_build_info":                                   `count by (version) (itnio_exporter_build_info)`,
	"itnio_exporter_catch_up_remaining_seconds":                   `itnio_exporter_catch_up_remaining_seconds > 0`,
	"itnio_exporter_clock_skew_seconds":                           `abs(itnio_exporter_clock_skew_seconds) > 60`,
	"itnio_exporter_complete_until_timestamp_seconds":             `time() - itnio_exporter_complete_until_timestamp_seconds`,
	"itnio_exporter_config_last_reload_success_timestamp_seconds": `time() - itnio_exporter_config_last_reload_success_timestamp_seconds`,
	"itnio_exporter_config_last_reload_successful":                `itnio_exporter_config_last_reload_successful == 0`,
	"itnio_exporter_deleted_records_total":                        `increase(itnio_exporter_deleted_records_total[1d])`,
	"itnio_exporter_label_overflow_total":                         `sum by (account, label) (increase(itnio_exporter_label_overflow_total[1h])) > 0`,
	"itnio_exporter_last_success_timestamp_seconds":               `time() - itnio_exporter_last_success_timestamp_seconds`,
	"itnio_exporter_ledger_commit_duration_seconds":               `histogram_quantile(0.99, rate(itnio_exporter_ledger_commit_duration_seconds_bucket[15m]))`,
	"itnio_exporter_ledger_commit_failures_total":                 `increase(itnio_exporter_ledger_commit_failures_total[15m]) > 0`,
	"itnio_exporter_ledger_created_timestamp_seconds":             `changes(itnio_exporter_ledger_created_timestamp_seconds[1h]) > 0`,
	"itnio_exporter_ledger_size_bytes":                            `itnio_exporter_ledger_size_bytes / 2^20`,
	"itnio_exporter_open_windows":                                 `itnio_exporter_open_windows > 0`,
	"itnio_exporter_reconcile_duration_seconds":                   `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_reconcile_duration_seconds_bucket[1h])))`,
	"itnio_exporter_record_anomalies_total":                       `sum by (account, kind) (increase(itnio_exporter_record_anomalies_total[1d])) > 0`,
	"itnio_exporter_record_lag_seconds":                           `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_record_lag_seconds_bucket[1h])))`,
	"itnio_exporter_records_total":                                `sum by (account, result) (rate(itnio_exporter_records_total[15m]))`,
	"itnio_exporter_series":                                       `itnio_exporter_series`,
	"itnio_exporter_series_held":                                  `itnio_exporter_series_held > 0`,
}

// ownMetrics are those that the program registers, each with an example.
func ownMetrics(t *testing.T, cfg *config.Validated) []ownMetric {
	r := &registry{Registerer: prometheus.NewRegistry()}
	r.MustRegister(versioncollector.NewCollector("itnio_exporter"))
	c, err := collector.New(collector.Options{
		Config: cfg, StoragePath: t.TempDir(), Logger: log.NewNopLogger(), Registerer: r, Now: time.Now, NoSync: true,
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	web.NewReloader(web.ReloaderOptions{Load: func() error { return nil }, Registerer: r, Logger: log.NewNopLogger(), Now: time.Now})
	for i := range r.metrics {
		m := &r.metrics[i]
		require.Contains(t, queries, m.Name, "an example")
		m.Query = queries[m.Name]
	}
	require.Len(t, r.metrics, len(queries), "each example has a metric")
	slices.SortFunc(r.metrics, func(a, b ownMetric) int { return cmp.Compare(a.Name, b.Name) })
	return r.metrics
}

// registry collects the descriptions of the metrics that are registered with it, with their types, which a description does not have.
type registry struct {
	prometheus.Registerer
	metrics []ownMetric
}

func (r *registry) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

var (
	description = regexp.MustCompile(`^Desc{fqName: "(.*)", help: "(.*?[^\\])",(?: unit: ".*?",)? constLabels: {(.*)}, variableLabels: {(.*)}}$`)
	constLabel  = regexp.MustCompile(`([a-z]+)=`)
)

func (r *registry) Register(c prometheus.Collector) error {
	descriptions := make(chan *prometheus.Desc, 10)
	c.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		m := description.FindStringSubmatch(d.String())
		if m == nil {
			return fmt.Errorf("description of another form: %s", d)
		}
		own := ownMetric{Name: m[1], Kind: kind(c), Help: strings.ReplaceAll(m[2], `\"`, `"`)}
		for _, l := range constLabel.FindAllStringSubmatch(m[3], -1) {
			own.Labels = append(own.Labels, l[1])
		}
		if m[4] != "" {
			own.Labels = append(own.Labels, strings.Split(m[4], ",")...)
		}
		r.metrics = append(r.metrics, own)
	}
	return nil
}

func kind(c prometheus.Collector) string {
	switch c.(type) {
	case prometheus.Histogram, *prometheus.HistogramVec:
		return "histogram"
	case *prometheus.CounterVec:
		return "counter"
	case prometheus.Gauge: // before Counter: a gauge has all methods of a counter
		return "gauge"
	case prometheus.Counter:
		return "counter"
	}
	return "gauge"
}

// code lists names as code.
func code(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// cell escapes a text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// coded lists the values of an enumeration with the API's codes.
func coded[E interface{ Code() int64 }](names []string, parse func(string) (E, bool)) string {
	var list []string
	for _, n := range names {
		v, _ := parse(n)
		list = append(list, fmt.Sprintf("`%s` (%d)", n, v.Code()))
	}
	return strings.Join(list, ", ")
}

func bounds(buckets []float64) string {
	var list []string
	for _, bound := range buckets {
		list = append(list, fmt.Sprint(bound))
	}
	return strings.Join(list, ", ")
}
