package ledger

import (
	"math"
	"slices"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/exposition"
)

func bucketOf(bounds []float64, v float64) int {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	return i
}

func observe(h *exposition.HistogramValue, bounds []float64, seconds int64) {
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
	index := int32(math.Ceil(math.Log2(v) * (1 << exposition.Schema)))
	i, ok := slices.BinarySearchFunc(h.Native, index, func(b exposition.NativeBucket, want int32) int { return int(b.Index - want) })
	if !ok {
		h.Native = slices.Insert(h.Native, i, exposition.NativeBucket{Index: index})
	}
	h.Native[i].Count++
}

// exemplar remembers the newest call of each bucket. Exemplars live in memory only: they lead to a recording while it is news.
func (f *fold) exemplar(fam *family, h *exposition.HistogramValue, c *call.Call, seconds int64) {
	if !f.l.model.Exemplars() || c.SessionID == "" || c.End.IsZero() || c.End.After(f.server.Add(futureSlack)) {
		return
	}
	e := exposition.Exemplar{LabelName: "call_session_id", LabelValue: c.SessionID, Value: float64(seconds), Time: c.End}
	bucket := bucketOf(fam.Bounds, e.Value)
	for i := range h.Exemplars {
		switch have := bucketOf(fam.Bounds, h.Exemplars[i].Value); {
		case have == bucket:
			if !h.Exemplars[i].Time.After(e.Time) {
				h.Exemplars[i] = e
			}
			return
		case have > bucket:
			h.Exemplars = slices.Insert(h.Exemplars, i, e)
			return
		}
	}
	h.Exemplars = append(h.Exemplars, e)
}
