package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"phusong/simulator"
	"phusong/telemetry"
)

// writeRegistry writes the world's registry into the folder, as a clerk would keep
// it, and returns where it is. Files that are there already stay: somebody may
// have edited them.
func writeRegistry(folder string, world *simulator.World) (RegistryConfig, error) {
	c := RegistryConfig{
		Areas: []string{filepath.Join(folder, "areas.geojson")},
		Sites: filepath.Join(folder, "sites.csv"), Devices: filepath.Join(folder, "devices.csv"),
		Roads: filepath.Join(folder, "roads.geojson"),
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return c, fmt.Errorf("writing the registry: %w", err)
	}
	for _, file := range []struct {
		path  string
		write func(*os.File) error
	}{
		{c.Areas[0], func(f *os.File) error { return writeAreas(f, world.Areas()) }},
		{c.Sites, func(f *os.File) error { return writeSites(f, world.Sites()) }},
		{c.Devices, func(f *os.File) error { return writeDevices(f, world.Devices()) }},
		{c.Roads, func(f *os.File) error { return writeRoads(f, world.Roads()) }},
	} {
		if err := writeNew(file.path, file.write); err != nil {
			return c, fmt.Errorf("writing the registry: %w", err)
		}
	}
	return c, nil
}

// writeNew writes a file that is not there yet, whole or not at all.
func writeNew(path string, write func(*os.File) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

type feature struct {
	Type       string         `json:"type"`
	Properties map[string]any `json:"properties"`
	Geometry   any            `json:"geometry"`
}

func writeAreas(f *os.File, areas []telemetry.Area) error {
	features := make([]feature, len(areas))
	for i, a := range areas {
		features[i] = feature{Type: "Feature", Geometry: outline(a.Outline), Properties: map[string]any{
			"code": a.Code, "name": a.Name, "type": a.Type, "parent": a.Parent, "population": a.Population,
			"area_km2": a.SizeKm2, "center": [2]float64{a.Center.Lon, a.Center.Lat}, "approximate": a.Approximate,
		}}
	}
	return writeFeatures(f, features)
}

// writeFeatures puts each on a line of its own: faults are told by their line.
func writeFeatures(f *os.File, features []feature) error {
	out := bufio.NewWriter(f)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	separator := `{"type":"FeatureCollection","features":[` + "\n"
	for i := range features {
		if _, err := out.WriteString(separator); err != nil {
			return err
		}
		if err := encoder.Encode(&features[i]); err != nil {
			return err
		}
		separator = ","
	}
	if len(features) == 0 {
		return errors.New("there is nothing to write")
	}
	if _, err := out.WriteString("]}\n"); err != nil {
		return err
	}
	return out.Flush()
}

func writeRoads(f *os.File, roads []simulator.Road) error {
	features := make([]feature, len(roads))
	for i := range roads {
		class := "unclassified"
		if roads[i].Highway {
			class = "primary"
		}
		line := make([][2]float64, len(roads[i].Line))
		for j, p := range roads[i].Line {
			line[j] = [2]float64{p.Lon, p.Lat}
		}
		features[i] = feature{
			Type: "Feature", Properties: map[string]any{"highway": class},
			Geometry: map[string]any{"type": "LineString", "coordinates": line},
		}
	}
	return writeFeatures(f, features)
}

// outline is the GeoJSON geometry of an area's shape; nil for none.
func outline(polygons []telemetry.Polygon) any {
	if len(polygons) == 0 {
		return nil
	}
	coordinates := make([][][][2]float64, len(polygons))
	for i, polygon := range polygons {
		for _, ring := range polygon {
			line := make([][2]float64, len(ring))
			for j, p := range ring {
				line[j] = [2]float64{p.Lon, p.Lat}
			}
			coordinates[i] = append(coordinates[i], line)
		}
	}
	return map[string]any{"type": "MultiPolygon", "coordinates": coordinates}
}

func writeSites(f *os.File, sites []telemetry.Site) error {
	w := csv.NewWriter(f)
	rows := [][]string{{"id", "name", "category", "area", "lat", "lon", "required", "hours"}}
	for _, s := range sites {
		rows = append(rows, []string{string(s.ID), s.Name, string(s.Category), string(s.Area), degrees(s.At.Lat), degrees(s.At.Lon), yesNo(s.Required), s.Hours.String()})
	}
	return w.WriteAll(rows)
}

func writeDevices(f *os.File, devices []telemetry.Device) error {
	w := csv.NewWriter(f)
	rows := [][]string{{"id", "kind", "name", "site", "area", "lat", "lon", "interval", "parent", "capacity", "model", "water_alarms", "water_rise", "retired"}}
	for _, d := range devices {
		lat, lon, capacity := "", "", ""
		if !d.At.IsZero() {
			lat, lon = degrees(d.At.Lat), degrees(d.At.Lon)
		}
		if d.Capacity > 0 {
			capacity = strconv.Itoa(d.Capacity)
		}
		rows = append(rows, []string{string(d.ID), d.Kind.String(), d.Name, string(d.Site), string(d.Area), lat, lon, d.Interval.String(), string(d.Parent), capacity, d.Model, metres(d.WaterAlarms[:]...), metres(d.WaterRise), yesNo(d.Retired)})
	}
	return w.WriteAll(rows)
}

// metres writes those that are not 0, which is none.
func metres(list ...float64) string {
	var fields []string
	for _, v := range list {
		if v > 0 {
			fields = append(fields, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return strings.Join(fields, " ")
}

// degrees writes a coordinate to about a metre.
func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
