package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// warningsOf validates a configuration of one account, after a change.
func warningsOf(t *testing.T, change func(*Config)) []string {
	t.Helper()
	c := Default(testAccount())
	change(c)
	v, err := c.Validate()
	require.NoError(t, err)
	return v.Warnings()
}

func TestWarnings(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"defaults":                        {func(*Config) {}, nil},
		"poll_interval just short enough": {func(c *Config) { c.Global.PollInterval = new(15*time.Minute - time.Second) }, nil},
		"poll_interval too long": {func(c *Config) { c.Global.PollInterval = new(15 * time.Minute) }, []string{
			"global: poll_interval is 15m: the alert ItnioAccountStale fires when an account has not been read for 15m",
		}},
		"series taken out within the horizon": {func(c *Config) { c.Metrics.RetireAfter = new(2 * day) }, []string{
			"metrics: retire_after is 2d, less than the horizon of 1w: a group or agent without a call for so long, such as over a weekend, starts at 0 again and shows late records as new",
		}},
		"series taken out after the horizon": {func(c *Config) { c.Metrics.RetireAfter = new(7 * day) }, nil},
		"one text for both": {func(c *Config) { c.Accounts[0].APISecret = c.Accounts[0].APIKey }, []string{
			`accounts[0] "main": api_key and api_secret are the same: one of them is most likely wrong`,
		}},
		"texts that are not what they seem": {func(c *Config) {
			c.Accounts[0].Name = "ma\u200bin"
			c.Accounts[0].Filter = FilterConfig{AgentGroup: "sales\u2060", Agents: []string{"ann", "bob\u00a0"}, Tags: []string{"vip\u200e"}}
		}, []string{
			`accounts[0] "ma\u200bin": name contains U+200B ZERO WIDTH SPACE at position 3: it is another text than it seems to be`,
			`accounts[0] "ma\u200bin": filter.agent_group contains U+2060 WORD JOINER at position 6: it is another text than it seems to be`,
			`accounts[0] "ma\u200bin": filter.agents contains U+00A0 NO-BREAK SPACE at position 4: it is another text than it seems to be`,
			`accounts[0] "ma\u200bin": filter.tags contains U+200E LEFT-TO-RIGHT MARK at position 4: it is another text than it seems to be`,
		}},
		"labels left out": {func(c *Config) {
			c.Metrics.Labels = map[string][]string{"itnio_calls_total": {"account", "outcome", "call_type", "hangup_party"}}
		}, []string{"metrics: labels of itnio_calls_total leaves out agent_group, country: the rules need it"}},
		"all labels left out": {func(c *Config) {
			c.Metrics.Labels = map[string][]string{"itnio_last_call_timestamp_seconds": {}}
		}, []string{"metrics: labels of itnio_last_call_timestamp_seconds leaves out agent_group: the rules need it"}},
		"labels that no rule uses": {func(c *Config) {
			c.Metrics.Labels = map[string][]string{
				"itnio_calls_total":     {"agent_group", "country", "call_type", "outcome", "hangup_party"},
				"itnio_call_tags_total": {"tag"},
			}
		}, nil},
		"native histograms": {func(c *Config) { c.Metrics.NativeHistograms = true }, []string{
			"metrics: native_histograms is on: a Prometheus with scrape_native_histograms drops the classic series, which the rules and dashboards need, unless its scrape job has always_scrape_classic_histograms: true",
		}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, warningsOf(t, test.change)) })
	}
}

var (
	rawSelector = regexp.MustCompile(`(itnio_(?:call|calls|last_call|agent)_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher     = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	grouping    = regexp.MustCompile(`\bby \(([^)]*)\)`)
	suffix      = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// TestRuleLabels compares ruleLabels with the matchers and groupings of the shipped rules.
func TestRuleLabels(t *testing.T) {
	files, err := filepath.Glob("../dashboards/rules/*.yml")
	require.NoError(t, err)
	used := map[string]map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var rules struct {
			Groups []struct {
				Rules []struct {
					Expr        string
					Annotations map[string]string
				}
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &rules))
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				for _, expr := range append(slices.Collect(maps.Values(r.Annotations)), r.Expr) {
					collectLabels(expr, used)
				}
			}
		}
	}
	have := map[string][]string{}
	for family, labels := range used {
		have[family] = slices.Sorted(maps.Keys(labels))
	}
	want := map[string][]string{}
	for family, labels := range ruleLabels {
		want[family] = slices.Sorted(slices.Values(labels))
	}
	require.Equal(t, want, have)
}

// collectLabels adds the labels that an expression uses of each call family in it, but account and le, which are always
// there, and the labels of the scrape target.
func collectLabels(expr string, used map[string]map[string]bool) {
	for _, found := range rawSelector.FindAllStringSubmatchIndex(expr, -1) {
		if found[0] > 0 && expr[found[0]-1] == ':' {
			continue // a recorded series
		}
		family := suffix.ReplaceAllString(expr[found[2]:found[3]], "")
		if used[family] == nil {
			used[family] = map[string]bool{}
		}
		var labels []string
		if found[4] >= 0 {
			for _, m := range matcher.FindAllStringSubmatch(expr[found[4]:found[5]], -1) {
				labels = append(labels, m[1])
			}
		}
		for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
			labels = append(labels, strings.Split(g[1], ", ")...)
		}
		for _, l := range labels {
			if !slices.Contains([]string{"account", "le", "job", "instance"}, l) {
				used[family][l] = true
			}
		}
	}
}

// TestStaleAfter compares with the threshold of the shipped alert.
func TestStaleAfter(t *testing.T) {
	text, err := os.ReadFile("../dashboards/rules/thresholds.yml")
	require.NoError(t, err)
	require.Regexp(t, fmt.Sprintf(`(?s)itnio_threshold:stale_seconds.{0,80}\b%d\b`, int(staleAfter.Seconds())), string(text))
}
