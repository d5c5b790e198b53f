package simulator

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// poisson draws a count with a mean.
func poisson(rng *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	n, p, least := 0, rng.Float64(), math.Exp(-mean)
	for p > least {
		n++
		p *= rng.Float64()
	}
	return n
}

// weights are cumulative weights to choose by.
type weights []float64

func newWeights(w ...float64) weights {
	sum := 0.0
	c := make(weights, len(w))
	for i, v := range w {
		sum += v
		c[i] = sum
	}
	return c
}

func (w weights) draw(rng *rand.Rand) int {
	u := rng.Float64() * w[len(w)-1]
	return min(len(w)-1, sort.Search(len(w), func(i int) bool { return w[i] > u }))
}

// rhythm is the call rate at an hour of the week, relative to the week's mean.
type rhythm [7][24]float64

func newRhythm(depth float64) (r rhythm) {
	hours := [24]float64{3, 2, 2, 2, 2, 3, 6, 20, 60, 95, 100, 95, 70, 80, 95, 100, 95, 85, 60, 40, 25, 15, 8, 5}
	sum := 0.0
	for day := range r {
		for h := range r[day] {
			v := hours[h]
			if time.Weekday(day) == time.Saturday || time.Weekday(day) == time.Sunday {
				v *= 0.3
			}
			r[day][h] = v
			sum += v
		}
	}
	for day := range r {
		for h := range r[day] {
			r[day][h] = 1 - depth + depth*r[day][h]*7*24/sum
		}
	}
	return r
}

func (r *rhythm) at(t time.Time) float64 { return r[t.Weekday()][t.Hour()] }
