package registry_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"phusong/internal/registry"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// threeProvinces loads the real communes of Đồng Tháp, Tây Ninh and Tuyên Quang.
func threeProvinces(t testing.TB) *registry.Registry {
	t.Helper()
	dir := testbed.Data(t, "areas")
	r, err := registry.Load(registry.Paths{Areas: []string{
		filepath.Join(dir, "82.geojson"), filepath.Join(dir, "80.geojson"), filepath.Join(dir, "08.geojson"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRealProvinces(t *testing.T) {
	t.Parallel()
	r := threeProvinces(t)
	for province, want := range map[telemetry.AreaCode]int{"82": 102, "80": 96, "08": 124, "79": 0} {
		if got := len(r.Communes(province)); got != want {
			t.Errorf("province %s has %d communes, want %d", province, got, want)
		}
	}
	if got := len(r.Areas()); got != 322 {
		t.Errorf("%d areas, want 322", got)
	}
	a, ok := r.Area("29954")
	if !ok || a.Name != "An Bình" || a.Type != "Phường" || a.Parent != "82" || a.Population != 33341 || a.SizeKm2 != 50.1 || a.Center != (telemetry.Point{Lat: 10.77983, Lon: 105.37538}) {
		t.Errorf("area 29954 is %+v, %v", a, ok)
	}
	if _, ok := r.Area("82"); ok {
		t.Error("province 82 has no feature and was found")
	}
}

func TestRealCentersLieInTheirCommunes(t *testing.T) {
	t.Parallel()
	r := threeProvinces(t)
	outside := 0
	for _, a := range r.Areas() {
		if got, ok := r.AreaAt(a.Center, time.Time{}); !ok || got.Code != a.Code {
			outside++
			if planar.MultiPolygonContains(orbOutline(a), orb.Point{a.Center.Lon, a.Center.Lat}) {
				t.Errorf("the center of %s %s was found in %q", a.Code, a.Name, got.Name)
			}
		}
	}
	// The source puts a center into the neighbour where a commune is bent or its
	// outline was simplified.
	if outside != 14 {
		t.Errorf("%d of %d centers lie outside their own outline, want 14", outside, len(r.Areas()))
	}
}

// The grid and our point-in-polygon against the brute force of a geometry library.
func TestAreaAtAgreesWithOrb(t *testing.T) {
	t.Parallel()
	r := threeProvinces(t)
	outlines := make(map[telemetry.AreaCode]orb.MultiPolygon)
	for _, a := range r.Areas() {
		outlines[a.Code] = orbOutline(a)
	}
	random := rand.New(rand.NewPCG(1, 2))
	const points = 300
	found := 0
	for range points {
		center := r.Areas()[random.IntN(len(r.Areas()))].Center
		p := telemetry.Point{Lat: center.Lat + random.NormFloat64()*0.05, Lon: center.Lon + random.NormFloat64()*0.05}
		a, ok := r.AreaAt(p, time.Time{})
		if ok {
			found++
		}
		for code, outline := range outlines {
			holds := planar.MultiPolygonContains(outline, orb.Point{p.Lon, p.Lat})
			if code == a.Code && !holds {
				t.Errorf("%+v was found in %s, and orb does not", p, code)
			}
			if !ok && holds {
				t.Errorf("%+v was not found, and orb finds it in %s", p, code)
			}
		}
	}
	if found < points/2 {
		t.Errorf("only %d of %d points lay in an area: the test proves little", found, points)
	}
}

func orbOutline(a telemetry.Area) orb.MultiPolygon {
	var outline orb.MultiPolygon
	for _, polygon := range a.Outline {
		var rings orb.Polygon
		for _, ring := range polygon {
			var r orb.Ring
			for _, p := range ring {
				r = append(r, orb.Point{p.Lon, p.Lat})
			}
			rings = append(rings, r)
		}
		outline = append(outline, rings)
	}
	return outline
}

func TestNoAreaHoldsTheSea(t *testing.T) {
	t.Parallel()
	r := threeProvinces(t)
	for _, p := range []telemetry.Point{{Lat: 10, Lon: 109}, {}, {Lat: -33, Lon: 151}, {Lat: 90, Lon: 180}} {
		if a, ok := r.AreaAt(p, time.Time{}); ok {
			t.Errorf("%+v lies in %s", p, a.Name)
		}
	}
}

func BenchmarkAreaAt(b *testing.B) {
	r := threeProvinces(b)
	p := telemetry.Point{Lat: 10.77983, Lon: 105.37538}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.AreaAt(p, time.Time{}); !ok {
			b.Fatal("not found")
		}
	}
}
