package exposition

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"itnio_exporter/collector/series"
)

// textEncoder writes a family's metrics in the text format or in OpenMetrics.
//
// expfmt writes the same bytes, from a tree of protobuf messages that has to be made for it: together five times the
// work and 54 MB of garbage at 100,000 series, and no way to take over what did not change.
type textEncoder struct {
	family      *series.Family
	openMetrics bool
	order       []int
	labels      []string // what stands before each value, in order: `{account="`, `",country="`
	les         []string // what ends a bucket's labels, for each bound and +Inf: `,le="20"} `
	block       []byte   // the labels of the metric in hand
}

func newTextEncoder(f *series.Family) familyEncoder { return newText(f, false) }

func newOpenMetricsEncoder(f *series.Family) familyEncoder { return newText(f, true) }

func newText(f *series.Family, openMetrics bool) *textEncoder {
	e := &textEncoder{family: f, openMetrics: openMetrics, order: labelOrder(f)}
	before := `{`
	for _, i := range e.order {
		e.labels = append(e.labels, before+f.LabelNames[i]+`="`)
		before = `",`
	}
	before = `{`
	if len(e.order) > 0 {
		before = `,`
	}
	for _, bound := range f.Bounds {
		e.les = append(e.les, before+`le="`+string(e.appendFloat(nil, bound))+`"} `)
	}
	e.les = append(e.les, before+`le="+Inf"} `)
	return e
}

func (e *textEncoder) appendHeader(b []byte, _ int) []byte {
	name, kind := e.family.Name, [...]string{series.Counter: "counter", series.Gauge: "gauge", series.Histogram: "histogram"}[e.family.Type]
	if e.openMetrics && e.family.Type == series.Counter {
		var ok bool
		if name, ok = strings.CutSuffix(name, "_total"); !ok {
			kind = "unknown" // OpenMetrics knows no counter without the suffix
		}
	}
	b = append(append(b, "# HELP "...), name...)
	b = appendEscaped(append(b, ' '), e.family.Help, e.openMetrics)
	b = append(append(b, "\n# TYPE "...), name...)
	b = append(append(b, ' '), kind...)
	return append(b, '\n')
}

func (e *textEncoder) appendMetric(b []byte, m *series.Metric) []byte {
	e.block = e.block[:0]
	for n, i := range e.order {
		e.block = append(e.block, e.labels[n]...)
		e.block = appendEscaped(e.block, m.LabelValues[i], true)
	}
	if len(e.order) > 0 {
		e.block = append(e.block, '"')
	}
	if e.family.Type != series.Histogram {
		b = append(b, e.family.Name...)
		b = e.appendLabels(b)
		b = e.appendFloat(b, m.Value)
		return append(b, '\n')
	}
	return e.appendHistogram(b, m.Hist)
}

func (e *textEncoder) appendHistogram(b []byte, h *series.HistogramValue) []byte {
	var (
		cumulative uint64
		exemplar   *series.Exemplar
		exemplars  = h.Exemplars
	)
	for i, le := range e.les {
		bound := math.Inf(+1)
		if i < len(e.family.Bounds) {
			bound = e.family.Bounds[i]
			cumulative += h.Buckets[i]
		} else {
			cumulative = h.Count
		}
		b = append(b, e.family.Name...)
		b = append(b, "_bucket"...)
		b = append(b, e.block...)
		b = append(b, le...)
		b = e.appendCount(b, cumulative)
		if e.openMetrics {
			if exemplar, exemplars = takeExemplar(exemplars, bound); exemplar != nil {
				b = e.appendExemplar(b, exemplar)
			}
		}
		b = append(b, '\n')
	}
	b = append(b, e.family.Name...)
	b = append(b, "_sum"...)
	b = e.appendLabels(b)
	b = e.appendFloat(b, h.Sum)
	b = append(b, '\n')
	b = append(b, e.family.Name...)
	b = append(b, "_count"...)
	b = e.appendLabels(b)
	b = e.appendCount(b, h.Count)
	return append(b, '\n')
}

func (e *textEncoder) appendLabels(b []byte) []byte {
	b = append(b, e.block...)
	if len(e.block) > 0 {
		b = append(b, '}')
	}
	return append(b, ' ')
}

func (e *textEncoder) appendExemplar(b []byte, x *series.Exemplar) []byte {
	b = append(b, " # {"...)
	b = append(b, x.LabelName...)
	b = append(b, `="`...)
	b = appendEscaped(b, x.LabelValue, true)
	b = append(b, `"} `...)
	b = e.appendFloat(b, x.Value)
	if !x.Time.IsZero() {
		b = e.appendFloat(append(b, ' '), float64(x.Time.UnixNano())/1e9)
	}
	return b
}

// appendCount appends a bucket's count: a float like any in the text format, an integer in OpenMetrics.
func (e *textEncoder) appendCount(b []byte, n uint64) []byte {
	if e.openMetrics {
		return strconv.AppendUint(b, n, 10)
	}
	return e.appendFloat(b, float64(n))
}

// appendFloat appends the shortest form that reads back as f; OpenMetrics wants it told from an integer.
func (e *textEncoder) appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, +1):
		return append(b, "+Inf"...)
	case math.IsInf(f, -1):
		return append(b, "-Inf"...)
	}
	start := len(b)
	if i := int64(f); float64(i) == f && -1e6 < f && f < 1e6 { // most values; with more digits the exponent form is the shorter
		b = strconv.AppendInt(b, i, 10)
	} else {
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
	}
	if e.openMetrics && !bytes.ContainsAny(b[start:], "e.") {
		b = append(b, ".0"...)
	}
	return b
}

// appendEscaped appends s with backslashes, newlines and, if asked, double quotes escaped.
func appendEscaped(b []byte, s string, quotes bool) []byte {
	done := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '\\':
			escaped = `\\`
		case '\n':
			escaped = `\n`
		case '"':
			if !quotes {
				continue
			}
			escaped = `\"`
		default:
			continue
		}
		b = append(append(b, s[done:i]...), escaped...)
		done = i + 1
	}
	return append(b, s[done:]...)
}
