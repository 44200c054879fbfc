package coverage

import (
	"math"
	"slices"

	"phusong/telemetry"
)

// A record is one test in twelve bytes: all that a verdict, a yardstick or a dossier
// can want to know of it. The day is that of the bucket it lies in.
//
//	who   device 15 bits, second of the local day 17
//	what  download in steps of 0.01 Mbit/s 20, RSRP 7, mark 5
//	how   upload 11, latency 11, point-hex 3, technology 3, SINR class 3, in a vehicle 1
type record struct{ who, what, how uint32 }

const (
	secondBits = 17
	secondMask = 1<<secondBits - 1
	deviceMask = 1<<15 - 1

	markBits = 5
	rsrpBits = 7
	// marks from here on are reasons; below are results.
	firstReason = 8
)

// Rates are kept in steps, so that comparing them with a target is exact.
const (
	rateSteps = 100  // per Mbit/s
	maxRate   = 9000 // Mbit/s, the limit of the vocabulary
)

// slotSeconds is the least time between two tests of one device in one cell that
// both count (QCVN 81:2019). Of the tests in one slot of a day the earliest is kept.
const slotSeconds = 30

// rsrpOffset makes the weakest RSRP that can be reported 1; 0 is none.
const rsrpOffset = 141

func makeRecord(a *attempt, m *telemetry.Mobile, device telemetry.DeviceID, pointHex int) record {
	mark := uint32(a.result)
	if a.reason != Counts {
		mark = firstReason + uint32(a.reason)
	}
	r := record{
		who:  deviceHash(device)<<secondBits | uint32(a.second),
		what: mark,
		how:  uint32(pointHex) << 7,
	}
	if m == nil {
		return r
	}
	if a.reason == Counts && a.result == Transferred {
		r.what |= rateToSteps(m.DownloadMbps.Or(0)) << (markBits + rsrpBits)
	}
	if dBm, ok := m.RSRPdBm.Get(); ok {
		level := uint32(min(max(math.Floor(dBm)+rsrpOffset, 1), 127))
		r.what |= level << markBits
	}
	r.how |= toScale(m.UploadMbps, lowestUpload)<<21 | toScale(m.LatencyMs, lowestLatency)<<10
	r.how |= technologyCode(m.Technology.Or(""))<<4 | uint32(sinrClass(m.SINRdB))<<1
	if m.InVehicle.Or(false) {
		r.how |= 1
	}
	return r
}

// rateToSteps rounds down, but forgives what a decimal fraction loses in binary.
func rateToSteps(mbps float64) uint32 {
	return uint32(min(max(mbps, 0), maxRate)*rateSteps + 1e-6)
}

// deviceHash shortens the id (FNV-1a, folded): two devices of one cell are taken for
// one once in 32768 pairs.
func deviceHash(id telemetry.DeviceID) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return (h ^ h>>15) & deviceMask
}

func (r record) device() uint32   { return r.who >> secondBits }
func (r record) second() int      { return int(r.who & secondMask) }
func (r record) mark() uint32     { return r.what & (1<<markBits - 1) }
func (r record) counts() bool     { return r.mark() < firstReason }
func (r record) result() Result   { return Result(r.mark()) }
func (r record) rate() int        { return int(r.what >> (markBits + rsrpBits)) }
func (r record) pointHex() int    { return int(r.how >> 7 & 7) }
func (r record) technology() int  { return int(r.how >> 4 & 7) }
func (r record) sinr() Class      { return Class(r.how >> 1 & 7) }
func (r record) inVehicle() bool  { return r.how&1 == 1 }
func (r record) upload() float64  { return fromScale(r.how>>21, lowestUpload) }
func (r record) latency() float64 { return fromScale(r.how>>10&scaleMask, lowestLatency) }

func (r record) reason() Reason {
	if r.counts() {
		return Counts
	}
	return Reason(r.mark() - firstReason)
}

// rsrp returns the level in dBm, rounded down.
func (r record) rsrp() (dBm int, known bool) {
	level := int(r.what >> markBits & (1<<rsrpBits - 1))
	return level - rsrpOffset, level != 0
}

// positive reports whether the test reached the target, in steps.
func (r record) positive(target int) bool { return r.result() == Transferred && r.rate() >= target }

// usable reports whether the attempt got service that counts as mobile broadband: a
// phone that is left with 2G has none. A transfer that ran is service at any level.
func (r record) usable(floor int) bool {
	if technologies[r.technology()] == "2g" {
		return false
	}
	switch r.result() {
	case NoService, NoConnection:
		return false
	case NoTransfer:
		dBm, known := r.rsrp()
		return !known || dBm >= floor
	}
	return true
}

// id names the slot that the record fills; two records of one id cannot both stay.
func (r record) id() uint32 {
	return r.device()<<12 | uint32(r.second()/slotSeconds)
}

// compare orders the records of one bucket: those that count first, then by a draw
// that depends on device, slot and day alone, and is one to one.
func (r record) compare(o record, day Day) int {
	if r.counts() != o.counts() {
		if r.counts() {
			return -1
		}
		return 1
	}
	a, b := draw(r.id(), day), draw(o.id(), day)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// less decides between two records of one slot: the earlier, then any fixed order.
func (r record) less(o record) bool {
	switch {
	case r.who != o.who:
		return r.who < o.who
	case r.what != o.what:
		return r.what < o.what
	}
	return r.how < o.how
}

// draw mixes so that each id of a day gets a place in a random order that anybody can
// recompute. Every step is a bijection: no two ids share a place.
func draw(id uint32, day Day) uint32 {
	x := id ^ uint32(day)*0x9e3779b1
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}

// technologies by code; the empty one is unknown.
var technologies = [...]string{"", "2g", "3g", "4g", "5g-nsa", "5g-sa", "", ""}

func technologyCode(name string) uint32 { return uint32(max(slices.Index(technologies[:], name), 0)) }

// Upload and latency are for show, and kept on a logarithmic scale of 2047 marks: the
// error is below 0.4 %.
const (
	scaleMask     = 1<<11 - 1
	scaleSpan     = 1e6 // from the lowest mark to the highest
	lowestUpload  = 0.01
	lowestLatency = 0.1
)

func toScale(o telemetry.Opt[float64], lowest float64) uint32 {
	v, ok := o.Get()
	if !ok || !(v > 0) {
		return 0
	}
	mark := 1 + math.Round(math.Log(v/lowest)*(scaleMask-1)/math.Log(scaleSpan))
	return uint32(min(max(mark, 1), scaleMask))
}

// fromScale returns 0 for none.
func fromScale(mark uint32, lowest float64) float64 {
	if mark == 0 {
		return 0
	}
	return lowest * math.Pow(scaleSpan, float64(mark-1)/(scaleMask-1))
}

// A Class is how good a signal is. It explains a verdict and never makes one.
type Class uint8

// The classes.
const (
	ClassUnknown Class = iota
	ClassNone
	ClassVeryWeak
	ClassPoor
	ClassFair
	ClassGood
	classCount
)

var classNames = [classCount]string{"unknown", "none", "very_weak", "poor", "fair", "good"}

// String returns the name for files.
func (c Class) String() string { return classNames[min(c, classCount-1)] }

// rsrpClass judges by the level: 4G and 5G have their own limits.
func rsrpClass(dBm int, technology string) Class {
	limits := [...]int{-120, -115, -105, -95}
	if technology == "5g-nsa" || technology == "5g-sa" {
		limits = [...]int{-120, -110, -100, -90}
	}
	c := ClassNone
	for _, limit := range limits {
		if dBm >= limit {
			c++
		}
	}
	return c
}

func sinrClass(o telemetry.Opt[float64]) Class {
	dB, ok := o.Get()
	if !ok {
		return ClassUnknown
	}
	c := ClassVeryWeak
	for _, limit := range [...]float64{-5, 0, 10} {
		if dB >= limit {
			c++
		}
	}
	return c
}
