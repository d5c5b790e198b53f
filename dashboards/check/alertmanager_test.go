package check

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// alert is the labels of an alert, and whether another one is to mute it.
type alert struct {
	labels string // "name=value", separated by commas
	muted  bool
}

// twoExporters are alerts of two exporters in one job, one of which is down, and of a third and a staging exporter.
func twoExporters() []alert {
	return []alert{
		{"alertname=ItnioExporterDown,team=platform,job=itnio,instance=one", false},
		{"alertname=ItnioAccountStale,team=platform,job=itnio,instance=one,account=a", true},
		{"alertname=ItnioMissedIncoming,team=operations,job=itnio,account=a,agent_group=Support", true}, // its account is stale
		{"alertname=ItnioMissedIncoming,team=operations,job=itnio-staging,account=a,agent_group=Support", false},
		{"alertname=ItnioFirstTimeCountry,team=fraud,job=itnio,account=a,country=CU", false},
		{"alertname=ItnioOutboundMinutesSurge,team=fraud,job=itnio,account=a,country=CU", true},
		{"alertname=ItnioOutboundMinutesSurge,team=fraud,job=itnio,account=b,country=CU", false},

		{"alertname=ItnioAPIErrors,team=platform,job=itnio,instance=two,account=b", false},
		{"alertname=ItnioAccountStale,team=platform,job=itnio,instance=two,account=b", false},
		{"alertname=ItnioFirstTimeCountry,team=fraud,job=itnio,account=b,country=LV", false},

		{"alertname=ItnioLedgerCommitFailures,team=platform,job=itnio,instance=three", false},
		{"alertname=ItnioAccountStale,team=platform,job=itnio,instance=three,account=c", true},

		{"alertname=ItnioAPIAuthenticationRefused,team=platform,job=itnio,instance=two,account=d", false},
		{"alertname=ItnioAPIErrors,team=platform,job=itnio,instance=two,account=d", true},
		{"alertname=ItnioAccountNeverRead,team=platform,job=itnio,instance=two,account=d", true},

		{"alertname=ItnioManyGroupsSilent,team=operations,job=itnio,account=e", false},
		{"alertname=ItnioAgentGroupSilent,team=operations,job=itnio,account=e,agent_group=Sales", true},
		{"alertname=ItnioAgentGroupSilent,team=operations,job=itnio,account=f,agent_group=Sales", false},
		{"alertname=ItnioNERDrop,team=carrier,job=itnio,account=e,country=IN", false},
		{"alertname=ItnioASRDrop,team=carrier,job=itnio,account=e,country=IN", true},
		{"alertname=ItnioASRDrop,team=carrier,job=itnio,account=e,country=SG", false},
	}
}

// TestInhibition sends alerts to a real Alertmanager (ALERTMANAGER_BIN, or in the PATH) and asks it which ones it mutes.
func TestInhibition(t *testing.T) {
	binary, err := exec.LookPath(cmp.Or(os.Getenv("ALERTMANAGER_BIN"), "alertmanager"))
	if err != nil {
		t.Skip("there is no alertmanager:", err)
	}
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	manager := exec.Command(binary, "--config.file=../alertmanager.yml", "--storage.path="+t.TempDir(), "--cluster.listen-address=", "--web.listen-address="+address)
	var log bytes.Buffer
	manager.Stdout, manager.Stderr = &log, &log
	if err := manager.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = manager.Process.Kill() // it may have ended
		_ = manager.Wait()
		if t.Failed() {
			t.Logf("%s", log.Bytes())
		}
	})
	want := map[string]bool{}
	var sent []map[string]map[string]string
	for _, a := range twoExporters() {
		want[a.labels] = a.muted
		sent = append(sent, map[string]map[string]string{"labels": parseLabels(a.labels)})
	}
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	// It takes alerts a moment after it was started, and mutes a moment after it took them.
	var got map[string]bool
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if resp, err := http.Post("http://"+address+"/api/v2/alerts", "application/json", bytes.NewReader(body)); err == nil {
			_ = resp.Body.Close() // nothing of it is needed
			if got = inhibited(t, address); maps.Equal(got, want) {
				return
			}
		}
	}
	for labels, muted := range want {
		if is, ok := got[labels]; !ok || is != muted {
			t.Errorf("%s: known %t, muted %t, not %t", labels, ok, is, muted)
		}
	}
}

// inhibited asks an Alertmanager for its alerts and whether each is muted by another.
func inhibited(t *testing.T, address string) map[string]bool {
	t.Helper()
	resp, err := http.Get("http://" + address + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	var alerts []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, a := range alerts {
		for _, known := range twoExporters() {
			if maps.Equal(a.Labels, parseLabels(known.labels)) {
				got[known.labels] = len(a.Status.InhibitedBy) > 0
			}
		}
	}
	return got
}

func parseLabels(text string) map[string]string {
	labels := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		labels[name] = value
	}
	return labels
}

// route is as much of an Alertmanager's route as the check looks at.
type route struct {
	Receiver string
	Matchers []string
	Mute     []string `yaml:"mute_time_intervals"`
	Routes   []route
}

// TestOperationsKeepHours: nobody is told about agent groups outside the centre's hours, except about those that work around the clock, and
// everything else is told at any hour. A mute is not inherited, so every route has to name it.
func TestOperationsKeepHours(t *testing.T) {
	var config struct {
		Route     route
		Intervals []struct{ Name string } `yaml:"time_intervals"`
	}
	read(t, "../alertmanager.yml", &config)
	var hours []string
	for _, i := range config.Intervals {
		hours = append(hours, i.Name)
	}
	if len(hours) == 0 {
		t.Fatal("no time intervals")
	}
	var walk func(r route, operations, always bool)
	walk = func(r route, operations, always bool) {
		for _, m := range r.Matchers {
			operations = operations || m == `team="operations"`
			always = always || strings.HasPrefix(m, "agent_group")
		}
		var want []string
		if operations && !always {
			want = hours
		}
		if !slices.Equal(r.Mute, want) {
			t.Errorf("route %v to %s is muted in %v, not in %v", r.Matchers, r.Receiver, r.Mute, want)
		}
		for _, child := range r.Routes {
			walk(child, operations, always)
		}
	}
	walk(config.Route, false, false)
}
