package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"phusong/dashboards/api"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// ConsoleConfig says how the console presents itself.
type ConsoleConfig struct {
	// Title stands above every page; empty: the name of the province.
	Title string `yaml:"title"`
	// RasterTiles is the address of a base map's tiles with {z}, {x} and {y} in it, and
	// VectorStyle that of a MapLibre style; one of them at most. Empty: the areas alone, so
	// that no page asks anybody outside.
	RasterTiles string `yaml:"raster_tiles"`
	VectorStyle string `yaml:"vector_style"`
	// Attribution is what the maker of the base map wants to be named by.
	Attribution string `yaml:"attribution"`
}

func (c *ConsoleConfig) validate() error {
	switch {
	case c.RasterTiles != "" && c.VectorStyle != "":
		return fmt.Errorf("console.raster_tiles and console.vector_style are both given: leave one of them out")
	case c.RasterTiles != "" && (!strings.Contains(c.RasterTiles, "{z}") || !strings.Contains(c.RasterTiles, "{x}") || !strings.Contains(c.RasterTiles, "{y}")):
		return fmt.Errorf("console.raster_tiles is %q: write it like https://tiles.example.vn/{z}/{x}/{y}.png", c.RasterTiles)
	}
	_, err := c.origins()
	return err
}

// origins are the servers outside that pages must be allowed to ask.
func (c *ConsoleConfig) origins() ([]string, error) {
	address := cmp.Or(c.RasterTiles, c.VectorStyle)
	if address == "" || strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") { // none, or ours
		return nil, nil
	}
	u, err := url.Parse(strings.NewReplacer("{z}", "0", "{x}", "0", "{y}", "0").Replace(address))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("console: %q is not the address of a map: write it like https://tiles.example.vn/{z}/{x}/{y}.png", address)
	}
	return []string{u.Scheme + "://" + u.Host}, nil
}

// apiState gives the API the service itself.
type apiState struct {
	s        *service
	started  time.Time
	caughtUp func() bool
}

// State asks each part for a moment only.
func (a apiState) State(ctx context.Context) api.ServiceState {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	s := a.s
	balance, link := s.ledger.Balance(), s.client.Stats()
	state := api.ServiceState{
		Version: version(), Started: a.started.UTC(), Delivery: "inside",
		Ledger: api.LedgerState{
			Received: balance.Received, Stored: balance.Stored, Rejected: balance.Rejected, Waiting: balance.Waiting(), Difference: balance.Difference(),
		},
		Broker: api.BrokerState{
			Embedded: s.config.MQTT.Username == ownAccount, Connected: link.Connected, Subscribed: link.Subscribed, Connects: link.Connects, Losses: link.Losses,
			Received: link.Received, Duplicates: link.Duplicates,
		},
		Store:   api.StoreState{Kind: s.config.Store.Kind, Answers: s.store.Ping(ctx) == nil},
		Watcher: api.WatcherState{Position: s.watcher.counted.position.Load(), CaughtUp: a.caughtUp()},
	}
	if s.alertmanager == nil {
		state.Delivery = "outside"
	}
	if at := s.watcher.counted.clock.Load(); at > 0 {
		state.Watcher.Clock = time.UnixMilli(at).UTC()
	}
	if at := s.watcher.counted.imageTime.Load(); at > 0 {
		state.Watcher.Image = time.UnixMilli(at).UTC()
	}
	a.ofStream(ctx, &state)
	s.coverage.locked(func() { state.Coverage.Whole = s.coverage.whole })
	if judged := s.coverage.Latest(); judged != nil {
		state.Coverage.Judged, state.Coverage.Rules = judged.At.UTC(), judged.Assessment.Rules
		state.Coverage.Cells, state.Coverage.Zones = len(judged.Assessment.Cells), len(judged.Zones.Open)
	}
	return state
}

func (a apiState) ofStream(ctx context.Context, state *api.ServiceState) {
	s := a.s
	state.Stream = api.StreamState{Embedded: len(s.config.Stream.URLs) == 0, MaxBytes: int64(s.config.Stream.MaxBytes)}
	readings, err := s.readings.State(ctx)
	if err != nil {
		return
	}
	state.Stream.Healthy = s.server.Healthy() == nil
	state.Stream.Entries, state.Stream.Last, state.Stream.Bytes = readings.Entries, readings.Last, readings.Bytes
	state.Watcher.Behind = readings.Last - min(readings.Last, state.Watcher.Position)
	var letters stream.State
	if letters, err = s.letters.State(ctx); err == nil {
		state.Stream.DeadLetters = letters.Entries
	}
	state.Store.Position, _ = s.readings.Position(ctx, storePosition) // 0 when it cannot be told
}

// colours are told apart by colour-blind people; they are nobody's brand.
var colours = map[telemetry.OperatorCode]string{
	"45201": "#0072b2", "45202": "#e69f00", "45204": "#009e73", "45205": "#cc79a7", "45207": "#56b4e9", "45208": "#d55e00", "45209": "#7a5195",
}

const otherColour = "#6b7280"

func (a apiState) Console() api.ConsoleSettings {
	c := &a.s.config
	settings := api.ConsoleSettings{
		Title: c.Console.Title, Zone: c.Coverage.Validity.Zone, Version: version(), Open: c.Access.Open, TargetMbps: a.s.coverage.rules.TargetMbps,
		RasterTiles: c.Console.RasterTiles, VectorStyle: c.Console.VectorStyle, Attribution: c.Console.Attribution,
	}
	for _, area := range a.s.register.Current().Areas() {
		if area.Code.IsProvince() && settings.Province == "" {
			settings.Province, settings.Title = area.Code, cmp.Or(settings.Title, area.Name)
		}
	}
	settings.Title = cmp.Or(settings.Title, "phusong")
	known := make(map[telemetry.OperatorCode]telemetry.Operator)
	for _, o := range telemetry.Operators() {
		known[o.Code] = o
	}
	for _, code := range a.s.coverage.rules.Validity.Operators {
		o := known[code]
		settings.Operators = append(settings.Operators, api.OperatorStyle{
			Code: code, Name: cmp.Or(o.Name, string(code)), Active: o.Active || o.Name == "", Colour: cmp.Or(colours[code], otherColour),
		})
	}
	return settings
}
