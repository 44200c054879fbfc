package rules

import (
	"fmt"
	"slices"
	"strings"

	"phusong/telemetry"
)

// A Scope says what kind of subject a rule judges.
type Scope uint8

// The scopes. Their order and number are in snapshots: append only.
const (
	ScopeDevice   Scope = iota
	ScopeSite           // a place with devices
	ScopeArea           // an administrative unit
	ScopeOperator       // one mobile network in one area
	ScopeZone           // a zone of bad coverage of one operator
	ScopeService        // phusong itself
	Scopes              // their number
)

var scopeNames = [Scopes]string{"device", "site", "area", "operator", "zone", "service"}

// String returns the name as written in rule files.
func (s Scope) String() string {
	if s < Scopes {
		return scopeNames[s]
	}
	return fmt.Sprintf("Scope(%d)", uint8(s))
}

// ParseScope returns the scope with the name.
func ParseScope(name string) (Scope, error) {
	if i := slices.Index(scopeNames[:], name); i >= 0 {
		return Scope(i), nil
	}
	return 0, fmt.Errorf("there is no scope %q; there are %s", name, strings.Join(scopeNames[:], ", "))
}

// sees are the scopes whose facts a rule of the scope may use: its own first, then
// those of which every subject has exactly one.
var sees = [Scopes][]Scope{
	ScopeDevice:   {ScopeDevice, ScopeSite, ScopeArea, ScopeService},
	ScopeSite:     {ScopeSite, ScopeArea, ScopeService},
	ScopeArea:     {ScopeArea, ScopeService},
	ScopeOperator: {ScopeOperator, ScopeArea, ScopeService},
	ScopeZone:     {ScopeZone, ScopeService},
	ScopeService:  {ScopeService},
}

// Sees returns the scopes whose facts a rule of scope s may use, itself first. The
// caller must not change it.
func (s Scope) Sees() []Scope { return sees[s] }

// A Type is what a fact is.
type Type uint8

// The types.
const (
	Number   Type = iota + 1
	Bool          // true or false
	Text          // a text; often one of a few
	Instant       // a point in time
	Duration      // a length of time
)

var typeNames = [...]string{Number: "number", Bool: "true or false", Text: "text", Instant: "instant", Duration: "duration"}

// String returns the name for people.
func (t Type) String() string { return typeNames[t] }

// A Fact is one thing that can be known of a subject.
type Fact struct {
	Name string // as in expressions: "device.state", "wifi.clients"
	Type Type
	// Unit is the unit's symbol as in [telemetry.Field]; "1" for counts and shares.
	Unit string
	// Share marks a number from 0 to 1 that people read as per cent.
	Share bool
	// Values are the only texts that can occur, when not empty.
	Values []string
	Help   string

	text  int              // index among the texts of the table
	field *telemetry.Field // of a reading, nil for what is derived
}

// A Slot is the place of a fact in its table.
type Slot uint8

// A Table is the fixed list of facts of a scope; of devices there is one for each
// kind, and they begin with the same facts, up to slot [deviceFacts].
type Table struct {
	scope Scope
	kind  telemetry.Kind
	facts []Fact
	names map[string]Slot
	texts int
}

// TableOf returns the table of a scope. Kind is the kind of device of ScopeDevice,
// or 0 for the facts that devices of all kinds have; other scopes ignore it. It
// returns nil when there is no such table.
func TableOf(scope Scope, kind telemetry.Kind) *Table {
	switch {
	case scope >= Scopes:
		return nil
	case scope != ScopeDevice:
		return tables[scope]
	case kind == 0:
		return tables[ScopeDevice]
	case kind.IsDevice():
		return deviceTables[kind]
	}
	return nil
}

// Scope returns the scope of the subjects.
func (t *Table) Scope() Scope { return t.scope }

// Kind returns the kind of device, 0 unless the scope is ScopeDevice.
func (t *Table) Kind() telemetry.Kind { return t.kind }

// Facts returns the facts; a fact's index is its slot. The caller must not change it.
func (t *Table) Facts() []Fact { return t.facts }

// Slot returns where the fact with the name is.
func (t *Table) Slot(name string) (Slot, bool) {
	slot, ok := t.names[name]
	return slot, ok
}

// newTable checks and indexes facts; a wrong table is a mistake of the programmer.
func newTable(scope Scope, kind telemetry.Kind, facts []Fact) *Table {
	t := &Table{scope: scope, kind: kind, facts: facts, names: make(map[string]Slot, len(facts))}
	if len(facts) > maskBits {
		panic(fmt.Sprintf("rules: the table of %s %s has %d facts, more than %d", scope, kind, len(facts), maskBits))
	}
	for i := range facts {
		fact := &facts[i]
		if _, twice := t.names[fact.Name]; twice || fact.Name == "" || fact.Type == 0 {
			panic(fmt.Sprintf("rules: fact %d %q of %s is empty or there twice", i, fact.Name, scope))
		}
		t.names[fact.Name] = Slot(i)
		if fact.Type == Text {
			fact.text = t.texts
			t.texts++
		}
	}
	return t
}

// maskBits bounds the number of facts of a table.
const maskBits = 128

// A Mask is a set of slots of one table.
type Mask [maskBits / 64]uint64

// Add puts a slot into the set.
func (m *Mask) Add(s Slot) { m[s/64] |= 1 << (s % 64) }

// Has reports whether the slot is in the set.
func (m Mask) Has(s Slot) bool { return m[s/64]&(1<<(s%64)) != 0 }

// Overlaps reports whether some slot is in both sets.
func (m Mask) Overlaps(other Mask) bool { return m[0]&other[0]|m[1]&other[1] != 0 }

// Empty reports whether no slot is in the set.
func (m Mask) Empty() bool { return m == Mask{} }
