package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// prometheusBinary is a Prometheus 3 to test with. Tests that need one are skipped where there is none.
func prometheusBinary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PROMETHEUS_BIN"); path != "" {
		return path
	}
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no Prometheus here: put one on the PATH, or its path into PROMETHEUS_BIN")
	}
	return path
}

// prometheus is a real server that scrapes one target each second.
type prometheus struct {
	t    *testing.T
	name string
	base string
	log  buffer
}

func startPrometheus(t *testing.T, name, target, global string, flags ...string) *prometheus {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	p := &prometheus{t: t, name: name, base: "http://" + address}
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil,
		"global: {scrape_interval: 1s, scrape_timeout: 1s%s}\nscrape_configs: [{job_name: itnio, static_configs: [{targets: [%q]}]}]\n", global, target), 0o600))
	args := append([]string{
		"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "tsdb"), "--web.listen-address=" + address, "--log.level=warn",
	}, flags...)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), prometheusBinary(t), args...)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() { defer close(exited); _ = cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-exited })
	eventually(t, name+" scrapes", func() bool {
		select {
		case <-exited:
			require.FailNow(t, name+" ended at once", p.log.String())
		default:
		}
		v, err := p.query(`itnio_up == 1`)
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

func (p *prometheus) query(q string) ([]answer, error) {
	status, body, err := request(p.t.Context(), http.MethodGet, p.base+"/api/v1/query?query="+url.QueryEscape(q), nil)
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

func number(t *testing.T, sample [2]any) float64 {
	t.Helper()
	text, ok := sample[1].(string)
	require.True(t, ok)
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// name is a series of the exporter's: without what the server adds, and le as Go writes it.
func (a answer) name(metric string) string {
	labels := map[string]string{}
	for k, v := range a.Metric {
		switch k {
		case "__name__", "job", "instance":
			continue
		case "le":
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				v = fmt.Sprint(f)
			}
		}
		labels[k] = v
	}
	return series(metric, labels)
}

func counterNames() []string {
	return []string{
		"itnio_calls_total", "itnio_call_sip_responses_total",
		"itnio_call_duration_seconds_bucket", "itnio_call_duration_seconds_sum", "itnio_call_duration_seconds_count",
		"itnio_call_ring_duration_seconds_bucket", "itnio_call_ring_duration_seconds_sum", "itnio_call_ring_duration_seconds_count",
	}
}

// rises adds up how the raw samples of each series rose.
func (p *prometheus) rises() samples {
	p.t.Helper()
	out := samples{}
	for _, n := range counterNames() {
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

// increases are those that the server itself computes.
func (p *prometheus) increases(expression string) samples {
	p.t.Helper()
	out := samples{}
	for _, n := range counterNames() {
		for _, a := range p.must(fmt.Sprintf(expression, n)) {
			out[a.name(n)] = number(p.t, a.Value)
		}
	}
	return out
}

// conversation is a call of a real length that ends in a moment: it began some time ago.
func (m *maker) conversation(groups []simulator.Group, countries []string) simulator.Call {
	g := groups[m.rng.IntN(len(groups))]
	c := simulator.Call{
		Type: enum.Outgoing, Reason: []enum.Reason{enum.OutgoingHungUp, enum.OutgoingHungUp, enum.Busy, enum.OutgoingNotAnswered}[m.rng.IntN(4)],
		Party: enum.Customer, Country: countries[m.rng.IntN(len(countries))], Group: g.Name, VoiceGroupID: g.VoiceGroupID, Agent: "ann",
		Ring: m.rng.Int64N(40),
	}
	if c.Reason == enum.OutgoingHungUp {
		c.Talk = int64(1 + 60*math.Exp(m.rng.NormFloat64()))
	}
	c.Start = time.Now().Add(time.Duration(2-c.Ring-c.Talk) * time.Second)
	return c
}

// TestPrometheus: what real servers make of the samples is the calls made, from the first call of a series on, through a
// stop and a kill -9 of the exporter, whatever the server makes of created timestamps.
func TestPrometheus(t *testing.T) {
	aboutNumbers(t)
	prometheusBinary(t)
	t.Parallel()
	a := newAPI(t, history(11, time.Hour, 3000))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 100", "exemplars: true")
	e := s.start()
	eventually(t, "the first fill", func() bool { return len(e.scrape()) > 0 })
	v := viewFrom(a.epoch(), 0)

	const native = ", scrape_native_histograms: true, always_scrape_classic_histograms: true"
	plain := startPrometheus(t, "default flags", s.address, "")
	anchored := startPrometheus(t, "anchored", s.address, "", "--enable-feature=promql-extended-range-selectors")
	created := startPrometheus(t, "created timestamps, native histograms", s.address, native,
		"--enable-feature=created-timestamp-zero-ingestion,promql-extended-range-selectors,exemplar-storage")
	stored := startPrometheus(t, "start timestamps stored", s.address, "",
		"--enable-feature=st-storage,use-start-timestamps,promql-extended-range-selectors")
	servers := []*prometheus{plain, anchored, created, stored}

	m := newMaker(11)
	phase := func(groups, countries int) {
		for range 15 {
			batch := make([]simulator.Call, 8)
			for i := range batch {
				batch[i] = m.conversation(m.groups[:groups], m.countries[:countries])
			}
			require.NoError(t, a.sim.Add(batch...))
			time.Sleep(200 * time.Millisecond)
		}
	}
	m.groups = append([]simulator.Group{{Name: "new one", VoiceGroupID: 91}, {Name: "new two", VoiceGroupID: 92}}, m.groups...)
	m.countries = []string{"CN", "CU", "LV", "KE", "PK", "SO", "EG", "CO"}
	phase(1, 2)
	phase(2, 4)
	e.stop()
	phase(3, 5) // first calls of some series while nobody is there
	e = s.start()
	phase(4, 6)
	e.kill()
	e = s.start()
	phase(5, 8)
	settled(t, a.sim)
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	want := all.counters()
	for _, p := range servers {
		t.Run(p.name, func(t *testing.T) {
			p.t = t
			var left string
			for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Second) {
				if left = differences(want, nil, p.rises()); left == "" {
					break
				}
			}
			require.Empty(t, left, "rises of the raw samples")
			if p != plain {
				require.Empty(t, differences(want, nil, p.increases("increase(%s[1h] anchored)")), "anchored increases")
			}
		})
	}

	t.Run("native histograms and exemplars", func(t *testing.T) {
		p := created
		p.t = t
		byName := func(name string) (n float64) {
			for k, v := range want {
				if strings.HasPrefix(k, name+"{") {
					n += v
				}
			}
			return n
		}
		for _, h := range []struct {
			name   string
			bounds []int64
		}{{"itnio_call_duration_seconds", talkBounds()}, {"itnio_call_ring_duration_seconds", ringBounds()}} {
			require.Equal(t, byName(h.name+"_count"), p.scalar("sum(histogram_count("+h.name+"))"))
			require.Equal(t, byName(h.name+"_sum"), p.scalar("sum(histogram_sum("+h.name+"))"))
			for _, q := range []float64{.1, .25, .5, .75, .9, .99} {
				fine := p.scalar(fmt.Sprintf("histogram_quantile(%v, sum(%s))", q, h.name))
				coarse := p.scalar(fmt.Sprintf("histogram_quantile(%v, sum by (le) (%s_bucket))", q, h.name))
				i, _ := slices.BinarySearchFunc(h.bounds, coarse, func(b int64, c float64) int { return cmp.Compare(float64(b), c) })
				require.Less(t, i, len(h.bounds))
				low := 0.0
				if i > 0 {
					low = float64(h.bounds[i-1])
				}
				width := math.Pow(2, 1./8) // of a native bucket, which may lie across a classic bound
				require.GreaterOrEqual(t, fine*width, low, "%s, quantile %v: native %v, classic %v", h.name, q, fine, coarse)
				require.LessOrEqual(t, fine/width, float64(h.bounds[i]), "%s, quantile %v: native %v, classic %v", h.name, q, fine, coarse)
			}
		}

		now := time.Now()
		status, body, err := request(t.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/query_exemplars?query=%s&start=%d&end=%d",
			p.base, url.QueryEscape(`itnio_call_duration_seconds_bucket`), now.Add(-time.Hour).Unix(), now.Add(time.Minute).Unix()), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, body)
		var r struct {
			Data []struct {
				Exemplars []struct {
					Labels    map[string]string
					Value     string
					Timestamp float64
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &r))
		made := map[string]simulator.Call{}
		for c := range a.sim.Calls() {
			made[c.Session] = c
		}
		n := 0
		for _, d := range r.Data {
			for _, x := range d.Exemplars {
				require.Len(t, x.Labels, 1)
				c, ok := made[x.Labels["call_session_id"]]
				require.True(t, ok, x.Labels)
				require.Equal(t, fmt.Sprint(c.Talk), x.Value)
				require.Equal(t, c.End.Unix(), int64(x.Timestamp))
				n++
			}
		}
		require.Greater(t, n, 20)
	})
	for _, p := range servers {
		for line := range strings.Lines(p.log.String()) {
			require.NotContains(t, line, "level=ERROR", p.name)
			if !strings.Contains(line, "out-of-order exemplars") {
				t.Log(p.name, line)
			}
		}
	}
}
