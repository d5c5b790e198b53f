package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/log"
	promclient "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/exposition"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/enum"
)

// shifted is the present, and some months.
type shifted struct{ by atomic.Int64 }

func (s *shifted) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

// retiring is a ledger behind /metrics, in a time that can be shifted. The series of a ledger retire after days.
type retiring struct {
	t       *testing.T
	clock   shifted
	ledger  *ledger.Ledger
	account *ledger.Account
	calls   uint64
	address string
}

func newRetiring(t *testing.T) *retiring {
	r := &retiring{t: t}
	var err error
	r.ledger, err = ledger.Open(ledger.Options{
		Dir: t.TempDir(), ZeroFirst: 2 * time.Second, RetireAfter: 90 * 24 * time.Hour, Now: r.clock.now, Logger: log.NewNopLogger(),
		Model: families.New(config.Metrics{
			DurationBuckets: []float64{6, 60}, RingBuckets: []float64{5, 20}, Agents: config.AgentsOff,
			Limits: config.Limits{AgentGroup: 2, Agent: 1, Tag: 1, Media: 1, Series: 1000},
		}),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.ledger.Close()) })
	r.account, err = r.ledger.Attach(ledger.Identity{Name: "main", BaseURL: "https://api.invalid"})
	require.NoError(t, err)
	require.NoError(t, r.account.Establish(r.clock.now(), 0))
	live := promclient.NewRegistry()
	up := promclient.NewGauge(promclient.GaugeOpts{Name: "itnio_up", Help: "Up."})
	up.Set(1)
	live.MustRegister(up)
	h, err := exposition.NewHandler(r.ledger, live, exposition.Options{
		Registerer: promclient.NewRegistry(), OnServed: func(_ *http.Request, gen uint64) { r.ledger.Served(gen, true) },
	})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r.address = strings.TrimPrefix(server.URL, "http://")
	return r
}

// count adds calls of a group that have just ended.
func (r *retiring) count(group string, n int) {
	r.t.Helper()
	now := r.clock.now()
	b := ledger.Batch{Account: r.account, Server: now, InitialDone: true}
	for range n {
		r.calls++
		b.Items = append(b.Items, ledger.Item{Call: call.Call{
			Key: r.calls, Session: r.calls, End: now, Type: enum.Incoming, Reason: enum.IncomingHungUp, Outcome: enum.Answered,
			Party: enum.Customer, Country: "CN", CallingCode: "86", Group: group, SIPCode: "200", Media: "none", Talk: 42, Ring: 7,
		}})
	}
	report, err := r.ledger.Commit(&b)
	require.NoError(r.t, err)
	require.Equal(r.t, n, report.Count(ledger.Counted))
	require.Empty(r.t, report.Overflow)
}

// rises waits until the calls of a group that the server saw, through falls to 0, are so many.
func (r *retiring) rises(p *prometheus, group string, want float64) {
	r.t.Helper()
	process.Eventually(r.t, group+" has risen", func() bool {
		require.NoError(r.t, r.ledger.Release())
		for _, a := range p.must(`itnio_calls_total{agent_group="` + group + `"}[1h]`) {
			rise, last := 0.0, number(r.t, a.Values[0])
			require.Zero(r.t, last, "the first sample is 0")
			for _, sample := range a.Values[1:] {
				v := number(r.t, sample)
				if v < last {
					require.Zero(r.t, v, "it comes back at 0")
				} else {
					rise += v - last
				}
				last = v
			}
			require.LessOrEqual(r.t, rise, want)
			if rise == want {
				return true
			}
		}
		return false
	})
}

// TestRetiredSeries: what a real server computes stays right while a label set leaves the page and comes back.
func TestRetiredSeries(t *testing.T) {
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	r := newRetiring(t)
	r.count("stays", 1)
	p := startPrometheus(t, "retired series", "", []string{job("itnio", r.address, "")}, "--enable-feature=promql-extended-range-selectors")
	r.count("left", 3)
	r.rises(p, "left", 3)
	r.clock.by.Store(int64(91 * 24 * time.Hour))
	r.count("stays", 2)
	process.Eventually(t, "the group has left the page", func() bool {
		require.NoError(t, r.ledger.Release())
		return len(p.must(`itnio_calls_total{agent_group="left"}`)) == 0
	})
	r.count("new", 1) // in its place
	r.clock.by.Store(int64(182 * 24 * time.Hour))
	r.count("stays", 1)
	r.count("left", 2)
	r.rises(p, "left", 5)
	r.rises(p, "stays", 4)
	require.Equal(t, 5.0, p.scalar(`sum(increase(itnio_calls_total{agent_group="left"}[1h] anchored))`))
	require.Equal(t, 5.0, p.scalar(`sum(increase(itnio_call_ring_duration_seconds_count{agent_group="left"}[1h] anchored))`))
}
