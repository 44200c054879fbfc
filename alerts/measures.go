package alerts

import (
	"math/bits"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// What access points and sensors mean is judged by the books of packages wifi and
// environment. The engine tells them what it hears and who is there, and gives what they
// conclude to the rules, as facts.

// registerMeasures tells the books what exists.
func (e *Engine) registerMeasures(inv *Inventory) error {
	if b := e.options.Environment; b != nil {
		if err := b.Configure(inv.stations()); err != nil {
			return err
		}
	}
	if b := e.options.WiFi; b != nil {
		b.Register(instant(e.at), wifi.Register{Devices: inv.Devices, Sites: inv.Sites, Areas: inv.Areas, Visitors: inv.Visitors})
	}
	return nil
}

// stations returns those given, and plain ones for sensors of which nothing more is known.
func (inv *Inventory) stations() []environment.Station {
	given := make(map[telemetry.DeviceID]bool, len(inv.Stations))
	list := make([]environment.Station, 0, len(inv.Stations))
	for _, s := range inv.Stations {
		given[s.Device] = true
		list = append(list, s)
	}
	for i := range inv.Devices {
		if d := &inv.Devices[i]; d.Kind == telemetry.KindEnvironment && !d.Retired && !given[d.ID] {
			list = append(list, environment.Station{Device: d.ID, Site: d.Site, Area: d.Area, At: d.At, Interval: d.Interval})
		}
	}
	return list
}

// presence tells the Wi-Fi book whether an access point is there.
func (e *Engine) presence(d *device) {
	if e.options.WiFi == nil || d.Kind != telemetry.KindWiFi {
		return
	}
	state := wifi.NeverSeen
	switch {
	case d.state == Retired:
		state = wifi.Retired
	case d.maintained:
		state = wifi.Maintenance
	case d.state.there():
		state = wifi.Up
	case d.state.Down() && e.book.fleet != nil:
		state = wifi.Blind
	case d.state == Silent:
		state = wifi.Silent
	case d.state == Offline:
		state = wifi.Offline
	}
	since := d.since
	if d.state == Silent {
		since = d.heard // that is when it was there for the last time
	}
	e.tookWiFi(d, e.options.WiFi.SetState(instant(e.now), d.ID, state, instant(since)))
}

// tookWiFi gives the rules what changed in the Wi-Fi book.
func (e *Engine) tookWiFi(d *device, c wifi.Changes) {
	if c.Device {
		e.wifiFacts(d)
	}
	if c.Site != "" && d.site != nil {
		e.siteFacts(d.site)
	}
}

func (e *Engine) wifiFacts(d *device) {
	f, ok := e.options.WiFi.Facts(d.ID)
	if !ok {
		return
	}
	v := d.values
	v.SetText(rules.WiFiVerdict, f.Verdict.String())
	v.SetText(rules.WiFiReason, f.Reason.String())
	v.SetBool(rules.WiFiOverloaded, f.Overloaded)
	v.SetBool(rules.WiFiSlow, f.Slow)
	v.SetBool(rules.WiFiLossy, f.Lossy)
	v.SetBool(rules.WiFiLaggy, f.Laggy)
	v.SetBool(rules.WiFiPortalDown, f.PortalDown)
	v.SetBool(rules.WiFiLoginFails, f.LoginFails)
	v.SetBool(rules.WiFiUplinkDown, f.UplinkDown)
	v.SetNumber(rules.WiFiNeighbours, float64(f.Neighbours))
	v.SetNumber(rules.WiFiNeighbourClients, float64(f.NeighbourUser))
	v.SetBool(rules.DeviceMoved, f.Moved)
	if f.Mbps >= 0 {
		v.SetNumber(rules.WiFiSpeed, f.Mbps)
	} else {
		v.Unset(rules.WiFiSpeed)
	}
	e.dirtyDevice(d)
}

func (e *Engine) siteFacts(s *site) {
	f, ok := e.options.WiFi.SiteFacts(s.ID)
	if !ok {
		return
	}
	v := s.values
	v.SetText(rules.SiteVerdict, f.Verdict.String())
	v.SetText(rules.SiteReason, f.Reason.String())
	v.SetInstant(rules.SiteSince, f.Since)
	v.SetNumber(rules.SiteClients, float64(f.Clients))
	e.dirtySite(s)
}

// observeWiFi enters a reading into the Wi-Fi book, late ones too: sketches of users
// belong to a month and not to an instant.
func (e *Engine) observeWiFi(d *device, r *telemetry.Reading) {
	if e.options.WiFi != nil && d.Kind == telemetry.KindWiFi {
		e.tookWiFi(d, e.options.WiFi.Observe(instant(e.now), r))
	}
}

// observeEnvironment enters a whole entry into the environment's book.
func (e *Engine) observeEnvironment(readings []telemetry.Reading) {
	b := e.options.Environment
	if b == nil {
		return
	}
	b.Observe(instant(e.now), readings)
	for _, c := range b.Changes() {
		if d := e.byDevice[c.Device]; d != nil && d.Kind == telemetry.KindEnvironment {
			e.environmentFacts(d)
		}
	}
}

// quantitySlots are where rules find the values of a reading, by quantity.
var quantitySlots = func() [environment.FactBattery + 1]rules.Slot {
	var slots [environment.FactBattery + 1]rules.Slot
	table := rules.TableOf(rules.ScopeDevice, telemetry.KindEnvironment)
	for f := range slots {
		slot, ok := table.Slot("environment." + environment.Fact(f).String())
		if !ok {
			panic("alerts: rules have no fact for " + environment.Fact(f).String())
		}
		slots[f] = slot
	}
	return slots
}()

// factSlots are where rules find what the book concludes.
var factSlots = [...]struct {
	fact environment.Fact
	slot rules.Slot
}{
	{environment.FactHeatIndex, rules.EnvironmentHeatIndex},
	{environment.FactHeatBand, rules.EnvironmentHeatBand},
	{environment.FactWaterRise, rules.EnvironmentWaterRate},
	{environment.FactFastRise, rules.EnvironmentWaterFastRise},
	{environment.FactWaterAlarm, rules.EnvironmentWaterAlarm},
	{environment.FactRain1h, rules.EnvironmentRain1h},
	{environment.FactRain24h, rules.EnvironmentRain24h},
	{environment.FactAQI, rules.EnvironmentAQI},
	{environment.FactLimit, rules.EnvironmentExceedance},
	{environment.FactLAeq1h, rules.EnvironmentLAeq},
	{environment.FactNoiseOver, rules.EnvironmentNoiseExcess},
	{environment.FactScore, rules.EnvironmentScore},
	{environment.FactComplete, rules.EnvironmentCompleteness},
	{environment.FactIndicative, rules.EnvironmentIndicative},
}

// flagLabels are the names of the flags by their bit.
var flagLabels = func() (labels []string) {
	for _, f := range environment.AllFlags() {
		labels = append(labels, f.String())
	}
	return labels
}()

// environmentFacts gives the rules what the book knows of a sensor. Values that are
// flagged are not known: the raw ones never alarm.
func (e *Engine) environmentFacts(d *device) {
	if e.options.Environment == nil {
		return
	}
	f := e.options.Environment.Facts(d.ID)
	v := d.values
	set := func(slot rules.Slot, fact environment.Fact) {
		if x, ok := f.Get(fact); ok {
			v.SetNumber(slot, x)
		} else {
			v.Unset(slot)
		}
	}
	for fact, slot := range quantitySlots {
		set(slot, environment.Fact(fact))
	}
	for _, p := range factSlots {
		set(p.slot, p.fact)
	}
	pollutant, flag := "", "ok"
	if x, ok := f.Get(environment.FactMain); ok {
		pollutant = airquality.Pollutant(x).String()
	}
	if x, ok := f.Get(environment.FactFlags); ok && x != 0 {
		if n := bits.TrailingZeros16(uint16(x)); n < len(flagLabels) {
			flag = flagLabels[n]
		}
	}
	v.SetText(rules.EnvironmentPollutant, pollutant)
	v.SetText(rules.EnvironmentFlag, flag)
	v.SetBool(rules.DeviceMoved, flag == "moved")
	e.dirtyDevice(d)
}

// askMaintenance looks whether work on a device has begun or ended: at each once a minute, in a
// second of its own or, where the entries are further apart, in the next one that there is.
func (e *Engine) askMaintenance(passed int64) {
	if e.options.Desk == nil || e.options.WiFi == nil {
		return
	}
	now, second := instant(e.now), e.now/1000
	for ago := range min(passed, 60) {
		for n := (second - ago) % 60; n < int64(len(e.devices)); n += 60 {
			d := e.devices[n]
			if d.Kind != telemetry.KindWiFi {
				continue
			}
			if working := e.options.Desk.Maintenance(now, e.placeOf(&d.subject)); working != d.maintained {
				d.maintained = working
				e.presence(d)
			}
		}
	}
}
