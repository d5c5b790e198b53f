package backfill

import (
	"strings"
	"time"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// firstSeen is the recording rule that says since when an account is known. It refers to itself, so it cannot be computed for the past
// afterwards, and alerts that compare with last week would wait for a week.
const firstSeen = "account:itnio_first_seen:timestamp"

// ownNames are the exporter's own metrics by which rules and alerts know how far an account's numbers can be trusted. In a history they
// say that each step was read in time: that is what its calls look like.
func ownNames() []families.Family {
	return []families.Family{
		{Name: firstSeen, Type: series.Gauge, Help: "In a history: its start."},
		{Name: "itnio_exporter_catch_up_remaining_seconds", Type: series.Gauge, Help: "In a history: 0."},
		{Name: "itnio_exporter_complete_until_timestamp_seconds", Type: series.Gauge, Help: "In a history: the time of the sample."},
		{Name: "itnio_exporter_last_success_timestamp_seconds", Type: series.Gauge, Help: "In a history: the time of the sample."},
		{Name: "itnio_up", Type: series.Gauge, Help: "In a history: 1."},
	}
}

// own gives these metrics at a time.
func own(p *Plan, t time.Time) []*series.Family {
	now := float64(t.Unix())
	values := []float64{float64(p.Start.Unix()), 0, now, now, 1}
	var out []*series.Family
	for i, f := range ownNames() {
		one := &series.Family{Name: f.Name, Type: f.Type, LabelNames: []string{families.LabelAccount}}
		m := &series.Metric{LabelValues: []string{p.Account}, Value: values[i]}
		if f.Name == firstSeen {
			one.LabelNames, m.LabelValues = append(one.LabelNames, "job"), append(m.LabelValues, p.job())
		}
		one.Metrics = []*series.Metric{m}
		out = append(out, one)
	}
	return out
}

// recorded reports whether a family is a rule's: its series do not have the labels of the target.
func recorded(f *series.Family) bool { return strings.Contains(f.Name, ":") }

func (p *Plan) job() string {
	for _, l := range p.Labels {
		if l.Name == "job" {
			return l.Value
		}
	}
	return ""
}
