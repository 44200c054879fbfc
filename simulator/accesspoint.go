package simulator

import (
	"phusong/telemetry"
)

// wifiState is what happens at an access point at one instant.
type wifiState struct {
	clients  float64
	rx, tx   float64 // Mbit/s from and to the clients
	lineLoad float64 // of the uplink, as share of its capacity
}

// wifiAt derives the state of an access point from the crowd of its site.
func (w *World) wifiAt(d *device, ms int64) wifiState {
	s := &w.sites[d.site]
	people, load := w.crowds(s, ms)
	share := wifiAdoption / float64(s.aps)
	wobble := 1 + 0.22*normal(key(d.key, forClients, uint64(ms/minute)))
	state := wifiState{clients: max(0, people*share*wobble), lineLoad: load}
	if w.portalDown(d, ms) {
		state.clients *= 0.12 // who cannot log in goes away
	}
	// In a jam everybody gets less than they ask for.
	state.tx = state.clients * demandPerUser / max(1, state.lineLoad)
	state.rx = 0.18 * state.tx
	return state
}

// advance moves the counters over the time since the last reading.
func (a *sample) advance(state *wifiState, elapsed int64) {
	const bytesPerMbitMilli = 1e6 / 8 / 1000
	a.rx += int64(state.rx * bytesPerMbitMilli * float64(elapsed))
	a.tx += int64(state.tx * bytesPerMbitMilli * float64(elapsed))
}

// wifiBlock keeps the parts of a reading together: one allocation instead of three.
type wifiBlock struct {
	body   telemetry.WiFi
	radios [2]telemetry.Radio
}

// wifiReading is what the access point says about one instant.
func (w *World) wifiReading(d *device, a *sample, state *wifiState) telemetry.Reading {
	h := key(d.key, forRadio, uint64(a.at))
	clients := int64(state.clients)
	load := clamp(state.lineLoad, 0, 2)

	block := new(wifiBlock)
	body := &block.body
	body.Clients = telemetry.Some(clients)
	body.Radios = block.radios[:]
	fillRadios(d, body.Radios, clients, state.tx, h)
	body.RxBytes, body.TxBytes = telemetry.Some(a.rx), telemetry.Some(a.tx)
	w.fillUplink(d, body, load, a.at, h)
	w.fillPortal(d, body, clients, a)
	busy := float64(clients) / float64(d.Capacity)
	body.UptimeS = telemetry.Some((a.at - a.boot) / second)
	body.CPU = telemetry.Some(round(clamp(0.08+0.4*busy+0.04*normal(mix(h+3)), 0.01, 1), 3))
	body.Memory = telemetry.Some(round(clamp(0.38+0.15*busy+0.01*normal(mix(h+4)), 0.05, 0.98), 3))
	body.TemperatureC = telemetry.Some(round(41+6*daily(a.at, 14)+7*busy+0.6*normal(mix(h+5)), 1))
	if a.users != "" {
		body.UsersSketch = telemetry.Some(a.users)
	}
	return telemetry.Reading{Kind: telemetry.KindWiFi, WiFi: body}
}

// fillRadios shares the clients between the two bands: newer phones prefer 5 GHz.
func fillRadios(d *device, radios []telemetry.Radio, clients int64, tx float64, h uint64) {
	low := int64(float64(clients)*0.35 + 0.5)
	high := clients - low
	channels24 := [...]int64{1, 6, 11}
	channels5 := [...]int64{36, 44, 149, 157}
	radios[0] = telemetry.Radio{
		Band:    telemetry.Some("2.4"),
		Channel: telemetry.Some(channels24[mix(d.key+1)%3]),
		// Neighbours and old phones fill the lower band.
		Utilization: telemetry.Some(round(clamp(0.14+0.35*tx/28+0.006*float64(low)+0.04*normal(mix(h)), 0.02, 0.99), 3)),
		NoiseDBm:    telemetry.Some(round(-91+1.5*normal(mix(h+1)), 0)),
		Clients:     telemetry.Some(low),
	}
	radios[1] = telemetry.Radio{
		Band:        telemetry.Some("5"),
		Channel:     telemetry.Some(channels5[mix(d.key+2)%4]),
		Utilization: telemetry.Some(round(clamp(0.04+0.65*tx/120+0.003*float64(high)+0.02*normal(mix(h+6)), 0.01, 0.99), 3)),
		NoiseDBm:    telemetry.Some(round(-95+1.2*normal(mix(h+2)), 0)),
		Clients:     telemetry.Some(high),
	}
}

// fillUplink measures the line: queues grow as it fills, and overflow when it is full.
func (w *World) fillUplink(d *device, body *telemetry.WiFi, load float64, ms int64, h uint64) {
	up := !w.uplinkCut(d, ms)
	body.WANUp = telemetry.Some(up)
	if !up {
		return
	}
	h = key(h, forUplinkQuality, 0)
	queue := 2.5 * load / max(0.03, 1-min(load, 0.985))
	body.WANLatencyMs = telemetry.Some(round(max(1, 7+queue+0.8*normal(h)), 1))
	line := w.sites[d.site].uplink
	lost := 0.0006*unit(mix(h)) + 0.25*max(0, load-0.97)
	for _, e := range w.effects.uplinks[line] {
		if e.Do == "uplink_lossy" && e.active(ms) {
			lost += e.Loss * (0.9 + 0.2*unit(mix(h+3)))
		}
	}
	body.WANLoss = telemetry.Some(round(clamp(lost, 0, 1), 4))
	const everyReadings = 30 // a speed test costs the users bandwidth
	if h%everyReadings == 0 {
		// A transfer suffers from loss far more than in proportion to it.
		free := w.uplinks[line].capacity * clamp(1-0.85*load, 0.05, 1) * clamp(1-6*lost, 0.02, 1)
		body.DownloadMbps = telemetry.Some(round(min(free, 240)*(0.94+0.05*unit(mix(h+1))), 1))
		body.UploadMbps = telemetry.Some(round(min(free, 240)*0.4*(0.94+0.05*unit(mix(h+2))), 1))
	}
}

// fillPortal reports the captive portal: people mistype, so a few logins always fail.
func (w *World) fillPortal(d *device, body *telemetry.WiFi, clients int64, a *sample) {
	h := key(d.key, forPortal, uint64(a.at))
	ok := !w.portalDown(d, a.at)
	failed := float64(clients) * 0.04 * unit(h) * 2
	if !ok {
		failed = float64(clients)*0.5 + 3*unit(h)
	}
	body.PortalOK, body.AuthOK = telemetry.Some(ok), telemetry.Some(ok)
	body.AuthFailed = telemetry.Some(int64(failed))
}

func (w *World) portalDown(d *device, ms int64) bool {
	for _, e := range w.effects.sites[d.site] {
		if e.Do == "portal_down" && e.active(ms) {
			return true
		}
	}
	return false
}

// uplinkCut reports whether the line of the access point is cut. What it measures
// then arrives later, when the line is back.
func (w *World) uplinkCut(d *device, ms int64) bool {
	if !w.options.Calm {
		today := localDay(ms)
		for _, day := range [...]int64{today - 1, today} {
			if from, to, ok := w.uplinkOutage(d, day); ok && ms >= from && ms < to {
				return true
			}
		}
	}
	for _, e := range w.effects.uplinks[w.sites[d.site].uplink] {
		if e.Do == "uplink_cut" && e.active(ms) {
			return true
		}
	}
	return false
}
