package simulator

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"phusong/internal/testbed"
	"phusong/telemetry"
)

func TestCommunesAreTheFacts(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(testbed.Data(t, "areas/80.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Features []struct {
			Properties struct {
				Code, Name, Type, Parent string
				Size                     float64 `json:"area_km2"`
				Population               int
				Center                   [2]float64
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	communes, err := readCommunes(1)
	if err != nil {
		t.Fatal(err)
	}
	byCode := make(map[telemetry.AreaCode]*commune)
	for i := range communes {
		byCode[communes[i].Code] = &communes[i]
	}
	if len(byCode) != len(file.Features) {
		t.Errorf("got %d communes, want %d", len(byCode), len(file.Features))
	}
	for _, f := range file.Features {
		want := f.Properties
		got := byCode[telemetry.AreaCode(want.Code)]
		if got == nil {
			t.Errorf("commune %s %s is missing", want.Code, want.Name)
			continue
		}
		if got.Name != want.Name || got.Type != want.Type || got.Population != want.Population || got.SizeKm2 != want.Size || string(got.Parent) != want.Parent {
			t.Errorf("got %+v, want %+v", got.Area, want)
		}
		if math.Abs(got.Center.Lon-want.Center[0]) > 0.00501 || math.Abs(got.Center.Lat-want.Center[1]) > 0.00501 {
			t.Errorf("%s: centre is %v, want %v rounded", want.Code, got.Center, want.Center)
		}
	}
}

func TestShapesAreComputedAndSound(t *testing.T) {
	t.Parallel()
	communes, err := readCommunes(1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range communes {
		c := &communes[i]
		if !c.Approximate {
			t.Errorf("%s %s: the computed shape is not marked approximate", c.Code, c.Name)
		}
		if !c.contains(c.at) {
			t.Errorf("%s %s: the centre is outside its shape", c.Code, c.Name)
		}
		for j := range communes {
			if i != j && communes[j].contains(c.at) {
				t.Errorf("the centre of %s lies in %s", c.Code, communes[j].Code)
			}
		}
		if got := polygonArea(c.outline) / 1e6; got < c.SizeKm2/2.5 || got > c.SizeKm2*2.5 {
			t.Errorf("%s %s: the shape has %.0f km², want about %.0f", c.Code, c.Name, got, c.SizeKm2)
		}
		ring := c.Outline[0][0]
		if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
			t.Errorf("%s: ring of %d points is not closed", c.Code, len(ring))
		}
	}
}

func polygonArea(p []vec) float64 {
	var sum float64
	for i, a := range p {
		b := p[(i+1)%len(p)]
		sum += a.x*b.y - b.x*a.y
	}
	return sum / 2
}
