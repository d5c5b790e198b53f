package collector_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
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
var updateDocs = flag.Bool("update-docs", false, "write docs/metrics.md anew")

const metricsPage = "../docs/metrics.md"

// TestMetricsPage keeps the metric reference what the code says. go test ./collector/ -run MetricsPage -update-docs
// writes it anew.
func TestMetricsPage(t *testing.T) {
	page := metricsReference(t)
	if *updateDocs {
		require.NoError(t, os.WriteFile(metricsPage, []byte(page), 0o644))
	}
	have, err := os.ReadFile(metricsPage)
	require.NoError(t, err)
	require.Equal(t, page, string(have), "run: go test ./collector/ -run MetricsPage -update-docs")
}

// ownMetric is one of the exporter's own.
type ownMetric struct {
	name, kind, help string
	labels           []string
}

// registered takes collectors and knows their types, which a description does not tell.
type registered struct {
	t       *testing.T
	metrics []ownMetric
}

func (r *registered) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		require.NoError(r.t, r.Register(c))
	}
}

func (*registered) Unregister(prometheus.Collector) bool { return false }

func (r *registered) Register(from prometheus.Collector) error {
	kind := "gauge"
	switch from.(type) {
	case prometheus.Histogram, *prometheus.HistogramVec:
		kind = "histogram"
	case *prometheus.CounterVec:
		kind = "counter"
	case prometheus.Counter:
		if _, gauge := from.(prometheus.Gauge); !gauge { // a gauge has all that a counter has
			kind = "counter"
		}
	}
	descriptions := make(chan *prometheus.Desc, 10)
	from.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		r.metrics = append(r.metrics, described(r.t, kind, d))
	}
	return nil
}

//nolint:gochecknoglobals // a constant
var description = regexp.MustCompile(`^Desc{fqName: "(.*)", help: ("(?:[^"\\]|\\.)*"), unit: ".*", constLabels: {(.*)}, variableLabels: {(.*)}}$`)

// described reads a description's text, for there is no other way to its fields.
func described(t *testing.T, kind string, d *prometheus.Desc) ownMetric {
	m := description.FindStringSubmatch(d.String())
	require.NotNil(t, m, d.String())
	help, err := strconv.Unquote(m[2])
	require.NoError(t, err)
	own := ownMetric{name: m[1], kind: kind, help: help}
	for pair := range strings.SplitSeq(m[3], ",") {
		if name, _, ok := strings.Cut(pair, "="); ok {
			own.labels = append(own.labels, name)
		}
	}
	if m[4] != "" {
		own.labels = append(own.labels, strings.Split(m[4], ",")...)
	}
	return own
}

// ownMetrics are those that the runtime, the reloads and the version register.
func ownMetrics(t *testing.T) []ownMetric {
	r := &registered{t: t}
	c, err := collector.New(collector.Options{
		Config: defaults(t), StoragePath: t.TempDir(), Logger: log.NewNopLogger(), Registerer: r, NoSync: true,
	})
	require.NoError(t, err)
	require.NoError(t, c.Close())
	web.NewReloader(web.ReloaderOptions{Registerer: r, Logger: log.NewNopLogger(), Now: time.Now})
	r.MustRegister(versioncollector.NewCollector("itnio_exporter"))
	slices.SortFunc(r.metrics, func(a, b ownMetric) int { return cmp.Compare(a.name, b.name) })
	return r.metrics
}

// ownQueries are examples for the exporter's own metrics.
func ownQueries() map[string]string {
	return map[string]string{
		"itnio_up": `itnio_up == 0`,
		"itnio_exporter_api_request_duration_seconds":                 `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_api_request_duration_seconds_bucket[15m])))`,
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
		"itnio_exporter_ledger_size_bytes":                            `itnio_exporter_ledger_size_bytes / 2^20`,
		"itnio_exporter_open_windows":                                 `itnio_exporter_open_windows > 0`,
		"itnio_exporter_reconcile_duration_seconds":                   `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_reconcile_duration_seconds_bucket[1h])))`,
		"itnio_exporter_record_anomalies_total":                       `sum by (account, kind) (increase(itnio_exporter_record_anomalies_total[1d])) > 0`,
		"itnio_exporter_record_lag_seconds":                           `histogram_quantile(0.99, sum by (account, le) (rate(itnio_exporter_record_lag_seconds_bucket[1h])))`,
		"itnio_exporter_records_total":                                `sum by (account, result) (rate(itnio_exporter_records_total[15m]))`,
		"itnio_exporter_series":                                       `itnio_exporter_series`,
		"itnio_exporter_series_held":                                  `itnio_exporter_series_held > 0`,
	}
}

func defaults(t *testing.T) *config.Validated {
	v, err := config.Default(config.AccountConfig{Name: "main", BaseURL: "https://api.invalid", APIKey: "key", APISecret: "secret"}).Validate()
	require.NoError(t, err)
	return v
}

func metricsReference(t *testing.T) string {
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	m := defaults(t).Metrics()

	p("# Metrics")
	p("")
	p("This page is made from the code and kept up to date by a test: `go test ./collector/ -run MetricsPage -update-docs` writes it anew.")
	p("")
	p("[Calls](#calls) · [The exporter itself](#the-exporter-itself) · [Label values](#label-values) · [Limits](#limits) · [Anomalies](#anomalies)")
	p("")
	p("## Calls")
	p("")
	p("Every finished call is added to every family that it belongs to, exactly once, in one transaction; [guarantee.md](guarantee.md) says how. Values are whole")
	p("numbers. They outlive restarts, with their created times. A series that appears later starts at 0 and shows that 0 until a scraper has fetched it and `zero_first` has")
	p("passed, so that `increase()` sees its first calls. Ratios are for queries: divide sums, and look at the volume beside them.")
	p("")
	types := map[series.Type]string{series.Counter: "counter", series.Gauge: "gauge", series.Histogram: "histogram"}
	for _, f := range families.All() {
		p("### %s", f.Name)
		p("")
		p("%s", f.Help)
		p("")
		p("| | |")
		p("|---|---|")
		p("| type | %s |", types[f.Type])
		p("| labels | %s |", code(f.Labels))
		switch f.Adds {
		case families.ObserveTalk:
			p("| buckets | %s (`metrics.duration_buckets`), and native ones of schema %d where the server asks for protobuf |", bounds(m.DurationBuckets), series.Schema)
		case families.ObserveRing:
			p("| buckets | %s (`metrics.ring_buckets`), and native ones of schema %d where the server asks for protobuf |", bounds(m.RingBuckets), series.Schema)
		}
		p("| record fields | %s |", f.Source)
		if f.OptIn != "" {
			p("| off unless | %s |", f.OptIn)
		}
		p("")
		p("```promql")
		p("%s", f.Example)
		p("```")
		p("")
	}

	p("## The exporter itself")
	p("")
	p("Counters and histograms here live as long as the process.")
	p("")
	p("| metric | type | labels | meaning | query |")
	p("|---|---|---|---|---|")
	queries := ownQueries()
	for _, own := range ownMetrics(t) {
		require.Contains(t, queries[own.name], own.name, "an example")
		p("| `%s` | %s | %s | %s | `%s` |", own.name, own.kind, code(own.labels), own.help, strings.ReplaceAll(queries[own.name], "|", `\|`))
	}
	p("")
	p("The usual `go_*`, `process_*` and `promhttp_*` metrics come with them.")
	p("")

	p("## Label values")
	p("")
	p("| label | values |")
	p("|---|---|")
	p("| `account` | the account's `name` in the configuration |")
	p("| `agent_group` | `sipGroupName`, else the `voiceGroupId`, else `%s` |", families.None)
	p("| `agent` | `seatName`, or a keyed hash of it, else `%s` |", families.None)
	p("| `answered` | `true` exactly where the outcome is `answered`, else `false` |")
	p("| `call_type` | %s; `%s` |", coded(enum.CallTypeNames(), func(n string) int64 { v, _ := enum.ParseCallType(n); return v.Code() }), families.Unknown)
	p("| `calling_code` | the country's calling code in digits; empty if unknown |")
	p("| `code` | a three-digit SIP code, `%s` |", families.Unknown)
	p("| `country` | ISO 3166-1 alpha-2; `001` for international and satellite codes; `%s` |", families.Unknown)
	p("| `hangup_party` | %s; `%s` |", coded(enum.PartyNames(), func(n string) int64 { v, _ := enum.ParseParty(n); return v.Code() }), families.Unknown)
	p("| `hangup_reason` | %s; `%s` |", coded(enum.ReasonNames(), func(n string) int64 { v, _ := enum.ParseReason(n); return v.Code() }), families.Unknown)
	p("| `media` | `mediaDetected` as it stands, else `%s` |", families.None)
	p("| `outcome` | see below |")
	p("| `tag` | a tag as it stands |")
	p("| `name` | the country's English name |")
	p("| `voice_group_id` | `voiceGroupId` in digits |")
	p("| `brand` | `brandName` as it stands |")
	p("| `label` | %s |", code([]string{families.LabelAgentGroup, families.LabelCountry, families.LabelAgent, families.LabelTag, families.LabelMedia})+"; with `metrics.limits.series` any label of a family")
	results := []string{}
	for _, r := range ledger.Results() {
		results = append(results, r.String())
	}
	p("| `result` | %s |", code(results))
	p("| `status` | %s |", code(itnio.StatusLabels()))
	p("| `endpoint` | `%s` |", itnio.PathRecordQuery)
	p("| `kind` | see [anomalies](#anomalies) |")
	p("")
	p("Numbers in brackets are the API's codes. What became of a call follows from its hang-up reason alone:")
	p("")
	p("| hang-up reason | outcome |")
	p("|---|---|")
	for r := enum.OutgoingNotAnswered; r <= enum.ReasonUnknown; r++ {
		p("| `%s` | `%s` |", r, r.Outcome())
	}
	p("")
	p("Free text is trimmed, made valid UTF-8 and cut at 128 bytes. Three words are reserved: `%s` is what the limits folded together, `%s` a record that names nothing, `%s` one that",
		families.Other, families.None, families.Unknown)
	p("names nothing known. No phone number, recording, remark or id is ever a label; the session id can be an exemplar (`metrics.exemplars`), agents are off by default.")
	p("")

	p("## Limits")
	p("")
	p("| setting | default | bounds |")
	p("|---|---|---|")
	p("| `metrics.limits.agent_group` | %d | values of `agent_group` |", m.Limits.AgentGroup)
	p("| `metrics.limits.agent` | %d | values of `agent` |", m.Limits.Agent)
	p("| `metrics.limits.tag` | %d | values of `tag` |", m.Limits.Tag)
	p("| `metrics.limits.media` | %d | values of `media` |", m.Limits.Media)
	p("| `metrics.limits.series` | %d | label sets of each family, of all accounts together |", m.Limits.Series)
	p("")
	p("The first values to come are admitted, for good; calls with others are counted under `%s`. Where a family has no room, new label sets are folded: the agent group first,", families.Other)
	p("above nine tenths of the limit, then the country, then all but the account. Totals stay right. `itnio_exporter_label_overflow_total` counts the calls that were folded, by label.")
	p("")
	p("`metrics.labels` keeps fewer labels of a family; `account` always stays. A family whose labels or buckets change starts anew at 0 and says so in the log; calls that were")
	p("counted are not counted again.")
	p("")

	p("## Anomalies")
	p("")
	p("Nothing odd is guessed at or passed over in silence: `itnio_exporter_record_anomalies_total` counts it by `kind`.")
	p("")
	p("| kind | what it means, and what becomes of the record |")
	p("|---|---|")
	for _, a := range call.Anomalies {
		p("| `%s` | %s |", a.Kind, a.Meaning)
	}
	return b.String()
}

// code lists names as code.
func code(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// coded lists the values of an enumeration with the API's codes.
func coded(names []string, codeOf func(string) int64) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = fmt.Sprintf("`%s` (%d)", n, codeOf(n))
	}
	return strings.Join(list, ", ")
}

func bounds(buckets []float64) string {
	list := make([]string, len(buckets))
	for i, bound := range buckets {
		list[i] = fmt.Sprint(bound)
	}
	return strings.Join(list, ", ")
}
