package exposition

import (
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"

	"itnio_exporter/collector/series"
)

// protoEncoder writes a family as a delimited io.prometheus.client.MetricFamily. The numbers are those of its fields.
//
// protodelim writes the same message, but only whole and from a tree of messages made for it, as in textEncoder.
type protoEncoder struct {
	family *series.Family
	order  []int
	labels [][]byte // each label's name as the field of a LabelPair, in order
	spans  []span   // of the metric in hand, as its deltas
	deltas []int64
}

func newProtoEncoder(f *series.Family) familyEncoder {
	e := &protoEncoder{family: f, order: labelOrder(f)}
	for _, i := range e.order {
		e.labels = append(e.labels, appendString(nil, 1, f.LabelNames[i]))
	}
	return e
}

func (e *protoEncoder) appendHeader(b []byte, bodySize int) []byte {
	var head []byte
	head = appendString(head, 1, e.family.Name)
	head = appendString(head, 2, e.family.Help)
	head = appendUint(head, 3, uint64(protoType(e.family.Type)))
	b = protowire.AppendVarint(b, uint64(len(head)+bodySize))
	return append(b, head...)
}

func (e *protoEncoder) appendMetric(b []byte, m *series.Metric) []byte {
	b, start := open(b, 4)
	for n, i := range e.order {
		value := m.LabelValues[i]
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(len(e.labels[n])+protowire.SizeTag(2)+protowire.SizeBytes(len(value))))
		b = append(b, e.labels[n]...)
		b = appendString(b, 2, value)
	}
	var inner int
	switch e.family.Type {
	case series.Gauge:
		b, inner = open(b, 2)
		b = appendDouble(b, 1, m.Value)
	case series.Counter:
		b, inner = open(b, 3)
		b = appendDouble(b, 1, m.Value)
		b = appendTimestamp(b, 3, m.Created)
	case series.Histogram:
		b, inner = open(b, 7)
		b = e.appendHistogram(b, m.Hist)
		b = appendTimestamp(b, 15, m.Created)
	}
	return shut(shut(b, inner), start)
}

func (e *protoEncoder) appendHistogram(b []byte, h *series.HistogramValue) []byte {
	b = appendUint(b, 1, h.Count)
	b = appendDouble(b, 2, h.Sum)
	var (
		cumulative uint64
		exemplar   *series.Exemplar
		exemplars  = h.Exemplars
	)
	for i, bound := range e.family.Bounds {
		cumulative += h.Buckets[i]
		exemplar, exemplars = takeExemplar(exemplars, bound)
		b = appendBucket(b, cumulative, bound, exemplar)
	}
	// The +Inf bucket is implied, but for its exemplar.
	if exemplar, _ = takeExemplar(exemplars, math.Inf(+1)); exemplar != nil {
		b = appendBucket(b, h.Count, math.Inf(+1), exemplar)
	}
	b = appendUint(b, 5, protowire.EncodeZigZag(series.Schema))
	b = appendDouble(b, 6, zeroThreshold)
	b = appendUint(b, 7, h.ZeroCount)
	e.spans, e.deltas = appendSpans(e.spans[:0], e.deltas[:0], h.Native)
	for _, s := range e.spans {
		var start int
		b, start = open(b, 12)
		b = appendUint(b, 1, protowire.EncodeZigZag(int64(s.offset)))
		b = appendUint(b, 2, uint64(s.length))
		b = shut(b, start)
	}
	for _, d := range e.deltas {
		b = appendUint(b, 13, protowire.EncodeZigZag(d))
	}
	return b
}

func appendBucket(b []byte, cumulative uint64, bound float64, x *series.Exemplar) []byte {
	b, start := open(b, 3)
	b = appendUint(b, 1, cumulative)
	b = appendDouble(b, 2, bound)
	if x != nil {
		var exemplar, label int
		b, exemplar = open(b, 3)
		b, label = open(b, 1)
		b = appendString(b, 1, x.LabelName)
		b = appendString(b, 2, x.LabelValue)
		b = shut(b, label)
		b = appendDouble(b, 2, x.Value)
		b = appendTimestamp(b, 3, x.Time)
		b = shut(b, exemplar)
	}
	return shut(b, start)
}

func protoType(t series.Type) dto.MetricType {
	return [...]dto.MetricType{
		series.Counter:   dto.MetricType_COUNTER,
		series.Gauge:     dto.MetricType_GAUGE,
		series.Histogram: dto.MetricType_HISTOGRAM,
	}[t]
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendUint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

// appendTimestamp appends a google.protobuf.Timestamp, nothing for the zero time.
func appendTimestamp(b []byte, field protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b, start := open(b, field)
	if s := t.Unix(); s != 0 {
		b = appendUint(b, 1, uint64(s))
	}
	if ns := t.Nanosecond(); ns != 0 {
		b = appendUint(b, 2, uint64(ns))
	}
	return shut(b, start)
}

// open begins a message in a field, leaving a byte for its length; start is to be handed to shut.
func open(b []byte, field protowire.Number) (_ []byte, start int) {
	b = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	return b, len(b)
}

// shut ends the message begun at start: it fills in the length, moving the message on where that takes more than the
// one byte left for it.
func shut(b []byte, start int) []byte {
	size := len(b) - start
	if more := protowire.SizeVarint(uint64(size)) - 1; more > 0 {
		b = append(b, make([]byte, more)...)
		copy(b[start+more:], b[start:start+size])
	}
	protowire.AppendVarint(b[:start-1], uint64(size))
	return b
}
