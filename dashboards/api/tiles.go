package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

const vectorTile = "application/vnd.mapbox-vector-tile"

type tileQuestion struct {
	Z uint32 `path:"z" maximum:"14"`
	X uint32 `path:"x"`
	Y string `path:"y" maxLength:"9" doc:"the row, with or without .mvt behind it"`
	DayFilter
	Operator telemetry.OperatorCode `query:"operator" maxLength:"6" doc:"empty: all, each with hexagons of its own"`
	Verdict  []string               `query:"verdict" maxItems:"4" doc:"covered, gap, dead, unproven"`
}

func (q *tileQuestion) parse() (*tiles.Question, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	y, err := strconv.ParseUint(strings.TrimSuffix(q.Y, ".mvt"), 10, 32)
	if err != nil {
		return nil, invalid("tile", "a tile is named zoom/column/row.mvt, such as 10/813/480.mvt")
	}
	t := &tiles.Question{Z: q.Z, X: q.X, Y: uint32(y), Operator: q.Operator}
	if t.Verdicts, err = parseVerdicts(q.Verdict); err != nil {
		return nil, err
	}
	if err := t.Check(); err != nil {
		return nil, invalid("tile", err.Error())
	}
	return t, nil
}

func (s *server) registerTiles(tag string) {
	op := operation(http.MethodGet, "/coverage/tiles/{z}/{x}/{y}", "get-tile", tag,
		"Hexagons with their verdict as a Mapbox Vector Tile; its layer is called cells", access.Read)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK; without a byte when there is nothing",
		Content:     map[string]*huma.MediaType{vectorTile: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	register(s, op, s.tile)
}

// soon has a map ask again for a tile that is being drawn anew.
const soon = "private, max-age=2"

// tile answers with a tile of the latest judgement, or with the one before while another draws it.
func (s *server) tile(ctx context.Context, in *tileQuestion) (*raw, error) {
	q, err := in.parse()
	if err != nil {
		return nil, err
	}
	layer, err := s.Coverage.Layer(ctx, in.Day)
	if err != nil {
		return nil, err
	}
	i := access.From(ctx)
	name := fmt.Sprintf("%s/%d/%d/%d/%s/%v", in.Day, q.Z, q.X, q.Y, string(q.Operator), q.Verdicts)
	if !i.Everywhere() {
		q.Sees = s.seer(&i)
		name += fmt.Sprint("/", i.Areas)
	}
	t, there := s.drawn.get(name)
	if t.version != layer.Version && (!there || !s.drawn.busy(name)) {
		if t, err = s.redraw(name, layer, q); err != nil {
			return nil, err
		}
	}
	answer := &raw{ContentType: vectorTile, ETag: tagOf(name, i, t.print), Body: t.body}
	if len(t.body) > 0 {
		answer.ContentEncoding = "gzip"
	}
	if t.version != layer.Version {
		answer.CacheControl = soon
	}
	return answer, nil
}

// redraw draws a tile, once for all who ask meanwhile, and only when it shows something else than
// at the judgement before.
func (s *server) redraw(name string, layer *CellLayer, q *tiles.Question) (drawnTile, error) {
	drawn, err, _ := s.drawing.Do(name, func() (any, error) {
		s.drawn.begin(name)
		defer s.drawn.end(name)
		t, there := s.drawn.get(name)
		if t.version == layer.Version {
			return t, nil // somebody was faster
		}
		now, err := layer.Tiles.Print(q)
		if err != nil {
			return drawnTile{}, err
		}
		if !there || t.print != now {
			plain, err := layer.Tiles.Draw(q)
			if err != nil {
				return drawnTile{}, err
			}
			t.print, t.body = now, nil
			if plain != nil {
				t.body = zipped(plain)
			}
		}
		t.version = layer.Version
		s.drawn.put(name, t)
		return t, nil
	})
	t, _ := drawn.(drawnTile)
	return t, err
}

// seer says which areas somebody sees, and looks each up once: areas are few, cells many.
func (s *server) seer(i *access.Identity) func(telemetry.AreaCode) bool {
	known := make(map[telemetry.AreaCode]bool)
	return func(area telemetry.AreaCode) bool {
		sees, ok := known[area]
		if !ok {
			sees = s.sees(i, area)
			known[area] = sees
		}
		return sees
	}
}

// A drawnTile is a tile as it is sent.
type drawnTile struct {
	version string // of the layer that it was last compared with
	print   uint64 // see [tiles.Map.Print]
	body    []byte // compressed; empty when there is nothing on it
}

// A tileCache holds the tiles that were asked for last, in two halves: when the one is
// full, the other is forgotten. The zero tileCache is empty.
type tileCache struct {
	mu         sync.Mutex
	young, old map[string]drawnTile
	size       int             // of young, in bytes
	drawing    map[string]bool // the tiles that somebody draws
}

const (
	// tilesKept bounds each half, in bytes.
	tilesKept = 16 << 20
	// tileCost is what an entry takes besides its tile.
	tileCost = 256
)

func (c *tileCache) busy(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drawing[name]
}

func (c *tileCache) begin(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drawing == nil {
		c.drawing = make(map[string]bool)
	}
	c.drawing[name] = true
}

func (c *tileCache) end(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.drawing, name)
}

func (c *tileCache) get(name string) (drawnTile, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.young[name]; ok {
		return t, true
	}
	t, ok := c.old[name]
	if ok {
		c.putLocked(name, t)
	}
	return t, ok
}

func (c *tileCache) put(name string, t drawnTile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(name, t)
}

func (c *tileCache) putLocked(name string, t drawnTile) {
	if c.young == nil || c.size > tilesKept {
		c.old, c.young, c.size = c.young, make(map[string]drawnTile), 0
	}
	if before, ok := c.young[name]; ok {
		c.size -= len(before.body)
	} else {
		c.size += len(name) + tileCost
	}
	c.young[name] = t
	c.size += len(t.body)
}
