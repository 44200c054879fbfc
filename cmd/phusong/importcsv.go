package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"phusong/ingest/codec"
	"phusong/internal/registry"
	"phusong/telemetry"
)

type importCSVCmd struct {
	publishFlags
	configFlag
	Files   []string `arg:"" name:"file" help:"CSV files, all of one logger."`
	Mapping string   `required:"" placeholder:"FILE" help:"YAML file that says which column is which quantity (docs/IMPORT.md)."`
	Area    string   `help:"Official code of the area: province (2 digits) or commune (5 digits); instead of the mapping's."`
	Device  string   `help:"Device id, instead of the mapping's."`
	Areas   []string `placeholder:"FILE" help:"GeoJSON of the areas: positions should be inside them. Default: those of the configuration's registry, else Việt Nam."`
}

// Run publishes the tests of each file and says what became of its rows.
func (c *importCSVCmd) Run(p *process) error {
	text, err := os.ReadFile(c.Mapping)
	if err != nil {
		return fmt.Errorf("--mapping: %w", err)
	}
	mapping, err := codec.ParseCSVMapping(c.Mapping, text)
	if err != nil {
		return err
	}
	options := codec.CSVOptions{Now: time.Now()}
	if c.Area != "" {
		if options.Area, err = telemetry.ParseAreaCode(c.Area); err != nil {
			return fmt.Errorf("--area: %w", err)
		}
	}
	if c.Device != "" {
		if options.Device, err = telemetry.ParseDeviceID(c.Device); err != nil {
			return fmt.Errorf("--device: %w", err)
		}
	}
	if options.Bounds, err = c.bounds(p); err != nil {
		return err
	}
	return c.publish(p, c.Files, func(path string, r io.Reader, result *importResult) (importLog, error) {
		o := options
		o.Name, o.Note = path, result.note
		log, err := codec.NewCSV(r, mapping, o)
		if err != nil {
			return importLog{}, err
		}
		return importLog{log.Readings(), log.Summary}, nil
	})
}

// bounds is the box around the outlines that are known, none when there are none.
func (c *importCSVCmd) bounds(p *process) (codec.CSVBounds, error) {
	paths := registry.Paths{Areas: c.Areas}
	if len(c.Areas) == 0 && c.Config != "" {
		config, err := c.load(p)
		if err != nil {
			return codec.CSVBounds{}, err
		}
		paths.Areas = config.Registry.Areas
	}
	reg, err := registry.Load(paths)
	if err != nil {
		return codec.CSVBounds{}, err
	}
	return boundsOf(reg.Areas()), nil
}

// margin is how far beyond its outline something may be measured for an area, in
// degrees: about a kilometre, since outlines are simplified.
const margin = 0.01

func boundsOf(areas []telemetry.Area) (b codec.CSVBounds) {
	first := true
	for i := range areas {
		for _, polygon := range areas[i].Outline {
			for _, ring := range polygon {
				for _, at := range ring {
					if first {
						b = codec.CSVBounds{South: at.Lat, North: at.Lat, West: at.Lon, East: at.Lon}
						first = false
					}
					b.South, b.North = min(b.South, at.Lat), max(b.North, at.Lat)
					b.West, b.East = min(b.West, at.Lon), max(b.East, at.Lon)
				}
			}
		}
	}
	if !first {
		b.South, b.North, b.West, b.East = b.South-margin, b.North+margin, b.West-margin, b.East+margin
	}
	return b
}
