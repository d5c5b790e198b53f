package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// asDelivered is what a threshold holds for every account in thresholds.yml.
func asDelivered(t *testing.T, name string) float64 {
	t.Helper()
	for _, r := range allRules(t) {
		if r.Record != "account:itnio_threshold:"+name {
			continue
		}
		value, _, _ := strings.Cut(r.Expr, " ")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		return v
	}
	t.Fatalf("there is no threshold %s", name)
	return 0
}

// TestPanelsFollowThresholds: the bounds of the service level are variables that read the thresholds of the alerts; without the rules they are
// what the thresholds are delivered with. No expression and no description has a bound of its own.
func TestPanelsFollowThresholds(t *testing.T) {
	n, p := allNames(t), parser.NewParser(parser.Options{})
	bounds := map[string]string{"answered_within": "service_level_seconds", "missed_within": "short_missed_seconds"}
	used := 0
	for file, d := range allDashboards(t) {
		for _, v := range d.Templating.List {
			threshold, ok := bounds[v.Name]
			if !ok {
				continue
			}
			used++
			expr := strings.TrimSuffix(strings.TrimPrefix(v.Definition, "query_result("), ")")
			parsed, err := p.ParseExpr(Fill(expr, windows()))
			if err != nil {
				t.Errorf("%s: variable %s: %v", file, v.Name, err)
				continue
			}
			parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
				n.check(t, file+": variable "+v.Name, node)
				return nil
			})
			value := fmt.Sprint(asDelivered(t, threshold))
			if Fill("$"+v.Name, nil) != value || v.Current.Value != value || !strings.Contains(expr, fmt.Sprintf(`"seconds", %q`, value)) || !strings.Contains(expr, "itnio_threshold:"+threshold+"{") {
				t.Errorf("%s: variable %s is %v without the rules, or reads another threshold than %s, %s as delivered: %s", file, v.Name, v.Current.Value, threshold, value, expr)
			}
		}
		for _, x := range d.Expressions() {
			if regexp.MustCompile(`le=~"(20|5)\(`).MatchString(x.Expr) {
				t.Errorf("%s has a bound of its own: %s", x.Where, x.Expr)
			}
		}
		for _, panel := range d.Panels {
			if regexp.MustCompile(`within (20|5) s`).MatchString(panel.Description) {
				t.Errorf("%s, %s: the description has a bound of its own", file, panel.Title)
			}
		}
	}
	if used != 4 { // two dashboards
		t.Errorf("%d variables are bounds", used)
	}
}

// TestColorsTurnWhereAlertsDo: Grafana's colours cannot be read from a series, so they are those that the thresholds are delivered with.
func TestColorsTurnWhereAlertsDo(t *testing.T) {
	thresholds := map[string]string{ // by panel: of its last colour
		"Service level": "service_level_objective", "Service level now": "service_level_objective", "Dialler abandonment": "dialler_abandonment",
		"Short calls": "short_call_ratio", "Short calls by country": "short_call_ratio", "One-ring incoming calls": "wangiri_calls",
		"Age of the data": "stale_seconds",
	}
	for file, d := range allDashboards(t) {
		for _, p := range d.Panels {
			threshold, ok := thresholds[p.Title]
			if !ok || p.Type == "timeseries" {
				continue
			}
			steps := p.FieldConfig.Defaults.Thresholds.Steps
			if last := steps[len(steps)-1].Value; last == nil || *last != asDelivered(t, threshold) {
				t.Errorf("%s, %s: the last colour begins at %v, %s is %v", file, p.Title, steps, threshold, asDelivered(t, threshold))
			}
		}
	}
}
