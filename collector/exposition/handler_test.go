package exposition

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// state is a Source whose generation goes up by one with each change.
type state struct{ v atomic.Pointer[generation] }

type generation struct {
	families []*series.Family
	number   uint64
}

func newState(families ...*series.Family) *state {
	s := &state{}
	s.set(families...)
	return s
}

func (s *state) set(families ...*series.Family) {
	next := &generation{families: families, number: 1}
	if old := s.v.Load(); old != nil {
		next.number = old.number + 1
	}
	s.v.Store(next)
}

func (s *state) Exposition() ([]*series.Family, uint64) {
	g := s.v.Load()
	return g.families, g.number
}

func gauge(name string, value float64) *series.Family {
	return &series.Family{Name: name, Help: "A gauge.", Type: series.Gauge, Metrics: []*series.Metric{{Value: value}}}
}

// modelOf is a family in client_golang's terms.
func modelOf(t require.TestingT, f *series.Family) *dto.MetricFamily {
	m, err := familyModel(f)
	require.NoError(t, err)
	return m
}

// gatherer gives families as a registry does.
func gatherer(t require.TestingT, families []*series.Family) prometheus.GathererFunc {
	return func() ([]*dto.MetricFamily, error) {
		var all []*dto.MetricFamily
		for _, f := range families {
			all = append(all, modelOf(t, f))
		}
		return all, nil
	}
}

func liveRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "itnio_up", Help: "Up."})
	g.Set(1)
	r.MustRegister(g)
	return r
}

func newHandler(t testing.TB, source Source, live prometheus.Gatherer, opts Options) *Handler {
	h, err := NewHandler(source, live, opts)
	require.NoError(t, err)
	return h
}

func scrape(h http.Handler, target string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decoded(t require.TestingT, w *httptest.ResponseRecorder) []byte {
	var r io.Reader = w.Body
	switch w.Header().Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		require.NoError(t, err)
		z.Multistream(false) // one member and nothing after it: what the least of readers takes
		r = z
	case "zstd":
		z, err := zstd.NewReader(r)
		require.NoError(t, err)
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

func sample() []*series.Family {
	at := time.Unix(1700000000, 0)
	return []*series.Family{
		{Name: "itnio_call_duration_seconds", Help: "Talk time.", Type: series.Histogram, Bounds: []float64{2.5, 20},
			LabelNames: []string{"call_type", "account"}, Metrics: []*series.Metric{{
				LabelValues: []string{"incoming", "main"}, Created: at, Hist: &series.HistogramValue{
					Count: 4, Sum: 66, Buckets: []uint64{1, 2}, ZeroCount: 1,
					Native:    []series.NativeBucket{{Index: 25, Count: 2}, {Index: 46, Count: 1}},
					Exemplars: []series.Exemplar{{LabelName: "call_session_id", LabelValue: "s1", Value: 8, Time: at}},
				}}}},
		{Name: "itnio_calls_total", Help: "Calls.", Type: series.Counter, LabelNames: []string{"agent_group"}, Metrics: []*series.Metric{
			{LabelValues: []string{"a\"b\\c\nd"}, Value: 7, Created: at},
			{LabelValues: []string{"客服"}, Value: 1e7, Created: at},
		}},
	}
}

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

// failing is a writer to a scraper that has gone after n bytes.
type failing struct {
	*httptest.ResponseRecorder
	n int
}

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errors.New("gone")
	}
	return f.ResponseRecorder.Write(b)
}

func TestOnServed(t *testing.T) {
	source := newState(sample()...)
	var served []uint64
	h := newHandler(t, source, liveRegistry(), Options{OnServed: func(_ *http.Request, generation uint64) { served = append(served, generation) }})
	scrape(h, "/metrics", nil)
	source.set(gauge("a", 1))
	scrape(h, "/metrics", nil)
	scrape(h, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	require.Equal(t, []uint64{1, 2, 2}, served)
	size := scrape(h, "/metrics", nil).Body.Len()
	served = nil

	head := httptest.NewRecorder()
	h.ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/metrics", nil))
	require.Zero(t, head.Body.Len())
	require.Equal(t, strconv.Itoa(size), head.Header().Get("Content-Length"))

	h.ServeHTTP(&failing{httptest.NewRecorder(), size - 1}, httptest.NewRequest(http.MethodGet, "/metrics", nil))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))

	source.set(&series.Family{Name: "a", LabelNames: []string{"l"}, Metrics: []*series.Metric{{}}})
	require.Equal(t, http.StatusInternalServerError, scrape(h, "/metrics", nil).Code)
	require.Empty(t, served)

	h.ServeHTTP(&failing{httptest.NewRecorder(), size}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Empty(t, served)
	source.set(gauge("a", 1))
	h.ServeHTTP(&failing{httptest.NewRecorder(), size}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, []uint64{4}, served)
}

// A scraper that hangs up in the middle of a large page has not fetched it.
func TestOnServedOverTheNetwork(t *testing.T) {
	f := &series.Family{Name: "a", LabelNames: []string{"l"}}
	for i := range 20000 {
		f.Metrics = append(f.Metrics, &series.Metric{LabelValues: []string{fmt.Sprintf("%06d", i) + strings.Repeat("x", 1000)}})
	}
	done, served := make(chan struct{}), make(chan uint64, 1)
	h := newHandler(t, newState(f), nil, Options{OnServed: func(_ *http.Request, g uint64) { served <- g }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		done <- struct{}{}
	}))
	defer server.Close()
	get := func(read func(io.Reader)) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		r.Header.Set("Accept-Encoding", "identity")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		read(resp.Body)
		resp.Body.Close()
		<-done
	}
	get(func(r io.Reader) { _, _ = io.ReadFull(r, make([]byte, 1000)) })
	require.Empty(t, served)
	get(func(r io.Reader) { _, _ = io.Copy(io.Discard, r) })
	require.Equal(t, uint64(1), <-served)
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

// However many scrape at once, in whatever formats, while the state changes: every page is of one generation, the one
// that is said to have been served, and no scraper sees a later one first.
func TestScrapesWhileGenerationsChange(t *testing.T) {
	generationOf := func(n uint64) []*series.Family {
		c := &series.Family{Name: "c_total", Help: "C.", Type: series.Counter, LabelNames: []string{"l"}}
		for i := range 50 {
			c.Metrics = append(c.Metrics, &series.Metric{LabelValues: []string{fmt.Sprintf("%03d", i)}, Value: float64(n)})
		}
		return []*series.Family{c, gauge("generation", float64(n))}
	}
	source := newState(generationOf(1)...)
	type key struct{}
	h := newHandler(t, source, liveRegistry(), Options{OnServed: func(r *http.Request, g uint64) { *r.Context().Value(key{}).(*uint64) = g }})

	stop := make(chan struct{})
	var changing, scraping sync.WaitGroup
	changing.Go(func() {
		for n := uint64(2); ; n++ {
			select {
			case <-stop:
				return
			default:
				source.set(generationOf(n)...)
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	for i := range 8 {
		accept := []string{"text/plain", "application/openmetrics-text;version=1.0.0"}[i%2]
		coding := []string{"identity", "gzip", "zstd", "gzip"}[i/2%4]
		scraping.Go(func() {
			var last uint64
			for range 100 {
				var served uint64
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r = r.WithContext(context.WithValue(r.Context(), key{}, &served))
				r.Header = http.Header{"Accept": {accept}, "Accept-Encoding": {coding}}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if !checkGeneration(t, decoded(t, w), served) || served < last {
					t.Errorf("a page of generation %d after %d", served, last)
					return
				}
				last = served
			}
		})
	}
	scraping.Wait()
	close(stop)
	changing.Wait()
}

func checkGeneration(t *testing.T, body []byte, want uint64) bool {
	p := expfmt.NewTextParser(model.LegacyValidation)
	body = bytes.TrimSuffix(body, []byte("# EOF\n"))
	families, err := p.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	n := 0
	for name, f := range families {
		if name == "itnio_up" {
			continue
		}
		for _, m := range f.Metric {
			n++
			if v := m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue(); v != float64(want) {
				t.Errorf("%s is of generation %v in a page of %d", name, v, want)
				return false
			}
		}
	}
	return n == 51
}

// A page and its compressed form are made once, whoever asks.
func TestRenderedOnce(t *testing.T) {
	source := newState(sample()...)
	h := newHandler(t, source, nil, Options{})
	for range 3 {
		var wg sync.WaitGroup
		pages, blocks := make([]*page, 16), make([]*byte, 16)
		for i := range pages {
			wg.Go(func() {
				p, err := h.cache.get(expfmt.FmtText)
				if err != nil {
					t.Error(err)
					return
				}
				pages[i], blocks[i] = p, &p.gzip().blocks[0]
			})
		}
		wg.Wait()
		require.Len(t, slices.Compact(pages), 1)
		require.Len(t, slices.Compact(blocks), 1)
		source.set(sample()...)
	}
}

func TestUnusedPagesAreDropped(t *testing.T) {
	now := time.Unix(0, 0)
	h := newHandler(t, newState(sample()...), nil, Options{Now: func() time.Time { return now }})
	kept := func() (formats []expfmt.FormatType) {
		for contentType, s := range h.cache.slots {
			if s.page != nil {
				formats = append(formats, contentType.FormatType())
			}
		}
		slices.Sort(formats)
		return formats
	}
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain}, kept())
	scrape(h, "/metrics", http.Header{"Accept": {"application/openmetrics-text"}})
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics}, kept())
	now = now.Add(keep)
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics}, kept())
	now = now.Add(time.Second)
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain}, kept())
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
