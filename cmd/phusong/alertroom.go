package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"phusong/alerts"
	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/alerts/wifi"
	"phusong/internal/registry"
	"phusong/telemetry"
)

// alertRoom is the room of judgement: the engine with its books of Wi-Fi and
// environment, what changed in it on the way to the history, and a sign for those who
// tell people.
type alertRoom struct {
	log         *slog.Logger
	engine      *alerts.Engine
	wifi        *wifi.Book
	environment *environment.Book

	// wanted is what the engine is to be given at the next entry, by whoever noticed:
	// only the watcher's goroutine may.
	wanted struct {
		sync.Mutex
		inventory *alerts.Inventory
		rules     *rules.Set
	}

	rules  atomic.Int64 // how many are in force
	broken atomic.Bool  // the files on disk are refused

	skew  *clockSkew
	fresh bool          // the entry at hand changed something; the watcher's
	wake  chan struct{} // capacity 1: people may have to be told

	mu      sync.Mutex
	changes []alerts.Change // guarded by mu; not in the history yet
	lost    uint64          // guarded by mu; changes beyond the bound
	// listen is told every change too, and must not wait; nil before the watcher runs.
	listen func(alerts.Change)
	news   chan struct{} // capacity 1: there are changes
}

// mostChanges bounds the changes that wait for the history: an hour of the worst
// storm, were the stream's disk away for so long.
const mostChanges = 100_000

// alertRoomOptions say what is judged by what.
type alertRoomOptions struct {
	Inventory            alerts.Inventory
	Rules                *rules.Set
	Desk                 alerts.Desk // may be nil
	RunbookURL, AlertURL string
	Logger               *slog.Logger
}

func newAlertRoom(o alertRoomOptions) (*alertRoom, error) {
	r := &alertRoom{log: o.Logger, skew: newClockSkew(), wake: make(chan struct{}, 1), news: make(chan struct{}, 1)}
	var err error
	if r.wifi, err = wifi.New(wifi.Options{}); err != nil {
		return nil, err
	}
	if r.environment, err = environment.New(environment.Options{}); err != nil {
		return nil, err
	}
	r.rules.Store(int64(len(o.Rules.Rules())))
	r.engine, err = alerts.New(alerts.Options{
		Inventory: o.Inventory, Rules: o.Rules, Desk: o.Desk, WiFi: r.wifi, Environment: r.environment,
		RunbookURL: o.RunbookURL, AlertURL: o.AlertURL, Changed: r.changed,
	})
	return r, err
}

// Observe implements room.
func (r *alertRoom) Observe(at time.Time, readings []telemetry.Reading) {
	r.takeWanted()
	r.skew.observe(readings)
	r.engine.Observe(at, readings)
	if r.fresh {
		r.fresh = false
		nudge(r.wake)
		nudge(r.news)
	}
}

// Snapshot implements room.
func (r *alertRoom) Snapshot() func(io.Writer) error { return r.engine.Snapshot() }

// Restore implements room.
func (r *alertRoom) Restore(from io.Reader) error { return r.engine.Restore(from) }

// want leaves a new registry or new rules for the next entry.
func (r *alertRoom) want(inventory *alerts.Inventory, set *rules.Set) {
	r.wanted.Lock()
	defer r.wanted.Unlock()
	if inventory != nil {
		r.wanted.inventory = inventory
	}
	if set != nil {
		r.wanted.rules = set
	}
}

func (r *alertRoom) takeWanted() {
	r.wanted.Lock()
	inventory, set := r.wanted.inventory, r.wanted.rules
	r.wanted.inventory, r.wanted.rules = nil, nil
	r.wanted.Unlock()
	if inventory != nil {
		if err := r.engine.SetInventory(*inventory); err != nil {
			r.log.Error("the registry cannot be judged by; the one before stays", "error", err)
		}
	}
	if set != nil {
		r.engine.SetRules(set)
		r.rules.Store(int64(len(set.Rules())))
	}
}

// changed is told every change by the engine, and must not wait.
func (r *alertRoom) changed(c alerts.Change) {
	if r.listen != nil {
		r.listen(c)
	}
	r.fresh = true
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.changes) >= mostChanges {
		r.lost++
		return
	}
	r.changes = append(r.changes, c)
}

// takeChanges returns the changes since the last call, and how many were too many.
func (r *alertRoom) takeChanges() (changes []alerts.Change, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes, lost = r.changes, r.lost
	r.changes, r.lost = nil, 0
	return changes, lost
}

// nudge leaves a sign that is not doubled.
func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// inventoryOf is the registry as judgement needs it.
func inventoryOf(reg *registry.Registry) alerts.Inventory {
	return inventoryFrom(reg.Devices(), reg.Sites(), reg.Areas())
}

func inventoryFrom(devices []telemetry.Device, sites []telemetry.Site, areas []telemetry.Area) alerts.Inventory {
	inv := alerts.Inventory{Devices: devices, Sites: sites, Areas: areas, Visitors: make(map[telemetry.AreaCode]int)}
	siteOf := make(map[telemetry.SiteID]*telemetry.Site, len(sites))
	for i := range sites {
		siteOf[sites[i].ID] = &sites[i]
	}
	for i := range inv.Areas {
		if n := inv.Areas[i].Visitors; n > 0 {
			inv.Visitors[inv.Areas[i].Code] = n
		}
	}
	for i := range inv.Devices {
		if d := &inv.Devices[i]; d.Kind == telemetry.KindEnvironment && !d.Retired {
			inv.Stations = append(inv.Stations, stationOf(d, siteOf[d.Site]))
		}
	}
	return inv
}

// stationOf is a sensor with what the registry says of it and of its site, nil for none.
func stationOf(d *telemetry.Device, at *telemetry.Site) environment.Station {
	s := environment.StationOf(d, at)
	s.Reference = d.Reference
	s.Water = airquality.WaterLevels{Alarm: d.WaterAlarms, RiseMPerH: d.WaterRise}
	return s
}

// followRegistry hands every new registry to the room until ctx is done.
func (r *alertRoom) followRegistry(ctx context.Context, current func() *registry.Registry) error {
	last := current()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if now := current(); now != last {
			last = now
			inventory := inventoryOf(now)
			r.want(&inventory, nil)
		}
	}
}
