package coverage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/uber/h3-go/v4"
	"pgregory.net/rapid"
)

// land is a patch of 37 cells around tayNinh, in rings.
func land(t interface{ Fatal(...any) }) []Cell {
	center, _, err := CellAt(tayNinh)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := h3.GridDisk(h3.Cell(center), 3)
	if err != nil {
		t.Fatal(err)
	}
	cells := make([]Cell, len(disk))
	for i, c := range disk {
		cells[i] = Cell(c)
	}
	return cells
}

// painted is an assessment in which exactly these cells are bad.
func painted(day Day, verdict Verdict, cells ...Cell) *Assessment {
	a := &Assessment{Day: day, rules: DefaultRules()}
	for _, c := range slices.Sorted(slices.Values(cells)) {
		a.Cells = append(a.Cells, CellVerdict{Cell: c, Operator: "45204", Standing: Standing{Verdict: verdict}})
	}
	return a
}

func update(t interface{ Fatal(...any) }, z *Zones, a *Assessment) []ZoneEvent {
	events, err := z.Update(a)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// changes are what happened, without who.
func changes(events []ZoneEvent) string {
	var all []string
	for _, e := range events {
		all = append(all, string(e.Change))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// One zone through its life: born, grown, joined by another, split, shrunk, ended.
func TestLifeOfAZone(t *testing.T) {
	t.Parallel()
	cells := land(t)
	center, ring := cells[0], cells[1:7] // the ring is in the order of the circle
	far := cells[19:37]
	var z Zones
	var zone, other string
	steps := []struct {
		name  string
		cells []Cell
		want  string
		open  int
	}{
		{"born", []Cell{center, ring[0]}, "born", 1},
		{"nothing new", []Cell{center, ring[0]}, "", 1},
		{"grown", []Cell{center, ring[0], ring[1]}, "grown", 1},
		{"another one far away", []Cell{center, ring[0], ring[1], far[9]}, "born", 2},
		{"moved", []Cell{center, ring[1], ring[2], far[9]}, "moved", 2},
		{"all joined", append(slices.Clone(cells[:19]), far...), "grown merged", 1},
		{"split by a ring", append([]Cell{center, ring[0], ring[1], ring[2], ring[3], ring[4], ring[5]}, far[0]), "shrunk split", 2},
		{"ended", nil, "ended ended", 0},
		{"born again", []Cell{center, ring[0]}, "born", 1},
	}
	for i, s := range steps {
		events := update(t, &z, painted(Day(20_000+i), Dead, s.cells...))
		if got := changes(events); got != s.want || len(z.Open) != s.open {
			t.Fatalf("%s: %q and %d open, want %q and %d\n%+v", s.name, got, len(z.Open), s.want, s.open, events)
		}
		switch s.name {
		case "born":
			zone = z.Open[0].ID
			if want := fmt.Sprintf("45204-dead-%s-%s", min(center, ring[0]), Day(20_000)); zone != want {
				t.Errorf("the id is %s, want %s", zone, want)
			}
		case "another one far away":
			other = z.Open[slices.IndexFunc(z.Open, func(o Zone) bool { return o.ID != zone })].ID
		case "all joined":
			if z.Open[0].ID != zone || z.Closed[0].ID != other || z.Closed[0].MergedInto != zone {
				t.Errorf("%s and %s became %s, closed is %+v", zone, other, z.Open[0].ID, z.Closed)
			}
		case "split by a ring":
			part := z.Open[slices.IndexFunc(z.Open, func(o Zone) bool { return o.ID != zone })]
			if part.SplitFrom != zone || len(part.Cells) != 1 {
				t.Errorf("the part is %+v", part)
			}
		case "born again":
			if z.Open[0].ID == zone {
				t.Error("an id was used again")
			}
		}
	}
	if _, err := z.Update(painted(20_000, Dead)); err == nil {
		t.Error("time went back")
	}
	z.Forget(20_100)
	if len(z.Closed)+len(z.Events) != 0 || len(z.Open) != 1 {
		t.Errorf("after forgetting: %+v", z)
	}
}

// Whatever happens to the cells, the open zones are their connected parts, ids are
// never shared or used again, and the rule for keeping them holds.
func TestZonesKeepTheirNames(t *testing.T) {
	t.Parallel()
	cells := land(t)
	rapid.Check(t, func(t *rapid.T) {
		var z Zones
		bad := make(map[Cell]bool)
		used := make(map[string]bool)
		for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(cells)-1), 0, 12).Draw(t, "flip") {
				if bad[cells[i]] {
					delete(bad, cells[i])
				} else {
					bad[cells[i]] = true
				}
			}
			day := Day(20_000 + step/2) // two updates a day
			before := slices.Clone(z.Open)
			a := painted(day, Dead, slices.Collect(maps.Keys(bad))...)
			update(t, &z, a)
			checkPartition(t, z.Open, bad)
			checkNames(t, before, z.Open, used)
			if again := update(t, &z, a); len(again) != 0 {
				t.Fatalf("the same again: %+v", again)
			}
			for _, o := range z.Open {
				used[o.ID] = true
			}
		}
		text, err := json.Marshal(z)
		if err != nil {
			t.Fatal(err)
		}
		var back Zones
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		a := painted(30_000, Dead, cells[:5]...)
		if diff := cmp.Diff(update(t, &z, a), update(t, &back, a)); diff != "" {
			t.Fatalf("after a restart:\n%s", diff)
		}
	})
}

func checkPartition(t *rapid.T, open []Zone, bad map[Cell]bool) {
	owner := make(map[Cell]string)
	for _, z := range open {
		set := make(map[Cell]bool)
		for _, c := range z.Cells {
			if !bad[c] || owner[c] != "" {
				t.Fatalf("cell %s of %s is bad: %v, and of %q", c, z.ID, bad[c], owner[c])
			}
			owner[c], set[c] = z.ID, true
		}
		if connected := flood(z.Cells[0], set); len(connected) != len(z.Cells) {
			t.Fatalf("%s is in pieces", z.ID)
		}
	}
	for c := range bad {
		for _, n := range c.Neighbors() {
			if owner[c] == "" || bad[n] && owner[n] != owner[c] {
				t.Fatalf("cell %s of %q has a neighbour of %q", c, owner[c], owner[n])
			}
		}
	}
}

func checkNames(t *rapid.T, before, after []Zone, used map[string]bool) {
	old := make(map[string]Zone)
	for _, z := range before {
		old[z.ID] = z
	}
	seen := make(map[string]bool)
	for _, z := range after {
		if seen[z.ID] {
			t.Fatalf("two zones are %s", z.ID)
		}
		seen[z.ID] = true
		was, kept := old[z.ID]
		if !kept && used[z.ID] {
			t.Fatalf("%s was used before", z.ID)
		}
		if kept && shared(was, z) == 0 {
			t.Fatalf("%s jumped", z.ID)
		}
		// No pair of strangers shares more than both share with their own.
		for _, o := range before {
			n := shared(o, z)
			if o.ID == z.ID || n == 0 {
				continue
			}
			mine := 0
			if kept {
				mine = shared(was, z)
			}
			theirs := 0
			if i := slices.IndexFunc(after, func(x Zone) bool { return x.ID == o.ID }); i >= 0 {
				theirs = shared(o, after[i])
			}
			if n > mine && n > theirs {
				t.Fatalf("%s shares %d cells with what was %s, which is more than with their own", z.ID, n, o.ID)
			}
		}
	}
}

func shared(a, b Zone) int {
	n := 0
	for _, c := range a.Cells {
		if slices.Contains(b.Cells, c) {
			n++
		}
	}
	return n
}

// Dead and slow zones, and those of two operators, have nothing to do with one another.
func TestZonesOfDifferentKinds(t *testing.T) {
	t.Parallel()
	cells := land(t)
	a := painted(20_000, Dead, cells[0], cells[1])
	a.Cells = append(a.Cells, painted(20_000, Gap, cells[2]).Cells...)
	other := painted(20_000, Dead, cells[0]).Cells[0]
	other.Operator = "45201"
	a.Cells = append(a.Cells, other)
	slices.SortFunc(a.Cells, func(x, y CellVerdict) int {
		return strings.Compare(x.Cell.String()+string(x.Operator), y.Cell.String()+string(y.Operator))
	})
	var z Zones
	if events := update(t, &z, a); len(events) != 3 || len(z.Open) != 3 {
		t.Errorf("%d zones: %+v", len(z.Open), z.Open)
	}
	for _, o := range z.Open {
		if o.AreaKm2 < 0.5*float64(len(o.Cells)) || o.AreaKm2 > 1.1*float64(len(o.Cells)) {
			t.Errorf("%s has %v km²", o.ID, o.AreaKm2)
		}
	}
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		verdict    Verdict
		population int
		km2        float64
		want       Severity
	}{
		{Dead, 0, 0.7, Minor}, {Dead, 99, 2.9, Minor}, {Dead, 100, 0.7, Major}, {Dead, 0, 3, Major}, {Dead, 1000, 0.7, Critical},
		{Dead, 0, 10, Critical}, {Gap, 5000, 20, Major}, {Gap, 0, 0.7, Minor},
	} {
		if got := severityOf(v.verdict, v.population, v.km2); got != v.want {
			t.Errorf("%s of %d residents and %v km² is %s", v.verdict, v.population, v.km2, got)
		}
	}
}
