package influx_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/internal/influx"
	"phusong/internal/storetest"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

var start = time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC)

// TestRealServer holds all tests that need InfluxDB, because starting one costs
// seconds.
func TestRealServer(t *testing.T) {
	t.Parallel()
	server := testbed.InfluxDB(t, testbed.InfluxDBOptions{})
	// Databases are made here, because the server's methods belong to this goroutine.
	const databases = 40
	for i := range databases {
		server.CreateDatabase("phusong" + strconv.Itoa(i))
	}
	server.Query("", `CREATE RETENTION POLICY "short" ON "phusong0" DURATION 2h REPLICATION 1`)
	var used atomic.Int64
	fresh := func(t *testing.T, o influx.Options) *influx.Store {
		n := int(used.Add(1)) - 1
		if n >= databases {
			t.Fatalf("the tests need more than %d databases", databases)
		}
		o.URL, o.Bucket = server.URL(), "phusong"+strconv.Itoa(n)+"/autogen"
		return open(t, o)
	}
	t.Run("tests", func(t *testing.T) { // ends before the server does
		t.Run("conformance", func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, storetest.Options{Checks: 30, Open: func(t *testing.T) storetest.Store { return fresh(t, influx.Options{}) }})
		})
		for name, test := range map[string]func(*testing.T, *influx.Store){
			"a bad reading is found by splitting": testSplit,
			"literals":                            testLiterals,
			"long ranges":                         testLongRange,
			"many devices":                        testManyDevices,
			"moved devices":                       testMoved,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, fresh(t, influx.Options{}))
			})
		}
		t.Run("too large", func(t *testing.T) {
			t.Parallel()
			testTooLarge(t, fresh(t, influx.Options{NoGzip: true})) // compressed it would pass
		})
		t.Run("beyond retention", func(t *testing.T) {
			t.Parallel()
			s := open(t, influx.Options{URL: server.URL(), Bucket: "phusong0/short"})
			wantRejected(t, s.Write(t.Context(), batch(1)), "retention policy")
		})
		for _, test := range []struct{ name, bucket, want string }{
			{"unknown database", "nowhere/autogen", `CREATE DATABASE "nowhere"`},
			{"unknown policy", "phusong0/never", "never"},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				s := open(t, influx.Options{URL: server.URL(), Bucket: test.bucket})
				wantRetry(t, s.Write(t.Context(), batch(1)), test.want)
				wantRetry(t, s.Ping(t.Context()), "create it with")
			})
		}
	})
}

func open(t *testing.T, o influx.Options) *influx.Store {
	t.Helper()
	s, err := influx.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// batch returns readings of access points, a second apart.
func batch(n int) []telemetry.Reading {
	all := make([]telemetry.Reading, n)
	for i := range all {
		r := telemetry.NewReading(telemetry.KindWiFi)
		r.Device, r.Area = telemetry.DeviceID(fmt.Sprintf("ap-%03d", i%7)), "25459"
		r.Time = start.Add(time.Duration(i) * time.Second)
		r.Received = r.Time.Add(time.Second)
		r.WiFi.Clients = telemetry.Some(int64(i))
		all[i] = r
	}
	return all
}

func wantRejected(t *testing.T, err error, text string) {
	t.Helper()
	if !errors.Is(err, telemetry.ErrRejected) || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want an error wrapping ErrRejected that says %q", err, text)
	}
}

func wantRetry(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || errors.Is(err, telemetry.ErrRejected) || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want an error to retry that says %q", err, text)
	}
}

func collect(t *testing.T, s *influx.Store, q telemetry.Query) []telemetry.Reading {
	t.Helper()
	var all []telemetry.Reading
	for r, err := range s.Readings(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func year() telemetry.Query {
	return telemetry.Query{Kind: telemetry.KindWiFi, From: start.AddDate(0, -6, 0), To: start.AddDate(0, 6, 0)}
}

// testSplit makes one reading impossible by a conflict of types, and halves the
// batch as ingest does.
func testSplit(t *testing.T, s *influx.Store) {
	all := batch(9)
	all[0].WiFi.CPU = telemetry.Some(0.5)
	if err := s.Write(t.Context(), all[:1]); err != nil {
		t.Fatal(err)
	}
	// A type holds for one shard, which is a week: in another week another program
	// has written cpu as text.
	const spoiled = 5
	all[spoiled].WiFi.CPU = telemetry.Some(0.25)
	all[spoiled].Time = start.AddDate(0, 0, 14)
	foreign := fmt.Sprintf(`wifi,area=1,device=x cpu="a quarter" %d`, all[spoiled].Time.UnixNano())
	if err := s.WriteLines(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	wantRejected(t, s.Write(t.Context(), all), "field type conflict")
	var rejected []telemetry.Reading
	var split func(batch []telemetry.Reading)
	split = func(batch []telemetry.Reading) {
		err := s.Write(t.Context(), batch)
		switch {
		case err == nil:
		case !errors.Is(err, telemetry.ErrRejected):
			t.Fatal(err)
		case len(batch) == 1:
			rejected = append(rejected, batch[0])
		default:
			split(batch[:len(batch)/2])
			split(batch[len(batch)/2:])
		}
	}
	split(all)
	if diff := cmp.Diff(all[spoiled:spoiled+1], rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	var keys []telemetry.Key
	for i := range all {
		keys = append(keys, all[i].Key())
	}
	there, err := s.Has(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, ok := range there {
		if ok != (i != spoiled) {
			t.Errorf("reading %d is stored: %v", i, ok)
		}
	}
}

func testTooLarge(t *testing.T, s *influx.Store) {
	all := batch(900) // of 32 KiB each, where the server takes 25 MB
	for i := range all {
		all[i].WiFi.UsersSketch = telemetry.Some(strings.Repeat("x", 32<<10))
	}
	wantRejected(t, s.Write(t.Context(), all), "too large")
	for half := range 2 {
		if err := s.Write(t.Context(), all[half*450:(half+1)*450]); err != nil {
			t.Errorf("half of it: %v", err)
		}
	}
	if n, err := s.Count(t.Context(), telemetry.KindWiFi, start, start.Add(time.Hour)); n != 900 || err != nil {
		t.Errorf("%d readings are stored (%v), want 900", n, err)
	}
}

func testLiterals(t *testing.T, s *influx.Store) {
	if err := s.Write(t.Context(), batch(1)); err != nil {
		t.Fatal(err)
	}
	echo := func(tb interface{ Errorf(string, ...any) }, text string) {
		got, err := s.Echo(t.Context(), text)
		if err != nil || got != "<"+text+">" {
			tb.Errorf("%q came back as %q (%v)", text, got, err)
		}
	}
	for _, text := range []string{``, `"`, `\`, `\"`, `${1}`, `\${r._value}`, `$`, `{}`, `" |> yield() //`, "a\nb\tc", "phủ sóng", `\n`, `\x41`, `$${x}`, `\\${`} {
		echo(t, text)
	}
	n := 0
	if t.Failed() {
		return
	}
	rapid.Check(t, func(rt *rapid.T) {
		if n++; n > 50 {
			return
		}
		echo(rt, rapid.StringOf(rapid.SampledFrom([]rune("\\\"${}'\n\t abcế|>()"))).Draw(rt, "text"))
	})
}

// testLongRange has far more readings in one second than in the rest of the year,
// and more than one question fetches.
func testLongRange(t *testing.T, s *influx.Store) {
	all := batch(12_000)
	for i := range all {
		if i >= 10 {
			all[i].Time = all[10].Time.Add(time.Duration(i/20) * time.Millisecond)
			all[i].Seq = telemetry.Some(int64(i))
		}
		all[i].Device = telemetry.DeviceID(fmt.Sprintf("ap-%02d", i%20))
	}
	last := all[0]
	last.Time = start.AddDate(0, 5, 0)
	all = append(all, last)
	if err := s.Write(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s, year())
	if len(got) != len(all) {
		t.Fatalf("%d readings came back, want %d", len(got), len(all))
	}
	for i := 1; i < len(got); i++ {
		if !got[i-1].Time.Before(got[i].Time) && (!got[i-1].Time.Equal(got[i].Time) || got[i-1].Device >= got[i].Device) {
			t.Fatalf("%s of %s comes before %s of %s", got[i-1].Time, got[i-1].Device, got[i].Time, got[i].Device)
		}
	}
	if diff := cmp.Diff(last, got[len(got)-1]); diff != "" {
		t.Errorf("last (-want +got):\n%s", diff)
	}
	q := year()
	q.Limit = 3
	if diff := cmp.Diff(got[:3], collect(t, s, q)); diff != "" {
		t.Errorf("the first three (-want +got):\n%s", diff)
	}
}

// testManyDevices asks for more devices than stand side by side in a question.
func testManyDevices(t *testing.T, s *influx.Store) {
	all := batch(700)
	q := year()
	for i := range all {
		all[i].Device = telemetry.DeviceID(fmt.Sprintf("ap-%04d", i))
		if i < 400 {
			q.Devices = append(q.Devices, all[i].Device)
		}
	}
	if err := s.Write(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[:400], collect(t, s, q)); diff != "" {
		t.Errorf("of 400 devices (-want +got):\n%s", diff)
	}
	var latest []telemetry.Reading
	for r, err := range s.Latest(t.Context(), telemetry.KindWiFi) {
		if err != nil {
			t.Fatal(err)
		}
		latest = append(latest, r)
	}
	if diff := cmp.Diff(all, latest); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
}

// testMoved has a device that changes its area, which is another series.
func testMoved(t *testing.T, s *influx.Store) {
	all := batch(4)
	for i := range all {
		all[i].Device = "ap-moved"
		if i >= 2 {
			all[i].Area = "25462"
		}
	}
	if err := s.Write(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, collect(t, s, year())); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
	for r, err := range s.Latest(t.Context(), telemetry.KindWiFi) {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[3], r); diff != "" {
			t.Errorf("latest (-want +got):\n%s", diff)
		}
	}
	for aggregate, want := range map[telemetry.Aggregate]float64{telemetry.Sum: 6, telemetry.Last: 3} {
		got, err := s.Series(t.Context(), telemetry.SeriesQuery{Query: year(), Field: "clients", Step: time.Hour, Aggregate: aggregate})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]telemetry.Sample{{Device: "ap-moved", Time: start, Value: want}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", aggregate, diff)
		}
	}
}
