package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// findPrometheus finds the Prometheus 3 to test with.
func findPrometheus() (path string, err error) {
	if path := os.Getenv("PROMETHEUS_BIN"); path != "" {
		return path, nil
	}
	path, err = exec.LookPath("prometheus")
	if err != nil {
		return "", errors.New("set PROMETHEUS_BIN to the path of a prometheus binary, version 3.16 or later, or put it on the PATH")
	}
	return path, nil
}

// needsPrometheus gives the binary, or skips the test.
func needsPrometheus(t *testing.T) string {
	t.Helper()
	path, err := findPrometheus()
	if err != nil {
		t.Skip("needs a real Prometheus: ", err)
	}
	return path
}

// prometheus is a real server that scrapes every second.
type prometheus struct {
	t    testing.TB
	name string
	base string // URL
	run  *process.Process
}

// job is a YAML list item of scrape_configs for one target.
func job(name, target, more string) string {
	return fmt.Sprintf("{job_name: %s, static_configs: [{targets: [%q]}]%s}", name, target, more)
}

// startPrometheus runs a server until the test ends and returns when its job named itnio has scraped an exporter that
// reads its account.
func startPrometheus(t *testing.T, name, global string, jobs []string, flags ...string) *prometheus {
	t.Helper()
	return startPrometheusWith(t, name, fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s%s}\nscrape_configs: [%s]\n", global, strings.Join(jobs, ", ")), flags...)
}

// startPrometheusWith is startPrometheus with a configuration of one's own.
func startPrometheusWith(t *testing.T, name, yaml string, flags ...string) *prometheus {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, []byte(yaml), 0o600))
	args := append([]string{
		"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "tsdb"), "--web.listen-address=" + address, "--log.level=warn",
	}, flags...)
	p := &prometheus{t: t, name: name, base: "http://" + address, run: process.Start(t, needsPrometheus(t), args...)}
	process.Eventually(t, name+" scrapes", func() bool {
		require.False(t, p.run.Ended(), "%s ended at once: %s", name, &p.run.Stderr)
		v, err := p.query(`itnio_up{job="itnio"} == 1`)
		return err == nil && len(v) > 0
	})
	return p
}

// answer is one series of a query's result.
type answer struct {
	Metric map[string]string
	Value  [2]any
	Values [][2]any
}

func (p *prometheus) query(q string) ([]answer, error) { return p.ask("query=" + url.QueryEscape(q)) }

func (p *prometheus) ask(parameters string) ([]answer, error) {
	status, body, err := process.Request(p.t.Context(), http.MethodGet, p.base+"/api/v1/query?"+parameters, nil)
	if err != nil {
		return nil, err
	}
	var r struct {
		Status, Error string
		Data          struct{ Result []answer }
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return nil, fmt.Errorf("%d: %w", status, err)
	}
	if r.Status != "success" {
		return nil, errors.New(r.Error)
	}
	return r.Data.Result, nil
}

func (p *prometheus) must(q string) []answer {
	p.t.Helper()
	v, err := p.query(q)
	require.NoError(p.t, err, "%s: %s", p.name, q)
	return v
}

// scalar is the one value of a query's result.
func (p *prometheus) scalar(q string) float64 {
	p.t.Helper()
	v := p.must(q)
	require.Len(p.t, v, 1, "%s: %s", p.name, q)
	return number(p.t, v[0].Value)
}

func number(t testing.TB, sample [2]any) float64 {
	t.Helper()
	text, ok := sample[1].(string)
	require.True(t, ok)
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// name is the series as the exporter shows it: without the labels that the server adds, and le as Go writes it.
func (a answer) name(metric string) string {
	var labels []label
	for k, v := range a.Metric {
		switch k {
		case "__name__", "job", "instance":
			continue
		case "le":
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				v = fmt.Sprint(f)
			}
		}
		labels = append(labels, label{k, v})
	}
	return seriesKey(metric, labels)
}

// counterNames are the counters of the call families that are on by default.
var counterNames = []string{
	"itnio_calls_total", "itnio_call_sip_responses_total",
	"itnio_call_duration_seconds_bucket", "itnio_call_duration_seconds_sum", "itnio_call_duration_seconds_count",
	"itnio_call_ring_duration_seconds_bucket", "itnio_call_ring_duration_seconds_sum", "itnio_call_ring_duration_seconds_count",
}

// rises adds up how the raw samples of each series rose.
func (p *prometheus) rises() samples {
	p.t.Helper()
	out := samples{}
	for _, n := range counterNames {
		for _, a := range p.must(n + "[1h]") {
			require.Zero(p.t, number(p.t, a.Values[0]), "%s: %s does not begin at 0", p.name, a.name(n))
			rise := 0.0
			for i := 1; i < len(a.Values); i++ {
				d := number(p.t, a.Values[i]) - number(p.t, a.Values[i-1])
				require.GreaterOrEqual(p.t, d, 0.0, "%s: %s fell", p.name, a.name(n))
				rise += d
			}
			out[a.name(n)] = rise
		}
	}
	return out
}

// mustRise waits until the raw samples have risen by the values wanted.
func (p *prometheus) mustRise(want samples) {
	p.t.Helper()
	var left string
	for deadline := time.Now().Add(process.Patience); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if left = differences(want, nil, p.rises()); left == "" {
			return
		}
	}
	require.Empty(p.t, left, p.name+": rises of the raw samples")
}

// increases are the increases that the server computes itself.
func (p *prometheus) increases(expression string) samples {
	p.t.Helper()
	out := samples{}
	for _, n := range counterNames {
		for _, a := range p.must(fmt.Sprintf(expression, n)) {
			out[a.name(n)] = number(p.t, a.Value)
		}
	}
	return out
}
