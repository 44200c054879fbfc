package simulator

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

// The manual names every kind of event and every story, with what they take.
func TestTheManualIsComplete(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(testbed.Root(t), "docs", "SCENARIOS.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	first, second, _ := strings.Cut(text, "### Kinds of events")
	second, _, _ = strings.Cut(second, "### Where")
	row := regexp.MustCompile("(?m)^\\| `([a-z_-]+)` \\| ([^|]*)\\|(.*)$")
	var kinds, stories []string
	for _, m := range row.FindAllStringSubmatch(first, -1) {
		stories = append(stories, m[1])
	}
	for _, m := range row.FindAllStringSubmatch(second, -1) {
		name, rest := m[1], m[3]
		kind := happeningKinds[name]
		kinds = append(kinds, name)
		for _, parameter := range kind.takes {
			if !strings.Contains(rest, "`"+parameter+"`") {
				t.Errorf("the manual's row of %s does not name %s", name, parameter)
			}
		}
		if kind.mustEnd != strings.Contains(m[2], "must end") {
			t.Errorf("the manual's row of %s is wrong about whether it must end", name)
		}
	}
	if diff := cmp.Diff(sortedKinds(), kinds); diff != "" {
		t.Errorf("kinds (-code +manual):\n%s", diff)
	}
	if diff := cmp.Diff(ScenarioNames(), stories); diff != "" {
		t.Errorf("stories (-shipped +manual):\n%s", diff)
	}
	_, rest, _ := strings.Cut(text, "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	s, err := ParseScenario("example.yaml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	o := demoOptions(1)
	o.Scenario = s
	if _, err := New(o); err != nil {
		t.Error(err)
	}
}
