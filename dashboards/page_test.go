package dashboards_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"phusong/dashboards"
	"phusong/telemetry"
)

const openMetrics = "application/openmetrics-text;version=1.0.0"

// The page says what a registry would say of the same collectors, in both formats, and
// also where names hold what the format uses itself.
func TestPageSaysWhatARegistryWould(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	for _, s := range province(30) {
		prometheus.WrapRegistererWithPrefix("phusong_", registry).MustRegister(s)
	}
	reference := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	h := dashboards.Handler(dashboards.HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: province(30), Prefix: "phusong_"})
	for _, format := range []string{"text/plain", openMetrics, "*/*", "application/openmetrics-text"} {
		want := ask(t, reference, http.MethodGet, "/metrics", "Accept", format)
		got := ask(t, h, http.MethodGet, "/metrics", "Accept", format)
		if diff := cmp.Diff(want.Header().Get("Content-Type"), got.Header().Get("Content-Type")); diff != "" {
			t.Errorf("%s: content type (-registry +page): %s", format, diff)
		}
		wanted, found := facts(t, want.Body.String()), facts(t, got.Body.String())
		maps.DeleteFunc(found, func(line string, _ float64) bool { return strings.Contains(line, "phusong_scrape") }) // the handler's own
		if diff := cmp.Diff(wanted, found); diff != "" {
			t.Errorf("%s: (-registry +page):\n%.3000s", format, diff)
		}
		if len(wanted) < 300 {
			t.Errorf("%s: only %d lines were compared", format, len(wanted))
		}
		if strings.Contains(format, "openmetrics") && !strings.HasSuffix(got.Body.String(), "# EOF\n") {
			t.Errorf("%s: the page does not end", format)
		}
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

// facts are the lines of a page by what is before their number: the order of series
// means nothing, and a number may be written in more than one way.
func facts(t *testing.T, page string) map[string]float64 {
	t.Helper()
	all := make(map[string]float64)
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		of, number := line, 0.0
		if !strings.HasPrefix(line, "#") {
			i := strings.LastIndexByte(line, ' ')
			v, err := strconv.ParseFloat(line[i+1:], 64)
			if err != nil {
				t.Fatalf("%q ends in no number", line)
			}
			of, number = line[:i], v
		}
		if _, twice := all[of]; twice {
			t.Errorf("%q is there twice", of)
		}
		all[of] = number
	}
	return all
}

// Every family is whole: its help and type stand once, before its series.
func TestPageGroupsFamilies(t *testing.T) {
	t.Parallel()
	h := dashboards.Handler(dashboards.HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: province(3), Prefix: "phusong_"})
	var family string
	seen := make(map[string]bool)
	for line := range strings.Lines(ask(t, h, http.MethodGet, "/metrics").Body.String()) {
		if named, is := strings.CutPrefix(line, "# TYPE "); is {
			family, _, _ = strings.Cut(named, " ")
			if seen[family] {
				t.Errorf("%s comes twice", family)
			}
			seen[family] = true
		} else if name := line[:strings.IndexAny(line, "{ ")]; name != "#" && name != family {
			t.Errorf("%q stands among %s", line, family)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d families", len(seen))
	}
}

// What is no text at all is marked, and does not cost the whole page.
func TestPageMarksWhatIsNoText(t *testing.T) {
	t.Parallel()
	places := dashboards.NewPlaceCollector(func() dashboards.Places {
		return dashboards.Places{Areas: []telemetry.Area{{Code: "25459", Name: "T\xe2n Ninh"}}}
	})
	h := dashboards.Handler(dashboards.HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: []dashboards.Source{places}})
	if body := ask(t, h, http.MethodGet, "/metrics").Body.String(); !strings.Contains(body, "area_info{area=\"25459\",name=\"T\uFFFDn Ninh\"} 1\n") {
		t.Errorf("the page is %q", body)
	}
}

// A draft is used again: nothing of a scrape may be in the next, also when several run.
func TestPagesDoNotMix(t *testing.T) {
	t.Parallel()
	states := manyDevices()[:100]
	h := dashboards.Handler(dashboards.HandlerOptions{
		Gatherer: prometheus.NewRegistry(), Sources: []dashboards.Source{dashboards.NewDeviceCollector(listed(states...), at(noon))},
	})
	devicesOf := func(r *httptest.ResponseRecorder) map[string]float64 {
		all := facts(t, r.Body.String())
		maps.DeleteFunc(all, func(line string, _ float64) bool { return strings.Contains(line, "scrape") }) // they are counted
		return all
	}
	want := devicesOf(ask(t, h, http.MethodGet, "/metrics"))
	var scrapers sync.WaitGroup
	for range 4 {
		scrapers.Go(func() {
			for range 20 {
				r := ask(t, h, http.MethodGet, "/metrics")
				if r.Code != http.StatusOK {
					continue // four at once are too many now and then
				}
				if diff := cmp.Diff(want, devicesOf(r)); diff != "" {
					t.Errorf("a later page differs: %.500s", diff)
				}
			}
		})
	}
	scrapers.Wait()
}

// A scrape that others would make wait for ever is refused.
func TestTooManyScrapes(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}), make(chan struct{})
	slow := dashboards.NewPlaceCollector(func() dashboards.Places {
		arrived <- struct{}{}
		<-leave
		return dashboards.Places{}
	})
	h := dashboards.Handler(dashboards.HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: []dashboards.Source{slow}})
	var scrapers sync.WaitGroup
	for range 4 {
		scrapers.Go(func() {
			if r := ask(t, h, http.MethodGet, "/metrics"); r.Code != http.StatusOK {
				t.Errorf("status %d", r.Code)
			}
		})
		<-arrived
	}
	if r := ask(t, h, http.MethodGet, "/metrics"); r.Code != http.StatusServiceUnavailable {
		t.Errorf("the fifth got status %d", r.Code)
	}
	close(leave)
	scrapers.Wait()
}

// A registry that cannot be gathered is an error, told in the log; half a page would
// make series vanish.
func TestPageThatCannotBeGathered(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	h := dashboards.Handler(dashboards.HandlerOptions{
		Gatherer: prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("no such luck") }),
		Logger:   slog.New(slog.NewTextHandler(&said, nil)),
	})
	r := ask(t, h, http.MethodGet, "/metrics")
	if r.Code != http.StatusInternalServerError || !strings.Contains(r.Body.String(), "no such luck") || !strings.Contains(said.String(), "no such luck") {
		t.Errorf("status %d, body %q, log %q", r.Code, r.Body.String(), said.String())
	}
}

// province returns the collectors of a province of so many devices, with about as many
// series of each kind as the real ones have.
func province(devices int) []dashboards.Source {
	states := make([]dashboards.DeviceState, devices)
	for i := range states {
		d := device(fmt.Sprintf("ap-school-25459-%04d", i), telemetry.KindWiFi)
		d.Area = telemetry.AreaCode(strconv.Itoa(25000 + i%96))
		states[i] = dashboards.DeviceState{Device: d, Registered: true, State: "up", Up: i%10 > 0, LastSeen: noon}
	}
	points, sensors, places := provinceWiFi(devices), provinceSensors(devices), provincePlaces(devices)
	return []dashboards.Source{
		dashboards.NewDeviceCollector(listed(states...), at(noon)),
		dashboards.NewWiFiCollector(func() dashboards.WiFi { return points }),
		dashboards.NewEnvironmentCollector(func() dashboards.Environment { return sensors }),
		dashboards.NewPlaceCollector(func() dashboards.Places { return places }),
		dashboards.NewCoverageCollector(func() dashboards.CoverageFigures {
			return dashboards.CoverageFigures{
				Judged: noon, Areas: []dashboards.CoverageArea{{
					Operator: "45204", Area: "25459", Cells: map[string]int{"covered": 3, "gap": 1}, Tests: 30, Transfers: 20, MeanMbps: 57.3, OnTarget: 0.9, Available: 1,
				}},
				Operators: []dashboards.CoverageOperator{{
					Operator: "45204", Zones: map[string]dashboards.ZoneFigures{"dead": {Zones: 1, Km2: 0.7}}, Cases: map[string]int{"open": 1}, LastTest: noon,
				}},
				Tests: []dashboards.CoverageTests{{Operator: "45204", Tests: 30}, {Operator: "45204", Reason: "indoor", Tests: 4}},
			}
		}),
		dashboards.NewAlertCollector(dashboards.Judgement{
			Alerts: func() []dashboards.AlertState {
				return []dashboards.AlertState{{Name: "SiteDown", Severity: "critical", Kind: "wifi", Area: "25459", Told: true}}
			},
			Incidents: func() []dashboards.IncidentState {
				return []dashboards.IncidentState{{Cause: "uplink", Area: "25459", Down: 3}}
			},
			Counts: func() dashboards.JudgementCounts {
				return dashboards.JudgementCounts{Changes: 1 << 60, RuleFaults: map[string]uint64{"SiteDown": 1}, Rules: 20}
			},
		}),
	}
}

func provinceWiFi(devices int) dashboards.WiFi {
	w := dashboards.WiFi{Refused: map[string]uint64{"month": 1}, Problems: map[string]uint64{"moved": 1}, SketchesTaken: 7}
	for i := range devices * 3 / 8 {
		w.Sites = append(w.Sites, dashboards.WiFiSite{
			Site: telemetry.SiteID(fmt.Sprintf("school-25459-%d", i)), Area: telemetry.AreaCode(strconv.Itoa(25000 + i%96)), Category: "school",
			Verdict: "working", Known: true, Up: true, Clients: int64(i % 40), Slow: i % 2,
		})
	}
	for i := range devices / 8 {
		area := telemetry.AreaCode(strconv.Itoa(25000 + i))
		w.Targets = append(w.Targets, dashboards.WiFiTarget{
			Area: area, Category: "school", Required: 3, Working: 2,
			ByState: map[string]int{"working": 2, "partly": 0, "failed": 1, "no service": 0, "unknown": 0, "not covered": 0, "maintenance": 0},
		})
		w.Availability = append(w.Availability, dashboards.WiFiAvailability{
			Area: area, Category: "school", Ratio: 0.987654321, HasRatio: true, Known: 1, Levels: map[string]float64{"coverage": 0.99, "speed": 0.91},
		})
		w.Users = append(w.Users, dashboards.WiFiUsers{Area: area, Users: 100, Low: 90, High: 110, Ratio: 1e-7, HasRatio: true})
	}
	return w
}

func provinceSensors(devices int) dashboards.Environment {
	e := dashboards.Environment{Corrections: 1, TooLate: 2}
	for i := range devices * 3 / 20 {
		e.Stations = append(e.Stations, dashboards.EnvironmentStation{
			Device: telemetry.DeviceID(fmt.Sprintf("sensor-25459-%d", i)), Area: telemetry.AreaCode(strconv.Itoa(25000 + i%96)),
			Index: telemetry.Some(51.0), Limit: telemetry.Some(0.4), NoiseExcess: telemetry.Some(-7.25), HeatIndex: telemetry.Some(36.6),
			Score: telemetry.Some(1.0), Completeness: telemetry.Some(1.0), Flags: []string{"stuck"},
		})
	}
	return e
}

func provincePlaces(devices int) dashboards.Places {
	p := dashboards.Places{Areas: []telemetry.Area{{Code: "25459", Name: "Tân Ninh"}, {Code: "25460", Name: `a "b" \ c` + "\nd"}}}
	for i := range devices * 3 / 8 {
		p.Sites = append(p.Sites, telemetry.Site{
			ID: telemetry.SiteID(fmt.Sprintf("school-25459-%d", i)), Area: "25459", Category: "school", Name: "Trường tiểu học số " + strconv.Itoa(i),
			At: telemetry.Point{Lat: 11.3, Lon: 106.1},
		})
	}
	for i := range devices / 5 {
		p.Devices = append(p.Devices, telemetry.Device{
			ID: telemetry.DeviceID(fmt.Sprintf("sensor-25459-%d", i)), Kind: telemetry.KindEnvironment, Area: "25459", At: telemetry.Point{Lat: 11.3, Lon: 106.1},
		})
	}
	return p
}

// BenchmarkPage is one scrape of a province of 5,000 devices as Prometheus asks for it,
// beside what a registry would take for the same.
func BenchmarkPage(b *testing.B) {
	registry := prometheus.NewRegistry()
	for _, s := range province(5000) {
		prometheus.WrapRegistererWithPrefix("phusong_", registry).MustRegister(s)
	}
	for _, by := range []struct {
		name string
		http.Handler
	}{
		{"registry", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})},
		{"page", dashboards.Handler(dashboards.HandlerOptions{Gatherer: prometheus.NewRegistry(), Sources: province(5000), Prefix: "phusong_"})},
	} {
		for _, encoding := range []string{"identity", "gzip"} {
			b.Run(by.name+"/"+encoding, func(b *testing.B) {
				b.ReportAllocs()
				size := 0
				for b.Loop() {
					r := ask(b, by, http.MethodGet, "/metrics", "Accept", openMetrics, "Accept-Encoding", encoding)
					if r.Code != http.StatusOK {
						b.Fatal(r.Code)
					}
					size = r.Body.Len()
				}
				b.ReportMetric(float64(size>>10), "KiB/scrape")
			})
		}
	}
}
