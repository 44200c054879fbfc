package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

func testRoundTrip(t *testing.T, s *subject) {
	s.check(t, func(rt *rapid.T, w *window) {
		k := Kind().Draw(rt, "kind")
		batch := w.batch(rt, k)
		must(rt, s.Write(t.Context(), batch))
		diff(rt, "readings", collect(rt, s.Readings(t.Context(), w.query(k))), model(batch))
		n, err := s.Count(t.Context(), k, w.from, w.to)
		must(rt, err)
		diff(rt, "count", n, int64(len(model(batch))))
	})
}

func testIdempotent(t *testing.T, s *subject) {
	s.check(t, func(rt *rapid.T, w *window) {
		k := Kind().Draw(rt, "kind")
		batch := model(w.batch(rt, k)) // each key once
		cut := rapid.IntRange(0, len(batch)).Draw(rt, "cut")
		// Any part of it may have been written before, in any order, and once more after.
		must(rt, s.Write(t.Context(), batch[cut:]))
		must(rt, s.Write(t.Context(), rapid.Permutation(batch).Draw(rt, "again")))
		must(rt, s.Write(t.Context(), batch[:cut]))
		diff(rt, "readings", collect(rt, s.Readings(t.Context(), w.query(k))), batch)
	})
}

// testLimits writes for each field its least and its greatest value.
func testLimits(t *testing.T, s *subject) {
	var want []telemetry.Reading
	for _, k := range telemetry.Kinds() {
		for i, greatest := range []bool{false, true} {
			r := plain(k, "ap-1", Epoch.Add(time.Duration(i)*time.Second))
			for j := range telemetry.Fields(k) {
				extreme(&telemetry.Fields(k)[j], telemetry.Fields(k)[j].Ref(&r), greatest)
			}
			want = append(want, r)
		}
	}
	must(t, s.Write(t.Context(), want))
	var got []telemetry.Reading
	for _, k := range telemetry.Kinds() {
		got = append(got, collect(t, s.Readings(t.Context(), span(k, Epoch, Epoch.Add(time.Minute))))...)
	}
	diff(t, "readings", got, want)
}

func extreme(f *telemetry.Field, ref any, greatest bool) {
	bound := f.Min
	if greatest {
		bound = f.Max
	}
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		*p = telemetry.Some(bound)
	case *telemetry.Opt[int64]:
		*p = telemetry.Some(int64(bound))
	case *telemetry.Opt[bool]:
		*p = telemetry.Some(greatest)
	case *telemetry.Opt[string]:
		switch {
		case len(f.Values) > 0:
			*p = telemetry.Some(f.Values[0])
		case greatest:
			*p = telemetry.Some(string(slices.Repeat([]byte{'5'}, f.MaxLength)))
		default:
			*p = telemetry.Some("")
		}
	case *[]telemetry.Radio:
		// The first and the last radio say nothing, and are radios all the same.
		*p = make([]telemetry.Radio, telemetry.MaxRadios)
		for i := range telemetry.RadioFields() {
			rf := &telemetry.RadioFields()[i]
			extreme(rf, rf.RadioRef(&(*p)[1]), greatest)
		}
	}
}

func testNearKeys(t *testing.T, s *subject) {
	at := Epoch
	batch := []telemetry.Reading{
		clients("ap-1", at, telemetry.NoSeq, 1),
		clients("ap-1", at, 0, 2),
		clients("ap-1", at, 1, 3),
		clients("ap-1", at, maxSeq, 4),
		clients("ap-2", at, telemetry.NoSeq, 5), // two devices at the same instant
		clients("ap-2", at, 0, 6),
		clients("ap-1", at.Add(time.Millisecond), telemetry.NoSeq, 7),
		clients("ap-1", at.Add(time.Millisecond), 0, 8),
	}
	shuffled := slices.Clone(batch)
	slices.Reverse(shuffled)
	must(t, s.Write(t.Context(), shuffled))
	diff(t, "readings", collect(t, s.Readings(t.Context(), span(telemetry.KindWiFi, at, at.Add(time.Second)))), batch)
	latest := collect(t, s.Latest(t.Context(), telemetry.KindWiFi))
	diff(t, "latest", latest, []telemetry.Reading{batch[7], batch[5]})
}

func testHalfOpen(t *testing.T, s *subject) {
	ms := func(n int) time.Time { return Epoch.Add(time.Duration(n) * time.Millisecond) }
	for i := range 5 {
		must(t, s.Write(t.Context(), []telemetry.Reading{clients("ap-1", ms(i), telemetry.NoSeq, int64(i)), clients("ap-1", ms(i), maxSeq, int64(i))}))
	}
	for _, test := range []struct {
		from, to time.Time
		want     []time.Time
	}{
		{ms(1), ms(3), []time.Time{ms(1), ms(2)}},
		{ms(1).Add(-1), ms(3), []time.Time{ms(1), ms(2)}},
		{ms(1).Add(1), ms(3), []time.Time{ms(2)}},
		{ms(1), ms(3).Add(-1), []time.Time{ms(1), ms(2)}},
		{ms(1), ms(3).Add(1), []time.Time{ms(1), ms(2), ms(3)}},
		{ms(-9), ms(0), nil},
		{ms(4), ms(99), []time.Time{ms(4)}},
		{ms(5), ms(99), nil},
	} {
		for _, device := range [][]telemetry.DeviceID{nil, {"ap-1"}} {
			q := span(telemetry.KindWiFi, test.from, test.to)
			q.Devices = device
			var got []time.Time
			for _, r := range collect(t, s.Readings(t.Context(), q)) {
				got = append(got, r.Time)
			}
			diff(t, fmt.Sprintf("from %s to %s", test.from, test.to), slices.Compact(got), test.want)
		}
		n, err := s.Count(t.Context(), telemetry.KindWiFi, test.from, test.to)
		must(t, err)
		diff(t, fmt.Sprintf("count from %s to %s", test.from, test.to), n, int64(2*len(test.want)))
	}
}

func testSelection(t *testing.T, s *subject) {
	names := append([]telemetry.DeviceID{`no"such`, `x' or '1'='1`, `\`, "${a}"}, devices...)
	s.check(t, func(rt *rapid.T, w *window) {
		k := Kind().Draw(rt, "kind")
		batch := w.batch(rt, k)
		must(rt, s.Write(t.Context(), batch))
		q := w.query(k)
		q.Devices = rapid.SliceOfN(rapid.SampledFrom(names), 0, 4).Draw(rt, "devices")
		q.Areas = rapid.SliceOfN(rapid.SampledFrom([]telemetry.AreaCode{"72", "25459", "99", `7"2`}), 0, 2).Draw(rt, "areas")
		q.Limit = rapid.IntRange(0, len(batch)+1).Draw(rt, "limit")
		want := selected(model(batch), &q)
		if q.Limit > 0 && len(want) > q.Limit {
			want = want[:q.Limit]
		}
		diff(rt, "selection", collect(rt, s.Readings(t.Context(), q)), want)
	})
}

// selected is what devices and areas leave of the readings.
func selected(all []telemetry.Reading, q *telemetry.Query) []telemetry.Reading {
	var some []telemetry.Reading
	for _, r := range all {
		if (len(q.Devices) == 0 || slices.Contains(q.Devices, r.Device)) && (len(q.Areas) == 0 || slices.Contains(q.Areas, r.Area)) {
			some = append(some, r)
		}
	}
	return some
}

func testLate(t *testing.T, s *subject) {
	must(t, s.Write(t.Context(), []telemetry.Reading{clients("ap-1", Epoch, 9, 1), clients("ap-2", Epoch, 9, 2)}))
	late := clients("ap-1", Epoch.Add(-90*24*time.Hour), 3, 3)
	late.Flags = telemetry.FlagLate
	must(t, s.Write(t.Context(), []telemetry.Reading{late}))
	q := span(telemetry.KindWiFi, late.Time, late.Time.Add(time.Hour))
	diff(t, "at its own time", collect(t, s.Readings(t.Context(), q)), []telemetry.Reading{late})
	q.To = Epoch.Add(time.Hour)
	q.Devices = []telemetry.DeviceID{"ap-1"}
	diff(t, "in the history of the device", collect(t, s.Readings(t.Context(), q)), []telemetry.Reading{late, clients("ap-1", Epoch, 9, 1)})
	diff(t, "never as the latest", collect(t, s.Latest(t.Context(), telemetry.KindWiFi)),
		[]telemetry.Reading{clients("ap-1", Epoch, 9, 1), clients("ap-2", Epoch, 9, 2)})
}

func testLatest(t *testing.T, s *subject) {
	k := telemetry.KindEnvironment
	var all []telemetry.Reading
	s.check(t, func(rt *rapid.T, _ *window) {
		// All cases share one window: the newest of all batches so far is wanted.
		w := &window{from: Epoch, to: Epoch.Add(10 * time.Second)}
		batch := w.batch(rt, k)
		must(rt, s.Write(t.Context(), unwritten(all, batch)))
		all = model(append(all, batch...))
		newest := map[telemetry.DeviceID]telemetry.Reading{}
		for _, r := range all {
			newest[r.Device] = r
		}
		var want []telemetry.Reading
		for _, d := range devices {
			if r, ok := newest[d]; ok {
				want = append(want, r)
			}
		}
		diff(rt, "latest", collect(rt, s.Latest(t.Context(), k)), want)
	})
	if got := collect(t, s.Latest(t.Context(), telemetry.KindStatus)); len(got) != 0 {
		t.Errorf("there is a latest status though none was written: %v", got)
	}
}

// unwritten is the batch without the keys in all: what a second value under the
// same key does is not promised.
func unwritten(all, batch []telemetry.Reading) []telemetry.Reading {
	known := map[telemetry.Key]bool{}
	for i := range all {
		known[all[i].Key()] = true
	}
	var fresh []telemetry.Reading
	for _, r := range batch {
		if !known[r.Key()] {
			fresh = append(fresh, r)
		}
	}
	return fresh
}

func testHas(t *testing.T, s *subject) {
	s.check(t, func(rt *rapid.T, w *window) {
		var batch []telemetry.Reading
		for _, k := range telemetry.Kinds() {
			batch = append(batch, model(w.batch(rt, k))...)
		}
		written := rapid.IntRange(0, len(batch)).Draw(rt, "written")
		must(rt, s.Write(t.Context(), batch[:written]))
		var keys []telemetry.Key
		var want []bool
		for i, r := range batch {
			keys, want = append(keys, r.Key()), append(want, i < written)
		}
		got, err := s.Has(t.Context(), keys)
		must(rt, err)
		diff(rt, "has", got, want)
	})
	// Far apart in time, and asked for twice.
	k := telemetry.Key{Kind: telemetry.KindWiFi, Device: "ap-1", Time: Epoch.Add(-1000 * time.Hour).UnixMilli(), Seq: 1}
	keys := []telemetry.Key{k, {Kind: k.Kind, Device: k.Device, Time: k.Time + 36_000_000_000, Seq: telemetry.NoSeq}}
	keys = append(keys, keys...)
	for _, odd := range []telemetry.DeviceID{"", `"`, `a") or true //`, "a|ap-1", ".*", "${a}"} {
		keys = append(keys, telemetry.Key{Kind: k.Kind, Device: odd, Time: k.Time, Seq: 1})
	}
	got, err := s.Has(t.Context(), keys)
	must(t, err)
	diff(t, "has not", got, make([]bool, len(keys)))
}
