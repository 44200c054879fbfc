package alertmanager

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// DefaultMaxAlerts is how many alerts may fire at once. Incidents keep the real number far below.
const DefaultMaxAlerts = 50_000

// book is the set of firing alerts, one for each set of labels. Its user guards it.
type book struct {
	limit   int
	entries map[model.Fingerprint]*entry
	ended   map[model.Fingerprint]time.Time // when what ended lately did, so that it is said once
}

// entry is what fires under one set of labels.
type entry struct {
	speaker string           // whose alert receivers see
	claims  map[string]Alert // firing alerts by ID; more than one is a fault of the rules
}

func newBook(limit int) book {
	if limit <= 0 {
		limit = DefaultMaxAlerts
	}
	return book{limit: limit, entries: make(map[model.Fingerprint]*entry), ended: make(map[model.Fingerprint]time.Time)}
}

// update takes alerts as they are now and returns what receivers must hear, in the same order: what is
// as it was is not among it. The errors are of the alerts that could not be taken; the others were.
func (b *book) update(now time.Time, alerts []Alert) ([]Alert, error) {
	var said []Alert
	var faults []error
	for i := range alerts {
		a, err := alerts[i].normalised(now)
		if err == nil {
			said, err = b.take(said, a)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return said, errors.Join(faults...)
}

// replace takes the whole set of firing alerts: what is in the book and not among them ended now.
// Alerts that ended may be among them too.
func (b *book) replace(now time.Time, active []Alert) ([]Alert, error) {
	ended, before := make(map[string]Alert), b.ended
	for _, e := range b.entries {
		maps.Copy(ended, e.claims)
	}
	b.ended = make(map[model.Fingerprint]time.Time)
	for i := range active {
		a, err := active[i].normalised(now)
		if err != nil {
			continue
		}
		delete(ended, a.ID)
		key := a.fingerprint()
		if at, ok := before[key]; ok {
			b.ended[key] = at
		}
	}
	changes := make([]Alert, 0, len(ended)+len(active))
	for _, a := range ended {
		a.EndsAt = now
		if a.StartsAt.After(now) {
			a.StartsAt = now
		}
		changes = append(changes, a)
	}
	slices.SortFunc(changes, func(a, b Alert) int { return cmp.Compare(a.ID, b.ID) })
	return b.update(now, append(changes, active...))
}

func (b *book) take(said []Alert, a Alert) ([]Alert, error) {
	key := a.fingerprint()
	e := b.entries[key]
	switch {
	case !a.Firing() && e == nil:
		if at, ok := b.ended[key]; ok && at.Equal(a.EndsAt) {
			return said, nil
		}
		b.remember(key, a.EndsAt)
		return append(said, a), nil // of before our start; receivers may remember it
	case !a.Firing():
		return b.end(said, key, e, a), nil
	case e == nil && len(b.entries) >= b.limit:
		return said, fmt.Errorf("%w: %d fire already; %s was left out", ErrTooMany, b.limit, a.name())
	case e == nil:
		b.entries[key] = &entry{speaker: a.ID, claims: map[string]Alert{a.ID: a}}
		return append(said, a), nil
	}
	before, known := e.claims[a.ID]
	e.claims[a.ID] = a
	switch {
	case known && before.same(&a):
		return said, nil
	case e.speaker == a.ID:
		return append(said, a), nil
	case known:
		return said, nil
	}
	return said, fmt.Errorf("%w: %s and %s both are %s; give one of their rules another label", ErrEqualLabels, e.speaker, a.ID, a.name())
}

// end takes the resolved alert a out of its entry.
func (b *book) end(said []Alert, key model.Fingerprint, e *entry, a Alert) []Alert {
	if _, known := e.claims[a.ID]; !known {
		return said
	}
	delete(e.claims, a.ID)
	if len(e.claims) == 0 {
		delete(b.entries, key)
		b.remember(key, a.EndsAt)
		return append(said, a)
	}
	if e.speaker == a.ID {
		e.speaker = slices.Min(slices.Collect(maps.Keys(e.claims)))
		return append(said, e.claims[e.speaker])
	}
	return said
}

func (b *book) remember(key model.Fingerprint, ended time.Time) {
	if len(b.ended) >= b.limit {
		clear(b.ended) // some ends may be said twice, which is harmless
	}
	b.ended[key] = ended
}
