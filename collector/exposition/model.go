package exposition

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"itnio_exporter/collector/series"
)

// zeroThreshold is half the width of the native zero bucket: client_golang's default, so that histograms of both add up without
// widening it. Every observation but 0 is at least a second.
const zeroThreshold = prometheus.DefNativeHistogramZeroThreshold

// widestGap is how many empty native buckets are written out rather than skipped by a new span, as client_golang does.
const widestGap = 2

// familyModel turns a family into client_golang's terms. It fails on what a scraper would refuse the whole page for.
func familyModel(f *series.Family) (*dto.MetricFamily, error) {
	var kind dto.MetricType
	switch f.Type {
	case series.Counter:
		kind = dto.MetricType_COUNTER
	case series.Gauge:
		kind = dto.MetricType_GAUGE
	case series.Histogram:
		kind = dto.MetricType_HISTOGRAM
	default:
		return nil, fmt.Errorf("metric family %s: unknown type %d", f.Name, f.Type)
	}
	out := &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: kind.Enum(), Metric: make([]*dto.Metric, len(f.Metrics))}
	labels := newLabelModels(f)
	metrics := make([]dto.Metric, len(f.Metrics)) // one allocation for all: a page has tens of thousands
	for i, m := range f.Metrics {
		if err := check(f, m); err != nil {
			return nil, fmt.Errorf("metric family %s: %w", f.Name, err)
		}
		metric := &metrics[i]
		metric.Label = labels.of(m)
		switch f.Type {
		case series.Counter:
			metric.Counter = &dto.Counter{Value: &m.Value, CreatedTimestamp: timestampModel(m.Created)}
		case series.Gauge:
			metric.Gauge = &dto.Gauge{Value: &m.Value}
		case series.Histogram:
			metric.Histogram = histogramModel(f, m)
		}
		out.Metric[i] = metric
	}
	return out, nil
}

// check refuses a metric that does not fit its family, or whose label values are not valid UTF-8.
func check(f *series.Family, m *series.Metric) error {
	if len(m.LabelValues) != len(f.LabelNames) {
		return fmt.Errorf("%d label values for %d labels", len(m.LabelValues), len(f.LabelNames))
	}
	for i, v := range m.LabelValues {
		if !utf8.ValidString(v) {
			return fmt.Errorf("label %s is not valid UTF-8", f.LabelNames[i])
		}
	}
	if f.Type != series.Histogram {
		return nil
	}
	if m.Hist == nil {
		return fmt.Errorf("a histogram without buckets")
	}
	if len(m.Hist.Buckets) != len(f.Bounds) {
		return fmt.Errorf("%d buckets for %d bounds", len(m.Hist.Buckets), len(f.Bounds))
	}
	return nil
}

// labelModels makes the labels of a family's metrics.
type labelModels struct {
	names []string
	order []int           // the labels sorted by name, as client_golang's registry writes them
	pairs []dto.LabelPair // for the metrics to come
	refs  []*dto.LabelPair
}

func newLabelModels(f *series.Family) *labelModels {
	l := &labelModels{names: f.LabelNames, order: make([]int, len(f.LabelNames))}
	for i := range l.order {
		l.order[i] = i
	}
	slices.SortStableFunc(l.order, func(a, b int) int { return strings.Compare(l.names[a], l.names[b]) })
	l.pairs = make([]dto.LabelPair, len(l.order)*len(f.Metrics))
	l.refs = make([]*dto.LabelPair, len(l.pairs))
	return l
}

func (l *labelModels) of(m *series.Metric) []*dto.LabelPair {
	n := len(l.order)
	pairs, refs := l.pairs[:n:n], l.refs[:n:n]
	l.pairs, l.refs = l.pairs[n:], l.refs[n:]
	for i, label := range l.order {
		pairs[i].Name, pairs[i].Value = &l.names[label], &m.LabelValues[label]
		refs[i] = &pairs[i]
	}
	return refs
}

// histogramModel fills classic buckets and, where the family shows them, native ones into the same histogram: each scraper
// takes what it knows.
func histogramModel(f *series.Family, m *series.Metric) *dto.Histogram {
	h := m.Hist
	out := &dto.Histogram{
		SampleCount:      &h.Count,
		SampleSum:        &h.Sum,
		CreatedTimestamp: timestampModel(m.Created),
		Bucket:           make([]*dto.Bucket, 0, len(f.Bounds)+1),
	}
	buckets := make([]dto.Bucket, len(f.Bounds)+1)
	cumulative := make([]uint64, len(f.Bounds))
	exemplars := h.Exemplars
	total := uint64(0)
	for i := range f.Bounds {
		total += h.Buckets[i]
		cumulative[i] = total
		b := &buckets[i]
		b.CumulativeCount, b.UpperBound = &cumulative[i], &f.Bounds[i]
		b.Exemplar, exemplars = takeExemplar(exemplars, f.Bounds[i])
		out.Bucket = append(out.Bucket, b)
	}
	// The +Inf bucket is implied, but for its exemplar.
	if exemplar, _ := takeExemplar(exemplars, math.Inf(+1)); exemplar != nil {
		b := &buckets[len(f.Bounds)]
		b.CumulativeCount, b.UpperBound, b.Exemplar = &h.Count, new(math.Inf(+1)), exemplar
		out.Bucket = append(out.Bucket, b)
	}
	if f.Native {
		out.Schema, out.ZeroThreshold, out.ZeroCount = new(int32(series.Schema)), new(float64(zeroThreshold)), &h.ZeroCount
		out.PositiveSpan, out.PositiveDelta = spans(h.Native)
	}
	return out
}

// takeExemplar returns the exemplar of the bucket with that upper bound, nil if it has none, and those of the buckets above.
func takeExemplar(exemplars []series.Exemplar, bound float64) (found *dto.Exemplar, above []series.Exemplar) {
	for len(exemplars) > 0 && exemplars[0].Value <= bound {
		x := &exemplars[0]
		found = &dto.Exemplar{
			Label: []*dto.LabelPair{{Name: &x.LabelName, Value: &x.LabelValue}}, Value: &x.Value, Timestamp: timestampModel(x.Time),
		}
		exemplars = exemplars[1:]
	}
	return found, exemplars
}

// spans gives native buckets in the exposition's form: runs of buckets, and for each bucket the difference of its count to the
// one before.
func spans(native []series.NativeBucket) (spans []*dto.BucketSpan, deltas []int64) {
	deltas = make([]int64, 0, len(native))
	var (
		next int32 // the index after the last one written
		last int64
	)
	add := func(count int64) {
		*spans[len(spans)-1].Length++
		deltas = append(deltas, count-last)
		last = count
	}
	for n, b := range native {
		gap := b.Index - next
		if n == 0 || gap > widestGap {
			spans = append(spans, &dto.BucketSpan{Offset: new(gap), Length: new(uint32(0))})
		} else {
			for range gap {
				add(0)
			}
		}
		add(int64(b.Count))
		next = b.Index + 1
	}
	return spans, deltas
}

// timestampModel is nil for the zero time.
func timestampModel(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
