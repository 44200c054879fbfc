package simulator

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Scenario is a story that happens to a world: what fails, where, when, and for
// how long. docs/SCENARIOS.md says how to write one.
type Scenario struct {
	// Name is the file's without its ending.
	Name string `yaml:"-"`
	// Title is one line; Story says what happens and why.
	Title string `yaml:"title"`
	Story string `yaml:"story"`
	// Expect is what an operations centre should see, in the order of time.
	Expect []string `yaml:"expect"`
	// Events are what happens.
	Events []Happening `yaml:"events"`

	file string
}

// A Happening is one event of a scenario.
type Happening struct {
	// At counts from the world's Start; For is how long it lasts, 0 to the end.
	At  Duration `yaml:"at"`
	For Duration `yaml:"for"`
	// Do is what happens: a key of docs/SCENARIOS.md's table.
	Do    string `yaml:"do"`
	Where Where  `yaml:"where"`

	// What the kinds of events take beside; each only the ones of its own.
	LossDB float64  `yaml:"loss_db"`  // dead_zone
	Load   float64  `yaml:"load"`     // slow_zone, 0 to 1
	Loss   float64  `yaml:"loss"`     // uplink_lossy, 0 to 1
	Factor float64  `yaml:"factor"`   // crowd
	PM25   float64  `yaml:"pm25"`     // smoke, µg/m³ at its middle
	MmPerH float64  `yaml:"mm_per_h"` // rain at its middle
	RiseM  float64  `yaml:"rise_m"`   // flood, at its highest
	Mode   string   `yaml:"mode"`     // sensor_fault
	Offset Duration `yaml:"offset"`   // clock_fault
	Every  Duration `yaml:"every"`    // malformed

	line int // in the file
}

// Where chooses what an event happens to. All that is given must hold.
type Where struct {
	Area     string    `yaml:"area"`      // code of a commune
	Site     string    `yaml:"site"`      // id
	Category string    `yaml:"category"`  // of sites
	Device   string    `yaml:"device"`    // id
	Kind     string    `yaml:"kind"`      // of devices
	Measures string    `yaml:"measures"`  // of sensors: air, weather or water
	Operator string    `yaml:"operator"`  // PLMN
	Near     []float64 `yaml:"near,flow"` // latitude, longitude
	RadiusKm float64   `yaml:"radius_km"` // around near
	First    int       `yaml:"first"`     // of those that match, in the order of their ids
}

// Duration is a time.Duration, written like 90s, 15m or 36h.
type Duration time.Duration

// UnmarshalYAML reads the text.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	v, err := time.ParseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration; write it like 90s, 15m or 36h", node.Line, node.Value)
	}
	*d = Duration(v)
	return nil
}

//go:embed scenarios/*.yaml
var scenarioFiles embed.FS

// ScenarioNames returns the names of the scenarios that are shipped, sorted.
func ScenarioNames() []string {
	entries, err := scenarioFiles.ReadDir("scenarios")
	if err != nil {
		panic(err) // it is part of the binary
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// ShippedScenario returns the scenario of that name.
func ShippedScenario(name string) (*Scenario, error) {
	data, err := scenarioFiles.ReadFile("scenarios/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(ScenarioNames(), ", "))
	}
	return ParseScenario(name+".yaml", data)
}

// Standing returns what of the story is so from the start and does not end: what was the
// case before it began as well.
func (s *Scenario) Standing() *Scenario {
	standing := *s
	standing.Events = slices.DeleteFunc(slices.Clone(s.Events), func(h Happening) bool { return h.At > 0 || h.For > 0 })
	return &standing
}

// ParseScenario reads a scenario strictly: an unknown key, a wrong kind or a missing
// value is an error that begins with file and line. What depends on the world, such as whether a
// site exists, is checked by [New].
func ParseScenario(file string, data []byte) (*Scenario, error) {
	s := &Scenario{Name: strings.TrimSuffix(path.Base(file), path.Ext(file)), file: path.Base(file)}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: the file is empty; a scenario has a title, a story and events", s.file)
		}
		return nil, s.yamlError(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is a second document; one file holds one scenario", s.file)
	}
	if err := s.findLines(data); err != nil {
		return nil, err
	}
	return s, s.check()
}

// yamlError puts the line in front, where editors look for it.
func (s *Scenario) yamlError(err error) error {
	text := err.Error()
	var typed *yaml.TypeError
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		text = typed.Errors[0]
	}
	text = strings.TrimPrefix(text, "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			what = strings.NewReplacer("simulator.Scenario", "a scenario", "simulator.Happening", "an event", "simulator.Where", "where", "field ", "the key ").Replace(what)
			return fmt.Errorf("%s:%s: %s", s.file, line, what)
		}
	}
	return fmt.Errorf("%s: %s", s.file, text)
}

// findLines notes where each event stands, for the errors of later checks.
func (s *Scenario) findLines(data []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return s.yamlError(err)
	}
	pairs := root.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i].Value != "events" {
			continue
		}
		for n, event := range pairs[i+1].Content {
			if n < len(s.Events) {
				s.Events[n].line = event.Line
			}
		}
	}
	return nil
}

// check finds what is wrong with the scenario in any world.
func (s *Scenario) check() error {
	if s.Title == "" || s.Story == "" {
		return fmt.Errorf("%s:1: title or story is missing; say what happens and why", s.file)
	}
	for i := range s.Events {
		if err := s.Events[i].check(); err != nil {
			return s.at(&s.Events[i], err)
		}
	}
	return nil
}

func (s *Scenario) at(h *Happening, err error) error {
	return fmt.Errorf("%s:%d: %w", s.file, h.line, err)
}
