package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"phusong/telemetry"
)

// An effect is an event of the scenario after everything it names was found in the
// world.
type effect struct {
	*Happening
	from, to int64 // to is not included
	devices  []int // indexes of what it happens to
	sites    []int
	commune  int
	operator int // -1 is every operator
	masts    []*mast
	center   vec
	radius   float64
}

func (e *effect) active(ms int64) bool { return ms >= e.from && ms < e.to }

// inDisc is 1 in the inner part of the disc and falls to 0 at its edge.
func (e *effect) inDisc(at vec) float64 {
	d := at.distance(e.center) / e.radius
	return smooth(clamp((1-d)/0.2, 0, 1))
}

// swell rises over the first third of the effect's time and falls over the last.
func (e *effect) swell(ms int64) float64 {
	share := float64(ms-e.from) / float64(e.to-e.from)
	return smooth(clamp(3*share, 0, 1)) * smooth(clamp(3*(1-share), 0, 1))
}

// effects are the events of the scenario by what they touch. All is written when
// the world is made.
type effects struct {
	all     []*effect
	devices map[int][]*effect
	sites   map[int][]*effect
	uplinks map[int][]*effect
	commune map[int][]*effect
	fleet   []*effect
	air     []*effect // smoke, rain, flood
	radio   []*effect // dead and slow zones
}

// find makes the effects of the scenario, or says what does not exist.
func (w *World) find(s *Scenario) error {
	if s == nil {
		return nil
	}
	x := &w.effects
	x.devices, x.sites = make(map[int][]*effect), make(map[int][]*effect)
	x.uplinks, x.commune = make(map[int][]*effect), make(map[int][]*effect)
	for i := range s.Events {
		h := &s.Events[i]
		e := &effect{Happening: h, from: w.start + millis(time.Duration(h.At)), to: endOfTime, operator: -1, commune: -1}
		if h.For > 0 {
			e.to = e.from + millis(time.Duration(h.For))
		}
		if err := w.aim(e); err != nil {
			return s.at(h, err)
		}
		if other := x.overlap(e); other != nil {
			return s.at(h, fmt.Errorf("this %s overlaps the one in line %d: the same thing cannot fail twice at once", h.Do, other.line))
		}
		w.apply(e)
	}
	return nil
}

// aim finds what the effect happens to.
func (w *World) aim(e *effect) error {
	if e.Where.Operator != "" {
		e.operator = slices.IndexFunc(operators[:], func(o telemetry.Operator) bool { return string(o.Code) == e.Where.Operator })
		if e.operator < 0 {
			return fmt.Errorf("where.operator: %q has no masts in this world; use %s, %s or %s", e.Where.Operator, operators[0].Code, operators[1].Code, operators[2].Code)
		}
	}
	if e.Where.Near != nil {
		e.center = project(telemetry.Point{Lat: e.Where.Near[0], Lon: e.Where.Near[1]})
		e.radius = e.Where.RadiusKm * 1000
		low, high := bounds(w.communes, 0)
		if e.center.x < low.x || e.center.x > high.x || e.center.y < low.y || e.center.y > high.y {
			return fmt.Errorf("where.near: %v lies outside the province; write [latitude, longitude]", e.Where.Near)
		}
	}
	if e.Where.Area != "" {
		e.commune = slices.IndexFunc(w.communes, func(c commune) bool { return string(c.Code) == e.Where.Area })
		if e.commune < 0 {
			return fmt.Errorf("where.area: %q is not the code of a commune of %s", e.Where.Area, provinceName)
		}
	}
	return w.choose(e)
}

// choose picks the sites, devices or masts; at least one has to be there.
func (w *World) choose(e *effect) error {
	var missing string
	switch happeningKinds[e.Do].targets {
	case toSites:
		e.sites = w.matchingSites(e)
		missing = unless(len(e.sites) > 0, "site")
	case toDevices:
		e.devices = w.matchingDevices(e)
		missing = unless(len(e.devices) > 0, "device")
	case toMasts:
		e.masts = w.matchingMasts(e)
		missing = unless(len(e.masts) > 0, "mast")
	}
	if missing == "" {
		return nil
	}
	if e.Where.Site != "" && !slices.ContainsFunc(w.sites, func(s site) bool { return string(s.ID) == e.Where.Site }) {
		return fmt.Errorf("where.site: there is no site %q in this world%s", e.Where.Site, nearest(e.Where.Site, w.sites, func(s site) string { return string(s.ID) }))
	}
	if e.Where.Device != "" && !slices.ContainsFunc(w.devices, func(d device) bool { return string(d.ID) == e.Where.Device }) {
		return fmt.Errorf("where.device: there is no device %q in this world%s", e.Where.Device, nearest(e.Where.Device, w.devices, func(d device) string { return string(d.ID) }))
	}
	return fmt.Errorf("where: no %s of this world matches all of %s", missing, strings.Join(e.Where.given(), ", "))
}

func unless(ok bool, word string) string {
	if ok {
		return ""
	}
	return word
}

// nearest suggests the id that has the longest beginning in common.
func nearest[T any](wrong string, all []T, id func(T) string) string {
	best, most := "", 3
	for _, t := range all {
		n := 0
		for candidate := id(t); n < len(candidate) && n < len(wrong) && candidate[n] == wrong[n]; {
			n++
		}
		if n > most {
			best, most = id(t), n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func (e *effect) near(at vec) bool { return e.Where.Near == nil || at.distance(e.center) <= e.radius }

func (w *World) matchingSites(e *effect) []int {
	var found []int
	for i := range w.sites {
		s := &w.sites[i]
		if (e.Where.Site == "" || e.Where.Site == string(s.ID)) && (e.commune < 0 || e.commune == s.commune) &&
			(e.Where.Category == "" || e.Where.Category == string(s.Category)) && e.near(s.at) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b int) int { return compare(w.sites[a].ID, w.sites[b].ID) })
	return firstOf(found, e.Where.First)
}

func (w *World) matchingDevices(e *effect) []int {
	var found []int
	for i := range w.devices {
		d := &w.devices[i]
		if (e.Where.Device == "" || e.Where.Device == string(d.ID)) && (e.Where.Kind == "" || e.Where.Kind == d.Kind.String()) &&
			(e.Where.Site == "" || e.Where.Site == string(d.Site)) && (e.commune < 0 || e.commune == d.commune) &&
			(e.Where.Measures == "" || (d.Kind == telemetry.KindEnvironment && suiteNames[d.suite] == e.Where.Measures)) &&
			(e.Where.Near == nil || !d.drives && e.near(d.at)) &&
			(e.Do != "sensor_fault" && e.Do != "battery_flat" || d.Kind == telemetry.KindEnvironment) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b int) int { return compare(w.devices[a].ID, w.devices[b].ID) })
	return firstOf(found, e.Where.First)
}

// matchingMasts are ordered by their distance from the place.
func (w *World) matchingMasts(e *effect) []*mast {
	var found []*mast
	for o := range operators {
		for i := range w.radio.masts[o] {
			if m := &w.radio.masts[o][i]; (e.operator < 0 || e.operator == o) && e.near(m.at) {
				found = append(found, m)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *mast) int {
		return int(clamp(math.Round(a.at.distance(e.center)-b.at.distance(e.center)), -1, 1))
	})
	return firstOf(found, e.Where.First)
}

func firstOf[T any](list []T, n int) []T {
	if n > 0 && n < len(list) {
		return list[:n]
	}
	return list
}

// apply registers the effect where it will be looked for.
func (w *World) apply(e *effect) {
	x := &w.effects
	x.all = append(x.all, e)
	switch happeningKinds[e.Do].targets {
	case toAll:
		x.fleet = append(x.fleet, e)
	case toCommune:
		x.commune[e.commune] = append(x.commune[e.commune], e)
	case toDevices:
		for _, i := range e.devices {
			x.devices[i] = append(x.devices[i], e)
		}
	case toMasts:
		for _, m := range e.masts {
			m.down = append(m.down, e)
		}
	case toDisc:
		if e.Do == "dead_zone" || e.Do == "slow_zone" {
			x.radio = append(x.radio, e)
		} else {
			x.air = append(x.air, e)
		}
	case toSites:
		for _, i := range e.sites {
			x.sites[i] = append(x.sites[i], e)
			if line := w.sites[i].uplink; (e.Do == "uplink_cut" || e.Do == "uplink_lossy") && !slices.Contains(x.uplinks[line], e) {
				x.uplinks[line] = append(x.uplinks[line], e)
			}
		}
	}
}

// overlap returns an earlier effect of the same kind on the same thing at the same time.
func (x *effects) overlap(e *effect) *effect {
	for _, other := range x.all {
		if other.Do != e.Do || other.from >= e.to || e.from >= other.to {
			continue
		}
		same := false
		switch happeningKinds[e.Do].targets {
		case toAll:
			same = true
		case toCommune:
			same = other.commune == e.commune
		case toDisc:
			same = (other.operator < 0 || e.operator < 0 || other.operator == e.operator) && other.center.distance(e.center) < other.radius+e.radius
		case toDevices:
			same = shareOne(other.devices, e.devices)
		case toSites:
			same = shareOne(other.sites, e.sites)
		case toMasts:
			same = shareOne(other.masts, e.masts)
		}
		if same {
			return other
		}
	}
	return nil
}

func shareOne[T comparable](a, b []T) bool {
	in := make(map[T]bool, len(a))
	for _, v := range a {
		in[v] = true
	}
	return slices.ContainsFunc(b, func(v T) bool { return in[v] })
}
