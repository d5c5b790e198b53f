package verify

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// stored is a server that has series.
type stored struct {
	promv1.API
	series  []*model.SampleStream
	most    int // samples that it answers with at most
	queries int
	inside  bool // it gives the sample at the very beginning of a stretch too, as older servers do
}

func (s *stored) Query(_ context.Context, query string, at time.Time, _ ...promv1.Option) (model.Value, promv1.Warnings, promv1.Infos, error) {
	s.queries++
	instant := strings.HasPrefix(query, "last_over_time(")
	_, width, _ := strings.Cut(query, "[")
	width, _, _ = strings.Cut(width, "ms]")
	ms, err := strconv.ParseInt(width, 10, 64)
	if err != nil || !strings.Contains(query, `itnio_calls_total{account="main"`) {
		return nil, nil, nil, errors.New("cannot read " + query)
	}
	end := model.TimeFromUnixNano(at.UnixNano())
	var matrix model.Matrix
	var vector model.Vector
	n := 0
	for _, stream := range s.series {
		part := &model.SampleStream{Metric: stream.Metric.Clone()}
		for _, v := range stream.Values {
			if begin := end - model.Time(ms); (v.Timestamp > begin || s.inside && v.Timestamp == begin) && v.Timestamp <= end {
				part.Values = append(part.Values, v)
			}
		}
		if n += len(part.Values); len(part.Values) > 0 {
			matrix = append(matrix, part)
			vector = append(vector, &model.Sample{Metric: stream.Metric.Clone(), Value: part.Values[len(part.Values)-1].Value})
		}
	}
	switch {
	case instant:
		return vector, nil, nil, nil
	case s.most > 0 && n > s.most:
		return nil, nil, nil, &promv1.Error{Type: promv1.ErrExec, Msg: "query processing would load too many samples into memory"}
	}
	return matrix, nil, nil, nil
}

// series is one with samples each minute from a time on.
func series(labels string, from int64, values ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{model.MetricNameLabel: "itnio_calls_total", "account": "main"}}
	for pair := range strings.SplitSeq(labels, ",") {
		name, value, _ := strings.Cut(pair, "=")
		s.Metric[model.LabelName(name)] = model.LabelValue(value)
	}
	for i, v := range values {
		s.Values = append(s.Values, model.SamplePair{Timestamp: model.Time((from + int64(i)*60) * 1000), Value: model.SampleValue(v)})
	}
	return s
}

func names() []string { return []string{"account", "agent_group", "country", "outcome"} }

// TestSamples: rises are added up over series and over stretches of any length; resets and first samples are told apart.
func TestSamples(t *testing.T) {
	begin := time.Unix(6_000_000, 0)
	read := func(s *stored, match string) (*samples, error) {
		server := Server{API: s, Match: match}
		return server.read(t.Context(), "main", names(), begin, begin.Add(time.Hour))
	}
	long := make([]float64, 60)
	for i := range long {
		long[i] = float64(7 + i/2)
	}
	for _, s := range []*stored{{}, {inside: true}, {most: 10}} {
		s.series = []*model.SampleStream{
			series("agent_group=a,country=CN,outcome=busy,job=j", 6_000_000-60, 5, 5, 6, 6, 9),
			series("agent_group=a,country=CN,outcome=failed,job=j", 6_000_000+60, 0, 2, 2, 1, 1, 3),
			series("agent_group=b,country=CN,outcome=busy,job=j", 6_000_000+120, 4, 4),
			series("agent_group=c,country=CN,outcome=busy,job=j", 6_000_000-7200, 4), // scraped again much later
			series("agent_group=c,country=CN,outcome=busy,job=j", 6_000_000+600, 6),
			series("agent_group=d,country=CN,outcome=busy,job=j", 6_000_000+1, long...),
		}
		got, err := read(s, "")
		require.NoError(t, err)
		end := int64(6_003_600)
		of := func(group string, h how) int { return got.rises[key{group, "CN"}].after(6_000_000, end, h) }
		require.Equal(t, 1+3+2+2, of("a", plain))
		require.Equal(t, 1, of("a", reset))
		require.Equal(t, 4, of("b", first))
		require.Equal(t, 2, of("c", plain))
		require.Equal(t, 29, of("d", plain))
		require.Equal(t, 7, of("d", first))
		require.Len(t, got.resets, 1)
		require.Equal(t, []string{`{job="j"}`}, got.sortedTargets())
		require.Equal(t, []Stretch{{unix(6_003_541), unix(6_003_900)}}, got.silent(6_000_000, 6_003_900))
	}

	two := &stored{series: []*model.SampleStream{series("job=j,instance=1", 6_000_060, 1, 2), series("job=j,instance=2", 6_000_060, 1, 2)}}
	_, err := read(two, "")
	require.ErrorContains(t, err, `choose one with --prometheus.match, as in job="itnio": {instance="1", job="j"}, {instance="2", job="j"}`)
	got, err := read(two, `job="j"`)
	require.NoError(t, err)
	require.Equal(t, 2, got.rises[key{}].after(6_000_000, 6_003_600, plain), "asked for")
	_, err = read(&stored{}, "")
	require.ErrorContains(t, err, "no samples of the account's calls")
	_, err = read(&stored{series: two.series, most: 1}, "")
	require.ErrorContains(t, err, "too many samples")
}
