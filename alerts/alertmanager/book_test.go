package alertmanager

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestInvalidAlertsAreNamedAndTheOthersTaken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	good := silent("school", "ap-1")
	with := func(change func(*Alert)) Alert {
		a := silent("school", "ap-2")
		a.StartsAt = now
		change(&a)
		return a
	}
	for _, test := range []struct {
		name string
		bad  Alert
		want string
	}{
		{"no name", with(func(a *Alert) { delete(a.Labels, "alertname") }), `no label "alertname"`},
		{"empty name", with(func(a *Alert) { a.Labels["alertname"] = "" }), `no label "alertname"`},
		{"no beginning", with(func(a *Alert) { a.StartsAt = time.Time{} }), "StartsAt"},
		{"ends before it starts", with(func(a *Alert) { a.EndsAt = now.Add(-time.Hour) }), "before it starts"},
		{"label with a hyphen", with(func(a *Alert) { a.Labels["a-b"] = "x" }), `label "a-b"`},
		{"label that is not UTF-8", with(func(a *Alert) { a.Labels["site"] = "\xff" }), "not UTF-8"},
		{"long label", with(func(a *Alert) { a.Labels["site"] = strings.Repeat("x", 1025) }), "1025 bytes"},
		{"long annotation", with(func(a *Alert) { a.Annotations["summary"] = strings.Repeat("x", 16<<10+1) }), "annotation summary"},
		{"annotation name", with(func(a *Alert) { a.Annotations["{{"] = "x" }), `annotation "{{"`},
		{"many labels", with(func(a *Alert) {
			for i := range 64 {
				a.Labels[fmt.Sprintf("l%d", i)] = "x"
			}
		}), "70 labels"},
		{"id for another topic", with(func(a *Alert) { a.ID = "a/b" }), `id "a/b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBook(0)
			said, err := b.update(now, []Alert{test.bad, good})
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q in it", err, test.want)
			}
			if len(said) != 1 || said[0].ID != "silent-ap-1" {
				t.Errorf("taken: %v; want the good one", said)
			}
		})
	}
}

func TestEqualLabelsAreNoOverwrite(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := newBook(0)
	first, second := silent("school", "ap-1"), silent("school", "ap-1")
	first.ID, second.ID = "rule-a", "rule-b"
	second.Annotations = map[string]string{"summary": "something else"}
	said, err := b.update(now, []Alert{first, second})
	if !errors.Is(err, ErrEqualLabels) || !strings.Contains(err.Error(), "rule-a and rule-b") || !strings.Contains(err.Error(), `device="ap-1"`) {
		t.Errorf("error %v; want both IDs and the labels", err)
	}
	if got := ids(said); got != "rule-a firing" {
		t.Errorf("said %q, want the first", got)
	}
	if said, err = b.update(now, []Alert{second}); err != nil || len(said) != 0 {
		t.Errorf("the second again: %v, %v; want it said once", said, err)
	}
	if said, _ = b.update(now, []Alert{first.resolved()}); ids(said) != "rule-b firing" {
		t.Errorf("after the first: %q; want the second to speak", ids(said))
	}
	if said, _ = b.update(now, []Alert{second.resolved()}); ids(said) != "rule-b resolved" {
		t.Errorf("after both: %q", ids(said))
	}
	if len(b.entries) != 0 {
		t.Errorf("left over: %v", b.entries)
	}
}

func TestMoreThanTheLimitIsRefusedByName(t *testing.T) {
	t.Parallel()
	b := newBook(2)
	said, err := b.update(time.Now(), []Alert{silent("s", "ap-1"), silent("s", "ap-2"), silent("s", "ap-3")})
	if !errors.Is(err, ErrTooMany) || !strings.Contains(err.Error(), "ap-3") || ids(said) != "silent-ap-1 firing, silent-ap-2 firing" {
		t.Errorf("said %q, %v", ids(said), err)
	}
	if said, err = b.update(time.Now(), []Alert{silent("s", "ap-1").resolved(), silent("s", "ap-3")}); err != nil || len(said) != 2 {
		t.Errorf("with room: %q, %v", ids(said), err)
	}
}

func ids(alerts []Alert) string {
	var all []string
	for _, a := range alerts {
		state := "resolved"
		if a.Firing() {
			state = "firing"
		}
		all = append(all, a.ID+" "+state)
	}
	return strings.Join(all, ", ")
}

// Whatever happens in whatever order, what was said last of each set of labels is whether anything
// fires under it.
func TestBookSaysWhatIsTrue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBook(0)
		now := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
		truth := make(map[string]map[string]bool) // by labels, by ID
		heard := make(map[string]bool)
		hear := func(said []Alert) {
			for _, a := range said {
				heard[a.Labels["site"]] = a.Firing()
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Second)
			make1 := func() Alert {
				a := silent(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "site"), "ap")
				a.StartsAt, a.ID = now.Add(-time.Minute), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "id")
				a.ID += "-" + a.Labels["site"]
				return a
			}
			if rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
				var all []Alert
				clear(truth)
				for range rapid.IntRange(0, 3).Draw(t, "active") {
					a := make1()
					all = append(all, a)
					note(truth, a)
				}
				said, _ := b.replace(now, all)
				hear(said)
				continue
			}
			a := make1()
			if rapid.Bool().Draw(t, "resolved") {
				a.EndsAt = now
			}
			note(truth, a)
			said, _ := b.update(now, []Alert{a})
			hear(said)
		}
		fires := make(map[string]bool)
		for site := range heard {
			fires[site] = len(truth[site]) > 0
		}
		if diff := cmp.Diff(fires, heard); diff != "" {
			t.Fatalf("what fires (-truth +heard):\n%s", diff)
		}
		for site, firing := range truth {
			if len(firing) > 0 && !heard[site] {
				t.Fatalf("%s fires and nobody heard", site)
			}
		}
	})
}

func note(truth map[string]map[string]bool, a Alert) {
	site := a.Labels["site"]
	if truth[site] == nil {
		truth[site] = make(map[string]bool)
	}
	if a.Firing() {
		truth[site][a.ID] = true
	} else {
		delete(truth[site], a.ID)
	}
}

func TestAlertsAreCopied(t *testing.T) {
	t.Parallel()
	b := newBook(0)
	a := silent("school", "ap-1")
	said, err := b.update(time.Now(), []Alert{a})
	if err != nil {
		t.Fatal(err)
	}
	a.Labels["site"], a.Annotations["place"] = "elsewhere", "elsewhere"
	if said[0].Labels["site"] != "school" || slices.Contains(slices.Collect(maps.Values(said[0].Annotations)), "elsewhere") {
		t.Error("a change of the caller's maps changes the alert")
	}
}

func FuzzNormalised(f *testing.F) {
	f.Add("AccessPointSilent", "site", "school", "id-1", "summary", int64(0), int64(1))
	f.Fuzz(func(t *testing.T, name, label, value, id, annotation string, begins, ends int64) {
		now := time.Unix(1_790_000_000, 0)
		a := Alert{
			ID: id, Labels: map[string]string{"alertname": name, label: value}, Annotations: map[string]string{annotation: value},
			StartsAt: time.Unix(begins, 0), EndsAt: time.Unix(ends, 0),
		}
		n, err := a.normalised(now)
		if err != nil {
			return
		}
		if !alertID.MatchString(n.ID) || n.EndsAt.After(now) || n.StartsAt.After(n.EndsAt) && !n.Firing() {
			t.Errorf("%+v became %+v", a, n)
		}
		if err := convert(&n, now).Validate(); err != nil {
			t.Errorf("an Alertmanager would refuse %+v: %v", n, err)
		}
	})
}
