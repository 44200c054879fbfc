package alerts

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// An Inventory is the registry as the engine needs it.
type Inventory struct {
	Devices []telemetry.Device
	Sites   []telemetry.Site
	Areas   []telemetry.Area
	// Stations say more of sensors than the devices do; those without one are plain.
	Stations []environment.Station
	// Visitors are how many people besides the residents are in an area in a month.
	Visitors map[telemetry.AreaCode]int
}

// A Desk is where people say that they know: announced work, and alerts that somebody
// has in hand. It is asked about every firing alert once a second of event time, on the
// watcher's goroutine, and must answer from memory. What it mutes goes on being judged.
type Desk interface {
	// Maintenance reports whether work is announced at the place at that instant.
	Maintenance(at time.Time, p Place) bool
	// Acknowledged reports whether somebody has the alert in hand at that instant;
	// when that expires, the engine says the alert anew.
	Acknowledged(at time.Time, alert string) bool
}

// Options are what an engine needs to judge.
type Options struct {
	// Inventory is what is known to exist. [Engine.SetInventory] changes it.
	Inventory Inventory
	// Rules judge; nil for none. [Engine.SetRules] changes them.
	Rules *rules.Set
	// Desk may be nil: then nothing is muted.
	Desk Desk
	// WiFi and Environment are the books that judge access points and sensors, nil for
	// none. They are the engine's alone to write, configure and restore, from New on; their
	// queries are everybody's.
	WiFi        *wifi.Book
	Environment *environment.Book
	// RunbookURL is where the pages of docs/runbooks are read, AlertURL what an alert's ID
	// is put behind to see and acknowledge it; "" for nowhere.
	RunbookURL, AlertURL string
	// Changed is told each change, in order, on the watcher's goroutine and under the
	// engine's lock: it must not block and not call the engine. It may be nil. After a restart
	// changes since the snapshot are told again, with the same numbers.
	Changed func(Change)
	// Gap is how long the stream may be without an entry, ticks included, before that
	// counts as downtime of our own. Default 15 s.
	Gap time.Duration
	// MaxUnregistered bounds how many devices are followed that the registry does not
	// know. Default 20,000; the readings of more are stored all the same.
	MaxUnregistered int
}

func (o *Options) settle() error {
	if o.Gap < 0 || o.MaxUnregistered < 0 {
		return errors.New("alerts: Gap and MaxUnregistered cannot be negative")
	}
	if o.Gap == 0 {
		o.Gap = 15 * time.Second
	}
	if o.MaxUnregistered == 0 {
		o.MaxUnregistered = 20_000
	}
	return nil
}

// Engine keeps the live picture and judges it. One goroutine, the watcher's, calls
// Observe, Snapshot, Restore, SetInventory and SetRules; everything else is safe beside it.
type Engine struct {
	options Options

	// mu guards all below. The watcher writes; others read what they are asked for.
	mu    sync.RWMutex
	wheel *wheel
	at    int64 // of the last entry
	now   int64 // the instant that is being judged, at or before at
	// Our own downtime: the last gap between entries was from gapFrom to resumed.
	gapFrom, resumed int64
	lastSign         int64 // the last sign of life of any device
	rate             int64 // how often signs of life should come, see rateOf
	lastSecond       int64

	devices      []*device
	byDevice     map[telemetry.DeviceID]*device
	unregistered int
	inventory    Inventory
	anyDevice    bool // nothing is registered: every device counts
	sites        []*site
	bySite       map[telemetry.SiteID]*site
	areas        []*area
	byArea       map[telemetry.AreaCode]*area
	others       []*other
	byOther      map[Subject]*other
	service      *other

	set    *rules.Set
	frame  rules.Frame
	alerts *alertBook
	book   *incidentBook
	count  counters

	dirty struct {
		devices   []*device
		sites     []*site
		areas     []*area
		others    []*other
		incidents []*incident
	}

	given struct { // facts from outside, to be judged at the next entry
		sync.Mutex
		facts []givenFacts
	}
}

// counters are counts since the process began.
type counters struct {
	readings, historic, unplaced, otherKind uint64
	faults                                  map[string]uint64 // of rules, by their id
	templates                               uint64
}

// New returns an engine that has seen nothing.
func New(o Options) (*Engine, error) {
	if err := o.settle(); err != nil {
		return nil, err
	}
	e := &Engine{options: o}
	e.reset()
	if err := e.SetInventory(o.Inventory); err != nil {
		return nil, err
	}
	e.set = o.Rules
	return e, nil
}

// reset makes the engine fresh.
func (e *Engine) reset() {
	e.at, e.now, e.gapFrom, e.resumed, e.lastSign, e.lastSecond, e.rate = 0, 0, 0, 0, 0, 0, 0
	e.devices, e.sites, e.areas, e.others, e.unregistered = nil, nil, nil, nil, 0
	e.dirty.devices, e.dirty.sites, e.dirty.areas, e.dirty.others, e.dirty.incidents = nil, nil, nil, nil, nil
	e.wheel = newWheel(0)
	e.byDevice = make(map[telemetry.DeviceID]*device)
	e.bySite = make(map[telemetry.SiteID]*site)
	e.byArea = make(map[telemetry.AreaCode]*area)
	e.byOther = make(map[Subject]*other)
	e.alerts, e.book = newAlertBook(), newIncidentBook()
	e.count.faults = make(map[string]uint64)
	e.service = e.other(ServiceSubject(), Place{})
	e.service.values.SetBool(rules.ServiceWatchdog, true)
	e.service.values.SetBool(rules.ServiceFleetSilent, false)
}

// Observe enters one entry of the stream: its time, which never goes back, and its
// readings, of which a tick has none. What lies between the entries is judged first.
func (e *Engine) Observe(at time.Time, readings []telemetry.Reading) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.moveTo(max(milli(at), e.at))
	e.enterGiven()
	e.observeEnvironment(readings)
	for i := range readings {
		e.enter(&readings[i])
	}
	e.settle()
	if second := e.now / 1000; second != e.lastSecond {
		passed := second - e.lastSecond
		e.lastSecond = second
		e.eachSecond(passed)
		e.settle()
	}
	e.endGathering()
}

// moveTo lets time pass.
func (e *Engine) moveTo(at int64) {
	switch {
	case e.at == 0:
		e.wheel.step = at >> wheelShift
		e.lastSign = at
		e.now = at
		e.openHours()
	case at-e.at > e.options.Gap.Milliseconds():
		e.gapFrom, e.resumed, e.lastSign = e.at, at, at
	}
	anew := e.at == 0 || e.resumed == at
	e.at = at
	e.wheel.advance(at, e.wake)
	e.now = at
	if anew && e.options.WiFi != nil {
		e.options.WiFi.Advance(instant(at)) // it may judge what it did not see
		e.takeMeasures()
	}
}

// enter takes one reading.
func (e *Engine) enter(r *telemetry.Reading) {
	e.count.readings++
	d := e.deviceOf(r)
	switch {
	case d == nil:
		e.count.unplaced++
		return
	case r.Flags.Has(telemetry.FlagLate | telemetry.FlagRetained):
		e.count.historic++
		e.observeWiFi(d, r)
	default:
		e.observe(d, r)
		e.observeWiFi(d, r)
		e.dirtyDevice(d)
	}
	e.settle()
}

// eachSecond is what has to be looked at though nothing came; passed is how many seconds went by
// since it last was.
func (e *Engine) eachSecond(passed int64) {
	e.watchFleet()
	e.askDesk()
	e.askMaintenance(passed)
	e.forgetResolved()
}

// The kinds of timers, in the order in which they are given out at one instant. The
// order is in no snapshot.
const (
	rankLive     = 1 + iota // a device's step towards silence
	rankCalm                // a device's flapping may be over
	rankHours               // a site opens or closes
	rankDevice              // a rule of a device
	rankSite                // of a site
	rankArea                // of an area
	rankOther               // of another subject
	rankIncident            // an incident is to be decided, or is over
)

// rankOf names a timer by its kind and the number of its owner.
func rankOf(kind uint64, owner int64) uint64 { return kind<<56 | uint64(owner) }

// restGrace is how long after our own downtime rules wait for fresh facts before time
// alone changes their answer.
const restGrace = time.Minute

// wake is called for each timer.
func (e *Engine) wake(rank uint64, at int64) {
	e.now = max(e.now, at)
	owner := int64(rank & (1<<56 - 1))
	kind := rank >> 56
	if kind != rankLive && at > e.gapFrom && at <= e.resumed {
		// Nobody looked at that instant: everybody gets time to say how things are now.
		e.wheel.set(e.timerOf(kind, owner), e.resumed+restGrace.Milliseconds())
		return
	}
	switch kind {
	case rankLive:
		e.wakeDevice(e.devices[owner], e.now)
	case rankCalm:
		e.calmed(e.devices[owner], e.now)
	case rankHours:
		e.turnHours(e.sites[owner])
	case rankDevice:
		e.expire(&e.devices[owner].subject)
	case rankSite:
		e.expire(&e.sites[owner].subject)
	case rankArea:
		e.expire(&e.areas[owner].subject)
	case rankOther:
		e.expire(&e.others[owner].subject)
	case rankIncident:
		if inc := e.book.bySeq[owner]; inc != nil {
			e.wakeIncident(inc)
		}
	}
	e.settle()
	e.endGathering()
}

func (e *Engine) timerOf(kind uint64, owner int64) timerID {
	switch kind {
	case rankCalm:
		return e.devices[owner].calm
	case rankHours:
		return e.sites[owner].hours
	case rankDevice:
		return e.devices[owner].timer
	case rankSite:
		return e.sites[owner].timer
	case rankArea:
		return e.areas[owner].timer
	case rankOther:
		return e.others[owner].timer
	case rankIncident:
		if inc := e.book.bySeq[owner]; inc != nil {
			return inc.timer
		}
	}
	return 0
}

// givenFacts are facts that were given from outside.
type givenFacts struct {
	subject Subject
	place   Place
	fill    func(*rules.Values)
	gone    bool
}

// maxGiven bounds how many facts from outside wait for the next entry.
const maxGiven = 100_000

// Give sets facts of a subject that the stream does not tell: of the service, of zones
// and operators, or of devices, sites and areas by other judges. They are judged with the
// next entry, ticks included. fill runs on the watcher's goroutine and must be quick.
//
// What is given is not in the stream, so only the rest of the judgement replays exactly.
func (e *Engine) Give(s Subject, p Place, fill func(*rules.Values)) error {
	return e.give(givenFacts{subject: s, place: p, fill: fill})
}

// Withdraw forgets a zone or an operator that is no more: its alerts are resolved.
func (e *Engine) Withdraw(s Subject) error { return e.give(givenFacts{subject: s, gone: true}) }

func (e *Engine) give(g givenFacts) error {
	if g.subject.Scope >= rules.Scopes || g.subject.ID == "" {
		return fmt.Errorf("alerts: facts of %v: there is no such subject", g.subject)
	}
	e.given.Lock()
	defer e.given.Unlock()
	if len(e.given.facts) >= maxGiven {
		return fmt.Errorf("alerts: %d facts from outside wait for an entry of the stream, which does not come", maxGiven)
	}
	e.given.facts = append(e.given.facts, g)
	return nil
}

func (e *Engine) enterGiven() {
	e.given.Lock()
	facts := e.given.facts
	e.given.facts = nil
	e.given.Unlock()
	for _, g := range facts {
		e.enterFacts(g)
	}
}

func (e *Engine) enterFacts(g givenFacts) {
	id := g.subject.ID
	switch g.subject.Scope {
	case rules.ScopeDevice:
		if d := e.byDevice[telemetry.DeviceID(id)]; d != nil && g.fill != nil {
			g.fill(d.values)
			e.dirtyDevice(d)
		}
	case rules.ScopeSite:
		if s := e.bySite[telemetry.SiteID(id)]; s != nil && g.fill != nil {
			g.fill(s.values)
			e.dirtySite(s)
		}
	case rules.ScopeArea:
		if a := e.byArea[telemetry.AreaCode(id)]; a != nil && g.fill != nil {
			g.fill(a.values)
			e.dirtyArea(a)
		}
	default:
		o := e.other(g.subject, g.place)
		o.place = g.place
		if g.gone {
			e.silence(&o.subject)
			return
		}
		if g.fill != nil {
			g.fill(o.values)
		}
		e.dirtyOther(o)
	}
}
