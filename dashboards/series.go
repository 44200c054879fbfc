package dashboards

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// A Source is one of the collectors of this package. It can be registered like any
// other, or be given to a Handler, which writes its series without making a metric of
// each: what there is of every device is most of the page.
type Source interface {
	prometheus.Collector
	base() *collector
}

// A family is the metric of one name, without the prefix that all of ours bear.
type family struct {
	name, help string
	labels     []string
	kind       prometheus.ValueType
	desc       *prometheus.Desc
}

// A collector walks over a state at the moment of the scrape. It is what all of ours
// have in common.
type collector struct {
	families []*family
	// walk puts every series once. It may run more than once at a time.
	walk func(to series)
}

func (c *collector) base() *collector { return c }

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.families {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) { c.walk(series{ch: ch}) }

func (c *collector) gauge(name, help string, labels ...string) *family {
	return c.family(prometheus.GaugeValue, name, help, labels)
}

func (c *collector) counter(name, help string, labels ...string) *family {
	return c.family(prometheus.CounterValue, name, help, labels)
}

func (c *collector) family(kind prometheus.ValueType, name, help string, labels []string) *family {
	f := &family{name, help, labels, kind, prometheus.NewDesc(name, help, labels, nil)}
	c.families = append(c.families, f)
	return f
}

// series takes the series of one scrape: as metrics for a registry, or as text.
type series struct {
	ch   chan<- prometheus.Metric
	text *draft // nil for a registry
}

// put adds one series. The values are those of the family's labels, in their order.
func (s series) put(f *family, v float64, labels ...string) {
	if s.text != nil {
		s.text.add(f, v, labels)
		return
	}
	// The metric keeps the values; the clone lets the text do without the allocation.
	s.ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v, slices.Clone(labels)...)
}
