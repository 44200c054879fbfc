package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// attempts is how often a change is tried against others that change the same. Each
// failure means that somebody else succeeded.
const attempts = 50

// Acknowledge takes an alert in hand until a time; see [Handling.Acknowledge]. It returns what
// is known of the alert afterwards, as do the methods below. An error that does not wrap
// ErrRefused is the bucket's: the change may have been made, and may be tried again with the
// same Act.ID.
func (d *Desk) Acknowledge(ctx context.Context, alert string, act Act, until time.Time) (Handling, error) {
	return d.handle(ctx, alert, func(h Handling) (Handling, error) { return h.Acknowledge(act, until) })
}

// Release takes an alert out of hand.
func (d *Desk) Release(ctx context.Context, alert string, act Act) (Handling, error) {
	return d.handle(ctx, alert, func(h Handling) (Handling, error) { return h.Release(act) })
}

// Assign gives an alert to somebody, or to nobody.
func (d *Desk) Assign(ctx context.Context, alert string, act Act, to string) (Handling, error) {
	return d.handle(ctx, alert, func(h Handling) (Handling, error) { return h.Assign(act, to) })
}

// Comment adds what somebody found.
func (d *Desk) Comment(ctx context.Context, alert string, act Act) (Handling, error) {
	return d.handle(ctx, alert, func(h Handling) (Handling, error) { return h.Comment(act) })
}

// Record notes what the rules did with an alert.
func (d *Desk) Record(ctx context.Context, alert string, act Act, action Action) (Handling, error) {
	return d.handle(ctx, alert, func(h Handling) (Handling, error) { return h.Record(act, action) })
}

func (d *Desk) handle(ctx context.Context, alert string, change func(Handling) (Handling, error)) (Handling, error) {
	if err := checkID(alert); err != nil {
		return Handling{}, err
	}
	none := Handling{Alert: alert}
	return alter(ctx, d, alertKey(alert), &none, func(h Handling) (Handling, error) {
		next, err := change(h)
		if err != nil {
			return next, err
		}
		rest, page := next.turn()
		if page == nil {
			return next, nil
		}
		return rest, d.keepPage(ctx, alert, rest.Pages-1, page)
	})
}

// Announce makes a window known to all replicas. Announcing the same window again changes
// nothing.
func (d *Desk) Announce(ctx context.Context, w Window, act Act) (Window, error) {
	announced, err := w.Announce(act)
	if err != nil {
		return w, err
	}
	return alter(ctx, d, windowKey(w.ID), nil, func(there Window) (Window, error) {
		switch {
		case there.ID == "":
			return announced, nil
		case act.ID != "" && done(there.History, act.ID):
			return there, nil
		}
		return there, refuse(RefusedExists, params{"window": w.ID}, "there is a window %s already", w.ID)
	})
}

// Extend moves the end of a window.
func (d *Desk) Extend(ctx context.Context, id string, act Act, until time.Time) (Window, error) {
	return d.window(ctx, id, func(w Window) (Window, error) { return w.Extend(act, until) })
}

// End ends a window before its time.
func (d *Desk) End(ctx context.Context, id string, act Act) (Window, error) {
	return d.window(ctx, id, func(w Window) (Window, error) { return w.End(act) })
}

func (d *Desk) window(ctx context.Context, id string, change func(Window) (Window, error)) (Window, error) {
	if err := checkID(id); err != nil {
		return Window{}, err
	}
	return alter(ctx, d, windowKey(id), nil, func(w Window) (Window, error) {
		if w.ID == "" {
			return w, refuse(RefusedNoWindow, params{"window": id}, "there is no window %s", id)
		}
		if err := w.locate(); err != nil {
			return w, err
		}
		return change(w)
	})
}

// alter reads a value, changes it and writes it back, provided that nobody wrote in between;
// else it begins again. none is the value of a key that is not there; nil for the zero value.
func alter[T any](ctx context.Context, d *Desk, key string, none *T, change func(T) (T, error)) (T, error) {
	var zero T
	if none == nil {
		none = &zero
	}
	for range attempts {
		before, revision, err := d.options.Bucket.Get(ctx, key)
		current := none
		switch {
		case errors.Is(err, ErrNotFound):
			revision = 0
		case err != nil:
			return zero, fmt.Errorf("desk: %w", err)
		default:
			if current, err = decode[T](key, before); err != nil {
				return zero, err
			}
		}
		next, err := change(*current)
		if err != nil {
			return *current, err
		}
		text, err := encode(&next)
		if err != nil {
			return *current, fmt.Errorf("desk: writing %s: %w", key, err)
		}
		if bytes.Equal(text, before) {
			return next, nil
		}
		revision, err = d.options.Bucket.Put(ctx, key, text, revision)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return *current, fmt.Errorf("desk: %w", err)
		}
		d.wrote(key, text, revision)
		d.options.Changed()
		return next, nil
	}
	return zero, fmt.Errorf("desk: %s is being changed by too many at once; try again: %w", key, ErrConflict)
}

// keepPage writes a page of a history before it leaves the handling. The oldest entries of a
// history never change, so another replica that turns the same page writes the same; a page
// that is another was left behind by a handling that is gone.
func (d *Desk) keepPage(ctx context.Context, alert string, number int, entries []Entry) error {
	text, err := encode(&entries)
	if err != nil {
		return fmt.Errorf("desk: writing a page of history: %w", err)
	}
	key := pageKey(alert, number)
	for range attempts {
		there, revision, err := d.options.Bucket.Get(ctx, key)
		switch {
		case errors.Is(err, ErrNotFound):
			revision = 0
		case err != nil:
			return fmt.Errorf("desk: %w", err)
		case bytes.Equal(there, text):
			return nil
		}
		if _, err = d.options.Bucket.Put(ctx, key, text, revision); err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("desk: %w", err)
		}
	}
	return fmt.Errorf("desk: %s is being changed by too many at once; try again: %w", key, ErrConflict)
}

// History yields everything that was done with an alert, oldest first, from the store.
func (d *Desk) History(ctx context.Context, alert string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		fail := func(err error) { yield(Entry{}, fmt.Errorf("desk: reading the history of %s: %w", alert, err)) }
		if err := checkID(alert); err != nil {
			fail(err)
			return
		}
		text, _, err := d.options.Bucket.Get(ctx, alertKey(alert))
		if errors.Is(err, ErrNotFound) {
			return
		}
		var h *Handling
		if err == nil {
			h, err = decode[Handling](alertKey(alert), text)
		}
		if err != nil {
			fail(err)
			return
		}
		for page := range h.Pages {
			key := pageKey(alert, page)
			text, _, err := d.options.Bucket.Get(ctx, key)
			var entries *[]Entry
			if err == nil {
				entries, err = decode[[]Entry](key, text)
			}
			if err != nil {
				fail(err)
				return
			}
			for _, e := range *entries {
				if !yield(e, nil) {
					return
				}
			}
		}
		for _, e := range h.History {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Prune removes what nobody has touched since before: alerts with their pages, and windows that
// ended. It returns how many.
func (d *Desk) Prune(ctx context.Context, before time.Time) (removed int, err error) {
	for _, old := range d.old(before) {
		gone, err := d.remove(ctx, old.key, old.revision)
		if err != nil {
			return removed, err
		}
		if !gone {
			continue // somebody touched it, or another replica was first
		}
		removed++
		for page := range old.pages {
			key := pageKey(old.alert, page)
			_, revision, err := d.options.Bucket.Get(ctx, key)
			if err == nil {
				_, err = d.remove(ctx, key, revision)
			}
			if err != nil && !errors.Is(err, ErrNotFound) {
				return removed, fmt.Errorf("desk: %w", err)
			}
		}
	}
	return removed, nil
}

func (d *Desk) remove(ctx context.Context, key string, revision uint64) (gone bool, err error) {
	err = d.options.Bucket.Delete(ctx, key, revision)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("desk: %w", err)
	}
	return true, nil
}

type oldKey struct {
	key, alert string
	revision   uint64
	pages      int
}

// old lists what may go, without keeping the lock.
func (d *Desk) old(before time.Time) []oldKey {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var keys []oldKey
	for id, k := range d.handled {
		if !k.value.Acknowledged(before) && k.value.Last().Before(before) {
			keys = append(keys, oldKey{alertKey(id), id, k.revision, k.value.Pages})
		}
	}
	for id, k := range d.calendar.windows {
		if k.value.Until.Before(before) {
			keys = append(keys, oldKey{key: windowKey(id), revision: k.revision})
		}
	}
	return keys
}
