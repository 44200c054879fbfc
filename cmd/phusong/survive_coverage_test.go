package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// The coverage map of a service that is killed while probes report is, after the restart
// from its image, the one that is rebuilt from the store alone.
func TestCoverageSurvivesKill(t *testing.T) {
	testbed.Slow(t)
	t.Parallel()
	areas := filepath.Join(t.TempDir(), "areas.geojson")
	text := `{"type": "FeatureCollection", "features": [{"type": "Feature",
		"properties": {"code": "25459", "name": "Tân Ninh", "type": "phường", "parent": "80", "population": 100000},
		"geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.2, 11.2], [106.2, 11.4], [106.0, 11.4], [106.0, 11.2]]]}}]}`
	if err := os.WriteFile(areas, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newTown(t, townOptions{Keys: map[string]any{
		"registry.areas": []string{areas}, "coverage.judge_every": "1s", "coverage.validity.from": "00:00", "coverage.validity.to": "23:59",
	}})
	w.start()
	f := newFleet(t, w.broker.URL())
	counting := 0.0
	drive := func(round int) {
		for n := range 400 { // fifty probes, each with tests of hours that arrive now
			seq := int64(1 + 400*round + n)
			// Each test is in a slot of 30 seconds of its own.
			at := time.Now().Add(-time.Duration(400-n)*3*time.Minute - time.Duration(round)*time.Minute)
			if local := at.UTC().Add(7 * time.Hour); local.Hour()*60+local.Minute() < 23*60+59 { // the last minute of the day is not within the hours
				counting++
			}
			device := fmt.Sprintf("probe-%d", n%50)
			f.publish(telemetryTopic("mobile", device), fmt.Appendf(nil,
				`{"time":%d,"seq":%d,"operator":"4520%d","outcome":"ok","download_mbps":%d,"lat":%f,"lon":%f,"accuracy_m":5,"indoor":false,"duration_s":10}`,
				at.UnixMilli(), seq, []int{1, 2, 4}[n%3], 1+n%99, 11.25+float64(n%40)*0.003, 106.05+float64(n/40)*0.01),
				reading{Device: device, Seq: seq, Time: at.UnixMilli()})
		}
	}
	drive(0)
	w.stop() // with an image
	w.start()
	for round := range 2 {
		drive(round + 1)
		w.process.Kill()
		w.start()
	}
	w.awaitExactly("phusong_readings_waiting", 0)
	fromImage := w.coverage(counting)
	// On a slow machine the image may be of a map that was not whole yet, and says so.
	if log := w.process.Log(); strings.Contains(log, "rebuilt from the store") && !strings.Contains(log, "was not whole when its image was taken") {
		t.Errorf("it was rebuilt although there was an image:\n%s", log)
	}
	w.stop()
	if err := os.RemoveAll(filepath.Join(w.data, "watch")); err != nil {
		t.Fatal(err)
	}
	w.start()
	fromStore := w.coverage(counting)
	if !strings.Contains(w.process.Log(), "rebuilt from the store") {
		t.Errorf("it was not rebuilt:\n%s", w.process.Log())
	}
	if fromImage != fromStore {
		t.Errorf("from the image:\n%s\nfrom the store:\n%s", fromImage, fromStore)
	}
	w.settle(f)
}

// coverage returns what /metrics says of verdicts and yardsticks, once so many tests are
// in the windows.
func (w *town) coverage(tests float64) string {
	w.t.Helper()
	var lines []string
	w.await(func() error {
		_, body, err := w.get("/metrics")
		if err != nil {
			return err
		}
		lines = lines[:0]
		counted := 0.0
		for line := range strings.Lines(body) {
			for _, name := range []string{"cells", "window_tests", "mean_download", "tests_on_target", "tests_with_service", "zones", "last_test"} {
				if strings.HasPrefix(line, "phusong_coverage_"+name) {
					lines = append(lines, line)
				}
			}
			var n float64
			if strings.HasPrefix(line, "phusong_coverage_window_tests{") && strings.Contains(line, `level="commune"`) {
				if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &n); err != nil {
					return err
				}
				counted += n
			}
		}
		if counted != tests {
			return fmt.Errorf("%v tests are in the windows, want %v", counted, tests)
		}
		return nil
	})
	slices.Sort(lines)
	return strings.Join(lines, "")
}
