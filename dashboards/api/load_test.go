package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

// BenchmarkTilesUnderLoad asks for the tiles of a province of 30,000 cells 100 times a
// second, beginning with none drawn and judged anew each minute, and reports what 95 of 100 waited
// at most.
func BenchmarkTilesUnderLoad(b *testing.B) {
	center, err := h3.LatLngToCell(h3.LatLng{Lat: 11.31, Lng: 106.1}, 8)
	if err != nil {
		b.Fatal(err)
	}
	disk, err := center.GridDisk(58)
	if err != nil {
		b.Fatal(err)
	}
	var cells []tiles.Cell
	for n, cell := range disk[:10_000] {
		for _, o := range []telemetry.OperatorCode{"45201", "45202", "45204"} {
			cells = append(cells, tiles.Cell{Index: uint64(cell), Operator: o, Area: "25459", Verdict: tiles.Verdict(n % 4), MedianMbps: float64(n % 90), Tests: n % 60})
		}
	}
	c := newConsole(b)
	atlas := new(tiles.Atlas)
	judge := func(version int) *CellLayer {
		return &CellLayer{Version: fmt.Sprint(version), Tiles: tiles.New(atlas, slices.Clone(cells))}
	}
	c.layer = judge(0)
	var mu sync.Mutex // guards waits
	var waits []time.Duration
	var asking sync.WaitGroup
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 0; b.Loop(); n++ {
		<-tick.C
		if n%6000 == 5999 {
			asking.Wait() // the layer of the harness has no lock
			c.layer = judge(n)
		}
		asking.Go(func() {
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
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, time.Since(start))
		})
	}
	asking.Wait()
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "max-ms")
}
