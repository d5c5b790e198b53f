package backfill

import (
	"time"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// ownNames are the exporter's own metrics by which rules and alerts know how far an account's numbers can be trusted. In a history they
// say that each step was read in time: that is what its calls look like.
func ownNames() []families.Family {
	return []families.Family{
		{Name: "itnio_exporter_catch_up_remaining_seconds", Type: series.Gauge, Help: "In a history: 0."},
		{Name: "itnio_exporter_complete_until_timestamp_seconds", Type: series.Gauge, Help: "In a history: the time of the sample."},
		{Name: "itnio_exporter_last_success_timestamp_seconds", Type: series.Gauge, Help: "In a history: the time of the sample."},
		{Name: "itnio_up", Type: series.Gauge, Help: "In a history: 1."},
	}
}

// own gives these metrics at a time.
func own(account string, t time.Time) []*series.Family {
	now := float64(t.Unix())
	values := []float64{0, now, now, 1}
	var out []*series.Family
	for i, f := range ownNames() {
		out = append(out, &series.Family{
			Name: f.Name, Type: f.Type, LabelNames: []string{families.LabelAccount},
			Metrics: []*series.Metric{{LabelValues: []string{account}, Value: values[i]}},
		})
	}
	return out
}
