package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// gnetColumns are the places of the columns that are used; -1 when absent.
type gnetColumns struct {
	source GNetTrackSource

	timestamp, lon, lat, operator, plmn, node, cell, tech,
	level, qual, snr, psc, event,
	pingAvg, pingStdev, pingLoss, download, upload int
}

// findGNetColumns finds columns by name, because versions of the app add columns.
func findGNetColumns(header []string) (gnetColumns, error) {
	place := make(map[string]int, len(header))
	for i, name := range header {
		if _, twice := place[name]; twice && name != "" {
			return gnetColumns{}, fmt.Errorf("the column %q appears twice", clip(name))
		}
		place[name] = i
	}
	var missing []string
	need := func(name string) int {
		i, ok := place[name]
		if !ok {
			missing = append(missing, name)
		}
		return i
	}
	may := func(name string) int {
		if i, ok := place[name]; ok {
			return i
		}
		return -1
	}
	c := gnetColumns{
		timestamp: need("Timestamp"), lon: need("Longitude"), lat: need("Latitude"), operator: need("Operatorname"),
		node: need("Node"), cell: need("CellID"), tech: need("NetworkTech"), level: need("Level"), qual: need("Qual"), snr: need("SNR"),
		plmn: may("Operator"), psc: may("PSC"), event: may("EventType"),
		pingAvg: may("PINGAVG"), pingStdev: may("PINGSTDEV"), pingLoss: may("PINGLOSS"),
		download: may("TESTDOWNLINK"), upload: may("TESTUPLINK"),
	}
	switch {
	case c.download >= 0:
		c.source = GNetTrackTests
	case c.event >= 0:
		c.source = GNetTrackEvents
	default:
		c.source = GNetTrackSamples
		need("Operator")
	}
	if len(missing) > 0 {
		return gnetColumns{}, fmt.Errorf("not a log of G-NetTrack Pro: it lacks the column %s; the per-second log, the _datatest and the _events log can be read", strings.Join(missing, ", "))
	}
	return c, nil
}

// value returns the field of the row, "" for each way the app writes "nothing".
func (c *gnetColumns) value(fields []string, column int) string {
	if column < 0 {
		return ""
	}
	v := strings.TrimSpace(fields[column])
	if v == "-" || v == "--" {
		return ""
	}
	return v
}

// shifted reports whether NetworkTech holds a number, which no technology is:
// another column stands in its place.
func (c *gnetColumns) shifted(fields []string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(fields[c.tech]), 64)
	return err == nil
}

// noService reports whether the row says that the phone had no network. Such
// rows keep the last position and cell, and a level of -200.
func (c *gnetColumns) noService(fields []string) bool {
	if c.event >= 0 {
		return c.value(fields, c.event) == "NO_COVERAGE"
	}
	return strings.TrimSpace(fields[c.tech]) == "--"
}

// number returns a field's number. It is false for "nothing" and for what is no
// finite number.
func (c *gnetColumns) number(fields []string, column int) (float64, bool) {
	v, err := strconv.ParseFloat(c.value(fields, column), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// within sets to when the field holds a number inside the vocabulary's limits of
// the named mobile field once divided, and reports whether it held something else.
func (c *gnetColumns) within(to *telemetry.Opt[float64], fields []string, column int, name string, divisor float64) (refused bool) {
	if c.value(fields, column) == "" {
		return false
	}
	v, ok := c.number(fields, column)
	limits := telemetry.FieldByName(telemetry.KindMobile, name)
	if v /= divisor; !ok || v < limits.Min || v > limits.Max {
		return true
	}
	*to = telemetry.Some(v)
	return false
}

func (c *gnetColumns) position(fields []string, m *telemetry.Mobile) (left []string) {
	lat, okLat := c.number(fields, c.lat)
	lon, okLon := c.number(fields, c.lon)
	p := telemetry.Point{Lat: lat, Lon: lon}
	if !okLat || !okLon || p.IsZero() || p.Validate() != nil {
		return []string{leftPosition}
	}
	m.Lat, m.Lon = telemetry.Some(lat), telemetry.Some(lon)
	return nil
}

// radio sets technology, levels and cell. Level is RSRP and Qual is RSRQ only on
// 4G and 5G; on 3G they are RSCP and Ec/N0, on 2G RxLev, for which there is no field.
func (c *gnetColumns) radio(fields []string, m *telemetry.Mobile) (left []string) {
	switch word := c.value(fields, c.tech); word {
	case "2G", "3G", "4G":
		m.Technology = telemetry.Some(strings.ToLower(word))
	case "5G":
		// A phone on non-standalone 5G reports LTE as its network (Android's RAT),
		// so what is called 5G is standalone.
		m.Technology = telemetry.Some("5g-sa")
	case "":
		return nil
	default:
		return []string{leftTechnology}
	}
	tech := m.Technology.Or("")
	if tech != "4g" && tech != "5g-sa" {
		return nil
	}
	if c.within(&m.RSRPdBm, fields, c.level, "rsrp_dbm", 1) {
		left = append(left, leftLevel)
	}
	if c.within(&m.RSRQdB, fields, c.qual, "rsrq_db", 1) {
		left = append(left, leftQuality)
	}
	if c.within(&m.SINRdB, fields, c.snr, "sinr_db", 1) {
		left = append(left, leftSNR)
	}
	// Two of three phones wrote 0.0 in every row: what they write when the modem
	// does not tell. A true 0.0 is rare and its loss harmless; a column of invented
	// 0 dB is not.
	if v, ok := m.SINRdB.Get(); ok && v == 0 {
		m.SINRdB = telemetry.Opt[float64]{}
		left = append(left, leftSNRZero)
	}
	return append(left, c.identity(fields, m)...)
}

// identity sets the cell. On 4G the cell identity is the eNodeB's 20 bits and the
// sector's 8; on 5G the split is the operator's choice, so the two numbers that
// the app writes do not make one.
func (c *gnetColumns) identity(fields []string, m *telemetry.Mobile) (left []string) {
	if m.Technology.Or("") == "4g" && (c.value(fields, c.node) != "" || c.value(fields, c.cell) != "") {
		node, errNode := strconv.ParseInt(c.value(fields, c.node), 10, 64)
		cell, errCell := strconv.ParseInt(c.value(fields, c.cell), 10, 64)
		if errNode != nil || errCell != nil || node <= 0 || node >= 1<<20 || cell < 0 || cell >= 1<<8 {
			left = append(left, leftCell)
		} else {
			m.CellID = telemetry.Some(node<<8 | cell)
		}
	}
	if psc := c.value(fields, c.psc); psc != "" {
		limits := telemetry.FieldByName(telemetry.KindMobile, "pci")
		if pci, err := strconv.ParseInt(psc, 10, 64); err != nil || pci < 0 || pci > int64(limits.Max) {
			left = append(left, leftPCI)
		} else {
			m.PCI = telemetry.Some(pci)
		}
	}
	return left
}

// test sets the outcome and the rates of a test, which the app writes in kbit/s.
// The download decides: a rate that is no number is an error, since guessing
// would make an outcome up.
func (c *gnetColumns) test(fields []string, m *telemetry.Mobile) (left []string, err error) {
	const kbitPerMbit = 1000
	m.Outcome = telemetry.Some(telemetry.OutcomeFailed)
	if text := c.value(fields, c.download); text != "" {
		rate, ok := c.number(fields, c.download)
		if !ok || rate < 0 {
			return nil, fmt.Errorf("TESTDOWNLINK %q is not a rate in kbit/s", clip(text))
		}
		if rate > 0 {
			m.Outcome = telemetry.Some(telemetry.OutcomeOK)
			m.DownloadMbps = telemetry.Some(rate / kbitPerMbit)
		}
	}
	if c.within(&m.UploadMbps, fields, c.upload, "upload_mbps", kbitPerMbit) || m.UploadMbps.Or(0) == 0 {
		m.UploadMbps = telemetry.Opt[float64]{}
		left = append(left, leftUpload)
	}
	ping := c.within(&m.LatencyMs, fields, c.pingAvg, "latency_ms", 1)
	ping = c.within(&m.JitterMs, fields, c.pingStdev, "jitter_ms", 1) || ping
	ping = c.within(&m.Loss, fields, c.pingLoss, "loss", 100) || ping
	if ping {
		left = append(left, leftPing)
	}
	return left, nil
}
