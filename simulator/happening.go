package simulator

import (
	"fmt"
	"slices"
	"strings"

	"phusong/telemetry"
)

// A happeningKind says what an event of a scenario needs.
type happeningKind struct {
	targets target
	where   []string // the keys of where that it takes
	needs   []string // those that it cannot do without
	takes   []string // parameters, all of which it needs
	mustEnd bool
}

// target is what an event happens to.
type target uint8

const (
	toSites target = iota + 1
	toDevices
	toCommune
	toMasts
	toDisc
	toAll
)

var (
	siteKeys   = []string{"site", "area", "category", "near", "radius_km", "first"}
	deviceKeys = []string{"device", "kind", "measures", "site", "area", "near", "radius_km", "first"}
	discKeys   = []string{"near", "radius_km"}
)

// happeningKinds are all that can happen; docs/SCENARIOS.md holds the same table.
var happeningKinds = map[string]happeningKind{
	"mast_down":          {targets: toMasts, where: []string{"operator", "near", "radius_km", "first"}, needs: []string{"near"}},
	"dead_zone":          {targets: toDisc, where: []string{"operator", "near", "radius_km"}, needs: discKeys, takes: []string{"loss_db"}},
	"slow_zone":          {targets: toDisc, where: []string{"operator", "near", "radius_km"}, needs: discKeys, takes: []string{"load"}},
	"power_cut":          {targets: toCommune, where: []string{"area"}, needs: []string{"area"}},
	"uplink_cut":         {targets: toSites, where: siteKeys},
	"uplink_lossy":       {targets: toSites, where: siteKeys, takes: []string{"loss"}},
	"portal_down":        {targets: toSites, where: siteKeys},
	"crowd":              {targets: toSites, where: siteKeys, takes: []string{"factor"}},
	"broker_unreachable": {targets: toAll, mustEnd: true},
	"smoke":              {targets: toDisc, where: discKeys, needs: discKeys, takes: []string{"pm25"}, mustEnd: true},
	"rain":               {targets: toDisc, where: discKeys, needs: discKeys, takes: []string{"mm_per_h"}, mustEnd: true},
	"flood":              {targets: toDisc, where: discKeys, needs: discKeys, takes: []string{"rise_m"}, mustEnd: true},
	"sensor_fault":       {targets: toDevices, where: deviceKeys, takes: []string{"mode"}},
	"clock_fault":        {targets: toDevices, where: deviceKeys, takes: []string{"offset"}},
	"malformed":          {targets: toDevices, where: deviceKeys, takes: []string{"every"}},
	"battery_flat":       {targets: toDevices, where: deviceKeys},
	"stolen":             {targets: toDevices, where: deviceKeys},
}

// The modes of a sensor fault.
const (
	modeStuck   = "stuck"    // the last value for ever
	modeDrift   = "drift"    // off by a tenth more each hour
	modeSpikes  = "spikes"   // now and then ten times too much
	modeNoValue = "no_value" // -999, as many loggers write a missing value
)

// check finds what is wrong with the event in any world.
func (h *Happening) check() error {
	kind, known := happeningKinds[h.Do]
	if !known {
		return fmt.Errorf("do: %q is not a kind of event; there are %s", h.Do, strings.Join(sortedKinds(), ", "))
	}
	if h.At < 0 || h.For < 0 {
		return fmt.Errorf("at and for cannot be negative")
	}
	if kind.mustEnd && h.For == 0 {
		return fmt.Errorf("for is missing: %s has to end", h.Do)
	}
	if err := h.checkKeys("where.", kind.where, kind.needs, h.Where.given()); err != nil {
		return err
	}
	if err := h.checkKeys("", kind.takes, kind.takes, h.given()); err != nil {
		return err
	}
	if err := h.checkValues(); err != nil {
		return err
	}
	return h.Where.check()
}

func (h *Happening) checkKeys(prefix string, takes, needs, given []string) error {
	for _, key := range given {
		if !slices.Contains(takes, key) {
			return fmt.Errorf("%s does not take %s%s; it takes %s", h.Do, prefix, key, orNothing(takes))
		}
	}
	for _, key := range needs {
		if !slices.Contains(given, key) {
			return fmt.Errorf("%s needs %s%s", h.Do, prefix, key)
		}
	}
	return nil
}

func orNothing(keys []string) string {
	if len(keys) == 0 {
		return "none"
	}
	return strings.Join(keys, ", ")
}

// present returns the names of those that are set.
func present(pairs ...any) []string {
	var names []string
	for i := 0; i < len(pairs); i += 2 {
		if set, _ := pairs[i+1].(bool); set {
			names = append(names, fmt.Sprint(pairs[i]))
		}
	}
	return names
}

func (h *Happening) given() []string {
	return present("loss_db", h.LossDB != 0, "load", h.Load != 0, "loss", h.Loss != 0, "factor", h.Factor != 0,
		"pm25", h.PM25 != 0, "mm_per_h", h.MmPerH != 0, "rise_m", h.RiseM != 0, "mode", h.Mode != "",
		"offset", h.Offset != 0, "every", h.Every != 0)
}

func (w *Where) given() []string {
	return present("area", w.Area != "", "site", w.Site != "", "category", w.Category != "", "device", w.Device != "",
		"kind", w.Kind != "", "measures", w.Measures != "", "operator", w.Operator != "", "near", w.Near != nil,
		"radius_km", w.RadiusKm != 0, "first", w.First != 0)
}

// checkValues bounds the parameters.
func (h *Happening) checkValues() error {
	for _, p := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"loss_db", h.LossDB, 3, 100}, {"load", h.Load, 0.05, 1}, {"loss", h.Loss, 0.01, 1}, {"factor", h.Factor, 0, 100},
		{"pm25", h.PM25, 1, 2000}, {"mm_per_h", h.MmPerH, 0.1, 200}, {"rise_m", h.RiseM, 0.05, 20},
		{"every", float64(h.Every) / 1e9, 0.1, 86400},
	} {
		if p.value != 0 && !(p.value >= p.lo && p.value <= p.hi) {
			return fmt.Errorf("%s is %v; it must be %v to %v", p.name, p.value, p.lo, p.hi)
		}
	}
	if modes := []string{modeStuck, modeDrift, modeSpikes, modeNoValue}; h.Mode != "" && !slices.Contains(modes, h.Mode) {
		return fmt.Errorf("mode: %q is not one of %s", h.Mode, strings.Join(modes, ", "))
	}
	return nil
}

func (w *Where) check() error {
	if w.Near != nil && len(w.Near) != 2 {
		return fmt.Errorf("where.near has %d numbers; write [latitude, longitude]", len(w.Near))
	}
	if (w.RadiusKm != 0) != (w.Near != nil) {
		return fmt.Errorf("where.near and where.radius_km come together")
	}
	if w.RadiusKm < 0 || w.RadiusKm > 200 || w.First < 0 {
		return fmt.Errorf("where.radius_km must be 0 to 200 and where.first not negative")
	}
	if w.Category != "" && !slices.Contains(telemetry.Categories(), telemetry.Category(w.Category)) {
		return fmt.Errorf("where.category: %q is not one of %v", w.Category, telemetry.Categories())
	}
	if w.Kind != "" {
		if k, err := telemetry.ParseKind(w.Kind); err != nil || !k.IsDevice() {
			return fmt.Errorf("where.kind: %q is not wifi, mobile or environment", w.Kind)
		}
	}
	if w.Measures != "" && !slices.Contains(suiteNames[:], w.Measures) {
		return fmt.Errorf("where.measures: %q is not one of %s", w.Measures, strings.Join(suiteNames[:], ", "))
	}
	return nil
}

var suiteNames = [...]string{airStation: "air", weatherStation: "weather", waterGauge: "water"}

func sortedKinds() []string {
	names := make([]string, 0, len(happeningKinds))
	for name := range happeningKinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
