package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestStopsAndStarts: restarts in the middle of traffic, every other after kill -9, lose nothing and count nothing twice.
func TestStopsAndStarts(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	for _, mode := range []string{"interval", "scrape"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			o, m := history(3, 3*time.Hour, 2000), newMaker(3)
			few(&o, m)
			a := newAPI(t, o)
			s := newSetup(t, a, "poll_mode: "+mode+", poll_interval: 1s, zero_first: 500ms, initial_history: 1h", ", rate_limit: 100", "")
			e := s.start()
			e.filled()
			v := viewFrom(a.epoch(), time.Hour)

			span := scale(250*time.Millisecond, 500*time.Millisecond, time.Second)
			for i := range scale(2, 4, 10) {
				m.traffic(t, a.sim, 50, span)
				was := e.scrape().counters()
				require.NotEmpty(t, was)
				if i%2 == 0 {
					e.Kill()
				} else {
					e.stop()
				}
				m.traffic(t, a.sim, 50, span) // while no exporter runs
				e = s.start()
				notLower(t, was, e.scrape())
			}
			waitForRecords(t, a.sim)
			e.equals(v, a.sim)
		})
	}
}

// TestKill: kill -9 at random instants, under traffic and under faults of the API: before, after and in the middle of
// commits.
func TestKill(t *testing.T) {
	skipUnderRaceDetector(t)
	process.SkipShort(t)
	t.Parallel()
	for seed := range scale[uint64](1, 1, 8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			killed(t, 5+seed, scale(2, 4, 25))
		})
	}
}

func killed(t *testing.T, seed uint64, kills int) {
	t.Helper()
	o, m := history(seed, 3*time.Hour, 2000), newMaker(seed)
	few(&o, m)
	a := newAPI(t, o)
	// With the default backoff_max the test would spend its time waiting after errors.
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 500ms, initial_history: 1h, backoff_max: 2s", ", rate_limit: 200", "")
	e := s.start()
	e.filled()
	v := viewFrom(a.epoch(), time.Hour)

	a.sim.SetFaults(simulator.Faults{
		TooMany: .02, TooManyRetry: .02, ServerError: .03, HTML: .02, Cut: .02, Short: .02, Garbage: .02, Reset: .03, Status: .05,
		Statuses: []int{-15, -16, -18, -22, -23, -42, 7}, NoDate: .02, TotalOff: .03, Duplicate: .03, Shift: .03,
	})
	stop := flow(100*time.Millisecond, func() { m.batch(t, a.sim, 4) })
	defer stop()
	rng := rand.New(rand.NewPCG(seed, 2))
	was := samples{}
	look := func() {
		is := e.scrape().counters()
		require.NotEmpty(t, is)
		notLower(t, was, is)
		was = is
	}
	for range kills {
		for end := time.Now().Add(time.Duration(rng.IntN(2000)) * time.Millisecond); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			look()
		}
		time.Sleep(time.Duration(rng.IntN(200_000)) * time.Microsecond)
		e.Kill()
		e = s.start()
		look()
	}
	stop()
	a.sim.SetFaults(simulator.Faults{})
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	total := v.counted(a.sim)
	require.Greater(t, total, float64(20*kills))
	t.Logf("%d kills, %.0f calls, each once; answers: %v", kills, total, a.sim.Stats())
}

// flow calls a function again and again until stop is called; stop may be called again.
func flow(every time.Duration, do func()) (stop func()) {
	var flowing sync.WaitGroup
	done := make(chan struct{})
	flowing.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				do()
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		flowing.Wait()
	})
}
