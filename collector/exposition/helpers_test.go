package exposition

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
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
		{Name: "itnio_call_duration_seconds", Help: "Talk time.", Type: series.Histogram, Native: true, Bounds: []float64{2.5, 20},
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
