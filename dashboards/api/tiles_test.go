package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/paulmach/orb/encoding/mvt"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

const ourTile = Prefix + "/coverage/tiles/10/813/479.mvt"

// operatorsOn returns whose hexagons are on a tile that was answered.
func operatorsOn(t *testing.T, answer *reply) map[any]int {
	t.Helper()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != vectorTile {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	body := io.Reader(answer.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(answer.Body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := mvt.Unmarshal(text)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[any]int)
	for _, l := range layers {
		for _, f := range l.Features {
			found[f.Properties["operator"]]++
		}
	}
	return found
}

func TestTiles(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	elsewhere := access.Identity{Name: "x", Role: access.Field, Areas: []telemetry.AreaCode{"25461"}}
	for _, test := range []struct {
		who     access.Identity
		path    string
		headers []string
		want    map[any]int
	}{
		{admin, ourTile, nil, map[any]int{"45204": 1, "45201": 1}},
		{admin, ourTile, []string{"Accept-Encoding", "gzip"}, map[any]int{"45204": 1, "45201": 1}},
		{admin, ourTile + "?operator=45204&verdict=dead,gap", nil, map[any]int{"45204": 1}},
		{admin, ourTile + "?verdict=covered", nil, map[any]int{}},
		{admin, Prefix + "/coverage/tiles/10/0/0", nil, map[any]int{}},
		{field, ourTile, nil, map[any]int{"45204": 1}},
		{elsewhere, ourTile, nil, map[any]int{}},
	} {
		for range 2 { // drawn, and remembered
			answer := c.as(t.Context(), test.who, http.MethodGet, test.path, "", test.headers...)
			if got := operatorsOn(t, answer); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("%s sees %v of %s, want %v", test.who.Name, got, test.path, test.want)
			}
		}
	}
	before := c.as(t.Context(), admin, http.MethodGet, ourTile, "").Header.Get("ETag")
	again := *c.layer
	again.Version = "2"
	c.layer = &again
	if after := c.as(t.Context(), admin, http.MethodGet, ourTile, "").Header.Get("ETag"); after == before {
		t.Errorf("after another judgement the tag is %s still", after)
	}
}

// The cache holds what was asked for last, within its bound.
func TestTheTileCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c tileCache
	tile := make([]byte, 1<<20)
	for n := range 100 {
		c.put(fmt.Sprint(n), tile)
		if _, ok := c.get("0"); !ok {
			t.Fatalf("what is asked for always was forgotten after %d", n)
		}
	}
	if held := len(c.young) + len(c.old); held > 2*tilesKept>>20+2 {
		t.Errorf("%d tiles of 1 MiB are held", held)
	}
	if _, ok := c.get("1"); ok {
		t.Error("what nobody asks for is held for ever")
	}
	if !bytes.Equal(unzipped(zipped(tile)), tile) {
		t.Error("what is zipped does not come back")
	}
}
