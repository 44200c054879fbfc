package wifi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/WIFI.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exampleOf returns the rows of an example's table, and the example as a whole in
// one line.
func exampleOf(t *testing.T, name string) (rows [][]string, text string) {
	t.Helper()
	_, text, found := strings.Cut(page(t), "<!-- example "+name+" -->")
	text, _, ended := strings.Cut(text, "<!-- end -->")
	if !found || !ended {
		t.Fatalf("the page has no example of %s", name)
	}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) == 4 && cells[0] != "" && strings.Trim(cells[0], "0123456789:") == "" {
			rows = append(rows, cells)
		}
	}
	return rows, strings.Join(strings.Fields(text), " ")
}

func mustSay(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("the page does not say %q", want)
	}
}

func TestExampleOfAvailability(t *testing.T) {
	t.Parallel()
	rows, text := exampleOf(t, "availability")
	b := book(t, wifi.Options{})
	b.Register(noon, town())
	known := map[string]wifi.State{"up": wifi.Up, "silent": wifi.Silent, "offline": wifi.Offline, "maintenance": wifi.Maintenance, "blind": wifi.Blind}
	for _, row := range rows {
		minute, err := strconv.Atoi(row[0])
		since, err2 := strconv.Atoi(row[3])
		if err != nil || err2 != nil {
			t.Fatal(row)
		}
		at := noon.Add(time.Duration(minute) * time.Minute)
		run(b, b.Now(), at)
		if state, ok := known[row[2]]; ok {
			b.SetState(at, telemetry.DeviceID(row[1]), state, noon.Add(time.Duration(since)*time.Minute))
		}
	}
	got, _, _ := b.SiteMonth("school", wifi.MonthOf(noon))
	mustSay(t, text, fmt.Sprintf("working for %.0f min, partly for %.0f min, without service for %.0f min, unknown for %.0f min and under maintenance for %.0f min.",
		got.Working.Minutes(), got.Partly.Minutes(), got.NoService.Minutes(), got.Unknown.Minutes(), got.Maintenance.Minutes()))
	share, _ := got.Availability()
	up, all := got.Working+got.Partly, got.Working+got.Partly+got.NoService
	mustSay(t, text, fmt.Sprintf("availability is %.0f of %.0f min, %.2f %%, and %.2f %% of the time is known.", up.Minutes(), all.Minutes(), 100*share, 100*got.Known()))
}

func TestExampleOfATarget(t *testing.T) {
	t.Parallel()
	b := book(t, wifi.Options{})
	r := town()
	r.Sites = append(r.Sites, telemetry.Site{ID: "school-2", Category: telemetry.School, Area: "25459", Required: true})
	r.Devices = append(r.Devices, telemetry.Device{ID: "ap-4", Kind: telemetry.KindWiFi, Site: "school-2"})
	b.Register(noon, r)
	for _, id := range []telemetry.DeviceID{"ap-1", "ap-3", "ap-4"} { // ap-2 was never heard
		b.SetState(noon, id, wifi.Up, time.Time{})
	}
	all := b.Targets()[0]
	share, _ := all.Share()
	serving, _ := all.ServingShare()
	text := strings.Join(strings.Fields(page(t)), " ")
	mustSay(t, text, fmt.Sprintf("of %d required sites %d are working, %d is partly working, and %d has no access point: the share is %.0f %%, and %.0f %% with those that work partly.",
		all.Required, all.Working, all.Partly, all.NotCovered, 100*share, 100*serving))
}

// The example for makers of access points, computed as the page tells, and as the
// library does.
func TestExampleOfASketch(t *testing.T) {
	t.Parallel()
	rows, _ := exampleOf(t, "sketch")
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	salt := []byte("phusong-example-salt-of-32-bytes")
	name := hmac.New(sha256.New, salt)
	name.Write([]byte("phusong salt name"))
	text := page(t)
	mustSay(t, text, "`"+string(salt)+"`, whose name is `"+hex.EncodeToString(name.Sum(nil)[:8])+"`")
	registers := make([]byte, 1<<14)
	for _, row := range rows {
		address, err := hex.DecodeString(strings.ReplaceAll(row[0], ":", ""))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, salt)
		mac.Write(address)
		h := binary.BigEndian.Uint64(mac.Sum(nil))
		register, rank := h>>50, 1+min(50, bits.LeadingZeros64(h<<14))
		if want := []string{row[0], fmt.Sprintf("%016x", h), strconv.FormatUint(register, 10), strconv.Itoa(rank)}; strings.Join(want, "|") != strings.Join(row, "|") {
			t.Errorf("the page says %v, want %v", row, want)
		}
		registers[register] = byte(rank)
	}
	sketch := telemetry.UsersSketch{Month: "2026-09", Salt: saltName, Sketch: append([]byte{2, 14, 0, 0, 0, 0, 0x40, 0}, registers...)}
	b := inTown(t, wifi.Options{}, noon)
	sendSketch(b, "ap-1", noon, sketch.String())
	if u := usageOf(t, b, wifi.MonthOf(noon), ""); u.Users != 3 {
		t.Errorf("%d users, want 3", u.Users)
	}
}

// The page's limits are those of the code.
func TestLimitsOnThePage(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(page(t)), " ")
	for _, want := range []string{
		"from 5 % until 2 %", "from 400 ms until 250 ms", "0.85 or more, until 0.70 or less", "none older than 6 h, is below 30 Mbit/s", "within 0.5 km, at most 8",
		"95 % (WiFi4EU, floor) and 99 % (ours, goal)", "at −70 dBm or below", "more than 300 m", "1.04/√16384 = 0.81 %", "more than two minutes",
	} {
		mustSay(t, text, want)
	}
	// Each from both sides.
	edge := func(fill func(*telemetry.WiFi), want string) {
		t.Helper()
		b := inTown(t, wifi.Options{}, noon)
		b.Observe(noon, reading("ap-3", noon, fill))
		if got := verdictOf(t, b, "hospital"); got != want {
			t.Errorf("the hospital is %q, want %q", got, want)
		}
	}
	edge(func(r *telemetry.WiFi) { r.WANLoss = telemetry.Some(0.05) }, "partly: uplink lossy")
	edge(func(r *telemetry.WiFi) { r.WANLoss = telemetry.Some(0.0499) }, "working")
	edge(func(r *telemetry.WiFi) { r.WANLatencyMs = telemetry.Some(400.0) }, "partly: uplink laggy")
	edge(func(r *telemetry.WiFi) { r.WANLatencyMs = telemetry.Some(399.9) }, "working")
}
