package simulator

import (
	"phusong/telemetry"
)

// testServer is where the simulated probes test against; the name is reserved for
// examples by RFC 2606.
const testServer = "speed.example.vn"

// A fix is where a probe is and how it moves.
type fix struct {
	at       vec
	speed    float64 // km/h
	accuracy float64 // m, as the receiver estimates it
	driving  bool
}

// probeReading is one test: made like a real one, with its duration, its bytes and
// the receiver's own opinion of its position.
func probeReading(d *device, a *sample, m *moment) telemetry.Reading {
	h := key(d.key, forTest, uint64(a.at))
	f := &m.fix
	body := new(telemetry.Mobile)
	body.SIMOperator = telemetry.Some(string(operators[d.operator].Code))
	seen := f.at.add(polar(f.accuracy*0.6*unit(mix(h+1)), 6.283*unit(mix(h+2)))).point()
	body.Lat, body.Lon = telemetry.Some(seen.Lat), telemetry.Some(seen.Lon)
	body.AccuracyM = telemetry.Some(round(f.accuracy, 1))
	body.SpeedKmh = telemetry.Some(round(f.speed, 1))
	body.InVehicle = telemetry.Some(f.driving)
	body.Indoor = telemetry.Some(false)
	fillTest(body, &m.sig, d.operator, h)
	return telemetry.Reading{Kind: telemetry.KindMobile, Mobile: body}
}

func fillTest(body *telemetry.Mobile, sig *signal, operator int, h uint64) {
	if !sig.attached {
		body.Outcome = telemetry.Some(telemetry.OutcomeNoService)
		return
	}
	body.Operator = telemetry.Some(string(operators[operator].Code))
	body.Technology = telemetry.Some(sig.technology)
	body.RSRPdBm = telemetry.Some(clamp(round(sig.rsrp+1.5*normal(mix(h+3)), 0), -140, -44))
	body.RSRQdB = telemetry.Some(clamp(round(sig.rsrq+0.7*normal(mix(h+4)), 1), -19.5, -3))
	body.SINRdB = telemetry.Some(clamp(round(sig.sinr+1.2*normal(mix(h+5)), 1), -20, 40))
	body.CellID, body.PCI = telemetry.Some(sig.cellID), telemetry.Some(sig.pci)
	body.Server = telemetry.Some(testServer)
	if !sig.service {
		body.Outcome = telemetry.Some(telemetry.OutcomeNoConnection)
		return
	}
	if chance(mix(h+6), failureChance) {
		body.Outcome = telemetry.Some(telemetry.OutcomeFailed)
		return
	}
	rate := sig.rate(h)
	duration := round(between(mix(h+7), 9.5, 10.6), 2)
	body.Outcome = telemetry.Some(telemetry.OutcomeOK)
	body.DownloadMbps = telemetry.Some(round(rate, 2))
	body.UploadMbps = telemetry.Some(round(rate*between(mix(h+8), 0.22, 0.34), 2))
	body.LatencyMs = telemetry.Some(round(sig.latency*between(mix(h+9), 0.85, 1.3), 1))
	body.JitterMs = telemetry.Some(round(sig.latency*between(mix(h+10), 0.04, 0.25), 1))
	body.Loss = telemetry.Some(round(0.02*unit(mix(h+11))*unit(mix(h+12)), 4))
	body.DurationS = telemetry.Some(duration)
	body.Bytes = telemetry.Some(int64(rate * duration * 1e6 / 8))
}

// failureChance is how often a test fails for reasons of its own: a server that is
// busy, an app that is killed. It says nothing about the network.
const failureChance = 0.004

// fix returns where the probe is. Only driving probes need their route.
func (w *World) fix(d *device, r *route, ms int64) fix {
	f := fix{accuracy: 3 + 4*unit(key(d.key, forRoute, uint64(ms)))}
	if !d.drives {
		f.at = w.sites[d.site].at
		return f
	}
	f.at, f.speed = w.drive(d, r, ms)
	f.driving = true
	return f
}
