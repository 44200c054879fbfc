package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// A coverageRoom is the coverage map in the running service. The watcher feeds it, its
// own Run judges what has changed, and everybody may ask.
type coverageRoom struct {
	options coverageOptions
	rules   coverage.Rules
	zone    *time.Location
	cases   *caseFiles
	zones   zoneKeeper

	// again asks Run to judge at once.
	again chan struct{}

	mu      sync.Mutex // guards the following; whoever holds it waits for nothing
	land    *coverageLand
	fold    *coverage.Map
	whole   bool      // fold holds all that the store holds
	version uint64    // counts the changes of fold
	clock   time.Time // of the stream; zero before the first entry
	live    *coverage.Live
	tests   map[coverageCount]uint64

	asking sync.Mutex // one question at a time needs the judge of the state

	judged   atomic.Pointer[coverageState]
	declared atomic.Pointer[declaredLayer]
}

// A coverageCount is what became of tests, by operator. The zero Reason is that they count.
type coverageCount struct {
	Operator telemetry.OperatorCode
	Reason   coverage.Reason
}

// A coverageState is the map as it was last judged. It never changes.
type coverageState struct {
	// At is the time of the stream that it is of.
	At         time.Time
	View       *coverage.View
	Assessment *coverage.Assessment
	Areas      []coverage.AreaReport
	// Zones are those of the assessment with all their history.
	Zones coverage.Zones

	land    *coverageLand
	judge   *coverage.Judge // for questions, one at a time
	version uint64
}

// coverageOptions say what a room is plugged into.
type coverageOptions struct {
	Config   *CoverageConfig
	Registry func() *registry.Registry
	Store    coverageStore
	// Settled waits until the store holds all that the stream held when it was called.
	Settled func(ctx context.Context) error
	// Cases and Evidence keep the gap cases, what was proven with them, and the zones.
	Cases, Evidence sharedBucket
	// Pause is how long to wait before what did not answer is asked again, default 5 s.
	Pause  time.Duration
	Logger *slog.Logger
}

// newCoverageRoom returns a room whose map is empty.
func newCoverageRoom(o coverageOptions) (*coverageRoom, error) {
	rules, err := o.Config.rules()
	if err != nil {
		return nil, err
	}
	o.Pause = cmp.Or(o.Pause, 5*time.Second)
	c := &coverageRoom{options: o, rules: rules, again: make(chan struct{}, 1), tests: make(map[coverageCount]uint64)}
	if c.zone, err = time.LoadLocation(rules.Validity.Zone); err != nil {
		return nil, fmt.Errorf("coverage.validity.zone: %w", err)
	}
	if c.live, err = coverage.NewLive(o.Config.liveOptions()); err != nil {
		return nil, err
	}
	if c.land, err = newCoverageLand(o.Registry(), time.Now()); err != nil {
		return nil, err
	}
	if c.fold, err = c.land.newMap(rules, c.zone); err != nil {
		return nil, err
	}
	c.zones = zoneKeeper{vault: vault{o.Evidence}}
	c.cases = newCaseFiles(c, o.Cases, vault{o.Evidence})
	return c, nil
}

// Observe folds the mobile readings of an entry into the map.
func (c *coverageRoom) Observe(at time.Time, readings []telemetry.Reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clock.IsZero() {
		c.judgeSoon()
	}
	c.clock = at
	for i := range readings {
		if r := &readings[i]; r.Kind == telemetry.KindMobile {
			c.foldLocked(r)
		}
	}
}

func (c *coverageRoom) foldLocked(r *telemetry.Reading) {
	o := c.fold.Observe(r)
	if o.Changed {
		c.version++
	}
	if o.Changed || o.Cell == 0 || o.Reason == coverage.Outside { // a repetition counts once
		c.tests[coverageCount{c.known(o.Operator), o.Reason}]++
	}
	if !c.land.fixedAt(r.Device).IsZero() {
		c.live.Observe(r, &c.rules.Validity)
	}
}

// known returns the operator if it is one of the rules', and else none: labels must not
// grow with what devices say.
func (c *coverageRoom) known(code telemetry.OperatorCode) telemetry.OperatorCode {
	if slices.Contains(c.rules.Validity.Operators, code) {
		return code
	}
	return ""
}

// roomHead begins an image of the room, before the map.
type roomHead struct {
	Land string         `json:"land"`
	Live *coverage.Live `json:"live"`
}

// Snapshot takes an image. A map that is still being rebuilt has none.
func (c *coverageRoom) Snapshot() func(io.Writer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.whole {
		return func(io.Writer) error { return nil }
	}
	view := c.fold.View()
	head, err := json.Marshal(roomHead{Land: c.land.print, Live: c.live})
	return func(w io.Writer) error {
		if err != nil {
			return err
		}
		if err := binary.Write(w, binary.LittleEndian, uint32(len(head))); err != nil {
			return err
		}
		if _, err := w.Write(head); err != nil {
			return err
		}
		return view.Encode(w, 0) // the position stands in the watcher's image
	}
}

// maxRoomHead bounds what is believed of an image's length.
const maxRoomHead = 64 << 20

// Restore takes an image up again, if it was made on this land and by these rules.
func (c *coverageRoom) Restore(r io.Reader) error {
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return fmt.Errorf("coverage: the map was not whole when its image was taken: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(min(size, maxRoomHead))))
	if err != nil {
		return err
	}
	live, err := coverage.NewLive(c.options.Config.liveOptions())
	if err != nil {
		return err
	}
	head := roomHead{Live: live}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	if head.Land != c.land.print || head.Live == nil {
		return fmt.Errorf("coverage: areas or fixed probes of the registry have changed: %w", coverage.ErrOtherRules)
	}
	fold, _, err := coverage.Decode(r, coverage.Options{Rules: c.rules, Zone: c.zone, Grid: c.land.grid, FixedAt: c.land.fixedAt})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live, c.fold, c.whole, c.version = head.Live, fold, true, c.version+1
	return nil
}

// locked does something to the map.
func (c *coverageRoom) locked(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// Live returns the state of every fixed probe and operator at an instant.
func (c *coverageRoom) Live(now time.Time) []coverage.LiveProbe {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live.Probes(now)
}

// Tests returns what became of the tests that arrived since the start.
func (c *coverageRoom) Tests() map[coverageCount]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.tests)
}

// Latest returns the map as it was last judged, nil before the first time.
func (c *coverageRoom) Latest() *coverageState { return c.judged.Load() }
