package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// CaseReviews are looks at a case that change nothing.
type CaseReviews interface {
	// Review returns the present evidence on a case. The error may wrap ErrNotFound or ErrNotReady.
	Review(ctx context.Context, id string) (CaseReview, error)
	// Document writes what was sent. The error may wrap ErrNotFound.
	Document(ctx context.Context, id string, o DocumentOptions) (Document, error)
	// ZoneEvidence returns the present evidence on the cells of an open zone. The error may
	// wrap ErrNotFound or ErrNotReady.
	ZoneEvidence(zone string) (ZoneEvidence, error)
}

// A CaseReview is the present evidence on a case, beside what was sent.
type CaseReview struct {
	Day     string         `json:"day" format:"date"`
	Rules   string         `json:"rules"`
	Cells   []CellEvidence `json:"cells" doc:"as they are judged now; without those that nobody has tested"`
	From    string         `json:"from,omitempty" format:"date" doc:"day from which tests count for a re-test; absent before an answer"`
	Retest  []RetestCell   `json:"retest" doc:"what the tests from that day on alone prove"`
	Outlook []CaseOutlook  `json:"outlook" doc:"of the acts that rest on evidence and that the state allows"`
}

// A RetestCell is what the tests of a re-test prove of one cell.
type RetestCell struct {
	Cell     string             `json:"cell"`
	Area     telemetry.AreaCode `json:"area,omitempty"`
	Decision Decision           `json:"decision"`
	Further  *Further           `json:"further,omitempty" doc:"what is missing, where they prove nothing"`
}

// A CaseOutlook says whether an act would be accepted now.
type CaseOutlook struct {
	Action     string `json:"action" enum:"send,close"`
	Resolution string `json:"resolution,omitempty" enum:"repaired,rebutted,restored"`
	Possible   bool   `json:"possible"`
	// Why, Code and Params say why not, as a problem does.
	Why    string            `json:"why,omitempty" doc:"not"`
	Code   Code              `json:"code,omitempty" doc:"of why"`
	Params map[string]string `json:"params,omitempty" doc:"of code"`
}

// ZoneEvidence is the present evidence on the cells of a zone.
type ZoneEvidence struct {
	Zone     string                 `json:"zone"`
	Operator telemetry.OperatorCode `json:"operator"`
	Areas    []telemetry.AreaCode   `json:"areas"`
	Case     string                 `json:"case,omitempty" doc:"that is about the zone and not closed"`
	Cells    []CellEvidence         `json:"cells"`
}

// DocumentOptions say how to write a dossier.
type DocumentOptions struct {
	Format   string `path:"format" enum:"html,xlsx,csv,geojson"`
	Language string `query:"lang" enum:"vi,en" default:"vi"`
	Table    string `query:"table" enum:"cells,tests" default:"cells" doc:"that csv holds"`
}

// A Document is a file. Policy is the content security policy under which a browser may
// show it; empty for one that is to be saved.
type Document struct {
	Name, ContentType, Policy string
	Body                      []byte
}

// writtenDocument is the answer that holds one.
type writtenDocument struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

func (s *server) registerReviews() {
	const tag = "gap cases"
	handle(s, http.MethodGet, "/cases/{id}/review", "review-case", tag, "The evidence as it is now, beside what was sent, and what could be done on it", access.Read, func(ctx context.Context, in *ByID) (*answer[CaseReview], error) {
		if _, err := s.findCase(ctx, in.ID); err != nil {
			return nil, err
		}
		review, err := s.Cases.Review(ctx, in.ID)
		return said(review), err
	})
	handle(s, http.MethodGet, "/coverage/zones/{id}", "get-zone", tag, "The evidence on the cells of an open zone, and its case", access.Read, func(ctx context.Context, in *ByID) (*answer[ZoneEvidence], error) {
		evidence, err := s.Cases.ZoneEvidence(in.ID)
		if err == nil && !s.touches(ctx, evidence.Areas, "") {
			err = outside("zone", in.ID)
		}
		return said(evidence), err
	})
	op := operation(http.MethodGet, "/cases/{id}/dossier/{format}", "print-dossier", tag, "What was sent, to be printed or saved", access.Read)
	file := map[string]*huma.MediaType{}
	for _, contentType := range []string{"text/html", "text/csv", geoJSON, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		file[contentType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: file}}
	register(s, op, func(ctx context.Context, in *struct {
		ByID
		DocumentOptions
	}) (*writtenDocument, error) {
		if _, err := s.findCase(ctx, in.ID); err != nil {
			return nil, err
		}
		d, err := s.Cases.Document(ctx, in.ID, in.DocumentOptions)
		if err != nil {
			return nil, err
		}
		out := &writtenDocument{ContentType: d.ContentType, Policy: d.Policy, Body: d.Body}
		if d.Policy == "" {
			out.Disposition = mime.FormatMediaType("attachment", map[string]string{"filename": d.Name})
		}
		return out, nil
	})
}
