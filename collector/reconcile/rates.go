package reconcile

import "math"

// rates learns how much cells of an age change between two looks, so that a plan can tell where one question for many cells
// pays and where they had better be read one by one. It decides about cost only, never about what is right.
type rates struct {
	growth [rateBuckets]float64 // new ids for each second of window, between two looks
	looks  [rateBuckets]int
	sum    [rateBuckets]float64 // of the look under way
	width  [rateBuckets]float64
}

const (
	rateBuckets = 20
	rateMemory  = 30 // looks
)

// ageBucket doubles with each step from 32 seconds on.
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

// learn ends a look.
func (r *rates) learn() {
	for b := range r.growth {
		if r.width[b] == 0 {
			continue
		}
		seen := r.sum[b] / r.width[b]
		r.looks[b]++
		r.growth[b] += (seen - r.growth[b]) / float64(min(r.looks[b], rateMemory))
		r.sum[b], r.width[b] = 0, 0
	}
}

// changes is how many new ids to expect in a cell of so many.
func (r *rates) changes(age, width int64, ids int) float64 {
	b := ageBucket(age)
	if r.looks[b] == 0 {
		// Never looked at, as after a start: calls last minutes, so cells of a few minutes still grow, and old ones hardly do.
		return float64(ids) * math.Pow(60/float64(60+max(0, age)), 2)
	}
	return r.growth[b] * float64(width)
}
