package exposition

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"itnio_exporter/collector/series"
)

func bytesOf(p *page) []byte { return bytes.Join(p.chunks(), nil) }

func messages(t require.TestingT, b []byte) []*dto.MetricFamily {
	var out []*dto.MetricFamily
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		f := &dto.MetricFamily{}
		require.NoError(t, protodelim.UnmarshalOptions{MaxSize: -1}.UnmarshalFrom(r, f))
		out = append(out, f)
	}
	return out
}

// A page made from an older one is the page made from nothing, whatever lies between the two.
func TestRenderingAgainEqualsRenderingAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := genFamilies().Draw(t, "before")
		after := genChange(t, before)
		old, err := render(expfmt.FmtText, before, 1, nil)
		require.NoError(t, err)
		again, err := render(expfmt.FmtText, after, 2, old)
		require.NoError(t, err)
		anew, err := render(expfmt.FmtText, after, 2, nil)
		require.NoError(t, err)
		require.Equal(t, string(bytesOf(anew)), string(bytesOf(again)))
	})
}

// Histograms have the form that client_golang gives to one of its own with the same observations.
func TestHistogramEqualsClientGolang(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bounds := []float64{3, 6, 10, 20, 60}
		seconds := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]int{0, 1, 3, 10, 20, 60}), rapid.IntRange(0, 5000))).Draw(t, "seconds")
		theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "talk_seconds", Help: "Talk.", Buckets: bounds, NativeHistogramBucketFactor: 1.1,
		})
		h := &series.HistogramValue{Buckets: make([]uint64, len(bounds))}
		native := map[int32]uint64{}
		at := map[int]series.Exemplar{}
		for _, s := range seconds {
			v := float64(s)
			theirs.Observe(v)
			h.Count++
			h.Sum += v
			bucket, _ := slices.BinarySearch(bounds, v)
			if bucket < len(bounds) {
				h.Buckets[bucket]++
			}
			if s == 0 {
				h.ZeroCount++
			} else {
				native[nativeIndex(v)]++
			}
			if s%5 == 0 { // some of the bounds are
				theirs.(prometheus.ExemplarObserver).ObserveWithExemplar(v, prometheus.Labels{"call": fmt.Sprint(s)})
				h.Count++
				h.Sum += v
				if bucket < len(bounds) {
					h.Buckets[bucket]++
				}
				if s == 0 {
					h.ZeroCount++
				} else {
					native[nativeIndex(v)]++
				}
				at[bucket] = series.Exemplar{LabelName: "call", LabelValue: fmt.Sprint(s), Value: v}
			}
		}
		for index, count := range native {
			h.Native = append(h.Native, series.NativeBucket{Index: index, Count: count})
		}
		slices.SortFunc(h.Native, func(a, b series.NativeBucket) int { return int(a.Index - b.Index) })

		var want dto.Metric
		require.NoError(t, theirs.Write(&want))
		for i, b := range want.Histogram.Bucket {
			if b.Exemplar != nil {
				x := at[i]
				x.Time = b.Exemplar.Timestamp.AsTime()
				h.Exemplars = append(h.Exemplars, x)
			}
		}
		want.Histogram.Exemplars = nil // Prometheus takes those of the classic buckets where there are no others
		f := &series.Family{Name: "talk_seconds", Help: "Talk.", Type: series.Histogram, Native: true, Bounds: bounds, Metrics: []*series.Metric{
			{Hist: h, Created: want.Histogram.CreatedTimestamp.AsTime()},
		}}
		p, err := render(expfmt.FmtProtoDelim, []*series.Family{f}, 1, nil)
		require.NoError(t, err)
		got := messages(t, bytesOf(p))[0].Metric[0]
		require.True(t, proto.Equal(&want, got), "want %v\ngot  %v", &want, got)
	})
}

// nativeIndex is the index of the native bucket that v falls in.
func nativeIndex(v float64) int32 {
	i := int32(math.Ceil(math.Log2(v) * (1 << series.Schema)))
	for math.Exp2(float64(i-1)/(1<<series.Schema)) >= v {
		i--
	}
	return i
}

func TestGolden(t *testing.T) {
	at := time.Unix(1700000000, 500e6).UTC()
	families := []*series.Family{
		{Name: "itnio_calls_total", Help: "Calls \"ended\".\nAll \\ of them.", Type: series.Counter,
			LabelNames: []string{"account", "agent_group", "country"}, Metrics: []*series.Metric{
				{LabelValues: []string{"main", "a\"b\\c\nd", "DE"}, Value: 12345678, Created: at},
				{LabelValues: []string{"main", "客服 ✓", "001"}, Value: 0, Created: at},
			}},
		{Name: "itnio_call_duration_seconds", Help: "Talk time.", Type: series.Histogram, Native: true, Bounds: []float64{2.5, 20},
			LabelNames: []string{"call_type", "account"}, Metrics: []*series.Metric{{
				LabelValues: []string{"incoming", "main"}, Created: at, Hist: &series.HistogramValue{
					Count: 4, Sum: 66, Buckets: []uint64{1, 2}, ZeroCount: 1,
					Native:    []series.NativeBucket{{Index: 25, Count: 2}, {Index: 46, Count: 1}},
					Exemplars: []series.Exemplar{{LabelName: "call_session_id", LabelValue: "s1", Value: 8, Time: at}, {LabelName: "call_session_id", LabelValue: "s2", Value: 50, Time: time.Time{}}},
				}}}},
		{Name: "itnio_last_call_timestamp_seconds", Help: "Last.", Type: series.Gauge, Metrics: []*series.Metric{{Value: 1700000000}}},
		{Name: "itnio_nothing_yet", Help: "None.", Type: series.Gauge},
	}
	for f, want := range map[expfmt.Format]string{
		expfmt.FmtText: `# HELP itnio_calls_total Calls "ended".\nAll \\ of them.
# TYPE itnio_calls_total counter
itnio_calls_total{account="main",agent_group="a\"b\\c\nd",country="DE"} 1.2345678e+07
itnio_calls_total{account="main",agent_group="客服 ✓",country="001"} 0
# HELP itnio_call_duration_seconds Talk time.
# TYPE itnio_call_duration_seconds histogram
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="2.5"} 1
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="20"} 3
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="+Inf"} 4
itnio_call_duration_seconds_sum{account="main",call_type="incoming"} 66
itnio_call_duration_seconds_count{account="main",call_type="incoming"} 4
# HELP itnio_last_call_timestamp_seconds Last.
# TYPE itnio_last_call_timestamp_seconds gauge
itnio_last_call_timestamp_seconds 1.7e+09
`,
		expfmt.FmtOpenMetrics_1_0_0: `# HELP itnio_calls Calls \"ended\".\nAll \\ of them.
# TYPE itnio_calls counter
itnio_calls_total{account="main",agent_group="a\"b\\c\nd",country="DE"} 1.2345678e+07
itnio_calls_total{account="main",agent_group="客服 ✓",country="001"} 0.0
# HELP itnio_call_duration_seconds Talk time.
# TYPE itnio_call_duration_seconds histogram
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="2.5"} 1
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="20.0"} 3 # {call_session_id="s1"} 8.0 1.7000000005e+09
itnio_call_duration_seconds_bucket{account="main",call_type="incoming",le="+Inf"} 4 # {call_session_id="s2"} 50.0
itnio_call_duration_seconds_sum{account="main",call_type="incoming"} 66.0
itnio_call_duration_seconds_count{account="main",call_type="incoming"} 4
# HELP itnio_last_call_timestamp_seconds Last.
# TYPE itnio_last_call_timestamp_seconds gauge
itnio_last_call_timestamp_seconds 1.7e+09
`,
	} {
		p, err := render(f, families, 1, nil)
		require.NoError(t, err)
		require.Equal(t, want, string(bytesOf(p)))
	}
	p, err := render(expfmt.FmtText, families, 1, nil)
	require.NoError(t, err)
	problems, err := promlint.New(bytes.NewReader(bytesOf(p))).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	one := []*series.Metric{{LabelValues: []string{"x"}}}
	for name, f := range map[string]*series.Family{
		"type":           {Name: "a", Type: 9, LabelNames: []string{"l"}, Metrics: one},
		"too few values": {Name: "a", LabelNames: []string{"l", "m"}, Metrics: one},
		"bytes":          {Name: "a", LabelNames: []string{"l"}, Metrics: []*series.Metric{{LabelValues: []string{"\xff"}}}},
		"no histogram":   {Name: "a", Type: series.Histogram, Native: true, LabelNames: []string{"l"}, Metrics: one},
		"bucket count": {Name: "a", Type: series.Histogram, Native: true, Bounds: []float64{1, 2}, Metrics: []*series.Metric{
			{Hist: &series.HistogramValue{Buckets: []uint64{1}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(expfmt.FmtText, []*series.Family{f}, 1, nil)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// genFamilies draws families of distinct names, sorted as a registry sorts.
func genFamilies() *rapid.Generator[[]*series.Family] {
	return rapid.Custom(func(t *rapid.T) []*series.Family {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
			"a_total", "b_total", "c_seconds", "d", "e_info", "f_seconds_total", "g_no_suffix",
		}), 0, 4, rapid.ID).Draw(t, "names")
		slices.Sort(names)
		families := make([]*series.Family, 0, len(names))
		for _, name := range names {
			families = append(families, genFamily(t, name))
		}
		return families
	})
}

func genFamily(t *rapid.T, name string) *series.Family {
	f := &series.Family{
		Name: name, Help: genText().Draw(t, "help"),
		Type: rapid.SampledFrom([]series.Type{series.Counter, series.Gauge, series.Histogram}).Draw(t, "type"),
		LabelNames: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"account", "agent_group", "country", "call_type", "_z", "A"}),
			0, 5, rapid.ID).Draw(t, "labels"),
	}
	if f.Type == series.Histogram {
		f.Bounds = rapid.SliceOfNDistinct(rapid.OneOf(
			rapid.SampledFrom([]float64{-1, 0, 1, 3, 20, 60, 1000000, 1e21}), rapid.Float64Range(-10, 100000),
		), 0, 6, rapid.ID).Draw(t, "bounds")
		slices.Sort(f.Bounds)
	}
	most := 12
	if len(f.LabelNames) == 0 {
		most = 1
	}
	for _, values := range rapid.SliceOfNDistinct(
		rapid.SliceOfN(genText(), len(f.LabelNames), len(f.LabelNames)), 0, most,
		func(v []string) string { return strings.Join(v, "\xff") },
	).Draw(t, "values") {
		f.Metrics = append(f.Metrics, genMetric(t, f, values))
	}
	slices.SortFunc(f.Metrics, func(a, b *series.Metric) int { return slices.Compare(a.LabelValues, b.LabelValues) })
	return f
}

func genText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "main", `"`, `\`, "\n", `a"b\c` + "\nd", "客服", "é ✓ 𝄞", `\n`, strings.Repeat("long ", 60)}),
		rapid.String(),
	)
}

func genMetric(t *rapid.T, f *series.Family, values []string) *series.Metric {
	m := &series.Metric{LabelValues: values}
	if f.Type != series.Gauge {
		m.Created = genTime().Draw(t, "created")
	}
	if f.Type != series.Histogram {
		m.Value = rapid.OneOf(
			rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 999999, 1000000, -999999, -1000000, 1 << 53, 1e21, 1e300, math.Inf(1), math.Inf(-1), math.NaN()}),
			rapid.Float64(), rapid.Map(rapid.Int64(), func(i int64) float64 { return float64(i) }),
		).Draw(t, "value")
		return m
	}
	h := &series.HistogramValue{
		Count:     rapid.Uint64().Draw(t, "count"),
		Sum:       rapid.Float64().Draw(t, "sum"),
		ZeroCount: rapid.Uint64().Draw(t, "zeros"),
	}
	for range f.Bounds {
		h.Buckets = append(h.Buckets, rapid.Uint64Max(1<<40).Draw(t, "bucket"))
	}
	indexes := rapid.SliceOfDistinct(rapid.Int32Range(-100, 100), rapid.ID).Draw(t, "native")
	slices.Sort(indexes)
	for _, i := range indexes {
		h.Native = append(h.Native, series.NativeBucket{Index: i, Count: rapid.Uint64Range(1, 1<<62).Draw(t, "native count")})
	}
	for i := range len(f.Bounds) + 1 {
		if !rapid.Bool().Draw(t, "exemplar") {
			continue
		}
		value := 1e22
		if i < len(f.Bounds) {
			value = f.Bounds[i]
		}
		h.Exemplars = append(h.Exemplars, series.Exemplar{
			LabelName: "call_session_id", LabelValue: genText().Draw(t, "id"), Value: value, Time: genTime().Draw(t, "time"),
		})
	}
	m.Hist = h
	return m
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "unknown") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-1000, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
	})
}

// genChange draws the families of the next generation: each as it is, declared anew, or with metrics changed and removed.
func genChange(t *rapid.T, before []*series.Family) []*series.Family {
	var after []*series.Family
	for _, f := range before {
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			after = append(after, f)
		case 1:
			after = append(after, genFamily(t, f.Name))
		case 2:
			next := *f
			next.Metrics = nil
			for _, m := range f.Metrics {
				switch rapid.IntRange(0, 2).Draw(t, "metric") {
				case 0: // removed
				case 1:
					next.Metrics = append(next.Metrics, genMetric(t, f, m.LabelValues))
				default:
					next.Metrics = append(next.Metrics, m)
				}
			}
			after = append(after, &next)
		}
	}
	return after
}

// A family that does not show native buckets has a plain classic histogram for those who ask for protobuf, although it keeps them.
func TestNativeBucketsOnlyWhereWanted(t *testing.T) {
	f := sample()[0]
	with := histogramModel(f, f.Metrics[0])
	require.NotNil(t, with.Schema)
	require.NotEmpty(t, with.PositiveSpan)
	f.Native = false
	without := histogramModel(f, f.Metrics[0])
	require.Nil(t, without.Schema)
	require.Nil(t, without.ZeroThreshold)
	require.Nil(t, without.ZeroCount)
	require.Empty(t, without.PositiveSpan)
	require.Empty(t, without.PositiveDelta)
	require.Equal(t, with.Bucket, without.Bucket)
	require.Equal(t, with.GetSampleCount(), without.GetSampleCount())
}
