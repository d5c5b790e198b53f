package reconcile

import "math"

// rates learns how many records are added to cells, by their age, between two passes. A plan uses it to choose between one question
// about many cells and reading them one by one. Wrong rates cost requests, but never hide a record.
type rates struct {
	growth [rateBuckets]float64 // mean number of new ids in a second of window between two passes
	passes [rateBuckets]int
	sum    [rateBuckets]float64 // new ids in the pass that is running
	width  [rateBuckets]float64 // seconds of window in the pass that is running
}

const (
	rateBuckets = 20
	rateMemory  = 30 // passes
)

// ageBucket is the bucket of an age in seconds. Bounds double from 32 seconds on.
func ageBucket(age int64) int {
	b := 0
	for age >= 32 && b < rateBuckets-1 {
		age /= 2
		b++
	}
	return b
}

func (r *rates) saw(age, width int64, grown int) {
	b := ageBucket(age)
	r.sum[b] += float64(grown)
	r.width[b] += float64(width)
}

// learn is called at the end of a pass.
func (r *rates) learn() {
	for b := range r.growth {
		if r.width[b] == 0 {
			continue
		}
		seen := r.sum[b] / r.width[b]
		r.passes[b]++
		r.growth[b] += (seen - r.growth[b]) / float64(min(r.passes[b], rateMemory))
		r.sum[b], r.width[b] = 0, 0
	}
}

// changes is the expected number of new ids in a cell of this age and width that has so many.
func (r *rates) changes(age, width int64, ids int) float64 {
	b := ageBucket(age)
	if r.passes[b] == 0 {
		// Nothing is known after a start. Calls take minutes, so cells that are minutes old grow, and older ones hardly do.
		return float64(ids) * math.Pow(60/float64(60+max(0, age)), 2)
	}
	return r.growth[b] * float64(width)
}
