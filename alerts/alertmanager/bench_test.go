package alertmanager

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// One alert given to the Alertmanager inside, beside a thousand that fire.
func BenchmarkEmbeddedUpdate(b *testing.B) {
	dir := b.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := replaceFile(file, writer("route: {receiver: none}\nreceivers: [{name: none}]\n")); err != nil {
		b.Fatal(err)
	}
	am, err := New(Options{ConfigFile: file, DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkUpdate(b, am.Run, am.Update)
}

// The same for the client of an Alertmanager that takes everything at once.
func BenchmarkClientUpdate(b *testing.B) {
	c, err := NewClient(ClientOptions{URLs: []string{"http://am:9093"}, Transport: taker{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkUpdate(b, c.Run, c.Update)
}

func benchmarkUpdate(b *testing.B, run func(context.Context) error, update func([]Alert) error) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var alerts []Alert
	for i := range 1000 {
		alerts = append(alerts, silent(fmt.Sprintf("site-%d", i/10), fmt.Sprintf("ap-%d", i)))
	}
	if err := update(alerts); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var slowest time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		if err := update(alerts[i%1000 : i%1000+1]); err != nil {
			b.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
	}
	b.ReportMetric(float64(slowest.Microseconds()), "slowest-µs")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

type taker struct{}

func (taker) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}
