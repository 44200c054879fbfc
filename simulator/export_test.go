package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"phusong/telemetry"
)

// The whole map takes a minute, so writing is cancelled in the middle of it; what
// was done before stays.
func TestWriteTruth(t *testing.T) {
	t.Parallel()
	s, err := ShippedScenario("uplink-cut")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Scenario = s })
	folder := filepath.Join(t.TempDir(), "truth")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	q := CoverageQuestion{From: testStart, To: testStart.Add(3 * time.Hour)}
	err = WriteTruth(ctx, w, folder, q, func(n, all int) {
		if done = n; n == 20 {
			cancel()
		}
		if all < 5000 || n > all {
			t.Errorf("%d of %d cells", n, all)
		}
	})
	if !errors.Is(err, context.Canceled) || done != 20 {
		t.Errorf("cancelled after %d cells, got %v", done, err)
	}
	var faults []Fault
	readJSON(t, filepath.Join(folder, FaultsFile), &faults)
	if len(faults) == 0 || faults[0].Kind == "" || faults[0].From.IsZero() {
		t.Errorf("the faults are %+v", faults)
	}
	var sites []SiteTruth
	readJSON(t, filepath.Join(folder, SitesFile), &sites)
	var air []AirHour
	readJSON(t, filepath.Join(folder, AirFile), &air)
	if len(sites) == 0 || len(air) != 3*10 || air[0].PM25 <= 0 || air[0].Device == "" {
		t.Errorf("%d sites and %d hours of air, the first %+v", len(sites), len(air), air[0])
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestCoverageIsWrittenAsGeoJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	all, err := w.Cells()
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for i := 0; i < len(all); i += 80 {
		cells = append(cells, all[i])
	}
	var out bytes.Buffer
	q := CoverageQuestion{From: testStart, To: testStart.AddDate(0, 0, 7), Operators: []telemetry.OperatorCode{"45204"}}
	if err := writeCoverage(t.Context(), &out, w, cells, q, nil); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Type     string
		Features []struct {
			Properties Coverage
			Geometry   struct{ Coordinates [][][2]float64 }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	verdicts := make(map[Verdict]int)
	for _, f := range file.Features {
		verdicts[f.Properties.Verdict]++
		if ring := f.Geometry.Coordinates[0]; len(ring) < 6 || ring[0] != ring[len(ring)-1] {
			t.Fatalf("the ring of %s is %v", f.Properties.Cell, ring)
		}
	}
	if len(file.Features) != len(cells) || verdicts[Dead] == 0 || verdicts[Slow] == 0 || verdicts[Fine] == 0 {
		t.Errorf("%d features: %v", len(file.Features), verdicts)
	}
}
