package account

import (
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
)

// serverClock is a server whose clock is off by skew, once known.
type serverClock struct {
	skew  time.Duration
	known bool
}

func (s *serverClock) ServerNow() time.Time { return time.Now().Add(s.skew) }

func (s *serverClock) Skew() (time.Duration, bool) { return s.skew, s.known }

// TestClockJump: a clock that is set counts once, one that is just off or drifts does not.
func TestClockJump(t *testing.T) {
	metrics := Metrics{
		Skew:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "skew"}, nil),
		Anomalies: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "anomalies"}, []string{"kind"}),
	}
	server := &serverClock{}
	c := &clock{server: server, metrics: metrics, logger: log.NewNopLogger()}
	jumps := func() float64 {
		return testutil.ToFloat64(metrics.Anomalies.WithLabelValues(string(call.AnomalyClockJump)))
	}
	c.answered()
	require.Zero(t, testutil.CollectAndCount(metrics.Skew), "absent until an answer tells")
	for _, step := range []struct {
		skew  time.Duration
		jumps float64
	}{
		{8 * time.Hour, 0}, {8*time.Hour + maxDrift, 0}, {8*time.Hour + 2*maxDrift, 0}, // off, and drifting
		{0, 1}, {0, 1}, {-time.Hour, 2},
	} {
		server.skew, server.known = step.skew, true
		c.answered()
		require.Equal(t, step.jumps, jumps(), "skew %s", step.skew)
		require.Equal(t, step.skew.Seconds(), testutil.ToFloat64(metrics.Skew))
	}
}
