package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// How smoothly the map moves with 30,000 cells of one operator, 5,000 devices and 1,500 sites, in a
// real browser without a graphics card: make bench, or PHUSONG_TEST_MAP=1. It reports and asserts
// nothing, since that depends on the machine more than on us.
//
//nolint:paralleltest // it wants the machine to itself
func TestHowSmoothlyTheMapMoves(t *testing.T) {
	if os.Getenv("PHUSONG_TEST_MAP") != "1" {
		t.Skip("set PHUSONG_TEST_MAP=1 to measure")
	}
	const built = "../console/dist/web"
	if _, err := os.Stat(built + "/index.html"); err != nil {
		t.Fatalf("the console is not built, run make console: %v", err)
	}
	c := newConsole(t)
	w := crowded(t, c.province)
	c.coverage = crowdedCoverage{c.province}
	c.rebuild(t, w)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(built)))
	mux.HandleFunc("GET "+Prefix+"/session", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(access.Self{Name: "demo", Role: access.Admin, Areas: []telemetry.AreaCode{}, Permissions: []access.Permission{access.Read}, Open: true})
	})
	mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		c.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), admin)))
	})
	// The script asks for the noise of a busy province when it wants it.
	noise := newNoise(c.hub, w.devices)
	mux.Handle("POST /noise", noise)
	server := httptest.NewServer(mux)
	defer func() { noise.end(); c.hub.End(); server.Close() }()
	script := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "node"), Args: []string{"../console/e2e/smoothness.mjs", server.URL}})
	select { // longer than the patience of tests: frames are slow without a graphics card
	case <-script.Exited():
	case <-time.After(10 * time.Minute):
	}
	code := script.Wait()
	t.Logf("\n%s", script.Log())
	if code != 0 {
		t.Fatalf("the script ended with %d", code)
	}
}

// crowdedPlaces is a province with much in it.
type crowdedPlaces struct {
	*province
	sites   []Site
	devices []Device
}

func (w crowdedPlaces) Sites() []Site     { return w.sites }
func (w crowdedPlaces) Devices() []Device { return w.devices }

// crowdedCoverage is that of a province without zones: a few outlines more do not count.
type crowdedCoverage struct{ *province }

func (crowdedCoverage) Zones(context.Context, string) (*ZoneLayer, error) {
	return &ZoneLayer{Day: "2026-11-20"}, nil
}

func crowded(t *testing.T, p *province) crowdedPlaces {
	t.Helper()
	disk, err := ourHexagon().GridDisk(100)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	w := crowdedPlaces{province: p}
	layer := &CellLayer{Version: "1", Day: "2026-11-20", Rules: "2026-1"}
	verdicts := []string{"covered", "gap", "dead", "unproven"}
	drawn := map[string]tiles.Verdict{"covered": tiles.Covered, "gap": tiles.Gap, "dead": tiles.Dead, "unproven": tiles.Unproven}
	var cells []tiles.Cell
	for n, cell := range disk[:30_000] {
		v := verdicts[n/7%4]
		cells = append(cells, tiles.Cell{Index: uint64(cell), Operator: "45204", Area: "25459", Verdict: drawn[v], MedianMbps: float64(n % 90), Tests: n % 60})
		layer.Cells = append(layer.Cells, CellFeature{Operator: "45204", Area: "25459", Verdict: v, GeoJSON: []byte(`{"type":"Feature","geometry":null,"properties":{}}`)})
	}
	layer.Tiles = tiles.New(new(tiles.Atlas), cells)
	p.layer = layer
	place := func() (lat, lon float64) {
		at, err := h3.CellToLatLng(disk[random.IntN(30_000)])
		if err != nil {
			t.Fatal(err)
		}
		return at.Lat, at.Lng
	}
	for n := range 1500 {
		lat, lon := place()
		w.sites = append(w.sites, Site{ID: telemetry.SiteID(fmt.Sprint("site-", n)), Name: fmt.Sprint("Trường tiểu học số ", n), Area: "25459", Lat: lat, Lon: lon, Verdict: []string{"working", "partly", "failed"}[n%3], Category: "school"})
	}
	for n := range 5000 {
		lat, lon := place()
		w.devices = append(w.devices, Device{ID: telemetry.DeviceID(fmt.Sprint("ap-", n)), Name: fmt.Sprint("Điểm phát sóng số ", n), Area: "25459", Kind: "wifi", State: "up", Lat: lat, Lon: lon, Registered: true})
	}
	return w
}

// A noise is 50 changes of devices a second, while it is wanted.
type noise struct {
	hub     *Hub
	devices []Device
	mu      sync.Mutex
	stop    chan struct{} // nil while it is quiet
	making  sync.WaitGroup
}

func newNoise(hub *Hub, devices []Device) *noise { return &noise{hub: hub, devices: devices} }

// ServeHTTP begins it, or ends it with ?off.
func (n *noise) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	n.end()
	if r.URL.RawQuery == "off" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	stop := make(chan struct{})
	n.stop = stop
	n.making.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			d := n.devices[i*37%len(n.devices)]
			d.State = []string{"silent", "late", "up"}[i%3]
			n.hub.Publish("device", d.Area, d)
		}
	})
}

func (n *noise) end() {
	n.mu.Lock()
	if n.stop != nil {
		close(n.stop)
		n.stop = nil
	}
	n.mu.Unlock()
	n.making.Wait()
}
