package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"phusong/alerts"
	"phusong/alerts/rules"
	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// coverageFactsEvery is how often judgement is told what the coverage map knows: a
// probe without service is alarmed in minutes, and this is little of them.
const coverageFactsEvery = 10 * time.Second

// tellCoverage gives the engine what the coverage map knows, until ctx is done.
func (s *service) tellCoverage(ctx context.Context) error {
	tick := time.NewTicker(coverageFactsEvery)
	defer tick.Stop()
	teller := coverageTeller{engine: s.judgement.engine, zone: s.coverage.zone, zones: make(map[string]bool)}
	for failing := false; ; {
		err := teller.tell(s.coverage, s.register.Current(), time.Now())
		if err != nil && !failing {
			s.log.Error("alerts do not hear of coverage", "error", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// coverageTeller knows what it has told, so that what is over can be withdrawn.
type coverageTeller struct {
	engine interface {
		Give(s alerts.Subject, p alerts.Place, fill func(*rules.Values)) error
		Withdraw(s alerts.Subject) error
	}
	zone  *time.Location
	zones map[string]bool
}

func (t *coverageTeller) tell(room *coverageRoom, reg *registry.Registry, now time.Time) error {
	probes := room.Live(now)
	if err := t.tellProbes(probes, reg, &room.rules); err != nil {
		return err
	}
	state := room.Latest()
	if err := t.tellOperators(probes, state, reg); err != nil {
		return err
	}
	if state == nil {
		return nil
	}
	return t.tellZones(state.Zones.Open, caseStates(state.Zones.Open, room.cases.List()))
}

// tellProbes tells what each fixed probe finds now; of several networks the worst.
func (t *coverageTeller) tellProbes(probes []coverage.LiveProbe, reg *registry.Registry, r *coverage.Rules) error {
	worst := make(map[telemetry.DeviceID]coverage.LiveProbe)
	for _, p := range probes {
		if w, ok := worst[p.Device]; !ok || p.State > w.State {
			worst[p.Device] = p
		}
	}
	for _, d := range reg.Devices() {
		p, ok := worst[d.ID]
		if !ok {
			continue
		}
		area, _ := reg.Area(d.Area)
		target := r.TargetAt(d.Area, area.Parent, p.Operator)
		err := t.engine.Give(alerts.Subject{Scope: rules.ScopeDevice, ID: string(d.ID)}, alerts.Place{}, func(to *rules.Values) {
			to.SetNumber(rules.MobileTarget, target)
			if p.State == coverage.LiveUnknown {
				to.Unset(rules.MobileLive)
				to.Unset(rules.MobileLiveSince)
				return
			}
			to.SetText(rules.MobileLive, p.State.String())
			to.SetInstant(rules.MobileLiveSince, p.Since)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// operatorInArea is one network in one commune.
type operatorInArea struct {
	operator telemetry.OperatorCode
	area     telemetry.AreaCode
}

// tellOperators tells how each network does in each commune: at the fixed probes now,
// and on the map.
func (t *coverageTeller) tellOperators(probes []coverage.LiveProbe, state *coverageState, reg *registry.Registry) error {
	type live struct{ known, down int }
	now := make(map[operatorInArea]live)
	for _, p := range probes {
		d, ok := reg.Device(p.Device)
		if !ok || p.State == coverage.LiveUnknown {
			continue
		}
		at := operatorInArea{p.Operator, d.Area}
		l := now[at]
		l.known++
		if p.State == coverage.LiveDown {
			l.down++
		}
		now[at] = l
	}
	reports := make(map[operatorInArea]*coverage.AreaReport)
	if state != nil {
		for i := range state.Areas {
			r := &state.Areas[i]
			if !r.Area.IsProvince() && r.Yardsticks.Tests > 0 {
				reports[operatorInArea{r.Operator, r.Area}] = r
			}
		}
	}
	for _, at := range unionOf(now, reports) {
		l, r := now[at], reports[at]
		place := alerts.Place{Operator: at.operator, Area: at.area}
		err := t.engine.Give(alerts.OperatorSubject(at.operator, at.area), place, func(to *rules.Values) {
			to.SetText(rules.OperatorCode, string(at.operator))
			to.SetNumber(rules.OperatorProbes, float64(l.known))
			to.SetNumber(rules.OperatorProbesDown, float64(l.down))
			setIf(to, rules.OperatorDownShare, float64(l.down)/float64(max(l.known, 1)), l.known > 0)
			if r == nil {
				return
			}
			tested := 0
			for _, v := range coverage.Verdicts() {
				tested += r.Cells[v]
			}
			to.SetNumber(rules.OperatorCells, float64(tested))
			to.SetNumber(rules.OperatorCovered, float64(r.Cells[coverage.Covered]))
			to.SetNumber(rules.OperatorGap, float64(r.Cells[coverage.Gap]))
			to.SetNumber(rules.OperatorDead, float64(r.Cells[coverage.Dead]))
			setIf(to, rules.OperatorMeanMbps, r.Yardsticks.MeanMbps, r.Yardsticks.Transfers > 0)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unionOf returns all that either knows, in a fixed order.
func unionOf[A, B any](a map[operatorInArea]A, b map[operatorInArea]B) []operatorInArea {
	var all []operatorInArea
	for at := range a {
		all = append(all, at)
	}
	for at := range b {
		if _, twice := a[at]; !twice {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, func(x, y operatorInArea) int {
		return cmp.Or(cmp.Compare(x.operator, y.operator), cmp.Compare(x.area, y.area))
	})
	return all
}

// caseStates returns for each zone the state of the newest case about it.
func caseStates(zones []coverage.Zone, cases []coverage.Case) map[string]string {
	states := make(map[string]string)
	for i := range cases {
		for n := range zones {
			if cases[i].About(&zones[n]) {
				states[zones[n].ID] = string(cases[i].State)
			}
		}
	}
	return states
}

// tellZones tells the open zones, and withdraws those that are over.
func (t *coverageTeller) tellZones(open []coverage.Zone, cases map[string]string) error {
	there := make(map[string]bool, len(open))
	for i := range open {
		z := &open[i]
		there[z.ID] = true
		place := alerts.Place{Operator: z.Operator, Zone: z.ID}
		if len(z.Areas) > 0 {
			place.Area = z.Areas[0]
		}
		if len(z.Cells) > 0 {
			place.At = z.Cells[0].Center()
		}
		state := cases[z.ID]
		if state == "" {
			state = "none"
		}
		err := t.engine.Give(alerts.Subject{Scope: rules.ScopeZone, ID: z.ID}, place, func(to *rules.Values) {
			to.SetText(rules.ZoneVerdict, z.Verdict.String())
			to.SetText(rules.ZoneOperator, string(z.Operator))
			to.SetText(rules.ZoneSeverity, string(z.Severity))
			to.SetInstant(rules.ZoneSince, z.Born.In(t.zone))
			to.SetBool(rules.ZoneEnded, z.Ended != nil)
			to.SetNumber(rules.ZoneArea, z.AreaKm2)
			to.SetNumber(rules.ZoneCells, float64(len(z.Cells)))
			to.SetNumber(rules.ZonePopulation, float64(z.Population))
			to.SetText(rules.ZoneCase, state)
		})
		if err != nil {
			return err
		}
	}
	for id := range t.zones {
		if !there[id] {
			if err := t.engine.Withdraw(alerts.Subject{Scope: rules.ScopeZone, ID: id}); err != nil {
				return err
			}
		}
	}
	t.zones = there
	return nil
}
