package main

import (
	"cmp"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/dashboards"
	"phusong/internal/registry"
	"phusong/simulator"
	"phusong/telemetry"
)

// BenchmarkObserveWhileScraped is what the watcher waits for those who scrape: how long
// one entry of 50 readings takes it at 5,000 devices, alone and while scrapes follow
// each other without a pause. One in 15 seconds is what Prometheus does. The figures
// are the medians and the 99th percentiles of both, in turns, and how they relate;
// the processor is shared with the scraper, and the simulated province is not counted.
func BenchmarkObserveWhileScraped(b *testing.B) {
	s, entries := servedProvince(b)
	metrics := dashboards.Handler(dashboards.HandlerOptions{Gatherer: s.metrics, Sources: s.stateMetrics(), Prefix: ourPrefix})
	observe := func(to *[]time.Duration) {
		for range 100 {
			at, readings := entries()
			began := time.Now()
			s.judgement.Observe(at, readings)
			s.coverage.Observe(at, readings)
			*to = append(*to, time.Since(began))
		}
	}
	var alone, scraped []time.Duration
	scrapes := 0
	for b.Loop() {
		observe(&alone)
		stop, stopped := make(chan struct{}), make(chan int)
		go func() { stopped <- scrapeUntil(b, metrics, stop) }()
		observe(&scraped)
		close(stop)
		scrapes += <-stopped
	}
	for _, q := range []struct {
		name string
		rank float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		before, beside := ranked(alone, q.rank), ranked(scraped, q.rank)
		b.ReportMetric(float64(before.Microseconds()), q.name+"-alone-µs")
		b.ReportMetric(float64(beside.Microseconds()), q.name+"-scraped-µs")
		b.ReportMetric(float64(beside)/float64(before), q.name+"-ratio")
	}
	b.ReportMetric(float64(scrapes)/float64(b.N), "scrapes/op")
}

// BenchmarkScrape is one scrape of 5,000 devices as Prometheus asks for it.
func BenchmarkScrape(b *testing.B) {
	s, _ := servedProvince(b)
	metrics := dashboards.Handler(dashboards.HandlerOptions{Gatherer: s.metrics, Sources: s.stateMetrics(), Prefix: ourPrefix})
	b.ReportAllocs()
	busy := ownCPU()
	for b.Loop() {
		scrape(b, metrics)
	}
	b.ReportMetric(1000*(ownCPU()-busy)/float64(b.N), "cpu-ms/scrape")
}

// servedProvince is the judging half of a service that knows 5,000 simulated devices,
// all of which have spoken, and what yields the next entry of the stream.
func servedProvince(b *testing.B) (*service, func() (time.Time, []telemetry.Reading)) {
	b.Helper()
	world, err := simulator.New(simulator.Options{Start: time.Now(), AccessPoints: 3750, Probes: 500, Sensors: 750, EnvironmentInterval: time.Minute, Calm: true})
	if err != nil {
		b.Fatal(err)
	}
	files, err := writeRegistry(b.TempDir(), world)
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := &service{config: DefaultConfig(), log: log, metrics: prometheus.NewRegistry()}
	if s.register, err = registry.NewWatcher(registry.WatcherOptions{Paths: files.paths(), Logger: log, Registerer: s.prefixed()}); err != nil {
		b.Fatal(err)
	}
	set, err := loadRules(nil)
	if err != nil {
		b.Fatal(err)
	}
	if s.judgement, err = newAlertRoom(alertRoomOptions{Inventory: inventoryOf(s.register.Current()), Rules: set, Logger: log}); err != nil {
		b.Fatal(err)
	}
	if s.coverage, err = newCoverageRoom(coverageOptions{Config: &s.config.Coverage, Registry: s.register.Current, Logger: log}); err != nil {
		b.Fatal(err)
	}
	next := entriesOf(b, world)
	for at, readings := next(); at.Before(world.Start().Add(2 * time.Minute)); at, readings = next() {
		s.judgement.Observe(at, readings)
		s.coverage.Observe(at, readings)
	}
	return s, next
}

// entriesOf returns what yields the world's readings as the stream would hold them, for ever.
func entriesOf(b *testing.B, world *simulator.World) func() (time.Time, []telemetry.Reading) {
	b.Helper()
	next, stop := iter.Pull(world.Events(time.Time{}))
	b.Cleanup(stop)
	return func() (at time.Time, readings []telemetry.Reading) {
		for len(readings) < 50 {
			e, _ := next()
			at = e.At
			for i := range e.Readings {
				e.Readings[i].Received = at
			}
			readings = append(readings, e.Readings...)
		}
		return at, readings
	}
}

// scrapeUntil scrapes again and again, and returns how often.
func scrapeUntil(b *testing.B, metrics http.Handler, stop <-chan struct{}) (times int) {
	for ; ; times++ {
		select {
		case <-stop:
			return times
		default:
		}
		scrape(b, metrics)
	}
}

// scrape asks as Prometheus does.
func scrape(b *testing.B, metrics http.Handler) {
	b.Helper()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", http.NoBody)
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	request.Header.Set("Accept-Encoding", "gzip")
	answer := httptest.NewRecorder()
	metrics.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Body.Len() < 100<<10 {
		b.Errorf("a scrape brought %d bytes with status %d", answer.Body.Len(), answer.Code)
	}
}

func ranked(of []time.Duration, rank float64) time.Duration {
	slices.SortFunc(of, cmp.Compare[time.Duration])
	return of[int(float64(len(of)-1)*rank)]
}
