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

	"itnio_exporter/collector/families"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// steppedClock is a machine's clock that someone sets.
type steppedClock struct{ off atomic.Int64 }

func (c *steppedClock) now() time.Time { return time.Now().Round(0).Add(time.Duration(c.off.Load())) }

// TestFaults draws every fault of the API, the network, the clock and the process from a seed, and whether there is a second
// account and whether scrapes bring about the reading.
func TestFaults(t *testing.T) {
	t.Parallel()
	seeds := span(2, 2, 200)
	if testing.Short() && !process.Racing {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runFaults(t, uint64(seed)) })
		})
	}
}

// drawFaults makes the world of a seed: habits of the API, accounts, how they are read. Faults end after so many hours.
func drawFaults(t *testing.T, seed uint64, hours int) *world {
	all := simulator.AllHabits()
	habits := all[int(seed)%len(all)]
	faults := simulator.AllFaults()
	if habits.MaxTotal > 0 {
		faults.BurstSize = habits.MaxTotal / 2 // more in one second cannot be read at all
	}
	faults.Until = time.Now().Add(time.Duration(hours) * time.Hour)
	accounts := []simulator.Account{mainAccount()}
	if seed%2 == 1 {
		accounts = append(accounts, secondAccount())
	}
	return newWorld(t, simulator.Options{
		Seed: seed, Start: time.Now().Add(-3 * time.Hour), CallsPerDay: span(2400.0, 2400, 24000), Accounts: accounts,
		LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
		Habits: habits, Faults: faults,
	}, func(c *config.Config) {
		c.Accounts = nil
		for _, a := range accounts {
			account := configured(a)
			if habits.Location != nil {
				account.UTCOffset = time.Unix(0, 0).In(habits.Location).Format("-07:00")
			}
			c.Accounts = append(c.Accounts, account)
		}
		if seed%3 == 1 {
			c.Global.PollMode = string(config.PollScrape)
		}
		c.Global.ZeroFirst = duration(time.Minute)
	})
}

// disturb draws what happens to the process and its machine in a minute.
func disturb(w *world, rng *rand.Rand, clock *steppedClock) {
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

func runFaults(t *testing.T, seed uint64) {
	hours := span(1, 1, 6)
	w := drawFaults(t, seed, hours)
	if testing.Verbose() {
		w.logger = log.With(log.NewLogfmtLogger(log.NewSyncWriter(t.Output())), "time", log.Valuer(func() any { return time.Now().Format(time.TimeOnly) }))
	}
	clock := &steppedClock{}
	w.now = clock.now
	scrapeMode := w.cfg.Global().PollMode == config.PollScrape
	minute := func() {
		time.Sleep(time.Minute)
		if scrapeMode {
			w.c.refresh(scrapeRequest()) // what a scrape does before its answer, which costs more than all the rest
		}
		w.look()
	}
	w.start()
	rng := rand.New(rand.NewPCG(seed, 1))
	for range hours * 60 {
		minute()
		disturb(w, rng, clock)
	}
	// All faults have ended; one audit later everything is in step.
	for range int((w.cfg.Global().AuditInterval + 15*time.Minute) / time.Minute) {
		minute()
	}
	for _, a := range w.cfg.Accounts() {
		require.WithinDuration(t, w.firstGood(a.APIKey).Add(w.habits.ClockSkew), w.epoch(a.Name), time.Hour, "the time of the first good answer, whatever clocks say")
	}
	v := w.judge(w.cfg.Global().AuditInterval + 5*time.Minute) // an audit begins at a poll, and takes its time
	t.Logf("seed %d: habits %q, %d accounts, scrape mode %t, counted %d, lost %d, double %d, wrong %d, requests %d, delay p50 %s p99 %s max %s",
		seed, w.habits.Name, len(w.cfg.Accounts()), scrapeMode, v.counted, v.lost, v.double, v.wrong, w.sim.Requests(), v.delay(.5), v.delay(.99), v.delay(1))
	for _, c := range v.lostCalls[:min(5, len(v.lostCalls))] {
		t.Logf("lost: %s start %s end %s create %s visible %s completed %s deleted %s key %v/%v incomplete %v", c.Account, c.Start.UTC(), c.End.UTC(), c.Create.UTC(),
			c.VisibleAt, c.CompletedAt, c.DeletedAt, c.NoKey, c.KeySometimes, c.Incomplete)
	}
	w.halt()
	v.exact(t)
	w.exposedRight(families.LabelAccount, "call_type", "outcome", "hangup_reason", "hangup_party")
	require.NoError(t, w.c.Close())
	require.Greater(t, v.counted, hours*80)
}
