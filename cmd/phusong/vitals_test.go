package main

import (
	"math"
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	t.Parallel()
	var began time.Time
	for _, step := range []struct {
		after time.Duration
		holds bool
		want  time.Duration
	}{
		{0, false, 0}, {time.Minute, true, 0}, {3 * time.Minute, true, 2 * time.Minute}, {4 * time.Minute, false, 0}, {9 * time.Minute, true, 0},
	} {
		if got := since(&began, step.holds, dawn.Add(step.after)); got != step.want {
			t.Errorf("after %v: %v, want %v", step.after, got, step.want)
		}
	}
}

func TestRejectedShare(t *testing.T) {
	t.Parallel()
	var v vitals
	for _, step := range []struct {
		after              time.Duration
		received, rejected int64
		want               float64 // −1: not known
	}{
		{0, 1000, 500, -1}, // of before nothing is said
		{time.Minute, 1000, 500, -1},
		{2 * time.Minute, 1100, 510, 0.1},
		{6 * time.Minute, 1200, 510, 0.05},
		{7*time.Minute + 30*time.Second, 1300, 510, 0}, // what was refused is too long ago
	} {
		got, known := v.rejectedShare(dawn.Add(step.after), step.received, step.rejected)
		if known != (step.want >= 0) || known && math.Abs(got-step.want) > 1e-9 {
			t.Errorf("after %v: %v, %v; want %v", step.after, got, known, step.want)
		}
	}
	if len(v.past) > 2+int(rejectedOver/time.Minute) {
		t.Errorf("%d counts are kept", len(v.past))
	}
}

// A rule that had a fault counts for an hour, and not until the next start.
func TestFaultyRules(t *testing.T) {
	t.Parallel()
	var v vitals
	for _, step := range []struct {
		after time.Duration
		rules map[string]uint64
		texts uint64
		want  int
	}{
		{0, nil, 0, 0},
		{time.Minute, map[string]uint64{"a": 1}, 0, 1},
		{30 * time.Minute, map[string]uint64{"a": 1, "b": 2}, 1, 3},
		{62 * time.Minute, map[string]uint64{"a": 1, "b": 2}, 1, 2},
		{63 * time.Minute, map[string]uint64{"a": 2, "b": 2}, 1, 3},
		{5 * time.Hour, map[string]uint64{"a": 2, "b": 2}, 1, 0},
	} {
		if got := v.faulty(dawn.Add(step.after), step.rules, step.texts); got != step.want {
			t.Errorf("after %v: %d, want %d", step.after, got, step.want)
		}
	}
}
