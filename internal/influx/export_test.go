package influx

import (
	"context"

	"phusong/telemetry"
)

// Echo writes text into a query as a literal and returns what the server made of
// it. The store must hold at least one point of wifi.
func (s *Store) Echo(ctx context.Context, text string) (echo string, err error) {
	all := selection{kind: telemetry.KindWiFi, to: maxMilli + 1}
	query := s.flux(&all, "received") + ` |> group() |> limit(n: 1) |> map(fn: (r) => ({r with _value: ` + literal("<"+text+">") + `}))`
	err = s.query(ctx, query, func(row map[string]any) error {
		echo, _ = row["_value"].(string)
		return nil
	})
	return echo, err
}

// WriteLines writes line protocol as it is.
func (s *Store) WriteLines(ctx context.Context, lines string) error {
	return s.api.WriteRecord(ctx, lines)
}

// Encode returns the batch as line protocol.
func (s *Store) Encode(batch []telemetry.Reading) (string, error) { return s.encode(batch) }
