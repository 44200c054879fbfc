package coverage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"time"

	"phusong/telemetry"
)

// Options say what a Map is of.
type Options struct {
	// Rules decide what counts. Required.
	Rules Rules
	// Zone is the time zone of the day and its hours, by the name that the rules give.
	Zone *time.Location
	// Grid is the land that the map covers; nil takes tests from anywhere.
	Grid *Grid
	// FixedAt returns the registered position of a probe that does not move, the zero Point
	// for one that does. nil when all move. It must answer from memory, always the same.
	FixedAt func(telemetry.DeviceID) telemetry.Point
}

func (o *Options) check() error {
	if err := o.Rules.Check(); err != nil {
		return err
	}
	if o.Zone == nil {
		return errors.New("coverage: Options.Zone is nil; load " + o.Rules.Validity.Zone)
	}
	if o.Zone.String() != o.Rules.Validity.Zone {
		return fmt.Errorf("coverage: Options.Zone is %s, and the rules are for %s; use one of them", o.Zone, o.Rules.Validity.Zone)
	}
	return nil
}

// A Map holds the tests of a land, by cell, operator and day. The zero Map is not
// usable. A Map is for one goroutine; [Map.View] is for the others.
//
// What it holds is a function of the set of readings that it observed: their order
// and repetition do not matter, and merging the maps of two sets is the map of
// their union. Keeping does cost that property at the edge: see [Map.Prune].
type Map struct {
	rules   Rules
	clock   clock
	grid    *Grid
	fixedAt func(telemetry.DeviceID) telemetry.Point

	series map[key]*series
	// shared says that a View may hold the current series; those of an older generation
	// are copied before they change.
	generation uint32
}

// A key names what verdicts are about.
type key struct {
	cell     Cell
	operator plmn
}

// A plmn is an operator code as a number: the digits, and a million for each.
type plmn uint32

func plmnOf(code telemetry.OperatorCode) plmn {
	n := plmn(len(code)) * 1_000_000
	digits := plmn(0)
	for i := range len(code) {
		digits = digits*10 + plmn(code[i]-'0')
	}
	return n + digits
}

func (p plmn) code() telemetry.OperatorCode {
	return telemetry.OperatorCode(fmt.Sprintf("%0*d", int(p/1_000_000), p%1_000_000))
}

// series are the buckets of one cell and operator, by day.
type series struct {
	generation uint32
	days       []bucket
	struck     []struckTest // sorted
	from       Day          // what is older is superseded; 0 for nothing
}

// NewMap returns an empty map.
func NewMap(o Options) (*Map, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m := &Map{rules: o.Rules, clock: clock{o.Zone}, grid: o.Grid, fixedAt: o.FixedAt, series: make(map[key]*series)}
	if m.fixedAt == nil {
		m.fixedAt = func(telemetry.DeviceID) telemetry.Point { return telemetry.Point{} }
	}
	return m, nil
}

// An Observation says what became of a reading.
type Observation struct {
	// Reason is Counts, or why the test does not count. Tests that have a place and an
	// operator are kept either way.
	Reason Reason
	// Changed is false for a repetition, and for a test that another of its slot or day
	// has displaced.
	Changed  bool
	Cell     Cell // 0 when there is no place
	Operator telemetry.OperatorCode
	Area     telemetry.AreaCode // commune of the cell; empty when there is no grid
}

// Observe takes in one mobile reading. Observing it again, now or after a restart,
// changes nothing. Readings of other kinds are NoTest. The reading is not kept.
func (m *Map) Observe(r *telemetry.Reading) Observation {
	a := m.rules.Validity.examine(r, m.fixedAt(r.Device), m.clock)
	o := Observation{Reason: a.reason, Operator: a.operator}
	switch a.reason {
	case NoTest, NoClock, TooOld, UnknownOperator, NoPosition:
		return o // nothing could be said of where, when or whose
	}
	cell, pointHex, err := CellAt(a.at)
	if err != nil {
		o.Reason = NoPosition
		return o
	}
	o.Cell = cell
	k := key{cell, plmnOf(a.operator)}
	s := m.series[k]
	if m.grid != nil {
		if o.Area = m.grid.AreaOf(cell); o.Area == "" {
			o.Reason = Outside
			return o
		}
	}
	if s == nil {
		s = &series{generation: m.generation}
		m.series[k] = s
	}
	rec := makeRecord(&a, r.Mobile, r.Device, pointHex)
	s = m.own(k, s)
	o.Changed = s.bucket(a.day).add(rec)
	return o
}

// own returns the series ready to be changed: a copy when a View has it.
func (m *Map) own(k key, s *series) *series {
	if s.generation == m.generation {
		return s
	}
	mine := &series{generation: m.generation, days: slices.Clone(s.days), struck: slices.Clone(s.struck), from: s.from}
	for i := range mine.days {
		mine.days[i].records = slices.Clone(mine.days[i].records)
	}
	m.series[k] = mine
	return mine
}

// bucket returns that of the day, made when missing. Most tests are of the last day.
func (s *series) bucket(day Day) *bucket {
	n := len(s.days)
	if n > 0 && s.days[n-1].day == day {
		return &s.days[n-1]
	}
	at := sort.Search(n, func(i int) bool { return s.days[i].day >= day })
	if at == n || s.days[at].day != day {
		s.days = slices.Insert(s.days, at, bucket{day: day})
	}
	return &s.days[at]
}

// Merge adds all that another map holds. Both must be under the same rules of
// validity. The other is not changed, and shares nothing with m afterwards.
func (m *Map) Merge(other *Map) error {
	if a, b := m.intake(), other.intake(); a != b {
		return fmt.Errorf("merging maps: %w", ErrOtherRules)
	}
	for k, theirs := range other.series {
		s := m.series[k]
		if s == nil {
			s = &series{generation: m.generation}
			m.series[k] = s
		}
		s = m.own(k, s)
		for i := range theirs.days {
			b := s.bucket(theirs.days[i].day)
			for _, r := range theirs.days[i].records {
				b.add(r)
			}
		}
		for _, t := range theirs.struck {
			s.strike(t)
		}
		s.from = max(s.from, theirs.from)
	}
	return nil
}

// Prune forgets the tests that are too old to matter on the day of now or later, and
// returns how many it forgot. A reading that old, observed afterwards, is kept until
// the next Prune, and changes no verdict.
func (m *Map) Prune(now time.Time) int {
	today, _ := m.clock.split(now)
	oldest := today - Day(m.rules.KeepDays()) + 1
	forgotten := 0
	for k, s := range m.series {
		old := sort.Search(len(s.days), func(i int) bool { return s.days[i].day >= oldest })
		if old == 0 {
			continue
		}
		for _, b := range s.days[:old] {
			forgotten += len(b.records)
		}
		if old == len(s.days) {
			delete(m.series, k)
			continue
		}
		s = m.own(k, s)
		s.days = slices.Clone(s.days[old:])
		s.struck = slices.DeleteFunc(s.struck, func(t struckTest) bool { return t.day < oldest })
	}
	return forgotten
}

// Size says how much a map holds.
type Size struct {
	Series int // cells and operators
	Days   int // of each of them, with data
	Tests  int
}

// Size counts.
func (m *Map) Size() Size { return m.view().Size() }

// A View is a map as it was at one instant. It never changes, and any number of
// goroutines may read it.
type View struct {
	rules      Rules
	validityID string
	clock      clock
	grid       *Grid
	series     map[key]*series
}

// View returns the map as it is now. It copies the list of cells and not their
// tests: a cell that changes later is copied then, once.
func (m *Map) View() *View {
	v := m.view()
	v.series = maps.Clone(m.series)
	m.generation++
	return v
}

func (m *Map) view() *View {
	return &View{rules: m.rules, validityID: m.intake(), clock: m.clock, grid: m.grid, series: m.series}
}

// Size counts.
func (v *View) Size() Size {
	n := Size{Series: len(v.series)}
	for _, s := range v.series {
		n.Days += len(s.days)
		for i := range s.days {
			n.Tests += len(s.days[i].records)
		}
	}
	return n
}

// FirstDay returns the first day of which the view holds a test, a day after all others when
// it holds none.
func (v *View) FirstDay() Day {
	first := Day(math.MaxInt32)
	for _, s := range v.series {
		if len(s.days) > 0 {
			first = min(first, s.days[0].day)
		}
	}
	return first
}

// keys returns what the view holds, by cell and operator.
func (v *View) keys() []key {
	keys := slices.Collect(maps.Keys(v.series))
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.cell, b.cell), cmp.Compare(a.operator, b.operator))
	})
	return keys
}
