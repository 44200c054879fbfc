package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uber/h3-go/v4"

	"phusong/dashboards/access"
	"phusong/dashboards/tiles"
	"phusong/telemetry"
)

// province is a small one: two communes of province 80, a site, a device, an alert, a cell,
// a zone and a case in each. Commune 25459 is "ours".
type province struct {
	mu       sync.Mutex
	acts     []string
	alerts   []Alert
	layer    *CellLayer
	notReady bool
}

const hostile = `<script>alert("xss")</script>`

var noon = time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC)

// ourHexagon is on the tile 10/813/479.
func ourHexagon() h3.Cell {
	cell, _ := h3.LatLngToCell(h3.LatLng{Lat: 11.31, Lng: 106.1}, 8) // the place exists
	return cell
}

func newProvince() *province {
	p := &province{layer: &CellLayer{Version: "1", Day: "2026-11-20", Rules: "2026-1"}}
	hexagon := ourHexagon()
	var shown []tiles.Cell
	for i, area := range []telemetry.AreaCode{"25459", "25460"} {
		shown = append(shown, tiles.Cell{Index: uint64(hexagon), Operator: telemetry.OperatorCode([]string{"45204", "45201"}[i]), Area: area, Verdict: tiles.Dead, Tests: 40})
		p.alerts = append(p.alerts, Alert{
			ID: "a" + string(area), Name: "SiteDown", Severity: "warning", Area: area, Site: telemetry.SiteID("site-" + area),
			Fired: noon.Add(time.Duration(i) * time.Minute), Annotations: map[string]string{"summary": hostile},
		})
		p.layer.Cells = append(p.layer.Cells, CellFeature{
			Operator: "45204", Area: area, Verdict: "dead", Center: telemetry.Point{Lat: 11.3 + float64(i), Lon: 106.1},
			GeoJSON: fmt.Appendf(nil, `{"type":"Feature","geometry":null,"properties":{"area":%q}}`, area),
		})
	}
	p.layer.Tiles = tiles.New(new(tiles.Atlas), shown)
	p.alerts = append(p.alerts, Alert{ID: "watchdog", Name: "Watchdog", Severity: "critical"})
	return p
}

func (p *province) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acts = append(p.acts, fmt.Sprintf(format, args...))
}

func (p *province) Areas() []telemetry.Area {
	ring := telemetry.Ring{{Lat: 11, Lon: 106}, {Lat: 11, Lon: 107}, {Lat: 12, Lon: 107}, {Lat: 11, Lon: 106}}
	return []telemetry.Area{
		{Code: "80", Name: "Tây Ninh"},
		{Code: "25459", Name: "Tân Ninh", Parent: "80", Outline: []telemetry.Polygon{{ring}}}, {Code: "25460", Name: "Bình Minh", Parent: "80"},
	}
}

func (p *province) Area(code telemetry.AreaCode) (telemetry.Area, bool) {
	all := p.Areas()
	i := slices.IndexFunc(all, func(a telemetry.Area) bool { return a.Code == code })
	if i < 0 {
		return telemetry.Area{}, false
	}
	return all[i], true
}

func (p *province) Sites() []Site {
	return []Site{
		{ID: "site-25460", Area: "25460", Lat: 12.3, Lon: 106.1, Verdict: "failed", Required: true},
		{ID: "site-25459", Area: "25459", Lat: 11.3, Lon: 106.1, Verdict: "working", Name: hostile},
	}
}

func (p *province) Devices() []Device {
	return []Device{
		{ID: "ap-25460", Area: "25460", Kind: "wifi", State: "silent", Lat: 12.3, Lon: 106.1},
		{ID: "ap-25459", Area: "25459", Kind: "wifi", State: "up", Lat: 11.3, Lon: 106.1, Name: hostile},
		{ID: "roaming", Area: "25459", Kind: "mobile", State: "up"},
	}
}

func (p *province) AreaOf(device telemetry.DeviceID, site telemetry.SiteID) (telemetry.AreaCode, bool) {
	area, ok := strings.CutPrefix(strings.TrimPrefix(string(device)+string(site), "ap-"), "site-")
	if !ok && !strings.HasPrefix(string(device), "ap-") {
		return "", false
	}
	_, known := p.Area(telemetry.AreaCode(area))
	return telemetry.AreaCode(area), known
}

func (p *province) Targets() []Target {
	return []Target{{Area: "", Required: 2, Working: 1}, {Area: "25459", Required: 1, Working: 1}, {Area: "25460", Required: 1}}
}

func (p *province) Firing() []Alert { return slices.Clone(p.alerts) }

func (p *province) Find(_ context.Context, id string) (Alert, error) {
	if id == "over" {
		return Alert{ID: id, Area: "25460", Resolved: noon}, nil
	}
	return Alert{}, fmt.Errorf("alert %s: %w", id, ErrNotFound)
}

func (p *province) History(context.Context, string) ([]Step, error) {
	return []Step{{At: noon, What: "fired"}, {At: noon, What: "commented", Who: "lan", Text: hostile}}, nil
}

func (p *province) Incidents() []Incident {
	return []Incident{{ID: "i1", Area: "25459", Since: noon}, {ID: "i2", Area: "25460", Since: noon}}
}

func (p *province) Act(_ context.Context, id string, act AlertAct) (Handling, error) {
	if act.Action == "assign" && act.To == "nobody-known" {
		return Handling{}, fmt.Errorf("%w: nobody has that name", ErrRefused)
	}
	p.note("%s %s %s by %s", act.Action, id, act.Text, act.Who)
	return Handling{AcknowledgedBy: act.Who, AcknowledgedUntil: act.Until}, nil
}

func (p *province) Windows(at time.Time) []Window {
	list := []Window{
		{ID: "w1", Area: "25459", Owner: "o", Reason: "r", From: noon, Until: noon.Add(time.Hour)},
		{ID: "w2", Site: "site-25460", Owner: "o", Reason: "r", From: noon, Until: noon.Add(time.Hour)},
	}
	if at.IsZero() {
		for i, id := range []string{"past-1", "past-2"} {
			until := noon.Add(time.Duration(i-2) * time.Hour)
			list = append(list, Window{ID: id, Area: "25459", Owner: "o", Reason: "r", From: until.Add(-time.Hour), Until: until})
		}
	}
	return list
}

func (p *province) Announce(_ context.Context, w Window, who string, _ time.Time) (Window, error) {
	p.note("announce %s%s%s by %s", w.Area, w.Site, w.Device, who)
	return w, nil
}

func (p *province) Extend(_ context.Context, id, who string, _, until time.Time) (Window, error) {
	p.note("extend %s by %s", id, who)
	return Window{ID: id, Area: "25459", Until: until}, nil
}

func (p *province) EndWindow(_ context.Context, id, who string, _ time.Time) (Window, error) {
	p.note("end %s by %s", id, who)
	return Window{ID: id, Area: "25459"}, nil
}

func (p *province) Layer(_ context.Context, day string) (*CellLayer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.notReady:
		return nil, ErrNotReady
	case day == "2020-01-01":
		return nil, ErrNotFound
	}
	return p.layer, nil
}

func (p *province) Zones(_ context.Context, day string) (*ZoneLayer, error) {
	if _, err := p.Layer(context.Background(), day); err != nil {
		return nil, err
	}
	return &ZoneLayer{Day: "2026-11-20", Zones: []ZoneFeature{
		{ID: "z1", Operator: "45204", Verdict: "dead", Areas: []telemetry.AreaCode{"25459"}, GeoJSON: []byte(`{"type":"Feature","properties":{"id":"z1"}}`)},
		{ID: "z2", Operator: "45201", Verdict: "gap", Areas: []telemetry.AreaCode{"25460"}, GeoJSON: []byte(`{"type":"Feature","properties":{"id":"z2"}}`)},
	}}, nil
}

func (p *province) State(context.Context) ServiceState { return ServiceState{Version: "test"} }

func (p *province) Console() ConsoleSettings {
	return ConsoleSettings{Title: "Tây Ninh", Operators: []OperatorStyle{{Code: "45204", Colour: "#009e73"}}}
}

func (p *province) Days() (Days, error) { return Days{First: "2026-08-23", Last: "2026-11-20"}, nil }

func (p *province) Cell(cell string, _ telemetry.OperatorCode) (CellEvidence, error) {
	switch cell {
	case "ours":
		return CellEvidence{Cell: cell, Area: "25459"}, nil
	case "theirs":
		return CellEvidence{Cell: cell, Area: "25460"}, nil
	}
	return CellEvidence{}, fmt.Errorf("cell %s: %w", cell, ErrNotFound)
}

func (p *province) CellTests(string, telemetry.OperatorCode) ([]CellTest, error) {
	return []CellTest{{ID: "2026-11-19T08:00:00/1a2b", At: noon, Counts: true, Result: "transferred", Reached: true, Mbps: 50}, {ID: "2026-11-19T23:00:00/1a2b", At: noon, Reason: "hours"}}, nil
}

func (p *province) CellHistory(string, telemetry.OperatorCode) (CellHistory, error) {
	return CellHistory{Turns: []Turn{{"2026-11-19", "gap"}}, Operators: []telemetry.OperatorCode{"45204"}}, nil
}

func (p *province) Survey(q SurveyQuestion) ([]SurveyStop, error) {
	return []SurveyStop{{Cell: "ours", Area: append(q.Areas, "")[0]}}, nil
}

func (p *province) Cases() []Case {
	return []Case{
		{ID: "c1", Operator: "45204", State: "open", Areas: []telemetry.AreaCode{"25459"}, Trail: []TrailEntry{{Note: hostile}}},
		{ID: "c2", Operator: "45204", State: "sent", Areas: []telemetry.AreaCode{"25459", "25460"}},
		{ID: "c3", Operator: "45201", State: "sent", Areas: []telemetry.AreaCode{"25460"}, Overdue: true},
	}
}

func (p *province) Case(_ context.Context, id string) (Case, error) {
	for _, c := range p.Cases() {
		if c.ID == id {
			return c, nil
		}
	}
	return Case{}, fmt.Errorf("case %s: %w", id, ErrNotFound)
}

func (p *province) Dossier(_ context.Context, id string) ([]byte, error) {
	return fmt.Appendf(nil, `{"dossier":%q}`, id), nil
}

func (p *province) Review(_ context.Context, id string) (CaseReview, error) {
	return CaseReview{Day: "2026-11-20", Cells: []CellEvidence{}, Retest: []RetestCell{}, Outlook: []CaseOutlook{{Action: "send", Why: id}}}, nil
}

func (p *province) ZoneEvidence(zone string) (ZoneEvidence, error) {
	areas, err := p.AreasOf(zone, "", nil)
	return ZoneEvidence{Zone: zone, Areas: areas, Cells: []CellEvidence{}}, err
}

func (p *province) Document(_ context.Context, id string, o DocumentOptions) (Document, error) {
	if o.Format == "html" {
		return Document{Name: id, ContentType: "text/html", Policy: "default-src 'none'; style-src 'self'", Body: []byte("<p>" + id)}, nil
	}
	return Document{Name: id + "." + o.Format, ContentType: "text/" + o.Format, Body: []byte(o.Table)}, nil
}

func (p *province) AreasOf(zone string, _ telemetry.OperatorCode, cells []string) ([]telemetry.AreaCode, error) {
	switch {
	case zone == "z1", slices.Equal(cells, []string{"ours"}):
		return []telemetry.AreaCode{"25459"}, nil
	case zone == "z2", len(cells) > 0:
		return []telemetry.AreaCode{"25460"}, nil
	}
	return nil, ErrNotFound
}

func (p *province) Open(_ context.Context, zone string, _ telemetry.OperatorCode, cells []string, a CaseAct) (Case, error) {
	p.note("open %s%v by %s", zone, cells, a.Who)
	return Case{ID: "c9", State: "open", Areas: []telemetry.AreaCode{"25459"}}, nil
}

// reopened is a refusal that knows its code, as those of coverage do.
type reopened struct{}

func (reopened) Error() string { return "the case is open" }

func (reopened) Reason() (string, map[string]string) {
	return "case-state", map[string]string{"state": "open", "action": "reopen"}
}

// caseActs is the province as the API changes cases: both Alerts and Cases have an Act.
type caseActs struct{ *province }

func (p caseActs) Act(_ context.Context, id string, a CaseAct) (Case, error) {
	if a.Action == "reopen" {
		return Case{}, fmt.Errorf("%w: %w", ErrRefused, reopened{})
	}
	p.note("%s %s by %s", a.Action, id, a.Who)
	return Case{ID: id, State: "sent", Areas: []telemetry.AreaCode{"25459"}}, nil
}

func (p *province) Series(_ context.Context, q telemetry.SeriesQuery) ([]telemetry.Sample, error) {
	return []telemetry.Sample{{Device: q.Devices[0], Time: q.From, Value: 4}}, nil
}

func (p *province) Letters(_ context.Context, after string, limit int) ([]Letter, error) {
	var list []Letter
	for n := 1; n <= 5 && len(list) < limit; n++ {
		if id := fmt.Sprintf("%d-0", n); id > after {
			list = append(list, Letter{ID: id, Topic: hostile, Payload: []byte{0xff}})
		}
	}
	return list, nil
}

func (p *province) Replay(_ context.Context, q Replay) (Replayed, error) {
	p.note("replay %v %d before %s", q.IDs, q.Limit, q.Before.Format(time.TimeOnly))
	return Replayed{Replayed: len(q.IDs)}, nil
}

func (p *province) Device(id telemetry.DeviceID) (Device, bool) {
	all := p.Devices()
	i := slices.IndexFunc(all, func(d Device) bool { return d.ID == id })
	if i < 0 {
		return Device{}, false
	}
	return all[i], true
}

func (p *province) SiteName(telemetry.SiteID) string { return hostile }

func (p *province) Latest(_ context.Context, d *Device) (*Latest, error) {
	if d.State == "silent" {
		return nil, nil //nolint:nilnil // it has never said anything
	}
	return &Latest{Time: noon, Values: []Value{{Field: "clients", Type: "integer"}}}, nil
}

func (p *province) Stations() []Station {
	return []Station{{ID: "air-25460", Area: "25460"}, {ID: "air-25459", Area: "25459", Name: hostile}}
}

func (p *province) Station(id telemetry.DeviceID) (StationStory, error) {
	for _, s := range p.Stations() {
		if s.ID == id {
			return StationStory{Station: s}, nil
		}
	}
	return StationStory{}, fmt.Errorf("sensor %s: %w", id, ErrNotFound)
}

func (p *province) Scale(time.Time) Scale {
	return Scale{Indicative: Text{"tham khảo", "indicative"}}
}

func (p *province) Usage() []Usage {
	return []Usage{{Month: "2026-11", Users: 7}, {Month: "2026-11", Area: "25459", Users: 3}, {Month: "2026-11", Area: "25460", Users: 5}}
}

func (p *province) Availability(month string) ([]Availability, error) {
	if month == "Novembe" {
		return nil, fmt.Errorf("%w: write it like 2026-11", ErrRefused)
	}
	return []Availability{{Month: "2026-11", Area: "25459"}, {Month: "2026-11", Area: "25460"}}, nil
}

func (p *province) AccessPoint(id telemetry.DeviceID) (AccessPoint, bool) {
	return AccessPoint{Verdict: "working"}, strings.HasPrefix(string(id), "ap-")
}

// A console asks the API as somebody.
type console struct {
	*province
	hub         *Hub
	audit       Audit
	coverage    Coverage
	handler     http.Handler
	description http.Handler
}

func newConsole(t testing.TB) *console {
	t.Helper()
	c := &console{province: newProvince(), hub: NewHub(noon), audit: changeLog{}}
	c.coverage = c.province
	c.rebuild(t, c.province)
	return c
}

// rebuild makes the API anew, with other places.
func (c *console) rebuild(t testing.TB, places Places) {
	t.Helper()
	var err error
	c.handler, c.description, err = New(Options{
		Version: "test", Places: places, Alerts: c.province, Coverage: c.coverage, Cases: caseActs{c.province}, Readings: c.province, Service: c.province, Environment: c.province, WiFi: c.province, Audit: c.audit, Events: c.hub,
		Now: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	admin  = access.Identity{Name: "quản trị", Role: access.Admin}
	viewer = access.Identity{Name: "xem", Role: access.Viewer}
	field  = access.Identity{Name: "minh", Role: access.Field, Areas: []telemetry.AreaCode{"25459"}}
)

func (c *console) as(ctx context.Context, i access.Identity, method, path, body string, headers ...string) *reply {
	r := httptest.NewRequestWithContext(access.With(ctx, i), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return &reply{w.Code, w.Header(), w.Body}
}

// A reply is what a handler answered.
type reply struct {
	StatusCode int
	Header     http.Header
	Body       *bytes.Buffer
}

// list returns the values of a key of the items or features of an answer.
func list(t *testing.T, answer *reply, key string) []string {
	t.Helper()
	body, _ := io.ReadAll(answer.Body)
	var got struct {
		Items, Features []map[string]any
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	values := []string{}
	for _, item := range append(got.Items, got.Features...) {
		if p, ok := item["properties"].(map[string]any); ok {
			item = p
		}
		values = append(values, fmt.Sprint(item[key]))
	}
	return values
}
