package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	maxBuckets = 100
	minSeries  = 10
	maxLimit   = 10_000_000
)

// Default bucket bounds, in whole seconds as the API counts.
var (
	defaultDurationBuckets = []float64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600}
	defaultRingBuckets     = []float64{2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300}
)

const (
	defaultRetireAfter = 90 * day
	// minRetireAfter is the longest zero_first: a label set stays until its first calls have been shown.
	minRetireAfter = day
)

func (c *Config) metrics(s *source) (v Metrics, err error) {
	m := c.Metrics
	if v.DurationBuckets, err = buckets(s, m.DurationBuckets, defaultDurationBuckets, "metrics.duration_buckets"); err != nil {
		return v, err
	}
	if v.RingBuckets, err = buckets(s, m.RingBuckets, defaultRingBuckets, "metrics.ring_buckets"); err != nil {
		return v, err
	}
	if v.Labels, err = labels(s, m.Labels, "metrics.labels"); err != nil {
		return v, err
	}
	if v.Agents, v.AgentHashKey, err = c.agents(s); err != nil {
		return v, err
	}
	v.Tags, v.Media, v.Exemplars, v.NativeHistograms = m.Tags, m.Media, m.Exemplars, m.NativeHistograms
	switch v.RetireAfter = or(m.RetireAfter, defaultRetireAfter); {
	case v.RetireAfter < 0:
		return v, s.errorf("metrics.retire_after", "%s is negative; write 0s for never", show(v.RetireAfter))
	case v.RetireAfter > 0 && v.RetireAfter < minRetireAfter:
		return v, s.errorf("metrics.retire_after", "%s is too short; it has to be at least %s, since calls of label sets that are taken out earlier may never be shown, or 0s for never",
			show(v.RetireAfter), show(minRetireAfter))
	}
	v.Limits, err = m.Limits.validate(s, "metrics.limits")
	return v, err
}

func buckets(s *source, bounds, defaults []float64, path string) ([]float64, error) {
	if bounds == nil {
		return slices.Clone(defaults), nil
	}
	if len(bounds) == 0 || len(bounds) > maxBuckets {
		return nil, s.errorf(path, "has %d bounds; give 1 to %d, in seconds, or leave the key out", len(bounds), maxBuckets)
	}
	for i, b := range bounds {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case math.IsInf(b, 1):
			return nil, s.errorf(at, "+Inf is always there; remove it")
		case !(b > 0):
			return nil, s.errorf(at, "%g is not a bound; it has to be above 0", b)
		case i > 0 && b == bounds[i-1]:
			return nil, s.errorf(at, "%g stands there twice; remove one", b)
		case i > 0 && b < bounds[i-1]:
			return nil, s.errorf(at, "%g follows %g; sort the bounds upwards", b, bounds[i-1])
		}
	}
	return slices.Clone(bounds), nil
}

// labels checks what does not depend on the families that exist; CheckLabels checks the rest.
func labels(s *source, keep map[string][]string, path string) (map[string][]string, error) {
	out := make(map[string][]string, len(keep))
	for _, family := range slices.Sorted(maps.Keys(keep)) {
		for i, label := range keep[family] {
			if slices.Contains(keep[family][:i], label) {
				return nil, s.errorf(fmt.Sprintf("%s[%d]", join(path, family), i), "%s stands there twice; remove one", quote(label))
			}
		}
		out[family] = append([]string{}, keep[family]...)
	}
	return out, nil
}

// CheckLabels is Validated.CheckLabels without the file's name and lines in the errors.
func (m Metrics) CheckLabels(allowed map[string][]string) error {
	return m.checkLabels(&source{}, allowed)
}

func (m Metrics) checkLabels(s *source, allowed map[string][]string) error {
	for _, family := range slices.Sorted(maps.Keys(m.Labels)) {
		path := join("metrics.labels", family)
		known, ok := allowed[family]
		if !ok {
			return s.errorf(path, "no such family; labels can be chosen for %s", strings.Join(slices.Sorted(maps.Keys(allowed)), ", "))
		}
		for i, label := range m.Labels[family] {
			if !slices.Contains(known, label) {
				return s.errorf(fmt.Sprintf("%s[%d]", path, i), "the family has no label %s; it has %s", quote(label), strings.Join(known, ", "))
			}
		}
	}
	return nil
}

// agents accepts false and no, too: to YAML 1.1, off is a boolean.
func (c *Config) agents(s *source) (AgentMode, Secret, error) {
	m := c.Metrics
	switch AgentMode(m.Agents) {
	case "", AgentsOff, "false", "no":
		return AgentsOff, "", nil
	case AgentsName:
		return AgentsName, "", nil
	case AgentsHash:
	default:
		return "", "", s.errorf("metrics.agents", "%s is not a mode; it is off, name or hash", quote(m.Agents))
	}
	const path = "metrics.agent_hash_key_file"
	if m.AgentHashKeyFile == "" {
		return "", "", s.errorf(path, "is missing; agents: hash needs a file with a key of random characters")
	}
	data, err := c.readAt(s, m.AgentHashKeyFile, path)
	if err != nil {
		return "", "", err
	}
	key := strings.TrimRight(string(data), "\r\n")
	if strings.TrimSpace(key) == "" {
		return "", "", s.errorf(path, "the file is empty; write a key of random characters into it")
	}
	if problem := standsFor(key, slices.Concat(unfilled, noSecret)); problem != "" {
		return "", "", s.errorf(path, "the key %s; write a key of random characters into it", problem)
	}
	s.hide(key)
	return AgentsHash, Secret(key), nil
}

func (l LimitsConfig) validate(s *source, path string) (v Limits, err error) {
	for _, limit := range []struct {
		key      string
		in       *int
		out      *int
		standard int
		least    int
	}{
		{"agent_group", l.AgentGroup, &v.AgentGroup, 200, 1},
		{"agent", l.Agent, &v.Agent, 500, 1},
		{"tag", l.Tag, &v.Tag, 100, 1},
		{"media", l.Media, &v.Media, 20, 1},
		{"series", l.Series, &v.Series, 20000, minSeries},
	} {
		*limit.out = or(limit.in, limit.standard)
		if *limit.out < limit.least || *limit.out > maxLimit {
			return v, s.errorf(join(path, limit.key), "%d is not a limit; it has to be from %d to %d", *limit.out, limit.least, maxLimit)
		}
	}
	return v, nil
}

func (m Metrics) clone() Metrics {
	m.DurationBuckets = slices.Clone(m.DurationBuckets)
	m.RingBuckets = slices.Clone(m.RingBuckets)
	m.Labels = maps.Clone(m.Labels)
	for family, labels := range m.Labels {
		m.Labels[family] = slices.Clone(labels)
	}
	return m
}
