package reconcile

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// costOf asking a row in these groups, as group reckons it.
func costOf(starts []int, row []part) float64 {
	sum := 0.0
	for k, a := range starts {
		b := len(row)
		if k+1 < len(starts) {
			b = starts[k+1]
		}
		if b-a == 1 {
			sum += row[a].cost()
			continue
		}
		changes, pages := 0.0, 0.0
		for _, c := range row[a:b] {
			changes += c.changes
			pages += c.pages
		}
		sum += questionCost(float64(b-a), changes, pages)
	}
	return sum
}

// No other cover of the cells is cheaper, and none of the limits is passed.
func TestGroupIsTheCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "cells")
		row := make([]part, n)
		at := int64(0)
		for i := range row {
			ids := rapid.IntRange(0, 400).Draw(t, "ids")
			row[i] = part{
				Window: Window{at, at + 10}, ids: ids, pages: float64(1 + ids/100), ask: ids > 100,
				changes: pick(t, "changes", 0, 0.001, 0.1, 1, 5),
			}
			at += 10
		}
		limit := bounds{total: pick(t, "total", math.MaxInt, 150), width: pick(t, "width", int64(1000), 30)}
		allowed := func(a, b int) bool {
			sum := 0
			for i := a; i < b; i++ {
				sum += row[i].ids
			}
			return b-a == 1 || sum <= limit.total && row[b-1].To-row[a].From <= limit.width
		}
		best := math.Inf(1)
		for mask := range 1 << (n - 1) {
			starts, ok := []int{0}, true
			for i := 1; i < n; i++ {
				if mask>>(i-1)&1 == 1 {
					ok = ok && allowed(starts[len(starts)-1], i)
					starts = append(starts, i)
				}
			}
			if ok && allowed(starts[len(starts)-1], n) {
				best = min(best, costOf(starts, row))
			}
		}
		starts := group(row, limit)
		for k, a := range starts {
			b := n
			if k+1 < len(starts) {
				b = starts[k+1]
			}
			if !allowed(a, b) {
				t.Fatalf("cells %d to %d in one question", a, b)
			}
		}
		if got := costOf(starts, row); got > best+1e-9 {
			t.Fatalf("%v costs %g, %g is possible", starts, got, best)
		}
	})
}

// A row of a hundred thousand cells is one question where nothing is to be expected, and is planned at once.
func TestGroupOfALargeAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	row := make([]part, 30_000)
	for i := range row {
		row[i] = part{Window: Window{int64(i), int64(i + 1)}, ids: 75, pages: 1, changes: 1e-9}
	}
	if starts := group(row, bounds{total: math.MaxInt, width: math.MaxInt64}); len(starts) != 1 {
		t.Fatalf("%d questions", len(starts))
	}
}
