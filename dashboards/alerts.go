package dashboards

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
	collector
	judgement Judgement

	alerts, incidents, down, changes, faults, texts, rules *family
}

// NewAlertCollector returns a collector over what is wrong now.
func NewAlertCollector(j Judgement) *AlertCollector {
	c := &AlertCollector{judgement: j}
	c.alerts = c.gauge("alerts", "Alerts that fire. told is no for those that another one explains, or that are held for maintenance.", "alertname", "severity", "kind", "area", "told")
	c.incidents = c.gauge("incidents", "Incidents that are not over, by cause.", "cause", "area")
	c.down = c.gauge("incident_devices_down", "Devices that fell with an incident and have not returned.", "cause", "area")
	c.changes = c.counter("alert_changes_total", "Steps in the lives of alerts and incidents since the first image of the engine.")
	c.faults = c.counter("rule_faults_total", "Times that a rule had no answer for a division by zero or the like.", "rule")
	c.texts = c.counter("alert_text_faults_total", "Templates of alerts that failed; a plain text went out instead.")
	c.rules = c.gauge("rules", "Rules in force.")
	c.walk = c.put
	return c
}

func (c *AlertCollector) put(to series) {
	alerts := make(map[AlertState]int)
	for _, a := range c.judgement.Alerts() {
		alerts[a]++
	}
	for a, n := range alerts {
		told := "no"
		if a.Told {
			told = "yes"
		}
		to.put(c.alerts, float64(n), a.Name, a.Severity, a.Kind, a.Area, told)
	}
	type where struct{ cause, area string }
	incidents, down := make(map[where]int), make(map[where]int)
	for _, i := range c.judgement.Incidents() {
		at := where{i.Cause, i.Area}
		incidents[at]++
		down[at] += i.Down
	}
	for at, n := range incidents {
		to.put(c.incidents, float64(n), at.cause, at.area)
		to.put(c.down, float64(down[at]), at.cause, at.area)
	}
	counts := c.judgement.Counts()
	to.put(c.changes, float64(counts.Changes))
	to.put(c.texts, float64(counts.TextFaults))
	to.put(c.rules, float64(counts.Rules))
	for rule, n := range counts.RuleFaults {
		to.put(c.faults, float64(n), rule)
	}
}
