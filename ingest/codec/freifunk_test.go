package codec_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest/codec"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

var freifunkOptions = codec.FreifunkOptions{Name: "f.json", Area: "25459", Category: telemetry.Residential}

func readFreifunk(t testing.TB, nodes string) *codec.Freifunk {
	t.Helper()
	text := `{"timestamp":"2020-05-13T13:11:52+0200","nodes":[` + nodes + `]}`
	f, err := codec.ReadFreifunk(strings.NewReader(text), freifunkOptions)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The picture of Bremen: what stands in its PROVENANCE, and in the readings that
// are made of it. Of the 755 nodes with a location one has an empty one.
func TestFreifunkOfBremen(t *testing.T) {
	t.Parallel()
	file, err := os.Open(testbed.Data(t, "freifunk-bremen/freifunk-bremen-meshviewer.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, err := codec.ReadFreifunk(file, freifunkOptions)
	if err != nil {
		t.Fatal(err)
	}
	want := codec.FreifunkSummary{Nodes: 891, Online: 833, Offline: 58, Located: 755, Placed: 754, Clients: 1135, Sites: f.Summary.Sites, LeftOut: map[string]int{"location": 1}}
	if diff := cmp.Diff(want, f.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if len(f.Devices) != 891 || len(f.Faults) != 1 || !f.At.Equal(time.Date(2020, 5, 13, 11, 11, 52, 0, time.UTC)) {
		t.Errorf("%d devices at %s, faults %v", len(f.Devices), f.At, f.Faults)
	}
	states, positions, clients, band := make(map[string]int), 0, int64(0), map[string]int64{}
	for i := range f.Readings {
		r := &f.Readings[i]
		if err := r.Validate(); err != nil {
			t.Fatalf("%s: %v", r.Device, err)
		}
		if r.Kind == telemetry.KindWiFi {
			clients += r.WiFi.Clients.Or(0)
			for _, radio := range r.WiFi.Radios {
				band[radio.Band.Or("")] += radio.Clients.Or(0)
			}
			if up, ok := r.WiFi.UptimeS.Get(); !ok || up < 0 || up > 5*365*24*3600 {
				t.Errorf("%s is up for %d s, %v", r.Device, up, ok)
			}
			continue
		}
		states[r.Status.State.Or("")]++
		if r.Status.Lat.Present() {
			positions++
		}
	}
	if diff := cmp.Diff(map[string]int{"birth": 891, "online": 833, "offline": 58}, states); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if positions != 754 || clients != 1135 {
		t.Errorf("%d positions and %d clients, want 754 and 1,135", positions, clients)
	}
	t.Logf("%d places; clients by band %v", f.Summary.Sites, band)
	atSite := 0
	for _, d := range f.Devices {
		if d.Site != "" {
			atSite++
		}
	}
	if atSite != 754 || f.Summary.Sites < 300 || f.Summary.Sites > 754 {
		t.Errorf("%d access points stand at %d sites", atSite, f.Summary.Sites)
	}
}

const freifunkNode = `{"node_id":"30b5c29edb76","hostname":"ROLF11","is_online":true,"lastseen":"2020-05-13T13:11:47+0200","clients":4,"clients_wifi24":3,"clients_wifi5":1,
	"memory_usage":0.64,"uptime":"2020-05-13T13:11:37+0200","location":{"longitude":8.9,"latitude":53.1},"model":"TL-WR841N","firmware":{"release":"2019.1.1"}}`

func TestFreifunkNode(t *testing.T) {
	t.Parallel()
	f := readFreifunk(t, freifunkNode)
	want := []telemetry.Device{{
		ID: "freifunk-30b5c29edb76", Kind: telemetry.KindWiFi, Name: "ROLF11", Site: "freifunk-site-30b5c29edb76", Area: "25459",
		At: telemetry.Point{Lat: 53.1, Lon: 8.9}, Interval: time.Minute, Model: "TL-WR841N",
	}}
	if diff := cmp.Diff(want, f.Devices); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	last := f.Readings[2]
	wifi := telemetry.WiFi{
		Clients: telemetry.Some[int64](4), Memory: telemetry.Some(0.64), UptimeS: telemetry.Some[int64](10),
		Radios: []telemetry.Radio{{Band: telemetry.Some("2.4"), Clients: telemetry.Some[int64](3)}, {Band: telemetry.Some("5"), Clients: telemetry.Some[int64](1)}},
	}
	if diff := cmp.Diff(&wifi, last.WiFi); diff != "" || !last.Time.Equal(time.Date(2020, 5, 13, 11, 11, 47, 0, time.UTC)) {
		t.Errorf("measured at %s (-want +got):\n%s", last.Time, diff)
	}
}

func TestFreifunkBadInput(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) string {
		if !strings.Contains(freifunkNode, old) {
			panic(old)
		}
		return strings.Replace(freifunkNode, old, with, 1)
	}
	for _, test := range []struct {
		name, node string
		refused    bool
		leftOut    string
		want       string
	}{
		{"a text for a number", replace(`"clients":4`, `"clients":"4"`), false, "clients", "f.json: node 1 (30b5c29edb76): clients left out: it is a text"},
		{"a negative count", replace(`"clients":4`, `"clients":-1`), false, "clients", "-1 is outside 0 to 10000"},
		{"half a client", replace(`"clients":4`, `"clients":3.5`), false, "clients", "3.5 is no count"},
		{"per cent for a share", replace(`0.64`, `64`), false, "memory_usage", "64 is outside 0 to 1, a share"},
		{"a boot to come", replace(`T13:11:37`, `T14:11:37`), false, "uptime", "future"},
		{"a time of another form", replace(`"lastseen":"2020-05-13T13:11:47+0200"`, `"lastseen":"13.05.2020"`), false, "lastseen", "no time like"},
		{"half a position", replace(`"longitude":8.9,`, ``), false, "location", "come together"},
		{"an empty position", replace(`{"longitude":8.9,"latitude":53.1}`, `{}`), false, "location", "it is empty"},
		{"no fix", replace(`{"longitude":8.9,"latitude":53.1}`, `{"longitude":0,"latitude":0}`), false, "location", "no place"},
		{"off the Earth", replace(`53.1`, `530.1`), false, "location", "no place"},
		{"a position in a text", replace(`{"longitude":8.9,"latitude":53.1}`, `"53.1,8.9"`), false, "location", "a text"},
		{"a model that is a number", replace(`"TL-WR841N"`, `841`), false, "model", "does not fit"},
		{"no id", replace(`"node_id":"30b5c29edb76",`, ``), true, "", "without an id): it has no node_id"},
		{"an id with a slash", replace(`30b5c29edb76`, `30/b5`), true, "", "node_id"},
		{"online as a text", replace(`"is_online":true`, `"is_online":"yes"`), true, "", "neither true nor false"},
		{"twice", freifunkNode + "," + freifunkNode, true, "", "node 2 (30b5c29edb76): it is there twice"},
		{"no object", `7`, true, "", "it is no object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := readFreifunk(t, test.node)
			if got := f.Summary.Refused == 1; got != test.refused {
				t.Errorf("%d were refused", f.Summary.Refused)
			}
			if test.leftOut != "" && (f.Summary.LeftOut[test.leftOut] != 1 || len(f.Devices) != 1 || len(f.Readings) != 3) {
				t.Errorf("left out %v; %d devices, %d readings", f.Summary.LeftOut, len(f.Devices), len(f.Readings))
			}
			if len(f.Faults) != 1 || !strings.Contains(f.Faults[0].Error(), test.want) {
				t.Errorf("faults %v, want one with %q", f.Faults, test.want)
			}
		})
	}
	t.Run("a formula for a name", func(t *testing.T) {
		t.Parallel()
		if f := readFreifunk(t, replace(`ROLF11`, `=cmd|' /c calc'!A1\n\u0007`)); f.Devices[0].Name != "cmd|' /c calc'!A1" {
			t.Errorf("the name is %q", f.Devices[0].Name)
		}
	})
	t.Run("nothing measured", func(t *testing.T) {
		t.Parallel()
		f := readFreifunk(t, `{"node_id":"a","is_online":true}`)
		if len(f.Readings) != 2 || len(f.Faults) != 1 {
			t.Errorf("%d readings, faults %v", len(f.Readings), f.Faults)
		}
	})
	for name, text := range map[string]string{
		"no JSON": "<html>", "no nodes": `{"timestamp":"2020-05-13T13:11:52+0200"}`, "no time": `{"nodes":[]}`, "respondd": `[]`,
	} {
		if _, err := codec.ReadFreifunk(strings.NewReader(text), freifunkOptions); err == nil || !strings.Contains(err.Error(), "f.json") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, o := range []codec.FreifunkOptions{{Area: "x", Category: telemetry.School}, {Area: "25459", Category: "pub"}} {
		if _, err := codec.ReadFreifunk(strings.NewReader("{}"), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestFreifunkNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	o := freifunkOptions
	o.Now = now
	f, err := codec.ReadFreifunk(strings.NewReader(`{"timestamp":"2020-05-13T13:11:52+0200","nodes":[`+freifunkNode+`]}`), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := []time.Time{f.At, f.Readings[0].Time, f.Readings[2].Time}; !got[0].Equal(now) || !got[1].Equal(now) || !got[2].Equal(now.Add(-5*time.Second)) {
		t.Errorf("times %v", got)
	}
	if up := f.Readings[2].WiFi.UptimeS.Or(0); up != 10 {
		t.Errorf("up for %d s, want 10", up)
	}
}

// Access points within reach are one place; the order of the file does not matter.
func TestFreifunkSites(t *testing.T) {
	t.Parallel()
	node := func(id string, lat, lon float64) string {
		return fmt.Sprintf(`{"node_id":%q,"is_online":false,"hostname":"N%s","location":{"latitude":%v,"longitude":%v}}`, id, id, lat, lon)
	}
	nodes := []string{node("a", 11.3, 106.1), node("b", 11.3003, 106.1), node("c", 11.3, 106.1006), node("d", 11.40, 106.1), `{"node_id":"e","is_online":false}`}
	want := map[telemetry.DeviceID]telemetry.SiteID{
		"freifunk-a": "freifunk-site-a", "freifunk-b": "freifunk-site-a", // 33 m
		"freifunk-c": "freifunk-site-c", // 65 m
		"freifunk-d": "freifunk-site-d", "freifunk-e": "",
	}
	for _, order := range []string{strings.Join(nodes, ","), strings.Join([]string{nodes[4], nodes[2], nodes[1], nodes[3], nodes[0]}, ",")} {
		got := make(map[telemetry.DeviceID]telemetry.SiteID)
		for _, d := range readFreifunk(t, order).Devices {
			got[d.ID] = d.Site
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func FuzzFreifunk(f *testing.F) {
	f.Add(`{"timestamp":"2020-05-13T13:11:52+0200","nodes":[` + freifunkNode + `]}`)
	f.Add(`{"timestamp":"2020-05-13T13:11:52+0200","nodes":[{"node_id":"a","is_online":true,"uptime":12.5,"clients":null},7]}`)
	f.Fuzz(func(t *testing.T, text string) {
		picture, err := codec.ReadFreifunk(strings.NewReader(text), freifunkOptions)
		if err != nil {
			return
		}
		s := picture.Summary
		if s.Nodes != len(picture.Devices)+s.Refused || s.Online+s.Offline != len(picture.Devices) {
			t.Errorf("%+v with %d devices", s, len(picture.Devices))
		}
		for i := range picture.Readings {
			if err := picture.Readings[i].Validate(); err != nil {
				t.Errorf("%s: %v", picture.Readings[i].Device, err)
			}
		}
	})
}
