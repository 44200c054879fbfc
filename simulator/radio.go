package simulator

import (
	"math"

	"phusong/telemetry"
)

// operators are the networks with masts in this world.
var operators = [...]telemetry.Operator{
	{Code: "45204", Name: "Viettel", Active: true},
	{Code: "45201", Name: "MobiFone", Active: true},
	{Code: "45202", Name: "VinaPhone", Active: true},
}

// signal is what one network offers at one place and instant.
type signal struct {
	service    bool
	technology string
	rsrp       float64 // dBm
	rsrq, sinr float64 // dB
	download   float64 // Mbit/s, the median of tests made there and then
	latency    float64 // ms
	cellID     int64
	pci        int64
}

// rateSpread is the deviation of the logarithm of the rates of tests made at the
// same place and time.
const rateSpread = 0.15

// rate draws the rate of one test.
func (s *signal) rate(h uint64) float64 {
	return s.download * math.Exp(rateSpread*normal(mix(h)))
}

type radio struct {
	seed     uint64
	communes []commune
}

func newRadio(seed uint64, communes []commune) *radio {
	return &radio{seed: seed, communes: communes}
}

func (w *World) signal(operator int, at vec, ms int64) signal {
	nearest, distance := 0, math.Inf(1)
	for i := range w.communes {
		if d := w.communes[i].at.distance(at); d < distance {
			nearest, distance = i, d
		}
	}
	k := key(w.options.Seed, forShadowing, uint64(operator))
	rsrp := -62 - 9*float64(operator)/2 - 38*math.Log10(max(distance, 300)/300) + 7*wave2(k, at.x/600, at.y/600)
	s := signal{service: rsrp > -118, technology: "4g", rsrp: rsrp}
	load := clamp(0.15+0.5*traffic(ms), 0, 0.9)
	s.sinr = clamp(rsrp+110-14*load, -9, 30)
	s.rsrq = clamp(-6-(20-s.sinr)*0.4, -19.5, -4)
	s.download = max(0.3, 15*math.Log2(1+math.Pow(10, s.sinr/10))*(1.2-load))
	s.latency = 26 + 40*load
	s.cellID = int64(operator+1)<<24 | int64(nearest+1)<<8 | 1
	s.pci = int64(mix(uint64(s.cellID)) % 504)
	return s
}
