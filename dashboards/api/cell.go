package api

import (
	"context"
	"net/http"
	"strconv"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// OneCell asks for one cell and operator.
type OneCell struct {
	Cell     string                 `path:"cell" maxLength:"20"`
	Operator telemetry.OperatorCode `query:"operator" required:"true" maxLength:"6"`
}

// evidence returns what is known of a cell that who asks may see.
func (s *server) evidence(ctx context.Context, in *OneCell) (CellEvidence, error) {
	e, err := s.Coverage.Cell(in.Cell, in.Operator)
	if err == nil && !s.covers(ctx, e.Area) {
		err = outside("cell", in.Cell)
	}
	return e, err
}

func (s *server) registerCells(tag string) {
	handle(s, http.MethodGet, "/coverage/cells/{cell}", "get-cell", tag, "All that is known of one cell and operator but its tests", access.Read, func(ctx context.Context, in *OneCell) (*answer[CellEvidence], error) {
		e, err := s.evidence(ctx, in)
		return said(e), err
	})
	handle(s, http.MethodGet, "/coverage/cells/{cell}/tests", "list-cell-tests", tag, "The tests of a cell and operator, and why each counts or not", access.Read, func(ctx context.Context, in *struct {
		OneCell
		Paging
		Counts string `query:"counts" enum:"true,false," doc:"empty: both"`
	}) (*answer[Page[CellTest]], error) {
		if _, err := s.evidence(ctx, &in.OneCell); err != nil {
			return nil, err
		}
		all, err := s.Coverage.CellTests(in.Cell, in.Operator)
		if err != nil {
			return nil, err
		}
		var list []CellTest
		for i := range all {
			if in.Counts == "" || strconv.FormatBool(all[i].Counts) == in.Counts {
				list = append(list, all[i])
			}
		}
		return said(pageOf(in.Paging, list, func(t *CellTest) string { return t.ID + " " + t.Reason })), nil
	})
	handle(s, http.MethodGet, "/coverage/cells/{cell}/history", "get-cell-history", tag, "How the evidence on a cell and operator came together, by day and hour, and where in the cell", access.Read, func(ctx context.Context, in *OneCell) (*answer[CellHistory], error) {
		if _, err := s.evidence(ctx, in); err != nil {
			return nil, err
		}
		h, err := s.Coverage.CellHistory(in.Cell, in.Operator)
		return said(h), err
	})
}
