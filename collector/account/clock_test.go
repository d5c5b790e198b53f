package account

import (
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/call"
)

func testMetrics() Metrics {
	return Metrics{
		History:   NewHistory(time.Now(), func() time.Duration { return 0 }),
		Skew:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "skew"}, nil),
		Anomalies: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "anomalies"}, []string{"kind"}),
	}
}

// testClock is a clock whose true time, local clock and log are known.
type testClock struct {
	*clock
	began   time.Time     // server's true time at steady 0
	elapsed time.Duration // steady
	off     time.Duration // of the local clock
	lines   int           // of the log
}

func newTestClock() *testClock {
	t := &testClock{began: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), elapsed: time.Minute}
	t.clock = &clock{
		wall:    func() time.Time { return t.truth().Add(t.off) },
		steady:  func() time.Duration { return t.elapsed },
		metrics: testMetrics(), health: &health{},
		logger: log.LoggerFunc(func(...any) error { t.lines++; return nil }),
	}
	return t
}

func (t *testClock) truth() time.Time { return t.began.Add(t.elapsed) }

// answer takes an answer whose Date is off, and lets time pass.
func (t *testClock) answer(off, pass time.Duration) {
	t.answered(t.truth().Add(off), 0)
	t.elapsed += pass
}

// wrong is by how much the believed time is off.
func (t *testClock) wrong() time.Duration { return t.now().Sub(t.truth()) }

func (t *testClock) anomalies(kind call.Anomaly) float64 {
	return testutil.ToFloat64(t.metrics.Anomalies.WithLabelValues(string(kind)))
}

const days = 24 * time.Hour

// TestClockStart: at the start, a time is believed if the local clock agrees with it, or once answers have repeated it for long
// enough; the local clock serves where answers are without a date.
func TestClockStart(t *testing.T) {
	for _, off := range []time.Duration{0, -10 * time.Minute, 10 * time.Minute} {
		c := newTestClock()
		c.off = off
		c.answer(0, time.Second)
		require.True(t, c.known(), "the local clock is off by %s", off)
		require.True(t, c.trusted())
		require.Zero(t, c.wrong())
	}
	for _, off := range []time.Duration{-10 * days, -3 * time.Hour, time.Hour, 40 * days} {
		c := newTestClock()
		c.off = off
		first := c.truth()
		for range 6 {
			require.False(t, c.known(), "the local clock is off by %s", off)
			c.answer(0, time.Minute)
		}
		require.True(t, c.known())
		require.Zero(t, c.wrong())
		require.Equal(t, first, c.firstAnswer())
		require.False(t, c.trusted(), "nothing but the answers says so")
		c.elapsed += maturity
		require.True(t, c.trusted())
		require.Equal(t, 1.0, c.anomalies(call.AnomalyClockUnconfirmed))
	}
	c := newTestClock()
	c.off = 5 * days
	for range undatedAnswers {
		require.False(t, c.known())
		c.answered(time.Time{}, 0)
	}
	require.Equal(t, c.wall(), c.now())
}

// TestClockStartWithAWrongAnswer: what a single answer says at the start is not believed, nor does it delay the right time.
func TestClockStartWithAWrongAnswer(t *testing.T) {
	for _, off := range []time.Duration{-40 * days, -time.Hour, time.Hour, 10 * days} {
		c := newTestClock()
		first := c.truth()
		c.answer(off, time.Second)
		require.False(t, c.known())
		require.ErrorIs(t, c.unconfirmed(), errUnconfirmed)
		c.answer(0, time.Second)
		require.Zero(t, c.wrong())
		require.Equal(t, first, c.firstAnswer())
	}
}

// TestClockClaim: a Date far from the believed time is believed after minutes in which every answer repeats it.
func TestClockClaim(t *testing.T) {
	for _, off := range []time.Duration{-40 * days, -16 * time.Minute, 16 * time.Minute, 10 * days} {
		c := newTestClock()
		c.answer(0, time.Minute)
		for range 20 { // two servers: none of their times is believed alone
			c.answer(off, time.Minute)
			require.Zero(t, c.wrong())
			c.answer(0, time.Minute)
			require.Zero(t, c.wrong())
		}
		require.Equal(t, 1.0, c.anomalies(call.AnomalyClockUnconfirmed), "once, not for each answer")
		require.LessOrEqual(t, c.lines, 1)
		require.Zero(t, c.anomalies(call.AnomalyClockJump))
		for range confirmation / time.Minute {
			c.answer(off, time.Minute)
			require.Zero(t, c.wrong())
		}
		c.answer(off, time.Minute)
		require.Equal(t, off, c.wrong())
		require.False(t, c.trusted())
		require.Equal(t, 1.0, c.anomalies(call.AnomalyClockJump))
		for range 1 + confirmation/time.Minute {
			c.answer(0, time.Minute)
		}
		require.Zero(t, c.wrong(), "and back")
	}
}

// TestClockRecords: as long as calls end by the believed time, no other one is believed; one that they end by is.
func TestClockRecords(t *testing.T) {
	for _, off := range []time.Duration{-10 * days, -20 * time.Minute, 20 * time.Minute, time.Hour} {
		c := newTestClock()
		c.answer(0, time.Minute)
		for range 100 {
			c.answer(off, time.Minute)
			c.sawEnd(c.truth().Add(-time.Minute), true)
			require.Zero(t, c.wrong(), "off by %s", off)
		}
		for range 2 * confirmation / time.Minute {
			c.answer(off, time.Minute)
			c.sawEnd(c.truth().Add(off-time.Minute), true)
		}
		require.Equal(t, off, c.wrong())
	}
}

// TestClockAfterASilence: the first answer after a failure for minutes confirms no claim, since the calls that it brings have yet to
// be looked at. Without calls the claim is believed some minutes later.
func TestClockAfterASilence(t *testing.T) {
	for _, off := range []time.Duration{-10 * days, 12 * time.Hour} {
		for _, silence := range []time.Duration{confirmation, 3 * time.Hour} {
			c := newTestClock()
			c.answer(0, time.Minute)
			c.answer(off, silence)
			c.answer(off, 0)
			require.Zero(t, c.wrong(), "off by %s, silent for %s", off, silence)
			idle := *c.clock
			for range longestSilence/time.Minute + 2 {
				c.answer(off, time.Minute)
			}
			require.Equal(t, off, c.wrong(), "no calls")

			c.clock = &idle
			c.sawEnd(c.truth().Add(-time.Minute), true)
			for range 2 * confirmation / time.Minute {
				c.answer(off, time.Minute)
				c.sawEnd(c.truth().Add(-time.Minute), true)
				require.Zero(t, c.wrong())
			}
		}
	}
}

// TestClockFollows: within the tolerance the believed time stays within what the last answers say, so it follows drift and steps
// and does not waver between servers whose clocks differ.
func TestClockFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newTestClock()
		off := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(-int(agreement/2), int(agreement/2)).Draw(t, label))
		}
		a, b := off("a"), off("b")
		c.answer(a, time.Second)
		for range rapid.IntRange(0, recentAnswers/2).Draw(t, "answers") {
			c.answer(a, time.Second)
			c.answer(b, time.Second)
		}
		require.Equal(t, a, c.wrong())
		require.LessOrEqual(t, c.lines, 0)
		for range recentAnswers {
			c.answer(b, time.Second)
		}
		require.Equal(t, b, c.wrong())
	})
}

// TestClockRefused: a window that the server refuses shows that the believed time may be ahead, so its Date is taken at once.
func TestClockRefused(t *testing.T) {
	c := newTestClock()
	c.answer(0, time.Minute)
	c.refused(c.truth().Add(-10 * time.Minute))
	require.Equal(t, -10*time.Minute, c.wrong())
	for range 1 + confirmation/time.Minute {
		c.refused(c.truth().Add(-3 * time.Hour))
		c.elapsed += time.Minute
	}
	require.Equal(t, -3*time.Hour, c.wrong())
}

// TestClockJump: a clock that is set counts once, one that is just off or drifts does not; the local one moves nothing.
func TestClockJump(t *testing.T) {
	c := newTestClock()
	require.Zero(t, testutil.CollectAndCount(c.metrics.Skew), "absent until an answer tells")
	for _, step := range []struct {
		off   time.Duration
		jumps float64
	}{
		{0, 0}, {maxDrift, 0}, {2 * maxDrift, 0}, // drifting
		{10 * days, 1}, {10 * days, 1}, {-time.Hour, 2},
	} {
		c.off = step.off
		c.answer(0, 0)
		require.Equal(t, step.jumps, c.anomalies(call.AnomalyClockJump), "the local clock is off by %s", step.off)
		require.Equal(t, -step.off.Seconds(), testutil.ToFloat64(c.metrics.Skew))
		require.Zero(t, c.wrong())
	}
}
