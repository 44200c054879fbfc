package wifi

import (
	"slices"

	"phusong/telemetry"
)

// problem is a kind of bad input that is named and counted, and does not stop the
// judgement of what is right.
type problem uint8

const (
	problemNoArea       problem = iota // a site without an area counts in no area's target
	problemNoSite                      // an access point of no site counts in no target
	problemTwoSites                    // a device is registered twice, at two sites; the first counts
	problemMoved                       // an access point says that it is elsewhere than registered
	problemElsewhere                   // readings come under another area than the device's
	problemUnits                       // a value that cannot be in the field's unit
	problemClients                     // the radios have more clients than the access point
	problemUnregistered                // a reading of an access point that nobody registered
	problems
)

var problemNames = [problems]string{"no area", "no site", "two sites", "moved", "another area", "units", "clients", "unregistered"}

// Problem is one kind of bad input.
type Problem struct {
	Kind string
	// Count is how often it was met since the state began; for faults of the
	// register, and access points that moved, how many there are.
	Count uint64
	// Subjects are some of them, the latest last: an id, and the field after a space.
	Subjects []string
}

// maxSubjects is how many subjects of a problem are named.
const maxSubjects = 20

type problemBook [problems]struct {
	count    uint64
	subjects []string
}

func (b *problemBook) add(p problem, subject string) {
	entry := &b[p]
	entry.count++
	if subject == "" {
		return // ids of strangers come from outside
	}
	if slices.Contains(entry.subjects, subject) {
		return
	}
	if len(entry.subjects) == maxSubjects {
		entry.subjects = entry.subjects[1:]
	}
	// A new list: answers may still hold the old one.
	entry.subjects = append(slices.Clip(entry.subjects), subject)
}

// retract takes back one that is over.
func (b *problemBook) retract(p problem, subject string) {
	entry := &b[p]
	if entry.count > 0 {
		entry.count--
	}
	if i := slices.Index(entry.subjects, subject); i >= 0 {
		entry.subjects = slices.Delete(slices.Clone(entry.subjects), i, i+1)
	}
}

func (b *problemBook) clear(kinds ...problem) {
	for _, p := range kinds {
		b[p].count, b[p].subjects = 0, nil
	}
}

// Problems returns every kind of bad input with what was met of it, in a fixed
// order.
func (b *Book) Problems() []Problem {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]Problem, problems)
	for p := range list {
		list[p] = Problem{problemNames[p], b.problems[p].count, b.problems[p].subjects}
	}
	return list
}

// look notices what is odd about a reading of a registered access point.
func (b *Book) look(a *accessPoint, r *telemetry.Reading) {
	if r.Area != a.area && a.area != "" && b.areas[a.area].parent != r.Area {
		b.problems.add(problemElsewhere, string(a.id))
	}
	if r.Kind == telemetry.KindWiFi {
		oddities(r.WiFi, func(p problem, field string) { b.problems.add(p, string(a.id)+" "+field) })
	}
}

// place compares where an access point says that it is with the register.
func (b *Book) place(a *accessPoint, s *telemetry.Status) {
	lat, ok := s.Lat.Get()
	if !ok || a.at.IsZero() {
		return
	}
	moved := distanceKm(a.at, telemetry.Point{Lat: lat, Lon: s.Lon.Or(0)}) > b.options.MovedKm
	switch {
	case moved && !a.Moved:
		b.problems.add(problemMoved, string(a.id))
	case !moved && a.Moved:
		b.problems.retract(problemMoved, string(a.id))
	}
	a.Moved = moved
}
