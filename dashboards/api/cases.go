package api

import (
	"context"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// findCase returns a case that who asks may see.
func (s *server) findCase(ctx context.Context, id string) (Case, error) {
	c, err := s.Cases.Case(ctx, id)
	if err == nil && !s.touches(ctx, c.Areas, "") {
		err = outside("case", id)
	}
	return c, err
}

// allOwn reports whether who asks sees every area: a case is worked on as a whole.
func (s *server) allOwn(ctx context.Context, areas []telemetry.AreaCode) bool {
	i := access.From(ctx)
	for _, a := range areas {
		if !s.sees(&i, a) {
			return false
		}
	}
	return len(areas) > 0 || i.Everywhere()
}

type openCase struct {
	Body struct {
		Zone     string                 `json:"zone,omitempty" maxLength:"100" doc:"of an open zone, or"`
		Operator telemetry.OperatorCode `json:"operator,omitempty" maxLength:"6"`
		Cells    []string               `json:"cells,omitempty" maxItems:"2000" doc:"cells of one operator"`
		Note     string                 `json:"note,omitempty" maxLength:"4000"`
	}
}

type caseAct struct {
	ByID
	Action string `path:"action" enum:"send,answer,retest,dispute,close,reopen,comment"`
	Body   struct {
		Note       string    `json:"note,omitempty" maxLength:"4000"`
		Due        time.Time `json:"due,omitzero" doc:"of an answer that concedes, and of a re-test"`
		Answer     string    `json:"answer,omitempty" enum:"concedes,contests"`
		Strikes    []Strike  `json:"strikes,omitempty" maxItems:"2000" doc:"tests that the answer takes out of the evidence"`
		Resolution string    `json:"resolution,omitempty" enum:"repaired,rebutted,restored,withdrawn"`
		From       string    `json:"from,omitempty" maxLength:"10" doc:"day from which tests count, of a repair; default: of the re-test"`
	}
}

func (s *server) registerCases() {
	const tag = "gap cases"
	handle(s, http.MethodGet, "/cases", "list-cases", tag, "Gap cases", access.Read, func(ctx context.Context, in *struct {
		Paging
		AreaFilter
		Operator telemetry.OperatorCode `query:"operator" maxLength:"6"`
		State    string                 `query:"state" enum:"open,sent,answered,retest,disputed,closed,"`
		Overdue  string                 `query:"overdue" enum:"true,false,"`
	}) (*answer[Page[Case]], error) {
		var list []Case
		for _, c := range s.Cases.Cases() {
			if s.touches(ctx, c.Areas, in.Area) && (in.Operator == "" || c.Operator == in.Operator) && (in.State == "" || c.State == in.State) &&
				(in.Overdue == "" || c.Overdue == (in.Overdue == "true")) {
				list = append(list, c)
			}
		}
		return said(pageOf(in.Paging, list, func(c *Case) string { return c.ID })), nil
	})
	handle(s, http.MethodGet, "/cases/{id}", "get-case", tag, "One gap case", access.Read, func(ctx context.Context, in *ByID) (*answer[Case], error) {
		c, err := s.findCase(ctx, in.ID)
		return said(c), err
	})
	handleRaw[Dossier](s, "/cases/{id}/dossier", "get-dossier", tag, "The evidence that was sent, frozen; its SHA-256 is the hash of the case", "application/json", func(ctx context.Context, in *ByID) (*raw, error) {
		if _, err := s.findCase(ctx, in.ID); err != nil {
			return nil, err
		}
		body, err := s.Cases.Dossier(ctx, in.ID)
		return &raw{Body: body}, err
	})
	handle(s, http.MethodPost, "/cases", "open-case", tag, "Open a case on a zone or on cells", access.WorkCases, s.openCase)
	handle(s, http.MethodPost, "/cases/{id}/{action}", "act-on-case", tag, "Send, answer, re-test, dispute, close, reopen or comment", access.WorkCases, s.actOnCase)
	s.registerReviews()
}

func (s *server) openCase(ctx context.Context, in *openCase) (*answer[Case], error) {
	b := &in.Body
	if (b.Zone == "") == (len(b.Cells) == 0) || len(b.Cells) > 0 && b.Operator == "" {
		return nil, refusal(http.StatusUnprocessableEntity, codeCaseSubject, "name a zone, or cells and their operator")
	}
	areas, err := s.Cases.AreasOf(b.Zone, b.Operator, b.Cells)
	if err != nil {
		return nil, err
	}
	if !s.allOwn(ctx, areas) {
		return nil, otherAreas()
	}
	c, err := s.Cases.Open(ctx, b.Zone, b.Operator, b.Cells, CaseAct{At: s.Now(), Who: who(ctx), Note: b.Note})
	if err == nil {
		s.tellCase(&c)
	}
	return said(c), err
}

func (s *server) actOnCase(ctx context.Context, in *caseAct) (*answer[Case], error) {
	before, err := s.findCase(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !s.allOwn(ctx, before.Areas) {
		return nil, otherAreas()
	}
	b := &in.Body
	c, err := s.Cases.Act(ctx, in.ID, CaseAct{
		Action: in.Action, At: s.Now(), Who: who(ctx), Note: b.Note, Due: b.Due, Answer: b.Answer, Strikes: b.Strikes, Resolution: b.Resolution, From: b.From,
	})
	if err == nil {
		s.tellCase(&c)
	}
	return said(c), err
}

// tellCase says that a case changed, once, to those who see the first of its areas.
func (s *server) tellCase(c *Case) {
	var area telemetry.AreaCode
	if len(c.Areas) > 0 {
		area = c.Areas[0]
	}
	s.Events.Publish("case", area, CaseEvent{c.ID, c.State, c.Operator})
}
