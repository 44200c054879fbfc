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
		return nil, huma.Error422UnprocessableEntity("a tile is named zoom/column/row.mvt, such as 10/813/480.mvt")
	}
	t := &tiles.Question{Z: q.Z, X: q.X, Y: uint32(y), Operator: q.Operator}
	if t.Verdicts, err = parseVerdicts(q.Verdict); err != nil {
		return nil, err
	}
	if err := t.Check(); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
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

// tile draws a tile once for each judgement and for each who sees the same.
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
	key := fmt.Sprintf("%s/%d/%d/%d/%s/%v", layer.Version, q.Z, q.X, q.Y, string(q.Operator), q.Verdicts)
	if !i.Everywhere() {
		q.Sees = s.seer(&i)
		key += fmt.Sprint("/", i.Areas)
	}
	body, there := s.drawn.get(key)
	if !there {
		drawn, err, _ := s.drawing.Do(key, func() (any, error) {
			plain, err := layer.Tiles.Draw(q)
			if err != nil || plain == nil {
				return []byte(nil), err
			}
			return zipped(plain), nil
		})
		if err != nil {
			return nil, err
		}
		body, _ = drawn.([]byte)
		s.drawn.put(key, body)
	}
	answer := &raw{ContentType: vectorTile, ETag: tagOf(key, i, ""), Body: body}
	if len(body) > 0 {
		answer.ContentEncoding = "gzip"
	}
	return answer, nil
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

// A tileCache holds the tiles that were asked for last, in two halves: when the one is
// full, the other is forgotten. The zero tileCache is empty.
type tileCache struct {
	mu         sync.Mutex
	young, old map[string][]byte
	size       int // of young, in bytes
}

const (
	// tilesKept bounds each half, in bytes.
	tilesKept = 16 << 20
	// tileCost is what an entry takes besides its tile.
	tileCost = 256
)

func (c *tileCache) get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if body, ok := c.young[key]; ok {
		return body, true
	}
	body, ok := c.old[key]
	if ok {
		c.putLocked(key, body)
	}
	return body, ok
}

func (c *tileCache) put(key string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(key, body)
}

func (c *tileCache) putLocked(key string, body []byte) {
	if c.young == nil || c.size > tilesKept {
		c.old, c.young, c.size = c.young, make(map[string][]byte), 0
	}
	if _, ok := c.young[key]; !ok {
		c.young[key] = body
		c.size += len(body) + len(key) + tileCost
	}
}
