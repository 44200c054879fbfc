package simulator

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// The files that [WriteTruth] makes in its folder.
const (
	FaultsFile   = "faults.json"      // what is wrong, when: an array of Fault
	SitesFile    = "sites.json"       // how each site does at the end
	AirFile      = "air.json"         // true hourly means at each air sensor: an array of AirHour
	CoverageFile = "coverage.geojson" // cells with verdicts by operator
)

// An AirHour is the truth at one air sensor for one hour.
type AirHour struct {
	Device telemetry.DeviceID `json:"device"`
	Hour   time.Time          `json:"hour"`
	Air
}

// WriteTruth writes what was really the case between two instants into a folder,
// as JSON and GeoJSON. progress, if given, is told of the cells that are done: the whole
// province takes about a minute.
func WriteTruth(ctx context.Context, w *World, folder string, q CoverageQuestion, progress func(done, all int)) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("writing the truth: %w", err)
	}
	cells, err := w.Cells()
	if err != nil {
		return fmt.Errorf("writing the truth: %w", err)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{FaultsFile, func(out io.Writer) error { return writeJSON(out, w.Faults(q.From, q.To)) }},
		{SitesFile, func(out io.Writer) error { return writeJSON(out, w.SiteStates(q.To)) }},
		{AirFile, func(out io.Writer) error { return writeJSON(out, w.airHours(q.From, q.To)) }},
		{CoverageFile, func(out io.Writer) error { return writeCoverage(ctx, out, w, cells, q, progress) }},
	} {
		if err := writeFile(filepath.Join(folder, file.name), file.write); err != nil {
			return fmt.Errorf("writing the truth: %w", err)
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriter(f)
	if err := write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(v)
}

func (w *World) airHours(from, to time.Time) []AirHour {
	hours := []AirHour{}
	for i := range w.devices {
		d := &w.devices[i]
		if d.Kind != telemetry.KindEnvironment || d.suite != airStation {
			continue
		}
		for t := from.Truncate(time.Hour); t.Before(to); t = t.Add(time.Hour) {
			hours = append(hours, AirHour{Device: d.ID, Hour: t, Air: w.HourlyAir(d.At, t)})
		}
	}
	return hours
}

// writeCoverage streams the features: a province has tens of thousands.
func writeCoverage(ctx context.Context, out io.Writer, w *World, cells []string, q CoverageQuestion, progress func(done, all int)) error {
	if _, err := io.WriteString(out, `{"type":"FeatureCollection","features":[`); err != nil {
		return err
	}
	first, done, last := true, 0, ""
	for c, err := range w.CoverageOf(ctx, cells, q) {
		if err != nil {
			return err
		}
		if c.Cell != last {
			last = c.Cell
			done++
			if progress != nil {
				progress(done, len(cells))
			}
		}
		if err := writeFeature(out, &c, first); err != nil {
			return err
		}
		first = false
	}
	_, err := io.WriteString(out, "\n]}\n")
	return err
}

func writeFeature(out io.Writer, c *Coverage, first bool) error {
	boundary, err := h3.CellFromString(c.Cell).Boundary()
	if err != nil {
		return fmt.Errorf("outlining cell %s: %w", c.Cell, err)
	}
	ring := make([][2]float64, 0, len(boundary)+1)
	for _, p := range boundary {
		ring = append(ring, [2]float64{round(p.Lng, 6), round(p.Lat, 6)})
	}
	feature := map[string]any{
		"type": "Feature", "properties": c,
		"geometry": map[string]any{"type": "Polygon", "coordinates": [][][2]float64{append(ring, ring[0])}},
	}
	text, err := json.Marshal(feature)
	if err != nil {
		return err
	}
	separator := ",\n"
	if first {
		separator = "\n"
	}
	if _, err := io.WriteString(out, separator); err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
