package check

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// promtoolExpr is an expression that a test evaluates, and the samples that it expects.
type promtoolExpr struct {
	Expr    string
	Samples []struct{ Labels string } `yaml:"exp_samples"`
}

// promtoolTests is as much of a promtool test file as the check looks at.
type promtoolTests struct {
	RuleFiles []string `yaml:"rule_files"`
	Tests     []struct {
		Name   string
		Exprs  []promtoolExpr `yaml:"promql_expr_test"`
		Alerts []struct {
			Alertname string
			Exp       []any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

// promtoolFiles are the tests of the rules, by file name.
func promtoolFiles(t *testing.T) map[string]promtoolTests {
	t.Helper()
	files, err := filepath.Glob("../rules/tests/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("tests of rules: %v, %v", files, err)
	}
	all := map[string]promtoolTests{}
	for _, file := range files {
		var f promtoolTests
		read(t, file, &f)
		all[filepath.Base(file)] = f
	}
	return all
}

// TestEveryRuleIsTested: promtool compares a value of every recorded series and sees every alert fire on its case with its text.
func TestEveryRuleIsTested(t *testing.T) {
	recorded, fires := map[string]bool{}, map[string]bool{}
	name := regexp.MustCompile(`^[a-z_]+:[a-zA-Z0-9_:]+`)
	for _, f := range promtoolFiles(t) {
		for _, test := range f.Tests {
			for _, x := range test.Exprs {
				for _, sample := range x.Samples {
					recorded[name.FindString(sample.Labels)] = true
				}
			}
			for _, a := range test.Alerts {
				fires[a.Alertname] = fires[a.Alertname] || len(a.Exp) > 0
			}
		}
	}
	for _, r := range allRules(t) {
		if r.Record != "" && !recorded[r.Record] {
			t.Errorf("no test compares a value of %s", r.Record)
		}
		if r.Alert != "" && !fires[r.Alert] {
			t.Errorf("no test sees %s fire", r.Alert)
		}
	}
}

// TestSilenceIsOfAllRules: the test in which nothing else may fire loads every rule file and looks at every account, or its silence would
// say nothing.
func TestSilenceIsOfAllRules(t *testing.T) {
	days := promtoolFiles(t)[filepath.Base(daysFile)]
	for _, file := range ruleFiles(t) {
		if !slices.Contains(days.RuleFiles, "../"+filepath.Base(file)) {
			t.Errorf("%s does not load %s", daysFile, file)
		}
	}
	for _, actor := range []string{"healthy", "idle", "new", "history", "down", "restarted", "away"} {
		if !slices.ContainsFunc(days.Tests[0].Exprs, func(x promtoolExpr) bool { return strings.Contains(x.Expr, `"`+actor+`"`) }) {
			t.Errorf("%s does not look at the account %q", daysFile, actor)
		}
	}
}
