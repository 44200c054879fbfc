package storetest

import (
	"cmp"
	"iter"
	"math"
	"reflect"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

// tb is what testing.T and rapid.T have in common here.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func diff[T any](t tb, what string, got, want T) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return // much sooner than Diff says so
	}
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func collect(t tb, seq iter.Seq2[telemetry.Reading, error]) []telemetry.Reading {
	t.Helper()
	var all []telemetry.Reading
	for r, err := range seq {
		must(t, err)
		all = append(all, r)
	}
	return all
}

func first(seq iter.Seq2[telemetry.Reading, error]) (telemetry.Reading, error) {
	for r, err := range seq {
		return r, err
	}
	return telemetry.Reading{}, nil
}

func (w *window) query(k telemetry.Kind) telemetry.Query { return span(k, w.from, w.to) }

// batch draws readings in the window. Some come twice; those with equal keys are equal.
func (w *window) batch(t *rapid.T, k telemetry.Kind) []telemetry.Reading {
	batch := rapid.SliceOfNDistinct(Reading(k), 0, 12, func(r telemetry.Reading) telemetry.Key { return r.Key() }).Draw(t, "batch")
	shift := w.from.Sub(Epoch)
	for i := range batch {
		batch[i].Time = batch[i].Time.Add(shift)
		batch[i].Received = batch[i].Received.Add(shift)
	}
	if len(batch) > 0 {
		twice := rapid.SliceOfN(rapid.SampledFrom(batch), 0, 3).Draw(t, "twice")
		batch = append(batch, twice...)
	}
	return batch
}

// model returns what a store should hold after the batch: each key once, in order.
func model(batch []telemetry.Reading) []telemetry.Reading {
	sorted := slices.Clone(batch)
	order := func(a, b telemetry.Reading) int {
		x, y := a.Key(), b.Key()
		return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.Device, y.Device), cmp.Compare(x.Seq, y.Seq))
	}
	slices.SortStableFunc(sorted, order)
	return slices.CompactFunc(sorted, func(a, b telemetry.Reading) bool { return order(a, b) == 0 })
}

// modelSeries folds ordered readings in the plainest way.
func modelSeries(readings []telemetry.Reading, q telemetry.SeriesQuery) []telemetry.Sample {
	type key struct {
		device telemetry.DeviceID
		step   int64
	}
	values := map[key][]float64{}
	field := telemetry.FieldByName(q.Kind, q.Field)
	for i := range readings {
		r := &readings[i]
		v, ok := field.Float(r)
		if !ok || r.Time.Before(q.From) || !r.Time.Before(q.To) || (q.Kind == telemetry.KindEnvironment && telemetry.Sentinel(v)) {
			continue
		}
		k := key{r.Device, r.Time.UnixNano() / int64(q.Step)}
		values[k] = append(values[k], v)
	}
	var samples []telemetry.Sample
	for k, vs := range values {
		samples = append(samples, telemetry.Sample{Device: k.device, Time: time.Unix(0, k.step*int64(q.Step)).UTC(), Value: aggregate(q.Aggregate, vs)})
	}
	slices.SortFunc(samples, func(a, b telemetry.Sample) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Device, b.Device))
	})
	if q.Limit > 0 && len(samples) > q.Limit {
		samples = samples[:q.Limit]
	}
	return samples
}

func aggregate(how telemetry.Aggregate, vs []float64) float64 {
	sum := 0.0
	for _, v := range vs {
		sum += v
	}
	switch how {
	case telemetry.Mean:
		return sum / float64(len(vs))
	case telemetry.Min:
		return slices.Min(vs)
	case telemetry.Max:
		return slices.Max(vs)
	case telemetry.Sum:
		return sum
	case telemetry.Count:
		return float64(len(vs))
	case telemetry.Last:
		return vs[len(vs)-1]
	}
	return math.NaN()
}

// clients returns a reading with little in it; no number when seq is NoSeq.
func clients(d telemetry.DeviceID, at time.Time, seq, n int64) telemetry.Reading {
	r := plain(telemetry.KindWiFi, d, at)
	if seq != telemetry.NoSeq {
		r.Seq = telemetry.Some(seq)
	}
	r.WiFi.Clients = telemetry.Some(n)
	return r
}

// plain returns a reading without any field.
func plain(k telemetry.Kind, d telemetry.DeviceID, at time.Time) telemetry.Reading {
	r := telemetry.NewReading(k)
	r.Device, r.Area, r.Time, r.Received = d, AreaOf(d), at, at.Add(40*time.Millisecond)
	if k == telemetry.KindStatus {
		r.Status.Class = telemetry.KindWiFi
	}
	return r
}

// many returns n readings in order, of all devices, a few ms apart.
func many(n int) []telemetry.Reading {
	batch := make([]telemetry.Reading, n)
	for i := range batch {
		batch[i] = clients(devices[i%len(devices)], Epoch.Add(time.Duration(i)*7*time.Millisecond), int64(i), int64(i%40))
		batch[i].WiFi.CPU = telemetry.Some(float64(i) / float64(n))
	}
	return batch
}

func span(k telemetry.Kind, from, to time.Time) telemetry.Query {
	return telemetry.Query{Kind: k, From: from, To: to}
}

func spanOf(ordered []telemetry.Reading) telemetry.Query {
	return span(ordered[0].Kind, ordered[0].Time, ordered[len(ordered)-1].Time.Add(1))
}
