package reports

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"

	"phusong/telemetry"
)

// writeGeoJSON writes a FeatureCollection (RFC 7946) of every row that has an outline or a place. The
// table is the property "layer"; the facts are members of the collection.
func writeGeoJSON(w io.Writer, d *Document) error {
	b := bufio.NewWriter(w)
	write := func(s string) { _, _ = b.WriteString(s) } // Flush tells
	write(`{"type":"FeatureCollection","report":` + quoted(d.Name))
	for _, f := range d.Facts {
		write("," + quoted(f.Key) + ":" + f.Value.json())
	}
	write(`,"features":[`)
	first := true
	for i := range d.Tables {
		t := &d.Tables[i]
		for j := range t.Rows {
			row := &t.Rows[j]
			if row.Outline == nil && row.At.IsZero() {
				continue
			}
			if !first {
				write(",")
			}
			first = false
			write("\n" + `{"type":"Feature","geometry":` + string(row.appendGeometry(nil)) + `,"properties":{"layer":` + quoted(t.Key))
			for c, v := range row.Values {
				if v.kind != nothing && t.Columns[c].For != people {
					write("," + quoted(t.Columns[c].Key) + ":" + v.json())
				}
			}
			write("}}")
		}
	}
	write("\n]}\n")
	return b.Flush()
}

func (v Value) json() string {
	switch v.kind {
	case textual:
		if v.key == "true" || v.key == "false" {
			return v.key
		}
		return quoted(v.key)
	case numeric, share, probability:
		return v.machine()
	case nothing:
	}
	return "null"
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // a text always can be
		return `""`
	}
	return string(text)
}

// appendGeometry writes a Point without an outline, a Polygon where there is one, else a
// MultiPolygon.
func (r *Row) appendGeometry(b []byte) []byte {
	outline := r.Outline
	if outline == nil {
		b = append(b, `{"type":"Point","coordinates":`...)
		return append(appendPosition(b, r.At), '}')
	}
	if len(outline) == 1 {
		b = append(b, `{"type":"Polygon","coordinates":`...)
		return append(appendPolygon(b, outline[0]), '}')
	}
	b = append(b, `{"type":"MultiPolygon","coordinates":[`...)
	for i, p := range outline {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPolygon(b, p)
	}
	return append(b, "]}"...)
}

func appendPolygon(b []byte, p telemetry.Polygon) []byte {
	b = append(b, '[')
	for i, ring := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for j, at := range ring {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendPosition(b, at)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}

func appendPosition(b []byte, at telemetry.Point) []byte {
	const places = 6 // 11 cm
	b = append(b, '[')
	b = strconv.AppendFloat(b, rounded(at.Lon, places), 'f', -1, 64)
	b = append(b, ',')
	b = strconv.AppendFloat(b, rounded(at.Lat, places), 'f', -1, 64)
	return append(b, ']')
}
