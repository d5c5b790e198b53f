package exposition

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-kit/log"
	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // the oracle is to offer it too
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/series"
)

// promhttp over a registry with the same metrics is answered alike: the same headers and, but for the order, the same
// lines.
func TestAnswersAsPromhttp(t *testing.T) {
	source, live := newState(sample()...), liveRegistry()
	ours := newHandler(t, source, live, Options{})
	theirs := promhttp.HandlerFor(prometheus.Gatherers{live, gatherer(t, sample())}, promhttp.HandlerOpts{EnableOpenMetrics: true})

	const openMetricsType = "application/openmetrics-text"
	protobuf := "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding="
	for _, accept := range []string{
		"", "*/*", "text/plain", "text/*", "text/plain;version=0.0.4", "text/plain;version=1.0.0;escaping=allow-utf-8", "text/html,*/*;q=0.1",
		openMetricsType, openMetricsType + ";version=0.0.1", openMetricsType + ";version=1.0.0", openMetricsType + ";version=2.0.0",
		openMetricsType + ";version=1.0.0;escaping=allow-utf-8;q=0.6," + openMetricsType + ";version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		openMetricsType + ";version=1.0.0;escaping=underscores", openMetricsType + ";version=1.0.0;escaping=dots", "text/plain;version=0.0.4;escaping=values",
		protobuf + "delimited", protobuf + "delimited;escaping=dots;q=0.7,*/*;q=0.1", protobuf + "text", protobuf + "compact-text", "image/png", "nonsense;;;",
	} {
		for _, coding := range []string{
			"", "gzip", "zstd", "identity", "*", "gzip, deflate, br, zstd", "zstd, gzip;q=0.5", "gzip;q=0", "gzip;q=0, *", "identity;q=0", "br",
			"gzip;q=0.8,identity;q=0.5", "gzip;level=1, zstd", "zstd;q=1.0;q=2, gzip", "GZIP", ",gzip", "gzip;q=.5", "zstd ; q=0.4 , gzip ;q=0.3",
		} {
			header := http.Header{}
			if accept != "" {
				header.Set("Accept", accept)
			}
			if coding != "" {
				header.Set("Accept-Encoding", coding)
			}
			want, got := scrape(theirs, "/metrics", header), scrape(ours, "/metrics", header)
			require.Equal(t, http.StatusOK, got.Code)
			for _, key := range []string{"Content-Type", "Content-Encoding", "Vary"} {
				require.Equal(t, want.Header().Values(key), got.Header().Values(key), "%s for %q, %q", key, accept, coding)
			}
			require.Equal(t, strconv.Itoa(got.Body.Len()), got.Header().Get("Content-Length"))
			w, g := decoded(t, want), decoded(t, got)
			if expfmt.Format(got.Header().Get("Content-Type")).FormatType() == expfmt.TypeProtoDelim {
				requireSameFamilies(t, messages(t, w), messages(t, g))
				continue
			}
			require.Equal(t, sortedLines(w), sortedLines(g), "%q, %q", accept, coding)
			require.LessOrEqual(t, bytes.Count(g, []byte("# EOF")), 1)
			require.Equal(t, bytes.HasSuffix(w, []byte("# EOF\n")), bytes.HasSuffix(g, []byte("# EOF\n")))
		}
	}
}

func sortedLines(b []byte) []string {
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ") // protobuf's text form has spaces at random
	}
	slices.Sort(lines)
	return lines
}

func requireSameFamilies(t require.TestingT, want, got []*dto.MetricFamily) {
	for _, families := range [][]*dto.MetricFamily{want, got} {
		slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
		for _, f := range families {
			slices.SortFunc(f.Metric, func(a, b *dto.Metric) int { return strings.Compare(labels(a), labels(b)) })
		}
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].String(), got[i].String())
	}
}

func labels(m *dto.Metric) string {
	var b strings.Builder
	for _, l := range m.Label {
		b.WriteString(l.GetName() + "\xff" + l.GetValue() + "\xff")
	}
	return b.String()
}

func TestCompressedBodiesAreReadByEveryClient(t *testing.T) {
	families := sample()
	for i := range 5000 {
		families[1].Metrics = append(families[1].Metrics, &series.Metric{LabelValues: []string{fmt.Sprint("group ", i)}, Value: float64(i)})
	}
	server := httptest.NewServer(newHandler(t, newState(families...), liveRegistry(), Options{}))
	defer server.Close()
	get := func(coding string) []byte {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		if coding != "" { // without one, Go's transport asks for gzip and unpacks it
			r.Header.Set("Accept-Encoding", coding)
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		var body io.Reader = resp.Body
		switch coding {
		case "":
			require.True(t, resp.Uncompressed)
		case "gzip": // as Prometheus does
			body, err = kgzip.NewReader(body)
			require.NoError(t, err)
		case "zstd":
			z, err := zstd.NewReader(body)
			require.NoError(t, err)
			defer z.Close()
			body = z
		}
		b, err := io.ReadAll(body)
		require.NoError(t, err)
		return b
	}
	plain := get("identity")
	require.Contains(t, string(plain), "itnio_up 1\n")
	for range 2 { // made, and taken from the cache
		for _, coding := range []string{"", "gzip", "zstd"} {
			require.Equal(t, string(plain), string(get(coding)), coding)
		}
	}
}

func TestNamesAreFiltered(t *testing.T) {
	served := 0
	h := newHandler(t, newState(sample()...), liveRegistry(), Options{OnServed: func(*http.Request, uint64) { served++ }})
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		w := scrape(h, "/metrics?name[]=itnio_up&name[]=itnio_calls_total", http.Header{"Accept-Encoding": {coding}})
		require.Equal(t, `# HELP itnio_calls_total Calls.
# TYPE itnio_calls_total counter
itnio_calls_total{agent_group="a\"b\\c\nd"} 7
itnio_calls_total{agent_group="客服"} 1e+07
# HELP itnio_up Up.
# TYPE itnio_up gauge
itnio_up 1
`, string(decoded(t, w)))
	}
	require.Zero(t, served, "a part is not the whole")
}

func TestErrors(t *testing.T) {
	var logged bytes.Buffer
	registry := prometheus.NewRegistry()
	source := newState(gauge("a", 1))
	live := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return []*dto.MetricFamily{
			modelOf(t, gauge("a", 2)),
			modelOf(t, gauge("b", 3)),
			{Name: new("c"), Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{{Counter: &dto.Counter{}}}},
			modelOf(t, gauge("d", 4)),
		}, prometheus.MultiError{errors.New("first"), errors.New("second")}
	})
	h := newHandler(t, source, live, Options{ErrorLog: log.NewLogfmtLogger(&logged), Registerer: registry})

	w := scrape(h, "/metrics", http.Header{"Accept": {"application/openmetrics-text;version=1.0.0"}})
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `# HELP a A gauge.
# TYPE a gauge
a 1.0
# HELP b A gauge.
# TYPE b gauge
b 3.0
# HELP d A gauge.
# TYPE d gauge
d 4.0
# EOF
`, w.Body.String())
	require.Equal(t, 1, strings.Count(logged.String(), "\n"), logged.String())
	for _, part := range []string{"first", "second", "metric family a", "counter"} {
		require.Contains(t, logged.String(), part)
	}
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP promhttp_metric_handler_errors_total Total number of internal errors encountered by the promhttp metric handler.
# TYPE promhttp_metric_handler_errors_total counter
promhttp_metric_handler_errors_total{cause="encoding"} 1
promhttp_metric_handler_errors_total{cause="gathering"} 2
`), "promhttp_metric_handler_errors_total"))

	source.set(gauge("a", 1), &series.Family{Name: "x", LabelNames: []string{"l"}, Metrics: []*series.Metric{{}}})
	logged.Reset()
	w = scrape(h, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "An error has occurred while serving metrics: metric family x: 0 label values for 1 labels\n", w.Body.String())
	require.Empty(t, w.Header().Get("Content-Encoding"))
	require.Equal(t, 1, strings.Count(logged.String(), "\n"), logged.String())

	nothing := newHandler(t, newState(), prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("broken") }), Options{})
	w = scrape(nothing, "/metrics", nil)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "An error has occurred while serving metrics: gather: broken\n", w.Body.String())

	_, err := NewHandler(source, live, Options{Registerer: registry})
	require.Error(t, err, "registered twice")
}

func TestBeforeTheFirstFamilies(t *testing.T) {
	h := newHandler(t, newState(), liveRegistry(), Options{})
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		w := scrape(h, "/metrics", http.Header{"Accept-Encoding": {coding}})
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "# HELP itnio_up Up.\n# TYPE itnio_up gauge\nitnio_up 1\n", string(decoded(t, w)))
	}
}

// The live part may be any registry, that of the Go runtime and the process among them.
func TestLiveCollectors(t *testing.T) {
	live := prometheus.NewRegistry()
	live.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h := newHandler(t, newState(sample()...), live, Options{})
	w := scrape(h, "/metrics", nil)
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(w.Body)
	require.NoError(t, err)
	require.Contains(t, families, "go_goroutines")
	require.Contains(t, families, "itnio_calls_total")
}
