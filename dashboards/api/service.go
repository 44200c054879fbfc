package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// Service is the service itself.
type Service interface {
	// State says how it does. What does not answer in time is told as away.
	State(ctx context.Context) ServiceState
	// Console returns the settings of the console, without Bounds.
	Console() ConsoleSettings
}

// ServiceState is how the service does.
type ServiceState struct {
	Version  string        `json:"version"`
	At       time.Time     `json:"at"`
	Started  time.Time     `json:"started"`
	Ledger   LedgerState   `json:"ledger"`
	Broker   BrokerState   `json:"broker"`
	Stream   StreamState   `json:"stream"`
	Store    StoreState    `json:"store"`
	Watcher  WatcherState  `json:"watcher"`
	Coverage CoverageState `json:"coverage"`
	Delivery string        `json:"delivery" enum:"inside,outside" doc:"where the Alertmanager is"`
	// Listeners have the stream of events open.
	Listeners int `json:"listeners"`
}

// LedgerState counts readings since the start; difference is anything but 0 only by a
// fault of phusong.
type LedgerState struct {
	Received   int64 `json:"received"`
	Stored     int64 `json:"stored"`
	Rejected   int64 `json:"rejected"`
	Waiting    int64 `json:"waiting"`
	Difference int64 `json:"difference"`
}

// BrokerState is the connection to the MQTT broker.
type BrokerState struct {
	Embedded   bool   `json:"embedded"`
	Connected  bool   `json:"connected"`
	Subscribed bool   `json:"subscribed"`
	Connects   uint64 `json:"connects"`
	Losses     uint64 `json:"losses"`
	Received   uint64 `json:"received" doc:"messages"`
	Duplicates uint64 `json:"duplicates"`
}

// StreamState is the durable stream between broker and store.
type StreamState struct {
	Healthy     bool   `json:"healthy"`
	Embedded    bool   `json:"embedded"`
	Entries     uint64 `json:"entries"`
	Last        uint64 `json:"last" doc:"number of the newest entry"`
	Bytes       int64  `json:"bytes"`
	MaxBytes    int64  `json:"max_bytes" doc:"when they are reached, the broker has to wait; nothing is lost"`
	DeadLetters uint64 `json:"dead_letters" doc:"entries with refused messages"`
}

// StoreState is where readings end up.
type StoreState struct {
	Kind     string `json:"kind" enum:"sqlite,influx"`
	Answers  bool   `json:"answers"`
	Position uint64 `json:"position" doc:"number of the newest entry of the stream that is stored"`
}

// WatcherState is how far judgement has come.
type WatcherState struct {
	Position uint64    `json:"position" doc:"number of the newest entry of the stream that is judged"`
	Behind   uint64    `json:"behind"`
	Clock    time.Time `json:"clock,omitzero" doc:"of the stream"`
	Image    time.Time `json:"image,omitzero" doc:"when the last image was kept"`
	CaughtUp bool      `json:"caught_up" doc:"what waited at the start is judged"`
}

// CoverageState is how the coverage map does.
type CoverageState struct {
	Whole  bool      `json:"whole" doc:"it holds all that the store holds; false while it is rebuilt"`
	Judged time.Time `json:"judged,omitzero" doc:"time of the stream at the last judgement"`
	Cells  int       `json:"cells"`
	Zones  int       `json:"zones"`
	Rules  string    `json:"rules,omitempty"`
}

// ConsoleSettings are what the console must know before it can show anything.
type ConsoleSettings struct {
	Title       string             `json:"title" doc:"of the installation"`
	Province    telemetry.AreaCode `json:"province,omitempty"`
	Zone        string             `json:"zone" doc:"the time zone of days and hours"`
	Version     string             `json:"version"`
	Open        bool               `json:"open" doc:"everybody is let in: a demonstration"`
	TargetMbps  float64            `json:"target_mbps" doc:"the download that mobile coverage is judged by, where nothing else is agreed"`
	Operators   []OperatorStyle    `json:"operators" doc:"those that tests may count for"`
	RasterTiles string             `json:"raster_tiles,omitempty" doc:"template of a base map's tiles, with {z}, {x} and {y}"`
	VectorStyle string             `json:"vector_style,omitempty" doc:"address of a base map's MapLibre style"`
	Attribution string             `json:"attribution,omitempty" doc:"of the base map"`
	Bounds      *MapBounds         `json:"bounds,omitempty" doc:"absent when nothing is registered yet"`
}

// An OperatorStyle is an operator as it is shown.
type OperatorStyle struct {
	Code   telemetry.OperatorCode `json:"code"`
	Name   string                 `json:"name"`
	Active bool                   `json:"active"`
	Colour string                 `json:"colour" pattern:"^#[0-9a-f]{6}$" doc:"of charts and tables; told apart by colour-blind people too"`
}

// MapBounds are what a map shows at first, in degrees.
type MapBounds struct {
	MinLon float64 `json:"min_lon"`
	MinLat float64 `json:"min_lat"`
	MaxLon float64 `json:"max_lon"`
	MaxLat float64 `json:"max_lat"`
	Of     string  `json:"of" enum:"areas,places" doc:"places: no area has an outline, so of sites and devices"`
}

func (s *server) registerService() {
	const tag = "service"
	handle(s, http.MethodGet, "/service", "get-service", tag, "How the service does: ledger, stream, store, broker, judgement", access.Read, func(ctx context.Context, _ *struct{}) (*answer[ServiceState], error) {
		state := s.Service.State(ctx)
		state.At, state.Listeners = s.Now().UTC(), s.Events.Clients()
		return said(state), nil
	})
	handle(s, http.MethodGet, "/console", "get-console", tag, "What a console must know: title, operators, bounds, base map", access.Read, func(ctx context.Context, _ *struct{}) (*answer[ConsoleSettings], error) {
		settings := s.Service.Console()
		settings.Bounds = s.bounds(ctx)
		return said(settings), nil
	})
}

// bounds are those of what somebody sees.
func (s *server) bounds(ctx context.Context) *MapBounds {
	b := &MapBounds{MinLon: math.Inf(1), MinLat: math.Inf(1), MaxLon: math.Inf(-1), MaxLat: math.Inf(-1), Of: "areas"}
	include := func(p telemetry.Point) {
		b.MinLon, b.MaxLon = min(b.MinLon, p.Lon), max(b.MaxLon, p.Lon)
		b.MinLat, b.MaxLat = min(b.MinLat, p.Lat), max(b.MaxLat, p.Lat)
	}
	i := access.From(ctx)
	for _, a := range s.Places.Areas() {
		if s.sees(&i, a.Code) {
			for _, polygon := range a.Outline {
				for _, p := range polygon[0] { // holes are inside
					include(p)
				}
			}
		}
	}
	if !math.IsInf(b.MinLon, 0) {
		return b
	}
	b.Of = "places"
	for area := range s.spots(ctx) {
		include(area.at)
	}
	if math.IsInf(b.MinLon, 0) {
		return nil
	}
	return b
}

// A spot is where a site or a device is.
type spot struct {
	area telemetry.AreaCode
	at   telemetry.Point
}

// spots are those that somebody sees and whose position is known.
func (s *server) spots(ctx context.Context) map[spot]bool {
	all := make(map[spot]bool)
	for _, x := range s.sites(ctx, &SiteFilter{}, &box{}) {
		all[spot{x.Area, telemetry.Point{Lat: x.Lat, Lon: x.Lon}}] = true
	}
	for _, x := range s.devices(ctx, &DeviceFilter{}, &box{}) {
		all[spot{x.Area, telemetry.Point{Lat: x.Lat, Lon: x.Lon}}] = true
	}
	for x := range all {
		if x.at.IsZero() {
			delete(all, x)
		}
	}
	return all
}
