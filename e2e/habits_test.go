package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestHabits: whatever the vendor's documents leave open, the result is the same with no configuration but URL, key and
// secret. With -proof every pair of habits meets, in both modes; else each habit occurs once.
func TestHabits(t *testing.T) {
	skipUnderRaceDetector(t)
	process.SkipShort(t)
	t.Parallel()
	habits := simulator.AllHabits()
	if !*proof {
		habits = eachOnce(habits)
	}
	for i, h := range habits {
		for j, mode := range []string{"interval", "scrape"} {
			if i%2 != j && !*proof {
				continue
			}
			t.Run(mode+", "+h.Name, func(t *testing.T) {
				t.Parallel()
				o := history(uint64(i), 3*time.Hour, scale(600., 1000., 4000.))
				o.Habits = h
				back := time.Duration(i/2%2) * 2 * time.Hour
				if !h.SkewRecords && h.ClockSkew > 0 {
					back = 2 * time.Hour // the server's clock is ahead of its records: calls of the first minutes ended before the epoch otherwise
				}
				run{options: o, few: true, seed: uint64(i), mode: mode, history: back, view: view{noGroupID: h.OmitVoiceGroupID}}.check(t)
			})
		}
	}
}

// eachOnce leaves out what adds no habit to those that come before. Of the rest it takes first what adds most.
func eachOnce(all []simulator.Habits) []simulator.Habits {
	seen := map[string]bool{}
	added := func(h simulator.Habits) (n int) {
		for _, name := range names(h) {
			if !seen[name] {
				n++
			}
		}
		return n
	}
	var out []simulator.Habits
	for {
		best := all[0]
		for _, h := range all {
			if added(h) > added(best) {
				best = h
			}
		}
		if added(best) == 0 {
			return out
		}
		out = append(out, best)
		for _, name := range names(best) {
			seen[name] = true
		}
	}
}

// names are the habits by their names.
func names(h simulator.Habits) []string { return strings.Split(h.Name, ", ") }

func TestEachHabitOccurs(t *testing.T) {
	all, once := map[string]bool{}, map[string]bool{}
	for _, h := range simulator.AllHabits() {
		for _, name := range names(h) {
			all[name] = true
		}
	}
	few := eachOnce(simulator.AllHabits())
	for _, h := range few {
		for _, name := range names(h) {
			once[name] = true
		}
	}
	require.Equal(t, all, once)
	require.Less(t, len(few), 15)
}
