package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"phusong/dashboards"
	"phusong/internal/mqtt"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// The catalogue of our metrics is what dashboards and alert rules rest on: it
// changes on purpose or not at all. And the manual explains exactly it.
func TestMetricsCatalogue(t *testing.T) {
	t.Parallel()
	body := metricsOfABusyService(t)
	families, err := parseMetrics(body)
	if err != nil {
		t.Fatal(err)
	}
	// A sensor's hour or a month of sites takes longer than a test: of these the
	// collectors themselves tell.
	for _, f := range familiesOfAFullProvince(t) {
		if families[f.GetName()] == nil {
			families[f.GetName()] = f
		}
	}
	var catalogue strings.Builder
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		fmt.Fprintf(&catalogue, "%s %s {%s}\n    %s\n", name, strings.ToLower(f.GetType().String()), strings.Join(labelsOf(f), ","), f.GetHelp())
	}
	golden(t, "testdata/metrics.txt", catalogue.String())

	problems, err := promlint.New(strings.NewReader(ours(body))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestTheManualNamesEveryMetric(t *testing.T) {
	t.Parallel()
	catalogue, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	there := found(regexp.MustCompile(`(?m)^phusong_\w+`), string(catalogue))
	manual := make(map[string]bool)
	for _, page := range globbed(t, "../../docs/*.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := found(regexp.MustCompile(`\bphusong_[a-z0-9_]*[a-z0-9]`), string(text))
		for name := range named {
			if !there[name] {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
		if filepath.Base(page) == "OPERATIONS.md" {
			manual = named
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(manual))); diff != "" {
		t.Errorf("docs/OPERATIONS.md does not name exactly the metrics there are (-are +named):\n%s", diff)
	}
}

// metricsOfABusyService returns /metrics of a service that has seen a bit of
// everything, so that every label is there.
func metricsOfABusyService(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "devices.csv"), "id,kind,area,interval\nap-1,wifi,80,60s\n")
	addr := testbed.Addr(t)
	write(t, filepath.Join(dir, "areas.geojson"), `{"type": "FeatureCollection", "features": [{"type": "Feature",
		"properties": {"code": "25459", "name": "Tân Ninh", "type": "phường", "parent": "80", "population": 100000},
		"geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.2, 11.2], [106.2, 11.4], [106.0, 11.4], [106.0, 11.2]]]}}]}`)
	own := testbed.NewCertificates(t, "nobody")
	s := serve(t, anonymous(addr)+fmt.Sprintf("registry: {devices: %s/devices.csv, areas: [%[1]s/areas.geojson]}\n", dir)+
		fmt.Sprintf("https: {listen: %q, cert_file: %q, key_file: %q}\n", testbed.Addr(t), own.ServerCert, own.ServerKey)+
		`coverage: {judge_every: 1s, validity: {from: "00:00", to: "23:59"}}`+"\n")
	publish(t, addr, "phusong/v1/25459/mobile/probe-1/telemetry", fmt.Sprintf(`{"time": %d, "operator": "45204", "outcome": "ok", "download_mbps": 57.3,
		"lat": 11.31517, "lon": 106.09698, "accuracy_m": 5, "indoor": false, "duration_s": 10}`, time.Now().UnixMilli()))
	publish(t, addr, "phusong/v1/80/wifi/ap-1/telemetry", `{"clients": 1}`)
	publish(t, addr, "phusong/v1/80/wifi/ap-2/telemetry", `{"clients": 1, "time": 0}`)
	publish(t, addr, "phusong/v1/80/wifi/ap-2/telemetry", `{"clients": -1}`)
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == 3 })
	s.awaitMetric(`phusong_coverage_last_test_timestamp_seconds{operator="45204"}`, func(v float64) bool { return v > 0 })
	s.awaitMetric(`phusong_readings_rejected_total{reason="clients"}`, func(v float64) bool { return v == 1 })
	body, err := get("http://" + s.listen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// familiesOfAFullProvince are what the collectors of judgement export when everything
// is known.
func familiesOfAFullProvince(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewRegistry()
	one := telemetry.Some(1.0)
	prometheus.WrapRegistererWithPrefix("phusong_", registry).MustRegister(
		dashboards.NewAlertCollector(dashboards.Judgement{
			Alerts: func() []dashboards.AlertState { return nil }, Incidents: func() []dashboards.IncidentState { return nil },
			Counts: func() dashboards.JudgementCounts {
				return dashboards.JudgementCounts{RuleFaults: map[string]uint64{"rule": 1}}
			},
		}),
		dashboards.NewWiFiCollector(func() dashboards.WiFi {
			return dashboards.WiFi{
				Sites:        []dashboards.WiFiSite{{Site: "s-1", Known: true}},
				Targets:      []dashboards.WiFiTarget{{Required: 1, ByState: map[string]int{"working": 1}}},
				Availability: []dashboards.WiFiAvailability{{HasRatio: true, Levels: map[string]float64{"coverage": 1}}},
				Users:        []dashboards.WiFiUsers{{HasRatio: true}},
				Refused:      map[string]uint64{"month": 1}, Problems: map[string]uint64{"moved": 1},
			}
		}),
		dashboards.NewEnvironmentCollector(func() dashboards.Environment {
			return dashboards.Environment{Stations: []dashboards.EnvironmentStation{{
				Index: one, Limit: one, Noise: one, NoiseExcess: one, HeatIndex: one, WaterLevel: one, WaterAlarm: one, Score: one, Completeness: one,
				Flags: []string{"stuck"},
			}}}
		}),
		dashboards.NewPlaceCollector(func() dashboards.Places {
			return dashboards.Places{
				Areas: []telemetry.Area{{}}, Sites: []telemetry.Site{{}},
				Devices: []telemetry.Device{{Kind: telemetry.KindEnvironment, At: telemetry.Point{Lat: 1, Lon: 1}}},
			}
		}),
	)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// publish sends one message to a broker that lets everybody in.
func publish(t *testing.T, addr, topic, payload string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	link, err := mqtt.Dial(ctx, mqtt.Options{URL: "tcp://" + addr, ClientID: "test-" + t.Name(), CleanSession: true})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if err := link.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: mqtt.AtLeastOnce}); err != nil {
		t.Fatal(err)
	}
}

// ours returns the lines about our metrics; those of Go and of the process are
// their libraries'.
func ours(body string) string {
	var kept strings.Builder
	for line := range strings.Lines(body) {
		if strings.Contains(strings.SplitN(line, "{", 2)[0], "phusong_") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func parseMetrics(body string) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(strings.NewReader(ours(body)))
}

// labelsOf returns the names of the labels that any series of the family bears.
func labelsOf(f *dto.MetricFamily) []string {
	names := make(map[string]bool)
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			names[l.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func found(pattern *regexp.Regexp, text string) map[string]bool {
	all := make(map[string]bool)
	for _, name := range pattern.FindAllString(text, -1) {
		all[name] = true
	}
	return all
}
