package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// csvUnits are the units in which loggers write what the vocabulary has in the
// unit on the left, and their factors. Case counts: Mb is a bit and MB a byte.
var csvUnits = map[string]map[string]float64{
	"Mbit/s": {
		"Mbit/s": 1, "Mbps": 1, "Mb/s": 1, "kbit/s": 1e-3, "kbps": 1e-3, "Kbps": 1e-3, "kb/s": 1e-3, "bit/s": 1e-6, "bps": 1e-6, "Gbit/s": 1e3, "Gbps": 1e3,
		"MB/s": 8, "kB/s": 8e-3, "KB/s": 8e-3, "B/s": 8e-6, "bytes/s": 8e-6, "KiB/s": 8 * 1024e-6, "MiB/s": 8 * 1.048576,
	},
	"ms":   {"ms": 1, "s": 1000, "us": 1e-3, "µs": 1e-3},
	"s":    {"s": 1, "ms": 1e-3, "min": 60},
	"1":    {"1": 1, "%": 1e-2},
	"m":    {"m": 1, "km": 1e3, "ft": 0.3048},
	"km/h": {"km/h": 1, "kmh": 1, "kph": 1, "m/s": 3.6, "mph": 1.609344, "kn": 1.852},
	"B":    {"B": 1, "bytes": 1, "bit": 0.125, "kB": 1e3, "KB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20, "GB": 1e9},
	"dBm":  {"dBm": 1},
	"dB":   {"dB": 1},
	"°":    {"°": 1, "deg": 1},
}

// unitFactor returns by what a value in unit is multiplied to be in the field's. Loss
// is a share and may be written in percent; counts have no unit to choose.
func unitFactor(fieldUnit, unit string) (float64, error) {
	if unit == "" {
		return 1, nil
	}
	known := csvUnits[fieldUnit]
	if f, ok := known[unit]; ok {
		return f, nil
	}
	if known == nil {
		return 0, fmt.Errorf("unit: this field has none")
	}
	return 0, fmt.Errorf("unit: %q is not one of %s", clip(unit), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// technologyWords are other names of the radio technologies. Plain "5G" is not among
// them: whether it stands alone, only the logger's maker knows.
var technologyWords = map[string]string{
	"gsm": "2g", "gprs": "2g", "edge": "2g", "2g": "2g",
	"umts": "3g", "wcdma": "3g", "hspa": "3g", "hspa+": "3g", "hspap": "3g", "hsdpa": "3g", "3g": "3g",
	"lte": "4g", "lte-a": "4g", "lte_ca": "4g", "lte+": "4g", "4g": "4g", "4g+": "4g",
	"5g-nsa": "5g-nsa", "5g nsa": "5g-nsa", "nr nsa": "5g-nsa", "en-dc": "5g-nsa",
	"5g-sa": "5g-sa", "5g sa": "5g-sa", "nr sa": "5g-sa",
}

// booleanWords are other names of true and false.
var booleanWords = map[string]bool{
	"true": true, "yes": true, "y": true, "1": true, "có": true, "false": false, "no": false, "n": false, "0": false, "không": false,
}
