package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"phusong/telemetry"
)

// readAreas reads the areas of a file. A file that is not GeoJSON lacks entries.
func (l *loader) readAreas(file string, data []byte) {
	if !l.readFeatures(file, data, l.readArea) {
		l.areasDamaged = true
	}
}

// readFeatures reads a GeoJSON FeatureCollection (RFC 7946), feature by feature, so
// that one wrong feature does not hide the others' faults. It reports whether the file is
// one; what use makes of the features is its own affair.
func (l *loader) readFeatures(file string, data []byte, use func(file string, line, number int, raw json.RawMessage)) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	line, counted := 1, int64(0)
	lineAt := func(offset int64) int { // of rising offsets, to count each line once
		line += bytes.Count(data[counted:offset], []byte("\n"))
		counted = offset
		return line
	}
	fail := func(offset int64, reason string) {
		l.problems.add(file, lineAt(offset), "%s; the file must be a GeoJSON FeatureCollection", reason)
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		offset := int64(len(data))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset = min(syntax.Offset, offset)
		}
		fail(offset, err.Error())
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	err := eachFeature(dec, func(number int, raw json.RawMessage) {
		use(file, lineAt(dec.InputOffset()-int64(len(raw))), number, raw)
	})
	if err != nil {
		fail(max(counted, dec.InputOffset()), err.Error())
	}
	return err == nil
}

// eachFeature walks the members of the collection, whose syntax is known to be
// right, and calls use with each of its features; number counts from 1.
func eachFeature(dec *json.Decoder, use func(number int, raw json.RawMessage)) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	found := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if key != "features" {
			var other json.RawMessage
			if err := dec.Decode(&other); err != nil {
				return err
			}
			if key == "type" && string(other) != `"FeatureCollection"` {
				return fmt.Errorf("the type is %s", clip(string(other)))
			}
			continue
		}
		found = true
		if err := expect(dec, '['); err != nil {
			return err
		}
		for number := 1; dec.More(); number++ {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			use(number, raw)
		}
		if err := expect(dec, ']'); err != nil {
			return err
		}
	}
	if !found {
		return errors.New(`there is no "features" list`)
	}
	return nil
}

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err == nil && got != want {
		err = fmt.Errorf("there is %v where %v belongs", got, want)
	}
	return err
}

// A feature is an area as GeoJSON writes it.
type feature struct {
	Type       string `json:"type"`
	Properties struct {
		Code        string    `json:"code"`
		Name        string    `json:"name"`
		Type        string    `json:"type"`
		Parent      string    `json:"parent"`
		Population  int       `json:"population"`
		Visitors    int       `json:"visitors"`
		AreaKm2     float64   `json:"area_km2"`
		Center      []float64 `json:"center"` // lon, lat
		ValidFrom   string    `json:"valid_from"`
		ValidTo     string    `json:"valid_to"`
		Approximate bool      `json:"approximate"`
	} `json:"properties"`
	Geometry *geometry `json:"geometry"`
}

func (l *loader) readArea(file string, line, number int, raw json.RawMessage) {
	var f feature
	err := json.Unmarshal(raw, &f)
	p := &f.Properties
	which := fmt.Sprintf("feature %d", number)
	if p.Code != "" {
		which = fmt.Sprintf("feature %d (%s)", number, strings.TrimSpace(clip(p.Code)+" "+clip(p.Name)))
	}
	problem := func(format string, args ...any) {
		l.problems.add(file, line, "%s: %s", which, fmt.Sprintf(format, args...))
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		problem("%s cannot be %s; it must be %s%s", wrong.Field, wrong.Value, jsonName(wrong), quoteHint(wrong))
		l.areasDamaged = true // what it is cannot be told, so what refers to it may be right
		return
	}
	if err != nil {
		problem("%v", err)
		l.areasDamaged = true
		return
	}
	if f.Type != "Feature" {
		problem("its type is %q; it must be \"Feature\"", clip(f.Type))
	}
	area := l.areaOf(&f, problem)
	if area.Code == "" {
		l.areasDamaged = true
		return
	}
	if i, twice := l.areaAt[area.Code]; twice {
		first := &l.areas[i]
		problem("code %q is already used by %s (%s:%d); a code is never used twice", area.Code, clip(first.value.Name), first.file, first.line)
		return
	}
	l.areaAt[area.Code] = len(l.areas)
	l.areas = append(l.areas, entry[telemetry.Area]{value: area, file: file, line: line})
}

func jsonName(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of numbers"
	case reflect.Struct, reflect.Pointer:
		return "an object"
	case reflect.Int:
		return "a whole number"
	}
	return "a number"
}

func quoteHint(e *json.UnmarshalTypeError) string {
	if e.Type.Kind() == reflect.String && strings.HasPrefix(e.Value, "number") {
		return " in quotation marks, because leading zeros count"
	}
	return ""
}

func (l *loader) areaOf(f *feature, problem func(string, ...any)) telemetry.Area {
	p := &f.Properties
	code, err := telemetry.ParseAreaCode(p.Code)
	if err != nil {
		problem("%v%s", err, lostZeros(p.Code))
	}
	area := telemetry.Area{
		Code: code, Name: norm.NFC.String(strings.TrimSpace(p.Name)), Type: norm.NFC.String(strings.TrimSpace(p.Type)),
		Population: p.Population, Visitors: p.Visitors, SizeKm2: p.AreaKm2, Approximate: p.Approximate,
	}
	if area.Name == "" {
		problem("name is missing")
	}
	if p.Population < 0 || p.AreaKm2 < 0 || p.Visitors < 0 {
		problem("population, visitors and area_km2 cannot be negative; leave out what is unknown")
	}
	area.Parent = parentOf(code, p.Parent, problem)
	area.Center = centerOf(p.Center, problem)
	area.ValidFrom, area.ValidTo = dateOf("valid_from", p.ValidFrom, problem), dateOf("valid_to", p.ValidTo, problem)
	if !area.ValidTo.IsZero() && !area.ValidFrom.Before(area.ValidTo) {
		problem("valid_to %s is not after valid_from %s; it is the first day on which the area is no more", p.ValidTo, p.ValidFrom)
	}
	if f.Geometry != nil {
		area.Outline = f.Geometry.outline(problem)
	}
	return area
}

func parentOf(code telemetry.AreaCode, parent string, problem func(string, ...any)) telemetry.AreaCode {
	switch {
	case code == "":
		return ""
	case code.IsProvince():
		if parent != "" {
			problem("a province has no parent; take it out")
		}
		return ""
	case parent == "":
		problem("parent is missing; write the code of the commune's province")
		return ""
	}
	province, err := telemetry.ParseAreaCode(parent)
	if err != nil || !province.IsProvince() {
		problem("parent %q is not the code of a province, which has 2 digits%s", clip(parent), lostZeros(parent))
		return ""
	}
	return province
}

func centerOf(center []float64, problem func(string, ...any)) telemetry.Point {
	if len(center) == 0 {
		return telemetry.Point{}
	}
	if len(center) != 2 {
		problem("center has %d numbers; write [lon, lat]", len(center))
		return telemetry.Point{}
	}
	p := telemetry.Point{Lat: center[1], Lon: center[0]}
	if err := checkPoint(p); err != nil {
		problem("center: %v; GeoJSON writes lon first", err)
	}
	return p
}

// dateOf reads a day as the instant at which it begins in UTC; zero when empty.
func dateOf(name, s string, problem func(string, ...any)) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		problem("%s %q is not a date; write it like 2025-07-01", name, clip(s))
	}
	return t
}
