package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/dashboards/tiles"
	"phusong/internal/stream"
	"phusong/telemetry"
)

func (c *apiCoverage) cellsOf(a *coverage.Assessment, version string) *api.CellLayer {
	layer := &api.CellLayer{Version: version, Day: a.Day.String(), Rules: a.Rules, Cells: make([]api.CellFeature, len(a.Cells))}
	shown := make([]tiles.Cell, len(a.Cells))
	// A feature stands on each line, after that of the head: see AppendCells.
	_, rest, _ := bytes.Cut(a.AppendCells(nil, coverage.CellFilter{}), []byte("\n"))
	for i := range a.Cells {
		x := &a.Cells[i]
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		layer.Cells[i] = api.CellFeature{
			Operator: x.Operator, Area: x.Area, Verdict: x.Verdict.String(), Center: x.Cell.Center(), GeoJSON: bytes.TrimSuffix(line, []byte(",")),
		}
		verdict, _ := tiles.ParseVerdict(x.Verdict.String()) // they are the same four
		shown[i] = tiles.Cell{
			Index: uint64(x.Cell), Operator: x.Operator, Area: x.Area, Verdict: verdict, MedianMbps: x.Summary.P50Mbps, Tests: x.Decision.Tests,
		}
	}
	layer.Tiles = tiles.New(&c.atlas, shown)
	return layer
}

func zonesOf(z *coverage.Zones) (*api.ZoneLayer, error) {
	text, err := z.AppendZones(nil, z.Open)
	if err != nil {
		return nil, err
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	layer := &api.ZoneLayer{Day: z.Day.String(), Zones: make([]api.ZoneFeature, len(z.Open))}
	for i := range z.Open {
		x := &z.Open[i]
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		layer.Zones[i] = api.ZoneFeature{ID: x.ID, Operator: x.Operator, Verdict: x.Verdict.String(), Areas: x.Areas, GeoJSON: bytes.TrimSuffix(line, []byte(","))}
	}
	return layer, nil
}

// apiCases gives the API the gap cases.
type apiCases struct{ room *coverageRoom }

func (c apiCases) areas(cells []coverage.Cell) []telemetry.AreaCode {
	var grid *coverage.Grid
	c.room.locked(func() { grid = c.room.land.grid })
	if grid == nil {
		return nil // no areas are known
	}
	var list []telemetry.AreaCode
	for _, cell := range cells {
		if area := grid.AreaOf(cell); area != "" && !slices.Contains(list, area) {
			list = append(list, area)
		}
	}
	slices.Sort(list)
	return list
}

func (c apiCases) value(x *coverage.Case) api.Case {
	v := api.Case{
		ID: x.ID, Operator: x.Operator, Zone: x.Zone, Zones: []string{}, Areas: append([]telemetry.AreaCode{}, c.areas(x.Cells)...), State: string(x.State), Round: x.Round,
		Due: x.Due, Overdue: x.Overdue(time.Now()), Hash: x.Hash, Answer: string(x.Answer), Resolution: string(x.Resolution),
	}
	if state := c.room.Latest(); state != nil {
		for i := range state.Zones.Open {
			if z := &state.Zones.Open[i]; x.About(z) {
				v.Zones = append(v.Zones, z.ID)
			}
		}
	}
	for _, cell := range x.Cells {
		v.Cells = append(v.Cells, cell.String())
	}
	for _, s := range x.Strikes {
		v.Strikes = append(v.Strikes, api.Strike{Cell: s.Cell.String(), Test: s.Test.String(), Reason: string(s.Reason), Note: s.Note})
	}
	for _, e := range x.Trail {
		v.Trail = append(v.Trail, api.TrailEntry{
			At: e.At, Actor: e.Actor, Action: e.Action, From: string(e.From), To: string(e.To), Note: e.Note, Evidence: e.Evidence, Chain: e.Chain,
		})
	}
	return v
}

func (c apiCases) Cases() []api.Case {
	all := c.room.cases.List()
	list := make([]api.Case, len(all))
	for i := range all {
		list[i] = c.value(&all[i])
	}
	return list
}

func (c apiCases) Case(ctx context.Context, id string) (api.Case, error) {
	x, err := c.room.cases.Get(ctx, id)
	return c.value(&x), inCoverageWords(err)
}

func (c apiCases) Dossier(ctx context.Context, id string) ([]byte, error) {
	x, err := c.room.cases.Get(ctx, id)
	if err != nil {
		return nil, inCoverageWords(err)
	}
	if x.Evidence == nil {
		return nil, fmt.Errorf("case %s was not sent yet: %w", id, api.ErrNotFound)
	}
	return json.Marshal(x.Evidence)
}

func parseCells(texts []string) ([]coverage.Cell, error) {
	var cells []coverage.Cell
	for _, text := range texts {
		cell, err := coverage.ParseCell(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", api.ErrRefused, err)
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

func (c apiCases) AreasOf(zone string, _ telemetry.OperatorCode, texts []string) ([]telemetry.AreaCode, error) {
	if zone == "" {
		cells, err := parseCells(texts)
		return c.areas(cells), err
	}
	s, err := c.room.state()
	if err != nil {
		return nil, inCoverageWords(err)
	}
	i := slices.IndexFunc(s.Zones.Open, func(z coverage.Zone) bool { return z.ID == zone })
	if i < 0 {
		return nil, fmt.Errorf("zone %s: %w", zone, api.ErrNotFound)
	}
	return c.areas(s.Zones.Open[i].Cells), nil
}

func (c apiCases) Open(ctx context.Context, zone string, operator telemetry.OperatorCode, texts []string, a api.CaseAct) (api.Case, error) {
	act := coverage.Act{At: a.At, Actor: a.Who, Note: a.Note}
	var x coverage.Case
	var err error
	if zone != "" {
		x, err = c.room.cases.OpenZone(ctx, zone, act)
	} else {
		var cells []coverage.Cell
		if cells, err = parseCells(texts); err == nil {
			x, err = c.room.cases.Open(ctx, operator, "", cells, act)
		}
	}
	return c.value(&x), inCoverageWords(err)
}

func (c apiCases) Act(ctx context.Context, id string, a api.CaseAct) (api.Case, error) {
	act := coverage.Act{At: a.At, Actor: a.Who, Note: a.Note}
	var x coverage.Case
	var err error
	cases := c.room.cases
	switch a.Action {
	case "send":
		x, err = cases.Send(ctx, id, act)
	case "answer":
		var strikes []coverage.Strike
		if strikes, err = parseStrikes(a.Strikes); err == nil {
			x, err = cases.Answered(ctx, id, coverage.Answer(a.Answer), strikes, a.Due, act)
		}
	case "retest":
		x, err = cases.Retest(ctx, id, a.Due, act)
	case "dispute":
		x, err = cases.Dispute(ctx, id, act)
	case "reopen":
		x, err = cases.Reopen(ctx, id, act)
	case "comment":
		x, err = cases.Comment(ctx, id, act)
	case "close":
		var from coverage.Day
		if a.From != "" {
			if from, err = coverage.ParseDay(a.From); err != nil {
				err = fmt.Errorf("%w: %w", api.ErrRefused, err)
			}
		}
		if err == nil {
			x, err = cases.Close(ctx, id, coverage.Resolution(a.Resolution), from, act)
		}
	default:
		err = fmt.Errorf("nobody can %s a case", a.Action)
	}
	return c.value(&x), inCoverageWords(err)
}

func parseStrikes(list []api.Strike) ([]coverage.Strike, error) {
	var strikes []coverage.Strike
	for _, s := range list {
		cell, err := coverage.ParseCell(s.Cell)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", api.ErrRefused, err)
		}
		test, err := coverage.ParseTestID(s.Test)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", api.ErrRefused, err)
		}
		strikes = append(strikes, coverage.Strike{Cell: cell, Test: test, Reason: coverage.StrikeReason(s.Reason), Note: s.Note})
	}
	return strikes, nil
}

// inCoverageWords says what the client can do.
func inCoverageWords(err error) error {
	switch {
	case errors.Is(err, coverage.ErrCase):
		return fmt.Errorf("%w: %w", api.ErrRefused, err)
	case errors.Is(err, errNoCase):
		return fmt.Errorf("%w: %w", api.ErrNotFound, err)
	case errors.Is(err, errNotJudged):
		return fmt.Errorf("%w: %w", api.ErrNotReady, err)
	case errors.Is(err, stream.ErrConflict):
		return fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	return err
}
