package exposition

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"itnio_exporter/collector/series"
)

var (
	_ prometheus.Collector = (*collector)(nil)
	_ prometheus.Metric    = (*constMetric)(nil)
)

type collector struct {
	source Source
	known  []*series.Family
}

// NewCollector makes the source's families available to any client_golang registry, in the same terms in which the
// Handler serves them. A registry checks what it is told at registration: known are the families that may ever come,
// without metrics if need be; those that the source holds by then are added.
func NewCollector(source Source, known ...*series.Family) prometheus.Collector {
	return &collector{source: source, known: known}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	families, _ := c.source.Exposition()
	described := make(map[string]bool, len(c.known)+len(families))
	for _, list := range [][]*series.Family{c.known, families} {
		for _, f := range list {
			if !described[f.Name] {
				described[f.Name] = true
				ch <- describe(f)
			}
		}
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	families, _ := c.source.Exposition()
	for _, f := range families {
		desc, order := describe(f), labelOrder(f)
		for _, m := range f.Metrics {
			if err := checkMetric(f, m); err != nil {
				ch <- prometheus.NewInvalidMetric(desc, err)
				continue
			}
			ch <- &constMetric{desc: desc, family: f, order: order, metric: m}
		}
	}
}

func describe(f *series.Family) *prometheus.Desc {
	return prometheus.NewDesc(f.Name, f.Help, f.LabelNames, nil)
}

// constMetric is a metric that does not change. prometheus.NewConstHistogram knows no native buckets, and
// prometheus.NewConstNativeHistogram no classic ones.
type constMetric struct {
	desc   *prometheus.Desc
	family *series.Family
	order  []int
	metric *series.Metric
}

// Desc implements prometheus.Metric.
func (m *constMetric) Desc() *prometheus.Desc { return m.desc }

// Write implements prometheus.Metric.
func (m *constMetric) Write(out *dto.Metric) error {
	writeModel(out, m.family, m.order, m.metric)
	return nil
}
