package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"phusong/telemetry"
)

// A series is a fact of one subject over time, in a unit test.
type series struct {
	name   string
	labels map[string]string
	points []point
}

// A point is one sample of a series.
type point struct {
	kind pointKind
	x    float64
	text string
}

type pointKind uint8

const (
	noSample pointKind = iota // "_": nothing new is known
	stale                     // what was known no longer is
	aNumber
	aText
)

// maxPoints bounds a series; promtool has no bound, and a test needs none larger.
const maxPoints = 100_000

var (
	seriesForm = regexp.MustCompile(`^\s*([a-z]+\.[a-z0-9_]+)\s*(?:\{(.*)\})?\s*$`)
	labelForm  = regexp.MustCompile(`^\s*([a-z_]+)\s*=\s*"([^"]*)"\s*(?:,|$)`)
	tokenForm  = regexp.MustCompile(`^(?:"([^"]*)"|'([^']*)'|([^\s"']+?))(?:x(\d+))?(?:\s+|$)`)
	stepsForm  = regexp.MustCompile(`^(-?[0-9.]+(?:[eE][-+]?\d+)?)(?:([-+])([0-9.]+(?:[eE][-+]?\d+)?))?$`)
)

// parseSeries reads "wifi.clients{device=\"ap-1\"}" and its values.
func parseSeries(name, values string) (series, error) {
	parts := seriesForm.FindStringSubmatch(name)
	if parts == nil {
		return series{}, fmt.Errorf("the series %q should look like wifi.clients{device=\"ap-1\"}", name)
	}
	s := series{name: parts[1], labels: make(map[string]string)}
	scope, kind, ok := place(s.name)
	if !ok {
		return series{}, fmt.Errorf("there is no fact %q%s", s.name, proposal(s.name))
	}
	for rest := parts[2]; strings.TrimSpace(rest) != ""; {
		label := labelForm.FindStringSubmatch(rest)
		if len(label) == 0 || !slices.Contains(given, label[1]) {
			return series{}, fmt.Errorf("the labels of %s should be some of device, site, area, operator, zone, each with a value in quotes", s.name)
		}
		s.labels[label[1]] = label[2]
		rest = rest[len(label[0]):]
	}
	if key := subjectLabel[scope]; key != "" && s.labels[key] == "" {
		return series{}, fmt.Errorf("the series %s needs the label %s: whose fact is it?", name, key)
	}
	fact := &TableOf(scope, kind).facts[TableOf(scope, kind).names[s.name]]
	var err error
	s.points, err = parsePoints(fact, values)
	if err != nil {
		return series{}, fmt.Errorf("series %s: %w", name, err)
	}
	return s, nil
}

// subjectLabel names the subject of each scope; the service has none.
var subjectLabel = [Scopes]string{ScopeDevice: "device", ScopeSite: "site", ScopeArea: "area", ScopeOperator: "operator", ScopeZone: "zone"}

// parsePoints reads promtool's notation: numbers, "a+bxn", "a-bxn", "axn", "_" and
// "stale"; besides true and false, and texts, which need quotes only for spaces.
// "xn" repeats n times more, but for "_" n times in all, as promtool has it.
func parsePoints(fact *Fact, values string) ([]point, error) {
	var points []point
	rest := strings.TrimSpace(values)
	for rest != "" {
		token := tokenForm.FindStringSubmatch(rest)
		if token == nil {
			return nil, fmt.Errorf("the values %q cannot be read from %q on", values, rest)
		}
		rest = rest[len(token[0]):]
		times := 0
		if token[4] != "" {
			n, err := strconv.Atoi(token[4])
			if err != nil || n > maxPoints {
				return nil, fmt.Errorf("%q repeats too often", strings.TrimSpace(token[0]))
			}
			times = n
		}
		word, quoted := token[1]+token[2]+token[3], token[3] == ""
		if word == "_" && !quoted && times > 0 {
			times--
		}
		more, err := expand(fact, word, quoted, times)
		if err != nil {
			return nil, err
		}
		points = append(points, more...)
		if len(points) > maxPoints {
			return nil, fmt.Errorf("there are more than %d values", maxPoints)
		}
	}
	return points, nil
}

// expand returns the value of a word, and times more of it, each a step further.
func expand(fact *Fact, word string, quoted bool, times int) ([]point, error) {
	repeat := func(p point) []point { return slices.Repeat([]point{p}, times+1) }
	switch {
	case word == "_" && !quoted:
		return repeat(point{kind: noSample}), nil
	case word == "stale" && !quoted:
		return repeat(point{kind: stale}), nil
	case fact.Type == Text:
		if len(fact.Values) > 0 && !slices.Contains(fact.Values, word) {
			return nil, fmt.Errorf("%s is never %q; it is one of %s", fact.Name, word, strings.Join(fact.Values, ", "))
		}
		return repeat(point{kind: aText, text: word}), nil
	case fact.Type == Bool && (word == "true" || word == "false"):
		return repeat(point{kind: aNumber, x: truth(word == "true")}), nil
	}
	parts := stepsForm.FindStringSubmatch(word)
	if parts == nil {
		return nil, fmt.Errorf("%q is no value of %s, which is %s", word, fact.Name, article(fact.Type))
	}
	x, err := strconv.ParseFloat(parts[1], 64)
	step := 0.0
	if err == nil && parts[2] != "" {
		step, err = strconv.ParseFloat(parts[2]+parts[3], 64)
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no number", word)
	}
	points := make([]point, times+1)
	for i := range points {
		points[i] = point{kind: aNumber, x: x + float64(i)*step}
	}
	return points, nil
}

// kindOf returns the kind of device that alone has the fact, 0 otherwise.
func (s *series) kindOf() telemetry.Kind {
	_, kind, _ := place(s.name)
	return kind
}

func (s *series) scope() Scope {
	scope, _, _ := place(s.name)
	return scope
}
