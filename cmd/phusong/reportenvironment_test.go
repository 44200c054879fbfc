package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/airquality"
	"phusong/internal/sqlite"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

func TestReportOfEnvironmentPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	config := quarterStore(t)
	for file, args := range map[string][]string{
		"environment.vi.txt":      nil,
		"environment.en.txt":      {"--lang", "en", "--area", "25459"},
		"environment-sensors.csv": {"--format", "csv", "--table", "sensors"},
		"environment-water.csv":   {"--format", "csv", "--table", "water"},
	} {
		golden(t, "testdata/report/"+file, reported(t, period("environment", config, args...)...))
	}
}

const (
	plainDevices = `id,kind,site,interval,reference,water_alarms,water_rise
air-1,environment,school-1,10m,yes,,
gauge-1,environment,quay-1,10m,,2 3 4,0.5
never-1,environment,quay-1,10m,,,
`
	plainSites = `id,name,category,area,lat,lon,required
school-1,Trường THCS,school,25459,11.30,106.07,true
quay-1,Bến sông,office,25486,11.30,106.12,false
`
)

// plainReading is what a sensor says at an instant; nothing repeats to the last digit.
func plainReading(device, area string, at time.Time, fill func(e *telemetry.Environment, wiggle float64)) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindEnvironment)
	r.Device, r.Area, r.Time, r.Received = telemetry.DeviceID(device), telemetry.AreaCode(area), at.UTC(), at.Add(time.Second).UTC()
	fill(r.Environment, float64(at.Unix()/600%7-3)/10)
	return r
}

// plainDays are three days that can be judged by hand: PM2.5 of 55 (index 108), 60 dB(A) beside a
// school, 34 °C at 60 %; a river that stands at 1 m, at 2.5 m from 08:00 to 12:00 of the second
// day, and at 3.5 m from 10:00 to 11:00 of it. Everything came two hours late.
func plainDays(from time.Time) (list []telemetry.Reading) {
	for at := from.AddDate(0, 0, -1); at.Before(from.AddDate(0, 0, 3)); at = at.Add(10 * time.Minute) {
		since := at.Sub(from.AddDate(0, 0, 1))
		level := 1.0
		if since >= 8*time.Hour && since < 12*time.Hour {
			level = 2.5
		}
		if since >= 10*time.Hour && since < 11*time.Hour {
			level = 3.5
		}
		list = append(list,
			plainReading("air-1", "25459", at, func(e *telemetry.Environment, w float64) {
				e.PM25, e.NoiseDBA = telemetry.Some(55+w), telemetry.Some(60+w)
				e.TemperatureC, e.HumidityPct = telemetry.Some(34+w/10), telemetry.Some(60+w)
			}),
			plainReading("gauge-1", "25486", at, func(e *telemetry.Environment, w float64) { e.WaterLevelM = telemetry.Some(level + w/100) }))
	}
	for i := range list {
		list[i].Received, list[i].Flags = list[i].Time.Add(2*time.Hour), telemetry.FlagLate
	}
	return list
}

func TestReportOfEnvironmentIsTruePlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "areas.geojson"), reportAreas)
	write(t, filepath.Join(dir, "devices.csv"), plainDevices)
	write(t, filepath.Join(dir, "sites.csv"), plainSites)
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: dataFolder(dir).store()})
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, airquality.Zone())
	if err := s.Write(t.Context(), plainDays(from)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	config := configured(t, fmt.Sprintf("data: %q\nmqtt: {url: 'tcp://127.0.0.1:1'}\nregistry: {areas: [%q], sites: %q, devices: %q}\n", dir,
		filepath.Join(dir, "areas.geojson"), filepath.Join(dir, "sites.csv"), filepath.Join(dir, "devices.csv")))
	table := func(name string) []map[string]string {
		return csvRows(t, reported(t, "environment", "-c", config, "--from", "2026-10-01", "--to", "2026-10-03", "--format", "csv", "--table", name))
	}
	check := func(what string, rows []map[string]string, want ...map[string]string) {
		t.Helper()
		if len(rows) != len(want) {
			t.Errorf("%s: %d rows, want %d: %v", what, len(rows), len(want), rows)
			return
		}
		for i := range want {
			got := make(map[string]string)
			for key := range want[i] {
				got[key] = rows[i][key]
			}
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Errorf("%s, row %d (-want +got):\n%s", what, i+1, diff)
			}
		}
	}
	check("sensors", table("sensors"),
		map[string]string{"sensor": "air-1", "mark": "reference", "days_heard": "3", "aqi_days": "3", "aqi_poor": "3", "aqi_good": "0", "main_pollutant": "pm25", "worst_aqi": "108", "limit_days": "3", "completeness": "1", "score": "100"},
		map[string]string{"sensor": "gauge-1", "mark": "", "days_heard": "3", "aqi_days": "0", "worst_aqi": "", "completeness": "1"},
		map[string]string{"sensor": "never-1", "mark": "", "days_heard": "0", "completeness": ""})
	check("limits", table("limits"),
		map[string]string{"sensor": "air-1", "pollutant": "pm25", "period": "24h", "limit_ugm3": "45", "days_above": "3", "means_above": "72"})
	check("noise", table("noise"),
		map[string]string{"zone": "special", "hours": "06-21", "limit_dba": "55", "replaced": "true", "measured_h": "45", "above_h": "45"},
		map[string]string{"zone": "special", "hours": "21-06", "limit_dba": "45", "replaced": "true", "measured_h": "27", "above_h": "27"})
	check("heat", table("heat"), map[string]string{"sensor": "air-1", "measured_h": "72", "heat_danger": "72", "heat_none": "0", "highest_c": "42.2"})
	check("water", table("water"),
		map[string]string{"sensor": "gauge-1", "alarm": "2", "reached_1": "1", "reached_2": "1", "reached_3": "0", "highest_m": "3.5"})
	check("areas", table("areas"),
		map[string]string{"area": "all", "sensors": "3", "sensors_heard": "2", "aqi_poor": "3", "limit_days": "3", "water_alarm": "2", "heat_h_danger": "72", "noise_h_above": "72", "aqi_days_indicative": "0"},
		map[string]string{"area": "80", "sensors": "3"}, map[string]string{"area": "25459", "sensors": "1"}, map[string]string{"area": "25486", "sensors": "2", "water_alarm": "2"})
	check("flags", table("flags"))
}
