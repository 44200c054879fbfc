package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

func testSeries(t *testing.T, s *subject) {
	s.check(t, func(rt *rapid.T, w *window) {
		k := rapid.SampledFrom([]telemetry.Kind{telemetry.KindEnvironment, telemetry.KindMobile}).Draw(rt, "kind")
		batch := w.batch(rt, k)
		must(rt, s.Write(t.Context(), batch))
		q := telemetry.SeriesQuery{
			Query:     w.query(k),
			Field:     map[telemetry.Kind]string{telemetry.KindEnvironment: "noise_dba", telemetry.KindMobile: "latency_ms"}[k],
			Step:      rapid.SampledFrom([]time.Duration{time.Second, 1500 * time.Millisecond, 7 * time.Second, time.Hour}).Draw(rt, "step"),
			Aggregate: rapid.SampledFrom(aggregates).Draw(rt, "aggregate"),
		}
		q.From = w.from.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "from ms")) * time.Millisecond)
		q.To = q.From.Add(time.Duration(rapid.IntRange(1, 5000).Draw(rt, "length ms")) * time.Millisecond)
		q.Devices = rapid.SliceOfN(rapid.SampledFrom(devices), 0, 3).Draw(rt, "devices")
		q.Limit = rapid.IntRange(0, 5).Draw(rt, "limit")
		got, err := s.Series(t.Context(), q)
		must(rt, err)
		want := modelSeries(selected(model(batch), &q.Query), q)
		if d := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-9), cmpopts.EquateEmpty()); d != "" {
			rt.Errorf("series of %s (-want +got):\n%s", q.Aggregate, d)
		}
	})
}

var aggregates = []telemetry.Aggregate{telemetry.Mean, telemetry.Min, telemetry.Max, telemetry.Sum, telemetry.Count, telemetry.Last}

func testSeriesTypes(t *testing.T, s *subject) {
	var batch []telemetry.Reading
	for i := range int64(4) {
		r := clients("ap-1", Epoch.Add(time.Duration(i)*time.Second), i, i)
		r.WiFi.PortalOK = telemetry.Some(i < 3)
		r.WiFi.RxBytes = telemetry.Some(int64(1)<<53 - i)
		batch = append(batch, r)
	}
	must(t, s.Write(t.Context(), batch))
	for _, test := range []struct {
		field     string
		aggregate telemetry.Aggregate
		want      float64
	}{
		{"clients", telemetry.Mean, 1.5},
		{"clients", telemetry.Sum, 6},
		{"portal_ok", telemetry.Mean, 0.75},
		{"portal_ok", telemetry.Min, 0},
		{"portal_ok", telemetry.Last, 0},
		{"portal_ok", telemetry.Count, 4},
		{"rx_bytes", telemetry.Max, 1 << 53},
		{"rx_bytes", telemetry.Last, 1<<53 - 3},
	} {
		q := telemetry.SeriesQuery{
			Query: span(telemetry.KindWiFi, Epoch, Epoch.Add(time.Hour)),
			Field: test.field, Step: time.Hour, Aggregate: test.aggregate,
		}
		got, err := s.Series(t.Context(), q)
		must(t, err)
		diff(t, string(test.aggregate)+" of "+test.field, got,
			[]telemetry.Sample{{Device: "ap-1", Time: Epoch.Truncate(time.Hour), Value: test.want}})
	}
}

func testRejected(t *testing.T, s *subject) {
	good := clients("ap-1", Epoch, 1, 1)
	for name, spoil := range map[string]func(*telemetry.Reading){
		"not a number":    func(r *telemetry.Reading) { r.WiFi.CPU = telemetry.Some(math.NaN()) },
		"infinite":        func(r *telemetry.Reading) { r.WiFi.CPU = telemetry.Some(math.Inf(1)) },
		"in a radio":      func(r *telemetry.Reading) { r.WiFi.Radios = []telemetry.Radio{{NoiseDBm: telemetry.Some(math.NaN())}} },
		"unknown kind":    func(r *telemetry.Reading) { r.Kind = 99 },
		"no body":         func(r *telemetry.Reading) { r.WiFi = nil },
		"no device":       func(r *telemetry.Reading) { r.Device = "" },
		"before 1970":     func(r *telemetry.Reading) { r.Time = time.UnixMilli(-1) },
		"negative number": func(r *telemetry.Reading) { r.Seq = telemetry.Some(int64(-1)) },
	} {
		bad := clients("ap-2", Epoch, 1, 1)
		spoil(&bad)
		err := s.Write(t.Context(), []telemetry.Reading{good, bad})
		if !errors.Is(err, telemetry.ErrRejected) {
			t.Errorf("%s: writing gave %v, want an error wrapping ErrRejected", name, err)
		}
	}
	diff(t, "readings", collect(t, s.Readings(t.Context(), span(telemetry.KindWiFi, Epoch, Epoch.Add(time.Second)))), nil)
	must(t, s.Write(t.Context(), []telemetry.Reading{good})) // it is still usable
	must(t, s.Write(t.Context(), nil))
}

func testBadQueries(t *testing.T, s *subject) {
	good := span(telemetry.KindWiFi, Epoch, Epoch.Add(time.Hour))
	for name, spoil := range map[string]func(*telemetry.Query){
		"no kind":        func(q *telemetry.Query) { q.Kind = 0 },
		"empty range":    func(q *telemetry.Query) { q.To = q.From },
		"negative limit": func(q *telemetry.Query) { q.Limit = -1 },
	} {
		q := good
		spoil(&q)
		if _, err := first(s.Readings(t.Context(), q)); !errors.Is(err, telemetry.ErrRejected) {
			t.Errorf("%s: reading gave %v, want an error wrapping ErrRejected", name, err)
		}
	}
	for name, q := range map[string]telemetry.SeriesQuery{
		"unknown field":     {Query: good, Field: `clients") |> drop(`, Step: time.Minute, Aggregate: telemetry.Mean},
		"not a number":      {Query: good, Field: "radios", Step: time.Minute, Aggregate: telemetry.Mean},
		"unknown aggregate": {Query: good, Field: "clients", Step: time.Minute, Aggregate: "median"},
		"odd step":          {Query: good, Field: "clients", Step: time.Second + 1, Aggregate: telemetry.Mean},
	} {
		if _, err := s.Series(t.Context(), q); !errors.Is(err, telemetry.ErrRejected) {
			t.Errorf("%s: the series gave %v, want an error wrapping ErrRejected", name, err)
		}
	}
	if _, err := s.Has(t.Context(), []telemetry.Key{{Kind: 77}}); !errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("Has of an unknown kind gave %v", err)
	}
	if _, err := s.Count(t.Context(), 77, Epoch, Epoch.Add(1)); !errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("Count of an unknown kind gave %v", err)
	}
	if _, err := first(s.Latest(t.Context(), 77)); !errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("Latest of an unknown kind gave %v", err)
	}
}

func testLargeBatch(t *testing.T, s *subject) {
	batch := many(s.large)
	must(t, s.Write(t.Context(), batch))
	diff(t, "readings", collect(t, s.Readings(t.Context(), spanOf(batch))), batch)
	keys := make([]telemetry.Key, len(batch))
	for i := range batch {
		keys[i] = batch[i].Key()
	}
	there, err := s.Has(t.Context(), append(keys, telemetry.Key{Kind: telemetry.KindWiFi, Device: "ap-1", Time: 1}))
	must(t, err)
	for i, ok := range there {
		if ok != (i < s.large) {
			t.Fatalf("has %+v is %v", keys[min(i, s.large-1)], ok)
		}
	}
}

// several is more than a store would fetch at once.
const several = 1500

func testBreakOff(t *testing.T, s *subject) {
	batch := many(several)
	must(t, s.Write(t.Context(), batch))
	for range 6 { // would exhaust a pool of connections that were not given back
		r, err := first(s.Readings(t.Context(), spanOf(batch)))
		must(t, err)
		diff(t, "first", r, batch[0])
		_, err = first(s.Latest(t.Context(), telemetry.KindWiFi))
		must(t, err)
	}
}

func testCancel(t *testing.T, s *subject) {
	batch := many(several)
	must(t, s.Write(t.Context(), batch))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range s.Readings(ctx, spanOf(batch)) {
		if last != nil {
			t.Fatalf("the sequence goes on after the error %v", last)
		}
		if err != nil {
			last = err
			continue
		}
		if n++; n == 10 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after cancelling, %d readings and then %v; want fewer than %d and then context.Canceled", n, last, several)
	}
	if err := s.Write(ctx, batch[:1]); !errors.Is(err, context.Canceled) {
		t.Errorf("writing with a cancelled context gave %v", err)
	}
	if _, err := s.Count(ctx, telemetry.KindWiFi, Epoch, Epoch.Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("counting with a cancelled context gave %v", err)
	}
	must(t, s.Write(t.Context(), batch)) // and nothing is stuck
}

func testConcurrent(t *testing.T, s *subject) {
	const batches, size = 10, 50
	all := many(batches * size)
	var written atomic.Int64
	done := make(chan error, 1)
	go func() {
		defer close(done)
		for i := range batches {
			if err := s.Write(t.Context(), all[i*size:(i+1)*size]); err != nil {
				done <- err
				return
			}
			written.Store(int64((i + 1) * size))
		}
	}()
	// What was acknowledged before the question is in the answer, whole. What is
	// written meanwhile is not promised.
	for writing := true; writing; {
		select {
		case err := <-done:
			must(t, err)
			writing = false
		default:
		}
		n := written.Load()
		got := collect(t, s.Readings(t.Context(), spanOf(all)))
		diff(t, "acknowledged and seen while writing", got[:min(int(n), len(got))], all[:n])
	}
	diff(t, "in the end", collect(t, s.Readings(t.Context(), spanOf(all))), all)
}

func testEmpty(t *testing.T, s *subject) {
	for _, k := range telemetry.Kinds() {
		diff(t, "readings", collect(t, s.Readings(t.Context(), span(k, Epoch, Epoch.Add(time.Hour)))), nil)
		diff(t, "latest", collect(t, s.Latest(t.Context(), k)), nil)
		n, err := s.Count(t.Context(), k, Epoch, Epoch.Add(time.Hour))
		must(t, err)
		diff(t, "count", n, 0)
		samples, err := s.Series(t.Context(), telemetry.SeriesQuery{
			Query: span(k, Epoch, Epoch.Add(time.Hour)), Field: numeric(k), Step: time.Minute, Aggregate: telemetry.Mean,
		})
		must(t, err)
		diff(t, "series", samples, nil)
	}
	there, err := s.Has(t.Context(), nil)
	must(t, err)
	diff(t, "has nothing", there, nil)
}

func numeric(k telemetry.Kind) string {
	for _, f := range telemetry.Fields(k) {
		if f.Type == telemetry.Number {
			return f.Name
		}
	}
	panic(fmt.Sprintf("%s has no number", k))
}
