package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"phusong/dashboards/access"
)

// Audit is the log of changes.
type Audit interface {
	// Read returns a part of the log, newest first. It may be called while changes are
	// recorded. The error may wrap [access.ErrCursor].
	Read(ctx context.Context, q access.AuditQuery) (access.AuditPage, error)
}

type auditFilter struct {
	Who    string    `query:"who" maxLength:"64" doc:"part of a name"`
	Action string    `query:"action" maxLength:"200" doc:"part of the method and path, or login, or logout"`
	Q      string    `query:"q" maxLength:"200" doc:"words in any of who, from, action and what; diacritics do not matter"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	After  string    `query:"after" maxLength:"200" doc:"next of the part before"`
}

// A Change is a line of the log of changes.
type Change struct {
	At     time.Time   `json:"at"`
	Who    string      `json:"who" doc:"empty when somebody tried to log in by a name that nobody has"`
	Role   access.Role `json:"role,omitempty" enum:"viewer,field,operations,liaison,admin"`
	From   string      `json:"from" doc:"address"`
	Action string      `json:"action" doc:"method and path, or login, or logout"`
	What   string      `json:"what,omitempty" doc:"what was sent, cut off after 2 KiB, without passwords and tokens"`
	Status int         `json:"status" doc:"of the answer"`
}

// Changes are a part of the log of changes.
type Changes struct {
	Items []Change `json:"items" doc:"newest first"`
	Next  string   `json:"next,omitempty"`
	// Seen is there because a part may have few items, or none, and still go on.
	Seen    time.Time `json:"seen,omitzero" doc:"how far back this part has looked; with a filter it may end before limit"`
	Damaged int       `json:"damaged" doc:"lines of this part that could not be read, and were skipped"`
}

func (f *auditFilter) match() func(*access.Event) bool {
	who, action, q := fold(f.Who), strings.ToLower(f.Action), fold(f.Q)
	if who == "" && action == "" && q == "" {
		return nil
	}
	return func(e *access.Event) bool {
		return strings.Contains(strings.ToLower(e.Action), action) && (who == "" || strings.Contains(fold(e.Who), who)) && holdsWords(q, e.Who, e.From, e.Action, e.What)
	}
}

func (s *server) registerAudit() {
	handle(s, http.MethodGet, "/audit", "list-changes", "service", "The log of changes, newest first: who did what, when and from where, with which result", access.Administer, func(ctx context.Context, in *auditFilter) (*answer[Changes], error) {
		page, err := s.Audit.Read(ctx, access.AuditQuery{From: in.From, To: in.To, Match: in.match(), After: in.After, Limit: max(in.Limit, 1)})
		if errors.Is(err, access.ErrCursor) {
			return nil, invalid("after", "after: "+err.Error())
		}
		if err != nil {
			return nil, err
		}
		out := Changes{Items: make([]Change, len(page.Events)), Next: page.Next, Seen: page.Seen, Damaged: page.Damaged}
		for i, e := range page.Events {
			out.Items[i] = Change(e)
		}
		return said(out), nil
	})
}
