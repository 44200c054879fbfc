package simulator

import (
	"math"

	"phusong/telemetry"
)

// sensorReading is what the sensor says about the air, the weather or the water
// at its site, with the errors that low-cost instruments make.
func (w *World) sensorReading(d *device, a *sample) telemetry.Reading {
	if e := w.sensorFault(d, a.at); e != nil && e.Mode == modeStuck {
		frozen := *a
		frozen.at = e.from // it repeats what it last saw
		a = &frozen
	}
	s := &w.sites[d.site]
	h := key(d.key, forSensor, uint64(a.at))
	x := w.weather(d.at, a.at)
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
		body.WaterLevelM = telemetry.Some(round(w.waterLevel(d.at, a.at)+0.008*normal(mix(h+23)), 3))
		body.RainMm = telemetry.Some(rainIn(&x, d.interval, h))
		body.TemperatureC = telemetry.Some(round(x.temperature+0.2*normal(mix(h+24)), 1))
	}
	body.BatteryV = telemetry.Some(round(w.batteryVolts(d, x.sun, a.at, h), 2))
	w.breakSensor(d, body, a.at)
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

// batteryVolts is a lithium cell under a small solar panel. One that is about to go
// flat sinks for half a day before.
func (w *World) batteryVolts(d *device, sun float64, ms int64, h uint64) float64 {
	volts := 3.86 + 0.18*sun + 0.06*(unit(mix(d.key))-0.5) + 0.01*normal(mix(h+9))
	for _, e := range w.effects.devices[d.index] {
		if left := e.from - ms; e.Do == "battery_flat" && left > 0 && left < 12*hour {
			volts -= 0.75 * (1 - float64(left)/float64(12*hour))
		}
	}
	return volts
}

// sensorFault returns the fault of the scenario that the sensor has now.
func (w *World) sensorFault(d *device, ms int64) *effect {
	for _, e := range w.effects.devices[d.index] {
		if e.Do == "sensor_fault" && e.active(ms) {
			return e
		}
	}
	return nil
}

// noValue is what many loggers write when the instrument did not answer.
const noValue = -999

// breakSensor spoils the main quantity of the sensor, in the way its fault has it.
func (w *World) breakSensor(d *device, body *telemetry.Environment, ms int64) {
	e := w.sensorFault(d, ms)
	if e == nil || e.Mode == modeStuck {
		return
	}
	spoil := func(v *telemetry.Opt[float64], most float64) {
		switch e.Mode {
		case modeDrift:
			hours := float64(ms-e.from) / float64(hour)
			*v = telemetry.Some(round(clamp(v.Or(0)*(1+0.1*hours), -50, most), 1))
		case modeSpikes:
			if chance(key(d.key, forSensor, uint64(ms)+1), 0.12) {
				*v = telemetry.Some(round(min(10*v.Or(0)+5, most), 1))
			}
		case modeNoValue:
			*v = telemetry.Some[float64](noValue)
		}
	}
	switch d.suite {
	case airStation:
		spoil(&body.PM25, 9_000)
		spoil(&body.PM10, 19_000)
	case weatherStation:
		spoil(&body.TemperatureC, 69)
	case waterGauge:
		spoil(&body.WaterLevelM, 490)
	}
}
