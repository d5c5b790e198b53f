package check

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"itnio_exporter/simulator"
)

const (
	hasten = 30              // the stack's rules run this much faster
	run    = 4 * time.Minute // twice a hastened hour: rules on the week look at the hours, on the hour, before the last one
)

// stack is the real thing: two exporters of one scrape job, each with a simulated API of its own, Prometheus with the rules, Alertmanager, and
// one who is told. What is compared with the truth is the first exporter's; the second is there to be told apart.
type stack struct {
	t   *testing.T
	dir string
	*exporter
	other      *exporter
	prometheus Prometheus
	hook       *Hook
	began      time.Time
}

// TestStack needs prometheus, promtool and alertmanager in the PATH and takes some twenty minutes, so it has to be asked for: STACK=1.
// If the counts are not the truth, what says why is kept in a new folder in EVIDENCE (the system's temporary folder if that is not set).
func TestStack(t *testing.T) {
	if os.Getenv("STACK") == "" {
		t.Skip("STACK is not set")
	}
	s := start(t)
	time.Sleep(time.Until(s.began.Add(run)))
	s.control(`{"stop_traffic": true}`)
	s.settle()
	t.Run("counts are the truth", s.counts)
	t.Run("KPIs are the truth", s.kpis)
	t.Run("every panel has data", s.panels)
	t.Run("recording rules have data", s.records)
	s.control(`{"stop_traffic": false}`)
	t.Run("alerts reach who is concerned", s.alerts)
}

func start(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, dir: t.TempDir(), hook: &Hook{}}
	s.build()
	s.lastWeek()
	s.began = time.Now().Add(20 * time.Second) // the exporter is up by then: what ends before its first good answer is baseline
	countries := slices.DeleteFunc(simulator.DefaultCountries(), func(c simulator.Country) bool { return c.Weight < 4 && c.Code != "CU" })
	busy := simulator.Options{Seed: 11, Start: s.began, CallsPerDay: 600000, TalkMedian: 8 * time.Second, TalkSigma: 0.6, Countries: countries, Groups: simulator.DefaultGroups()[:6]}
	calm := busy
	calm.Seed, calm.CallsPerDay, calm.Countries = 12, 60000, countries[:1]
	s.exporter, s.other = s.newExporter("demo", busy), s.newExporter("second", calm)
	hook := s.serve(s.hook)
	prometheusAt, alertmanagerAt := s.free(), s.free()
	s.prometheus = Prometheus("http://" + prometheusAt)
	for _, file := range ruleFiles(t) {
		text := Hasten(s.read(file), hasten)
		if strings.HasSuffix(file, "thresholds.yml") {
			for name, v := range map[string]float64{
				"learning_seconds": 100, "settled_age_seconds": 30, "stale_seconds": 30,
			} {
				var err error
				if text, err = SetThreshold(text, name, v); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.write("rules/"+filepath.Base(file), text)
	}
	// The test runs at any hour.
	routes := regexp.MustCompile(`(?m)^ *mute_time_intervals: .*\n`).ReplaceAllString(s.read("../alertmanager.yml"), "")
	s.write("alertmanager.yml", strings.ReplaceAll(Hasten(routes, hasten), "127.0.0.1:29095", hook))
	config := strings.ReplaceAll(strings.ReplaceAll(s.read("../prometheus.yml"), "'exporter:10198'", "'"+s.address+"', '"+s.other.address+"'"), "'alertmanager:9093'", "'"+alertmanagerAt+"'")
	config = strings.Replace(config, "scrape_interval: 5s", "scrape_interval: 2s\n  evaluation_interval: 2s", 1)
	s.write("prometheus.yml", strings.Replace(config, "scrape_timeout: 4s", "scrape_timeout: 2s", 1))
	s.start()
	s.other.start()
	s.command("alertmanager", "--config.file="+s.path("alertmanager.yml"), "--storage.path="+s.path("alertmanager"), "--cluster.listen-address=", "--web.listen-address="+alertmanagerAt)
	s.command("prometheus", "--config.file="+s.path("prometheus.yml"), "--storage.tsdb.path="+s.path("prometheus"), "--web.listen-address="+prometheusAt, "--storage.tsdb.retention.time=10d")
	return s
}

// lastWeek gives the group that will fall silent a busy past: with everything hastened, a week ago is some hours ago.
func (s *stack) lastWeek() {
	week := 7 * 24 * time.Hour / hasten
	var b bytes.Buffer
	b.WriteString("# TYPE account_agent_group:itnio_calls_settled:increase1h gauge\n")
	for at := time.Now().Add(-week - 10*time.Minute); at.Before(time.Now().Add(-week + time.Hour)); at = at.Add(10 * time.Second) {
		fmt.Fprintf(&b, "account_agent_group:itnio_calls_settled:increase1h{job=\"itnio\",account=\"demo\",agent_group=\"Support\"} 40 %d\n", at.Unix())
	}
	b.WriteString("# EOF\n")
	s.write("week.om", b.String())
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", s.path("week.om"), s.path("prometheus")).CombinedOutput(); err != nil {
		s.t.Fatalf("backfill: %v\n%s", err, out)
	}
}

// settle waits until every call has ended, been counted and been scraped.
func (s *stack) settle() {
	deadline := time.Now().Add(3 * time.Minute)
	for {
		outstanding, total := 0, 0
		now := time.Now()
		for c := range s.sim.Calls() {
			if c.VisibleAt.After(now) {
				outstanding++
			}
			total++
		}
		got := s.query(`sum(itnio_calls_total{account="demo"})`)
		if outstanding == 0 && len(got) == 1 && int(got[0].Value) == total {
			time.Sleep(15 * time.Second) // and recorded
			return
		}
		if now.After(deadline) {
			s.evidence()
			s.t.Fatalf("%d calls were made, %d are outstanding, Prometheus has %v; %v", total, outstanding, got,
				s.query(`{account="demo", __name__=~"itnio_exporter_(records_total|record_anomalies_total|open_windows|catch_up_remaining_seconds|audit_missing_records_total)"} != 0`))
		}
		time.Sleep(2 * time.Second)
	}
}

// evidence keeps what says why the counts are not the truth: the exporter's metrics, all calls as the simulator made them, logs, ledger.
func (s *stack) evidence() {
	dir, err := os.MkdirTemp(os.Getenv("EVIDENCE"), "stack-")
	if err != nil {
		s.t.Error(err)
		return
	}
	var b bytes.Buffer
	for c := range s.sim.Calls() {
		fmt.Fprintf(&b, "%+v\n", c)
	}
	truth := b.Bytes()
	page, err := http.Get("http://" + s.address + "/metrics")
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = page.Body.Close() }() // it was read
	var metrics bytes.Buffer
	if _, err := metrics.ReadFrom(page.Body); err != nil {
		s.t.Error(err)
	}
	for name, text := range map[string][]byte{"calls.txt": truth, "metrics.txt": metrics.Bytes(), "api.txt": fmt.Appendf(nil, "%v", s.sim.Stats())} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			s.t.Error(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "run"), os.DirFS(s.dir)); err != nil {
		s.t.Error(err)
	}
	s.t.Logf("evidence is kept in %s", dir)
}

func (s *stack) counts(t *testing.T) {
	truth := map[string]float64{}
	for c := range s.sim.Calls() {
		truth[strings.Join([]string{c.Group, c.Country, c.Type.String(), c.Reason.Outcome().String(), c.Reason.String(), c.Party.String()}, " | ")]++
	}
	// What Prometheus saw rise: the last value less the first, which is 0 for every series.
	first := s.query(fmt.Sprintf("sum(min_over_time(itnio_calls_total{account=\"demo\"}[%s]))", s.window()))
	if len(first) != 1 || first[0].Value != 0 {
		t.Errorf("series did not begin at 0: %v", first)
	}
	got := s.query("sum by (agent_group, country, call_type, outcome, hangup_reason, hangup_party) (itnio_calls_total{account=\"demo\"})")
	if len(got) != len(truth) {
		t.Errorf("%d label sets, the truth has %d", len(got), len(truth))
	}
	for _, x := range got {
		l := x.Labels
		if key := strings.Join([]string{l["agent_group"], l["country"], l["call_type"], l["outcome"], l["hangup_reason"], l["hangup_party"]}, " | "); truth[key] != x.Value {
			t.Errorf("%s: %v calls, the truth is %v", key, x.Value, truth[key])
		}
	}
}

// fewCalls is the end of an expression that gives a ratio without a colour, of fewer calls than a healthy run has.
const fewCalls = ") < 20"

// panels asks every expression of every dashboard, as Grafana would.
func (s *stack) panels(t *testing.T) {
	empty := []string{ // nothing to show in a healthy run of some minutes
		"Firing alerts", "Countries called for the first time", "Anomalies by kind", "Anomalies in the time range", "Audits", "One-ring incoming calls",
	}
	for _, d := range allDashboards(t) {
		for _, x := range d.Expressions() {
			if x.Annotation || strings.Contains(x.Expr, fewCalls) {
				continue
			}
			expr := Fill(x.Expr, map[string]string{"__range": s.window(), "__rate_interval": "30s", "__interval": s.window()})
			expr = strings.ReplaceAll(expr, "offset 1w", "offset 1m") // there is no last week
			step := 5 * time.Second
			if x.Instant {
				step = 0
			}
			got, err := s.prometheus.Query(context.Background(), expr, s.began, time.Now(), step)
			if err != nil {
				t.Errorf("%s: %v", x.Where, err)
				continue
			}
			if len(got) == 0 && !slices.ContainsFunc(empty, func(e string) bool { return strings.Contains(x.Where, " / "+e+" / ") }) {
				t.Errorf("%s has no data: %s", x.Where, expr)
			}
		}
	}
}

// records looks for every recorded series: on series that a real server scraped, buckets and all.
func (s *stack) records(t *testing.T) {
	for _, r := range allRules(t) {
		if r.Record == "" || r.Record == "account:itnio_outgoing_usual:increase1h" { // needs a day
			continue
		}
		if got := s.query("last_over_time(" + r.Record + "[5m])"); len(got) == 0 {
			t.Errorf("%s has no data: %s", r.Record, r.Expr)
		}
	}
}

// alerts provokes the cases one after the other and waits until the right one is told, and told when it is over.
func (s *stack) alerts(t *testing.T) {
	// Traffic has come back. That there was none for what is an hour here may have been told, and is over after another one.
	time.Sleep(time.Hour/hasten + 45*time.Second)
	s.hook.Forget()
	// The calls of a fraud night last five minutes and more, and count when they end.
	s.control(`{"scenario": {"kind": "fraud_night", "country": "CU", "seconds": 120}}`)
	for _, c := range []struct {
		alert, receiver string
		provoke, fix    func()
		within          time.Duration
	}{
		{"ItnioMissedIncoming", "operations-page", func() { s.control(`{"scenario": {"kind": "missed_incoming", "seconds": 60}}`) }, func() {}, 3 * time.Minute},
		{"ItnioAgentGroupSilent", "operations-page", func() { s.control(`{"scenario": {"kind": "dead_group", "group": "Support", "seconds": 300}}`) }, func() {}, 7 * time.Minute},
		{"ItnioFirstTimeCountry", "fraud-page", nil, func() {}, 9 * time.Minute},
		{"ItnioAPIAuthenticationRefused", "platform-page", func() { s.control(`{"auth_refused": true}`) }, func() { s.control(`{"auth_refused": false}`) }, 3 * time.Minute},
		{"ItnioExporterDown", "platform-page", s.stop, func() { s.othersAreTold(t); s.start() }, 3 * time.Minute},
	} {
		if c.provoke != nil {
			if text, ok := s.hook.Got(c.receiver, "firing", c.alert); ok {
				t.Errorf("%s fired before its time: %s", c.alert, text)
			}
			c.provoke()
		}
		s.told(t, c.receiver, "firing", c.alert, c.within)
		c.fix()
		s.told(t, c.receiver, "resolved", c.alert, c.within)
	}
}

// othersAreTold: while one exporter is down, what the other one reads is still told.
func (s *stack) othersAreTold(t *testing.T) {
	t.Helper()
	s.hook.Forget()
	s.other.control(`{"auth_refused": true}`)
	s.told(t, "platform-page", "firing", "ItnioAPIAuthenticationRefused", 3*time.Minute)
	if text, ok := s.hook.Got("platform-page", "firing", "ItnioAPIAuthenticationRefused"); ok && !strings.Contains(text, "account second") {
		t.Errorf("the other exporter's alert is %q", text)
	}
	s.other.control(`{"auth_refused": false}`)
}

func (s *stack) told(t *testing.T, receiver, status, alert string, within time.Duration) {
	t.Helper()
	began := time.Now()
	for time.Since(began) < within {
		if text, ok := s.hook.Got(receiver, status, alert); ok {
			t.Logf("%s: %s %s after %s: %s", receiver, alert, status, time.Since(began).Round(time.Second), text)
			return
		}
		time.Sleep(time.Second)
	}
	t.Errorf("%s was not told within %s that %s is %s", receiver, within, alert, status)
}

func (s *stack) window() string { return fmt.Sprintf("%ds", int(time.Since(s.began).Seconds())+10) }

func (s *stack) query(expr string) []Sample {
	got, err := s.prometheus.Query(context.Background(), expr, time.Time{}, time.Time{}, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *stack) build() {
	build := exec.Command("go", "build", "-o", s.path("itnio_exporter"), ".")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("build: %v\n%s", err, out)
	}
}

// command starts a program that ends with the test; its last words are shown if the test fails.
func (s *stack) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	log, err := os.OpenFile(s.path(filepath.Base(name)+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = c.Wait()
		_ = log.Close()
		if s.t.Failed() {
			text := s.read(log.Name())
			s.t.Logf("%s: %s", name, text[max(0, len(text)-1500):])
		}
	})
	return c
}

func (s *stack) serve(h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	s.t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

func (s *stack) free() string {
	port, err := FreePort()
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (s *stack) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stack) read(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func (s *stack) write(name, text string) {
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
