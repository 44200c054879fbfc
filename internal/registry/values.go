package registry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"phusong/telemetry"
)

// The least and the longest time between readings that a device may be expected
// to keep. They are those of a birth message's interval_s.
const (
	minInterval = time.Second
	maxInterval = 7 * 24 * time.Hour
)

// maxText bounds names and models, in bytes.
const maxText = 200

// text returns a free text of one line.
func (r *record) text(name string) string {
	s := r.get(name)
	switch {
	case len(s) > maxText:
		r.problem("%s is %d bytes long; at most %d are allowed", name, len(s), maxText)
	case strings.ContainsFunc(s, unicode.IsControl):
		r.problem("%s %q holds a line break or another control character; write it in one line", name, clip(s))
	}
	return s
}

// flag reads yes and no in both languages; an empty field is no.
func (r *record) flag(name string) bool {
	switch s := r.get(name); strings.ToLower(s) {
	case "", "no", "không", "khong", "false", "0":
		return false
	case "yes", "có", "co", "true", "1":
		return true
	default:
		r.problem("%s %q is neither yes nor no; write yes or no (có or không)", name, clip(s))
		return false
	}
}

// point reads lat and lon; the zero Point when both are empty.
func (r *record) point() telemetry.Point {
	lat, lon := r.get("lat"), r.get("lon")
	if lat == "" && lon == "" {
		return telemetry.Point{}
	}
	if lat == "" || lon == "" {
		r.problem("lat and lon come together; give both or neither")
		return telemetry.Point{}
	}
	p := telemetry.Point{}
	okLat, okLon := r.degrees("lat", lat, &p.Lat), r.degrees("lon", lon, &p.Lon)
	if !okLat || !okLon {
		return telemetry.Point{}
	}
	if p.IsZero() {
		r.problem("0, 0 is where receivers without a fix believe to be; leave lat and lon empty until they are known")
	} else if err := checkPoint(p); err != nil {
		r.problem("%v", err)
	}
	return p
}

func (r *record) degrees(name, s string, to *float64) bool {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		*to = v
		return true
	}
	if point := strings.Replace(s, ",", ".", 1); point != s {
		if _, err := strconv.ParseFloat(point, 64); err == nil {
			r.problem("%s %q has a decimal comma; write %s (in the spreadsheet, format the column as text)", name, s, point)
			return false
		}
	}
	r.problem("%s %q is not a number of degrees; write it like 10.5372", name, clip(s))
	return false
}

// checkPoint refuses what is not on Earth, and what would be in Việt Nam were it
// not the wrong way round: the commonest mistake with coordinates.
func checkPoint(p telemetry.Point) error {
	swapped := telemetry.Point{Lat: p.Lon, Lon: p.Lat}
	if !inVietnam(p) && inVietnam(swapped) {
		return fmt.Errorf("lat %v and lon %v seem swapped; write lat %v, lon %v", p.Lat, p.Lon, p.Lon, p.Lat)
	}
	if p.Validate() != nil && swapped.Validate() == nil {
		return fmt.Errorf("lat %v and lon %v seem swapped; a latitude lies between -90 and 90", p.Lat, p.Lon)
	}
	return p.Validate()
}

// inVietnam is a box around land and sea, for telling lat and lon apart.
func inVietnam(p telemetry.Point) bool {
	return p.Lat >= 8 && p.Lat <= 24 && p.Lon >= 102 && p.Lon <= 118
}

// interval reads 30s, 5m, 1h30m, 1d or plain seconds.
func (r *record) interval() time.Duration {
	s := strings.ReplaceAll(r.get("interval"), " ", "")
	d, err := parseInterval(s)
	switch {
	case err != nil:
		r.problem("interval %q is not a time; write it like 30s, 5m, 2h or 1d, or in plain seconds", clip(s))
		return 0
	case d < minInterval || d > maxInterval:
		r.problem("interval %q is outside 1s to 7d; write the time between two readings", clip(s))
		return 0
	}
	return d
}

func parseInterval(s string) (time.Duration, error) {
	unit := time.Duration(0)
	digits := s
	if days, ok := strings.CutSuffix(s, "d"); ok {
		digits, unit = days, 24*time.Hour
	} else if strings.Trim(s, "0123456789") == "" {
		unit = time.Second
	}
	if unit == 0 {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, err
	}
	if n > uint64(maxInterval/unit) {
		return maxInterval + 1, nil // the product might overflow
	}
	return time.Duration(n) * unit, nil
}

// capacity reads how many clients an access point serves well; 0 when empty.
func (r *record) capacity() int {
	s := r.get("capacity")
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	limit := int(telemetry.FieldByName(telemetry.KindWiFi, "clients").Max)
	if err != nil || n < 0 || n > limit {
		r.problem("capacity %q is not a number of clients; write a whole number up to %d", clip(s), limit)
		return 0
	}
	return n
}

// waterAlarms reads the levels of a gauge's alarms, lowest first, as "2.5 3.0 3.5".
func (r *record) waterAlarms() (levels [3]float64) {
	fields := strings.Fields(r.get("water_alarms"))
	if len(fields) > len(levels) {
		r.problem("water_alarms has %d levels; a gauge has at most %d, such as \"2.5 3.0 3.5\"", len(fields), len(levels))
		return levels
	}
	for i, field := range fields {
		levels[i] = r.metres("water_alarms", field)
		if i > 0 && levels[i] > 0 && levels[i] <= levels[i-1] {
			r.problem("water_alarms %q: each level must be above the one before", clip(r.get("water_alarms")))
		}
	}
	return levels
}

// metres reads a positive number; 0 when empty.
func (r *record) metres(name, s string) float64 {
	if s == "" {
		return 0
	}
	const most = 1000 // no river of Việt Nam is deeper
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= most) {
		r.problem("%s %q is not a number of metres; write one with a decimal point, such as 2.5", name, clip(s))
		return 0
	}
	return v
}

// area reads a code that must be known; "" when the field is empty.
func (r *record) area() telemetry.AreaCode {
	s := r.get("area")
	if s == "" {
		return ""
	}
	code, err := telemetry.ParseAreaCode(s)
	if err != nil {
		r.problem("%v%s", err, lostZeros(s))
		return ""
	}
	if r.loader.checkAreas && !r.loader.areasDamaged && !r.loader.areaKnown[code] {
		r.problem("area %q is in no area file; add its feature or correct the code", code)
	}
	return code
}

// lostZeros explains a code whose leading zeros a spreadsheet has dropped.
func lostZeros(s string) string {
	if strings.Trim(s, "0123456789") != "" || s == "" || len(s) > 4 {
		return ""
	}
	width := 5
	if len(s) == 1 {
		width = 2
	}
	return fmt.Sprintf("; a spreadsheet drops leading zeros: write %s and format the column as text", strings.Repeat("0", width-len(s))+s)
}
