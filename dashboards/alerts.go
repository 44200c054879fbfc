package dashboards

import (
	"github.com/prometheus/client_golang/prometheus"
)

// An AlertState is one alert that fires.
type AlertState struct {
	Name, Severity, Kind, Area string
	// Told says that people were told; others are explained by the cause of their
	// incident, or held for maintenance.
	Told bool
}

// An IncidentState is one incident that is not over.
type IncidentState struct {
	Cause, Area string
	Down        int // devices that fell with it and have not returned
}

// Judgement is what is wrong now, and what was counted since the process began. All
// of its functions may be called concurrently.
type Judgement struct {
	Alerts    func() []AlertState
	Incidents func() []IncidentState
	Counts    func() JudgementCounts
}

// JudgementCounts are counters as of one instant, and how many rules are in force.
type JudgementCounts struct {
	Changes    uint64            // steps in the lives of alerts and incidents
	RuleFaults map[string]uint64 // by rule
	TextFaults uint64
	Rules      int64
}

// AlertCollector exports how many alerts fire, by name and area, never one by one:
// whoever wants to know which asks the API.
type AlertCollector struct {
	judgement                                       Judgement
	alerts, incidents, down, changes, faults, texts *prometheus.Desc
	rules                                           *prometheus.Desc
}

// NewAlertCollector returns a collector over what is wrong now.
func NewAlertCollector(j Judgement) *AlertCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &AlertCollector{
		judgement: j,
		alerts:    desc("alerts", "Alerts that fire. told is no for those that another one explains, or that are held for maintenance.", "alertname", "severity", "kind", "area", "told"),
		incidents: desc("incidents", "Incidents that are not over, by cause.", "cause", "area"),
		down:      desc("incident_devices_down", "Devices that fell with an incident and have not returned.", "cause", "area"),
		changes:   desc("alert_changes_total", "Steps in the lives of alerts and incidents since the first image of the engine."),
		faults:    desc("rule_faults_total", "Times that a rule had no answer for a division by zero or the like.", "rule"),
		texts:     desc("alert_text_faults_total", "Templates of alerts that failed; a plain text went out instead."),
		rules:     desc("rules", "Rules in force."),
	}
}

// Describe implements prometheus.Collector.
func (c *AlertCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.alerts, c.incidents, c.down, c.changes, c.faults, c.texts, c.rules} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *AlertCollector) Collect(ch chan<- prometheus.Metric) {
	put := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	alerts := make(map[AlertState]int)
	for _, a := range c.judgement.Alerts() {
		alerts[a]++
	}
	for a, n := range alerts {
		told := "no"
		if a.Told {
			told = "yes"
		}
		put(c.alerts, prometheus.GaugeValue, float64(n), a.Name, a.Severity, a.Kind, a.Area, told)
	}
	type where struct{ cause, area string }
	incidents, down := make(map[where]int), make(map[where]int)
	for _, i := range c.judgement.Incidents() {
		at := where{i.Cause, i.Area}
		incidents[at]++
		down[at] += i.Down
	}
	for at, n := range incidents {
		put(c.incidents, prometheus.GaugeValue, float64(n), at.cause, at.area)
		put(c.down, prometheus.GaugeValue, float64(down[at]), at.cause, at.area)
	}
	counts := c.judgement.Counts()
	put(c.changes, prometheus.CounterValue, float64(counts.Changes))
	put(c.texts, prometheus.CounterValue, float64(counts.TextFaults))
	put(c.rules, prometheus.GaugeValue, float64(counts.Rules))
	for rule, n := range counts.RuleFaults {
		put(c.faults, prometheus.CounterValue, float64(n), rule)
	}
}
