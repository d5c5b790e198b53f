package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// promtoolTests is as much of a promtool test file as the check looks at.
type promtoolTests struct {
	RuleFiles []string `yaml:"rule_files"`
	Tests     []struct {
		Name  string
		Exprs []struct {
			Expr    string
			Samples []struct{ Labels string } `yaml:"exp_samples"`
		} `yaml:"promql_expr_test"`
		Alerts []struct {
			Alertname string
			Exp       []any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

// TestEveryRuleIsTested: promtool compares a value of every recorded series, sees every alert fire on its case with its text, and looks at
// all alerts together where none may fire.
func TestEveryRuleIsTested(t *testing.T) {
	files, err := filepath.Glob("../rules/tests/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("tests of rules: %v, %v", files, err)
	}
	recorded, fires, silent := map[string]bool{}, map[string]bool{}, map[string]bool{}
	name := regexp.MustCompile(`^[a-z_]+:[a-zA-Z0-9_:]+`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f promtoolTests
		if err := yaml.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, test := range f.Tests {
			for _, x := range test.Exprs {
				for _, sample := range x.Samples {
					recorded[name.FindString(sample.Labels)] = true
				}
			}
			for _, a := range test.Alerts {
				if len(a.Exp) > 0 {
					fires[a.Alertname] = true
				}
			}
		}
		// days_test.yml is where nothing else may fire: it has to have every rule, or its silence says nothing.
		if filepath.Base(file) == filepath.Base(daysFile) {
			for _, rules := range f.RuleFiles {
				silent[filepath.Base(rules)] = true
			}
			for _, actor := range []string{"healthy", "idle", "new", "history", "down", "restarted", "away"} {
				if !slices.ContainsFunc(f.Tests[0].Exprs, func(x struct {
					Expr    string
					Samples []struct{ Labels string } `yaml:"exp_samples"`
				}) bool {
					return strings.Contains(x.Expr, `"`+actor+`"`)
				}) {
					t.Errorf("%s does not look at the account %q", file, actor)
				}
			}
		}
	}
	for _, file := range ruleFiles(t) {
		if !silent[filepath.Base(file)] {
			t.Errorf("%s does not load %s", daysFile, file)
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
