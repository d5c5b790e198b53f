package diagnose

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
)

// server is a Prometheus as far as doctor asks it.
type server struct {
	version  string
	vectors  map[string][]map[string]string // instant queries -> label sets
	values   map[string]float64             // instant queries -> value
	interval time.Duration
	former   []map[string]string
	rules    map[string]int
	bad      string // group with a failing rule
	refuse   int    // HTTP status of every answer; 0: none
}

// healthyServer scrapes one exporter with one account.
func healthyServer() *server {
	target := map[string]string{"job": "itnio", "instance": "exporter:10198"}
	s := &server{
		version:  "3.4.0",
		vectors:  map[string][]map[string]string{oneOfEach: {target}, "itnio_up": {{"job": "itnio", "instance": "exporter:10198", "account": "Anna"}}},
		values:   map[string]float64{"count(itnio_calls_total)": 20, "count(itnio_call_ring_duration_seconds_bucket)": 300},
		interval: 30 * time.Second, former: []map[string]string{target}, rules: map[string]int{},
	}
	for name, n := range shippedRules {
		s.rules[name] = n
	}
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.refuse != 0 {
		http.Error(w, "secret words", s.refuse)
		return
	}
	answer := func(data any) { _ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data}) }
	switch {
	case strings.HasSuffix(r.URL.Path, "/query"):
		answer(s.query(r.FormValue("query")))
	case strings.HasSuffix(r.URL.Path, "/buildinfo"):
		answer(map[string]string{"version": s.version})
	case strings.HasSuffix(r.URL.Path, "/series"):
		answer(s.former)
	case strings.HasSuffix(r.URL.Path, "/rules"):
		var groups []any
		for name, n := range s.rules {
			var rules []any
			for i := range n {
				health := "ok"
				if name == s.bad && i == 0 {
					health = "err"
				}
				rules = append(rules, map[string]any{"type": "recording", "name": "r", "query": "1", "health": health})
			}
			groups = append(groups, map[string]any{"name": name, "file": "f", "interval": 60, "rules": rules})
		}
		answer(map[string]any{"groups": groups})
	default:
		http.NotFound(w, r)
	}
}

func (s *server) query(q string) any {
	now := float64(time.Now().Unix())
	if q == oneOfEach+"[30m]" {
		var values []any
		for i := range int(30 * time.Minute / s.interval) {
			values = append(values, []any{now - float64(i)*s.interval.Seconds(), "1"})
		}
		for i := range len(values) / 2 {
			values[i], values[len(values)-1-i] = values[len(values)-1-i], values[i]
		}
		return map[string]any{"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{}, "values": values}}}
	}
	result := []any{}
	for _, labels := range s.vectors[q] {
		result = append(result, map[string]any{"metric": labels, "value": []any{now, "1"}})
	}
	if v, ok := s.values[q]; ok {
		result = append(result, map[string]any{"metric": map[string]string{}, "value": []any{now, fmt.Sprint(v)}})
	}
	return map[string]any{"resultType": "vector", "result": result}
}

// diagnose asks the server with a configuration of one account.
func (s *server) diagnose(t *testing.T) *Report {
	t.Helper()
	http := httptest.NewServer(s)
	defer http.Close()
	p, err := NewPrometheus(http.URL, http.Client())
	require.NoError(t, err)
	cfg, err := config.Default(account("Anna", "k")).Validate()
	require.NoError(t, err)
	r := &Report{Sections: p.sections(t.Context(), time.Now(), cfg)}
	r.judge()
	return r
}

func TestHealthyPrometheus(t *testing.T) {
	r := healthyServer().diagnose(t)
	require.Empty(t, bad(r), text(r))
	require.Zero(t, r.Count(Skipped), text(r))
}

func TestPlantedInPrometheus(t *testing.T) {
	other := map[string]string{"job": "itnio", "instance": "b:10198", "account": "Anna"}
	for _, tt := range []struct {
		name string
		set  func(*server)
		want map[string]Result
		says string
	}{
		{"no server", func(s *server) { s.refuse = 403 }, map[string]Result{"prometheus-answer": Wrong}, "403"},
		{"old version", func(s *server) { s.version = "2.41.0" }, map[string]Result{"prometheus-version": Doubtful}, "2.42"},
		{"not scraped", func(s *server) { s.vectors, s.former = nil, nil }, map[string]Result{"prometheus-scraped": Wrong}, "scrape job"},
		{"another exporter", func(s *server) { s.vectors["itnio_up"][0]["account"] = "Berta" }, map[string]Result{"prometheus-scraped": Wrong}, "1 of 1 account"},
		{"two jobs", func(s *server) {
			s.vectors["itnio_up"] = append(s.vectors["itnio_up"], map[string]string{"job": "itnio2", "instance": "exporter:10198", "account": "Anna"})
		}, map[string]Result{"prometheus-once": Wrong}, "several jobs"},
		{"two exporters", func(s *server) { s.vectors["itnio_up"] = append(s.vectors["itnio_up"], other) }, map[string]Result{"prometheus-once": Wrong}, "several instances"},
		{"job without itnio", func(s *server) { s.vectors[oneOfEach][0]["job"] = "calls" }, map[string]Result{"prometheus-job": Doubtful}, "no itnio"},
		{"scraped too seldom", func(s *server) { s.interval = 90 * time.Second }, map[string]Result{"prometheus-interval": Wrong}, "every 1m30s; zero_first is 1m0s"},
		{"labels that change", func(s *server) { s.former = append(s.former, other, map[string]string{"instance": "c"}) }, map[string]Result{"prometheus-labels": Doubtful}, "3 label sets"},
		{"target label account", func(s *server) {
			s.vectors[`{__name__=~"itnio_up|itnio_calls_total",exported_account!=""}`] = []map[string]string{{"exported_account": "Anna"}}
		}, map[string]Result{"prometheus-clash": Wrong}, "exported_account"},
		{"no classic histograms", func(s *server) {
			delete(s.values, "count(itnio_call_ring_duration_seconds_bucket)")
			s.values["count(histogram_count(itnio_call_ring_duration_seconds))"] = 20
		}, map[string]Result{"prometheus-classic": Wrong}, "always_scrape_classic_histograms"},
		{"no buckets at all", func(s *server) { delete(s.values, "count(itnio_call_ring_duration_seconds_bucket)") }, map[string]Result{"prometheus-classic": Wrong}, "metric_relabel_configs"},
		{"no rules", func(s *server) { s.rules = nil }, map[string]Result{"prometheus-rules": Doubtful}, "none is loaded"},
		{"a part of the rules", func(s *server) { s.rules["itnio_fraud"]-- }, map[string]Result{"prometheus-rules": Doubtful}, "itnio_fraud"},
		{"a rule that fails", func(s *server) { s.bad = "itnio_kpi" }, map[string]Result{"prometheus-rules": Wrong}, "itnio_kpi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := healthyServer()
			tt.set(s)
			r := s.diagnose(t)
			require.Equal(t, tt.want, bad(r), text(r))
			require.Contains(t, text(r), tt.says)
			for _, hidden := range []string{"Anna", "Berta", "exporter:10198", "secret words"} {
				require.NotContains(t, text(r), hidden)
			}
		})
	}
}

func TestPrometheusAddress(t *testing.T) {
	for _, bad := range []string{"prometheus:9090", "ftp://x", "http://", "http://user:s3cr3t s3cr3t@h", "http://user:s3cr3t@h"} {
		_, err := NewPrometheus(bad, http.DefaultClient)
		require.ErrorContains(t, err, "--prometheus.url", bad)
		require.NotContains(t, err.Error(), "s3cr3t")
	}
}

// The table of rules is that of dashboards/rules.
func TestShippedRules(t *testing.T) {
	files, err := filepath.Glob("../dashboards/rules/*.yml")
	require.NoError(t, err)
	group, rule := regexp.MustCompile(`^  - name: (\S+)`), regexp.MustCompile(`^      - (alert|record): `)
	found := map[string]int{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		name := ""
		for line := range strings.Lines(string(b)) {
			if m := group.FindStringSubmatch(line); m != nil {
				name = m[1]
			} else if rule.MatchString(line) {
				found[name]++
			}
		}
	}
	require.Equal(t, found, shippedRules)
}
