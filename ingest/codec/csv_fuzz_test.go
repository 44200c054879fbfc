package codec_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"phusong/ingest/codec"
)

// Whatever the file holds, no row is lost in silence and no reading is impossible.
func FuzzCSV(f *testing.F) {
	f.Add([]byte(simple), []byte(head+"2026-11-03T05:00:00Z,11.3,106.1,ok,38\n"))
	for _, name := range []string{"android", "drivetest", "plain"} {
		yml, err := os.ReadFile(filepath.Join("testdata", name+".yml"))
		if err != nil {
			f.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join("testdata", name+".csv"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(yml, text)
	}
	f.Fuzz(func(t *testing.T, yml, text []byte) {
		m, err := codec.ParseCSVMapping("map.yml", yml)
		if err != nil {
			return
		}
		c, err := codec.NewCSV(bytes.NewReader(text), m, codec.CSVOptions{Now: now})
		if err != nil {
			return
		}
		good, bad := 0, 0
		for r, err := range c.Readings() {
			var row *codec.RowError
			switch {
			case errors.As(err, &row):
				bad++
			case err != nil:
			default:
				good++
				if err := r.Validate(); err != nil {
					t.Errorf("a reading that is not valid: %v", err)
				}
				if !r.Seq.Present() || r.Time.Location() != time.UTC {
					t.Errorf("a reading without number or in another zone: %+v", r)
				}
			}
		}
		s := c.Summary()
		skipped := 0
		for _, n := range s.Skipped {
			skipped += n
		}
		if s.Rows != good+bad || skipped != bad || good != s.Tests+s.Samples+s.NoService {
			t.Errorf("%d readings and %d faults do not add up: %+v", good, bad, s)
		}
	})
}
