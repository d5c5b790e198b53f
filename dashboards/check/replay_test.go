package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// The two weeks of the replay, in the account's time, UTC+8. The first week is what the second is compared with.
func local() *time.Location { return time.FixedZone("UTC+8", 8*3600) }

func firstDay() time.Time { return time.Date(2026, 1, 5, 0, 0, 0, 0, local()) } // a Monday

func lastDay() time.Time { return firstDay().AddDate(0, 0, 14) }

func incidents() []incident {
	return []incident{
		{
			"the carrier to IN fails", at(8, 10), at(8, 13), &simulator.Scenario{Kind: simulator.CarrierFailure, Country: "IN"},
			[]string{"ItnioASRDrop IN", "ItnioNERDrop IN", "ItnioSIPCodeBurst IN 503"},
		},
		{
			"a fraud night: calls to CU", at(9, 1), at(9, 5), &simulator.Scenario{Kind: simulator.FraudNight, Country: "CU"},
			[]string{"ItnioFirstTimeCountry CU", "ItnioOutboundMinutesSurge CU"},
		},
		{
			"the agent group Support is dead", at(10, 10), at(10, 15), &simulator.Scenario{Kind: simulator.DeadGroup, Group: "Support"},
			[]string{"ItnioAgentGroupSilent Support"},
		},
		{"the exporter is down for ten hours", at(11, 7), at(11, 17), nil, []string{"ItnioExporterDown"}},
	}
}

const catchUp = 20 * time.Minute

type incident struct {
	name     string
	from, to time.Time
	scenario *simulator.Scenario
	expected []string
}

// outage is the incident without calls.
func outage() incident {
	all := incidents()
	return all[len(all)-1]
}

func at(day, hour int) time.Time {
	return firstDay().AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

// TestReplay sends two weeks of simulated calls through the rules, minute by minute, as an exporter would expose them, and looks
// at which alerts fired when. It takes minutes, so it has to be asked for: REPLAY=1, or REPLAY=dir to keep the data for a Prometheus.
func TestReplay(t *testing.T) {
	keep := os.Getenv("REPLAY")
	if keep == "" {
		t.Skip("REPLAY is not set")
	}
	db, engine := openTSDB(t)
	groups := load(t, db, engine)
	fired := firings{}
	e := newPage()
	ctx := context.Background()
	for now, calls := range minutes() {
		e.step(t, db, now, calls)
		for _, g := range groups {
			if now.Unix()%int64(g.Interval().Seconds()) != 0 {
				continue
			}
			g.Eval(ctx, now)
			for _, r := range g.Rules() {
				if err := r.LastError(); err != nil {
					t.Fatalf("%s at %s: %v", r.Name(), now, err)
				}
				if a, ok := r.(*rules.AlertingRule); ok {
					fired.note(a, now, g.Interval())
				}
			}
		}
		if now.In(local()).Hour() == 0 && now.Minute() == 0 {
			t.Logf("%s is over", now.In(local()).AddDate(0, 0, -1).Format(time.DateOnly))
		}
	}
	table := fired.table()
	t.Logf("\n%s", table)
	if keep != "1" {
		if err := db.Snapshot(keep, true); err != nil {
			t.Error(err)
		}
	}
	fired.check(t)
}

// openTSDB opens an empty database with one head for all samples, as weeks are read again and again, and an engine for it. The test closes it.
func openTSDB(t *testing.T) (*tsdb.DB, *promql.Engine) {
	t.Helper()
	opts := tsdb.DefaultOptions()
	opts.MinBlockDuration = (60 * 24 * time.Hour).Milliseconds()
	opts.MaxBlockDuration, opts.RetentionDuration = opts.MinBlockDuration, opts.MinBlockDuration
	opts.WALSegmentSize = -1
	db, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, promql.NewEngine(promql.EngineOpts{Logger: promslog.NewNopLogger(), MaxSamples: 5e7, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true})
}

func load(t *testing.T, db *tsdb.DB, engine *promql.Engine) []*rules.Group {
	t.Helper()
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(engine, db), Appendable: db, Queryable: db, Context: context.Background(), Logger: promslog.NewNopLogger(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, Parser: parser.NewParser(parser.Options{}),
	})
	byKey, errs := m.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, ruleFiles(t)...)
	if errs != nil {
		t.Fatal(errs)
	}
	var groups []*rules.Group
	for _, g := range byKey {
		groups = append(groups, g)
		for _, r := range g.Rules() {
			if a, ok := r.(*rules.AlertingRule); ok {
				a.SetRestored(true)
			}
		}
	}
	// What others refer to comes first.
	order := []string{"itnio_thresholds", "itnio_account", "itnio_kpi"}
	rank := func(g *rules.Group) int {
		if i := slices.Index(order, g.Name()); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name(), b.Name()))
	})
	return groups
}

// minutes gives every minute and the calls that the exporter counts in it. A call is counted in the minute in which its record appears;
// those that appear while the exporter is down are counted afterwards, the newest first, over catchUp.
func minutes() func(func(time.Time, []simulator.Call) bool) {
	countries := slices.DeleteFunc(simulator.DefaultCountries(), func(c simulator.Country) bool { return c.Weight < 6 && c.Code != "CU" })
	o := simulator.Options{
		Seed: 7, Now: lastDay, Start: firstDay().Add(-6 * time.Hour), CallsPerDay: 24000, Rhythm: 0.8, LongShare: 0.002, LateShare: 0.001,
		Countries: countries, Groups: simulator.DefaultGroups()[:4], Accounts: []simulator.Account{{Name: "main", Key: "k", Secret: "s", Scale: 1}},
	}
	for _, i := range incidents() {
		if i.scenario != nil {
			s := *i.scenario
			s.From, s.To = i.from, i.to
			o.Scenarios = append(o.Scenarios, s)
		}
	}
	byMinute := map[int64][]simulator.Call{}
	down := outage()
	var missed []simulator.Call
	for c := range simulator.New(o).Calls() {
		if c.Ended().Before(firstDay()) || c.VisibleAt.After(lastDay()) {
			continue
		}
		if !c.VisibleAt.Before(down.from) && c.VisibleAt.Before(down.to) {
			missed = append(missed, c)
			continue
		}
		m := c.VisibleAt.Unix()/60 + 1
		byMinute[m] = append(byMinute[m], c)
	}
	slices.SortFunc(missed, func(a, b simulator.Call) int { return b.VisibleAt.Compare(a.VisibleAt) })
	for i, c := range missed {
		m := down.to.Unix()/60 + 1 + int64(i*int(catchUp.Minutes())/len(missed))
		byMinute[m] = append(byMinute[m], c)
	}
	return func(yield func(time.Time, []simulator.Call) bool) {
		for m := firstDay().Unix()/60 + 1; m <= lastDay().Unix()/60; m++ {
			if !yield(time.Unix(m*60, 0), byMinute[m]) {
				return
			}
		}
	}
}

// page is what a scrape shows: the exporter's model of families folded over the calls so far, and its own metrics.
type page struct {
	model  *families.Model
	series map[string]*timeSeries
	order  []*timeSeries
	wasUp  bool
	last   time.Time // newest complete read
	down   incident
}

type timeSeries struct {
	labels labels.Labels
	ref    storage.SeriesRef
	value  float64
	shown  float64
}

func newPage() *page {
	return &page{
		model:  families.New(config.Metrics{DurationBuckets: []float64{6, 180, 1800}, RingBuckets: []float64{3, 5, 20, 60, 120}}),
		series: map[string]*timeSeries{},
		down:   outage(),
	}
}

func (e *page) at(name string, pairs ...string) *timeSeries {
	key := name + "\x00" + strings.Join(pairs, "\x00")
	s := e.series[key]
	if s == nil {
		s = &timeSeries{labels: labels.FromStrings(append([]string{model.MetricNameLabel, name, "job", "itnio", "instance", "exporter:10198"}, pairs...)...)}
		e.series[key] = s
		e.order = append(e.order, s)
	}
	return s
}

// add folds a call into the families, as their table says.
func (e *page) add(s *simulator.Call) {
	c := &call.Call{
		Type: s.Type, Reason: s.Reason, Outcome: s.Reason.Outcome(), Party: s.Party, Country: s.Country, CallingCode: s.CallingCode, Group: s.Group,
		VoiceGroupID: strconv.FormatInt(s.VoiceGroupID, 10), SIPCode: strconv.Itoa(s.SIPCode), Talk: s.Talk, Ring: s.Ring, End: s.Ended(),
	}
	for _, a := range e.model.Folder("main", c.End, admitAll{}).Fold(c, true) {
		f := &e.model.Families[a.Family]
		var pairs []string
		for i, l := range f.Labels {
			pairs = append(pairs, l, a.Labels[i])
		}
		switch a.Kind {
		case families.Add:
			e.at(f.Name, pairs...).value += float64(a.Amount)
		case families.Raise:
			g := e.at(f.Name, pairs...)
			g.value = max(g.value, float64(a.Amount))
			if f.Adds == families.LatestEnd {
				g.shown = g.value
			}
		case families.Observe:
			e.observe(f, pairs, float64(a.Amount))
		}
	}
}

// admitAll is an admission without limits.
type admitAll struct{}

func (admitAll) Admit(_, value string, _ int) string { return value }

func (e *page) observe(f *families.Family, pairs []string, v float64) {
	e.at(f.Name+"_sum", pairs...).value += v
	e.at(f.Name+"_count", pairs...).value++
	for _, b := range append(slices.Clone(f.Bounds), math.Inf(1)) {
		le := strconv.FormatFloat(b, 'f', 1, 64) // as Prometheus 3 stores it: 20.0
		s := e.at(f.Name+"_bucket", append(slices.Clone(pairs), "le", le)...)
		if v <= b {
			s.value++
		}
	}
}

// step appends one scrape.
func (e *page) step(t *testing.T, db *tsdb.DB, now time.Time, calls []simulator.Call) {
	t.Helper()
	down := e.down
	app := db.Appender(context.Background())
	put := func(s *timeSeries, v float64) {
		ref, err := app.Append(s.ref, s.labels, now.UnixMilli(), v)
		if err != nil {
			t.Fatal(err)
		}
		s.ref = ref
	}
	up := e.at("up")
	if now.After(down.from) && !now.After(down.to) {
		if e.wasUp {
			for _, s := range e.order {
				put(s, math.Float64frombits(value.StaleNaN))
			}
		}
		e.wasUp = false
		put(up, 0)
	} else {
		e.wasUp = true
		for _, s := range e.order {
			s.shown = s.value // a series born now shows 0 until the next scrape
		}
		for i := range calls {
			e.add(&calls[i])
		}
		remaining := 0.0
		if left := down.to.Add(catchUp).Sub(now); left > 0 && now.After(down.to) {
			remaining = down.to.Sub(down.from).Seconds() * left.Seconds() / catchUp.Seconds()
		} else {
			e.last = now.Add(-time.Second)
		}
		for name, v := range map[string]float64{
			"itnio_up": 1, "itnio_exporter_last_success_timestamp_seconds": float64(now.Unix() - 1), "itnio_exporter_complete_until_timestamp_seconds": float64(e.last.Unix()),
			"itnio_exporter_catch_up_remaining_seconds": remaining, "itnio_exporter_clock_skew_seconds": 0.1, "itnio_exporter_open_windows": 0,
		} {
			s := e.at(name, "account", "main")
			s.value, s.shown = v, v
		}
		e.at("itnio_exporter_api_requests_total", "account", "main", "endpoint", "record_query", "status", "0").value++
		e.at("itnio_exporter_records_total", "account", "main", "result", "counted").value += float64(len(calls))
		reload := e.at("itnio_exporter_config_last_reload_successful")
		reload.value, reload.shown = 1, 1
		up.value, up.shown = 1, 1
		for _, s := range e.order {
			put(s, s.shown)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

// firings says when each alert fired.
type firings map[string][]span

type span struct{ from, to time.Time }

// note is called after each evaluation of an alert; what fires stands until the next one.
func (f firings) note(a *rules.AlertingRule, now time.Time, interval time.Duration) {
	a.ForEachActiveAlert(func(x *rules.Alert) {
		if x.State != rules.StateFiring {
			return
		}
		key := a.Name()
		for _, l := range []string{"agent_group", "country", "code"} {
			if v := x.Labels.Get(l); v != "" {
				key += " " + v
			}
		}
		spans := f[key]
		if n := len(spans); n > 0 && !now.After(spans[n-1].to) {
			spans[n-1].to = now.Add(interval)
			return
		}
		f[key] = append(spans, span{now, now.Add(interval)})
	})
}

// check compares what fired with the incidents: each of their alerts within two hours, nothing else, and nothing long after.
func (f firings) check(t *testing.T) {
	expected := map[string]incident{}
	for _, i := range incidents() {
		for _, a := range i.expected {
			expected[a] = i
		}
	}
	for name, spans := range f {
		i, ok := expected[name]
		if !ok {
			t.Errorf("%s fired at %s", name, spans[0].from.In(local()))
			continue
		}
		first, last := spans[0], spans[len(spans)-1]
		if first.from.Before(i.from) || first.from.After(i.from.Add(2*time.Hour)) || last.to.After(i.to.Add(90*time.Minute)) {
			t.Errorf("%s fired from %s to %s, but %s from %s to %s", name, first.from.In(local()), last.to.In(local()), i.name, i.from, i.to)
		}
	}
	for name := range expected {
		if len(f[name]) == 0 {
			t.Errorf("%s did not fire", name)
		}
	}
}

func (f firings) table() string {
	const clock = "Mon 15:04"
	var b strings.Builder
	b.WriteString("| what happened | from – to | alert | fired | resolved |\n|---|---|---|---|---|\n")
	rest := map[string]bool{}
	for name := range f {
		rest[name] = true
	}
	line := func(what, when, name string) {
		for _, s := range f[name] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", what, when, name, s.from.In(local()).Format(clock), s.to.In(local()).Format(clock))
			what, when = "", ""
		}
		delete(rest, name)
	}
	for _, i := range incidents() {
		what, when := i.name, i.from.Format(clock)+" – "+i.to.Format("15:04")
		for _, name := range i.expected {
			line(what, when, name)
			what, when = "", ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		line("nothing", "", name)
	}
	return b.String()
}

func ruleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("rule files: %v, %v", files, err)
	}
	return files
}
