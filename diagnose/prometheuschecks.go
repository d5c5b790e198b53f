package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// prometheusCheck is one row of the table of checks of a server.
type prometheusCheck struct {
	id, title string
	judge     func(*scraping) Finding
}

func prometheusChecks() []prometheusCheck {
	return []prometheusCheck{
		{"prometheus-answer", "Prometheus answers", judgeServer},
		{"prometheus-version", "Its version has what the rules need", judgeVersion},
		{"prometheus-scraped", "The exporter is scraped", judgeScraped},
		{"prometheus-once", "Each account is scraped once", judgeOnce},
		{"prometheus-job", "The alerts find the exporter by its job", judgeJob},
		{"prometheus-interval", "Scrapes are often enough", judgeInterval},
		{"prometheus-labels", "The target's labels are stable", judgeTargetLabels},
		{"prometheus-clash", "No target label is called account", judgeClash},
		{"prometheus-classic", "Classic histograms are kept", judgeClassic},
		{"prometheus-rules", "The shipped rules are loaded and healthy", judgeRules},
	}
}

// missed is the finding of a check whose question was not answered.
func (s *scraping) missed(about string) (Finding, bool) {
	err, failed := s.missing[about]
	if !failed {
		return Finding{}, false
	}
	return skipped("the question was not answered: " + serverError(err)), true
}

func judgeServer(s *scraping) Finding {
	if s.err != nil {
		return wrong(serverError(s.err), "nothing is known of the scraping", "check --prometheus.url; it is the server's address without /api/v1. Passwords and certificates: --prometheus.http-client-config")
	}
	return good("it answers queries")
}

// Oldest version with which the rules were tested: docs/alerts.md.
const (
	oldestMajor = 2
	oldestMinor = 42
)

func judgeVersion(s *scraping) Finding {
	if f, failed := s.missed("version"); failed {
		return f
	}
	if older(s.version, oldestMajor, oldestMinor) {
		return doubtful("version "+s.version, fmt.Sprintf("the rules were tested with %d.%d and later", oldestMajor, oldestMinor), "update Prometheus, or run promtool check rules of that version on the rules")
	}
	return good("version " + s.version)
}

func judgeScraped(s *scraping) Finding {
	if len(s.targets) == 0 {
		return wrong("no series "+oneOfEach, "the exporter is not scraped, its scrapes fail, or the tenant is another", "add a scrape job (README, Prometheus); look at Status → Targets for its last error")
	}
	shown := map[model.LabelValue]bool{}
	for _, m := range s.accounts {
		shown[m["account"]] = true
	}
	absent := 0
	for _, name := range s.expected {
		if !shown[model.LabelValue(name)] {
			absent++
		}
	}
	if absent > 0 {
		return wrong(fmt.Sprintf("%d of %s of this configuration are not shown", absent, count(len(s.expected), "account")), "another exporter is scraped, or this configuration is not in force yet",
			"reload the exporter; an account that never answered is not shown either: see the other sections")
	}
	return good(fmt.Sprintf("%s, %s", count(len(s.targets), "target"), count(len(shown), "account")))
}

func judgeOnce(s *scraping) Finding {
	if f, failed := s.missed("accounts"); failed {
		return f
	}
	twice, jobs := 0, 0
	for _, instances := range s.instances() {
		if len(instances) > 1 {
			twice++
		}
		for _, names := range instances {
			if len(names) > 1 {
				jobs++
			}
		}
	}
	switch {
	case jobs > 0:
		return wrong(count(jobs, "account")+" shown by one instance under several jobs or label sets", "sums over them count every call several times", "keep one scrape job for the exporter")
	case twice > 0:
		return wrong(count(twice, "account")+" shown by several instances", "two exporters read one account, and sums count every call twice; or two targets lead to one exporter",
			"run one exporter an account, and list it once; a moved exporter shows both for five minutes")
	}
	return good("one series of itnio_up for each account")
}

func judgeJob(s *scraping) Finding {
	if len(s.targets) == 0 {
		return skipped("the exporter is not scraped")
	}
	for _, m := range s.targets {
		if !strings.Contains(string(m["job"]), "itnio") {
			return doubtful("a job that shows the exporter has no itnio in its name", "the alerts ItnioExporterDown and ItnioExporterAbsent look for job=~\".*itnio.*\"", "rename the job, or change the rules")
		}
	}
	return good("the job's name contains itnio")
}

// rulesNeed is the longest scrape interval that windows of five minutes allow.
const rulesNeed = 2 * time.Minute

func judgeInterval(s *scraping) Finding {
	if f, failed := s.missed("interval"); failed {
		return f
	}
	const slack = time.Second
	seen := fmt.Sprintf("every %s; zero_first is %s", span(s.interval), span(s.zero))
	switch {
	case s.interval == 0:
		return skipped("there are fewer than two samples of the last half hour")
	case s.expected != nil && s.zero > 0 && s.interval > s.zero+slack:
		return wrong(seen, "a new series may show its value before Prometheus has seen its 0: its first calls are missing in increases", "set zero_first to the longest scrape interval, or scrape more often")
	case s.interval > rulesNeed+slack:
		return doubtful(seen, "windows of five minutes need two samples", "scrape every minute")
	}
	return good(seen)
}

func judgeTargetLabels(s *scraping) Finding {
	if f, failed := s.missed("labels"); failed {
		return f
	}
	if s.former > len(s.targets) && len(s.targets) > 0 {
		return doubtful(fmt.Sprintf("%s now, %d label sets during the last day", count(len(s.targets), "target"), s.former),
			"with each change of a target label all series begin anew: increases over the change are incomplete, and alerts compare with a past of other labels",
			"do not make labels of pod names, addresses or versions; set instance by relabel_configs. If a label was changed once on purpose, nothing")
	}
	return good("the same for a day, or as long as it is scraped")
}

func judgeClash(s *scraping) Finding {
	if f, failed := s.missed("clash"); failed {
		return f
	}
	if s.clashing > 0 {
		return wrong(count(s.clashing, "series")+" with the label exported_account", "a target label account hides the exporter's own: rules and dashboards see the target's value", "rename the target's label; honor_labels: true is only second best")
	}
	return good("there is no label exported_account")
}

func judgeClassic(s *scraping) Finding {
	for _, about := range []string{"calls", "classic"} {
		if f, failed := s.missed(about); failed {
			return f
		}
	}
	switch {
	case s.calls == 0:
		return skipped("there are no series of calls yet")
	case s.classic == 0 && s.native > 0:
		return wrong("there are native histograms and no classic buckets", "rules and dashboards use the classic ones and show nothing", "set always_scrape_classic_histograms: true in the scrape job, or metrics.native_histograms: false")
	case s.classic == 0:
		return wrong("there are calls and no buckets of itnio_call_ring_duration_seconds", "rules and dashboards for service level and delays show nothing", "look for metric_relabel_configs that drop them, for metrics.labels, and for a Prometheus that keeps native histograms only")
	}
	return good(fmt.Sprintf("%.0f series of buckets", s.classic))
}

// shippedRules are the groups of dashboards/rules with how many rules each has.
var shippedRules = map[string]int{
	"itnio_account":         10,
	"itnio_carriers":        65,
	"itnio_exporter_alerts": 18,
	"itnio_fraud":           11,
	"itnio_fraud_alerts":    2,
	"itnio_kpi":             21,
	"itnio_operations":      71,
	"itnio_thresholds":      79,
}

func judgeRules(s *scraping) Finding {
	if f, failed := s.missed("rules"); failed {
		return f
	}
	var missing, unhealthy []string
	rules := 0
	for name, shipped := range shippedRules {
		g := s.rules[name]
		rules += g.rules
		if g.rules < shipped {
			missing = append(missing, name)
		}
		if g.unhealthy > 0 {
			unhealthy = append(unhealthy, name)
		}
	}
	slices.Sort(missing)
	slices.Sort(unhealthy)
	switch {
	case len(unhealthy) > 0:
		return wrong("rules fail in "+strings.Join(unhealthy, ", "), "what they record or alert on is missing", "look at Status → Rule health for the error")
	case len(missing) == len(shippedRules) && rules == 0:
		return doubtful("none is loaded", "there are no alerts, and the dashboards lack what the rules record", "copy dashboards/rules and name it in rule_files; docs/alerts.md")
	case len(missing) > 0:
		return doubtful("missing, or not all of their rules: "+strings.Join(missing, ", "), "a copy of the rules is incomplete or older than the exporter", "copy dashboards/rules again")
	}
	return good(fmt.Sprintf("%d rules in %s", rules, count(len(shippedRules), "group")))
}
