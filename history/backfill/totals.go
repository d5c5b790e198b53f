package backfill

import (
	"cmp"
	"slices"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// Totals are the calls of a history, by agent group and by country, the most first.
type Totals struct {
	Calls     int
	Groups    []Total // nil: the configuration leaves the label out
	Countries []Total
}

// Total is the calls with one label value.
type Total struct {
	Name  string
	Calls int
}

// totalsOf adds up the family that counts calls. Series that were retired are not in it.
func totalsOf(shown []*series.Family) (t Totals) {
	for _, f := range shown {
		if f.Name != families.Calls {
			continue
		}
		for _, m := range f.Metrics {
			t.Calls += int(m.Value)
		}
		t.Groups, t.Countries = by(f, families.LabelAgentGroup), by(f, families.LabelCountry)
	}
	return t
}

func by(f *series.Family, label string) []Total {
	at := slices.Index(f.LabelNames, label)
	if at < 0 {
		return nil
	}
	sums := map[string]int{}
	for _, m := range f.Metrics {
		sums[m.LabelValues[at]] += int(m.Value)
	}
	list := make([]Total, 0, len(sums))
	for name, n := range sums {
		list = append(list, Total{name, n})
	}
	slices.SortFunc(list, func(a, b Total) int { return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Name, b.Name)) })
	return list
}
