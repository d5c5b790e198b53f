package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestCost measures over real HTTP how many requests the binary makes on an honest server whose past is at rest, and prints the
// table of docs/guarantee.md. It fails where a number is above its bound.
func TestCost(t *testing.T) {
	if !*proof {
		t.Skip("a long proof; collector has a shorter form of it")
	}
	fmt.Println("\n| account | calls | pages to read | first fill | audit after it | quiet minute | restart | reload |\n|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, c := range []struct {
		name    string
		calls   float64       // a day
		past    time.Duration // that has calls
		history string        // initial_history
		read    time.Duration // how much of the past is read; what is older is only counted
	}{
		{"20 hours, all of them to be counted", 425_524, 20 * time.Hour, "24h", 24 * time.Hour},
		{"a week, `initial_history: 0s`", 24_147, 7 * 24 * time.Hour, "0s", 50 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			end := time.Now().Add(-40 * time.Minute)
			a := newAPI(t, simulator.Options{Seed: 1, Start: end.Add(-c.past), End: end, CallsPerDay: c.calls, TalkMedian: 20 * time.Second})
			calls, pages := pagesSince(a.sim, time.Now().Add(-c.read))
			s := newSetup(t, a, "initial_history: "+c.history, ", rate_limit: 10000", "")

			e := s.start("--web.enable-lifecycle")
			m := &meter{t: t, sim: a.sim}
			m.until("the first fill", func() bool { return strings.Contains(e.page(), "\nitnio_calls_total{") })
			fill := m.read()
			m.settled()
			audit := m.read()
			m.until("a poll after the audit", func() bool {
				return strings.Contains(e.page(), "\nitnio_exporter_complete_until_timestamp_seconds{")
			})
			m.settled()
			m.read()
			time.Sleep(time.Minute)
			quiet := m.read()

			e.stop()
			m.read()
			e = s.start("--web.enable-lifecycle")
			m.settled()
			restart := m.read()

			s.write(a, "backoff_max: 4m, initial_history: "+c.history, ", rate_limit: 10000", "")
			status, answer := e.reload()
			require.Equal(t, http.StatusOK, status, answer)
			m.settled()
			reload := m.read()
			require.Equal(t, 1.0, e.all()[`itnio_up{account="main"}`])
			e.stop()

			fmt.Printf("| %s | %d | %d | %d | %d | %d | %d | %d |\n", c.name, calls, pages, fill, audit, quiet, restart, reload)
			read := fill
			if c.history == "0s" { // then the audit reads
				read += audit
			} else {
				require.LessOrEqual(t, audit, 100)
			}
			require.LessOrEqual(t, float64(read), 1.15*float64(pages))
			require.LessOrEqual(t, restart, 20+quiet)
			require.LessOrEqual(t, reload, 20+quiet)
		})
	}
}

// pagesSince counts the calls, and the pages of a hundred records of those that started since.
func pagesSince(s *simulator.Simulator, since time.Time) (calls, pages int) {
	records := 0
	for c := range s.Calls() {
		calls++
		if c.Start.After(since) {
			records++
		}
	}
	return calls, (records + 99) / 100
}

// meter counts requests.
type meter struct {
	t    testing.TB
	sim  *simulator.Simulator
	last int
}

// read is the number of requests since the last time.
func (m *meter) read() int {
	was := m.last
	m.last = m.sim.Requests()
	return m.last - was
}

// until waits for a condition, for as long as requests are made.
func (m *meter) until(what string, condition func() bool) {
	m.t.Helper()
	n, since := m.sim.Requests(), time.Now()
	for !condition() {
		if now := m.sim.Requests(); now != n {
			n, since = now, time.Now()
		}
		require.Less(m.t, time.Since(since), process.Patience, "waited in vain: "+what)
		time.Sleep(100 * time.Millisecond)
	}
}

// settled waits until requests have been made since the last reading, and none for some seconds: it is between two polls then.
func (m *meter) settled() {
	m.t.Helper()
	const still = 5 * time.Second
	n, since := m.last, time.Now()
	m.until("no more requests", func() bool {
		if now := m.sim.Requests(); now != n {
			n, since = now, time.Now()
		}
		return n != m.last && time.Since(since) > still
	})
}
