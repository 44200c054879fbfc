package main_test

import (
	"testing"

	"phusong/internal/testbed"
)

// The service is killed in full flow, three times, and goes on with the same folder.
func TestSurvivesKill(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		influx bool
	}{{"SQLite", false}, {"InfluxDB", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.influx {
				testbed.Slow(t)
			}
			w := newTown(t, townOptions{Influx: test.influx})
			w.start() // the session stands before anything is sent
			f := newFleet(t, w.broker.URL())
			f.begin(4)
			for range 3 {
				w.awaitAtLeast("phusong_readings_stored_total", 1500)
				f.more()
				w.process.Kill()
				w.launch()
			}
			w.awaitAtLeast("phusong_readings_stored_total", 1500)
			w.settle(f)
		})
	}
}
