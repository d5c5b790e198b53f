package collector

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// steppedClock is a machine's clock that someone sets.
type steppedClock struct{ off atomic.Int64 }

func (c *steppedClock) now() time.Time { return time.Now().Round(0).Add(time.Duration(c.off.Load())) }

// TestFaults draws every fault of the API, the network, the clock and the process from a seed.
func TestFaults(t *testing.T) {
	seeds := 10
	switch {
	case *long:
		seeds = 200
	case raceDetector:
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runFaults(t, uint64(seed)) })
		})
	}
}

func runFaults(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	habits := simulator.AllHabits()
	faults := simulator.AllFaults()
	if most := habits[int(seed)%len(habits)].MaxTotal; most > 0 {
		faults.BurstSize = most / 2 // more in one second cannot be read at all
	}
	faults.Until = time.Now().Add(6 * time.Hour)
	w := newWorld(t, simulator.Options{
		Seed: seed, Start: time.Now().Add(-3 * time.Hour), CallsPerDay: 4800,
		LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
		Habits: habits[int(seed)%len(habits)], Faults: faults,
	}, func(c *config.Config) {
		if loc := habits[int(seed)%len(habits)].Location; loc != nil {
			c.Accounts[0].UTCOffset = time.Unix(0, 0).In(loc).Format("-07:00")
		}
		zeroFirst := time.Minute
		c.Global.ZeroFirst = &zeroFirst
	})
	if testing.Verbose() {
		w.logger = log.With(log.NewLogfmtLogger(log.NewSyncWriter(t.Output())), "time", log.Valuer(func() any { return time.Now().Format(time.TimeOnly) }))
	}
	clock := &steppedClock{}
	w.now = clock.now
	w.start()
	for range 6 * 60 {
		time.Sleep(time.Minute)
		w.look()
		switch p := rng.Float64(); {
		case p < 0.005: // the process dies
			w.end()
			if rng.Float64() < 0.3 {
				time.Sleep(time.Duration(rng.Int64N(int64(40 * time.Minute))))
			}
			w.start()
		case p < 0.010: // someone sets the clock
			steps := []time.Duration{-10 * time.Minute, 7 * time.Minute, -240 * time.Hour, 240 * time.Hour, 0}
			clock.off.Store(int64(steps[rng.IntN(len(steps))]))
		case p < 0.012: // the disk is full for a while
			w.diskFull.Store(true)
			time.Sleep(time.Duration(rng.Int64N(int64(20 * time.Minute))))
			w.look()
			w.diskFull.Store(false)
		}
	}
	// All faults have ended; one audit later everything is in step.
	time.Sleep(w.cfg.Global().AuditInterval + 15*time.Minute)
	w.look()
	v := w.judge(w.cfg.Global().AuditInterval)
	requests := w.sim.Requests()
	w.halt()
	sum := exposedCalls(w)
	require.NoError(t, w.c.Close())
	t.Logf("seed %d: habits %q, counted %d, lost %d, double %d, wrong %d, requests %d, delay p50 %s p99 %s max %s",
		seed, habits[int(seed)%len(habits)].Name, v.counted, v.lost, v.double, v.wrong, requests, v.delay(.5), v.delay(.99), v.delay(1))
	for i, c := range v.lostCalls {
		if i < 5 {
			t.Logf("lost: start %s end %s create %s visible %s completed %s deleted %s key %v/%v incomplete %v", c.Start.UTC(), c.End.UTC(), c.Create.UTC(),
				c.VisibleAt, c.CompletedAt, c.DeletedAt, c.NoKey, c.KeySometimes, c.Incomplete)
		}
	}
	v.exact(t)
	countedAt, _ := w.tally.counted()
	require.Len(t, countedAt, sum, "what is exposed is what was counted")
	require.Greater(t, v.counted, 500)
}

// exposedCalls sums up itnio_calls_total once nothing is read any more and everything is released.
func exposedCalls(w *world) int {
	w.look()
	time.Sleep(w.cfg.Global().ZeroFirst + 5*time.Second)
	require.NoError(w.t, w.c.ledger.Release())
	w.look()
	sum := 0.0
	fams, _ := w.c.ledger.Exposition()
	for _, f := range fams {
		if f.Name != "itnio_calls_total" {
			continue
		}
		for _, m := range f.Metrics {
			sum += m.Value
		}
	}
	return int(sum)
}
