package coverage

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"phusong/telemetry"
)

// LiveOptions say when a fixed probe is without service now.
type LiveOptions struct {
	// Raise is how many attempts in a row must get no service, over at least For; Clear is
	// how many in a row must get it. Zero values are 3, 5 minutes and 2.
	Raise int
	Clear int
	For   time.Duration
	// Stale is how long after the last attempt nothing is known any more. 0 is an hour.
	Stale time.Duration
}

// A LiveState is what is known of the service at a fixed probe at this moment. It is
// no verdict: one probe says nothing about a cell, but something about now.
type LiveState uint8

// The states.
const (
	LiveUnknown LiveState = iota // too few attempts, or too long ago
	LiveUp
	LiveDown
)

var liveNames = [...]string{"unknown", "up", "down"}

// String returns the name for labels.
func (s LiveState) String() string { return liveNames[min(int(s), len(liveNames)-1)] }

// MarshalText writes the name.
func (s LiveState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name.
func (s *LiveState) UnmarshalText(text []byte) error {
	i := slices.Index(liveNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a live state", text)
	}
	*s = LiveState(i)
	return nil
}

// A LiveProbe is one probe and operator.
type LiveProbe struct {
	Device   telemetry.DeviceID     `json:"device"`
	Operator telemetry.OperatorCode `json:"operator"`
	State    LiveState              `json:"state"`
	// Since is the event time of the first attempt of the run that made the state.
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
}

// Live follows fixed probes from attempt to attempt, in minutes where verdicts take days.
// At night, too: it judges service, not speed. It is for one goroutine.
type Live struct {
	options LiveOptions
	probes  map[liveKey]*liveProbe
}

type liveKey struct {
	device   telemetry.DeviceID
	operator plmn
}

type liveProbe struct {
	state  LiveState
	since  time.Time
	last   time.Time
	served bool // the last attempt
	run    int  // attempts in a row that ended like it
	first  time.Time
}

// NewLive returns a tracker that knows of no probe.
func NewLive(o LiveOptions) (*Live, error) {
	o.Raise, o.Clear = cmp.Or(o.Raise, 3), cmp.Or(o.Clear, 2)
	o.For, o.Stale = cmp.Or(o.For, 5*time.Minute), cmp.Or(o.Stale, time.Hour)
	if o.Raise < 1 || o.Clear < 1 || o.For < 0 || o.Stale <= o.For {
		return nil, errors.New("coverage: LiveOptions: give positive numbers, and Stale above For")
	}
	return &Live{options: o, probes: make(map[liveKey]*liveProbe)}, nil
}

// Observe takes one attempt of a fixed probe. Late and retained readings, those without a
// clock or made on a foreign network, those that are not newer than the last, and failed tests that say nothing of the network change
// nothing. It returns the probe and whether its state has changed.
func (l *Live) Observe(r *telemetry.Reading, rules *Validity) (LiveProbe, bool) {
	m := r.Mobile
	if m == nil || !m.Outcome.Present() || r.TimeAssigned() || r.Flags.Has(telemetry.FlagLate|telemetry.FlagRetained) || roams(m) {
		return LiveProbe{}, false
	}
	operator := operatorOf(m)
	result, reason := rules.result(m)
	if reason == FailedTest || reason == Implausible || operator == "" {
		return LiveProbe{}, false
	}
	k := liveKey{r.Device, plmnOf(operator)}
	p := l.probes[k]
	if p == nil {
		p = new(liveProbe)
		l.probes[k] = p
	}
	if !r.Time.After(p.last) {
		return p.export(k), false
	}
	attempt := makeRecord(&attempt{result: result}, m, r.Device, 0)
	before := p.state
	l.add(p, attempt.usable(rules.FloorDBm), r.Time)
	return p.export(k), p.state != before
}

func (l *Live) add(p *liveProbe, served bool, at time.Time) {
	if p.run == 0 || served != p.served || at.Sub(p.last) > l.options.Stale {
		p.run, p.first, p.served = 0, at, served
	}
	p.run++
	p.last = at
	next := p.state
	switch {
	case served && p.run >= l.options.Clear:
		next = LiveUp
	case !served && p.run >= l.options.Raise && at.Sub(p.first) >= l.options.For:
		next = LiveDown
	}
	if next != p.state {
		p.state, p.since = next, p.first
	}
}

func (p *liveProbe) export(k liveKey) LiveProbe {
	return LiveProbe{Device: k.device, Operator: k.operator.code(), State: p.state, Since: p.since, Last: p.last}
}

// Probes returns every probe at an instant, by device and operator. A probe that has
// not been heard of for Stale is unknown.
func (l *Live) Probes(now time.Time) []LiveProbe {
	all := make([]LiveProbe, 0, len(l.probes))
	for k, p := range l.probes {
		e := p.export(k)
		if now.Sub(p.last) > l.options.Stale {
			e.State, e.Since = LiveUnknown, p.last
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b LiveProbe) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(plmnOf(a.Operator), plmnOf(b.Operator)))
	})
	return all
}

// Forget drops probes that were last heard of before the instant.
func (l *Live) Forget(before time.Time) {
	for k, p := range l.probes {
		if p.last.Before(before) {
			delete(l.probes, k)
		}
	}
}

// liveRecord is one probe as MarshalJSON writes it.
type liveRecord struct {
	Device   telemetry.DeviceID     `json:"device"`
	Operator telemetry.OperatorCode `json:"operator"`
	State    LiveState              `json:"state"`
	Since    time.Time              `json:"since"`
	Last     time.Time              `json:"last"`
	Served   bool                   `json:"served"`
	Run      int                    `json:"run"`
	First    time.Time              `json:"first"`
}

// MarshalJSON writes all that is known of the probes, by device and operator.
func (l *Live) MarshalJSON() ([]byte, error) {
	all := make([]liveRecord, 0, len(l.probes))
	for k, p := range l.probes {
		all = append(all, liveRecord{k.device, k.operator.code(), p.state, p.since, p.last, p.served, p.run, p.first})
	}
	slices.SortFunc(all, func(a, b liveRecord) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Operator, b.Operator))
	})
	return json.Marshal(all)
}

// UnmarshalJSON replaces what is known by what MarshalJSON wrote; the options stay.
func (l *Live) UnmarshalJSON(text []byte) error {
	var all []liveRecord
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("restoring live probes: %w", err)
	}
	probes := make(map[liveKey]*liveProbe, len(all))
	for _, r := range all {
		probes[liveKey{r.Device, plmnOf(r.Operator)}] = &liveProbe{r.State, r.Since, r.Last, r.Served, r.Run, r.First}
	}
	l.probes = probes
	return nil
}
