package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"itnio_exporter/collector/families"
)

// Server is a Prometheus that has scraped the exporter.
type Server struct {
	API promv1.API
	// Match are more label matchers, which choose the target, as in a query: job="itnio". "": there is but one.
	Match string
}

const (
	askTime      = time.Minute      // of one query
	before       = 24 * time.Hour   // how old a series' last sample before the range may be
	firstStretch = 15 * time.Minute // of the first query; then as long as makes the answers of good size
	longest      = 6 * time.Hour
	shortest     = time.Second
	fewSamples   = 50_000 // in an answer: the next query is about twice the time
	manySamples  = 200_000
	silence      = 5 * time.Minute // without a sample: longer than scrape intervals are
)

// samples is what a server has stored of an account's counters.
type samples struct {
	names   []string                      // of the labels of the family
	last    map[model.Fingerprint]float64 // value of each series
	rises   map[key]*rises
	resets  []int64             // when, Unix seconds
	times   map[int64]struct{}  // of samples, Unix seconds
	targets map[string]struct{} // labels of the targets
}

// read reads the raw samples of (from, to] and what was before.
func (s *Server) read(ctx context.Context, account string, names []string, from, to time.Time) (*samples, error) {
	selector := families.Calls + "{" + families.LabelAccount + "=" + strconv.Quote(account)
	if s.Match != "" {
		selector += "," + s.Match
	}
	selector += "}"
	out := &samples{
		names: names, last: map[model.Fingerprint]float64{}, rises: map[key]*rises{}, times: map[int64]struct{}{}, targets: map[string]struct{}{},
	}
	begun, err := s.ask(ctx, fmt.Sprintf("last_over_time(%s[%s])", selector, duration(before)), from)
	if err != nil {
		return nil, err
	}
	if v, ok := begun.(model.Vector); ok {
		for _, one := range v {
			delete(one.Metric, model.MetricNameLabel) // as below; servers before Prometheus 3 leave it out
			out.last[one.Metric.FastFingerprint()] = float64(one.Value)
		}
	}
	width := firstStretch
	for at := from; at.Before(to); {
		width = min(width, to.Sub(at))
		v, err := s.ask(ctx, fmt.Sprintf("%s[%s]", selector, duration(width)), at.Add(width))
		if err != nil && width > shortest && tooMuch(err) {
			width = max(shortest, width/2)
			continue
		}
		if err != nil {
			return nil, err
		}
		n := out.take(v)
		at = at.Add(width)
		switch {
		case n > manySamples:
			width = max(shortest, width/2)
		case n < fewSamples:
			width = min(longest, 2*width)
		}
	}
	for _, r := range out.rises {
		r.sort()
	}
	return out, out.check(s.Match)
}

func duration(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

func (s *Server) ask(ctx context.Context, query string, at time.Time) (model.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	v, _, _, err := s.API.Query(ctx, query, at, promv1.WithTimeout(askTime))
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus for %s: %w", query, err)
	}
	return v, nil
}

// tooMuch reports whether a query may work for a shorter time.
func tooMuch(err error) bool {
	e, ok := errors.AsType[*promv1.Error](err)
	return ok && (e.Type == promv1.ErrExec || e.Type == promv1.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)
}

// take adds samples, and returns how many there were. Older servers give the last one of the stretch before again: it adds nothing.
func (s *samples) take(v model.Value) (n int) {
	matrix, _ := v.(model.Matrix)
	for _, stream := range matrix {
		delete(stream.Metric, model.MetricNameLabel)
		id, k := stream.Metric.FastFingerprint(), s.keyOf(stream.Metric)
		for _, sample := range stream.Values {
			s.sample(id, k, sample.Timestamp.Time(), float64(sample.Value))
		}
		n += len(stream.Values)
	}
	return n
}

// keyOf gives a series' agent group and country, and notes its target.
func (s *samples) keyOf(m model.Metric) key {
	target := maps.Clone(m)
	for _, name := range s.names {
		delete(target, model.LabelName(name))
	}
	s.targets[target.String()] = struct{}{}
	return key{string(m[families.LabelAgentGroup]), string(m[families.LabelCountry])}
}

func (s *samples) sample(id model.Fingerprint, k key, t time.Time, value float64) {
	at := t.Unix()
	if t.Nanosecond() > 0 {
		at++
	}
	s.times[at] = struct{}{}
	if s.rises[k] == nil {
		s.rises[k] = &rises{}
	}
	was, known := s.last[id]
	s.last[id] = value
	switch {
	case value == was:
	case !known:
		s.rises[k].add(at, int(value), first)
	case value < was:
		s.resets = append(s.resets, at)
		s.rises[k].add(at, int(value), reset)
	default:
		s.rises[k].add(at, int(value-was), plain)
	}
}

// check refuses samples that may be of several exporters: their rises would be added up.
func (s *samples) check(match string) error {
	targets := s.sortedTargets()
	switch {
	case len(targets) == 0:
		return errors.New("Prometheus has no samples of the account's calls in the range: doctor with --prometheus.url tells more")
	case len(targets) > 1 && match == "":
		return fmt.Errorf(`Prometheus has the account's calls from several targets: choose one with --prometheus.match, as in job="itnio": %s`,
			strings.Join(targets, ", "))
	}
	return nil
}

func (s *samples) sortedTargets() []string { return slices.Sorted(maps.Keys(s.targets)) }

// silent are the parts of a range that have no sample.
func (s *samples) silent(from, to int64) []Stretch {
	var out []Stretch
	at := from
	for _, t := range append(slices.Sorted(maps.Keys(s.times)), to) {
		if t <= at {
			continue
		}
		t = min(t, to)
		if t-at > int64(silence/time.Second) {
			out = append(out, Stretch{unix(at), unix(t)})
		}
		at = t
	}
	return out
}

func unix(t int64) time.Time { return time.Unix(t, 0).UTC() }

// compare compares the calls that ended in a range with the rises in it. Both are known up to the time known.
func (s *samples) compare(from, to, known int64, ended map[key]*ends) *Prometheus {
	out := &Prometheus{Targets: s.sortedTargets(), Silent: s.silent(from, to)}
	for _, at := range s.resets {
		if from < at && at <= to {
			out.Resets++
		}
	}
	keys := map[key]struct{}{}
	for k := range ended {
		keys[k] = struct{}{}
	}
	for k := range s.rises {
		keys[k] = struct{}{}
	}
	for _, k := range slices.SortedFunc(maps.Keys(keys), compareKeys) {
		e, r := ended[k], s.rises[k]
		if e == nil {
			e = &ends{}
		}
		if r == nil {
			r = &rises{}
		}
		e.sort()
		if row := balance(from, to, known, e, r); row.Counted+row.Rises+row.FirstSamples > 0 {
			out.Rows = append(out.Rows, PrometheusRow{AgentGroup: k.group, Country: k.country, Rises: row})
			out.Total.add(row)
		}
	}
	return out
}
