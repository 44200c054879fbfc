package main

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/alerts/wifi"
	"phusong/dashboards"
	"phusong/telemetry"
)

// What the book knows is what Prometheus is told.
func TestWiFiMetricsOfABook(t *testing.T) {
	t.Parallel()
	book, err := wifi.New(wifi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 9, 15, 5, 0, 0, 0, time.UTC)
	book.Register(noon, wifi.Register{
		Devices: []telemetry.Device{
			{ID: "ap-1", Kind: telemetry.KindWiFi, Site: "school", Interval: time.Minute},
			{ID: "ap-2", Kind: telemetry.KindWiFi, Site: "hospital", Interval: time.Minute},
		},
		Sites: []telemetry.Site{
			{ID: "school", Category: telemetry.School, Area: "25459", Required: true},
			{ID: "hospital", Category: telemetry.Hospital, Area: "25459", Required: true},
			{ID: "park", Category: telemetry.Tourism, Area: "25459", Required: true},
		},
		Areas: []telemetry.Area{{Code: "25459", Parent: "80", Population: 100}},
	})
	book.SetState(noon, "ap-1", wifi.Up, time.Time{})
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Device, r.Area, r.Time = "ap-1", "25459", noon
	r.WiFi.Clients, r.WiFi.PortalOK = telemetry.Some[int64](7), telemetry.Some(true)
	r.WiFi.UsersSketch = telemetry.Some("hll1:2026-09:9f3c2a1bd4e5f607:Ag4AAQAAAAAAAAAAAAAAAAAAAAA=")
	book.Observe(noon, &r)
	book.Advance(noon.Add(time.Minute))
	r.Time = noon.Add(time.Minute)
	book.Observe(r.Time, &r)

	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(dashboards.NewWiFiCollector(func() dashboards.WiFi { return wifiState(book) }))
	err = testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP wifi_site_up 1 while people get service at the site, 0 while they do not. Absent while nothing is known.
		# TYPE wifi_site_up gauge
		wifi_site_up{area="25459",category="school",site="school"} 1
		wifi_site_up{area="25459",category="tourism",site="park"} 0
		# HELP wifi_site_verdict_info The site's verdict: working, partly, failed, no service or unknown. Always 1.
		# TYPE wifi_site_verdict_info gauge
		wifi_site_verdict_info{area="25459",category="hospital",site="hospital",verdict="unknown"} 1
		wifi_site_verdict_info{area="25459",category="school",site="school",verdict="working"} 1
		wifi_site_verdict_info{area="25459",category="tourism",site="park",verdict="no service"} 1
		# HELP wifi_service_level_ratio Share of the user minutes of the month so far that met the level, of those in which it was measured.
		# TYPE wifi_service_level_ratio gauge
		wifi_service_level_ratio{area="",category="",level="connect"} 1
		wifi_service_level_ratio{area="",category="school",level="connect"} 1
		wifi_service_level_ratio{area="25459",category="",level="connect"} 1
		wifi_service_level_ratio{area="25459",category="school",level="connect"} 1
		wifi_service_level_ratio{area="80",category="",level="connect"} 1
		wifi_service_level_ratio{area="80",category="school",level="connect"} 1
		# HELP wifi_users Estimate of the different users of the month so far. An empty area is every area.
		# TYPE wifi_users gauge
		wifi_users{area=""} 0
		wifi_users{area="25459"} 0
		wifi_users{area="80"} 0
		# HELP wifi_sketches_refused_total Sketches of users that were refused, by reason.
		# TYPE wifi_sketches_refused_total counter
		wifi_sketches_refused_total{reason="damaged"} 0
		wifi_sketches_refused_total{reason="implausible"} 0
		wifi_sketches_refused_total{reason="month"} 0
		wifi_sketches_refused_total{reason="precision"} 0
		wifi_sketches_refused_total{reason="salt"} 0
	`), "wifi_site_up", "wifi_site_verdict_info", "wifi_service_level_ratio", "wifi_users", "wifi_sketches_refused_total")
	if err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("metric %s: %s", p.Metric, p.Text)
	}
}
