package exposition

import (
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"itnio_exporter/collector/series"
)

// familyModel turns a family into client_golang's own terms.
func familyModel(f *series.Family) *dto.MetricFamily {
	out := &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: protoType(f.Type).Enum()}
	order := labelOrder(f)
	for _, m := range f.Metrics {
		metric := &dto.Metric{}
		writeModel(metric, f, order, m)
		out.Metric = append(out.Metric, metric)
	}
	return out
}

// writeModel fills in a metric of f, whose labels are written in the given order.
func writeModel(out *dto.Metric, f *series.Family, order []int, m *series.Metric) {
	out.Label = make([]*dto.LabelPair, 0, len(order))
	for _, i := range order {
		out.Label = append(out.Label, &dto.LabelPair{Name: &f.LabelNames[i], Value: &m.LabelValues[i]})
	}
	switch f.Type {
	case series.Counter:
		out.Counter = &dto.Counter{Value: &m.Value, CreatedTimestamp: timestampModel(m.Created)}
	case series.Gauge:
		out.Gauge = &dto.Gauge{Value: &m.Value}
	case series.Histogram:
		out.Histogram = histogramModel(f, m)
	}
}

// histogramModel fills classic and native buckets into the same histogram: each scraper takes what it knows.
func histogramModel(f *series.Family, m *series.Metric) *dto.Histogram {
	h := m.Hist
	out := &dto.Histogram{
		SampleCount:      &h.Count,
		SampleSum:        &h.Sum,
		CreatedTimestamp: timestampModel(m.Created),
		Schema:           new(int32(series.Schema)),
		ZeroThreshold:    new(float64(zeroThreshold)),
		ZeroCount:        &h.ZeroCount,
	}
	var (
		cumulative uint64
		exemplar   *series.Exemplar
		exemplars  = h.Exemplars
	)
	for i, bound := range f.Bounds {
		cumulative += h.Buckets[i]
		exemplar, exemplars = takeExemplar(exemplars, bound)
		out.Bucket = append(out.Bucket, bucketModel(cumulative, bound, exemplar))
	}
	// The +Inf bucket is implied, but for its exemplar.
	if exemplar, _ = takeExemplar(exemplars, math.Inf(+1)); exemplar != nil {
		out.Bucket = append(out.Bucket, bucketModel(h.Count, math.Inf(+1), exemplar))
	}
	spans, deltas := appendSpans(nil, nil, h.Native)
	for _, s := range spans {
		out.PositiveSpan = append(out.PositiveSpan, &dto.BucketSpan{Offset: new(s.offset), Length: new(s.length)})
	}
	out.PositiveDelta = deltas
	return out
}

func bucketModel(cumulative uint64, bound float64, x *series.Exemplar) *dto.Bucket {
	out := &dto.Bucket{CumulativeCount: new(cumulative), UpperBound: new(bound)}
	if x != nil {
		out.Exemplar = &dto.Exemplar{
			Label:     []*dto.LabelPair{{Name: &x.LabelName, Value: &x.LabelValue}},
			Value:     &x.Value,
			Timestamp: timestampModel(x.Time),
		}
	}
	return out
}

// timestampModel is nil for the zero time.
func timestampModel(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
