package simulator

import (
	"strings"
	"testing"
	"time"
)

func demoOptions(seed uint64) Options {
	return Options{Seed: seed, Start: testStart, AccessPoints: 300, Probes: 40, Sensors: 60, EnvironmentInterval: time.Minute}
}

func TestShippedScenariosFitEveryWorld(t *testing.T) {
	t.Parallel()
	if n := len(ScenarioNames()); n < 10 {
		t.Errorf("%d scenarios are shipped, want ten or more", n)
	}
	for _, name := range ScenarioNames() {
		s, err := ShippedScenario(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Expect) == 0 || len(s.Events) == 0 || s.Name != name {
			t.Errorf("%s: a scenario needs its name, events and what to expect", name)
		}
		for seed := uint64(1); seed <= 2; seed++ {
			o := demoOptions(seed)
			o.Scenario = s
			w, err := New(o)
			if err != nil {
				t.Errorf("seed %d: %v", seed, err)
				continue
			}
			for _, f := range w.Faults(testStart, testStart.Add(100*time.Hour)) {
				if f.Scenario && len(f.Devices) == 0 && f.Kind != "mast_down" && f.RadiusKm == 0 {
					t.Errorf("seed %d: %s: nobody notices %s", seed, name, f.Kind)
				}
			}
		}
	}
	if _, err := ShippedScenario("nonsense"); err == nil || !strings.Contains(err.Error(), "festival") {
		t.Errorf("got %v, want an error that lists what there is", err)
	}
}

func TestTheDemoBeginsAtOnce(t *testing.T) {
	t.Parallel()
	s, err := ShippedScenario("demo")
	if err != nil {
		t.Fatal(err)
	}
	standing := s.Standing().Events
	if len(standing) == 0 || len(standing) == len(s.Events) {
		t.Fatalf("of %d events %d are so from the start, want some", len(s.Events), len(standing))
	}
	for _, e := range standing {
		if e.Do != "dead_zone" || e.At != 0 || e.For != 0 {
			t.Errorf("%+v is so from the start, want dead zones only", e)
		}
	}
	if at := time.Duration(s.Events[len(standing)].At); at == 0 || at > time.Minute {
		t.Errorf("the first fault comes after %v, want within a minute", at)
	}
}

const goodScenario = `title: t
story: s
events:
  - at: 1m
    for: 5m
    do: uplink_cut
    where: {area: "25459"}
`

func TestBadScenariosAreRefusedWithTheirLine(t *testing.T) {
	t.Parallel()
	with := func(event string) string { return goodScenario + event }
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":          {with("  - {at: 1m, do: stolen, wehre: {kind: wifi}}\n"), "s.yaml:8: the key wehre not found"},
		"unknown key inside":   {with("  - {at: 1m, do: stolen, where: {knd: wifi}}\n"), "s.yaml:8: the key knd not found"},
		"unknown kind":         {with("  - {at: 1m, do: earthquake}\n"), `s.yaml:8: do: "earthquake" is not a kind of event; there are`},
		"not a duration":       {with("  - {at: soon, do: stolen}\n"), `s.yaml:8: "soon" is not a duration`},
		"negative time":        {with("  - {at: -1m, do: stolen}\n"), "s.yaml:8: at and for cannot be negative"},
		"missing parameter":    {with("  - {at: 1m, do: crowd, where: {category: school}}\n"), "s.yaml:8: crowd needs factor"},
		"foreign parameter":    {with("  - {at: 1m, do: stolen, where: {kind: wifi}, pm25: 3}\n"), "s.yaml:8: stolen does not take pm25"},
		"foreign where":        {with("  - {at: 1m, for: 1m, do: broker_unreachable, where: {area: \"25459\"}}\n"), "s.yaml:8: broker_unreachable does not take where.area"},
		"without end":          {with("  - {at: 1m, do: broker_unreachable}\n"), "s.yaml:8: for is missing"},
		"out of range":         {with("  - {at: 1m, do: uplink_lossy, loss: 12}\n"), "s.yaml:8: loss is 12; it must be 0.01 to 1"},
		"not a mode":           {with("  - {at: 1m, do: sensor_fault, mode: sleepy}\n"), `s.yaml:8: mode: "sleepy" is not one of stuck`},
		"half a place":         {with("  - {at: 1m, do: dead_zone, where: {near: [11], radius_km: 1}, loss_db: 40}\n"), "s.yaml:8: where.near has 1 numbers"},
		"place without radius": {with("  - {at: 1m, do: mast_down, where: {near: [11, 106]}}\n"), "s.yaml:8: where.near and where.radius_km come together"},
		"not a category":       {with("  - {at: 1m, do: uplink_cut, where: {category: pub}}\n"), `s.yaml:8: where.category: "pub"`},
		"not a kind of device": {with("  - {at: 1m, do: stolen, where: {kind: car}}\n"), `s.yaml:8: where.kind: "car"`},
		"not a measure":        {with("  - {at: 1m, do: stolen, where: {measures: time}}\n"), `s.yaml:8: where.measures: "time"`},
		"no story":             {"title: t\nevents: []\n", "s.yaml:1: title or story is missing"},
		"empty":                {"", "s.yaml: the file is empty"},
		"two documents":        {goodScenario + "---\ntitle: x\n", "s.yaml: there is a second document"},
		"not YAML":             {"title: [\n", "s.yaml:"},
		"a list":               {"- 1\n", "s.yaml:1: "},
		// The rest needs a world.
		"unknown site":     {with("  - {at: 1m, do: portal_down, where: {site: office-25459-9}}\n"), `s.yaml:8: where.site: there is no site "office-25459-9" in this world; did you mean "office-25459-1"?`},
		"unknown device":   {with("  - {at: 1m, do: stolen, where: {device: ap-1}}\n"), `s.yaml:8: where.device: there is no device "ap-1"`},
		"unknown area":     {with("  - {at: 1m, do: power_cut, where: {area: \"00001\"}}\n"), `s.yaml:8: where.area: "00001" is not the code of a commune`},
		"unknown operator": {with("  - {at: 1m, do: mast_down, where: {operator: \"45299\", near: [11, 106.2], radius_km: 20}}\n"), `s.yaml:8: where.operator: "45299"`},
		"swapped place":    {with("  - {at: 1m, do: mast_down, where: {near: [106.2, 11], radius_km: 20}}\n"), "s.yaml:8: where.near: [106.2 11] lies outside the province"},
		"nothing there":    {with("  - {at: 1m, do: mast_down, where: {near: [11, 106.2], radius_km: 0.001}}\n"), "s.yaml:8: where: no mast of this world matches"},
		"overlap":          {with("  - {at: 3m, do: uplink_cut, where: {category: office}}\n"), "s.yaml:8: this uplink_cut overlaps the one in line 4"},
		"overlap of discs": {with("  - {at: 0s, do: dead_zone, where: {operator: \"45204\", near: [11, 106.2], radius_km: 3}, loss_db: 30}\n  - {at: 1h, do: dead_zone, where: {near: [11.02, 106.2], radius_km: 3}, loss_db: 30}\n"), "s.yaml:9: this dead_zone overlaps the one in line 8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ParseScenario("dir/s.yaml", []byte(c.text))
			if err == nil {
				o := demoOptions(1)
				o.Scenario = s
				_, err = New(o)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %v", err)
			}
		})
	}
	if _, err := ParseScenario("s.yaml", []byte(goodScenario)); err != nil {
		t.Error(err)
	}
}

func FuzzParseScenario(f *testing.F) {
	for _, name := range ScenarioNames() {
		data, err := scenarioFiles.ReadFile("scenarios/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(goodScenario))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseScenario("s.yaml", data)
		if err == nil && s.Title == "" {
			t.Error("a scenario without a title was accepted")
		}
		if err != nil && !strings.HasPrefix(err.Error(), "s.yaml") {
			t.Errorf("the error does not begin with the file: %v", err)
		}
	})
}
