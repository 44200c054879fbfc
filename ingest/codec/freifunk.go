package codec

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"phusong/telemetry"
)

// FreifunkOptions say what the meshviewer.json of a Freifunk controller does not.
type FreifunkOptions struct {
	// Name stands for the file in messages.
	Name string
	// Area that all access points belong to, and the category of the places where
	// they stand. Required.
	Area     telemetry.AreaCode
	Category telemetry.Category
	// Interval is the time between two pictures of the controller. Default 1 min.
	Interval time.Duration
	// SiteMetres is within what distance access points stand at one place. Default 50.
	SiteMetres float64
	// Now, unless zero, is when the controller said this: its times are moved so that
	// the picture is of now. For one that was fetched just now by a clock that is wrong,
	// and for trying things out with an old one.
	Now time.Time
}

// A Freifunk is one picture that a Freifunk controller gives of its network
// (meshviewer.json), as registry and readings.
type Freifunk struct {
	// At is the instant of the picture.
	At time.Time
	// Devices and Sites are what a register would hold, by id. An access point
	// without a position belongs to no site.
	Devices []telemetry.Device
	Sites   []telemetry.Site
	// Readings are, in the order of the file, for each access point its birth and that
	// it is online or offline, and for one that is online what it measured.
	Readings []telemetry.Reading
	Summary  FreifunkSummary
	// Faults are what could not be read, at most maxFreifunkFaults of them.
	Faults []error
}

// FreifunkSummary counts what became of the nodes: Nodes = Devices + Refused, and
// the others count among the devices.
type FreifunkSummary struct {
	Nodes, Refused  int
	Online, Offline int
	// Located say where they are, and Placed of them do so usably: a node may carry an
	// empty location.
	Located, Placed int
	Clients         int64 // of those online
	Sites           int
	// LeftOut counts values that were left out, by field.
	LeftOut map[string]int
}

// The bounds of a picture.
const (
	maxFreifunkBytes  = 64 << 20
	maxFreifunkNodes  = 100_000
	maxFreifunkFaults = 50
)

// ReadFreifunk reads a picture. What is wrong in one node is told and costs that
// node or value only; the error is for what is no such picture.
func ReadFreifunk(r io.Reader, o FreifunkOptions) (*Freifunk, error) {
	o.Name = cmp.Or(o.Name, "meshviewer.json")
	o.Interval = cmp.Or(o.Interval, time.Minute)
	o.SiteMetres = cmp.Or(o.SiteMetres, 50)
	if _, err := telemetry.ParseAreaCode(string(o.Area)); err != nil {
		return nil, fmt.Errorf("freifunk: %w", err)
	}
	if !slices.Contains(telemetry.Categories(), o.Category) {
		return nil, fmt.Errorf("freifunk: category %q is unknown; known are %v", o.Category, telemetry.Categories())
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFreifunkBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", o.Name, err)
	}
	if len(data) > maxFreifunkBytes {
		return nil, fmt.Errorf("%s: larger than %d MiB", o.Name, maxFreifunkBytes>>20)
	}
	var file struct {
		Timestamp string            `json:"timestamp"`
		Nodes     []json.RawMessage `json:"nodes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: not a meshviewer.json: %w", o.Name, err)
	}
	if file.Nodes == nil {
		return nil, fmt.Errorf("%s: not a meshviewer.json: it has no list of nodes", o.Name)
	}
	if len(file.Nodes) > maxFreifunkNodes {
		return nil, fmt.Errorf("%s: %d nodes are more than %d", o.Name, len(file.Nodes), maxFreifunkNodes)
	}
	at, err := parseFreifunkTime(file.Timestamp)
	if err != nil {
		return nil, fmt.Errorf("%s: timestamp: %w", o.Name, err)
	}
	f := &freifunkReader{options: &o, seen: make(map[telemetry.DeviceID]bool), picture: Freifunk{At: at}}
	if !o.Now.IsZero() {
		f.shift = o.Now.Sub(at)
		f.picture.At = o.Now
	}
	f.picture.Summary.LeftOut = make(map[string]int)
	for i, raw := range file.Nodes {
		f.node(i, raw)
	}
	f.finish()
	return &f.picture, nil
}

type freifunkReader struct {
	options *FreifunkOptions
	shift   time.Duration
	seen    map[telemetry.DeviceID]bool
	picture Freifunk
}

// A freifunkNode is one node, field by field, since each may be of another type
// than it should.
type freifunkNode struct {
	reader *freifunkReader
	number int
	id     string
	fields map[string]json.RawMessage
}

func (f *freifunkReader) fault(number int, id, format string, args ...any) {
	if len(f.picture.Faults) < maxFreifunkFaults {
		f.picture.Faults = append(f.picture.Faults, fmt.Errorf("%s: node %d (%s): %s", f.options.Name, number+1, cmp.Or(id, "without an id"), fmt.Sprintf(format, args...)))
	}
}

// leave leaves a value out.
func (n *freifunkNode) leave(field, reason string) {
	n.reader.picture.Summary.LeftOut[field]++
	n.reader.fault(n.number, n.id, "%s left out: %s", field, reason)
}

// decode reads a field. It is false for one that is absent, null or of another type.
func (n *freifunkNode) decode(field string, into any) bool {
	raw, ok := n.fields[field]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		n.leave(field, "it is "+kindOfJSON(raw))
		return false
	}
	return true
}

func kindOfJSON(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a text, and should be none"
	case '{':
		return "an object, and should be none"
	case '[':
		return "a list, and should be none"
	case 't', 'f':
		return "true or false, and should not be"
	}
	return "a number that does not fit"
}

// bounded reads a number within limits.
func (n *freifunkNode) bounded(field string, most float64, unit string) (float64, bool) {
	var v float64
	if !n.decode(field, &v) {
		return 0, false
	}
	if !(v >= 0 && v <= most) {
		n.leave(field, fmt.Sprintf("%v is outside 0 to %v%s", v, most, unit))
		return 0, false
	}
	return v, true
}

func (n *freifunkNode) count(field string, most float64) telemetry.Opt[int64] {
	v, ok := n.bounded(field, most, "")
	switch {
	case !ok:
		return telemetry.Opt[int64]{}
	case v != math.Trunc(v):
		n.leave(field, fmt.Sprintf("%v is no count", v))
		return telemetry.Opt[int64]{}
	}
	return telemetry.Some(int64(v))
}

// text reads a text that people chose, in a form that fits a table.
func (n *freifunkNode) text(field string, most int) string {
	var s string
	if !n.decode(field, &s) {
		return ""
	}
	return tidy(s, most)
}

// tidy drops what cannot be shown, what a spreadsheet would take for a formula,
// and what is too long.
func tidy(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, s)
	s = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s), "=+-@"))
	for len(s) > most {
		s = s[:strings.LastIndexFunc(s, func(rune) bool { return true })]
	}
	return s
}

func (f *freifunkReader) node(number int, raw json.RawMessage) {
	f.picture.Summary.Nodes++
	n := freifunkNode{reader: f, number: number}
	if err := f.admit(&n, raw); err != nil {
		f.picture.Summary.Refused++
		f.fault(number, n.id, "%v", err)
		return
	}
	device := telemetry.Device{
		ID: telemetry.DeviceID("freifunk-" + n.id), Kind: telemetry.KindWiFi, Area: f.options.Area, Interval: f.options.Interval,
		Name: cmp.Or(n.text("hostname", 100), n.id), Model: n.text("model", 100), At: n.position(),
	}
	f.seen[device.ID] = true
	f.picture.Devices = append(f.picture.Devices, device)
	if _, ok := n.fields["location"]; ok {
		f.picture.Summary.Located++
	}
	if !device.At.IsZero() {
		f.picture.Summary.Placed++
	}
	online := string(n.fields["is_online"]) == "true"
	f.birth(&n, &device)
	f.status(&device, online)
	if online {
		f.picture.Summary.Online++
		f.measured(&n, &device)
		return
	}
	f.picture.Summary.Offline++
}

// admit refuses a node of which nothing can be said.
func (f *freifunkReader) admit(n *freifunkNode, raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &n.fields); err != nil {
		return errors.New("it is no object")
	}
	var id string
	if err := json.Unmarshal(n.fields["node_id"], &id); err != nil {
		return errors.New("it has no node_id")
	}
	id = strings.ToLower(id)
	if _, err := telemetry.ParseDeviceID("freifunk-" + id); err != nil {
		return fmt.Errorf("node_id: %w", err)
	}
	n.id = id
	if f.seen[telemetry.DeviceID("freifunk-"+id)] {
		return errors.New("it is there twice; the first counts")
	}
	if online := string(n.fields["is_online"]); online != "true" && online != "false" {
		return errors.New("is_online is neither true nor false")
	}
	return nil
}

func (n *freifunkNode) position() telemetry.Point {
	if _, ok := n.fields["location"]; !ok {
		return telemetry.Point{}
	}
	var at struct{ Latitude, Longitude *float64 }
	if !n.decode("location", &at) {
		return telemetry.Point{}
	}
	if at.Latitude == nil && at.Longitude == nil {
		n.leave("location", "it is empty")
		return telemetry.Point{}
	}
	if at.Latitude == nil || at.Longitude == nil {
		n.leave("location", "latitude and longitude come together")
		return telemetry.Point{}
	}
	p := telemetry.Point{Lat: *at.Latitude, Lon: *at.Longitude}
	if err := p.Validate(); err != nil || p.IsZero() {
		n.leave("location", fmt.Sprintf("%v, %v is no place", p.Lat, p.Lon))
		return telemetry.Point{}
	}
	return p
}

// statusOf is a status as of the picture's instant: what the controller says of a
// node, it says then.
func (f *freifunkReader) statusOf(d *telemetry.Device, state string) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindStatus)
	r.Area, r.Device, r.Time = d.Area, d.ID, f.picture.At
	r.Status.Class, r.Status.State = telemetry.KindWiFi, telemetry.Some(state)
	return r
}

func (f *freifunkReader) birth(n *freifunkNode, d *telemetry.Device) {
	r := f.statusOf(d, telemetry.StateBirth)
	if d.Model != "" {
		r.Status.Model = telemetry.Some(d.Model)
	}
	var firmware struct{ Release string }
	if n.decode("firmware", &firmware) && firmware.Release != "" {
		r.Status.Firmware = telemetry.Some(tidy(firmware.Release, 100))
	}
	r.Status.IntervalS = telemetry.Some(d.Interval.Seconds())
	if !d.At.IsZero() {
		r.Status.Lat, r.Status.Lon = telemetry.Some(d.At.Lat), telemetry.Some(d.At.Lon)
	}
	f.picture.Readings = append(f.picture.Readings, r)
}

func (f *freifunkReader) status(d *telemetry.Device, online bool) {
	state := telemetry.StateOffline
	if online {
		state = telemetry.StateOnline
	}
	f.picture.Readings = append(f.picture.Readings, f.statusOf(d, state))
}

// measured is what an access point that is online said last.
func (f *freifunkReader) measured(n *freifunkNode, d *telemetry.Device) {
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Area, r.Device, r.Time = d.Area, d.ID, f.picture.At
	if seen, ok := n.instant("lastseen"); ok && !seen.After(f.picture.At) {
		r.Time = seen
	}
	w := r.WiFi
	w.Clients = n.count("clients", 10_000)
	f.picture.Summary.Clients += w.Clients.Or(0)
	for _, radio := range []struct{ band, field string }{{"2.4", "clients_wifi24"}, {"5", "clients_wifi5"}} {
		if clients := n.count(radio.field, 1_000); clients.Present() {
			w.Radios = append(w.Radios, telemetry.Radio{Band: telemetry.Some(radio.band), Clients: clients})
		}
	}
	if share, ok := n.bounded("memory_usage", 1, ", a share"); ok {
		w.Memory = telemetry.Some(share)
	}
	w.UptimeS = n.uptime(r.Time)
	if err := r.Validate(); err != nil {
		f.fault(n.number, n.id, "nothing measured is left: %v", err)
		return
	}
	f.picture.Readings = append(f.picture.Readings, r)
}

// uptime is the time since boot. Controllers write the instant of the boot, access
// points themselves the seconds since it.
func (n *freifunkNode) uptime(now time.Time) telemetry.Opt[int64] {
	raw := n.fields["uptime"]
	if len(raw) > 0 && raw[0] != '"' {
		if s, ok := n.bounded("uptime", 100*365*24*3600, " s"); ok {
			return telemetry.Some(int64(s))
		}
		return telemetry.Opt[int64]{}
	}
	boot, ok := n.instant("uptime")
	if !ok {
		return telemetry.Opt[int64]{}
	}
	if boot.After(now) {
		n.leave("uptime", "the boot is in the future")
		return telemetry.Opt[int64]{}
	}
	return telemetry.Some(int64(now.Sub(boot) / time.Second))
}

func (n *freifunkNode) instant(field string) (time.Time, bool) {
	var s string
	if !n.decode(field, &s) {
		return time.Time{}, false
	}
	t, err := parseFreifunkTime(s)
	if err != nil {
		n.leave(field, err.Error())
		return time.Time{}, false
	}
	return t.Add(n.reader.shift), true
}

// parseFreifunkTime reads ISO 8601 with a numeric zone, with or without its colon.
func parseFreifunkTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time like 2020-05-13T13:11:52+0200", tidy(s, 40))
}
