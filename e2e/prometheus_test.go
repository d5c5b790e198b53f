package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// conversation is a call of ordinary length that began in the past and ends within two seconds.
func (m *maker) conversation(groups []simulator.Group, countries ...string) simulator.Call {
	g := pick(m.rng, groups...)
	c := simulator.Call{
		Type: enum.Outgoing, Reason: pick(m.rng, enum.OutgoingHungUp, enum.OutgoingHungUp, enum.Busy, enum.OutgoingNotAnswered),
		Party: enum.Customer, Country: pick(m.rng, countries...), Group: g.Name, VoiceGroupID: g.VoiceGroupID, Agent: "ann",
		Ring: m.rng.Int64N(40),
	}
	if c.Reason == enum.OutgoingHungUp {
		c.Talk = int64(1 + 60*math.Exp(m.rng.NormFloat64()))
	}
	c.Start = time.Now().Add(time.Duration(2-c.Ring-c.Talk) * time.Second)
	return c
}

// conversations adds so many batches of them, one each fifth of a second.
func (m *maker) conversations(t testing.TB, s *simulator.Simulator, batches, size int, groups []simulator.Group, countries ...string) {
	t.Helper()
	for range batches {
		batch := make([]simulator.Call, size)
		for i := range batch {
			batch[i] = m.conversation(groups, countries...)
		}
		require.NoError(t, s.Add(batch...))
		time.Sleep(200 * time.Millisecond)
	}
}

// TestPrometheus: what real servers compute from the samples equals the calls made, from the first call of a series on,
// through a stop and a kill -9 of the exporter, whatever the server does with created timestamps.
func TestPrometheus(t *testing.T) {
	skipUnderRaceDetector(t)
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	a := newAPI(t, history(11, time.Hour, 3000))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 100", "exemplars: true, native_histograms: true")
	e := s.start()
	e.filled()
	v := viewFrom(a.epoch(), 0)

	const (
		native   = ", scrape_native_histograms: true, always_scrape_classic_histograms: true"
		features = "--enable-feature=promql-extended-range-selectors,"
	)
	jobs := []string{job("itnio", s.address, "")}
	plain := startPrometheus(t, "default flags", "", jobs)
	anchored := startPrometheus(t, "anchored", "", jobs, strings.TrimSuffix(features, ","))
	created := startPrometheus(t, "created timestamps, native histograms", native, jobs, features+"created-timestamp-zero-ingestion,exemplar-storage")
	stored := startPrometheus(t, "start timestamps stored", "", jobs, features+"st-storage,use-start-timestamps")
	servers := []*prometheus{plain, anchored, created, stored}

	m := newMaker(11)
	m.groups = append([]simulator.Group{{Name: "new one", VoiceGroupID: 91}, {Name: "new two", VoiceGroupID: 92}}, m.groups...)
	m.countries = []string{"CN", "CU", "LV", "KE", "PK", "SO", "EG", "CO"}
	phase := func(groups, countries int) {
		m.conversations(t, a.sim, scale(5, 8, 15), 12, m.groups[:groups], m.countries[:countries]...)
	}
	phase(1, 2)
	phase(2, 4)
	e.stop()
	phase(3, 5) // first calls of some series while no exporter runs
	e = s.start()
	phase(4, 6)
	e.Kill()
	e = s.start()
	phase(5, 8)
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	want := all.counters()
	require.Greater(t, want.sum("itnio_calls_total"), 400.0)
	for _, p := range servers {
		t.Run(p.name, func(t *testing.T) {
			p.t = t
			p.mustRise(want)
			if p != plain {
				require.Empty(t, differences(want, nil, p.increases("increase(%s[1h] anchored)")), "anchored increases")
			}
		})
	}
	t.Run("native histograms", func(t *testing.T) {
		created.t = t
		created.nativeHistogram("itnio_call_duration_seconds", talkBounds, want)
		created.nativeHistogram("itnio_call_ring_duration_seconds", ringBounds, want)
	})
	t.Run("exemplars", func(t *testing.T) {
		created.t = t
		created.exemplars(a.sim)
	})
	for _, p := range servers {
		for line := range strings.Lines(p.run.Stderr.String()) {
			require.NotContains(t, line, "level=ERROR", p.name)
			if !strings.Contains(line, "out-of-order exemplars") {
				t.Log(p.name, line)
			}
		}
	}
}

// nativeHistogram checks that a native histogram has the observations wanted, and that its quantiles agree with those of
// the classic one.
func (p *prometheus) nativeHistogram(name string, bounds []int64, want samples) {
	p.t.Helper()
	require.Equal(p.t, want.sum(name+"_count"), p.scalar("sum(histogram_count("+name+"))"))
	require.Equal(p.t, want.sum(name+"_sum"), p.scalar("sum(histogram_sum("+name+"))"))
	for _, q := range []float64{.1, .25, .5, .75, .9, .99} {
		fine := p.scalar(fmt.Sprintf("histogram_quantile(%v, sum(%s))", q, name))
		coarse := p.scalar(fmt.Sprintf("histogram_quantile(%v, sum by (le) (%s_bucket))", q, name))
		i, _ := slices.BinarySearchFunc(bounds, coarse, func(b int64, c float64) int { return cmp.Compare(float64(b), c) })
		require.Less(p.t, i, len(bounds))
		low := 0.0
		if i > 0 {
			low = float64(bounds[i-1])
		}
		width := math.Pow(2, 1./8) // of a native bucket, which may extend over a classic bound
		require.GreaterOrEqual(p.t, fine*width, low, "%s, quantile %v: native %v, classic %v", name, q, fine, coarse)
		require.LessOrEqual(p.t, fine/width, float64(bounds[i]), "%s, quantile %v: native %v, classic %v", name, q, fine, coarse)
	}
}

// exemplars checks that the server has exemplars and that each is a call that was made.
func (p *prometheus) exemplars(s *simulator.Simulator) {
	p.t.Helper()
	now := time.Now()
	status, body, err := process.Request(p.t.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/query_exemplars?query=%s&start=%d&end=%d",
		p.base, url.QueryEscape(`itnio_call_duration_seconds_bucket`), now.Add(-time.Hour).Unix(), now.Add(time.Minute).Unix()), nil)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, status, body)
	var r struct {
		Data []struct {
			Exemplars []struct {
				Labels    map[string]string
				Value     string
				Timestamp float64
			}
		}
	}
	require.NoError(p.t, json.Unmarshal([]byte(body), &r))
	made := map[string]simulator.Call{}
	for c := range s.Calls() {
		made[c.Session] = c
	}
	n := 0
	for _, d := range r.Data {
		for _, x := range d.Exemplars {
			require.Len(p.t, x.Labels, 1)
			c, ok := made[x.Labels["call_session_id"]]
			require.True(p.t, ok, x.Labels)
			require.Equal(p.t, fmt.Sprint(c.Talk), x.Value)
			require.Equal(p.t, c.End.Unix(), int64(x.Timestamp))
			n++
		}
	}
	require.Greater(p.t, n, 20)
}
