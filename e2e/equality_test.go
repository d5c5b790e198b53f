package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestEquality: after traffic has stopped every family is the truth, label by label and bucket by bucket.
func TestEquality(t *testing.T) {
	for _, tt := range []struct {
		name    string
		mode    string
		history time.Duration // initial_history
		span    time.Duration // of the calls there are
		metrics string
		view    view
	}{
		{"interval, counting from now on", "interval", 0, 24 * time.Hour, "", view{}},
		{"interval, with history", "interval", 4 * time.Hour, 6 * time.Hour, "", view{}},
		{"scrape, counting from now on", "scrape", 0, 24 * time.Hour, "", view{}},
		{"scrape, with history", "scrape", 4 * time.Hour, 6 * time.Hour, "", view{}},
		{
			"everything opted in", "interval", 3 * time.Hour, 5 * time.Hour, "agents: name, tags: true, media: true, exemplars: true",
			view{agents: true, tags: true, media: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, history(7, tt.span, 4000))
			m := newMaker(7)
			require.NoError(t, a.sim.Add(m.underWay(60)...))
			s := newSetup(t, a, fmt.Sprintf("poll_mode: %s, poll_interval: 1s, zero_first: 1s, initial_history: %s", tt.mode, tt.history), "", tt.metrics)
			e := s.start()
			compare(t, e, a, m, tt.history, tt.view)
		})
	}
}

// compare lets traffic come and go and waits for equality, twice.
func compare(t *testing.T, e *exporter, a *api, m *maker, history time.Duration, v view) {
	t.Helper()
	eventually(t, "the first good answer", func() bool { e.scrape(); return !a.epoch().IsZero() })
	time.Sleep(2 * time.Second) // calls end after the second of the first answer, or long before it
	from := viewFrom(a.epoch(), history)
	v.epoch, v.read = from.epoch, from.read
	m.traffic(t, a.sim, 60, 5*time.Second)
	settled(t, a.sim)
	e.equals(v, a.sim)
	m.traffic(t, a.sim, 20, time.Second)
	settled(t, a.sim)
	e.equals(v, a.sim)
	want := 0.0
	for c := range a.sim.Calls() {
		if !c.Ended().Before(v.epoch) && !c.VisibleAt.After(time.Now()) {
			want++
		}
	}
	require.Greater(t, want, 100.0)
	require.Equal(t, want, parse(t, e.page())[`itnio_exporter_records_total{account="main",result="counted"}`])
}

// settled waits until every record there will be is there.
func settled(t testing.TB, s *simulator.Simulator) {
	t.Helper()
	var last time.Time
	for c := range s.Calls() {
		for _, at := range []time.Time{c.VisibleAt, c.CompletedAt} {
			if at.After(last) {
				last = at
			}
		}
	}
	wait := time.Until(last)
	require.Less(t, wait, time.Minute, "the test makes calls of some seconds only")
	time.Sleep(wait)
}

// TestHabits: whatever the vendor leaves open, the result is the same with no configuration but URL, key and secret.
// Each is tried in one mode; with -proof in both.
func TestHabits(t *testing.T) {
	aboutNumbers(t)
	for i, h := range simulator.AllHabits() {
		for j, mode := range []string{"interval", "scrape"} {
			if i%2 != j && !proof() {
				continue
			}
			t.Run(mode+", "+h.Name, func(t *testing.T) {
				t.Parallel()
				o := history(uint64(i), 3*time.Hour, 4000)
				o.Habits = h
				a := newAPI(t, o)
				m := newMaker(uint64(i))
				require.NoError(t, a.sim.Add(m.underWay(30)...))
				back := time.Duration(i/2%2) * 2 * time.Hour
				if !h.SkewRecords && h.ClockSkew > 0 {
					back = 2 * time.Hour // a server ahead of its records: those of the first minutes are from before its now
				}
				s := newSetup(t, a, fmt.Sprintf("poll_mode: %s, poll_interval: 1s, zero_first: 1s, initial_history: %s", mode, back), "", "")
				compare(t, s.start(), a, m, back, view{noGroupID: h.OmitVoiceGroupID})
			})
		}
	}
}
