// Package series has the types that are stored by the ledger and shown to scrapers: metric families with their series.
package series

import (
	"slices"
	"time"
)

// Type is a metric family's type.
type Type uint8

// The types that the exporter's families have.
const (
	Counter Type = iota
	Gauge
	Histogram
)

// Family is one metric family ready to be rendered. Neither it nor its metrics change once handed over.
type Family struct {
	Name       string // as in the text format: counters end in _total
	Help       string
	Type       Type
	LabelNames []string
	Bounds     []float64 // classic upper bounds of a histogram, ascending, without +Inf
	Native     bool      // histograms are shown with native buckets beside the classic ones
	Metrics    []*Metric // sorted by label values
}

// Metric is one series of a family. It is immutable once published: a changed value is a new Metric.
type Metric struct {
	LabelValues []string
	Value       float64   // counters and gauges
	Created     time.Time // counters and histograms; zero: not known
	Hist        *HistogramValue
}

// Clone copies a metric so that the copy can be changed. The label values are shared.
func (m *Metric) Clone() *Metric {
	c := *m
	if m.Hist != nil {
		h := *m.Hist
		h.Buckets = slices.Clone(h.Buckets)
		h.Native = slices.Clone(h.Native)
		h.Exemplars = slices.Clone(h.Exemplars)
		c.Hist = &h
	}
	return &c
}
