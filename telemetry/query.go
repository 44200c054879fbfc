package telemetry

import "time"

// A Query selects stored readings of one kind, in the order of time, device and
// sequence number.
type Query struct {
	Kind Kind
	// Devices and Areas restrict the answer; empty means all.
	Devices []DeviceID
	Areas   []AreaCode
	// From is included, To is not.
	From, To time.Time
	// Limit is the most readings to return; 0 means no limit.
	Limit int
}

// An Aggregate folds the values of one step into one.
type Aggregate string

// The aggregates.
const (
	Mean  Aggregate = "mean"
	Min   Aggregate = "min"
	Max   Aggregate = "max"
	Sum   Aggregate = "sum"
	Count Aggregate = "count"
	Last  Aggregate = "last"
)

// A SeriesQuery asks for one numeric field, folded into steps.
type SeriesQuery struct {
	Query
	// Field is a wire name of type Number, Integer or Boolean (0 and 1).
	Field string
	// Step is the length of a bucket; buckets begin at multiples of Step since the
	// Unix epoch. Limit counts samples.
	Step      time.Duration
	Aggregate Aggregate
}

// A Sample is one step of one device's series.
type Sample struct {
	Device DeviceID
	Time   time.Time // the beginning of the step
	Value  float64
}

// Validate reports the first thing in q that no store could answer.
func (q *Query) Validate() error {
	switch {
	case Fields(q.Kind) == nil:
		return reject("query: kind %s is unknown", q.Kind)
	case q.From.IsZero() || q.To.IsZero() || !q.From.Before(q.To):
		return reject("query: From must come before To and both must be set")
	case q.Limit < 0:
		return reject("query: Limit %d is negative", q.Limit)
	}
	return nil
}

// Validate reports the first thing in q that no store could answer.
func (q *SeriesQuery) Validate() error {
	if err := q.Query.Validate(); err != nil {
		return err
	}
	f := FieldByName(q.Kind, q.Field)
	switch {
	case f == nil:
		return reject("query: %s readings have no field %q", q.Kind, clip(q.Field))
	case f.Type != Number && f.Type != Integer && f.Type != Boolean:
		return reject("query: field %q is not a number", q.Field)
	case q.Step < time.Second:
		return reject("query: a step of %s is too short; at least 1s", q.Step)
	}
	switch q.Aggregate {
	case Mean, Min, Max, Sum, Count, Last:
		return nil
	}
	return reject("query: aggregate %q is unknown", clip(string(q.Aggregate)))
}
