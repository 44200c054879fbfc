package alerts

import (
	"slices"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// How outages are put together. All are ours; docs/ALERTS.md says why.
const (
	// Who else fell is awaited for the interval of the first device, within these bounds.
	leastGather, mostGather = 30 * time.Second, 2 * time.Minute
	// Who returns with a cause that is gone is awaited for so long.
	recoverWithin = 2 * time.Minute
	// slack is for clocks and networks, when instants are compared.
	slack = 5 * time.Second

	// An area is out when so many of its devices fell within one interval, at so many
	// sites, and so large a share of all that could have spoken since.
	areaLeast, areaSites, areaShare = 4, 2, 0.6
	// The fleet is out when so many fell, or when nobody speaks for longer than chance
	// explains.
	fleetLeast, fleetAreas, fleetShare = 10, 3, 0.8
	quietLeast                         = 20 * time.Second
	quietSigns                         = 12
)

// enterOutage puts a device that fell now into the incident of its cause: an open one
// that can have begun at the same instant, or a new one.
func (e *Engine) enterOutage(d *device) {
	if d.roams() || !e.counts(&d.subject) {
		return // nobody can say what its silence means
	}
	from := d.heard
	to := max(from, min(d.heard+d.interval(), d.since)) + slack.Milliseconds()
	i := e.book.fleet
	if i == nil {
		i = e.outageAt(d.area, from, to)
	}
	if i == nil {
		i = e.openIncident(CauseDevice, d.area, "")
		i.from, i.to = from, to
		d.area.incidents = append(d.area.incidents, i)
		wait := min(max(time.Duration(d.interval())*time.Millisecond, leastGather), mostGather)
		i.decideAt = e.now + wait.Milliseconds()
		e.wheel.set(i.timer, i.decideAt)
	}
	e.join(i, d)
	if i.cause != CausePipeline {
		i.from, i.to = max(i.from, from), max(i.from, from, min(i.to, to))
	}
	if i.decided && i.recoverAt == 0 && e.classify(i) {
		i.again = true
	}
	e.dirtyIncident(i)
}

// outageAt returns the open outage of the area that can have begun in between.
func (e *Engine) outageAt(a *area, from, to int64) *incident {
	for _, i := range a.incidents {
		if from-slack.Milliseconds() <= i.to && to >= i.from {
			return i
		}
	}
	return nil
}

func (e *Engine) join(i *incident, d *device) {
	d.incident, d.member = i, int32(len(i.members))
	i.members = append(i.members, member{device: d, since: d.since, down: true})
	i.down++
	i.peak = max(i.peak, i.down)
}

// leaveOutage: the device is back, or not expected any more.
func (e *Engine) leaveOutage(d *device) {
	i := d.incident
	if i == nil {
		return
	}
	d.incident = nil
	i.members[d.member].down = false
	i.down--
	switch {
	case i.cause == CausePipeline: // see watchFleet
	case i.down == 0:
		e.endOutage(i)
	case i.decided && i.recoverAt == 0:
		i.recoverAt = e.now + recoverWithin.Milliseconds()
		e.wheel.set(i.timer, i.recoverAt)
		i.again = true
	}
	e.dirtyIncident(i)
}

// endOutage closes an outage of which nobody is left, once its alerts are over.
func (e *Engine) endOutage(i *incident) {
	if i.alerts.live == 0 {
		e.closeIncident(i)
	}
}

// wakeIncident is the incident's timer.
func (e *Engine) wakeIncident(i *incident) {
	switch {
	case !i.decided:
		e.decide(i)
	case i.recoverAt != 0 && e.now >= i.recoverAt:
		e.recovered(i)
	default: // what would have said the cause may have changed its mind
		e.reconsider(i)
	}
}

// decide names the cause of an outage, now that whoever fell with it is known.
func (e *Engine) decide(i *incident) {
	if i.until != 0 || i.decided {
		return
	}
	if !i.reach() {
		e.decideRule(i)
		return
	}
	if i.cause != CausePipeline && e.fleetFell(i) {
		e.openFleet()
		return
	}
	i.decided, i.decideAt = true, 0
	e.classify(i)
	e.tellIncident(IncidentOpened, i)
	e.reconsider(i)
}

// classify finds the cause from who is down and who is not, and reports whether it is
// another one.
func (e *Engine) classify(i *incident) bool {
	if i.cause == CausePipeline || i.area == nil {
		return false
	}
	cause, s, d, sites := e.causeOf(i)
	if cause == i.cause && s == i.site && d == i.device && slices.Equal(sites, i.sites) {
		return false
	}
	i.cause, i.site, i.device, i.sites = cause, s, d, sites
	if i.shown != "" && i.shown != cause {
		e.tellIncident(IncidentChanged, i)
	}
	return true
}

// causeOf looks at the devices of the incident that are down.
func (e *Engine) causeOf(i *incident) (Cause, *site, *device, []*site) {
	down := make([]*device, 0, i.down)
	var sites, whole []*site
	for _, m := range i.members {
		if !m.down {
			continue
		}
		down = append(down, m.device)
		if s := m.device.site; s != nil && !slices.Contains(sites, s) {
			sites = append(sites, s)
			if e.dark(s, i) {
				whole = append(whole, s)
			}
		}
	}
	if len(down) == 0 {
		return i.cause, i.site, i.device, i.sites
	}
	if len(down) >= areaLeast && len(sites) >= areaSites && float64(len(down)) >= areaShare*float64(len(down)+e.spokeSince(i.area.devices, i)) {
		return CauseArea, nil, nil, whole
	}
	root := rootOf(down)
	switch {
	case len(down) == 1:
		return CauseDevice, down[0].site, down[0], nil
	case len(sites) == 1 && len(whole) == 1:
		return CauseSite, whole[0], root, whole
	case len(whole) > 1:
		return CauseLine, nil, nil, whole
	case root != nil:
		return CauseParent, root.site, root, nil
	case len(sites) == 1:
		return CauseDevices, sites[0], nil, nil
	}
	return CauseDevices, nil, nil, nil
}

// dark reports whether nothing of the site that needs its line has spoken since the
// outage began. Probes use the networks that they test.
func (e *Engine) dark(s *site, i *incident) bool {
	fell := false
	for _, d := range s.devices {
		switch {
		case d.Kind == telemetry.KindMobile:
		case d.incident == i:
			fell = true
		case d.state.there() && d.heard > i.from+slack.Milliseconds():
			return false
		}
	}
	return fell
}

// spokeSince counts the devices that have spoken since the outage began: what happened
// did not happen to them.
func (e *Engine) spokeSince(devices []*device, i *incident) int {
	n := 0
	for _, d := range devices {
		if d.state.there() && !d.roams() && d.heard > i.from+slack.Milliseconds() {
			n++
		}
	}
	return n
}

// rootOf returns the device that all others hang on, nil if there is none.
func rootOf(down []*device) *device {
	for _, root := range down {
		all := true
		for _, d := range down {
			for d != nil && d != root {
				d = d.parent
			}
			if d == nil {
				all = false
				break
			}
		}
		if all {
			return root
		}
	}
	return nil
}

// showCause makes the cause a fact of sites and areas, and takes it back when it holds
// no more. It reports whether there is now something to judge first.
func (e *Engine) showCause(i *incident) bool {
	if !i.reach() {
		return false
	}
	holds := i.until == 0 && i.decided && i.down > 0
	if i.area != nil {
		for _, s := range i.area.sites {
			down := holds && (i.cause == CauseSite || i.cause == CauseLine) && slices.Contains(i.sites, s) && e.dark(s, i)
			e.setUplink(s, i, down)
		}
		silent := holds && i.cause == CauseArea && 2*i.down > i.peak
		if silent != (i.area.silence == i) && (silent || i.area.silence == i) {
			i.area.silence = nil
			if silent {
				i.area.silence = i
			}
			e.dirtyArea(i.area)
		}
	}
	if holds {
		i.shown = i.cause
	}
	return len(e.dirty.sites)+len(e.dirty.areas)+len(e.dirty.others) > 0
}

func (e *Engine) setUplink(s *site, i *incident, down bool) {
	switch {
	case down && s.uplink == nil:
		s.uplink = i
	case !down && s.uplink == i:
		s.uplink = nil
	default:
		return
	}
	e.dirtySite(s)
}

// recovered: the cause seemed gone, and time enough has passed to return.
func (e *Engine) recovered(i *incident) {
	i.recoverAt = 0
	if i.down == 0 {
		e.endOutage(i)
		return
	}
	if i.cause != CausePipeline {
		cause, s, d, _ := e.causeOf(i)
		if 2*i.down > i.peak && cause == i.cause && s == i.site && d == i.device {
			e.reconsider(i) // somebody returned, and the cause is what it was
			return
		}
	} else if 2*i.down > i.peak && !e.fleetSpeaks() {
		e.reconsider(i)
		return
	}
	e.leave(i)
}

// leave makes incidents of their own of what is still down, and says it.
func (e *Engine) leave(i *incident) {
	for n := 0; n < len(i.members); n++ {
		m := &i.members[n]
		if !m.down {
			continue
		}
		a := m.device.area
		rest := e.openIncident(CauseDevice, a, i.id)
		rest.from, rest.to = i.from, i.to
		a.incidents = append(a.incidents, rest)
		for k := n; k < len(i.members); k++ {
			if m := &i.members[k]; m.down && m.device.area == a {
				m.down = false
				i.down--
				e.join(rest, m.device)
			}
		}
		for other := range i.alerts.all() {
			if other.subject.area == a && other.subject.Scope == rules.ScopeDevice && other.subject.device.incident == rest {
				e.move(other, rest)
			}
		}
		rest.decided = true
		e.classify(rest)
		e.tellIncident(IncidentOpened, rest)
		e.reconsider(rest)
	}
	if i.alerts.live == 0 {
		e.closeIncident(i)
		return
	}
	e.reconsider(i)
}

// move puts an alert into another incident. What people were told stays as it was.
func (e *Engine) move(a *alert, to *incident) {
	a.incident.alerts.remove(a, inIncident)
	a.incident = to
	to.alerts.add(a, inIncident)
	e.reconsider(to)
}

// watchFleet looks whether anybody speaks at all.
func (e *Engine) watchFleet() {
	fleet := e.book.fleet
	if fleet == nil {
		if e.quiet() {
			e.openFleet()
		}
		return
	}
	if fleet.recoverAt == 0 && e.fleetSpeaks() {
		fleet.recoverAt = e.now + recoverWithin.Milliseconds()
		e.wheel.set(fleet.timer, fleet.recoverAt)
		// What was not heard meanwhile is no silence of theirs.
		e.gapFrom, e.resumed = fleet.since, e.now
		e.service.values.SetBool(rules.ServiceFleetSilent, false)
		e.dirtyOther(e.service)
	}
}

// quiet reports whether nobody has spoken for longer than chance explains. Devices that
// speak often have fallen by then, into outages that nobody was told of: they count.
func (e *Engine) quiet() bool {
	silence := e.now - e.lastSign
	if silence <= quietLeast.Milliseconds() {
		return false
	}
	living, rate := 0, e.rate
	for _, d := range e.devices {
		switch {
		case d.state.there():
			living++
		case d.incident != nil && d.incident.reach() && !d.incident.decided:
			living++
			rate += rateOf(d)
		}
	}
	return living >= fleetLeast && silence > quietSigns*1_000_000_000_000/max(1, rate)
}

// fleetSpeaks reports whether signs of life come again.
func (e *Engine) fleetSpeaks() bool {
	if e.now-e.lastSign >= quietLeast.Milliseconds() {
		return false
	}
	fleet := e.book.fleet
	spoke, all := 0, 0
	for _, d := range e.devices {
		if d.roams() || d.state == Unknown || d.state == Retired {
			continue
		}
		if d.incident != nil && d.incident != fleet {
			continue // it was down before, or for another reason
		}
		all++
		if d.state.there() && d.heard > fleet.since {
			spoke++
		}
	}
	return 10*spoke >= all
}

// fleetFell reports whether the outage is that of nearly all devices.
func (e *Engine) fleetFell(i *incident) bool {
	fell := 0
	var areas []*area
	for _, other := range e.book.open {
		if !other.reach() || other.from > i.to || other.to < i.from-mostGather.Milliseconds() {
			continue
		}
		fell += other.down
		if other.down > 0 && !slices.Contains(areas, other.area) {
			areas = append(areas, other.area)
		}
	}
	if fell < fleetLeast || len(areas) < fleetAreas {
		return false
	}
	return float64(fell) >= fleetShare*float64(fell+e.spokeSince(e.devices, i))
}

// openFleet says that it is us, and takes all outages that nobody was told of.
func (e *Engine) openFleet() {
	fleet := e.openIncident(CausePipeline, nil, "")
	fleet.decided = true
	fleet.from, fleet.to = e.lastSign, e.now
	fleet.since = min(fleet.since, max(e.lastSign, 1))
	e.book.fleet = fleet
	for _, i := range slices.Clone(e.book.open) {
		if !i.reach() || i.decided {
			continue
		}
		for _, m := range i.members {
			if m.down {
				e.join(fleet, m.device)
			}
		}
		for a := range i.alerts.all() {
			e.move(a, fleet)
		}
		i.down = 0
		e.closeIncident(i)
	}
	e.service.values.SetBool(rules.ServiceFleetSilent, true)
	e.dirtyOther(e.service)
	e.tellIncident(IncidentOpened, fleet)
	e.reconsider(fleet)
}
