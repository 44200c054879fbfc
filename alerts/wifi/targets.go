package wifi

import (
	"cmp"
	"slices"

	"phusong/telemetry"
)

// A Scope is what sites are added up over: an area, or everything with "", and a
// category, or all of them with "".
type Scope struct {
	Area     telemetry.AreaCode
	Category telemetry.Category
}

// A Target says how much of what was promised is covered now: of the sites that
// are required to have Wi-Fi, how many do how. They add up to Required.
type Target struct {
	Scope
	Required                                    int
	Working, Partly, Failed, NoService, Unknown int
	// NotCovered have no access point in the register.
	NotCovered int
	// Maintenance have all their access points under planned work.
	Maintenance int
}

// TargetGoal is the share of required sites that should work.
const TargetGoal = 1.0

// Share is the share of required sites whose Wi-Fi works; it is what the goal of
// 100 % is about. What is unknown, or under maintenance, does not work now. It is
// false when nothing is required.
func (t *Target) Share() (float64, bool) { return t.share(t.Working) }

// ServingShare counts those that work partly, too.
func (t *Target) ServingShare() (float64, bool) { return t.share(t.Working + t.Partly) }

func (t *Target) share(n int) (float64, bool) {
	if t.Required == 0 {
		return 0, false
	}
	return float64(n) / float64(t.Required), true
}

func (t *Target) add(s *site) {
	t.Required++
	switch {
	case s.Reason == NoAccessPoint:
		t.NotCovered++
	case s.Reason == UnderMaintenance:
		t.Maintenance++
	case s.Verdict == Working:
		t.Working++
	case s.Verdict == Partly:
		t.Partly++
	case s.Verdict == Failed:
		t.Failed++
	case s.Verdict == NoService:
		t.NoService++
	default:
		t.Unknown++
	}
}

// Targets returns how much is covered now, for every area and category that has
// required sites: communes, provinces and everything; each category and all. It is
// ordered by area and category, everything first.
func (b *Book) Targets() []Target {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := make(map[Scope]*Target)
	for i := range b.sites {
		if s := &b.sites[i]; s.Required {
			for _, scope := range b.scopes(s) {
				t := found[scope]
				if t == nil {
					t = &Target{Scope: scope}
					found[scope] = t
				}
				t.add(s)
			}
		}
	}
	return byScope(found, func(t *Target) Scope { return t.Scope })
}

// scopes returns everything that a site counts in.
func (b *Book) scopes(s *site) []Scope {
	areas := []telemetry.AreaCode{""}
	if s.Area != "" {
		areas = append(areas, s.Area)
		if parent := b.areas[s.Area].parent; parent != "" {
			areas = append(areas, parent)
		}
	}
	list := make([]Scope, 0, 2*len(areas))
	for _, area := range areas {
		list = append(list, Scope{area, ""}, Scope{area, s.Category})
	}
	return list
}

// byScope returns the values by scope.
func byScope[T any](found map[Scope]*T, of func(*T) Scope) []T {
	list := make([]T, 0, len(found))
	for _, v := range found {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(x, y T) int {
		a, b := of(&x), of(&y)
		return cmp.Or(cmp.Compare(a.Area, b.Area), cmp.Compare(a.Category, b.Category))
	})
	return list
}

// Availability is how the Wi-Fi sites of a scope did in a month.
type Availability struct {
	Scope
	Month Month
	// Sites have access points, and were measured in the month.
	Sites int
	// Times are those of all sites added up.
	Times Times
	// AtFloor and AtGoal are how many of the sites, of those of which anything is
	// known, reached the floor and the goal.
	AtFloor, AtGoal int
	Levels          []ServiceLevel
}

type availabilitySum struct {
	Availability
	users minutes
}

// Availability returns how each area and category did in the month, as of the
// newest entry for the present one, ordered as Targets are. Required sites without
// access points are not in it: they are not covered, which the targets say.
func (b *Book) Availability(month Month) []Availability {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := make(map[Scope]*availabilitySum)
	for i := range b.sites {
		s := &b.sites[i]
		times := s.Tally.times(month, b.month, b.now)
		if times == (Times{}) {
			continue
		}
		users := s.users(month, b.month)
		share, known := times.Availability()
		for _, scope := range b.scopes(s) {
			sum := found[scope]
			if sum == nil {
				sum = &availabilitySum{Availability: Availability{Scope: scope, Month: month}}
				found[scope] = sum
			}
			sum.Sites++
			sum.Times.add(times)
			sum.users.add(&users)
			if known && share >= b.options.AvailabilityFloor {
				sum.AtFloor++
			}
			if known && share >= b.options.AvailabilityGoal {
				sum.AtGoal++
			}
		}
	}
	sums := byScope(found, func(a *availabilitySum) Scope { return a.Scope })
	list := make([]Availability, len(sums))
	for i := range sums {
		list[i] = sums[i].Availability
		list[i].Levels = sums[i].users.list()
	}
	return list
}

func (s *site) users(month, present Month) minutes {
	if month == present {
		return s.Users
	}
	for i := range s.Past {
		if s.Past[i].Month == month {
			return s.Past[i].Users
		}
	}
	return minutes{}
}

// SiteMonth returns how one site did in a month: its times and service levels.
func (b *Book) SiteMonth(id telemetry.SiteID, month Month) (Times, []ServiceLevel, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.siteAt[id]
	if !ok {
		return Times{}, nil, false
	}
	s := &b.sites[i]
	users := s.users(month, b.month)
	return s.Tally.times(month, b.month, b.now), users.list(), true
}

// DeviceMonth returns how one access point did in a month.
func (b *Book) DeviceMonth(id telemetry.DeviceID, month Month) (Times, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.pointAt[id]
	if !ok {
		return Times{}, false
	}
	return b.points[i].Tally.times(month, b.month, b.now), true
}

// Sketches returns how many sketches of users were taken and refused.
func (b *Book) Sketches() (taken uint64, refused map[Refusal]uint64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	refused = make(map[Refusal]uint64, refusals)
	for _, r := range Refusals() {
		refused[r] = b.crowds.refused[r]
	}
	return b.crowds.taken, refused
}
