package coverage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/uber/h3-go/v4"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

// content is what a map holds, in a form that can be compared.
func content(m *Map) map[string][]string {
	all := make(map[string][]string)
	for k, s := range m.series {
		for _, b := range s.days {
			name := fmt.Sprintf("%s %s %s", k.cell, k.operator.code(), b.day)
			for _, r := range b.records {
				all[name] = append(all[name], fmt.Sprintf("%s %s %d", r.testID(b.day), r.reason(), r.rate()))
			}
		}
		if s.from != 0 {
			all[fmt.Sprintf("%s %s", k.cell, k.operator.code())] = []string{"from " + s.from.String()}
		}
		for _, t := range s.struck {
			name := fmt.Sprintf("%s %s struck", k.cell, k.operator.code())
			all[name] = append(all[name], fmt.Sprint(t))
		}
	}
	return all
}

func mapOf(t *rapid.T, readings []telemetry.Reading) *Map {
	m, err := NewMap(Options{Rules: DefaultRules(), Zone: hcm})
	if err != nil {
		t.Fatal(err)
	}
	for i := range readings {
		m.Observe(&readings[i])
	}
	return m
}

// The order of tests, repetitions and the division of work change nothing.
func TestMapIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		readings := make([]telemetry.Reading, rapid.IntRange(0, 150).Draw(t, "n"))
		for i := range readings {
			readings[i] = anyReading(t, "test")
		}
		want := content(mapOf(t, readings))

		shuffled := rapid.Permutation(readings).Draw(t, "shuffled")
		if diff := cmp.Diff(want, content(mapOf(t, shuffled))); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, content(mapOf(t, slices.Concat(readings, shuffled)))); diff != "" {
			t.Fatalf("twice (-want +got):\n%s", diff)
		}
		one, two := rapid.IntRange(0, len(readings)).Draw(t, "one"), rapid.IntRange(0, len(readings)).Draw(t, "two")
		one, two = min(one, two), max(one, two)
		parts := func() [3]*Map {
			return [3]*Map{mapOf(t, shuffled[:one]), mapOf(t, shuffled[one:two]), mapOf(t, shuffled[two:])}
		}
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
			p := parts()
			merged := p[order[0]]
			// The last two first, to see that grouping does not matter either.
			if err := errors.Join(p[order[1]].Merge(p[order[2]]), merged.Merge(p[order[1]])); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, content(merged)); diff != "" {
				t.Fatalf("merged in order %v (-want +got):\n%s", order, diff)
			}
		}
	})
}

// Whatever comes, a device has no two tests of a cell within thirty seconds that count.
func TestSpacing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		readings := make([]telemetry.Reading, rapid.IntRange(0, 200).Draw(t, "n"))
		for i := range readings {
			readings[i] = anyReading(t, "test")
		}
		m := mapOf(t, readings)
		for _, s := range m.series {
			for i := range s.days {
				last := make(map[uint32]int)
				for _, r := range s.appendCounted(nil, &s.days[i]) {
					if before, ok := last[r.device()]; ok && r.second()-before < 30 {
						t.Fatalf("device %x counts at second %d and %d", r.device(), before, r.second())
					}
					last[r.device()] = r.second()
				}
				if n := len(s.days[i].records); n > TestsPerDay || cap(s.days[i].records) > TestsPerDay {
					t.Fatalf("a day holds %d tests in room for %d", n, cap(s.days[i].records))
				}
			}
		}
	})
}

// Of more tests than a day keeps, those that count are kept before those that do not,
// and each device and time has the same chance.
func TestDrawOfTheDay(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	const tests, days = 120, 200
	kept := make([]int, tests)
	for day := range days {
		for i := range tests {
			r := reading(when(local(1, 7, 0, 0).AddDate(0, 0, day).Add(time.Duration(i) * 5 * time.Minute)))
			if i >= tests-20 {
				r.Mobile.Indoor = telemetry.Some(true)
			}
			m.Observe(&r)
		}
	}
	for _, s := range m.series {
		for i := range s.days {
			if len(s.days[i].records) != TestsPerDay || !s.days[i].full() {
				t.Fatalf("day %s holds %d tests, full %v", s.days[i].day, len(s.days[i].records), s.days[i].full())
			}
			for _, r := range s.days[i].records {
				kept[(r.second()-7*3600)/300]++
			}
		}
	}
	mean := float64(days) * TestsPerDay / (tests - 20)
	for i, n := range kept {
		switch {
		case i >= tests-20 && n > 0:
			t.Errorf("indoor test %d was kept %d times before others", i, n)
		case i < tests-20 && math.Abs(float64(n)-mean) > 5*math.Sqrt(mean):
			t.Errorf("test %d was kept %d times, on average it is %.0f", i, n, mean)
		}
	}
}

// A day takes no more room than it may, however many tests it had.
func TestRoomOfADay(t *testing.T) {
	t.Parallel()
	b := bucket{day: 1}
	for id := range uint32(5000) {
		b.add(record{who: id * 30})
	}
	if got := int(unsafe.Sizeof(b)) + cap(b.records)*int(unsafe.Sizeof(record{})); got > 400 {
		t.Errorf("a full day takes %d bytes", got)
	}
}

// What a record holds is what the test said.
func TestRecordsKeepWhatMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 900_000).Draw(t, "rate in steps")
		upload := rapid.Float64Range(0.01, 9000).Draw(t, "upload")
		latency := rapid.Float64Range(0.1, 60000).Draw(t, "latency")
		dBm := rapid.Float64Range(-140, -44).Draw(t, "rsrp")
		technology := rapid.SampledFrom([]string{"2g", "3g", "4g", "5g-nsa", "5g-sa"}).Draw(t, "technology")
		r := reading(mbps(float64(steps)/100), func(r *telemetry.Reading) {
			r.Mobile.UploadMbps, r.Mobile.LatencyMs = telemetry.Some(upload), telemetry.Some(latency)
			r.Mobile.RSRPdBm, r.Mobile.Technology = telemetry.Some(dBm), telemetry.Some(technology)
		})
		validity := DefaultValidity()
		a := validity.examine(&r, telemetry.Point{}, clock{hcm})
		rec := makeRecord(&a, r.Mobile, r.Device, 5)
		level, known := rec.rsrp()
		switch {
		case rec.rate() != steps:
			t.Errorf("rate %d, want %d steps", rec.rate(), steps)
		case math.Abs(rec.upload()/upload-1) > 0.004 || math.Abs(rec.latency()/latency-1) > 0.004:
			t.Errorf("upload %v for %v, latency %v for %v", rec.upload(), upload, rec.latency(), latency)
		case !known || float64(level) > dBm || float64(level) <= dBm-1:
			t.Errorf("level %d for %v", level, dBm)
		case technologies[rec.technology()] != technology || rec.pointHex() != 5 || rec.second() != hm(12, 0):
			t.Errorf("%s in point-hex %d at %d", technologies[rec.technology()], rec.pointHex(), rec.second())
		case rec.usable(-120) != (technology != "2g"):
			t.Errorf("on %s it is usable: %v", technology, rec.usable(-120))
		}
	})
}

// Every target in steps of 0.01 is met by exactly the rates that are not below it.
func TestTargetsAreExact(t *testing.T) {
	t.Parallel()
	for steps := 1; steps < 900_000; steps += 37 {
		if got := rateToSteps(float64(steps) / 100); got != uint32(steps) {
			t.Fatalf("%v Mbit/s is %d steps, want %d", float64(steps)/100, got, steps)
		}
		if got := rateToSteps(float64(steps)/100 - 0.001); got != uint32(steps-1) {
			t.Fatalf("just below %v Mbit/s is %d steps, want %d", float64(steps)/100, got, steps-1)
		}
	}
}

// The draw gives no two ids the same place.
func TestDrawIsOneToOne(t *testing.T) {
	t.Parallel()
	seen := make(map[uint32]uint32)
	for id := range uint32(300_000) {
		place := draw(id, 20760)
		if other, taken := seen[place]; taken {
			t.Fatalf("ids %d and %d share a place", other, id)
		}
		seen[place] = id
	}
}

// A view is what it was, whatever happens to the map.
func TestViewsDoNotChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := mapOf(t, nil)
		var views []*View
		var want []map[string][]string
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				views = append(views, m.View())
				want = append(want, content(m))
			case 1:
				m.Prune(local(3, 0, 0, 0).AddDate(0, 0, m.rules.KeepDays()-1))
			default:
				r := anyReading(t, "test")
				m.Observe(&r)
			}
		}
		for i, v := range views {
			if diff := cmp.Diff(want[i], content(&Map{series: v.series})); diff != "" {
				t.Fatalf("view %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

func TestObservations(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	r := reading()
	cell, _, err := CellAt(tayNinh)
	if err != nil {
		t.Fatal(err)
	}
	want := Observation{Changed: true, Cell: cell, Operator: "45204"}
	if got := m.Observe(&r); got != want {
		t.Errorf("the first time: %+v", got)
	}
	want.Changed = false
	if got := m.Observe(&r); got != want {
		t.Errorf("the second time: %+v", got)
	}
	// A second test of the same slot gives way to the first, whichever came first.
	later := reading(when(local(3, 12, 0, 20)), mbps(5))
	if got := m.Observe(&later); got.Changed {
		t.Errorf("a later test of the slot: %+v", got)
	}
	earlier := reading(when(local(3, 12, 0, 0).Add(-time.Second)), mbps(5))
	if got := m.Observe(&earlier); !got.Changed {
		t.Errorf("an earlier test of another slot: %+v", got)
	}
	wifi := telemetry.NewReading(telemetry.KindWiFi)
	if got := m.Observe(&wifi); got.Reason != NoTest || got.Changed {
		t.Errorf("a reading of Wi-Fi: %+v", got)
	}
	if got := m.Size(); got != (Size{Series: 1, Days: 1, Tests: 2}) {
		t.Errorf("size %+v", got)
	}
}

func TestMapsUnderOtherRulesDoNotMerge(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	rules.Validity.MaxAccuracyM = 100
	other, err := NewMap(Options{Rules: rules, Zone: hcm})
	if err != nil {
		t.Fatal(err)
	}
	if err := newMap(t).Merge(other); !errors.Is(err, ErrOtherRules) {
		t.Errorf("merging gave %v", err)
	}
	if _, err := newJudge(t, DefaultRules()).Assess(t.Context(), other.View(), local(3, 12, 0, 0)); !errors.Is(err, ErrOtherRules) {
		t.Errorf("judging gave %v", err)
	}
	// Another target is no other validity.
	rules = DefaultRules()
	rules.TargetMbps = 30
	if _, err := newJudge(t, rules).Assess(t.Context(), newMap(t).View(), local(3, 12, 0, 0)); err != nil {
		t.Errorf("judging by another target gave %v", err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	for _, day := range []int{1, 2, 3} {
		r := reading(when(local(day, 12, 0, 0)))
		m.Observe(&r)
	}
	keep := m.rules.KeepDays()
	if n := m.Prune(local(1, 23, 0, 0).AddDate(0, 0, keep-1)); n != 0 {
		t.Errorf("forgot %d tests on the last day of the first", n)
	}
	if n := m.Prune(local(2, 1, 0, 0).AddDate(0, 0, keep)); n != 2 || m.Size().Tests != 1 {
		t.Errorf("forgot %d tests, %+v are left", n, m.Size())
	}
	if n := m.Prune(local(3, 1, 0, 0).AddDate(0, 0, keep)); n != 1 || m.Size() != (Size{}) {
		t.Errorf("forgot %d tests, %+v are left", n, m.Size())
	}
}

// Our arithmetic on indexes is that of the library.
func TestCellsAgreeWithH3(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := telemetry.Point{Lat: rapid.Float64Range(8, 24).Draw(t, "lat"), Lon: rapid.Float64Range(102, 110).Draw(t, "lon")}
		cell, i, err := CellAt(p)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := h3.LatLngToCell(h3.LatLng{Lat: p.Lat, Lng: p.Lon}, CellResolution)
		// The child that holds a point need not lie in the parent that does: H3 is not nested
		// exactly. Its parent by index is what counts.
		point, _ := h3.LatLngToCell(h3.LatLng{Lat: p.Lat, Lng: p.Lon}, PointHexResolution)
		parent, _ := point.Parent(CellResolution)
		if Cell(parent) != cell || cell.PointHex(i) != Cell(point) {
			t.Errorf("cell %s, point-hex %d; H3 has %s, %s (%s directly)", cell, i, parent, point, want)
		}
		for resolution := CellResolution - 1; resolution >= 5; resolution-- {
			if above, _ := h3.Cell(cell).Parent(resolution); Cell(above) != cell.Parent(resolution) {
				t.Errorf("the parent at %d is %s, not %s", resolution, above, cell.Parent(resolution))
			}
		}
		children, _ := h3.Cell(cell).ImmediateChildren()
		for n, c := range children {
			if cell.PointHex(n) != Cell(c) {
				t.Errorf("child %d is %s, not %s", n, c, cell.PointHex(n))
			}
		}
		text, _ := cell.MarshalText()
		var back Cell
		if err := back.UnmarshalText(text); err != nil || back != cell || cell.String() != string(text) {
			t.Errorf("%s comes back as %s, %v", cell, back, err)
		}
	})
	for _, bad := range []string{"", "x", "8965b1a2b83ffff", "ffffffffffffffff"} {
		if _, err := ParseCell(bad); err == nil {
			t.Errorf("%q is taken for a cell", bad)
		}
	}
	if _, _, err := CellAt(telemetry.Point{Lat: math.NaN()}); err == nil {
		t.Error("a cell at no number")
	}
}
