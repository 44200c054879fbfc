package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// A coverageLand is what the coverage map takes from the registry. It never changes: a
// registry that does makes another.
type coverageLand struct {
	from  *registry.Registry
	grid  *coverage.Grid // nil without areas: tests from anywhere count
	roads *coverage.Roads
	fixed map[telemetry.DeviceID]telemetry.Point
	// print tells lands apart under which the same readings make another map. Roads are
	// not in it: only verdicts know of them.
	print string
}

// newCoverageLand takes the areas that are valid now, and the probes that stay in place.
func newCoverageLand(reg *registry.Registry, now time.Time) (*coverageLand, error) {
	l := &coverageLand{from: reg, fixed: make(map[telemetry.DeviceID]telemetry.Point)}
	var areas []telemetry.Area
	for _, a := range reg.Areas() {
		if (a.ValidFrom.IsZero() || !now.Before(a.ValidFrom)) && (a.ValidTo.IsZero() || now.Before(a.ValidTo)) {
			areas = append(areas, a)
		}
	}
	var err error
	if len(areas) > 0 {
		if l.grid, err = coverage.NewGrid(areas); err != nil {
			return nil, err
		}
		if l.grid.Len() == 0 { // areas by name only
			l.grid = nil
		}
	}
	if len(reg.Roads()) > 0 {
		if l.roads, err = coverage.NewRoads(reg.Roads()); err != nil {
			return nil, err
		}
	}
	for _, d := range reg.Devices() {
		if d.Kind == telemetry.KindMobile && !d.At.IsZero() {
			l.fixed[d.ID] = d.At
		}
	}
	text, err := json.Marshal(struct { // maps are written in the order of their keys
		Areas []telemetry.Area
		Fixed map[telemetry.DeviceID]telemetry.Point
	}{areas, l.fixed})
	if err != nil {
		return nil, fmt.Errorf("coverage: naming the land: %w", err)
	}
	sum := sha256.Sum256(text)
	l.print = hex.EncodeToString(sum[:8])
	return l, nil
}

func (l *coverageLand) fixedAt(id telemetry.DeviceID) telemetry.Point { return l.fixed[id] }

// newMap returns an empty map of the land.
func (l *coverageLand) newMap(rules coverage.Rules, zone *time.Location) (*coverage.Map, error) {
	return coverage.NewMap(coverage.Options{Rules: rules, Zone: zone, Grid: l.grid, FixedAt: l.fixedAt})
}
