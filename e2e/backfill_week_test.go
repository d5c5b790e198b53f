package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// TestBackfillWeek: with a history of eight days and the shipped rules computed for it, each alert and each panel that compares with last
// week has its values at once, and they are the truth: a group that has fallen silent and a country that is no longer reached are told
// from the others.
func TestBackfillWeek(t *testing.T) {
	skipUnderRaceDetector(t)
	promtool := needsPromtool(t)
	if !*proof {
		t.Skip("runs with -proof")
	}
	t.Parallel()
	end := time.Now().Add(-time.Minute).Truncate(5 * time.Minute).UTC() // when 5-minute rules are due
	start := end.Add(-8*24*time.Hour - 2*time.Hour)
	calls := week(start.Add(-time.Hour), end)
	a := newAPI(t, simulator.Options{Seed: 31, Start: start.Add(-48 * time.Hour)})
	require.NoError(t, a.sim.Add(calls...))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 400", "")
	out, tsdb := filepath.Join(t.TempDir(), "history"), t.TempDir()
	run := s.backfill(out, start, "--end="+end.Format(time.RFC3339))
	require.Zero(t, run.Wait(), &run.Stderr)
	importFiles(t, promtool, run.Stdout.String(), tsdb)
	s.start()

	rules := shippedRules(t)
	p := rules.compute(t, promtool, tsdb, job("itnio", s.address, ""), start, end)

	lastWeek := func(back time.Duration) []simulator.Call {
		to := end.Add(-7 * 24 * time.Hour)
		return between(calls, to.Add(-back), to)
	}
	t.Run("alerts", func(t *testing.T) {
		want := map[string]map[string]float64{
			"ItnioAgentGroupSilent": {"silent": float64(count(lastWeek(time.Hour), func(c *simulator.Call) bool { return c.Group == "silent" }))},
			"ItnioNERDrop":          {"CN": 0},
			"ItnioASRDrop":          {"CN": 0},
			"ItnioSIPCodeBurst":     {"CN 503": 1},
		}
		for name, expr := range rules.alerts() {
			t.Run(name, func(t *testing.T) {
				have := map[string]float64{}
				for _, v := range p.atTime(expr, end) {
					have[strings.TrimSpace(v.Metric["agent_group"]+v.Metric["country"]+" "+v.Metric["code"])] = number(t, v.Value)
				}
				if len(want[name]) != len(have) {
					for word := range rules.closure(words(expr)...) {
						for _, v := range p.atTime(word, end) {
							t.Log(word, v.Metric, v.Value)
						}
					}
				}
				require.Equal(t, len(want[name]), len(have), "%s: %v", name, have)
				for key, v := range want[name] {
					require.Contains(t, have, key, name)
					require.InDelta(t, v, have[key], 0.1*v+0.01, name)
				}
			})
		}
		for country, n := range countBy(between(calls, end.Add(-time.Hour-7*24*time.Hour), end.Add(-time.Hour)), outgoing, func(c *simulator.Call) string { return c.Country }) {
			v := p.atTime(fmt.Sprintf(`account_country:itnio_attempts:increase7d{country=%q}`, country), end)
			require.Len(t, v, 1)
			require.InEpsilon(t, n, number(t, v[0].Value), 0.03, country)
		}
	})
	t.Run("panels", func(t *testing.T) {
		seen := map[string]bool{}
		for _, panel := range weekPanels(t) {
			want, known := weekTruth(panel.title, panel.expr, func(back, offset time.Duration) []simulator.Call {
				return between(calls, end.Add(-back-offset), end.Add(-offset))
			})
			require.True(t, known, "a panel without a truth here: %s: %s", panel.title, panel.expr)
			have := map[string]float64{}
			for _, v := range p.atTime(panel.expr, end) {
				have[v.Metric["agent_group"]+v.Metric["country"]] = number(t, v.Value)
			}
			require.Len(t, have, len(want), "%s: %v, not %v", panel.title, have, want)
			for key, v := range want {
				within := 0.08 + 0.12*math.Abs(v)
				if panel.title == "Countries" {
					within = 0.2 // 5-minute values a few minutes ago
				}
				require.InDelta(t, v, have[key], within, "%s %s", panel.title, key)
			}
			seen[panel.title] = true
		}
		require.Greater(t, len(seen), 8)
	})
}

// week makes a call each 10 seconds, so many that an hour is enough to judge a country: of three groups and two countries. In the last
// 90 minutes one group has none, and no call gets through to one country.
func week(from, to time.Time) []simulator.Call {
	rng := rand.New(rand.NewPCG(31, 2))
	var out []simulator.Call
	for end := from; end.Before(to); end = end.Add(10 * time.Second) {
		now := to.Sub(end) < 90*time.Minute
		c := simulator.Call{
			Group: pick(rng, "silent", "busy", "night desk"), Country: pick(rng, "CN", "US"), Type: pick(rng, enum.Incoming, enum.Outgoing), Party: enum.Customer,
			Ring: 1 + rng.Int64N(30), SIPCode: 480,
		}
		switch answered := rng.IntN(3) > 0; {
		case now && c.Group == "silent":
			c.Group = "busy"
			fallthrough
		default:
			c.Reason = enum.IncomingNotAnswered
			if c.Type == enum.Outgoing {
				c.Reason = enum.OutgoingNotAnswered
			}
			if answered {
				c.Reason++ // hung up
				c.Talk, c.SIPCode = 20+rng.Int64N(100), 200
			}
		}
		if now && c.Country == "CN" && c.Type == enum.Outgoing {
			c.Reason, c.Talk, c.SIPCode = enum.CallFailed, 0, 503
		}
		c.Start = end.Add(-time.Duration(c.Ring+c.Talk) * time.Second)
		out = append(out, c)
	}
	return out
}

func ended(c *simulator.Call) time.Time {
	return c.Start.Add(time.Duration(c.Ring+c.Talk) * time.Second)
}

func between(calls []simulator.Call, from, to time.Time) []simulator.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c simulator.Call) bool { return ended(&c).Before(from) || !ended(&c).Before(to) })
}

func incoming(c *simulator.Call) bool { return c.Type == enum.Incoming }
func outgoing(c *simulator.Call) bool { return c.Type == enum.Outgoing }
func answered(c *simulator.Call) bool { return c.Reason.Outcome() == enum.Answered }

func count(calls []simulator.Call, which ...func(*simulator.Call) bool) float64 {
	return countBy(calls, func(c *simulator.Call) bool {
		return !slices.ContainsFunc(which, func(f func(*simulator.Call) bool) bool { return !f(c) })
	}, func(*simulator.Call) string { return "" })[""]
}

func countBy(calls []simulator.Call, which func(*simulator.Call) bool, key func(*simulator.Call) string) map[string]float64 {
	out := map[string]float64{}
	for i := range calls {
		if which(&calls[i]) {
			out[key(&calls[i])]++
		}
	}
	return out
}

// weekTruth is what a panel has to show, by agent group or country. calls gives the calls that ended in a time before an offset.
func weekTruth(title, expr string, calls func(back, offset time.Duration) []simulator.Call) (map[string]float64, bool) {
	// A range of 30 minutes has samples of 29, from which increase() extrapolates.
	const half, longer, hour, week = 29 * time.Minute, 30. / 29, time.Hour, 7 * 24 * time.Hour
	before := calls(half, week)
	one := func(v float64) (map[string]float64, bool) { return map[string]float64{"": v}, true }
	rang := func(most int64) func(*simulator.Call) bool {
		return func(c *simulator.Call) bool { return c.Ring <= most }
	}
	missed := func(c *simulator.Call) bool { return !answered(c) }
	switch title {
	case "Offered now":
		return one(longer * count(before, incoming))
	case "Calls now":
		return one(longer * count(before))
	case "Calls against last week":
		return one(count(calls(hour, week)))
	case "Missed now":
		return one(count(before, incoming, missed) / count(before, incoming))
	case "Outgoing ASR now":
		return one(count(before, outgoing, answered) / count(before, outgoing))
	case "Answer speed now (ASA)":
		sum := 0.0
		for i := range before {
			if c := &before[i]; incoming(c) && answered(c) {
				sum += float64(c.Ring)
			}
		}
		return one(sum / count(before, incoming, answered))
	case "Service level now":
		return one(count(before, incoming, answered, rang(20)) / (count(before, incoming) - count(before, incoming, missed, rang(5))))
	}
	return weekTruthBy(title, expr, before, calls)
}

// weekTruthBy is weekTruth for tables.
func weekTruthBy(title, expr string, before []simulator.Call, calls func(back, offset time.Duration) []simulator.Call) (map[string]float64, bool) {
	const half, hour, week = 29 * time.Minute, time.Hour, 7 * 24 * time.Hour
	against := func(now, then map[string]float64) (map[string]float64, bool) {
		out := map[string]float64{}
		for k, n := range then {
			out[k] = now[k]/n - 1
		}
		return out, true
	}
	all := func(*simulator.Call) bool { return true }
	switch title {
	case "Agent groups":
		group := func(c *simulator.Call) string { return c.Group }
		return against(countBy(calls(half, 0), all, group), countBy(before, all, group))
	case "Countries":
		country := func(c *simulator.Call) string { return c.Country }
		now, then := calls(hour, 0), calls(hour, week)
		if !strings.Contains(expr, `outcome="answered"`) {
			return against(countBy(now, outgoing, country), countBy(then, outgoing, country))
		}
		out := map[string]float64{}
		for k := range countBy(now, outgoing, country) {
			in := func(c *simulator.Call) bool { return c.Country == k }
			out[k] = count(now, outgoing, answered, in)/count(now, outgoing, in) - count(then, outgoing, answered, in)/count(then, outgoing, in)
		}
		return out, true
	}
	return nil, false
}

// panel is a query of a dashboard.
type panel struct{ title, expr string }

// weekPanels are the queries of dashboards that look back a week, with their variables filled in.
func weekPanels(t *testing.T) (out []panel) {
	t.Helper()
	files, err := filepath.Glob("../dashboards/*.json")
	require.NoError(t, err)
	var walk func(v any, title string)
	walk = func(v any, title string) {
		switch v := v.(type) {
		case map[string]any:
			if text, ok := v["title"].(string); ok && text != "" {
				title = text
			}
			if expr, ok := v["expr"].(string); ok && strings.Contains(expr, "offset 1w") {
				out = append(out, panel{title, strings.NewReplacer("$answered_within", "20", "$missed_within", "5", "$__range", "1h",
					"$account", ".*", "$agent_group", ".*", "$country", ".*", "$call_type", ".*").Replace(expr)})
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key], title)
			}
		case []any:
			for _, v := range v {
				walk(v, title)
			}
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(text, &v), file)
		walk(v, "")
	}
	return out
}

// atTime is a query at a time.
func (p *prometheus) atTime(q string, at time.Time) []answer {
	p.t.Helper()
	v, err := p.ask("query=" + url.QueryEscape(q) + fmt.Sprintf("&time=%d", at.Unix()))
	require.NoError(p.t, err, q)
	return v
}
