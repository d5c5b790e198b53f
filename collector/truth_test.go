package collector

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/families"
	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// epoch is when an account began to be counted.
func (w *world) epoch(account string) time.Time {
	e, ok := w.c.members[account].account.Epoch()
	require.True(w.t, ok)
	return e
}

// verdict compares what was counted with the truth.
type verdict struct {
	counted, lost, wrong, double int
	delays                       []time.Duration
	lostCalls                    []simulator.Call
	twice                        []string
}

// exact requires that every call was counted once, and nothing else.
func (v verdict) exact(t *testing.T) {
	t.Helper()
	require.Zero(t, v.lost)
	require.Zero(t, v.wrong)
	require.Zero(t, v.double, "%v", v.twice)
}

func (v verdict) delay(q float64) time.Duration {
	if len(v.delays) == 0 {
		return 0
	}
	return v.delays[min(len(v.delays)-1, int(q*float64(len(v.delays))))]
}

// judge takes calls that have been visible for longer than grace as ones that must have been counted.
func (w *world) judge(grace time.Duration) verdict {
	w.t.Helper()
	now := time.Now()
	countedAt, twice := w.tally.counted()
	v := verdict{double: len(twice), twice: twice}
	for c := range w.sim.Calls() {
		at, counted := countedAt[c.Account+"/"+c.Session]
		switch {
		case c.Hidden, w.habits.RefuseFuture && c.Start.After(now.Add(w.habits.ClockSkew-grace)):
			// No window that holds it can be asked for, or not for long enough.
		case c.Ended().Before(w.epoch(c.Account)):
			if counted {
				v.wrong++
			}
		case counted:
			v.counted++
			v.delays = append(v.delays, at.Sub(w.countable(&c)))
		case c.VisibleFor(now) > w.patience(&c, grace):
			v.lost++
			v.lostCalls = append(v.lostCalls, c)
		}
	}
	slices.Sort(v.delays)
	return v
}

// countable is when a call could have been counted first.
func (w *world) countable(c *simulator.Call) time.Time {
	from := c.VisibleAt
	if !c.CompletedAt.IsZero() {
		from = c.CompletedAt
	}
	if from.Before(w.began) {
		return w.began
	}
	return from
}

// patience is how long a visible call may be not counted.
func (w *world) patience(c *simulator.Call, grace time.Duration) time.Duration {
	if c.Incomplete {
		return grace + w.cfg.Global().Lookback // only then it is counted as it stands
	}
	return grace
}

// exposedRight requires that what a scrape shows, when nothing is read any more and everything is released, is the truth of the
// calls that were counted: for each label set of itnio_calls_total over the labels given, and in all for the histograms. Series
// that show 0 are those of calls before the epoch.
func (w *world) exposedRight(labels ...string) {
	w.t.Helper()
	w.look()
	time.Sleep(w.cfg.Global().ZeroFirst + 5*time.Second)
	require.NoError(w.t, w.c.ledger.Release())
	w.look()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	shown, err := parser.TextToMetricFamilies(strings.NewReader(w.scrape()))
	require.NoError(w.t, err)
	calls := map[string]int{}
	for _, m := range shown["itnio_calls_total"].GetMetric() {
		if v := int(m.GetCounter().GetValue()); v > 0 {
			calls[values(m, labels)] += v
		}
	}
	truth := w.countedTruth(labels)
	require.NotEmpty(w.t, calls)
	require.Equal(w.t, truth.calls, calls, "calls by %v", labels)
	talks, talk := observed(shown["itnio_call_duration_seconds"])
	rings, ring := observed(shown["itnio_call_ring_duration_seconds"])
	require.Equal(w.t, truth.talks, talks)
	require.Equal(w.t, truth.talk, talk)
	require.Equal(w.t, truth.rings, rings)
	require.Equal(w.t, truth.ring, ring)
}

func values(m *dto.Metric, labels []string) string {
	out := make([]string, len(labels))
	for _, l := range m.GetLabel() {
		if i := slices.Index(labels, l.GetName()); i >= 0 {
			out[i] = l.GetValue()
		}
	}
	return strings.Join(out, " ")
}

// observed is how many observations the histograms of a family have, and what they add up to.
func observed(f *dto.MetricFamily) (n, seconds int64) {
	for _, m := range f.GetMetric() {
		n += int64(m.GetHistogram().GetSampleCount())
		seconds += int64(m.GetHistogram().GetSampleSum())
	}
	return n, seconds
}

// truth is what a set of calls adds up to.
type truth struct {
	calls       map[string]int // by label values
	talks, talk int64          // talks, and their seconds
	rings, ring int64
}

// countedTruth is what the calls that were counted add up to, as the simulator knows them.
func (w *world) countedTruth(labels []string) truth {
	y := truth{calls: map[string]int{}}
	countedAt, _ := w.tally.counted()
	for c := range w.sim.Calls() {
		at, counted := countedAt[c.Account+"/"+c.Session]
		if !counted {
			continue
		}
		if c.CompletedAt.After(at) { // it was waited for, for a lookback, and counted as it stood
			c.Incomplete, c.Party, c.Answer, c.Talk, c.Ring, c.NoRing = true, enum.PartyUnknown, time.Time{}, 0, 0, true
		}
		own := truthLabels(&c)
		key := make([]string, len(labels))
		for i, l := range labels {
			key[i] = own[l]
		}
		y.calls[strings.Join(key, " ")]++
		if own["outcome"] == enum.Answered.String() {
			y.talks++
			y.talk += c.Talk
		}
		y.rings++
		y.ring += c.KnownRing()
	}
	return y
}

func truthLabels(c *simulator.Call) map[string]string {
	reason, group := c.Reason, c.Group
	if c.Incomplete {
		reason = enum.ReasonUnknown
	}
	if group == "" {
		group = strconv.FormatInt(c.VoiceGroupID, 10)
	}
	return map[string]string{
		families.LabelAccount: c.Account, families.LabelAgentGroup: group, families.LabelCountry: c.Country,
		"call_type": c.Type.String(), "outcome": reason.Outcome().String(), "hangup_reason": reason.String(), "hangup_party": c.Party.String(),
	}
}

// visible is how many calls ended since the epoch and have been visible for longer than age.
func (w *world) visible(age time.Duration) int {
	n := 0
	now := time.Now()
	epochs := map[string]time.Time{}
	for name := range maps.Keys(w.c.members) {
		epochs[name] = w.epoch(name)
	}
	for c := range w.sim.Calls() {
		if !c.Hidden && !c.Ended().Before(epochs[c.Account]) && c.VisibleFor(now) > w.patience(&c, age) {
			n++
		}
	}
	return n
}
