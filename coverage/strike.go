package coverage

import (
	"cmp"
	"fmt"
	"slices"

	"phusong/telemetry"
)

// struckTest is a test that was taken out of the evidence.
type struckTest struct {
	day Day
	who uint32
}

func (t struckTest) compare(o struckTest) int {
	return cmp.Or(cmp.Compare(t.day, o.day), cmp.Compare(t.who, o.who))
}

// strike returns false when it was struck before.
func (s *series) strike(t struckTest) bool {
	at, found := slices.BinarySearchFunc(s.struck, t, struckTest.compare)
	if !found {
		s.struck = slices.Insert(s.struck, at, t)
	}
	return !found
}

func (s *series) isStruck(day Day, r record) bool {
	if len(s.struck) == 0 {
		return false
	}
	_, found := slices.BinarySearchFunc(s.struck, struckTest{day, r.who}, struckTest.compare)
	return found
}

// Strike takes tests out of the evidence of a cell and operator, for good; their
// reasons stand in the gap case. It names the first test that the map does not hold, and
// then strikes none. Striking twice is harmless.
func (m *Map) Strike(cell Cell, operator telemetry.OperatorCode, tests []TestID) error {
	k := key{cell, plmnOf(operator)}
	s := m.series[k]
	for _, id := range tests {
		if s == nil || !s.holds(id) {
			return fmt.Errorf("striking test %s: cell %s of %s holds no such test", id, cell, operator)
		}
	}
	if s == nil {
		return nil
	}
	s = m.own(k, s)
	for _, id := range tests {
		s.strike(struckTest{id.Day, id.who()})
	}
	return nil
}

func (s *series) holds(id TestID) bool {
	for i := range s.days {
		if s.days[i].day == id.Day {
			return slices.ContainsFunc(s.days[i].records, func(r record) bool { return r.who == id.who() })
		}
	}
	return false
}

// Supersede makes the tests of a cell and operator from before a day count no more: the
// network was repaired, and the old tests are not about it. The latest day of several holds.
func (m *Map) Supersede(cell Cell, operator telemetry.OperatorCode, before Day) {
	k := key{cell, plmnOf(operator)}
	if s := m.series[k]; s != nil && s.from < before {
		m.own(k, s).from = before
	}
}
