package check

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	day  = 24 * 60 // of minutes, one sample each
	hour = 60
	// The runs begin on Monday evening, 20:00 in the accounts' time, so that ten hours of downtime from 2:00 on reach into office hours.
	runBegins = "2026-01-05T12:00:00Z"
	runEpoch  = 1767614400
	// The file in which every alert has to be silent, step by step.
	daysFile = "../rules/tests/days_test.yml"
)

// A timeline is a run: all its actors share it, so that every rule is evaluated once for all of them.
type timeline struct {
	file, comment    string
	step             string
	downFrom, downTo int // minutes
	ends             int
	known            bool // the accounts have been known for a week when it gets interesting
	lean             bool // incoming calls and their alerts only
	actors           []string
	extra            string
}

func timelines() []timeline {
	days := timeline{
		file: daysFile, step: "5m", downFrom: day + 6*hour, known: true,
		actors: []string{"healthy", "idle", "new", "history", "down", "restarted", "away"},
		comment: `# Nothing fires where nothing is wrong: healthy traffic, none at all, a new deployment, ten hours of downtime that are caught up. Many accounts, each
# with an exporter of its own, share two days; all but the new ones have been known for a week when the downtime begins.`,
	}
	week := timeline{
		file: "../rules/tests/week_test.yml", step: "5m", downFrom: 7*day + 6*hour, lean: true,
		actors:  []string{"away", "dead", "night"},
		comment: `# What is compared with a whole week: a group that falls silent; and nothing fires for groups that are closed every night, nor while the API is away.`,
		extra: `    alert_rule_test:
      - alertname: ItnioAgentGroupSilent
        eval_time: 7d18h
        exp_alerts:
          - exp_labels: {job: "itnio", account: "dead", agent_group: "support", severity: "critical", team: "operations"}
            exp_annotations:
              description: "Agent group support (account dead) finished 0 call(s) in the last 1h 0m 0s; in the same time a week ago it finished 6000. Its last call ended 2h 0m 0s ago."
              runbook_url: "https://example.org/itnio_exporter/docs/alerts.md#itnioagentgroupsilent"
              summary: "support has next to no calls"
`,
	}
	for _, l := range []*timeline{&days, &week} {
		l.downTo = l.downFrom + 10*hour
		l.ends = l.downTo + 12*hour
	}
	return []timeline{days, week}
}

// A piece is a number of minutes in which an account has so many times its usual calls. In a gap nothing is scraped, but calls go on.
type piece struct {
	minutes int
	rate    float64
	gap     bool
}

// An actor is an account of the run, with an exporter of its own, and what has to fire for it, in all and in parts of the run.
type actor struct {
	name, what string
	calls      []piece             // what all its calls do
	group      map[string][]piece  // one agent group does something else
	own        map[string]string   // samples of the exporter's own metrics, by name
	begins     int                 // minutes before it is deployed
	history    float64             // minutes of calls that its first sample shows already
	apart      int                 // minutes between the first calls to one country and the next
	countries  []string            // of its outgoing calls
	idle       bool                // no calls at all
	dialler    bool                // has a dialler too
	surprise   bool                // what it missed holds calls of a fraud, a wangiri and a bad hour
	fires      map[string][]string // "" for the whole run, else "from-to" in minutes
}

// files are the rule files that a run loads beside thresholds and 5-minute values.
func (l timeline) files() string {
	if l.lean {
		return ", ../operations.yml"
	}
	return ", ../exporter.yml, ../fraud.yml, ../carriers.yml, ../operations.yml"
}

// groups are the groups of those files, each after what it reads.
func (l timeline) groups() string {
	if l.lean {
		return ", itnio_operations"
	}
	return ", itnio_fraud, itnio_carriers, itnio_operations, itnio_exporter_alerts, itnio_fraud_alerts"
}

// cast are the accounts of a run.
func (l timeline) cast() []actor {
	const catchUp = 20
	downFrom, downTo, ends := l.downFrom, l.downTo, l.ends
	steady := []piece{{minutes: ends, rate: 1}}
	deployed := ends - 2*day
	at := func(minute int) int { return runEpoch + 60*minute }
	down := []piece{{downFrom, 1, false}, {10 * hour, 1, true}, {catchUp, 1 + 10*hour/catchUp, false}, {ends - downTo - catchUp, 1, false}}
	all := []actor{
		{name: "healthy", what: "healthy traffic", calls: steady, countries: []string{"SG"}, dialler: true},
		{name: "idle", what: "no traffic at all", calls: steady, countries: []string{"SG"}, idle: true},
		{
			name: "new", what: "a new deployment, one country after the other for the first time",
			calls: steady, begins: deployed, apart: hour, countries: []string{"SG", "NO", "CU"},
		},
		{name: "history", what: "a new deployment with initial history", calls: steady, begins: deployed, history: 3000, countries: []string{"SG"}, dialler: true},
		{
			name: "down", what: "the exporter is down for ten hours; what was missed is caught up in 20 minutes",
			calls: down, surprise: true, countries: []string{"SG"}, dialler: true,
			own: map[string]string{
				"up": fmt.Sprintf("1x%d 0x%d 1x%d", downFrom-1, 10*hour-1, ends-downTo-1),
				"itnio_exporter_catch_up_remaining_seconds":       fmt.Sprintf("0x%d _x%d 36000-1800x%d 0x%d", downFrom-1, 10*hour, catchUp-1, ends-downTo-catchUp-1),
				"itnio_exporter_complete_until_timestamp_seconds": fmt.Sprintf("%d+60x%d _x%d %dx%d %d+60x%d", at(0), downFrom-1, 10*hour, at(downFrom-1), catchUp-1, at(downTo+catchUp), ends-downTo-catchUp-1),
			},
			fires: map[string][]string{"": {"ItnioExporterDown"}, fmt.Sprintf("%d-%d", downTo+5, ends): nil},
		},
		{
			name: "restarted", what: "the exporter is down for ten hours, and all is caught up before the first scrape",
			calls: []piece{{downFrom, 1, false}, {10 * hour, 1, true}, {ends - downTo, 1, false}}, surprise: true, countries: []string{"SG"},
			own:   map[string]string{"up": fmt.Sprintf("1x%d 0x%d 1x%d", downFrom-1, 10*hour-1, ends-downTo-1)},
			fires: map[string][]string{"": {"ItnioExporterDown"}, fmt.Sprintf("%d-%d", downTo+5, ends): nil},
		},
		{
			name: "away", what: "the API is away for ten hours; what was missed is caught up in 20 minutes",
			calls:    []piece{{downFrom, 1, false}, {10 * hour, 0, false}, {catchUp, 1 + 10*hour/catchUp, false}, {ends - downTo - catchUp, 1, false}},
			surprise: true, countries: []string{"SG"},
			own: map[string]string{
				"itnio_up": fmt.Sprintf("1x%d 0x%d 1x%d", downFrom-1, 10*hour-1, ends-downTo-1),
				"itnio_exporter_catch_up_remaining_seconds":          fmt.Sprintf("0x%d 36000-1800x%d 0x%d", downTo-1, catchUp-1, ends-downTo-catchUp-1),
				"itnio_exporter_complete_until_timestamp_seconds":    fmt.Sprintf("%d+60x%d %dx%d %d+60x%d", at(0), downFrom-1, at(downFrom-1), 10*hour+catchUp-1, at(downTo+catchUp), ends-downTo-catchUp-1),
				"itnio_exporter_last_success_timestamp_seconds":      fmt.Sprintf("%d+60x%d %dx%d %d+60x%d", at(0), downFrom-1, at(downFrom-1), 10*hour-1, at(downTo), ends-downTo-1),
				`itnio_exporter_api_requests_total status="0"`:       fmt.Sprintf("0+2x%d %dx%d %d+60x%d %d+2x%d", downFrom-1, 2*downFrom, 10*hour-1, 2*downFrom, catchUp-1, 2*downFrom+60*catchUp, ends-downTo-catchUp-1),
				`itnio_exporter_api_requests_total status="timeout"`: fmt.Sprintf("0x%d 1+1x%d %dx%d", downFrom-1, 10*hour-1, 10*hour, ends-downTo-1),
			},
			fires: map[string][]string{"": {"ItnioAPIErrors", "ItnioAccountStale"}, fmt.Sprintf("%d-%d", downTo+15, ends): nil},
		},
		{
			name: "dead", what: "a group falls silent on Tuesday at noon, and one with few calls", calls: steady, countries: []string{"SG"},
			group: map[string][]piece{"support": {{downTo, 1, false}, {4 * hour, 0, false}, {ends - downTo - 4*hour, 1, false}}},
			fires: map[string][]string{"": {"ItnioAgentGroupSilent"}, fmt.Sprintf("%d-%d", downTo+5*hour+20, ends): nil},
		},
		{
			name: "night", what: "groups that are closed every night", calls: steady, countries: []string{"SG"},
			group: map[string][]piece{"support": nights(ends)},
		},
	}
	if l.lean {
		for i := range all {
			all[i].fires = onlyOperations(all[i].fires)
		}
	}
	return slices.DeleteFunc(all, func(a actor) bool { return !slices.Contains(l.actors, a.name) })
}

// nights are calls from 8:00 to 22:00 of each day; the run begins at 20:00.
func nights(ends int) []piece {
	pieces := []piece{{2 * hour, 1, false}}
	for at := 2 * hour; at < ends; at += day {
		pieces = append(pieces, piece{min(10*hour, ends-at), 0, false})
		if at+10*hour < ends {
			pieces = append(pieces, piece{min(14*hour, ends-at-10*hour), 1, false})
		}
	}
	return pieces
}

func onlyOperations(fires map[string][]string) map[string][]string {
	kept := map[string][]string{}
	for window, alerts := range fires {
		kept[window] = slices.DeleteFunc(slices.Clone(alerts), func(a string) bool { return a != "ItnioAgentGroupSilent" })
	}
	return kept
}

// counter is a counter that rises by a number each minute, as the pieces say, from the minute of its birth on.
func counter(perMinute float64, born int, begin float64, pieces []piece) string {
	var b strings.Builder
	value, at := begin, 0
	for _, p := range pieces {
		from := max(at, born)
		at += p.minutes
		n, step := at-from, perMinute*p.rate
		switch {
		case n <= 0:
			continue
		case p.gap:
			fmt.Fprintf(&b, " _x%d", n)
			value += step * float64(n)
			continue
		case from == born && born > 0:
			fmt.Fprintf(&b, " _x%d", born)
		}
		if from > born {
			value += step
		}
		fmt.Fprintf(&b, " %.10g+%.10gx%d", value, step, n-1)
		value += step * float64(n-1)
	}
	return strings.TrimSpace(b.String())
}

// test writes the promtool test of a run.
func (l timeline) test() string {
	var b strings.Builder
	b.WriteString(l.comment)
	b.WriteString(`
# Written by dashboards/check (UPDATE=1 go test -run RuleTests .). The accounts are explained there.
# Groups are all evaluated at evaluation_interval here.
rule_files: [../thresholds.yml, ../recording.yml` + l.files() + `]
fuzzy_compare: true
evaluation_interval: ` + l.step + `
group_eval_order: [itnio_thresholds, itnio_account, itnio_kpi` + l.groups() + `]
tests:
  - name: "`)
	for i, a := range l.cast() {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(a.name + ": " + a.what)
	}
	fmt.Fprintf(&b, "\"\n    interval: 1m\n    start_timestamp: %s\n    input_series:\n", runBegins)
	for _, a := range l.cast() {
		a.write(&b, l)
	}
	b.WriteString("    promql_expr_test:\n")
	fired := map[string]int{}
	for _, a := range l.cast() {
		for _, alert := range a.fires[""] {
			fired[alert]++
		}
		windows := append([]string{""}, slices.Sorted(maps.Keys(a.fires))...)
		for _, window := range slices.Compact(windows) {
			from, to := 0, l.ends-1
			if window != "" {
				if _, err := fmt.Sscanf(window, "%d-%d", &from, &to); err != nil {
					panic(err)
				}
				to = min(to, l.ends-1)
			}
			fmt.Fprintf(&b, "      - expr: 'count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\", account=~\"%s\"}[%dm]) or count_over_time(ALERTS{alertstate=\"firing\", instance=\"%s:10198\"}[%dm]))'\n", a.name, to-from, a.name, to-from)
			fmt.Fprintf(&b, "        eval_time: %dm\n", to)
			if len(a.fires[window]) == 0 {
				b.WriteString("        exp_samples: []\n")
				continue
			}
			b.WriteString("        exp_samples:\n")
			for _, alert := range a.fires[window] {
				fmt.Fprintf(&b, "          - {labels: '{alertname=\"%s\"}', value: 1}\n", alert)
			}
		}
	}
	// And nothing that is of none of them.
	fmt.Fprintf(&b, "      - expr: 'count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[%dm]))'\n        eval_time: %dm\n        exp_samples:\n", l.ends, l.ends-1)
	for _, alert := range slices.Sorted(maps.Keys(fired)) {
		fmt.Fprintf(&b, "          - {labels: '{alertname=\"%s\"}', value: %d}\n", alert, fired[alert])
	}
	b.WriteString(l.extra)
	return b.String()
}

// TestRuleTestsAreUpToDate: the files of the runs are what this file writes.
func TestRuleTestsAreUpToDate(t *testing.T) {
	for _, l := range timelines() {
		want := l.test()
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(l.file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(l.file)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what this test writes (UPDATE=1 go test -run RuleTests .): %v", l.file, err)
		}
	}
}
