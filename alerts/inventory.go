package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"phusong/alerts/rules"
	"phusong/telemetry"
)

// local is the time of Việt Nam, which has no summer time: opening hours are in it.
var local = time.FixedZone("+07", 7*3600)

// SetInventory tells the engine what exists from now on. Devices that are gone from it
// are followed as unregistered while they speak, and raise no alerts; where none is
// registered at all, all do. The lists must not be changed afterwards. An error names a
// device, site or area that is there twice, and changes nothing.
func (e *Engine) SetInventory(inv Inventory) error {
	if err := inv.check(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.registerMeasures(&inv); err != nil {
		return err
	}
	e.takeInventory(inv)
	e.takeMeasures()
	e.settle()
	e.endGathering()
	return nil
}

// takeInventory joins what exists with what is known; settle comes after it.
func (e *Engine) takeInventory(inv Inventory) {
	e.inventory = inv
	known := e.unlink()
	for i := range inv.Areas {
		e.areaOf(inv.Areas[i].Code).Area = inv.Areas[i]
	}
	listed := make(map[*site]bool, len(inv.Sites))
	for i := range inv.Sites {
		listed[e.setSite(&inv.Sites[i])] = true
	}
	for _, s := range e.sites {
		if !listed[s] { // closed down: nobody is to hear of it
			s.area = e.areaOf(s.Area)
			e.silence(&s.subject)
			e.wheel.set(s.hours, 0)
		}
	}
	for i := range inv.Devices {
		e.setDevice(&inv.Devices[i])
	}
	e.anyDevice = len(inv.Devices) == 0
	for _, d := range e.devices {
		e.place(d)
		e.adopt(d)
	}
	for _, d := range known {
		if !d.registered {
			e.forget(d)
		}
	}
	e.recount()
}

// takeMeasures gives the rules all that the books know.
func (e *Engine) takeMeasures() {
	for _, d := range e.devices {
		switch {
		case d.Kind == telemetry.KindEnvironment:
			e.environmentFacts(d)
		case d.Kind == telemetry.KindWiFi && e.options.WiFi != nil:
			e.wifiFacts(d)
		}
	}
	if e.options.WiFi != nil {
		for _, s := range e.sites {
			e.siteFacts(s)
		}
	}
}

func (inv *Inventory) check() error {
	devices := make(map[telemetry.DeviceID]bool, len(inv.Devices))
	for i := range inv.Devices {
		d := &inv.Devices[i]
		if d.ID == "" || !d.Kind.IsDevice() || devices[d.ID] {
			return fmt.Errorf("alerts: device %q has no id or no kind, or is there twice", d.ID)
		}
		devices[d.ID] = true
	}
	sites := make(map[telemetry.SiteID]bool, len(inv.Sites))
	for i := range inv.Sites {
		if id := inv.Sites[i].ID; id == "" || sites[id] {
			return fmt.Errorf("alerts: site %q has no id or is there twice", id)
		}
		sites[inv.Sites[i].ID] = true
	}
	return nil
}

// unlink takes all apart that the registry had put together, and returns the devices that
// were registered.
func (e *Engine) unlink() (known []*device) {
	for _, a := range e.areas {
		a.sites, a.devices = nil, nil
	}
	for _, s := range e.sites {
		s.devices = nil
	}
	for _, d := range e.devices {
		d.parent, d.children, d.site, d.area = nil, nil, nil, nil
		if d.registered {
			d.registered = false
			known = append(known, d)
		}
	}
	e.unregistered = 0
	return known
}

func (e *Engine) setSite(given *telemetry.Site) *site {
	s := e.addSite(given.ID)
	s.Site = *given
	s.area = e.areaOf(given.Area)
	s.area.sites = append(s.area.sites, s)
	s.values.SetText(rules.SiteCategory, string(given.Category))
	s.values.SetBool(rules.SiteRequired, given.Required)
	if e.at != 0 {
		e.turnHours(s)
	}
	return s
}

// addSite returns the site with the id, new if need be.
func (e *Engine) addSite(id telemetry.SiteID) *site {
	if s := e.bySite[id]; s != nil {
		return s
	}
	s := &site{subject: e.newSubject(rules.ScopeSite, string(id), 0), Site: telemetry.Site{ID: id}}
	s.site = s
	s.order = int32(len(e.sites))
	e.sites = append(e.sites, s)
	e.bySite[id] = s
	return s
}

func (e *Engine) setDevice(given *telemetry.Device) {
	d := e.byDevice[given.ID]
	if d == nil {
		d = e.addDevice(given)
	}
	before := d.interval()
	d.Device, d.registered = given, true
	if d.values.Table().Kind() != d.Kind {
		e.rekind(d)
	}
	switch {
	case d.Retired && d.state != Retired:
		e.retire(d)
	case !d.Retired && d.state == Retired:
		e.setState(d, Unknown, e.now)
	}
	e.setRate(d, 0)
	if d.state.there() {
		e.setRate(d, rateOf(d))
		if d.interval() != before {
			e.wheel.set(d.live, e.lateAt(d))
		}
	}
	e.describe(d)
}

// describe sets the facts that the registry knows.
func (e *Engine) describe(d *device) {
	v := d.values
	v.SetText(rules.DeviceKind, d.Kind.String())
	v.SetText(rules.DeviceState, d.state.String())
	v.SetDuration(rules.DeviceInterval, time.Duration(d.interval())*time.Millisecond)
	v.SetBool(rules.DeviceRoams, d.roams())
	v.SetBool(rules.DeviceFlapping, d.flapping)
	if d.Capacity > 0 {
		v.SetNumber(rules.DeviceCapacity, float64(d.Capacity))
	} else {
		v.Unset(rules.DeviceCapacity)
	}
	e.dirtyDevice(d)
}

// addDevice makes room for a device.
func (e *Engine) addDevice(given *telemetry.Device) *device {
	d := &device{subject: e.newSubject(rules.ScopeDevice, string(given.ID), given.Kind), Device: given}
	d.device = d
	d.order = int32(len(e.devices))
	d.live = e.wheel.add(rankOf(rankLive, int64(d.order)))
	e.devices = append(e.devices, d)
	e.byDevice[given.ID] = d
	return d
}

// rekind gives the device the facts of what is another kind now.
func (e *Engine) rekind(d *device) {
	e.silence(&d.subject)
	d.values = rules.TableOf(rules.ScopeDevice, d.Kind).NewValues()
	e.describe(d)
}

// forget: the device is not registered any more, and nobody is to hear of it.
func (e *Engine) forget(d *device) {
	own := *d.Device
	d.Device = &own
	e.leaveOutage(d)
	e.silence(&d.subject)
	e.wheel.set(d.live, 0)
	e.setRate(d, 0)
	e.setState(d, Unknown, e.now)
}

// retire: nobody expects the device any more.
func (e *Engine) retire(d *device) {
	e.leaveOutage(d)
	e.silence(&d.subject)
	e.wheel.set(d.live, 0)
	e.setRate(d, 0)
	e.setState(d, Retired, e.now)
}

// deviceOf returns the device of a reading, which it may be the first to tell of; nil
// when there are too many that nobody registered.
func (e *Engine) deviceOf(r *telemetry.Reading) *device {
	if d := e.byDevice[r.Device]; d != nil {
		if !d.registered && r.Area != d.Area {
			d.Area = r.Area
			e.moveArea(d)
		}
		return d
	}
	kind := r.Kind
	if kind == telemetry.KindStatus {
		kind = r.Status.Class
	}
	if !kind.IsDevice() || e.unregistered >= e.options.MaxUnregistered {
		return nil
	}
	d := e.addDevice(&telemetry.Device{ID: r.Device, Kind: kind, Area: r.Area})
	e.describe(d)
	e.place(d)
	return d
}

// adopt joins the device with its parent, unless that would close a circle, which the
// registry refuses.
func (e *Engine) adopt(d *device) {
	parent := e.byDevice[d.Parent]
	for above := parent; above != nil; above = above.parent {
		if above == d {
			parent = nil
			break
		}
	}
	if !d.registered || parent == nil {
		d.values.Unset(rules.DeviceParentState)
		return
	}
	d.parent = parent
	parent.children = append(parent.children, d)
	d.values.SetText(rules.DeviceParentState, parent.state.String())
}

func (e *Engine) moveArea(d *device) {
	e.leaveOutage(d)
	e.linkArea(d)
	e.recount()
}

// place puts the device into its site and area.
func (e *Engine) place(d *device) {
	if !d.registered {
		e.unregistered++
	} else if s := e.bySite[d.Site]; s != nil {
		d.site = s
		s.devices = append(s.devices, d)
	}
	e.linkArea(d)
}

func (e *Engine) linkArea(d *device) {
	if d.area != nil {
		d.area.devices = without(d.area.devices, d)
	}
	d.area = e.areaOf(d.Area)
	at, _ := slices.BinarySearchFunc(d.area.devices, d, func(a, b *device) int { return cmp.Compare(a.order, b.order) })
	d.area.devices = slices.Insert(d.area.devices, at, d)
}

func without[T comparable](list []T, gone T) []T {
	kept := list[:0]
	for _, v := range list {
		if v != gone {
			kept = append(kept, v)
		}
	}
	clear(list[len(kept):])
	return kept
}

// areaOf returns the area of the code, which any device may be the first to name.
func (e *Engine) areaOf(code telemetry.AreaCode) *area {
	if a := e.byArea[code]; a != nil {
		return a
	}
	a := &area{subject: e.newSubject(rules.ScopeArea, string(code), 0), Area: telemetry.Area{Code: code}}
	a.area = a
	a.order = int32(len(e.areas))
	a.values.SetText(rules.AreaCode, string(code))
	a.values.SetBool(rules.AreaMassSilence, false)
	e.areas = append(e.areas, a)
	e.byArea[code] = a
	return a
}

// other returns the subject, which whoever gives its facts may be the first to name.
func (e *Engine) other(s Subject, p Place) *other {
	if o := e.byOther[s]; o != nil {
		return o
	}
	o := &other{subject: e.newSubject(s.Scope, s.ID, 0), place: p}
	o.order = int32(len(e.others))
	e.others = append(e.others, o)
	e.byOther[s] = o
	return o
}

func (e *Engine) newSubject(scope rules.Scope, id string, kind telemetry.Kind) subject {
	return subject{Subject: Subject{Scope: scope, ID: id}, values: rules.TableOf(scope, kind).NewValues()}
}

// recount counts the devices of every place anew.
func (e *Engine) recount() {
	for _, a := range e.areas {
		a.tally = tally{}
		e.dirtyArea(a)
	}
	for _, s := range e.sites {
		s.tally = tally{}
		e.dirtySite(s)
	}
	for _, d := range e.devices {
		if d.state == Unknown || d.state == Retired {
			continue
		}
		e.expect(d, 1)
		if d.state.Down() {
			e.countDown(d, 1)
		}
	}
}

// openHours sets the sites' doors at the beginning.
func (e *Engine) openHours() {
	for _, s := range e.sites {
		e.turnHours(s)
	}
}

// turnHours says whether the site is open, and waits for the next change.
func (e *Engine) turnHours(s *site) {
	now := time.UnixMilli(e.now).In(local)
	open := s.Hours.Open(now)
	s.values.SetBool(rules.SiteOpen, open)
	e.dirtySite(s)
	if s.hours == 0 {
		s.hours = e.wheel.add(rankOf(rankHours, int64(s.order)))
	}
	if text := s.Hours.String(); text == "" || text == "24/7" {
		return
	}
	// Hours are told by the minute and repeat each week.
	minute := now.Truncate(time.Minute)
	for range 7 * 24 * 60 {
		minute = minute.Add(time.Minute)
		if s.Hours.Open(minute) != open {
			e.wheel.set(s.hours, minute.UnixMilli())
			return
		}
	}
	e.wheel.set(s.hours, 0)
}
