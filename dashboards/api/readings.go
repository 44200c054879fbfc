package api

import (
	"context"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// maxPoints bounds a chart: more than a screen has pixels helps nobody.
const maxPoints = 5000

type seriesQuestion struct {
	Kind      string             `query:"kind" enum:"wifi,mobile,environment" required:"true"`
	Device    telemetry.DeviceID `query:"device" required:"true" maxLength:"64"`
	Field     string             `query:"field" required:"true" maxLength:"40"`
	From      time.Time          `query:"from" required:"true"`
	To        time.Time          `query:"to" required:"true"`
	Step      string             `query:"step" default:"1h" maxLength:"20" doc:"such as 10s, 5m or 1h"`
	Aggregate string             `query:"aggregate" enum:"mean,min,max,sum,count,last" default:"mean"`
}

// A Series is a chart's line.
type Series struct {
	Device telemetry.DeviceID `json:"device"`
	Field  string             `json:"field"`
	Unit   string             `json:"unit"`
	StepS  float64            `json:"step_s"`
	Points []Point            `json:"points" doc:"steps without a reading are left out"`
}

func (q *seriesQuestion) parse() (telemetry.SeriesQuery, *telemetry.Field, error) {
	kind, err := telemetry.ParseKind(q.Kind)
	if err != nil {
		return telemetry.SeriesQuery{}, nil, invalid("kind", err.Error())
	}
	field := telemetry.FieldByName(kind, q.Field)
	if field == nil {
		return telemetry.SeriesQuery{}, nil, invalid("field", "no reading of "+q.Kind+" has the field "+q.Field+"; docs/PROTOCOL.md lists them")
	}
	step, err := time.ParseDuration(q.Step)
	if err != nil || step < time.Second {
		return telemetry.SeriesQuery{}, nil, invalid("step", "step must be a second or longer, such as 10s, 5m or 1h")
	}
	if !q.To.After(q.From) || q.To.Sub(q.From)/step > maxPoints {
		return telemetry.SeriesQuery{}, nil, invalid("from", "from must be before to, by 5000 steps at most: take a longer step")
	}
	s := telemetry.SeriesQuery{
		Query: telemetry.Query{Kind: kind, Devices: []telemetry.DeviceID{q.Device}, From: q.From, To: q.To, Limit: maxPoints + 1},
		Field: q.Field, Step: step, Aggregate: telemetry.Aggregate(q.Aggregate),
	}
	if err := s.Validate(); err != nil {
		return s, nil, invalid("field", err.Error())
	}
	return s, field, nil
}

// seriesTimeout bounds what one chart may cost the store.
const seriesTimeout = 10 * time.Second

func (s *server) registerReadings() {
	const tag = "readings"
	handle(s, http.MethodGet, "/series", "get-series", tag, "One field of one device, folded into steps", access.Read, func(ctx context.Context, in *seriesQuestion) (*answer[Series], error) {
		q, field, err := in.parse()
		if err != nil {
			return nil, err
		}
		if err := s.areaOf(ctx, in.Device); err != nil {
			return nil, err
		}
		asking, cancel := context.WithTimeout(ctx, seriesTimeout)
		defer cancel()
		samples, err := s.Readings.Series(asking, q)
		if err != nil {
			return nil, err
		}
		out := Series{Device: in.Device, Field: in.Field, Unit: field.Unit, StepS: q.Step.Seconds(), Points: make([]Point, len(samples))}
		for i, x := range samples {
			out.Points[i] = Point{x.Time.UTC(), x.Value}
		}
		return said(out), nil
	})
	handle(s, http.MethodGet, "/deadletters", "list-letters", "service", "Refused messages, oldest first", access.Administer, func(ctx context.Context, in *Paging) (*answer[Page[Letter]], error) {
		done, err := s.alone(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		list, err := s.Readings.Letters(ctx, in.After, in.Limit+1)
		if err != nil {
			return nil, err
		}
		page := Page[Letter]{Items: append([]Letter{}, list[:min(len(list), in.Limit)]...), Total: -1}
		if len(list) > in.Limit {
			page.Next = page.Items[in.Limit-1].ID
		}
		return said(page), nil
	})
	handle(s, http.MethodPost, "/deadletters/replay", "replay-letters", "service", "Process refused messages again", access.Administer, func(ctx context.Context, in *struct {
		Body struct {
			IDs    []string  `json:"ids,omitempty" maxItems:"10000"`
			All    bool      `json:"all,omitempty"`
			Limit  int       `json:"limit,omitempty" minimum:"1" maximum:"10000" doc:"of all, process so many at most; left says how many remain"`
			Before time.Time `json:"before,omitzero" doc:"of all, leave out what was refused since; send before of the first answer to go on"`
		}
	}) (*answer[Replayed], error) {
		if in.Body.All == (len(in.Body.IDs) > 0) {
			return nil, refusal(http.StatusUnprocessableEntity, codeReplay, `name the ids to replay, or say "all": true`)
		}
		done, err := s.alone(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		q := Replay{IDs: in.Body.IDs, Limit: in.Body.Limit, Before: in.Body.Before}
		// By our own clock: what is refused again must not be processed again and again.
		if now := s.Now().UTC(); q.Before.IsZero() || q.Before.After(now) {
			q.Before = now.Truncate(time.Millisecond)
		}
		out, err := s.Readings.Replay(ctx, q)
		out.Before = q.Before
		return said(out), err
	})
}

// Replayed is what came of processing refused messages again.
type Replayed struct {
	Replayed int       `json:"replayed" doc:"how many were processed"`
	Refused  int       `json:"refused" doc:"how many of them were refused at once again; they are dead letters anew, with the reason of now"`
	Left     int       `json:"left" doc:"how many of all remain that were refused before; those that were not kept whole cannot be processed and are not counted"`
	Before   time.Time `json:"before"`
}
