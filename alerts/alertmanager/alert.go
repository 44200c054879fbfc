package alertmanager

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Alert is one alert as it is now.
type Alert struct {
	// ID names it in topics and links: at most 64 of a-z, 0-9 and hyphen, not beginning with a
	// hyphen. Empty: the fingerprint of the labels.
	ID string
	// Labels identify: two alerts with equal labels are one to every Alertmanager. They need an
	// "alertname". What changes while the alert fires is no label.
	Labels map[string]string
	// Annotations tell people more; they may change while the alert fires.
	Annotations map[string]string
	// StartsAt is when it began to fire. It is not when the trouble began, which an annotation may
	// say: an Alertmanager does not let an alert that began before its group_wait wait for company.
	StartsAt time.Time
	// EndsAt is when it was resolved; zero while it fires.
	EndsAt time.Time
	// Acknowledged says that somebody has it in hand: the embedded Alertmanager does not repeat it,
	// and all show it as the annotation "acknowledged".
	Acknowledged bool
	// Renewed counts how often an acknowledgement ran out: each time the embedded Alertmanager
	// notifies of it anew, with all of its group.
	Renewed int
	// GeneratorURL leads to where people see and acknowledge it.
	GeneratorURL string
}

// Errors that Update and Replace wrap.
var (
	// ErrInvalid: the alert cannot be delivered as it is. It was left out.
	ErrInvalid = errors.New("invalid alert")
	// ErrEqualLabels: two alerts with different IDs have the same labels, so receivers take them
	// for one. The first one speaks for both until both are resolved.
	ErrEqualLabels = errors.New("two alerts with equal labels")
	// ErrTooMany: there are more firing alerts than the limit. The new one was left out.
	ErrTooMany = errors.New("too many alerts")
)

// acknowledged is the annotation of an alert that somebody has in hand.
const acknowledged = "acknowledged"

// The bounds of one alert. A notification of a few such still fits into an e-mail.
const (
	maxLabels     = 64
	maxLabelValue = 1 << 10
	maxAnnotation = 16 << 10
)

var (
	labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,127}$`)
	alertID   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
)

// Firing reports whether the alert is not resolved.
func (a *Alert) Firing() bool { return a.EndsAt.IsZero() }

// same reports whether receivers would learn nothing new from b; the labels are equal.
func (a *Alert) same(b *Alert) bool {
	return a.ID == b.ID && a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt) && a.Renewed == b.Renewed &&
		a.GeneratorURL == b.GeneratorURL && maps.Equal(a.Annotations, b.Annotations)
}

// normalised returns a checked copy that shares nothing with a: without empty labels (which
// Alertmanagers drop too), in UTC, and not resolved in the future.
func (a *Alert) normalised(now time.Time) (Alert, error) {
	n := *a
	n.Labels = maps.Clone(a.Labels)
	maps.DeleteFunc(n.Labels, func(_, value string) bool { return value == "" })
	n.Annotations = maps.Clone(a.Annotations)
	if a.Acknowledged {
		if n.Annotations == nil {
			n.Annotations = make(map[string]string, 1)
		}
		n.Annotations[acknowledged] = "true"
	}
	n.StartsAt = a.StartsAt.UTC()
	if !a.EndsAt.IsZero() {
		n.EndsAt = a.EndsAt.UTC()
		if n.EndsAt.After(now) {
			n.EndsAt = now.UTC() // our clock is behind; "resolved" must not wait for it
		}
		if n.StartsAt.After(n.EndsAt) {
			n.StartsAt = n.EndsAt
		}
	}
	if n.ID == "" {
		n.ID = n.fingerprint().String()
	}
	if err := a.validate(n.Labels, n.ID); err != nil {
		return Alert{}, fmt.Errorf("%w %s: %w", ErrInvalid, n.name(), err)
	}
	return n, nil
}

func (a *Alert) validate(labels map[string]string, id string) error {
	switch {
	case labels[model.AlertNameLabel] == "":
		return errors.New(`it has no label "alertname"`)
	case len(labels) > maxLabels || len(a.Annotations) > maxLabels:
		return fmt.Errorf("%d labels and %d annotations; %d each are allowed", len(labels), len(a.Annotations), maxLabels)
	case !alertID.MatchString(id):
		return fmt.Errorf("id %q: use 1 to 64 of a-z, 0-9 and hyphen", id)
	case a.StartsAt.IsZero():
		return errors.New("it does not say when it began (StartsAt)")
	case !a.EndsAt.IsZero() && a.EndsAt.Before(a.StartsAt):
		return fmt.Errorf("it ends at %v, before it starts at %v", a.EndsAt, a.StartsAt)
	}
	if err := validatePairs(labels, maxLabelValue); err != nil {
		return fmt.Errorf("label %w", err)
	}
	if err := validatePairs(a.Annotations, maxAnnotation); err != nil {
		return fmt.Errorf("annotation %w", err)
	}
	return nil
}

func validatePairs(pairs map[string]string, limit int) error {
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		switch value := pairs[name]; {
		case !labelName.MatchString(name):
			return fmt.Errorf("%.140q: a name has letters, digits and underscores", name)
		case len(value) > limit:
			return fmt.Errorf("%s: %d bytes, more than %d", name, len(value), limit)
		case !utf8.ValidString(value):
			return fmt.Errorf("%s: %.140q is not UTF-8", name, value)
		}
	}
	return nil
}

// name is how messages call the alert: its labels.
func (a *Alert) name() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		pairs = append(pairs, fmt.Sprintf("%s=%.100q", name, a.Labels[name]))
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func (a *Alert) labelSet() model.LabelSet { return labelSet(a.Labels) }

// fingerprint is what Alertmanagers tell alerts apart by.
func (a *Alert) fingerprint() model.Fingerprint { return a.labelSet().Fingerprint() }

func labelSet(pairs map[string]string) model.LabelSet {
	set := make(model.LabelSet, len(pairs))
	for name, value := range pairs {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set
}
