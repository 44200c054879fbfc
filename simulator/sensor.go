package simulator

import (
	"math"

	"phusong/telemetry"
)

// sensorReading is what the sensor says about the air, the weather or the water
// at its site, with the errors that low-cost instruments make.
func (w *World) sensorReading(d *device, a *sample) telemetry.Reading {
	s := &w.sites[d.site]
	h := key(d.key, forSensor, uint64(a.at))
	x := w.weather(s.at, a.at)
	body := new(telemetry.Environment)
	switch d.suite {
	case airStation:
		air := w.air(s.at, s.urban, &x, a.at)
		fillAir(body, &air, d.bias, h)
		body.NoiseDBA = telemetry.Some(round(w.noise(s, &x, a.at)+0.8*normal(mix(h+20)), 1))
		fillClimate(body, &x, h)
	case weatherStation:
		fillClimate(body, &x, h)
		body.PressureHPa = telemetry.Some(round(x.pressure+0.15*normal(mix(h+21)), 1))
		body.WindMs = telemetry.Some(round(max(0, x.wind*(1+0.2*normal(mix(h+22)))), 1))
		body.UVIndex = telemetry.Some(round(x.uv, 1))
		body.RainMm = telemetry.Some(rainIn(&x, d.interval, h))
	case waterGauge:
		body.WaterLevelM = telemetry.Some(round(w.waterLevel(s.at, a.at)+0.008*normal(mix(h+23)), 3))
		body.RainMm = telemetry.Some(rainIn(&x, d.interval, h))
		body.TemperatureC = telemetry.Some(round(x.temperature+0.2*normal(mix(h+24)), 1))
	}
	body.BatteryV = telemetry.Some(round(batteryVolts(d, x.sun, h), 2))
	return telemetry.Reading{Kind: telemetry.KindEnvironment, Environment: body}
}

// fillAir applies the calibration error and the noise of the instruments. The
// optical counters of dust err together with it; the gas cells each on their own.
func fillAir(body *telemetry.Environment, air *Air, bias float64, h uint64) {
	measure := func(v, noise float64, draw uint64) telemetry.Opt[float64] {
		return telemetry.Some(round(max(0, v*bias*(1+noise*normal(mix(h+draw)))), 1))
	}
	body.PM25 = measure(air.PM25, 0.03, 1)
	body.PM10 = measure(air.PM10, 0.03, 2)
	body.NO2 = measure(air.NO2, 0.04, 3)
	body.SO2 = measure(air.SO2, 0.05, 4)
	body.CO = measure(air.CO, 0.03, 5)
	body.O3 = measure(air.O3, 0.04, 6)
}

func fillClimate(body *telemetry.Environment, x *weather, h uint64) {
	body.TemperatureC = telemetry.Some(round(x.temperature+0.15*normal(mix(h+7)), 1))
	body.HumidityPct = telemetry.Some(round(clamp(x.humidity+1.2*normal(mix(h+8)), 5, 100), 1))
}

// rainIn is the rain of one interval in mm, in the 0.2 mm tips of a bucket. What
// does not fill the bucket stays in it for the next interval; on average nothing is lost.
func rainIn(x *weather, interval int64, h uint64) float64 {
	const tip = 0.2
	return round(math.Floor(x.rain*float64(interval)/float64(hour)/tip+unit(mix(h+25)))*tip, 1)
}

// batteryVolts is a lithium cell under a small solar panel.
func batteryVolts(d *device, sun float64, h uint64) float64 {
	return 3.86 + 0.18*sun + 0.06*(unit(mix(d.key))-0.5) + 0.01*normal(mix(h+9))
}
