package api

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/singleflight"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// Options say what the API speaks for. All are required.
type Options struct {
	Version  string
	Places   Places
	Alerts   Alerts
	Coverage Coverage
	Cases    Cases
	Readings Readings
	Service  Service
	// Environment and WiFi are what is concluded from readings.
	Environment Environment
	WiFi        WiFi
	Audit       Audit
	Events      *Hub
	Now         func() time.Time
	Logger      *slog.Logger
}

type server struct {
	Options
	api  huma.API
	scan chan struct{} // what walks a whole log, one at a time

	drawn   tileCache
	drawing singleflight.Group // by the name in the cache
}

// Prefix is where the API is.
const Prefix = "/api/v1"

// OpenAPI is the path of the description.
const OpenAPI = "/openapi.json"

// New returns the handler of everything below [Prefix], to be put behind an
// [access.Gate], and that of [OpenAPI], which tells no secrets.
func New(o Options) (protected, description http.Handler, err error) {
	if o.Places == nil || o.Alerts == nil || o.Coverage == nil || o.Cases == nil || o.Readings == nil || o.Service == nil || o.Environment == nil || o.WiFi == nil || o.Audit == nil || o.Events == nil || o.Now == nil || o.Logger == nil {
		return nil, nil, errors.New("api: every option is required")
	}
	mux := http.NewServeMux()
	s := &server{Options: o, api: humago.New(mux, configOf(o.Version)), scan: make(chan struct{}, 1)}
	s.api.UseMiddleware(s.permit)
	s.registerPlaces()
	s.registerAlerts()
	s.registerWindows()
	s.registerCoverage()
	s.registerCases()
	s.registerReadings()
	s.registerService()
	s.registerAudit()
	s.registerDevices()
	s.registerEnvironment()
	s.registerWiFi()
	s.registerEvents()
	s.describeSessions()
	s.plainArrays()
	s.describeProblems()
	return compact(mux), mux, nil
}

// permit lets through who has the permission of the operation. One without a permission
// is nobody's.
func (s *server) permit(ctx huma.Context, next func(huma.Context)) {
	p, ok := ctx.Operation().Metadata[permissionKey].(access.Permission)
	i := access.From(ctx.Context())
	if !ok || !i.May(p) {
		s.forbid(ctx, i.Role)
		return
	}
	next(ctx)
}

// answer is a JSON answer.
type answer[T any] struct{ Body T }

func said[T any](v T) *answer[T] { return &answer[T]{v} }

// raw is an answer that is made already.
type raw struct {
	ContentType     string `header:"Content-Type"`
	ContentEncoding string `header:"Content-Encoding"`
	ETag            string `header:"ETag"`
	CacheControl    string `header:"Cache-Control"`
	Body            []byte
}

// A Page is a part of a list. Next is the cursor of the next part, empty at the end.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"of the whole list, as filtered"`
	Next  string `json:"next,omitempty"`
}

// Paging is how a list is asked for in parts.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	After string `query:"after" maxLength:"200" doc:"next of the part before"`
}

// pageOf sorts a list by its keys, which no two members share, and cuts a part out. A
// cursor is the key of the last one, so that what comes or goes meanwhile moves nothing.
func pageOf[T any](p Paging, all []T, key func(*T) string) Page[T] {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(&a), key(&b)) })
	from := 0
	if p.After != "" {
		from, _ = slices.BinarySearchFunc(all, p.After, func(x T, after string) int {
			if key(&x) <= after {
				return -1
			}
			return 1
		})
	}
	to := min(len(all), from+max(p.Limit, 1))
	page := Page[T]{Items: append([]T{}, all[from:to]...), Total: len(all)}
	if to < len(all) {
		page.Next = key(&all[to-1])
	}
	return page
}

// covers reports whether who asks sees the area.
func (s *server) covers(ctx context.Context, area telemetry.AreaCode) bool {
	i := access.From(ctx)
	return s.sees(&i, area)
}

func (s *server) sees(i *access.Identity, area telemetry.AreaCode) bool {
	if i.Everywhere() {
		return true
	}
	a, _ := s.Places.Area(area)
	return i.Covers(area, a.Parent)
}

// within reports whether an area is the wanted one or one of its communes; any is within "".
func (s *server) within(area, wanted telemetry.AreaCode) bool {
	if wanted == "" || area == wanted {
		return true
	}
	a, _ := s.Places.Area(area)
	return a.Parent == wanted
}

// outside is the answer for what is in another's area: the same as for what is not there.
func outside(kind, id string) error {
	return refusal(http.StatusNotFound, codeNotFound, "there is no "+kind+" "+id)
}

func who(ctx context.Context) string { return access.From(ctx).Name }
