package check

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

func windows() map[string]string {
	return map[string]string{"__rate_interval": "5m", "__range": "1h", "__interval": "1m"}
}

// own are the exporter's own metrics and those of Prometheus that the expressions may use, with their labels.
func own() map[string][]string {
	m := map[string][]string{
		"up": nil, "scrape_duration_seconds": nil, "process_resident_memory_bytes": nil, "process_cpu_seconds_total": nil, "process_start_time_seconds": nil,
		"ALERTS":           {"alertname", "alertstate", "severity", "team", "account", "agent_group", "country", "code"},
		"ALERTS_FOR_STATE": {"alertname", "account"},
		"itnio_up":         {"account", "exported_account"}, // the latter where a scrape configuration sets a label "account"
		// What the reader may record himself (rules/thresholds.yml).
		"account_agent_group:itnio_closed:bool": {"account", "agent_group"},
		"country:itnio_watched:bool":            {"country"},
	}
	for name, labels := range map[string]string{
		"last_success_timestamp_seconds": "account", "complete_until_timestamp_seconds": "account", "catch_up_remaining_seconds": "account", "open_windows": "account",
		"records_total": "account result", "record_anomalies_total": "account kind", "audit_missing_records_total": "account", "deleted_records_total": "account",
		"api_requests_total": "account endpoint status", "api_rate_limit": "account", "clock_skew_seconds": "account", "label_overflow_total": "account label",
		"ledger_size_bytes": "", "ledger_commit_failures_total": "", "series": "", "series_held": "",
		"config_last_reload_successful": "", "config_last_reload_success_timestamp_seconds": "", "build_info": "version revision branch goversion",
	} {
		m["itnio_exporter_"+name] = strings.Fields(labels)
	}
	for name, labels := range map[string]string{
		"record_lag_seconds": "account", "api_request_duration_seconds": "account endpoint", "reconcile_duration_seconds": "account", "ledger_commit_duration_seconds": "",
	} {
		histogram(m, "itnio_exporter_"+name, strings.Fields(labels))
	}
	return m
}

func histogram(m map[string][]string, name string, labels []string) {
	m[name+"_sum"], m[name+"_count"], m[name+"_bucket"] = labels, labels, append(slices.Clone(labels), "le")
}

// model is every metric that an expression may name, with the labels it may use: the exporter's, and the recorded ones.
func metricModel(t *testing.T) map[string][]string {
	t.Helper()
	m := own()
	for _, f := range families.All() {
		if f.Type == series.Histogram {
			histogram(m, f.Name, f.Labels)
		} else {
			m[f.Name] = f.Labels
		}
	}
	for _, r := range allRules(t) {
		if r.Record == "" {
			continue
		}
		// The level says which labels a recorded series has at least; bricks keep a few more.
		level := strings.ReplaceAll(strings.Split(r.Record, ":")[0], "agent_group", "agent-group")
		for _, l := range strings.Split(level, "_") {
			m[r.Record] = append(m[r.Record], strings.ReplaceAll(l, "agent-group", "agent_group"))
		}
		if level, threshold, ok := strings.Cut(r.Record, ":itnio_threshold:"); ok && level != "account" {
			m[level+":itnio_override:"+threshold] = m[r.Record]
		}
		if strings.HasSuffix(r.Record, "increase5m") {
			m[r.Record] = append(m[r.Record], "call_type", "outcome", "hangup_party", "answered", "le")
		}
	}
	return m
}

func allRules(t *testing.T) []Rule {
	t.Helper()
	groups, err := Rules("../rules")
	if err != nil {
		t.Fatal(err)
	}
	var all []Rule
	for _, rules := range groups {
		all = append(all, rules...)
	}
	if len(all) < 100 {
		t.Fatalf("only %d rules found", len(all))
	}
	return all
}

func allDashboards(t *testing.T) map[string]Dashboard {
	t.Helper()
	d, err := Dashboards("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(d) != 5 {
		t.Fatalf("%d dashboards found, not 5", len(d))
	}
	return d
}

// names are the metrics and labels that an expression may use.
type names struct {
	metrics map[string][]string // the labels of each
	labels  map[string]bool
}

func allNames(t *testing.T) names {
	t.Helper()
	n := names{metricModel(t), map[string]bool{"job": true, "instance": true, "threshold": true}} // the last is what ItnioThresholdNotABound names
	for _, labels := range n.metrics {
		for _, l := range labels {
			n.labels[l] = true
		}
	}
	return n
}

// check reports what a part of an expression names that there is not.
func (n names) check(t *testing.T, where string, node parser.Node) {
	t.Helper()
	var labels []string
	switch node := node.(type) {
	case *parser.VectorSelector:
		n.checkSelector(t, where, node)
	case *parser.AggregateExpr:
		labels = node.Grouping
	case *parser.BinaryExpr:
		if node.VectorMatching != nil {
			labels = node.VectorMatching.MatchingLabels
		}
	}
	for _, l := range labels {
		if !n.labels[l] {
			t.Errorf("%s: no metric has the label %s", where, l)
		}
	}
}

func (n names) checkSelector(t *testing.T, where string, v *parser.VectorSelector) {
	t.Helper()
	have, ok := n.metrics[v.Name]
	if !ok {
		t.Errorf("%s: there is no metric %s", where, v.Name)
	}
	have = append([]string{model.MetricNameLabel, "job", "instance"}, have...)
	for _, l := range v.LabelMatchers {
		if !slices.Contains(have, l.Name) {
			t.Errorf("%s: %s has no label %s", where, v.Name, l.Name)
		}
		if l.Name == "le" && !strings.HasPrefix(v.Name, "account_") && !everyServer(l.Value) {
			t.Errorf("%s: le=%q is not found on every server", where, l.Value)
		}
	}
}

// everyServer says whether a value of "le" finds the bounds as old and new servers store them: 20 and 20.0.
func everyServer(le string) bool {
	return le == "+Inf" || le == ".+[.]0" || strings.HasSuffix(le, "([.]0)?")
}

// TestExpressionsNameWhatThereIs parses every expression with Prometheus's own parser and looks up each metric and label in the model.
func TestExpressionsNameWhatThereIs(t *testing.T) {
	var all []Expression
	for _, r := range allRules(t) {
		all = append(all, Expression{Where: "rule " + r.Record + r.Alert, Expr: r.Expr})
	}
	for _, d := range allDashboards(t) {
		all = append(all, d.Expressions()...)
	}
	n, p := allNames(t), parser.NewParser(parser.Options{})
	for _, x := range all {
		expr, err := p.ParseExpr(Fill(x.Expr, windows()))
		if err != nil {
			t.Errorf("%s: %v\n%s", x.Where, err, x.Expr)
			continue
		}
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			n.check(t, x.Where, node)
			return nil
		})
	}
}

// TestVariablesNameWhatThereIs does the same for the dashboards' variables.
func TestVariablesNameWhatThereIs(t *testing.T) {
	m, p := metricModel(t), parser.NewParser(parser.Options{})
	for file, d := range allDashboards(t) {
		names := map[string]bool{}
		for _, v := range d.Templating.List {
			names[v.Name] = true
			if v.Type != "query" {
				continue
			}
			if strings.HasPrefix(v.Definition, "query_result(") {
				continue // TestPanelsFollowThresholds
			}
			inner, ok := strings.CutPrefix(strings.TrimSuffix(v.Definition, ")"), "label_values(")
			i := strings.LastIndex(inner, ", ")
			if !ok || i < 0 {
				t.Errorf("%s: variable %s: %s", file, v.Name, v.Definition)
				continue
			}
			expr, err := p.ParseExpr(Fill(inner[:i], windows()))
			if err != nil {
				t.Errorf("%s: variable %s: %v", file, v.Name, err)
				continue
			}
			if name := expr.(*parser.VectorSelector).Name; !slices.Contains(m[name], inner[i+2:]) {
				t.Errorf("%s: variable %s: %s has no label %s", file, v.Name, name, inner[i+2:])
			}
		}
		if !names["datasource"] || !names["account"] {
			t.Errorf("%s has no variable for data source or account", file)
		}
		for _, x := range d.Expressions() {
			for _, v := range variable.FindAllStringSubmatch(x.Expr, -1) {
				if !names[v[1]] && windows()[v[1]] == "" {
					t.Errorf("%s uses $%s, which the dashboard does not have", x.Where, v[1])
				}
			}
		}
	}
}

// runbooks is the template of the address that every alert links to: one series says where the docs are.
const runbooks = `{{ with query "itnio:runbooks:info" }}{{ . | first | label "url" }}{{ end }}`

// TestAlertsAreWhole: every alert has a severity, a team, numbers in its text and a runbook that stands in the docs.
func TestAlertsAreWhole(t *testing.T) {
	docs, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range allRules(t) {
		if r.Alert == "" {
			continue
		}
		if !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) || !slices.Contains([]string{"platform", "carrier", "fraud", "operations"}, r.Labels["team"]) {
			t.Errorf("%s: severity %q, team %q", r.Alert, r.Labels["severity"], r.Labels["team"])
		}
		if r.Annotations["summary"] == "" || !strings.Contains(r.Annotations["description"], "$value") && !strings.HasPrefix(r.Alert, "ItnioExporter") {
			t.Errorf("%s: no summary, or no number in its description", r.Alert)
		}
		if link := runbooks + "#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != link {
			t.Errorf("%s: its runbook is %s, not %s", r.Alert, r.Annotations["runbook_url"], link)
		}
		// The heading is what the alert links to, in small letters; the dashboards link to the name as it is written.
		if !strings.Contains(string(docs), "\n<a id=\""+r.Alert+"\"></a>\n\n### "+r.Alert+"\n") {
			t.Errorf("%s has no section in docs/alerts.md with an anchor of its name", r.Alert)
		}
	}
}
