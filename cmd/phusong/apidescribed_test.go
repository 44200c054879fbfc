package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"phusong/coverage"
	"phusong/telemetry"
)

// What a running service answers is what its description promises, member by member: the
// types of the console are made of it.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	d := newDistrict(t, w.broker.URL())
	maps.Copy(w.keys, d.registry(map[string]int{"cho-ray": 2}))
	areas := filepath.Join(t.TempDir(), "areas.geojson")
	write(t, areas, `{"type": "FeatureCollection", "features": [{"type": "Feature",
		"properties": {"code": "25459", "name": "Tân Ninh", "type": "phường", "parent": "80", "population": 100000},
		"geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.2, 11.2], [106.2, 11.4], [106.0, 11.4], [106.0, 11.2]]]}}]}`)
	file := filepath.Join(t.TempDir(), "accounts")
	maps.Copy(w.keys, map[string]any{
		"registry.areas": []string{areas}, "access.accounts_file": file,
		"coverage.judge_every": "1s", "coverage.validity.from": "00:00", "coverage.validity.to": "23:59",
	})
	w.configure()
	admin := "Bearer " + w.account(file, "@admin", "--role", "admin")
	w.start()
	d.speak()
	at := telemetry.Point{Lat: 11.31517, Lon: 106.09698}
	cell, _, err := coverage.CellAt(at)
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, w.broker.URL())
	for n := range 40 { // dead, and proven so
		when := time.Now().Add(-time.Duration(n)*97*time.Minute - time.Hour)
		hex := cell.PointHex(n % coverage.PointHexes).Center()
		device := fmt.Sprintf("probe-%d", n%4)
		f.publish(telemetryTopic("mobile", device), fmt.Appendf(nil,
			`{"time":%d,"seq":%d,"sim_operator":"45204","outcome":"no_service","lat":%f,"lon":%f,"accuracy_m":5,"indoor":false,"duration_s":10}`,
			when.UnixMilli(), n+1, hex.Lat, hex.Lon), reading{Device: device, Seq: int64(n + 1), Time: when.UnixMilli()})
	}
	w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, 2)
	w.awaitAtLeast(`phusong_coverage_zones{kind="dead",operator="45204"}`, 1)
	d.set("cho-ray", false, 0)
	var zones struct {
		Features []struct{ Properties struct{ ID string } }
	}
	if err := w.ask(http.MethodGet, "/coverage/zones.geojson", "", &zones, "Authorization", admin); err != nil || len(zones.Features) == 0 {
		t.Fatalf("zones %+v, %v", zones, err)
	}
	var gap struct{ ID string }
	if err := w.ask(http.MethodPost, "/cases", fmt.Sprintf(`{"zone":%q}`, zones.Features[0].Properties.ID), &gap, "Authorization", admin); err != nil {
		t.Fatal(err)
	}
	if err := w.ask(http.MethodPost, "/cases/"+gap.ID+"/send", `{"note":"gửi"}`, nil, "Authorization", admin); err != nil {
		t.Fatal(err)
	}
	w.await(func() error {
		var list struct{ Total int }
		if err := w.ask(http.MethodGet, "/alerts", "", &list, "Authorization", admin); err != nil || list.Total == 0 {
			return fmt.Errorf("%d alerts, %w", list.Total, err)
		}
		return nil
	})
	book := w.described()
	now := time.Now().UTC()
	for path, question := range map[string]string{
		"/areas": "", "/areas.geojson": "", "/sites": "", "/sites.geojson": "", "/devices": "", "/devices.geojson": "", "/targets": "", "/alerts": "", "/incidents": "",
		"/maintenance": "", "/coverage/cells.geojson": "", "/coverage/zones.geojson": "", "/coverage/days": "", "/survey": "", "/cases": "", "/deadletters": "",
		"/service": "", "/console": "", "/session": "", "/environment/stations": "", "/environment/scale": "", "/wifi/usage": "", "/wifi/availability": "",
		"/cases/" + gap.ID: "/cases/{id}", "/cases/" + gap.ID + "/dossier": "/cases/{id}/dossier", "/cases/" + gap.ID + "/review": "/cases/{id}/review",
		"/coverage/cells/" + cell.String() + "?operator=45204": "/coverage/cells/{cell}", "/devices/cho-ray-0": "/devices/{device}",
		fmt.Sprintf("/series?kind=wifi&device=cho-ray-0&field=clients&from=%s&to=%s&step=1m", now.Add(-time.Hour).Format(time.RFC3339), now.Format(time.RFC3339)): "/series",
	} {
		if question == "" {
			question = path
		}
		if err := book.check(path, question, admin); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A described API is a running one with its description.
type described struct {
	w        *town
	compiler *jsonschema.Compiler
	paths    map[string]struct {
		Get struct {
			Responses map[string]struct{ Content map[string]any }
		}
	}
}

func (w *town) described() *described {
	w.t.Helper()
	_, text, err := w.get("/openapi.json")
	if err != nil {
		w.t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	b := &described{w: w, compiler: jsonschema.NewCompiler()}
	b.compiler.AssertFormat()
	if err := b.compiler.AddResource("openapi.json", document); err != nil {
		w.t.Fatal(err)
	}
	var known struct{ Paths json.RawMessage }
	if err := json.Unmarshal([]byte(text), &known); err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(known.Paths, &b.paths); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// check asks for a path and compares the answer with what is said of the operation.
func (b *described) check(path, operation, token string) error {
	ctx, cancel := context.WithTimeout(b.w.t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.w.url("/api/v1"+path), http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", token)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	kind := answer.Header.Get("Content-Type")
	if _, ok := b.paths["/api/v1"+operation].Get.Responses["200"].Content[kind]; !ok || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%d, %s is not described: %s", answer.StatusCode, kind, text)
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1")
	schema, err := b.compiler.Compile("openapi.json#/paths/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer.Replace("/api/v1"+operation)) +
		"/get/responses/200/content/" + pointer.Replace(kind) + "/schema")
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%w\n%.2000s", err, text)
	}
	return nil
}

// write makes a file of the test.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
