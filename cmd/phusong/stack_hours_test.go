package main_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	main "phusong/cmd/phusong"
	"phusong/dashboards"
	"phusong/simulator"
	"phusong/telemetry"
)

// What needs hours of stream time is played in virtual time: half a day of simulated
// sensors through the book that the service uses, exported by its collectors, scraped
// by Prometheus. Each panel that TestStackWall left out brings data.
func TestStackWallOfClosedHours(t *testing.T) {
	t.Parallel()
	world, err := simulator.New(simulator.Options{Seed: 1, Start: time.Date(2026, 2, 3, 0, 0, 0, 0, airquality.Zone()), Sensors: 12, EnvironmentInterval: 5 * time.Minute, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	stations := stationsOf(world)
	for i := range stations {
		stations[i].Water = airquality.WaterLevels{Alarm: [3]float64{0.1, 8, 9}}
	}
	book, err := environment.New(environment.Options{Stations: stations})
	if err != nil {
		t.Fatal(err)
	}
	play(t, world, 13*time.Hour, book.Observe)
	registry := prometheus.NewRegistry()
	prometheus.WrapRegistererWithPrefix("phusong_", registry).MustRegister(
		dashboards.NewEnvironmentCollector(func() dashboards.Environment { return main.EnvironmentMetrics(book) }),
		dashboards.NewPlaceCollector(func() dashboards.Places {
			return dashboards.Places{Areas: world.Areas(), Sites: world.Sites(), Devices: world.Devices()}
		}),
	)
	served := httptest.NewServer(dashboards.Handler(dashboards.HandlerOptions{Gatherer: registry}))
	t.Cleanup(served.Close)
	sources := panelSources{prometheusURL: "http://" + startPrometheus(t, strings.TrimPrefix(served.URL, "http://"))}
	queries := slices.DeleteFunc(panelQueries(t), func(q panelQuery) bool { return !needsClosedHours(q) })
	if len(queries) < 8 {
		t.Fatalf("only %d queries need closed hours", len(queries))
	}
	sources.mustAnswerAll(t, queries, func(panelQuery) bool { return true })
	index, at := firstIndexed(t, book)
	for _, q := range queries {
		if strings.Contains(q.panel, "VN_AQI") && !q.over {
			sources.mustShow(t, queries, q.dashboard, q.panel, map[string]string{"device": string(at)}, index)
		}
	}
}

// firstIndexed is the index of a station that has one.
func firstIndexed(t *testing.T, book *environment.Book) (float64, telemetry.DeviceID) {
	t.Helper()
	for _, s := range book.Stations() {
		if v, ok := s.Facts.Get(environment.FactAQI); ok {
			return v, s.Device
		}
	}
	t.Fatal("no station has an index")
	return 0, ""
}
