package environment_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/telemetry"
)

// Every number of the worked example comes out of the book, from the table on the page.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	text := page(t)
	_, table, found := strings.Cut(text, "<!-- example -->")
	if !found {
		t.Fatal("the page has no example")
	}
	table, prose, _ := strings.Cut(table, "\n\n")
	book := fresh(t, environment.Station{Device: "a", Area: "25459", Interval: time.Hour})
	var last time.Time
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		clock, err := time.Parse("15:04", strings.TrimSpace(cells[0]))
		if err != nil || len(cells) != 4 {
			continue
		}
		last = dawn.Add(time.Duration(clock.Hour()) * time.Hour)
		at := last.Add(30 * time.Minute)
		book.Observe(at, []telemetry.Reading{reading("a", at, func(e *telemetry.Environment) {
			for i, v := range []*telemetry.Opt[float64]{&e.PM25, &e.O3, &e.NO2} {
				if cell := strings.TrimSpace(cells[i+1]); cell != "" {
					c, err := strconv.ParseFloat(cell, 64)
					if err != nil {
						t.Fatal(err)
					}
					*v = telemetry.Some(c)
				}
			}
		})})
	}
	book.Observe(last.Add(time.Hour+environment.Settle), nil)
	hours := book.Hours("a", last, last.Add(time.Hour))
	if len(hours) != 1 || !hours[0].Indexed || !hours[0].Indicative {
		t.Fatalf("%+v", hours)
	}
	h := hours[0]
	sub := func(p airquality.Pollutant) string {
		v, _ := h.Index.Sub(p)
		return fmt.Sprintf("**%.4f**", v)
	}
	for _, want := range []string{
		fmt.Sprintf("NowCast = **%.4f** µg/m³", h.Inputs.PM25),
		sub(airquality.PM25), "O₃ 136.1 gives " + sub(airquality.O3), "NO₂ 118.7 gives " + sub(airquality.NO2),
		fmt.Sprintf("The index is **%d**, by **%s**, band **%s** (%s)", h.Index.Value, h.Index.Main.Symbol(), h.Index.Band().Name().Vietnamese, h.Index.Band().Name().English),
	} {
		if !strings.Contains(prose, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if v := known(t, book, "a", environment.FactAQI); v != float64(h.Index.Value) {
		t.Errorf("the fact is %v", v)
	}
}

// The tables of the page are those of the code.
func TestPageHasTheTables(t *testing.T) {
	t.Parallel()
	text := page(t)
	for _, b := range airquality.Bands() {
		if want := fmt.Sprintf("| %s | %s | %s |", b.Name().Vietnamese, b.Name().English, b.Color()); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, f := range environment.AllFlags() {
		if want := fmt.Sprintf("| %#q |", f.String()); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for row := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		level, err := strconv.ParseFloat(cells[0], 64)
		if err != nil || len(cells) != 8 {
			continue
		}
		columns := []airquality.Column{airquality.ColumnO3Hour, airquality.ColumnO38Hour, airquality.ColumnCO, airquality.ColumnSO2, airquality.ColumnNO2, airquality.ColumnPM10, airquality.ColumnPM25}
		for i, column := range columns {
			c, err := strconv.ParseFloat(cells[i+1], 64)
			if err != nil {
				continue // a dash
			}
			if got, ok := airquality.SubIndex(column, c); !ok || got != level {
				t.Errorf("row %q: column %d at %v is %v", row, column, c, got)
			}
		}
	}
}
