package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// doctor runs the command beside the exporter and gives the results of the section on Prometheus.
func (s *setup) doctor(p *prometheus) (results map[string]string, text string) {
	s.t.Helper()
	run := process.Start(s.t, os.Getenv(binaryVariable), "doctor", "--output=json", "--config.file="+s.config, "--prometheus.url="+p.base)
	status := run.Wait()
	require.Less(s.t, status, 2, run.Stderr.String())
	var report struct {
		Sections []struct {
			Name   string
			Checks []struct{ ID, Result, Seen string }
		}
	}
	require.NoError(s.t, json.Unmarshal([]byte(run.Stdout.String()), &report))
	results = map[string]string{}
	for _, section := range report.Sections {
		for _, c := range section.Checks {
			if results[c.ID] = c.Result; section.Name == "prometheus" {
				text += fmt.Sprintln(c.ID, c.Result, c.Seen)
			}
		}
	}
	return results, text
}

// TestDoctor: what real servers tell about a running exporter is understood.
func TestDoctor(t *testing.T) {
	skipUnderRaceDetector(t)
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	a := newAPI(t, history(12, 8*24*time.Hour, 500))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s, initial_history: 1d", ", rate_limit: 100", "native_histograms: true")
	e := s.start()
	e.filled()

	rules, err := filepath.Abs("../dashboards/rules")
	require.NoError(t, err)
	both := startPrometheusWith(t, "classic and native histograms", fmt.Sprintf(
		"global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, scrape_native_histograms: true, always_scrape_classic_histograms: true}\n"+
			"rule_files: [%q]\nscrape_configs: [%s]\n", filepath.Join(rules, "*.yml"), job("itnio", s.address, "")))
	native := startPrometheus(t, "native histograms alone", ", scrape_native_histograms: true", []string{job("itnio", s.address, ""), job("again", s.address, "")})
	process.Eventually(t, "samples", func() bool {
		return len(both.must(`count_over_time(itnio_calls_total[1m]) > 2`)) > 0 && len(native.must(`count_over_time(itnio_calls_total[1m]) > 2`)) > 0
	})

	results, text := s.doctor(both)
	for id, result := range results {
		if id != "config-settings" { // native histograms get a warning
			require.Equal(t, "good", result, "%s\n%s", id, text)
		}
	}
	require.Contains(t, results, "prometheus-rules")

	results, text = s.doctor(native)
	for id, want := range map[string]string{
		"prometheus-answer": "good", "prometheus-scraped": "good", "prometheus-once": "wrong", "prometheus-job": "doubtful", "prometheus-interval": "good",
		"prometheus-classic": "wrong", "prometheus-rules": "doubtful",
	} {
		require.Equal(t, want, results[id], "%s\n%s", id, text)
	}
}

// TestDoctorKeepsQuiet: whatever an API puts into its answers and errors, the report has none of it.
func TestDoctorKeepsQuiet(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	for _, failing := range []bool{false, true} {
		l := &leakyAPI{began: time.Now().Truncate(time.Second), asked: errorKinds}
		if failing {
			l.fails()
		}
		s := newSetup(t, handlerAPI(t, l, leakyKey, leakySecret), "", ", rate_limit: 100", "agents: name, tags: true, media: true")
		for _, output := range []string{"text", "json"} {
			run := process.Start(t, os.Getenv(binaryVariable), "doctor", "--output="+output, "--config.file="+s.config)
			require.Less(t, run.Wait(), 2, run.Stderr.String())
			text := run.Stdout.String()
			require.Contains(t, text, "credentials")
			keepsQuiet(t, "doctor", text+run.Stderr.String(), append(l.secrets(), sessions, "sales"))
		}
	}
}
