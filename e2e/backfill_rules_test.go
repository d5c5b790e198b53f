package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// rule is one of the shipped rules; interval is its group's.
type rule struct {
	Record, Alert, Expr string
	Labels              map[string]string
	interval            string
}

type ruleSet []rule

func shippedRules(t *testing.T) (out ruleSet) {
	t.Helper()
	files, err := filepath.Glob("../dashboards/rules/*.yml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var f struct {
			Groups []struct {
				Interval string
				Rules    []rule
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &f))
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				r.interval = g.Interval
				out = append(out, r)
			}
		}
	}
	return out
}

// alerts are the expressions of alerts that depend on what was a day ago or more: those of carriers, operations and fraud.
func (s ruleSet) alerts() map[string]string {
	out := map[string]string{}
	for _, r := range s {
		if slices.Contains([]string{
			"ItnioAgentGroupSilent", "ItnioManyGroupsSilent", "ItnioNERDrop", "ItnioASRDrop", "ItnioACDDrop", "ItnioSIPCodeBurst", "ItnioOutboundMinutesSurge",
			"ItnioOutgoingOffHours", "ItnioFirstTimeCountry",
		}, r.Alert) {
			out[r.Alert] = r.Expr
		}
	}
	return out
}

func (s ruleSet) byName() map[string]ruleSet {
	by := map[string]ruleSet{}
	for _, r := range s {
		if r.Record != "" {
			by[r.Record] = append(by[r.Record], r)
		}
	}
	return by
}

// words are what may be names of metrics.
func words(expr string) []string {
	return strings.FieldsFunc(expr, func(c rune) bool {
		return !strings.ContainsRune(":_", c) && (c < '0' || c > '9') && (c < 'a' || c > 'z')
	})
}

// closure has the rules with these names, and those that they are computed from.
func (s ruleSet) closure(names ...string) map[string]bool {
	by, in := s.byName(), map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if in[name] || by[name] == nil {
			return
		}
		in[name] = true
		for _, r := range by[name] {
			for _, word := range words(r.Expr) {
				add(word)
			}
		}
	}
	for _, name := range names {
		add(name)
	}
	return in
}

// needed are the recording rules that the alerts and panels of this test are computed from.
func (s ruleSet) needed() (out ruleSet) {
	names := []string{"account_agent_group:itnio_calls:increase5m"}
	for _, expr := range s.alerts() {
		names = append(names, words(expr)...)
	}
	in := s.closure(names...)
	for _, r := range s {
		if in[r.Record] {
			out = append(out, r)
		}
	}
	return out
}

// part is rules for a time.
type part struct {
	rules    ruleSet
	from, to time.Time
}

// parts says for which times rules have to be computed, if only what is read at the end matters: promtool makes a block for each rule and
// two hours, so a week of each rule would take an hour.
func (s ruleSet) parts(layer ruleSet, start, end time.Time) []part {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	whole := s.closure("account_country:itnio_attempts:increase1h", "account_country:itnio_answered:increase1h", "account_country:itnio_delivered:increase1h",
		"account_country_code:itnio_sip_responses:increase1h")
	lastWeek := s.closure("account_agent_group:itnio_calls_settled:increase1h", "account_agent_group:itnio_calls_settled:increase6h",
		"account_agent_group:itnio_calls_settled:increase1d", "account_agent_group:itnio_calls:increase5m")
	lastDay := s.closure("account:itnio_settled:bool", "account:itnio_outgoing:increase1h", "account_country:itnio_outgoing_minutes_settled:increase1h")
	parts := []part{
		{from: start, to: end}, {from: end.Add(-week - day - 2*time.Hour), to: end.Add(-week)}, {from: end.Add(-day - 6*time.Hour), to: end}, {from: end.Add(-time.Hour), to: end},
	}
	for _, r := range layer {
		if whole[r.Record] {
			parts[0].rules = append(parts[0].rules, r)
			continue
		}
		if lastWeek[r.Record] {
			parts[1].rules = append(parts[1].rules, r)
		}
		at := 3
		if lastWeek[r.Record] || lastDay[r.Record] || strings.HasSuffix(r.Record, ":increase5m") {
			at = 2
		}
		parts[at].rules = append(parts[at].rules, r)
	}
	return slices.DeleteFunc(parts, func(p part) bool { return len(p.rules) == 0 })
}

// layers are the recording rules, those first that are computed from none, then those that are computed from these, and so on: promtool
// computes rules from what the server has, so each layer has to be imported before the next. It is the same as to compute all of them as
// often as there are layers.
func (s ruleSet) layers() (out []ruleSet) {
	by, depths := s.byName(), map[string]int{}
	var depth func(name string) int
	depth = func(name string) int {
		if d, ok := depths[name]; ok {
			return d
		}
		depths[name] = 0 // of itself
		d := 0
		for _, r := range by[name] {
			for _, word := range words(r.Expr) {
				if by[word] != nil && word != name {
					d = max(d, depth(word))
				}
			}
		}
		depths[name] = d + 1
		return d + 1
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		d := depth(name)
		for len(out) < d {
			out = append(out, nil)
		}
		out[d-1] = append(out[d-1], by[name]...)
	}
	return out
}

// file writes the rules for promtool.
func (s ruleSet) file(t *testing.T, name string) string {
	t.Helper()
	type written struct {
		Record string            `yaml:"record"`
		Expr   string            `yaml:"expr"`
		Labels map[string]string `yaml:"labels,omitempty"`
	}
	type group struct {
		Name     string    `yaml:"name"`
		Interval string    `yaml:"interval"`
		Rules    []written `yaml:"rules"`
	}
	groups := map[string]*group{}
	for _, r := range s {
		if groups[r.interval] == nil {
			groups[r.interval] = &group{Name: r.interval, Interval: r.interval}
		}
		groups[r.interval].Rules = append(groups[r.interval].Rules, written{r.Record, r.Expr, r.Labels})
	}
	list := []*group{}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		list = append(list, groups[key])
	}
	text, err := yaml.Marshal(map[string]any{"groups": list})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, text, 0o600))
	return name
}

// compute has promtool compute the rules that are needed, layer by layer, and gives a server that has them, on a data directory.
func (s ruleSet) compute(t *testing.T, promtool, tsdb, jobs string, start, end time.Time) *prometheus {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yml") // always the same: the seconds at which rules are computed go by it
	p := prometheusOn(t, tsdb, jobs)
	for i, layer := range s.needed().layers() {
		began := time.Now()
		blocks := t.TempDir()
		for _, part := range s.parts(layer, start, end) {
			made, err := exec.CommandContext(t.Context(), promtool, "tsdb", "create-blocks-from", "rules", fmt.Sprintf("--start=%d", part.from.Unix()),
				fmt.Sprintf("--end=%d", part.to.Unix()), "--url="+p.base, "--output-dir="+blocks, part.rules.file(t, file)).CombinedOutput()
			require.NoError(t, err, "%s", made)
		}
		require.Zero(t, p.run.Stop(), &p.run.Stderr)
		entries, err := os.ReadDir(blocks)
		require.NoError(t, err)
		for _, e := range entries {
			require.NoError(t, os.Rename(filepath.Join(blocks, e.Name()), filepath.Join(tsdb, e.Name())))
		}
		p = prometheusOn(t, tsdb, jobs)
		t.Logf("rules of layer %d: %d in %s", i+1, len(layer), time.Since(began).Round(time.Second))
	}
	return p
}
