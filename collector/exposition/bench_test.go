//go:build unix

package exposition

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/series"
)

// BenchmarkScrape compares a scrape of this package's Handler with one of client_golang's registry and promhttp as they
// come, without live metrics, in processor time (cpu-ms/op), which unlike the time on the clock does not depend on how busy the machine is:
//
//	ours     the Handler
//	vec      client_golang's own counters and histograms in a registry, which always start anew
//
// A series is a line of the text format; half are counters of seven labels and half histograms of thirteen buckets.
// changed is what is not as it was at the scrape before. The page is written to nowhere; loopback is the same over a
// connection with the Go runtime's and the process's metrics as the live part, and with what the client spends on reading.
func BenchmarkScrape(b *testing.B) {
	for _, lines := range []int{1_000, 10_000, 100_000} {
		for _, f := range []struct{ name, accept string }{
			{"text", "text/plain"},
			{"openmetrics", "application/openmetrics-text;version=1.0.0"},
			{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
		} {
			for _, coding := range []string{"identity", "gzip"} {
				prefix := fmt.Sprintf("series=%d/format=%s/encoding=%s", lines, f.name, coding)
				header := http.Header{"Accept": {f.accept}, "Accept-Encoding": {coding}}
				for _, changed := range []int{0, 1, 100} {
					b.Run(fmt.Sprintf("%s/changed=%d%%/by=ours", prefix, changed), func(b *testing.B) {
						w := newWorkload(lines)
						benchmarkScrape(b, newHandler(b, w.source, nil, Options{}), header, func() { w.change(changed) })
					})
				}
				b.Run(prefix+"/changed=any/by=vec", func(b *testing.B) {
					registry := prometheus.NewRegistry()
					newWorkload(lines).observe(registry)
					benchmarkScrape(b, promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), header, func() {})
				})
			}
		}
	}
	for _, coding := range []string{"identity", "gzip"} {
		b.Run("loopback/series=100000/format=text/encoding="+coding+"/changed=0%/by=ours", func(b *testing.B) {
			live := prometheus.NewRegistry()
			live.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
			server := httptest.NewServer(newHandler(b, newWorkload(100_000).source, live, Options{}))
			defer server.Close()
			get := func() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL, nil)
				require.NoError(b, err)
				r.Header.Set("Accept-Encoding", coding)
				resp, err := http.DefaultClient.Do(r)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(b, err)
				resp.Body.Close()
			}
			get()
			measure(b, get, func() {})
		})
	}
}

// nowhere is a scraper that only counts.
type nowhere struct {
	header http.Header
	size   int
	failed bool
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { n.size += len(b); return len(b), nil }
func (n *nowhere) WriteHeader(code int)        { n.failed = n.failed || code != http.StatusOK }
func (n *nowhere) Flush()                      {}

func benchmarkScrape(b *testing.B, h http.Handler, header http.Header, change func()) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header = header
	size := 0
	get := func() {
		w := &nowhere{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.failed || w.size == 0 {
			b.Fatal("no page")
		}
		size = w.size
	}
	get()
	measure(b, get, change)
	b.ReportMetric(float64(size), "page-bytes")
}

// measure runs scrapes with a change before each that does not count.
func measure(b *testing.B, scrape, change func()) {
	b.ReportAllocs()
	var spent time.Duration
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		change()
		before := cpu(b)
		b.StartTimer()
		scrape()
		spent += cpu(b) - before
	}
	b.ReportMetric(float64(spent.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

// cpu is the processor time that the process has taken so far, its garbage collection included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// workload is a call centre's families of about a number of series.
type workload struct {
	source   *state
	families []*series.Family
	random   *rand.Rand
}

func newWorkload(lines int) *workload {
	created := time.Unix(1700000000, 0)
	talkBounds := []float64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600}
	calls := &series.Family{
		Name: "itnio_calls_total", Help: "Finished calls.", Type: series.Counter,
		LabelNames: []string{"account", "agent_group", "country", "call_type", "outcome", "hangup_reason", "hangup_party"},
	}
	for i := range lines / 2 {
		calls.Metrics = append(calls.Metrics, &series.Metric{Created: created, Value: float64(i), LabelValues: []string{
			"main", fmt.Sprintf("Support group %03d", i/400), fmt.Sprintf("%c%c", 'A'+i/20%20, 'A'+i%20), "outgoing", "answered", "outgoing_hung_up",
			[]string{"customer", "agent", "none"}[i%3],
		}})
	}
	talk := &series.Family{
		Name: "itnio_call_duration_seconds", Help: "Talk time of answered calls.", Type: series.Histogram, Native: true, Bounds: talkBounds,
		LabelNames: []string{"account", "agent_group", "country", "call_type"},
	}
	for i := range lines / 2 / (len(talkBounds) + 3) {
		h := &series.HistogramValue{Buckets: make([]uint64, len(talkBounds))}
		for n := range h.Buckets {
			h.Buckets[n] = uint64(i + n)
			h.Count += h.Buckets[n]
			h.Sum += float64(h.Buckets[n]) * talkBounds[n]
		}
		for n := range int32(40) {
			h.Native = append(h.Native, series.NativeBucket{Index: 12 + 2*n, Count: uint64(1 + n)})
		}
		talk.Metrics = append(talk.Metrics, &series.Metric{Created: created, Hist: h, LabelValues: []string{
			"main", fmt.Sprintf("Support group %03d", i/400), fmt.Sprintf("%c%c", 'A'+i/20%20, 'A'+i%20), "outgoing",
		}})
	}
	return &workload{source: newState(calls, talk), families: []*series.Family{calls, talk}, random: rand.New(rand.NewPCG(1, 2))}
}

// change makes a new generation in which percent of the metrics, spread at random, have changed.
func (w *workload) change(percent int) {
	if percent == 0 {
		return
	}
	for i, f := range w.families {
		next := *f
		next.Metrics = append([]*series.Metric(nil), f.Metrics...)
		for n := range len(f.Metrics) * percent / 100 {
			if percent < 100 {
				n = w.random.IntN(len(f.Metrics))
			}
			m := *next.Metrics[n]
			m.Value++
			if m.Hist != nil {
				h := *m.Hist
				h.Count++
				m.Hist = &h
			}
			next.Metrics[n] = &m
		}
		w.families[i] = &next
	}
	w.source.set(w.families...)
}

// observe registers client_golang's own metrics with the same labels and buckets.
func (w *workload) observe(r prometheus.Registerer) {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{Name: w.families[0].Name, Help: w.families[0].Help}, w.families[0].LabelNames)
	for _, m := range w.families[0].Metrics {
		calls.WithLabelValues(m.LabelValues...).Add(m.Value)
	}
	talk := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: w.families[1].Name, Help: w.families[1].Help, Buckets: w.families[1].Bounds, NativeHistogramBucketFactor: 1.1,
	}, w.families[1].LabelNames)
	for _, m := range w.families[1].Metrics {
		for n := range 80 {
			talk.WithLabelValues(m.LabelValues...).Observe(float64(1 + n*n))
		}
	}
	r.MustRegister(calls, talk)
}

// The benchmark's metrics are in both forms what they are meant to be, or it would compare nothing.
func TestWorkload(t *testing.T) {
	w := newWorkload(10_000)
	p, err := render(expfmt.FmtText, w.families, 1, nil)
	require.NoError(t, err)
	ours := bytes.Count(bytesOf(p), []byte("\n"))
	require.InDelta(t, 10_000, ours, 50)
	registry := prometheus.NewRegistry()
	w.observe(registry)
	theirs := scrape(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), "/metrics", http.Header{"Accept": {"text/plain"}})
	require.Equal(t, ours, bytes.Count(theirs.Body.Bytes(), []byte("\n")))
}
