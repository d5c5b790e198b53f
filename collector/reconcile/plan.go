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
	// unseenGrowth makes cells of an age that was never looked at be read one by one.
	unseenGrowth = 1
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

// changes is how many new ids to expect in a cell.
func (r *rates) changes(age, width int64) float64 {
	b := ageBucket(age)
	if r.looks[b] == 0 {
		return unseenGrowth
	}
	return r.growth[b] * float64(width)
}

// bounds of what one question may be about.
type bounds struct {
	total int   // ids
	width int64 // seconds
}

// maxGroup keeps the planning of the largest accounts cheap.
const maxGroup = 512

// group divides cells into questions so that few requests are to be expected in all: changes[i] is what is expected of
// cell i. It gives the first index of each question; one of a single cell means to read it whole.
//
// A question about k cells costs one request, and where something has changed, a search for it: about one more for each
// halving and each change.
func group(cells []cell, changes []float64, max bounds) []int {
	n := len(cells)
	cost := make([]float64, n+1) // of the cells from i on
	next := make([]int, n+1)
	for i := n - 1; i >= 0; i-- {
		cost[i], next[i] = 1+cost[i+1], i+1
		if single(&cells[i]) {
			continue
		}
		expected, total := changes[i], cells[i].n
		for j := i + 1; j < n && j-i < maxGroup && !single(&cells[j]); j++ {
			expected += changes[j]
			total += cells[j].unique
			if cells[j].From != cells[j-1].To || total > max.total || cells[j].To-cells[i].From > max.width {
				break
			}
			k := float64(j - i + 1)
			search := math.Min(2*k, (1+math.Log2(k))*math.Max(1, expected))
			c := 1 + (1-math.Exp(-expected))*search + cost[j+1]
			if c < cost[i] {
				cost[i], next[i] = c, j+1
			}
		}
	}
	var starts []int
	for i := 0; i < n; i = next[i] {
		starts = append(starts, i)
	}
	return starts
}

// single cells are read whole each time, whatever their total says.
func single(c *cell) bool { return c.open || c.blind }
