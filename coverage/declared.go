package coverage

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/uber/h3-go/v4"

	"phusong/telemetry"
)

// Declared is the coverage that operators say they have. It is for one goroutine while it
// is filled, and for any afterwards.
type Declared struct {
	cells map[key]*declaredCell
}

type declaredCell struct {
	km2    float64 // declared of the cell
	weight float64 // Mbit/s times km²
}

// NewDeclared returns an empty layer.
func NewDeclared() *Declared { return &Declared{cells: make(map[key]*declaredCell)} }

// AddPolygon adds a declared area with its rate. A cell counts by as many of its
// sub-cells of resolution 11 (343 of them) as have their centre inside; parts that
// overlap count once for each polygon.
func (d *Declared) AddPolygon(operator telemetry.OperatorCode, polygon telemetry.Polygon, mbps float64) error {
	const fine = CellResolution + 3
	loops := make([]h3.GeoLoop, len(polygon))
	for i, ring := range polygon {
		for _, p := range ring {
			loops[i] = append(loops[i], h3.LatLng{Lat: p.Lat, Lng: p.Lon})
		}
	}
	if len(loops) == 0 || len(loops[0]) < 4 {
		return errors.New("adding declared coverage: the polygon has no outline of four points or more")
	}
	parts, err := h3.PolygonToCells(h3.GeoPolygon{GeoLoop: loops[0], Holes: loops[1:]}, fine)
	if err != nil {
		return fmt.Errorf("adding declared coverage: %w", err)
	}
	counts := make(map[Cell]int)
	for _, p := range parts {
		counts[Cell(p).parent(CellResolution)]++
	}
	for cell, n := range counts {
		d.add(operator, cell, cell.AreaKm2()*float64(n)/343, mbps)
	}
	return nil
}

func (d *Declared) add(operator telemetry.OperatorCode, cell Cell, km2, mbps float64) {
	k := key{cell, plmnOf(operator)}
	c := d.cells[k]
	if c == nil {
		c = new(declaredCell)
		d.cells[k] = c
	}
	c.km2 += km2
	c.weight += km2 * mbps
}

// half of a cell's area must be declared for the cell to be, as for point-hexes in 47
// CFR 1.7006(e).
const half = 0.5

// Mbps returns the mean rate that is declared for a cell, weighted by area; false when less
// than half of the cell is declared.
func (d *Declared) Mbps(cell Cell, operator telemetry.OperatorCode) (mbps float64, declared bool) {
	if d == nil {
		return 0, false
	}
	c := d.cells[key{cell, plmnOf(operator)}]
	if c == nil || c.km2 < half*cell.AreaKm2() {
		return 0, false
	}
	return round(c.weight/c.km2, 2), true
}

// ReadCSV adds a raster as Austria's regulator publishes it: a row for each raster cell, with
// columns operator (a PLMN), dl_normal (bit/s; 0 for none) and the place, as raster (an H3
// index of resolution 8 or finer) or as lat and lon of the middle of a square of sideM metres.
// The separator is a semicolon or a comma. Other columns are ignored. The error names the
// line; rows before it have been added.
func (d *Declared) ReadCSV(r io.Reader, sideM float64) (rows int, err error) {
	buffered := bufio.NewReader(r)
	table := csv.NewReader(buffered)
	table.ReuseRecord = true
	if head, _ := buffered.Peek(200); bytes.ContainsRune(head, ';') {
		table.Comma = ';'
	}
	names, err := table.Read()
	if err != nil {
		return 0, fmt.Errorf("reading declared coverage: %w", err)
	}
	columns, err := declaredColumns(names, sideM)
	if err != nil {
		return 0, fmt.Errorf("reading declared coverage: line 1: %w", err)
	}
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err == nil {
			err = d.addRow(row, &columns)
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			return rows, fmt.Errorf("reading declared coverage: line %d: %w", line, err)
		}
		rows++
	}
}

// columnSet are the places of the columns, -1 for none.
type columnSet struct {
	operator, rate, raster, lat, lon int
	km2                              float64
}

func declaredColumns(names []string, sideM float64) (columnSet, error) {
	find := func(name string) int {
		return slices.IndexFunc(names, func(s string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(s, "\ufeff")), name)
		})
	}
	c := columnSet{
		operator: find("operator"), rate: find("dl_normal"), raster: find("raster"), lat: find("lat"), lon: find("lon"),
		km2: sideM * sideM / 1e6,
	}
	switch {
	case c.operator < 0 || c.rate < 0:
		return c, errors.New("the columns operator and dl_normal must be there")
	case c.raster < 0 && (c.lat < 0 || c.lon < 0):
		return c, errors.New("the place must be there, as raster or as lat and lon")
	case c.raster < 0 && !(c.km2 > 0):
		return c, errors.New("rows with lat and lon need the side of a raster cell in metres")
	}
	return c, nil
}

func (d *Declared) addRow(row []string, c *columnSet) error {
	operator, err := telemetry.ParseOperatorCode(strings.TrimSpace(row[c.operator]))
	if err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	bps, err := strconv.ParseFloat(strings.TrimSpace(row[c.rate]), 64)
	if err != nil || !(bps >= 0 && bps <= maxRate*1e6) {
		return fmt.Errorf("dl_normal: %q is not a rate in bit/s", row[c.rate])
	}
	cell, km2, err := c.place(row)
	if err != nil || bps == 0 {
		return err
	}
	d.add(operator, cell, km2, bps/1e6)
	return nil
}

func (c *columnSet) place(row []string) (Cell, float64, error) {
	if c.raster >= 0 {
		index := h3.CellFromString(strings.TrimSpace(row[c.raster]))
		if !index.IsValid() || index.Resolution() < CellResolution {
			return 0, 0, fmt.Errorf("raster: %q is not an H3 cell of resolution %d or finer", row[c.raster], CellResolution)
		}
		return Cell(index).parent(CellResolution), Cell(index).AreaKm2(), nil
	}
	lat, err := strconv.ParseFloat(strings.TrimSpace(row[c.lat]), 64)
	lon, err2 := strconv.ParseFloat(strings.TrimSpace(row[c.lon]), 64)
	p := telemetry.Point{Lat: lat, Lon: lon}
	if err = errors.Join(err, err2); err == nil {
		err = p.Validate()
	}
	if err != nil || p.IsZero() || math.IsNaN(lat+lon) {
		return 0, 0, fmt.Errorf("%q, %q are not a position", row[c.lat], row[c.lon])
	}
	cell, _, err := CellAt(p)
	return cell, c.km2, err
}

// A Mismatch compares what is declared for a cell with what was measured there.
type Mismatch struct {
	Cell         Cell                   `json:"cell"`
	Operator     telemetry.OperatorCode `json:"operator"`
	Kind         MismatchKind           `json:"kind"`
	DeclaredMbps float64                `json:"declared_mbps"` // 0 when not declared
	Verdict      Verdict                `json:"verdict"`
	Tests        int                    `json:"tests"`
	MeanMbps     float64                `json:"mean_mbps"`
	Residents    int                    `json:"residents"` // estimate
}

// A MismatchKind says how the declared and the measured differ. They are in the order
// in which they matter.
type MismatchKind string

// The kinds.
const (
	DeclaredDead       MismatchKind = "declared_dead"       // declared, and proven dead
	DeclaredGap        MismatchKind = "declared_gap"        // declared, and proven below the target
	DeclaredUnproven   MismatchKind = "declared_unproven"   // declared, and too few tests to say
	DeclaredUntested   MismatchKind = "declared_untested"   // declared, and no test
	UndeclaredCovered  MismatchKind = "undeclared_covered"  // proven covered, and not declared
	DeclaredCovered    MismatchKind = "declared_covered"    // both agree
	UndeclaredMeasured MismatchKind = "undeclared_measured" // not declared, and not proven covered
)

func mismatchKinds() []MismatchKind {
	return []MismatchKind{DeclaredDead, DeclaredGap, DeclaredUnproven, DeclaredUntested, UndeclaredCovered, DeclaredCovered, UndeclaredMeasured}
}

// Compare sets the declared beside the measured for every cell of which either is known:
// first what is declared and proven missing, and in each kind the most residents first.
func (a *Assessment) Compare(d *Declared) []Mismatch {
	var all []Mismatch
	for k := range d.cells {
		operator := k.operator.code()
		if mbps, ok := d.Mbps(k.cell, operator); ok && a.Find(k.cell, operator) == nil {
			all = append(all, a.mismatch(&CellVerdict{Cell: k.cell, Operator: operator}, mbps, true))
		}
	}
	for i := range a.Cells {
		c := &a.Cells[i]
		mbps, ok := d.Mbps(c.Cell, c.Operator)
		all = append(all, a.mismatch(c, mbps, ok))
	}
	order := mismatchKinds()
	slices.SortFunc(all, func(x, y Mismatch) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, x.Kind), slices.Index(order, y.Kind)), cmp.Compare(y.Residents, x.Residents),
			cmp.Compare(x.Cell, y.Cell), cmp.Compare(plmnOf(x.Operator), plmnOf(y.Operator)),
		)
	})
	return all
}

func (a *Assessment) mismatch(c *CellVerdict, mbps float64, declared bool) Mismatch {
	m := Mismatch{
		Cell: c.Cell, Operator: c.Operator, DeclaredMbps: mbps, Verdict: c.Verdict,
		Tests: c.Decision.Tests, MeanMbps: round(c.Summary.MeanMbps, 2), Residents: a.residents(c.Cell),
	}
	switch {
	case declared && c.Verdict == Dead:
		m.Kind = DeclaredDead
	case declared && c.Verdict == Gap:
		m.Kind = DeclaredGap
	case declared && c.Verdict == Covered:
		m.Kind = DeclaredCovered
	case declared && c.Decision.Tests > 0:
		m.Kind = DeclaredUnproven
	case declared:
		m.Kind = DeclaredUntested
	case c.Verdict == Covered:
		m.Kind = UndeclaredCovered
	default:
		m.Kind = UndeclaredMeasured
	}
	return m
}

func (a *Assessment) residents(c Cell) int {
	if a.grid == nil {
		return 0
	}
	return int(math.Round(a.grid.Population(c)))
}
