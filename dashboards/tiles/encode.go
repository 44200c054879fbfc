package tiles

import (
	"math"

	"github.com/paulmach/orb"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields and commands in the Mapbox Vector Tile specification 2.1. The
// library that reads tiles in the tests could write them too; it would take several times as
// long and bring BSON and a second protobuf into the program.
const (
	tileLayer = 3

	layerName, layerFeature, layerKey, layerValue, layerExtent, layerVersion = 1, 2, 3, 4, 5, 15

	featureTags, featureType, featureGeometry = 2, 3, 4
	polygon                                   = 3

	valueString, valueDouble, valueUint = 1, 3, 5

	moveTo, lineTo, closePath = 1, 2, 7
)

// A layer is the one layer of a tile in the making.
type layer struct {
	features []byte
	count    int
	keys     []byte
	values   []byte

	keyOf    map[string]uint64
	valueOf  map[any]uint64
	tags     []byte // of the feature in the making, as the following
	geometry []byte
	feature  []byte
}

func newLayer() *layer {
	return &layer{keyOf: make(map[string]uint64), valueOf: make(map[any]uint64)}
}

// text, number and count add a property to the feature in the making.
func (l *layer) text(key, value string) {
	l.tag(key, value, func(b []byte) []byte {
		return protowire.AppendString(protowire.AppendTag(b, valueString, protowire.BytesType), value)
	})
}

func (l *layer) number(key string, value float64) {
	l.tag(key, value, func(b []byte) []byte {
		return protowire.AppendFixed64(protowire.AppendTag(b, valueDouble, protowire.Fixed64Type), math.Float64bits(value))
	})
}

func (l *layer) integer(key string, value int) {
	l.tag(key, value, func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, valueUint, protowire.VarintType), uint64(max(0, value)))
	})
}

// tag refers to a key and a value, which a layer holds once each.
func (l *layer) tag(key string, value any, encode func([]byte) []byte) {
	k, ok := l.keyOf[key]
	if !ok {
		k = uint64(len(l.keyOf))
		l.keyOf[key] = k
		l.keys = protowire.AppendString(protowire.AppendTag(l.keys, layerKey, protowire.BytesType), key)
	}
	v, ok := l.valueOf[value]
	if !ok {
		v = uint64(len(l.valueOf))
		l.valueOf[value] = v
		var room [64]byte
		l.values = protowire.AppendBytes(protowire.AppendTag(l.values, layerValue, protowire.BytesType), encode(room[:0]))
	}
	l.tags = protowire.AppendVarint(protowire.AppendVarint(l.tags, k), v)
}

// add completes the feature: a ring that is open, in the tile's coordinates.
func (l *layer) add(ring orb.Ring) {
	l.geometry = l.geometry[:0]
	var x, y int64
	for i, p := range ring {
		switch i {
		case 0:
			l.command(moveTo, 1)
		case 1:
			l.command(lineTo, len(ring)-1)
		}
		toX, toY := int64(math.Round(p[0])), int64(math.Round(p[1]))
		l.geometry = protowire.AppendVarint(l.geometry, protowire.EncodeZigZag(toX-x))
		l.geometry = protowire.AppendVarint(l.geometry, protowire.EncodeZigZag(toY-y))
		x, y = toX, toY
	}
	l.command(closePath, 1)
	f := protowire.AppendBytes(protowire.AppendTag(l.feature[:0], featureTags, protowire.BytesType), l.tags)
	f = protowire.AppendVarint(protowire.AppendTag(f, featureType, protowire.VarintType), polygon)
	f = protowire.AppendBytes(protowire.AppendTag(f, featureGeometry, protowire.BytesType), l.geometry)
	l.features = protowire.AppendBytes(protowire.AppendTag(l.features, layerFeature, protowire.BytesType), f)
	l.feature, l.tags = f, l.tags[:0]
	l.count++
}

func (l *layer) command(id, count int) {
	l.geometry = protowire.AppendVarint(l.geometry, uint64(id|count<<3))
}

// tile returns the whole tile; nothing when there is no feature.
func (l *layer) tile() []byte {
	if l.count == 0 {
		return nil
	}
	b := make([]byte, 0, len(l.features)+len(l.keys)+len(l.values)+64)
	b = protowire.AppendVarint(protowire.AppendTag(b, layerVersion, protowire.VarintType), 2)
	b = protowire.AppendString(protowire.AppendTag(b, layerName, protowire.BytesType), LayerName)
	b = append(append(append(b, l.features...), l.keys...), l.values...)
	b = protowire.AppendVarint(protowire.AppendTag(b, layerExtent, protowire.VarintType), extent)
	return protowire.AppendBytes(protowire.AppendTag(nil, tileLayer, protowire.BytesType), b)
}
