package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/paulmach/orb/encoding/mvt"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
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
}

// judgedAgain makes the map another judgement, in which all cells have a verdict.
func (p *province) judgedAgain(version string, verdict tiles.Verdict) {
	again := *p.layer
	again.Version = version
	again.Tiles = tiles.New(new(tiles.Atlas), []tiles.Cell{{Index: uint64(ourHexagon()), Operator: "45204", Area: "25459", Verdict: verdict, Tests: 40}})
	p.layer = &again
}

// A tile is the same until it shows something else, however often the map is judged.
func TestATileIsDrawnWhenItDiffers(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	var tags []string
	for n, verdict := range []tiles.Verdict{tiles.Dead, tiles.Dead, tiles.Gap} {
		c.judgedAgain(fmt.Sprint("judgement ", n), verdict)
		answer := c.as(t.Context(), admin, http.MethodGet, ourTile, "")
		if found := operatorsOn(t, answer); len(found) != 1 || answer.Header.Get("Cache-Control") == soon {
			t.Errorf("judgement %d: %v %v", n, found, answer.Header)
		}
		tags = append(tags, answer.Header.Get("ETag"))
	}
	if tags[0] != tags[1] || tags[1] == tags[2] {
		t.Errorf("the tags are %q; the first two judgements are the same, the last is not", tags)
	}
}

// While one draws a tile anew, the others see it as it was and are told to ask again soon.
func TestNobodyWaitsForATileThatIsDrawnAnew(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	slow := &slowPlaces{province: c.province, entered: make(chan struct{}, 1), leave: make(chan struct{})}
	c.rebuild(t, slow)
	elsewhere := access.Identity{Name: "lan", Role: access.Viewer, Areas: []telemetry.AreaCode{"80"}}
	ask := func(headers ...string) *reply {
		return c.as(t.Context(), elsewhere, http.MethodGet, ourTile, "", headers...)
	}
	before := ask()
	c.judgedAgain("2", tiles.Gap)
	slow.block.Store(true)
	drawn := make(chan *reply)
	go func() { drawn <- ask() }()
	<-slow.entered
	// The one who draws stands still, so who waited for it would do so for ever.
	for range 10 {
		answer := ask()
		if answer.Header.Get("ETag") != before.Header.Get("ETag") || answer.Header.Get("Cache-Control") != soon || !bytes.Equal(answer.Body.Bytes(), before.Body.Bytes()) {
			t.Errorf("meanwhile one gets %v, not the tile before with %q", answer.Header, soon)
		}
	}
	if answer := ask("If-None-Match", before.Header.Get("ETag")); answer.StatusCode != http.StatusNotModified || answer.Header.Get("Cache-Control") != soon {
		t.Errorf("who has the tile before gets %d %v", answer.StatusCode, answer.Header)
	}
	close(slow.leave)
	for _, answer := range []*reply{<-drawn, ask()} {
		if answer.StatusCode != http.StatusOK || answer.Header.Get("ETag") == before.Header.Get("ETag") || answer.Header.Get("Cache-Control") == soon {
			t.Errorf("afterwards: %d %v", answer.StatusCode, answer.Header)
		}
	}
}

// slowPlaces hold up whom they are asked by, while block is set.
type slowPlaces struct {
	*province
	block          atomic.Bool
	entered, leave chan struct{}
}

func (p *slowPlaces) Area(code telemetry.AreaCode) (telemetry.Area, bool) {
	if p.block.Swap(false) {
		p.entered <- struct{}{}
		<-p.leave
	}
	return p.province.Area(code)
}

// The cache holds what was asked for last, within its bound.
func TestTheTileCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c tileCache
	tile := make([]byte, 1<<20)
	for n := range 100 {
		c.put(fmt.Sprint(n), drawnTile{body: tile})
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
	for range 1000 { // drawn anew: the same tile is held once
		c.put("0", drawnTile{body: tile})
	}
	if size, want := c.size, len(c.young)*len(tile); size < want || size > want+len(c.young)*2*tileCost {
		t.Errorf("%d bytes are counted for %d tiles of 1 MiB", size, len(c.young))
	}
	if !bytes.Equal(unzipped(zipped(tile)), tile) {
		t.Error("what is zipped does not come back")
	}
}
