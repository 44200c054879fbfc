package influx_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"phusong/internal/influx"
	"phusong/internal/storetest"
	"phusong/internal/testbed"
)

// TestConformance runs the suite against one real InfluxDB, with a database for
// each test of it.
func TestConformance(t *testing.T) {
	t.Parallel()
	server := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	// Databases are made here, because the server's methods belong to this goroutine.
	const databases = 40
	for i := range databases {
		server.CreateDatabase("phusong" + strconv.Itoa(i))
	}
	var used atomic.Int64
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, storetest.Options{Checks: 30, Open: func(t *testing.T) storetest.Store {
			n := int(used.Add(1)) - 1
			if n >= databases {
				t.Fatalf("the suite needs more than %d databases", databases)
			}
			s, err := influx.Open(influx.Options{URL: server.URL(), Bucket: "phusong" + strconv.Itoa(n) + "/autogen"})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}})
	})
}
