package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// samples are series and their values, as Prometheus stores them.
type samples map[string]float64

// label is a name and its value.
type label struct{ name, value string }

// seriesKey writes a metric's name and its labels in order of their names. It sorts labels in place.
func seriesKey(name string, labels []label) string {
	if len(labels) == 0 {
		return name
	}
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.name, b.name) })
	b := make([]byte, 0, 256)
	b = append(b, name...)
	sep := byte('{')
	for _, l := range labels {
		b = append(b, sep)
		b = append(b, l.name...)
		b = append(b, '=')
		b = strconv.AppendQuote(b, l.value)
		sep = ','
	}
	return string(append(b, '}'))
}

// key is the series with these pairs of label names and values.
func key(name string, pairs ...string) string {
	var labels [10]label // enough for every family, so that none is allocated
	n := 0
	for i := 0; i < len(pairs); i += 2 {
		labels[n] = label{pairs[i], pairs[i+1]}
		n++
	}
	return seriesKey(name, labels[:n])
}

func parse(t testing.TB, page string) samples {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	s := samples{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			s.put(name, f.GetType(), m)
		}
	}
	return s
}

// put adds the samples of one metric.
func (s samples) put(name string, typ dto.MetricType, m *dto.Metric) {
	labels := make([]label, 0, len(m.GetLabel())+1)
	for _, l := range m.GetLabel() {
		labels = append(labels, label{l.GetName(), l.GetValue()})
	}
	switch typ {
	case dto.MetricType_COUNTER:
		s[seriesKey(name, labels)] = m.GetCounter().GetValue()
	case dto.MetricType_GAUGE:
		s[seriesKey(name, labels)] = m.GetGauge().GetValue()
	case dto.MetricType_HISTOGRAM:
		h := m.GetHistogram()
		s[seriesKey(name+"_count", labels)] = float64(h.GetSampleCount())
		s[seriesKey(name+"_sum", labels)] = h.GetSampleSum()
		for _, b := range h.GetBucket() {
			bucket := append(slices.Clone(labels), label{"le", fmt.Sprint(b.GetUpperBound())})
			s[seriesKey(name+"_bucket", bucket)] = float64(b.GetCumulativeCount())
		}
	}
}

// plus adds to a series.
func (s samples) plus(name string, v float64, pairs ...string) { s[key(name, pairs...)] += v }

// observe adds n observations of a value to a histogram; n may be 0, which only makes the series exist.
func (s samples) observe(name string, n float64, value int64, bounds []int64, pairs ...string) {
	s.plus(name+"_count", n, pairs...)
	s.plus(name+"_sum", n*float64(value), pairs...)
	pairs = append(pairs[:len(pairs):len(pairs)], "le", "+Inf")
	s.plus(name+"_bucket", n, pairs...)
	for _, b := range bounds {
		pairs[len(pairs)-1] = strconv.FormatInt(b, 10)
		if value <= b {
			s.plus(name+"_bucket", n, pairs...)
		} else {
			s.plus(name+"_bucket", 0, pairs...)
		}
	}
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// isGauge reports whether a series of a call family is a gauge.
func isGauge(key string) bool {
	return hasAnyPrefix(key, "itnio_last_call_", "itnio_country_info", "itnio_agent_group_info", "itnio_account_info")
}

// only gives the samples whose keys satisfy a condition.
func (s samples) only(keep func(key string) bool) samples {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(k string, _ float64) bool { return !keep(k) })
	return out
}

// calls gives the samples of the call families, without the exporter's own metrics.
func (s samples) calls() samples {
	return s.only(func(k string) bool {
		return hasAnyPrefix(k, "itnio_call_", "itnio_calls_", "itnio_last_call_", "itnio_country_info", "itnio_agent_", "itnio_account_info")
	})
}

// counters leaves out the gauges, which may fall.
func (s samples) counters() samples { return s.only(func(k string) bool { return !isGauge(k) }) }

// sum adds up the series of a metric.
func (s samples) sum(name string) (n float64) {
	for k, v := range s {
		if strings.HasPrefix(k, name+"{") {
			n += v
		}
	}
	return n
}

// differences describes how two sets of samples differ, at most 20 lines. Samples in may are allowed up to their value
// there, and may be missing.
func differences(want, may, have samples) string {
	var all []string
	for k, v := range want {
		if h, ok := have[k]; !ok {
			all = append(all, fmt.Sprintf("missing %s, want %v", k, v))
		} else if h != v {
			all = append(all, fmt.Sprintf("%s is %v, want %v", k, h, v))
		}
	}
	for k, v := range have {
		if m, ok := may[k]; ok && v <= m {
			continue
		}
		if _, ok := want[k]; !ok {
			all = append(all, fmt.Sprintf("unexpected %s, is %v", k, v))
		}
	}
	slices.Sort(all)
	if n := len(all); n > 20 {
		all = append(all[:20], fmt.Sprintf("… and %d more", n-20))
	}
	return strings.Join(all, "\n")
}

// notLower checks that every counter is still there and has not fallen.
func notLower(t testing.TB, was, is samples) {
	t.Helper()
	for k, v := range was {
		h, ok := is[k]
		require.Truef(t, ok, "%s has gone", k)
		require.GreaterOrEqualf(t, h, v, "%s is lower", k)
	}
}
