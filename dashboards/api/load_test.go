package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

// BenchmarkTilesUnderLoad asks for the tiles of a province of 30,000 cells 100 times a second for
// ten seconds, and reports what people waited: beginning with none drawn; and when the map is
// judged every two seconds, 30 times as often as it is, with tests in a hundred cells or in all.
func BenchmarkTilesUnderLoad(b *testing.B) {
	for name, load := range map[string]struct {
		judgedEvery int // requests
		changed     int // of so many cells one
	}{
		"none drawn": {5000, 1}, "judged anew/a few cells differ": {200, 300}, "judged anew/all cells differ": {200, 1},
	} {
		b.Run(name, func(b *testing.B) {
			c, cells, atlas := newConsole(b), wideProvince(b), new(tiles.Atlas)
			judge := func(n int) {
				for i := n % load.changed; i < len(cells); i += load.changed {
					cells[i].Tests++
				}
				layer := &CellLayer{Version: fmt.Sprint(n), Tiles: tiles.New(atlas, slices.Clone(cells))}
				c.mu.Lock()
				defer c.mu.Unlock()
				c.layer = layer
			}
			judge(0)
			if load.judgedEvery < 1000 {
				for n := range 16 {
					c.tile(b, n)
				}
			}
			var waits []time.Duration
			for b.Loop() {
				waits = append(waits, c.tilesForTenSeconds(b, func(n int) {
					if n%load.judgedEvery == load.judgedEvery-1 {
						judge(n)
					}
				})...)
			}
			slices.Sort(waits)
			b.ReportMetric(0, "ns/op") // it is always ten seconds
			b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(waits[len(waits)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "max-ms")
		})
	}
}

// wideProvince has 10,000 cells of each of three operators.
func wideProvince(b *testing.B) []tiles.Cell {
	b.Helper()
	disk, err := ourHexagon().GridDisk(58)
	if err != nil {
		b.Fatal(err)
	}
	var cells []tiles.Cell
	for n, cell := range disk[:10_000] {
		for _, o := range []telemetry.OperatorCode{"45201", "45202", "45204"} {
			cells = append(cells, tiles.Cell{Index: uint64(cell), Operator: o, Area: "25459", Verdict: tiles.Verdict(n % 4), MedianMbps: float64(n % 90), Tests: n % 60})
		}
	}
	return cells
}

// tilesForTenSeconds asks 100 times a second, whether or not it was answered, calls before
// each request, and returns how long each waited.
func (c *console) tilesForTenSeconds(b *testing.B, before func(n int)) []time.Duration {
	b.Helper()
	waits := make([]time.Duration, 1000)
	var asking sync.WaitGroup
	defer asking.Wait()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := range waits {
		<-tick.C
		asking.Go(func() { before(n) })
		asking.Go(func() { waits[n] = c.tile(b, n) })
	}
	asking.Wait()
	return waits
}

// tile asks for the n-th of 16 tiles and returns how long it took.
func (c *console) tile(b *testing.B, n int) time.Duration {
	b.Helper()
	z := 8 + n%4
	x, y := 813>>max(0, 10-z)<<max(0, z-10)+n/4%2, 479>>max(0, 10-z)<<max(0, z-10)+n/8%2
	r := httptest.NewRequestWithContext(access.With(b.Context(), viewer), http.MethodGet, fmt.Sprintf("%s/coverage/tiles/%d/%d/%d.mvt?operator=45204", Prefix, z, x, y), http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	start := time.Now()
	c.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Error(w.Code)
	}
	return time.Since(start)
}
