package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"phusong/internal/testbed"
	"phusong/simulator"
)

// The shipped stories, each an hour of the default fleet, played through a real
// Mosquitto as fast as it goes: what the player sent has arrived, and the ledger
// balances at the end of it all.
func TestScenariosAgainstTheService(t *testing.T) {
	testbed.Slow(t)
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	sent := 0
	for _, name := range simulator.ScenarioNames() {
		p := testbed.Phusong(t, "simulate", "--broker", w.broker.URL(), "--scenario", name,
			"--back", "1h", "--for", "1h", "--speed", "0", "--interval", "5m", "--connections", "8")
		if code := p.Wait(); code != 0 {
			t.Fatalf("playing %s ended with %d:\n%s", name, code, p.Log())
		}
		n := messagesSent(t, p.Stdout())
		if n < 500 {
			t.Errorf("%s: only %d messages in an hour of 400 devices", name, n)
		}
		sent += n
	}
	w.awaitAtLeast("phusong_mqtt_messages_received_total", float64(sent))
	w.awaitExactly("phusong_readings_waiting", 0)
	w.mustBalance()
}

var messages = regexp.MustCompile(`(\d+) messages`)

func messagesSent(t *testing.T, out string) int {
	t.Helper()
	found := messages.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no count of messages in %q", out)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The score of a story whose truth is known: the one fault is found, at the end of
// our patience, and nothing else is.
func TestSimulateScore(t *testing.T) {
	t.Parallel()
	p := testbed.Phusong(t, "simulate", "score", "--scenario", "uplink-cut", "--calm", "--for", "2h", "--probes", "5", "--json")
	if code := p.Wait(); code != 0 {
		t.Fatalf("score ended with %d: %s", code, p.Log())
	}
	var got struct {
		Alarms simulator.AlarmScore `json:"alarms"`
	}
	if err := json.Unmarshal([]byte(p.Stdout()), &got); err != nil {
		t.Fatal(err)
	}
	a := got.Alarms
	if a.Faults != 1 || a.Found != 1 || a.Alarms == 0 || a.Right != a.Alarms || a.MedianDetection <= 0 {
		t.Errorf("got %+v, want the one fault found and no other alarm", a)
	}
}

// Conclusions from elsewhere are scored by the same truth: of one true alarm and
// one invented, half are right.
func TestSimulateScoreTakesConclusions(t *testing.T) {
	t.Parallel()
	args := []string{"simulate", "score", "--scenario", "uplink-cut", "--calm", "--for", "2h", "--probes", "0", "--json"}
	file := filepath.Join(t.TempDir(), "conclusions.json")
	conclusions := `{"alarms": [
		{"from": "2026-06-01T01:00:00Z", "area": "` + areaOfTheCut(t) + `"},
		{"from": "2026-06-01T01:00:00Z", "device": "ap-that-does-not-exist"}]}`
	if err := os.WriteFile(file, []byte(conclusions), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testbed.Phusong(t, append(args, "--conclusions", file)...)
	if code := p.Wait(); code != 0 {
		t.Fatalf("score ended with %d: %s", code, p.Log())
	}
	var got struct {
		Alarms simulator.AlarmScore `json:"alarms"`
	}
	if err := json.Unmarshal([]byte(p.Stdout()), &got); err != nil {
		t.Fatal(err)
	}
	if a := got.Alarms; a.Alarms != 2 || a.Right != 1 || a.Found != 1 || a.Precision != 0.5 {
		t.Errorf("got %+v, want one of two alarms right", a)
	}
}

// areaOfTheCut is where the story cuts the fibre.
func areaOfTheCut(t *testing.T) string {
	t.Helper()
	s, err := simulator.ShippedScenario("uplink-cut")
	if err != nil {
		t.Fatal(err)
	}
	return s.Events[0].Where.Area
}

func TestScenarioThatWillNotDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		"title: x\nstory: y\nexpect: [z]\nevents:\n  - {at: 1m, do: mast_down, wehre: {operator: \"45204\"}}\n":  "story.yaml:5",
		"title: x\nstory: y\nexpect: [z]\nevents:\n  - {at: 1m, do: portal_down, where: {site: no-such-site}}\n": "no-such-site",
	} {
		file := filepath.Join(dir, "story.yaml")
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		p := testbed.Phusong(t, "simulate", "score", "--scenario", file)
		if code := p.Wait(); code != 1 || !strings.Contains(p.Log(), want) || strings.Count(strings.TrimSpace(p.Log()), "\n") != 0 {
			t.Errorf("exit %d, want 1 and one line with %q:\n%s", code, want, p.Log())
		}
	}
}
