package environment_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// An embassyHour is a row of the PM2.5 monitor of the US embassy in Hà Nội (AirNow).
type embassyHour struct {
	end     time.Time // the row is the mean of the hour that ends here
	nowcast float64   // µg/m³; NaN for none
	raw     float64
	quality string
}

func embassy(t *testing.T) []embassyHour {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testbed.Data(t, "hanoi-pm25"), "*.csv"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var hours []embassyHour
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			end, err := time.ParseInLocation("2006-01-02 03:04 PM", row[2], airquality.Zone())
			if err != nil {
				t.Fatal(err)
			}
			number := func(s string) float64 {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			h := embassyHour{end: end, nowcast: number(row[7]), raw: number(row[10]), quality: row[13]}
			if telemetry.Sentinel(h.nowcast) {
				h.nowcast = math.NaN()
			}
			hours = append(hours, h)
		}
	}
	return hours
}

// direct is the NowCast of the last twelve hours up to one, by a table of hourly values.
func direct(table map[time.Time]float64, end time.Time) float64 {
	var list []float64
	for i := range airquality.NowCastHours {
		v, ok := table[end.Add(-time.Duration(i)*time.Hour)]
		if !ok {
			v = math.NaN()
		}
		list = append(list, v)
	}
	if v, ok := airquality.NowCast(list); ok {
		return v
	}
	return math.NaN()
}

// The formula of the United States for NowCast is that of Decision 1459: each hour in which the
// embassy's own figure is another than ours has one of five reasons, and is counted.
// docs/ENVIRONMENT.md shows the table.
func TestHanoi(t *testing.T) {
	t.Parallel()
	hours := embassy(t)
	const id = telemetry.DeviceID("us-embassy")
	book, err := environment.New(environment.Options{Stations: []environment.Station{{Device: id, Area: "01", Interval: time.Hour, Reference: true}}})
	if err != nil {
		t.Fatal(err)
	}
	valid, negative, suspect, all := map[time.Time]float64{}, map[time.Time]float64{}, map[time.Time]float64{}, map[time.Time]float64{}
	reasons, flags := map[string]int{}, map[string]int{}
	var bands [7]int
	var rows []float64 // the valid values of the last rows, whatever their hours
	starts := map[time.Time]bool{}
	for i, h := range hours {
		r := telemetry.NewReading(telemetry.KindEnvironment)
		r.Area, r.Device, r.Time = "01", id, h.end.Add(-30*time.Minute)
		v := h.raw
		if h.quality != "Valid" {
			v = -999 // the monitor's own judgement: there is no value
		}
		r.Environment.PM25 = telemetry.Some(v)
		book.Observe(h.end, []telemetry.Reading{r})
		book.Observe(h.end.Add(environment.Settle), nil)
		got := book.Hours(id, h.end.Add(-time.Hour), h.end)
		if len(got) != 1 {
			t.Fatalf("%s: %d hours", h.end, len(got))
		}
		ours := got[0].Inputs.PM25
		flags[got[0].Tallies[environment.PM25].Flags.String()]++

		repeated := i > 0 && h.end.Equal(hours[i-1].end)
		if !telemetry.Sentinel(h.raw) {
			all[h.end] = h.raw
			if h.quality != "Invalid" {
				suspect[h.end] = h.raw
			}
			if h.quality == "Valid" {
				negative[h.end] = h.raw
			}
		}
		if v >= 0 && !repeated { // of the doubled hour the reading that came first stays
			valid[h.end] = v
		} else if v >= 0 {
			valid[h.end] = min(v, valid[h.end])
		}
		if v < 0 {
			v = math.NaN()
		}
		rows = append([]float64{v}, rows[:min(len(rows), 11)]...)
		if want := direct(valid, h.end); !same(ours, want, 1e-9) {
			t.Fatalf("%s: the book has %v, the formula %v", h.end, ours, want)
		}
		if index, ok := airquality.SubIndex(airquality.ColumnPM25, ours); got[0].Indexed != ok || ok && got[0].Index.Value != airquality.Round(index) {
			t.Fatalf("%s: the index of %v is %d", h.end, ours, got[0].Index.Value)
		}
		bands[got[0].Index.Band()]++
		if !got[0].Indexed {
			bands[0]++
			bands[got[0].Index.Band()]--
		}
		if i == 0 || h.end.Sub(hours[i-1].end) > 24*time.Hour {
			starts[h.end] = true
		}
		reasons[reason(h, hours[max(0, i-1)], ours, direct(all, h.end), direct(suspect, h.end), direct(negative, h.end), rows, starts)]++
	}
	want := map[string]int{
		"the same": 15_126,
		"theirs is repeated from the hour before":        101,
		"theirs uses values that are not valid":          96,
		"theirs counts rows where the clock was changed": 9,
		"theirs knows the hours before the file begins":  9,
		"theirs averages a negative concentration":       7,
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("hours by what became of them (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"": 14_859, "sentinel": 488, "negative": 1}, flags); diff != "" {
		t.Errorf("hours by flag (-want +got):\n%s", diff)
	}
	// None, and then from good to hazardous.
	if diff := cmp.Diff([7]int{401, 3_973, 6_560, 2_713, 1_420, 273, 8}, bands); diff != "" {
		t.Errorf("hours by band (-want +got):\n%s", diff)
	}
	for reason, n := range want { // the page shows what was counted
		line := fmt.Sprintf("| %s | %s |", reason, thousands(n))
		if !strings.Contains(page(t), line) {
			t.Errorf("docs/ENVIRONMENT.md does not say %q", line)
		}
	}
}

// thousands writes a number as people read it.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// same compares two figures that may both be none.
func same(a, b, within float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= within
}

// reason says why the embassy's NowCast is what it is.
func reason(h, before embassyHour, ours, withAll, withSuspect, withNegative float64, rows []float64, starts map[time.Time]bool) string {
	const printed = 0.11 // they print one decimal, some cut and some rounded, of cut figures
	byRows, _ := airquality.NowCast(rows)
	switch {
	case same(ours, h.nowcast, printed):
		return "the same"
	case math.IsNaN(ours) && h.nowcast == before.nowcast:
		return "theirs is repeated from the hour before"
	case same(withNegative, h.nowcast, printed):
		return "theirs averages a negative concentration"
	case same(withSuspect, h.nowcast, printed), same(withAll, h.nowcast, printed):
		return "theirs uses values that are not valid"
	case same(byRows, h.nowcast, printed):
		return "theirs counts rows where the clock was changed"
	}
	for start := range starts {
		if d := h.end.Sub(start); d >= 0 && d < airquality.NowCastHours*time.Hour {
			return "theirs knows the hours before the file begins"
		}
	}
	return "not explained: " + h.end.String()
}
