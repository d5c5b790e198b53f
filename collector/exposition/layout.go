package exposition

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"itnio_exporter/collector/series"
)

// labelOrder gives the indexes of a family's labels sorted by name, the order in which client_golang's registry writes
// them whatever the order of their declaration.
func labelOrder(f *series.Family) []int {
	order := make([]int, len(f.LabelNames))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case f.LabelNames[a] < f.LabelNames[b]:
			return -1
		case f.LabelNames[a] > f.LabelNames[b]:
			return 1
		}
		return 0
	})
	return order
}

// checkFamily refuses what no format can carry unescaped. All names being valid in the oldest scheme is what allows one
// page to answer every escaping scheme: none of them changes such a name (model.EscapeMetricFamily).
func checkFamily(f *series.Family) error {
	if !model.LegacyValidation.IsValidMetricName(f.Name) {
		return fmt.Errorf("metric family %q: invalid name", f.Name)
	}
	for _, name := range f.LabelNames {
		if !model.LegacyValidation.IsValidLabelName(name) {
			return fmt.Errorf("metric family %s: invalid label name %q", f.Name, name)
		}
	}
	if f.Type > series.Histogram {
		return fmt.Errorf("metric family %s: unknown type %d", f.Name, f.Type)
	}
	return nil
}

// checkMetric refuses a metric that does not fit its family, or that would make a scraper throw the whole page away.
func checkMetric(f *series.Family, m *series.Metric) error {
	if len(m.LabelValues) != len(f.LabelNames) {
		return fmt.Errorf("metric family %s: %d label values for %d labels", f.Name, len(m.LabelValues), len(f.LabelNames))
	}
	for i, v := range m.LabelValues {
		if !utf8.ValidString(v) {
			return fmt.Errorf("metric family %s: label %s is not valid UTF-8", f.Name, f.LabelNames[i])
		}
	}
	if f.Type == series.Histogram {
		if m.Hist == nil {
			return fmt.Errorf("metric family %s: a histogram without buckets", f.Name)
		}
		if len(m.Hist.Buckets) != len(f.Bounds) {
			return fmt.Errorf("metric family %s: %d buckets for %d bounds", f.Name, len(m.Hist.Buckets), len(f.Bounds))
		}
	}
	return nil
}
