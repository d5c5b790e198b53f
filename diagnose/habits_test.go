package diagnose

import (
	"fmt"
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
		may["habit-total"] = Doubtful // a record may be on no page, and another one on two
	}
	return may
}

// Whatever a working server's habits are, nothing is said to be wrong that is not, and the sources of facts hold.
func TestEveryHabit(t *testing.T) {
	for i, h := range simulator.AllHabits() {
		if testing.Short() && i%12 != 0 || i%3 != 0 {
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

// A server with every kind of fault: there is a report within the requests, whatever it says.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			p.sim.Seed, p.sim.Faults = seed, simulator.AllFaults()
			f := &p.sim.Faults
			for _, p := range []*float64{&f.TooMany, &f.ServerError, &f.HTML, &f.Cut, &f.Short, &f.Garbage, &f.Reset, &f.Status, &f.NoDate, &f.TotalOff, &f.Shift, &f.TotalCapped, &f.FirstAgain} {
				*p = min(0.1, 10**p)
			}
			f.Hang, f.AnswersSlow, f.Outage = 0, 0, 0 // they only take time
			r := p.diagnose()
			require.NotEmpty(t, r.Result)
			require.NotContains(t, text(r), "Sales")
		})
	}
}
