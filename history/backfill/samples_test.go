package backfill

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// hour is when the steps begin.
const hour = 3600

func counter(values map[string]float64) *series.Family {
	f := &series.Family{Name: "calls_total", Type: series.Counter, LabelNames: []string{"group"}}
	for _, name := range []string{"a", "b", "c"} {
		if v, ok := values[name]; ok {
			f.Metrics = append(f.Metrics, &series.Metric{LabelValues: []string{name}, Value: v})
		}
	}
	return f
}

// write shows one family after the other, a minute apart, and gives the samples, with seconds since the first.
func write(t *testing.T, s *samples, steps ...*series.Family) []string {
	t.Helper()
	var out bytes.Buffer
	s.families = map[string]*rows{}
	for i, f := range steps {
		var shown []*series.Family
		if f != nil {
			shown = []*series.Family{f}
		}
		s.next(time.Unix(hour+int64(i)*60, 0), shown)
		if i == 0 {
			s.begin(bufio.NewWriter(&out), []families.Family{{Name: "calls_total", Help: "A \"b\"\n"}})
		}
	}
	s.last()
	require.NoError(t, s.end())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Equal(t, []string{"# TYPE calls counter", `# HELP calls A \"b\"\n`}, lines[:2])
	require.Equal(t, "# EOF", lines[len(lines)-1])
	lines = lines[2 : len(lines)-1]
	for i, line := range lines {
		at := strings.LastIndex(line, " ") + 1
		unix, err := strconv.ParseInt(line[at:], 10, 64)
		require.NoError(t, err)
		lines[i] = line[:at] + strconv.FormatInt(unix-hour, 10)
	}
	return lines
}

// TestSamples: a sample is left out if the series does not change within five minutes, but each fourth minute and the last: in a window of
// five minutes that has a change, increase() finds all samples.
func TestSamples(t *testing.T) {
	s := &samples{step: time.Minute, labels: []Label{{"job", `x"\`}, {"empty", ""}}}
	var steps []*series.Family
	for i := range 23 {
		v := 1.
		if i >= 12 {
			v = 2
		}
		steps = append(steps, counter(map[string]float64{"a": v}))
	}
	var want []string
	for _, minute := range []int{0, 4, 8, 9, 10, 11} {
		want = append(want, fmt.Sprintf(`calls_total{group="a",job="x\"\\"} 1 %d`, 60*minute))
	}
	for _, minute := range []int{12, 13, 14, 15, 16, 20, 22} {
		want = append(want, fmt.Sprintf(`calls_total{group="a",job="x\"\\"} 2 %d`, 60*minute))
	}
	require.Equal(t, want, write(t, s, steps...))
}

// TestNewSeries: a series has a 0 at the step before it first shows, also one that has been away; a gauge has none.
func TestNewSeries(t *testing.T) {
	s := &samples{step: time.Minute}
	a, ab := counter(map[string]float64{"b": 1}), counter(map[string]float64{"a": 5, "b": 1, "c": 2})
	require.Equal(t, []string{
		`calls_total{group="b"} 1 0`,
		`calls_total{group="a"} 0 60`, `calls_total{group="c"} 0 60`,
		`calls_total{group="a"} 5 120`, `calls_total{group="c"} 2 120`,
		`calls_total{group="a"} 0 240`, `calls_total{group="b"} 1 240`, `calls_total{group="c"} 0 240`,
		`calls_total{group="a"} 5 300`, `calls_total{group="b"} 1 300`, `calls_total{group="c"} 2 300`,
	}, write(t, s, a, a, ab, a, a, ab))

	gauge := *ab
	gauge.Type = series.Gauge
	require.Equal(t, []string{
		`calls_total{group="a"} 5 60`, `calls_total{group="b"} 1 60`, `calls_total{group="c"} 2 60`,
	}, write(t, &samples{step: time.Minute}, nil, &gauge))
}

// TestHistogramSamples: cumulative buckets with bounds as Prometheus stores them, the sum and the count; each is left out by itself.
func TestHistogramSamples(t *testing.T) {
	at := func(buckets []uint64, sum float64, count uint64) *series.Family {
		return &series.Family{Name: "calls_total", Type: series.Histogram, Bounds: []float64{2, 7.5}, Metrics: []*series.Metric{
			{Hist: &series.HistogramValue{Buckets: buckets, Sum: sum, Count: count}},
		}}
	}
	got := write(t, &samples{step: time.Minute}, at([]uint64{1, 2}, 20, 4), at([]uint64{1, 3}, 26, 5), at([]uint64{1, 3}, 26, 5))
	require.Equal(t, []string{
		`calls_total_bucket{le="2.0"} 1 0`, `calls_total_bucket{le="7.5"} 3 0`, `calls_total_bucket{le="+Inf"} 4 0`, `calls_total_sum{} 20 0`, `calls_total_count{} 4 0`,
		`calls_total_bucket{le="7.5"} 4 60`, `calls_total_bucket{le="+Inf"} 5 60`, `calls_total_sum{} 26 60`, `calls_total_count{} 5 60`,
		`calls_total_bucket{le="2.0"} 1 120`, `calls_total_bucket{le="7.5"} 4 120`, `calls_total_bucket{le="+Inf"} 5 120`, `calls_total_sum{} 26 120`, `calls_total_count{} 5 120`,
	}, got)
	short := write(t, &samples{step: time.Minute, short: true}, at([]uint64{1, 2}, 20, 4))
	require.Equal(t, `calls_total_bucket{le="2"} 1 0`, short[0])
}
