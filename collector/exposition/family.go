// Package exposition renders metric families in the Prometheus formats, at most once for each state they are in.
package exposition

import "time"

// Type is a metric family's type.
type Type uint8

// The types the exporter's families have.
const (
	Counter Type = iota
	Gauge
	Histogram
)

// Family is one metric family ready to be rendered. Neither it nor its metrics change once handed over.
type Family struct {
	Name       string // without unit or type suffix tricks: as it stands in the text format (counters end in _total)
	Help       string
	Type       Type
	LabelNames []string
	Bounds     []float64 // classic upper bounds of a histogram, ascending, without +Inf
	Metrics    []*Metric // sorted by label values
}

// Metric is one label set of a family. It is immutable: a changed value is a new Metric, so an equal pointer means
// an equal rendering.
type Metric struct {
	LabelValues []string
	Value       float64   // counters and gauges
	Created     time.Time // counters and histograms; zero: not known
	Hist        *HistogramValue
}

// HistogramValue is a histogram's state: classic buckets and the sparse buckets of a native histogram of Schema.
type HistogramValue struct {
	Count     uint64
	Sum       float64
	Buckets   []uint64       // one count for each bound, not cumulative; observations above the last bound only in Count
	ZeroCount uint64         // native: observations of exactly 0
	Native    []NativeBucket // native: ascending by index, no empty ones
	Exemplars []Exemplar     // at most one for each classic bucket, ascending by value
}

// NativeBucket counts observations in (2^((Index-1)/2^Schema), 2^(Index/2^Schema)].
type NativeBucket struct {
	Index int32
	Count uint64
}

// Exemplar leads from a bucket to a call.
type Exemplar struct {
	LabelName, LabelValue string
	Value                 float64
	Time                  time.Time
}

// Schema of the native histograms: eight buckets for each doubling.
const Schema = 3
