package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestEquality: after traffic has stopped every family equals the truth, label by label and bucket by bucket.
func TestEquality(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	for _, tt := range []struct {
		name    string
		mode    string
		history time.Duration // initial_history
		span    time.Duration // of the calls before the start
		metrics string
		view    view
		proof   bool // with -proof only
	}{
		{"interval, counting from now on", "interval", 0, 24 * time.Hour, "", view{}, false},
		{"interval, with history", "interval", 4 * time.Hour, 6 * time.Hour, "", view{}, true},
		{"scrape, counting from now on", "scrape", 0, 24 * time.Hour, "", view{}, true},
		{"scrape, with history", "scrape", 4 * time.Hour, 6 * time.Hour, "", view{}, false},
		{
			"all opt-in metrics", "interval", 3 * time.Hour, 5 * time.Hour, "agents: name, tags: true, media: true, exemplars: true",
			view{agents: true, tags: true, media: true}, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.proof && !*proof {
				t.Skip("runs with -proof")
			}
			t.Parallel()
			run{
				options: history(7, tt.span, scale(600., 1000., 4000.)), few: !*proof && tt.history == 0, seed: 7, mode: tt.mode, history: tt.history, metrics: tt.metrics, view: tt.view,
			}.check(t)
		})
	}
}

// run is an exporter that starts, sees traffic come and go, and has to show the truth.
type run struct {
	options simulator.Options
	few     bool // groups and countries
	seed    uint64
	mode    string
	history time.Duration // initial_history
	metrics string
	view    view // without its times
}

func (r run) check(t *testing.T) {
	t.Helper()
	m := newMaker(r.seed)
	if r.few {
		few(&r.options, m)
	}
	a := newAPI(t, r.options)
	require.NoError(t, a.sim.Add(m.inProgress(40)...))
	e := newSetup(t, a, fmt.Sprintf("poll_mode: %s, poll_interval: 1s, zero_first: 500ms, initial_history: %s", r.mode, r.history), ", rate_limit: 50", r.metrics).start()
	process.Eventually(t, "the first good answer", func() bool { e.scrape(); return !a.epoch().IsZero() })
	time.Sleep(1100 * time.Millisecond) // so that no call of the traffic ends in the second of the first answer
	v, times := r.view, viewFrom(a.epoch(), r.history)
	v.epoch, v.read = times.epoch, times.read

	for range scale(1, 1, 2) { // the second time the exporter starts from equality
		m.traffic(t, a.sim, 90, scale(1500*time.Millisecond, 1500*time.Millisecond, 5*time.Second))
		waitForRecords(t, a.sim)
		e.equals(v, a.sim)
	}
	n := v.counted(a.sim)
	require.Greater(t, n, 100.0)
	require.Equal(t, n, e.counted())
}
