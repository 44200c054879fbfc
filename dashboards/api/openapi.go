package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"phusong/dashboards/access"
)

func configOf(version string) huma.Config {
	c := huma.DefaultConfig("phusong", version)
	c.Info.Description = "Public Wi-Fi, mobile coverage and environment of a province. See docs/API.md."
	c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", nil
	c.RejectUnknownQueryParameters = true
	// Names of devices and comments come from outside: < and > are escaped, so that no text
	// can become markup wherever it is put.
	format := huma.Format{Marshal: func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }, Unmarshal: json.Unmarshal}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: "phusong", Description: "POST /api/v1/session; a change needs " + access.CSRFHeader + " too. Over TLS the cookie is __Host-phusong."},
	}
	c.Transformers = append(c.Transformers, withCode)
	c.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return c
}

const permissionKey = "permission"

const maxBody = 1 << 20

func operation(method, path, id, tag, summary string, p access.Permission) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Prefix + path, Summary: summary, Tags: []string{tag},
		Metadata: map[string]any{permissionKey: p}, MaxBodyBytes: maxBody,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}
}

// handle registers an operation.
func handle[I, O any](s *server, method, path, id, tag, summary string, p access.Permission, do func(context.Context, *I) (*O, error)) {
	register(s, operation(method, path, id, tag, summary, p), do)
}

// handleRaw registers a GET whose answer is made already: bytes that hold a T.
func handleRaw[T, I any](s *server, path, id, tag, summary, contentType string, do func(context.Context, *I) (*raw, error)) {
	op := operation(http.MethodGet, path, id, tag, summary, access.Read)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: schemaOf[T](s)}},
	}}
	register(s, op, func(ctx context.Context, in *I) (*raw, error) {
		out, err := do(ctx, in)
		if out != nil {
			out.ContentType = contentType
		}
		return out, err
	})
}

func register[I, O any](s *server, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.problem(op.OperationID, err)
		}
		return out, nil
	})
}

func schemaOf[T any](s *server) *huma.Schema {
	t := reflect.TypeFor[T]()
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// describeSessions adds what package access answers itself.
func (s *server) describeSessions() {
	const tag = "session"
	body := func(t *huma.Schema) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: t}}
	}
	problem := func(why string) *huma.Response {
		return &huma.Response{Description: why, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schemaOf[huma.ErrorModel](s)}}}
	}
	self := &huma.Response{Description: "OK", Content: body(schemaOf[access.Self](s))}
	path := Prefix + "/session"
	nobody := []map[string][]string{{}}
	for _, op := range []huma.Operation{
		{OperationID: "get-session", Method: http.MethodGet, Summary: "Who one is, and what one may do", Responses: map[string]*huma.Response{
			"200": self, "401": problem("log in first"),
		}},
		{OperationID: "log-in", Method: http.MethodPost, Summary: "Log in; the answer sets the cookie", Security: nobody,
			RequestBody: &huma.RequestBody{Required: true, Content: body(schemaOf[access.Login](s))},
			Responses:   map[string]*huma.Response{"200": self, "401": problem("name or password is wrong"), "429": problem("too many attempts")}},
		{OperationID: "log-out", Method: http.MethodDelete, Summary: "Log out", Responses: map[string]*huma.Response{"204": {Description: "No Content"}}},
	} {
		op.Path, op.Tags = path, []string{tag}
		s.api.OpenAPI().AddOperation(&op)
	}
}

// plainArrays says of every list that it is never null, which the library assumes of none.
func (s *server) plainArrays() {
	seen := make(map[*huma.Schema]bool)
	var walk func(x *huma.Schema)
	walk = func(x *huma.Schema) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		if x.Type == huma.TypeArray {
			x.Nullable = false
		}
		walk(x.Items)
		if more, ok := x.AdditionalProperties.(*huma.Schema); ok {
			walk(more)
		}
		for _, p := range x.Properties {
			walk(p)
		}
	}
	o := s.api.OpenAPI()
	for _, x := range o.Components.Schemas.Map() {
		walk(x)
	}
	for _, path := range o.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Delete} {
			if op == nil {
				continue
			}
			for _, r := range op.Responses {
				for _, m := range r.Content {
					walk(m.Schema)
				}
			}
			for _, p := range op.Parameters {
				walk(p.Schema)
			}
		}
	}
}
