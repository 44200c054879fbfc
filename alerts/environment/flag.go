package environment

import (
	"math/bits"
	"strings"

	"phusong/alerts/airquality"
)

// Flags say why a value is not trusted. The raw value stays in the store as it was sent.
type Flags uint16

// The flags. Their order is their bit, and is in the snapshot: append only.
const (
	// Sentinel: a number that stands for "no value", like −999.
	Sentinel Flags = 1 << iota
	// Range: it cannot be so outdoors in Việt Nam.
	Range
	// Negative: a concentration, or another thing that cannot be less than nothing, is.
	Negative
	// Clock: the device's clock was so wrong that the time of the reading is ours.
	Clock
	// Stuck: the same to the last digit for too long.
	Stuck
	// Spike: one or two readings far from those before and after, which no neighbour saw.
	Spike
	// Drift: it leaves its neighbours, or the nearest reference, slowly.
	Drift
	// Unit: it fits its neighbours when taken as ppb, ppm or mg/m³ instead of µg/m³.
	Unit
	// TwoPlaces: the device sends for two areas in turn.
	TwoPlaces
	// TwoSenders: two devices send under one id; their sequence numbers interleave.
	TwoSenders
	// Moved: the device says that it stands elsewhere than it is registered.
	Moved
)

var flagNames = [...]struct {
	label string
	name  airquality.Text
}{
	{"sentinel", airquality.Text{Vietnamese: "mã “không có giá trị”", English: "a number for “no value”"}},
	{"range", airquality.Text{Vietnamese: "ngoài khoảng hợp lý", English: "out of range"}},
	{"negative", airquality.Text{Vietnamese: "giá trị âm", English: "negative"}},
	{"clock", airquality.Text{Vietnamese: "đồng hồ sai", English: "wrong clock"}},
	{"stuck", airquality.Text{Vietnamese: "giá trị đứng yên", English: "stuck"}},
	{"spike", airquality.Text{Vietnamese: "giá trị vọt bất thường", English: "spike"}},
	{"drift", airquality.Text{Vietnamese: "trôi dần so với trạm lân cận", English: "drift"}},
	{"unit", airquality.Text{Vietnamese: "nhầm đơn vị", English: "wrong unit"}},
	{"two_places", airquality.Text{Vietnamese: "gửi cho hai nơi", English: "sends for two places"}},
	{"two_senders", airquality.Text{Vietnamese: "hai thiết bị chung một mã", English: "two devices under one id"}},
	{"moved", airquality.Text{Vietnamese: "đã bị dời chỗ", English: "moved"}},
}

// AllFlags returns each flag, in a fixed order.
func AllFlags() []Flags {
	all := make([]Flags, len(flagNames))
	for i := range all {
		all[i] = 1 << i
	}
	return all
}

// Has reports whether any of the flags in mask is set.
func (f Flags) Has(mask Flags) bool { return f&mask != 0 }

// gravity orders the flags by how much they spoil: all the values of a sensor, a quantity for
// as long as nobody repairs it, or one value.
var gravity = [...]Flags{Moved, TwoPlaces, TwoSenders, Clock, Unit, Drift, Stuck, Sentinel, Range, Negative, Spike}

// Gravest returns the one of the set flags that spoils most; 0 for none.
func (f Flags) Gravest() Flags {
	for _, g := range gravity {
		if f.Has(g) {
			return g
		}
	}
	return 0
}

// first returns the index of the lowest flag that is set.
func (f Flags) first() int { return bits.TrailingZeros16(uint16(f)) }

// String returns the labels of the set flags, joined by commas; "" for none.
func (f Flags) String() string {
	var labels []string
	for i := range flagNames {
		if f&(1<<i) != 0 {
			labels = append(labels, flagNames[i].label)
		}
	}
	return strings.Join(labels, ",")
}

// Name returns what the lowest set flag is called; empty for none.
func (f Flags) Name() airquality.Text {
	if i := f.first(); i < len(flagNames) {
		return flagNames[i].name
	}
	return airquality.Text{}
}
