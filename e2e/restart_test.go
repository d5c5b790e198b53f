package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestStopsAndStarts: ten ends in the middle of traffic, every other by kill -9, lose and recount nothing.
func TestStopsAndStarts(t *testing.T) {
	for _, mode := range []string{"interval", "scrape"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, history(3, 3*time.Hour, 4000))
			m := newMaker(3)
			s := newSetup(t, a, "poll_mode: "+mode+", poll_interval: 1s, zero_first: 1s, initial_history: 1h", ", rate_limit: 100", "")
			e := s.start()
			eventually(t, "the first fill", func() bool { return len(e.scrape()) > 0 })
			v := viewFrom(a.epoch(), time.Hour)

			for i := range 10 {
				m.traffic(t, a.sim, 50, time.Second)
				was := e.scrape().counters()
				if i%2 == 0 {
					e.kill()
				} else {
					e.stop()
				}
				m.traffic(t, a.sim, 50, time.Second) // nobody is there to see them
				e = s.start()
				notLower(t, was, e.scrape())
			}
			settled(t, a.sim)
			e.equals(v, a.sim)
		})
	}
}

// TestKill: kill -9 at random instants, under traffic and while everything goes wrong that can, in a few commits or in
// the middle of one: 20 times, with -proof 200 times.
func TestKill(t *testing.T) {
	aboutNumbers(t)
	t.Parallel()
	kills := 20
	if proof() {
		kills = 200
	}
	o, m := history(5, 3*time.Hour, 4000), newMaker(5)
	few(&o, m)
	a := newAPI(t, o)
	// backoff_max keeps the faults from being waited out.
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 1s, initial_history: 1h, backoff_max: 2s", ", rate_limit: 200", "")
	e := s.start()
	eventually(t, "the first fill", func() bool { return len(e.scrape()) > 0 })
	v := viewFrom(a.epoch(), time.Hour)

	f := simulator.Faults{
		TooMany: .02, TooManyRetry: .02, ServerError: .03, HTML: .02, Cut: .02, Short: .02, Garbage: .02, Reset: .03, Status: .05,
		Statuses: []int{-15, -16, -18, -22, -23, -42, 7}, NoDate: .02, TotalOff: .03, Duplicate: .03, Shift: .03,
	}
	a.sim.SetFaults(f)
	stop, flowing := make(chan struct{}), sync.WaitGroup{}
	flowing.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				m.batch(t, a.sim, 4)
			}
		}
	})
	rng := rand.New(rand.NewPCG(uint64(kills), 2))
	was := samples{}
	for i := range kills {
		for end := time.Now().Add(time.Duration(rng.IntN(2500)) * time.Millisecond); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			is := e.scrape().counters()
			notLower(t, was, is)
			was = is
		}
		time.Sleep(time.Duration(rng.IntN(100_000)) * time.Microsecond)
		e.kill()
		e = s.start()
		is := e.scrape().counters()
		notLower(t, was, is)
		was = is
		if i == kills/2 {
			t.Logf("half way: %d series", len(is))
		}
	}
	close(stop)
	flowing.Wait()
	a.sim.SetFaults(simulator.Faults{})
	settled(t, a.sim)
	e.equals(v, a.sim)
	total := 0.0
	for k, n := range e.scrape() {
		if callsTotal().MatchString(k) {
			total += n
		}
	}
	require.Greater(t, total, float64(20*kills))
	t.Log(fmt.Sprintf("%d kills, %.0f calls, each once", kills, total), a.sim.Stats())
}
