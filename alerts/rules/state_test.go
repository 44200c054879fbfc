package rules

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// story plays answers, one a minute, and returns the transitions.
func story(r *Rule, answers string) string {
	var s State
	out := make([]byte, 0, len(answers))
	for i, a := range answers {
		truth := map[rune]Truth{'t': True, 'f': False, '?': Unknown}[a]
		out = append(out, ".bFwR"[s.Step(r, truth, begin.Add(time.Duration(i)*time.Minute))])
	}
	return string(out)
}

func TestStories(t *testing.T) {
	t.Parallel()
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for _, test := range []struct {
		name          string
		rule          Rule
		answers, want string
	}{
		{"at once", Rule{}, "ftf", ".FR"},
		{"for", Rule{For: minutes(2)}, "ttttf", "b.F.R"},
		{"withdrawn", Rule{For: minutes(2)}, "ttftt", "b.wb."},
		{"keep firing", Rule{KeepFiring: minutes(2)}, "tffffft", "F..R..F"},
		{"keep firing and true again", Rule{KeepFiring: minutes(2)}, "tfftfff", "F.....R"},
		{"keep firing while unknown", Rule{KeepFiring: minutes(2)}, "tf?????", "F..R..."},
		{"unknown raises nothing", Rule{}, "????", "...."},
		{"unknown does not resolve", Rule{}, "t??????f", "F......R"},
		{"unknown does not let it fire", Rule{For: minutes(2)}, "t????t", "b....F"},
		{"unknown does not withdraw", Rule{For: minutes(2)}, "t??tf", "b..FR"},
		{"knowledge is too old", Rule{KeepUnknown: minutes(3)}, "t????t", "F...RF"},
		{"pending knowledge is too old", Rule{For: minutes(9), KeepUnknown: minutes(2)}, "t????t", "b..w.b"},
		{"knowledge comes back in time", Rule{KeepUnknown: minutes(3)}, "t??t???f", "F......R"},
		{"false after unknown keeps firing", Rule{KeepFiring: minutes(2)}, "t??fff", "F....R"},
	} {
		if got := story(&test.rule, test.answers); got != test.want {
			t.Errorf("%s: %s gives %s, want %s", test.name, test.answers, got, test.want)
		}
	}
}

// anyRule draws durations that meet one another often.
func anyRule(t *rapid.T) *Rule {
	d := rapid.Map(rapid.IntRange(0, 4), func(n int) time.Duration { return time.Duration(n) * time.Second })
	return &Rule{For: d.Draw(t, "for"), KeepFiring: d.Draw(t, "keep"), KeepUnknown: d.Draw(t, "unknown")}
}

// TestDeadlines: asking at deadlines only, besides when the answer changes, misses
// nothing that asking all the time finds.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := anyRule(t)
		answers := rapid.SliceOfN(rapid.Uint8Range(0, 2), 1, 40).Draw(t, "answers")
		var eager, lazy State
		for i, a := range answers {
			now, truth := begin.Add(time.Duration(i)*time.Second), Truth(a)
			want := eager.Step(r, truth, now)
			got := Unchanged
			if deadline := lazy.Deadline(r); !deadline.IsZero() && !deadline.After(now) && truth == lazy.Truth {
				got = lazy.Expire(r, now)
			} else if truth != lazy.Truth {
				got = lazy.Step(r, truth, now)
			}
			if got != want || eager.Phase != lazy.Phase || eager.ActiveAt != lazy.ActiveAt || eager.FiredAt != lazy.FiredAt {
				t.Fatalf("step %d: asked all the time %v %+v, at deadlines %v %+v", i, want, eager, got, lazy)
			}
		}
	})
}

// TestTransitionsMakeSense: what fires was true for long enough, what resolves fired,
// and an encoded state goes on as the state.
func TestTransitionsMakeSense(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := anyRule(t)
		var s State
		firing := false
		for i, a := range rapid.SliceOfN(rapid.Uint8Range(0, 2), 1, 40).Draw(t, "answers") {
			now := begin.Add(time.Duration(i) * time.Second)
			copied, err := DecodeState(s.Append(nil))
			if err != nil || copied != s {
				t.Fatalf("%+v encoded is %+v, %v", s, copied, err)
			}
			active := s.ActiveAt
			transition := s.Step(r, Truth(a), now)
			switch transition {
			case Fired:
				if active == 0 {
					active = now.UnixMilli()
				}
				if firing || Truth(a) != True || now.Sub(time.UnixMilli(active)) < r.For {
					t.Fatalf("step %d fired wrongly", i)
				}
			case Resolved:
				if !firing || Truth(a) == True || Truth(a) == Unknown && r.KeepUnknown == 0 && r.KeepFiring == 0 {
					t.Fatalf("step %d resolved wrongly", i)
				}
			case Began, Withdrawn:
				if firing {
					t.Fatalf("step %d: %v while firing", i, transition)
				}
			}
			firing = transition == Fired || firing && transition != Resolved
			if s.Firing() != firing || (s.Phase == Inactive) != s.Since().IsZero() {
				t.Fatalf("step %d: %+v, firing %v", i, s, firing)
			}
		}
	})
}

func TestDecodeStateRefusesDamage(t *testing.T) {
	t.Parallel()
	good := (&State{Phase: Firing, Truth: True, ActiveAt: 1, FiredAt: 2}).Append(nil)
	if len(good) != StateSize {
		t.Fatalf("%d bytes", len(good))
	}
	for _, bad := range [][]byte{nil, good[:StateSize-1], append([]byte{9}, good[1:]...), append([]byte{1, 9}, good[2:]...)} {
		if _, err := DecodeState(bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
