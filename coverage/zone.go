package coverage

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"phusong/telemetry"
)

// A Zone is a set of connected cells with the same bad verdict for one operator:
// dead cells make a dead zone, gaps make a slow zone. Cells are connected when they
// share an edge.
type Zone struct {
	// ID never changes and is never used again. It is made of the operator, the verdict, the
	// lowest cell at birth and the day of birth.
	ID       string                 `json:"id"`
	Verdict  Verdict                `json:"verdict"`
	Operator telemetry.OperatorCode `json:"operator"`
	Cells    []Cell                 `json:"cells"`
	Born     Day                    `json:"born"`
	// Changed is the last day on which cells came or went.
	Changed Day `json:"changed"`
	// SplitFrom is the zone that this one broke off from, if any.
	SplitFrom string `json:"split_from,omitempty"`

	AreaKm2 float64 `json:"area_km2"`
	// Areas are the communes touched, by code.
	Areas []telemetry.AreaCode `json:"areas,omitempty"`
	// Population is an estimate: the residents of each commune spread evenly over its cells.
	Population int      `json:"population"`
	Severity   Severity `json:"severity"`

	// Ended is the day on which a closed zone ended, MergedInto the zone it became part of.
	Ended      *Day   `json:"ended,omitempty"`
	MergedInto string `json:"merged_into,omitempty"`
}

// A Severity orders zones by how many people they touch and how large they are.
type Severity string

// The severities: critical from 1000 residents or 10 km², major from 100 residents or
// 3 km². A slow zone is never more than major: there is service.
const (
	Minor    Severity = "minor"
	Major    Severity = "major"
	Critical Severity = "critical"
)

func severityOf(v Verdict, population int, km2 float64) Severity {
	switch {
	case v == Dead && (population >= 1000 || km2 >= 10):
		return Critical
	case population >= 100 || km2 >= 3:
		return Major
	}
	return Minor
}

// A Change is what happened to a zone.
type Change string

// The changes.
const (
	ZoneBorn   Change = "born"
	ZoneSplit  Change = "split"  // born, as a part of Other
	ZoneGrown  Change = "grown"  // cells came, and none went
	ZoneShrunk Change = "shrunk" // cells went, and none came
	ZoneMoved  Change = "moved"  // cells came and went
	ZoneMerged Change = "merged" // ended, as a part of Other
	ZoneEnded  Change = "ended"
)

// A ZoneEvent is one line of the history.
type ZoneEvent struct {
	Day    Day    `json:"day"`
	Zone   string `json:"zone"`
	Change Change `json:"change"`
	Other  string `json:"other,omitempty"`
	Cells  int    `json:"cells"` // after it
}

// Zones follows zones through time. Its fields are its whole state: it can be written
// as JSON and read back. The zero Zones has seen nothing. It is for one goroutine.
//
// The rule by which a zone keeps its id, for each operator and verdict:
// every pair of an old zone and a new one that share cells is a candidate. The pair that
// shares most cells goes first; then that with the older zone, the lower id, the lower first
// cell. Each old zone and each new one is taken once; a pair that is taken is the same zone. A
// new zone that is left is a split of the old zone with which it shares most cells, or newborn
// when it shares none. An old zone that is left has merged into the new one with which it
// shares most, or has ended when it shares none.
type Zones struct {
	// Day is that of the last update.
	Day Day `json:"day"`
	// Open are the zones that exist, by id; Closed those that existed, in the order of their end.
	Open   []Zone      `json:"open"`
	Closed []Zone      `json:"closed"`
	Events []ZoneEvent `json:"events"`
}

// Update takes the zones of an assessment for the present ones, and returns what changed. The
// same assessment again changes nothing. It is an error to go back in time.
func (z *Zones) Update(a *Assessment) ([]ZoneEvent, error) {
	if a.Day < z.Day && len(z.Events) > 0 {
		return nil, fmt.Errorf("coverage: zones are known up to %s, and cannot be updated with those of %s", z.Day, a.Day)
	}
	z.Day = a.Day
	var open []Zone
	from := len(z.Events)
	found := a.components()
	for _, group := range z.groups(found) {
		open = append(open, z.match(a, group)...)
	}
	slices.SortFunc(open, func(x, y Zone) int { return cmp.Compare(x.ID, y.ID) })
	z.Open = open
	slices.SortStableFunc(z.Events[from:], func(x, y ZoneEvent) int { return cmp.Compare(x.Zone, y.Zone) })
	return slices.Clone(z.Events[from:]), nil
}

// Forget drops what ended, and events, before the day.
func (z *Zones) Forget(before Day) {
	z.Closed = slices.DeleteFunc(z.Closed, func(c Zone) bool { return *c.Ended < before })
	z.Events = slices.DeleteFunc(z.Events, func(e ZoneEvent) bool { return e.Day < before })
}

// A group is what there was and what there is of one operator and verdict.
type group struct {
	old []Zone
	new []Zone
}

type groupKey struct {
	operator plmn
	verdict  Verdict
}

func (z *Zones) groups(found []Zone) []*group {
	byKey := make(map[groupKey]*group)
	var keys []groupKey
	of := func(zone *Zone) *group {
		k := groupKey{plmnOf(zone.Operator), zone.Verdict}
		if byKey[k] == nil {
			byKey[k] = new(group)
			keys = append(keys, k)
		}
		return byKey[k]
	}
	for i := range z.Open {
		g := of(&z.Open[i])
		g.old = append(g.old, z.Open[i])
	}
	for i := range found {
		g := of(&found[i])
		g.new = append(g.new, found[i])
	}
	slices.SortFunc(keys, func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(a.operator, b.operator), cmp.Compare(a.verdict, b.verdict))
	})
	all := make([]*group, len(keys))
	for i, k := range keys {
		all[i] = byKey[k]
	}
	return all
}

// components returns the connected sets of bad cells, without ids, by their lowest cell.
func (a *Assessment) components() []Zone {
	left := make(map[groupKey]map[Cell]bool)
	for i := range a.Cells {
		c := &a.Cells[i]
		if !c.Verdict.IsBad() {
			continue
		}
		k := groupKey{plmnOf(c.Operator), c.Verdict}
		if left[k] == nil {
			left[k] = make(map[Cell]bool)
		}
		left[k][c.Cell] = true
	}
	var zones []Zone
	for i := range a.Cells { // in the order of cells, so that each zone begins at its lowest
		c := &a.Cells[i]
		if cells := left[groupKey{plmnOf(c.Operator), c.Verdict}]; c.Verdict.IsBad() && cells[c.Cell] {
			zones = append(zones, a.describe(Zone{Verdict: c.Verdict, Operator: c.Operator, Cells: flood(c.Cell, cells)}))
		}
	}
	return zones
}

// flood takes what is connected to a cell out of the set, and returns it sorted.
func flood(from Cell, set map[Cell]bool) []Cell {
	delete(set, from)
	found := []Cell{from}
	for i := 0; i < len(found); i++ {
		for _, n := range found[i].Neighbors() {
			if set[n] {
				delete(set, n)
				found = append(found, n)
			}
		}
	}
	slices.Sort(found)
	return found
}

func (a *Assessment) describe(z Zone) Zone {
	var population float64
	for _, c := range z.Cells {
		z.AreaKm2 += c.AreaKm2()
		if a.grid == nil {
			continue
		}
		population += a.grid.Population(c)
		if code := a.grid.AreaOf(c); code != "" && !slices.Contains(z.Areas, code) {
			z.Areas = append(z.Areas, code)
		}
	}
	slices.Sort(z.Areas)
	z.AreaKm2 = round(z.AreaKm2, 3)
	z.Population = int(math.Round(population))
	z.Severity = severityOf(z.Verdict, z.Population, z.AreaKm2)
	return z
}

// A pairing is an old and a new zone that share cells.
type pairing struct{ old, new, shared int }

// match gives the new zones of a group their ids, closes the old ones that are left, and
// returns the new.
func (z *Zones) match(a *Assessment, g *group) []Zone {
	pairs := pairings(g)
	heir, ancestor := make([]int, len(g.old)), make([]int, len(g.new))
	for i := range heir {
		heir[i] = -1
	}
	for i := range ancestor {
		ancestor[i] = -1
	}
	for _, p := range pairs {
		if heir[p.old] < 0 && ancestor[p.new] < 0 {
			heir[p.old], ancestor[p.new] = p.new, p.old
		}
	}
	for n := range g.new {
		zone := &g.new[n]
		switch o := ancestor[n]; {
		case o >= 0:
			z.keep(zone, &g.old[o], a.Day)
		default:
			z.bear(zone, g, pairs, n, a.Day)
		}
	}
	for o := range g.old {
		if heir[o] < 0 {
			z.close(g, pairs, o, a.Day)
		}
	}
	return g.new
}

// pairings returns the pairs that share cells, in the order of preference.
func pairings(g *group) []pairing {
	owner := make(map[Cell]int)
	for o := range g.old {
		for _, c := range g.old[o].Cells {
			owner[c] = o
		}
	}
	shared := make(map[[2]int]int)
	for n := range g.new {
		for _, c := range g.new[n].Cells {
			if o, ok := owner[c]; ok {
				shared[[2]int{o, n}]++
			}
		}
	}
	pairs := make([]pairing, 0, len(shared))
	for k, count := range shared {
		pairs = append(pairs, pairing{old: k[0], new: k[1], shared: count})
	}
	slices.SortFunc(pairs, func(x, y pairing) int {
		a, b := &g.old[x.old], &g.old[y.old]
		return cmp.Or(
			cmp.Compare(y.shared, x.shared), cmp.Compare(a.Born, b.Born), cmp.Compare(a.ID, b.ID),
			cmp.Compare(g.new[x.new].Cells[0], g.new[y.new].Cells[0]),
		)
	})
	return pairs
}

// keep makes the new zone the continuation of the old.
func (z *Zones) keep(zone, old *Zone, day Day) {
	zone.ID, zone.Born, zone.Changed, zone.SplitFrom = old.ID, old.Born, old.Changed, old.SplitFrom
	common := 0
	for _, c := range zone.Cells {
		if _, ok := slices.BinarySearch(old.Cells, c); ok {
			common++
		}
	}
	came, went := len(zone.Cells) > common, len(old.Cells) > common
	var change Change
	switch {
	case came && went:
		change = ZoneMoved
	case came:
		change = ZoneGrown
	case went:
		change = ZoneShrunk
	default:
		return
	}
	zone.Changed = day
	z.record(zone, change, "", day)
}

func (z *Zones) record(zone *Zone, change Change, other string, day Day) {
	z.Events = append(z.Events, ZoneEvent{Day: day, Zone: zone.ID, Change: change, Other: other, Cells: len(zone.Cells)})
}

func (z *Zones) bear(zone *Zone, g *group, pairs []pairing, n int, day Day) {
	zone.ID = z.newID(zone, g, day)
	zone.Born, zone.Changed = day, day
	change := ZoneBorn
	if i := slices.IndexFunc(pairs, func(p pairing) bool { return p.new == n }); i >= 0 {
		zone.SplitFrom, change = g.old[pairs[i].old].ID, ZoneSplit
	}
	z.record(zone, change, zone.SplitFrom, day)
}

// newID avoids the id of a zone that was born from the same cell on the same day.
func (z *Zones) newID(zone *Zone, g *group, day Day) string {
	base := fmt.Sprintf("%s-%s-%s-%s", zone.Operator, zone.Verdict, zone.Cells[0], day)
	same := func(id string) func(Zone) bool { return func(o Zone) bool { return o.ID == id } }
	id := base
	for n := 2; slices.ContainsFunc(z.Closed, same(id)) || slices.ContainsFunc(g.old, same(id)); n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	return id
}

func (z *Zones) close(g *group, pairs []pairing, o int, day Day) {
	zone := g.old[o]
	zone.Ended = &day
	change := ZoneEnded
	if i := slices.IndexFunc(pairs, func(p pairing) bool { return p.old == o }); i >= 0 {
		zone.MergedInto, change = g.new[pairs[i].new].ID, ZoneMerged
	}
	z.Closed = append(z.Closed, zone)
	z.Events = append(z.Events, ZoneEvent{Day: day, Zone: zone.ID, Change: change, Other: zone.MergedInto})
}
