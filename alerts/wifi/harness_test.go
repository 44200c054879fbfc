package wifi_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

// hanoi is where months begin.
var hanoi = time.FixedZone("+07", 7*3600)

// noon is an instant in the middle of a month.
var noon = time.Date(2026, 9, 15, 12, 0, 0, 0, hanoi)

func book(t testing.TB, o wifi.Options) *wifi.Book {
	t.Helper()
	b, err := wifi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// town is a register of a school with two access points, a hospital with one, and a
// park that should have Wi-Fi and has none, in two communes of one province.
func town() wifi.Register {
	point := func(id, site string, capacity int) telemetry.Device {
		return telemetry.Device{ID: telemetry.DeviceID(id), Kind: telemetry.KindWiFi, Site: telemetry.SiteID(site), Interval: time.Minute, Capacity: capacity}
	}
	open, _ := telemetry.ParseHours("Mo-Fr 07:00-17:00")
	return wifi.Register{
		Devices: []telemetry.Device{
			point("ap-1", "school", 50), point("ap-2", "school", 50), point("ap-3", "hospital", 0),
			{ID: "pm-1", Kind: telemetry.KindEnvironment, Site: "school", Interval: time.Minute},
		},
		Sites: []telemetry.Site{
			{ID: "school", Name: "Trường THCS", Category: telemetry.School, Area: "25459", Required: true, At: telemetry.Point{Lat: 11.3, Lon: 106.1}, Hours: open},
			{ID: "hospital", Name: "Bệnh viện", Category: telemetry.Hospital, Area: "25462", Required: true, At: telemetry.Point{Lat: 11.301, Lon: 106.101}},
			{ID: "park", Name: "Công viên", Category: telemetry.Tourism, Area: "25462", Required: true},
		},
		Areas: []telemetry.Area{
			{Code: "80", Name: "Tây Ninh"},
			{Code: "25459", Name: "A", Parent: "80", Population: 800},
			{Code: "25462", Name: "B", Parent: "80", Population: 200},
		},
		Visitors: map[telemetry.AreaCode]int{"25462": 50},
	}
}

// inTown returns a book of the town, all of whose access points are up since at.
func inTown(t testing.TB, o wifi.Options, at time.Time) *wifi.Book {
	t.Helper()
	b := book(t, o)
	b.Register(at, town())
	for _, id := range []telemetry.DeviceID{"ap-1", "ap-2", "ap-3"} {
		b.SetState(at, id, wifi.Up, time.Time{})
	}
	return b
}

// reading is a live reading of the access point.
func reading(id telemetry.DeviceID, at time.Time, fill func(*telemetry.WiFi)) *telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Device, r.Area, r.Time, r.Received = id, "25459", at.UTC(), at.UTC()
	if id == "ap-3" {
		r.Area = "25462"
	}
	if fill != nil {
		fill(r.WiFi)
	}
	return &r
}

// run lets the stream's clock tick from one instant to another.
func run(b *wifi.Book, from, to time.Time) {
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		b.Advance(at)
	}
	b.Advance(to)
}

// verdictOf returns the words for a site: its verdict, and its reason after a colon.
func verdictOf(t testing.TB, b *wifi.Book, id telemetry.SiteID) string {
	t.Helper()
	f, ok := b.SiteFacts(id)
	if !ok {
		t.Fatalf("site %s is not registered", id)
	}
	if f.Reason == wifi.NoReason {
		return f.Verdict.String()
	}
	return f.Verdict.String() + ": " + f.Reason.String()
}

// image returns the bytes of a snapshot.
func image(t testing.TB, b *wifi.Book) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := b.Snapshot()(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const saltName = "9f3c2a1bd4e5f607"

// sketchOf is what an access point sends that has seen those users: the hash of
// each is the first eight bytes of HMAC-SHA-256 with the month's salt.
func sketchOf(t testing.TB, month string, precision uint8, users ...string) telemetry.UsersSketch {
	t.Helper()
	sketch, err := hyperloglog.NewSketch(precision, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range users {
		mac := hmac.New(sha256.New, []byte("the salt of "+month))
		mac.Write([]byte(user))
		sketch.InsertHash(binary.BigEndian.Uint64(mac.Sum(nil)))
	}
	data, err := sketch.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.UsersSketch{Month: month, Salt: saltName, Sketch: data}
}

// users returns the addresses of telephones from..to-1.
func users(from, to int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("a4:5e:60:%02x:%02x:%02x", i>>16&0xff, i>>8&0xff, i&0xff))
	}
	return list
}

func bytesReader(data []byte) *bytes.Reader { return bytes.NewReader(data) }
