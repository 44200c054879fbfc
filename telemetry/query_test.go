package telemetry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"phusong/telemetry"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	good := telemetry.SeriesQuery{
		Query: telemetry.Query{Kind: telemetry.KindWiFi, From: from, To: from.Add(time.Hour)},
		Field: "clients", Step: time.Minute, Aggregate: telemetry.Mean,
	}
	tests := []struct {
		name  string
		spoil func(*telemetry.SeriesQuery)
		whole bool // the plain query is refused too
		want  string
	}{
		{"good", func(*telemetry.SeriesQuery) {}, false, ""},
		{"a limit", func(q *telemetry.SeriesQuery) { q.Limit = 1 }, false, ""},
		{"a number", func(q *telemetry.SeriesQuery) { q.Field = "wan_loss" }, false, ""},
		{"a boolean", func(q *telemetry.SeriesQuery) { q.Field = "wan_up" }, false, ""},
		{"the shortest step", func(q *telemetry.SeriesQuery) { q.Step = time.Second }, false, ""},
		{"no kind", func(q *telemetry.SeriesQuery) { q.Kind = 0 }, true, "kind Kind(0) is unknown"},
		{"no beginning", func(q *telemetry.SeriesQuery) { q.From = time.Time{} }, true, "From must come before To"},
		{"no end", func(q *telemetry.SeriesQuery) { q.To = time.Time{} }, true, "From must come before To"},
		{"empty", func(q *telemetry.SeriesQuery) { q.To = q.From }, true, "From must come before To"},
		{"backwards", func(q *telemetry.SeriesQuery) { q.To = q.From.Add(-1) }, true, "From must come before To"},
		{"a negative limit", func(q *telemetry.SeriesQuery) { q.Limit = -1 }, true, "Limit -1 is negative"},
		{"no field", func(q *telemetry.SeriesQuery) { q.Field = "" }, false, `wifi readings have no field ""`},
		{"a field of another kind", func(q *telemetry.SeriesQuery) { q.Field = "pm25_ugm3" }, false, `wifi readings have no field "pm25_ugm3"`},
		{"a text", func(q *telemetry.SeriesQuery) { q.Field = "users_sketch" }, false, `field "users_sketch" is not a number`},
		{"a list", func(q *telemetry.SeriesQuery) { q.Field = "radios" }, false, `field "radios" is not a number`},
		{"a short step", func(q *telemetry.SeriesQuery) { q.Step = time.Second - 1 }, false, "is too short"},
		{"a backward step", func(q *telemetry.SeriesQuery) { q.Step = -time.Hour }, false, "is too short"},
		{"no aggregate", func(q *telemetry.SeriesQuery) { q.Aggregate = "" }, false, `aggregate "" is unknown`},
		{"an unknown aggregate", func(q *telemetry.SeriesQuery) { q.Aggregate = "median" }, false, `aggregate "median" is unknown`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := good
			tt.spoil(&q)
			check := func(err error, want string) {
				t.Helper()
				if want == "" && err == nil {
					return
				}
				if !errors.Is(err, telemetry.ErrRejected) || want == "" || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			check(q.Validate(), tt.want)
			if tt.whole {
				check(q.Query.Validate(), tt.want)
			} else {
				check(q.Query.Validate(), "")
			}
		})
	}
	for _, a := range []telemetry.Aggregate{telemetry.Mean, telemetry.Min, telemetry.Max, telemetry.Sum, telemetry.Count, telemetry.Last} {
		q := good
		q.Aggregate = a
		if err := q.Validate(); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}
