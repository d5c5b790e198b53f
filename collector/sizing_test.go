package collector

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// sizes are the numbers of calls a day of the sizing table, each with the settings that are tried.
func sizes() []size {
	const fast, slow = time.Minute, 5 * time.Minute
	return []size{
		{1_000, []setting{{fast, 5}}},
		{10_000, []setting{{fast, 5}}},
		{24_000, []setting{{fast, 5}}},
		{100_000, []setting{{fast, 5}}},
		{300_000, []setting{{fast, 10}, {slow, 5}}},
		{1_000_000, []setting{{fast, 20}, {slow, 10}}},
	}
}

type size struct {
	calls    int // a day
	settings []setting
}

type setting struct {
	poll time.Duration // poll_interval
	rate float64       // rate_limit
}

// TestSizing prints the sizing table of docs/guarantee.md, row by row: what accounts of different sizes cost over a working day,
// warmed up for six hours, and how many requests a first fill of seven days takes, and a restart after it.
func TestSizing(t *testing.T) {
	if !*long {
		t.Skip("a long proof")
	}
	fmt.Println("\n| calls a day | `poll_interval` | `rate_limit` | requests a day | in the busiest minute | delay p50 | p99 | first fill of 7 days | restart |\n|---:|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, s := range sizes() {
		fill, restart := 0, 0
		t.Run(fmt.Sprintf("%d calls a day, first fill", s.calls), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { fill, restart = firstFill(t, s.calls, s.settings[0].rate) })
		})
		for _, with := range s.settings {
			t.Run(fmt.Sprintf("%d calls a day, polled each %s", s.calls, with.poll), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					day, busiest, v := workingDay(t, s.calls, with)
					fmt.Printf("| %s | %s | %g | %s | %s | %s | %s | %s | %s |\n", thousands(s.calls), model.Duration(with.poll), with.rate,
						thousands(day), thousands(busiest), spoken(v.delay(.5)), spoken(v.delay(.99)), thousands(fill), thousands(restart))
					t.Logf("counted %d, lost %d, double %d, longest delay %s", v.counted, v.lost, v.double, v.delay(1).Round(time.Second))
					v.exact(t)
				})
			})
		}
	}
}

// workingDay counts the requests of a working day and of its busiest minute, and compares what was counted with the truth.
func workingDay(t *testing.T, calls int, with setting) (requests, busiest int, v verdict) {
	time.Sleep(42 * time.Hour) // from the Saturday on which a bubble begins to the Sunday evening before the day
	w := newWorld(t, simulator.Options{
		Seed: 1, Start: time.Now().Add(-6 * time.Hour), CallsPerDay: float64(calls), Rhythm: 0.8,
		LongShare: 0.002, LateShare: 0.001, Latency: 50 * time.Millisecond,
		Habits: simulator.Habits{Order: simulator.StartDesc},
	}, func(c *config.Config) {
		c.Global.PollInterval, c.Accounts[0].RateLimit = &with.poll, &with.rate
	})
	w.start()
	time.Sleep(6 * time.Hour)
	atStart := w.sim.Requests()
	before := atStart
	for range 24 * 60 {
		time.Sleep(time.Minute)
		busiest = max(busiest, w.sim.Requests()-before)
		before = w.sim.Requests()
	}
	v = w.judge(w.cfg.Global().AuditInterval + 2*with.poll)
	w.end()
	return before - atStart, busiest, v
}

// firstFill counts the requests until seven days of history are read, and those of the minute after a restart. The past is at rest,
// so the polls meanwhile cost next to nothing.
func firstFill(t *testing.T, calls int, rate float64) (fill, restart int) {
	const past = 7 * 24 * time.Hour
	end := time.Now().Add(-40 * time.Minute)
	w := newWorld(t, simulator.Options{
		Seed: 1, Start: end.Add(-past), End: end, CallsPerDay: float64(calls), Rhythm: 0.8, Latency: 50 * time.Millisecond,
	}, func(c *config.Config) { c.Global.InitialHistory, c.Accounts[0].RateLimit = duration(past), &rate })
	w.start()
	until := func(done func() bool) {
		for range 48 * 3600 {
			if done() {
				return
			}
			time.Sleep(time.Second)
		}
		require.Fail(t, "never done")
	}
	until(func() bool { return w.c.members["main"].account.InitialDone() })
	fill = w.sim.Requests()
	until(func() bool { return !w.c.Status()[0].CompleteUntil.IsZero() })
	w.end()
	before := w.sim.Requests()
	w.start()
	time.Sleep(time.Minute)
	restart = w.sim.Requests() - before
	w.end()
	require.LessOrEqual(t, float64(fill), 1.15*past.Hours()/24*float64(calls)/100+100)
	return fill, restart
}

// thousands writes 13451 as 13,451.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// spoken writes a duration as 2 min 33 s.
func spoken(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s <= 60 {
		return fmt.Sprintf("%d s", s)
	}
	return fmt.Sprintf("%d min %d s", s/60, s%60)
}
