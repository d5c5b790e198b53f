package exposition

import (
	"github.com/prometheus/client_golang/prometheus"

	"itnio_exporter/collector/series"
)

// zeroThreshold is half the breadth of the native zero bucket: client_golang's default, so that histograms of both
// add up without widening it. Every other observation is at least a second.
const zeroThreshold = prometheus.DefNativeHistogramZeroThreshold

// widestGap is how many empty native buckets are written out rather than skipped by a new span: cheaper up to two.
const widestGap = 2

// A span is a run of native buckets, offset buckets after the end of the one before.
type span struct {
	offset int32
	length uint32
}

// appendSpans appends native buckets in the exposition's form: runs of buckets, and for each the difference of its
// count to the one before. The slices are given so that they can be used again.
func appendSpans(spans []span, deltas []int64, native []series.NativeBucket) ([]span, []int64) {
	var (
		next int32 // the index after the last one written
		last int64
	)
	add := func(count int64) {
		spans[len(spans)-1].length++
		deltas = append(deltas, count-last)
		last = count
	}
	for n, b := range native {
		gap := b.Index - next
		if n == 0 || gap > widestGap {
			spans = append(spans, span{offset: gap})
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

// takeExemplar returns the exemplar of the bucket with that upper bound, nil if it has none, and those of the buckets
// above.
func takeExemplar(exemplars []series.Exemplar, bound float64) (*series.Exemplar, []series.Exemplar) {
	var found *series.Exemplar
	for len(exemplars) > 0 && exemplars[0].Value <= bound {
		found, exemplars = &exemplars[0], exemplars[1:]
	}
	return found, exemplars
}
