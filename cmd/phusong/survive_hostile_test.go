package main_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
	"phusong/telemetry"
)

// Whatever somebody may publish costs nobody but himself: it is refused with a
// reason, kept, and everything else goes on.
func TestSurvivesHostileMessages(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	f := newFleet(t, w.broker.URL())
	const topic = "phusong/v1/25459/wifi/ap-h/telemetry"
	garbage := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(garbage); err != nil {
		t.Fatal(err)
	}
	refused := []struct {
		topic, payload string
		reason         string // a part of it
		class          string
	}{
		{topic, string(garbage), "neither a JSON object", "payload"},
		{topic, string(garbage) + "!", "1048576", "payload"},
		{topic, strings.Repeat("[", 100_000), "depth", "payload"},
		{topic, `{"clients":1,"x":` + strings.Repeat(`{"y":`, 100_000) + "1" + strings.Repeat("}", 100_001), "depth", "payload"},
		{topic, `{"seq":1,"clients":NaN}`, "JSON", "payload"},
		{topic, `{"seq":1,"wan_loss":1e999}`, "wan_loss", "wan_loss"},
		{topic, `{"id":"ap-somebody-else","seq":1,"clients":1}`, "id", "id"},
		{topic, "", "empty", "payload"},
		{"phusong/v1/25459/toaster/ap-h/telemetry", `{"seq":1,"clients":1}`, "kind", "topic"},
		{"phusong/v1/25459/wifi/AP;DROP TABLE/telemetry", `{"seq":1,"clients":1}`, "device", "topic"},
		{"phusong/v1/nowhere/wifi/ap-h/telemetry", `{"seq":1,"clients":1}`, "area", "topic"},
		{"phusong/v1/25459/wifi/ap-h/gossip", `{"seq":1,"clients":1}`, "channel", "topic"},
	}
	for i := range refused {
		w.publishFile(refused[i].topic, refused[i].payload)
	}
	at := time.Now().UnixMilli()
	for _, sent := range []struct {
		r       reading
		payload string
	}{
		{reading{Device: "ap-1970", Seq: 1}, `{"time":5000,"seq":1,"clients":1}`},
		{reading{Device: "ap-ahead", Seq: 1}, fmt.Sprintf(`{"time":%d,"seq":1,"clients":1}`, at+7_200_000)},
		{reading{Device: "ap-late", Seq: 1, Time: at - 7_200_000}, fmt.Sprintf(`{"time":%d,"seq":1,"clients":1}`, at-7_200_000)},
		{reading{Device: "ap-twice", Seq: 1, Time: at}, fmt.Sprintf(`{"time":%d,"seq":1,"clients":1}`, at)},
		{reading{Device: "ap-twice-timeless", Seq: 1}, `{"seq":1,"clients":1}`},
	} {
		w.publish(telemetryTopic("wifi", sent.r.Device), sent.payload)
		if strings.HasPrefix(sent.r.Device, "ap-twice") {
			w.publish(telemetryTopic("wifi", sent.r.Device), sent.payload)
		}
		f.remember(sent.r)
	}

	w.awaitStored(f.acknowledged())
	w.awaitExactly("phusong_readings_duplicate_total", 2)
	byClass := make(map[string]float64)
	for _, r := range refused {
		byClass[r.class]++
	}
	for class, n := range byClass {
		w.awaitExactly(fmt.Sprintf("phusong_readings_rejected_total{reason=%q}", class), n)
	}
	letters := w.letters()
	if len(letters) != len(refused) {
		t.Fatalf("%d dead letters are kept, want %d", len(letters), len(refused))
	}
	for i, letter := range letters {
		payload, err := base64.StdEncoding.DecodeString(letter.Payload)
		if err != nil || string(payload) != refused[i].payload || letter.Topic != refused[i].topic {
			t.Errorf("dead letter %d: topic %q, %d bytes (%v); want %q and the %d bytes as sent", i, letter.Topic, len(payload), err, refused[i].topic, len(refused[i].payload))
		}
		if !strings.Contains(letter.Reason, refused[i].reason) || letter.Class != refused[i].class {
			t.Errorf("dead letter %d of %s: reason %q, class %q; want %q and %q", i, letter.Topic, letter.Reason, letter.Class, refused[i].reason, refused[i].class)
		}
	}
	if code, list := w.tool("deadletters", "list"); code != 0 || len(list) > 20_000 {
		t.Errorf("deadletters list ended with %d and %d bytes for people, want 0 and a page", code, len(list))
	}

	t.Run("clocks", func(t *testing.T) { w.checkClocks(t, at) })
	w.settle(f)
}

// checkClocks: a wrong clock is replaced and kept, and nobody is seen in the future.
func (w *town) checkClocks(t *testing.T, at int64) {
	got := make(map[string]reading)
	for _, r := range w.store.readings(t) {
		got[r.Device] = r
	}
	for device, want := range map[string]reading{
		"ap-1970":  {Flags: telemetry.FlagClockBehind, DeviceTime: 5000},
		"ap-ahead": {Flags: telemetry.FlagClockAhead, DeviceTime: at + 7_200_000},
		"ap-late":  {Flags: telemetry.FlagLate},
	} {
		r := got[device]
		if diff := cmp.Diff(want, reading{Flags: r.Flags, DeviceTime: r.DeviceTime}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", device, diff)
		}
		if late := device == "ap-late"; !late && (r.Time < at-60_000 || r.Time > time.Now().UnixMilli()) {
			t.Errorf("%s is stored at %d, want about %d, when it was received", device, r.Time, at)
		}
	}
}

// A reading that was retained is stored once, and a broker's memory of a
// device is no sign of life of it, however often the service starts.
func TestRetainedIsNotNews(t *testing.T) {
	t.Parallel()
	devices := filepath.Join(t.TempDir(), "devices.csv")
	writeDevices(t, devices, "ap-r,wifi,25459,60s", "ap-s,wifi,25459,60s")
	w := newTown(t, townOptions{Keys: map[string]any{"registry.devices": devices}})
	w.start()
	w.publish(telemetryTopic("wifi", "ap-r"), `{"seq":1,"clients":1}`, "-r")
	w.publish("phusong/v1/25459/wifi/ap-s/status", `{"session":1,"state":"online"}`, "-r")
	w.awaitExactly("phusong_readings_stored_total", 2)
	const series = `phusong_device_last_seen_timestamp_seconds{area="25459",device="%s",kind="wifi"`
	seen := make(map[string]float64)
	for _, device := range []string{"ap-r", "ap-s"} {
		seen[device] = w.metricWithPrefix(fmt.Sprintf(series, device))
		if seen[device] == 0 {
			t.Fatalf("%s was not seen", device)
		}
	}
	w.stop()
	w.start()
	w.awaitExactly("phusong_readings_duplicate_total", 2)
	for device, before := range seen {
		if after := w.metricWithPrefix(fmt.Sprintf(series, device)); after != before {
			t.Errorf("%s was seen %v s later, by the broker's memory of it", device, after-before)
		}
	}
	w.mustBalance()
	w.stop()
	if n, err := w.store.count(t); n != 2 || err != nil {
		t.Errorf("%d readings are stored (%v), want 2", n, err)
	}
}

// metricWithPrefix returns the value of the one series that begins so; 0 for none.
func (w *town) metricWithPrefix(prefix string) (value float64) {
	w.t.Helper()
	_, body, err := w.get("/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, prefix) {
			text := line[strings.LastIndexByte(line, ' ')+1:]
			if value, err = strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return value
}

// publish lets a foreign program publish, and returns when the broker has acknowledged.
func (w *town) publish(topic, payload string, options ...string) {
	w.t.Helper()
	w.mosquittoPub(append([]string{"-t", topic, "-m", payload}, options...)...)
}

// publishFile does the same with a payload that no command line can hold.
func (w *town) publishFile(topic, payload string) {
	w.t.Helper()
	if payload == "" {
		w.mosquittoPub("-t", topic, "-n")
		return
	}
	path := filepath.Join(w.t.TempDir(), "payload")
	if err := os.WriteFile(path, []byte(payload), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.mosquittoPub("-t", topic, "-f", path)
}

func (w *town) mosquittoPub(args ...string) {
	w.t.Helper()
	p := testbed.Run(w.t, testbed.Command{
		Path: testbed.Require(w.t, "mosquitto_pub"),
		Args: append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(w.broker.Port()), "-q", "1"}, args...),
	})
	if code := p.Wait(); code != 0 {
		w.t.Fatalf("mosquitto_pub ended with %d: %s", code, p.Log())
	}
}

type deadLetter struct{ Topic, Payload, Reason, Class string }

// letters are the dead letters as the program lists them for programs.
func (w *town) letters() (all []deadLetter) {
	w.t.Helper()
	code, output := w.tool("deadletters", "list", "--json")
	if code != 0 {
		w.t.Fatalf("deadletters list ended with %d:\n%s", code, output)
	}
	lines := bufio.NewScanner(strings.NewReader(output))
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var letter deadLetter
		if err := json.Unmarshal(lines.Bytes(), &letter); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, letter)
	}
	return all
}
