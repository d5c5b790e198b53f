package diagnose

import (
	"fmt"
	"net/http"
	"strings"
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

// A server that refuses a page past the last is read to its end, be its totals right or too high.
func TestStrictPages(t *testing.T) {
	for _, above := range []int{0, 3} {
		p := newPatient(t)
		p.front = strictPages(above)
		r := p.diagnose()
		require.Zero(t, r.Count(Skipped), text(r))
		require.Contains(t, text(r), "a page past the last is refused: API status -22")
	}
}

// One failure, wherever it comes in a run, is named: no check is good or left out for it.
func TestOneFailure(t *testing.T) {
	step := 2
	if testing.Short() {
		step = 9
	}
	for n := 2; n < 34; n += step {
		p := newPatient(t)
		p.front = onlyNth(n, func(w http.ResponseWriter) { w.WriteHeader(http.StatusFound) })
		r := p.diagnose()
		require.Equal(t, Doubtful, r.Result, "%d: %s", n, text(r))
		for _, s := range r.Sections {
			for _, f := range s.Checks {
				require.False(t, f.Result == Skipped && strings.Contains(f.Seen, "could not be found out"), "%d: %s", n, text(r))
			}
		}
	}
}

// Where every request fails from one on, doctor comes to its end, and nothing that it could not look at is called good.
func TestFailingFromThenOn(t *testing.T) {
	for _, n := range []int{3, 9, 12, 16} {
		p := newPatient(t)
		asked := 0
		p.front = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked >= n {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		r := p.diagnose()
		require.Equal(t, Doubtful, r.Result, text(r))
		require.Contains(t, text(r), "could not be found out: HTTP 502", text(r))
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
