package diagnose

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// tolerated are the findings that a habit of a working server may bring.
func tolerated(h simulator.Habits) map[string]Result {
	may := map[string]Result{"clock-format": Doubtful}
	if h.ClockSkew != 0 {
		may["clock-skew"] = Doubtful
		if h.ClockSkew.Abs() > agreement {
			may["clock-skew"] = Wrong
		}
	}
	if h.PageSize > 0 {
		may["habit-page-size"] = Doubtful
	}
	if h.MaxTotal > 0 {
		may["habit-cap"] = Doubtful
	}
	if h.UnstableTies {
		may["habit-order"] = Doubtful
	}
	return may
}

// Whatever a working server's habits are, nothing is said to be wrong that is not, and the sources of facts hold.
func TestEveryHabit(t *testing.T) {
	for i, h := range simulator.AllHabits() {
		if testing.Short() && i%6 != 0 {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			p.sim.Habits = h
			r := p.diagnose()
			may := tolerated(h)
			for id, result := range bad(r) {
				require.Equal(t, may[id], result, "%s\n%s", id, text(r))
			}
			for _, s := range r.Sections {
				for _, f := range s.Checks {
					if f.ID == "habit-filter-time" {
						require.Contains(t, f.Seen, map[simulator.Field]string{simulator.ByStart: "the start", simulator.ByCreate: "creation", simulator.ByHangup: "hang-up"}[h.FilterOn], text(r))
					}
					if f.ID == "habit-ends" || s.Name == "cost" {
						require.Equal(t, Good, f.Result, text(r))
					}
				}
			}
		})
	}
}

// Late records are told from a wrong offset.
func TestLateness(t *testing.T) {
	p := newPatient(t)
	late(p, 10*time.Minute)
	r := p.diagnose()
	require.Equal(t, map[string]Result{"habit-lateness": Doubtful}, bad(r), text(r))
}
