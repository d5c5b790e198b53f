package series

import (
	"math"
	"slices"
	"time"
)

// Schema of the native histograms: eight buckets for each doubling, a growth factor of 2^(1/8), about 1.09.
const Schema = 3

// HistogramValue is a histogram's state: classic buckets, and the sparse buckets of a native histogram of Schema.
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

// Observe adds one observation of whole seconds, 0 or more. bounds are those of the family.
func (h *HistogramValue) Observe(bounds []float64, seconds int64) {
	v := float64(seconds)
	h.Count++
	h.Sum += v
	if i := bucketOf(bounds, v); i < len(h.Buckets) {
		h.Buckets[i]++
	}
	if seconds == 0 {
		h.ZeroCount++
		return
	}
	index := int32(math.Ceil(math.Log2(v) * (1 << Schema)))
	i, ok := slices.BinarySearchFunc(h.Native, index, func(b NativeBucket, want int32) int { return int(b.Index - want) })
	if !ok {
		h.Native = slices.Insert(h.Native, i, NativeBucket{Index: index})
	}
	h.Native[i].Count++
}

// SetExemplar keeps the exemplar if it is the newest of its classic bucket.
func (h *HistogramValue) SetExemplar(bounds []float64, e Exemplar) {
	bucket := bucketOf(bounds, e.Value)
	for i := range h.Exemplars {
		switch other := bucketOf(bounds, h.Exemplars[i].Value); {
		case other == bucket:
			if !h.Exemplars[i].Time.After(e.Time) {
				h.Exemplars[i] = e
			}
			return
		case other > bucket:
			h.Exemplars = slices.Insert(h.Exemplars, i, e)
			return
		}
	}
	h.Exemplars = append(h.Exemplars, e)
}

// bucketOf is the index of the classic bucket that a value falls into; len(bounds) is the +Inf bucket.
func bucketOf(bounds []float64, v float64) int {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	return i
}
