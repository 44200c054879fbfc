package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/telemetry"
)

func decoded[T any](t *testing.T, answer *reply) (v T) {
	t.Helper()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The map begins with what one sees: the outlines, or without any the places.
func TestBounds(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	outlined := decoded[ConsoleSettings](t, c.as(t.Context(), admin, http.MethodGet, Prefix+"/console", ""))
	if diff := cmp.Diff(&MapBounds{MinLon: 106, MinLat: 11, MaxLon: 107, MaxLat: 12, Of: "areas"}, outlined.Bounds); diff != "" {
		t.Errorf("with outlines (-want +got):\n%s", diff)
	}
	elsewhere := field
	elsewhere.Areas = []telemetry.AreaCode{"25460"}
	places := decoded[ConsoleSettings](t, c.as(t.Context(), elsewhere, http.MethodGet, Prefix+"/console", ""))
	if diff := cmp.Diff(&MapBounds{MinLon: 106.1, MinLat: 12.3, MaxLon: 106.1, MaxLat: 12.3, Of: "places"}, places.Bounds); diff != "" {
		t.Errorf("without (-want +got):\n%s", diff)
	}
	elsewhere.Areas = []telemetry.AreaCode{"99999"}
	if nothing := decoded[ConsoleSettings](t, c.as(t.Context(), elsewhere, http.MethodGet, Prefix+"/console", "")); nothing.Bounds != nil {
		t.Errorf("of nothing: %+v", nothing.Bounds)
	}
}

// An area without an outline has none drawn for it; it says where its places are.
func TestAreasWithoutAnOutline(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	areas := decoded[Collection[MultiPolygonGeometry, AreaOutline]](t, c.as(t.Context(), admin, http.MethodGet, Prefix+"/areas.geojson", ""))
	got := make(map[telemetry.AreaCode][]any)
	for _, f := range areas.Features {
		got[f.Properties.Code] = []any{f.Properties.Outline, len(f.Geometry.Coordinates), f.Properties.BBox}
	}
	want := map[telemetry.AreaCode][]any{
		"80": {"none", 0, []float64(nil)}, "25459": {"legal", 1, []float64(nil)}, "25460": {"none", 0, []float64{106.1, 12.3, 106.1, 12.3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheServiceSaysHowItDoes(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	if err := c.hub.enter("somebody"); err != nil {
		t.Fatal(err)
	}
	state := decoded[ServiceState](t, c.as(t.Context(), viewer, http.MethodGet, Prefix+"/service", ""))
	if state.Version != "test" || state.Listeners != 1 || !state.At.Equal(noon) {
		t.Errorf("it says %+v", state)
	}
}

// Parts of a replay go on from one instant of our own clock, whatever a client's says.
func TestReplayingInParts(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"all":true}`: "replay [] 0 before 05:00:00",
		`{"all":true,"limit":500,"before":"2026-11-20T04:00:00Z"}`: "replay [] 500 before 04:00:00",
		`{"all":true,"limit":500,"before":"2026-11-20T09:00:00Z"}`: "replay [] 500 before 05:00:00",
		`{"ids":["1-0"]}`: "replay [1-0] 0 before 05:00:00",
	} {
		c := newConsole(t)
		got := decoded[Replayed](t, c.as(t.Context(), admin, http.MethodPost, Prefix+"/deadletters/replay", body))
		if diff := cmp.Diff([]string{want}, c.acts); diff != "" || !strings.HasSuffix(want, got.Before.Format(time.TimeOnly)) {
			t.Errorf("%s: %+v (-want +got):\n%s", body, got, diff)
		}
	}
}
