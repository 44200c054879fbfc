package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/coverage"
	"phusong/dashboards"
	"phusong/ingest"
	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// viettel and mobiFone serve the land of these tests, each in its own way.
const (
	viettel  telemetry.OperatorCode = "45204"
	mobiFone telemetry.OperatorCode = "45201"
)

// middle is a place in the land.
var middle = telemetry.Point{Lat: 11.3103, Lon: 106.0986}

const landGeoJSON = `{"type": "FeatureCollection", "features": [
	{"type": "Feature", "properties": {"code": "25459", "name": "Tân Ninh", "type": "phường", "parent": "80", "population": 60000},
	 "geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.1, 11.2], [106.1, 11.4], [106.0, 11.4], [106.0, 11.2]]]}},
	{"type": "Feature", "properties": {"code": "25486", "name": "Tân Châu", "type": "xã", "parent": "80", "population": 30000},
	 "geometry": {"type": "Polygon", "coordinates": [[[106.1, 11.2], [106.2, 11.2], [106.2, 11.4], [106.1, 11.4], [106.1, 11.2]]]}}]}`

// places are a cell and those around it.
func places(t testing.TB) []coverage.Cell {
	t.Helper()
	cell, _, err := coverage.CellAt(middle)
	if err != nil {
		t.Fatal(err)
	}
	return append([]coverage.Cell{cell}, cell.Neighbors()...)
}

// campaign are the tests of three days in a cell, on every point-hex and through the
// day: 36 of them. The service is dead, slow or fine.
func campaign(cell coverage.Cell, operator telemetry.OperatorCode, service string, until time.Time) []telemetry.Reading {
	zone := time.FixedZone("+7", 7*3600)
	midnight := time.Date(until.In(zone).Year(), until.In(zone).Month(), until.In(zone).Day(), 0, 0, 0, 0, zone)
	var all []telemetry.Reading
	for day := range 3 {
		for n := range 12 {
			r := telemetry.NewReading(telemetry.KindMobile)
			r.Area, r.Device = "25459", telemetry.DeviceID(fmt.Sprintf("probe-%s-%s-%d", operator, cell, n%3))
			r.Time = midnight.AddDate(0, 0, day-3).Add(7*time.Hour + time.Duration(n)*70*time.Minute).UTC()
			r.Received = r.Time.Add(time.Second)
			at := cell.PointHex(n % coverage.PointHexes).Center()
			*r.Mobile = telemetry.Mobile{
				SIMOperator: telemetry.Some(string(operator)), Operator: telemetry.Some(string(operator)), Technology: telemetry.Some("4g"),
				Outcome: telemetry.Some(telemetry.OutcomeOK), DownloadMbps: telemetry.Some(80 + float64(n)), RSRPdBm: telemetry.Some(-92.0),
				Lat: telemetry.Some(at.Lat), Lon: telemetry.Some(at.Lon), AccuracyM: telemetry.Some(6.0), Indoor: telemetry.Some(false), DurationS: telemetry.Some(10.0),
			}
			switch service {
			case "dead":
				r.Mobile.Outcome, r.Mobile.Operator, r.Mobile.DownloadMbps = telemetry.Some(telemetry.OutcomeNoService), telemetry.Opt[string]{}, telemetry.Opt[float64]{}
			case "slow":
				r.Mobile.DownloadMbps = telemetry.Some(3 + float64(n))
			}
			all = append(all, r)
		}
	}
	return all
}

// A hamlet is a service in this process, with the land of these tests. It can be stopped
// and started again on its folder.
type hamlet struct {
	t       *testing.T
	config  Config
	log     *lockedText
	service *service
	stop    func()
}

// lockedText is a log that may be read while it is written.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newHamlet(t *testing.T) *hamlet {
	t.Helper()
	h := &hamlet{t: t, config: DefaultConfig()}
	dir := t.TempDir()
	h.config.Data, h.config.Listen = filepath.Join(dir, "data"), "127.0.0.1:0"
	h.config.Broker.Listen, h.config.Broker.Anonymous = "127.0.0.1:0", true
	h.config.Registry.Areas = []string{filepath.Join(dir, "areas.geojson")}
	h.config.Registry.Devices = filepath.Join(dir, "devices.csv")
	h.config.Coverage.JudgeEvery = time.Second
	write(t, h.config.Registry.Areas[0], landGeoJSON)
	write(t, h.config.Registry.Devices, "id,kind,area,lat,lon,interval\nfixed-1,mobile,25459,11.3103,106.0986,60s\n")
	t.Cleanup(func() {
		if h.stop != nil {
			h.stop()
		}
	})
	return h
}

// start starts the service and waits until the map is judged.
func (h *hamlet) start() {
	h.t.Helper()
	h.log = new(lockedText)
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	s, err := newService(ctx, h.config, slog.New(slog.NewTextHandler(h.log, nil)))
	if err != nil {
		cancel()
		h.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	h.service = s
	h.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
		h.stop = nil
	}
	h.await(func(*coverageState) error { return nil })
}

// await waits until the map is judged so that check returns nil.
func (h *hamlet) await(check func(*coverageState) error) *coverageState {
	h.t.Helper()
	var s *coverageState
	testbed.Eventually(h.t, testbed.Patience, func() error {
		if s = h.service.coverage.Latest(); s == nil {
			return errNotJudged
		}
		return check(s)
	})
	return s
}

// tests waits until so many tests count.
func (h *hamlet) tests(want int) *coverageState {
	h.t.Helper()
	return h.await(func(s *coverageState) error {
		if got := s.View.Size().Tests; got != want {
			return fmt.Errorf("the map holds %d tests, want %d", got, want)
		}
		return nil
	})
}

// send hands readings over as devices would, and waits until they are durable.
func (h *hamlet) send(readings []telemetry.Reading) {
	h.t.Helper()
	byDevice := make(map[telemetry.DeviceID][]telemetry.Reading)
	for _, r := range readings {
		byDevice[r.Device] = append(byDevice[r.Device], r)
	}
	var wait sync.WaitGroup
	for _, device := range byDevice {
		wait.Add(1)
		err := h.service.pipeline.Handle(h.t.Context(), ingest.Message{
			Topic: wire.ReadingTopic(&device[0]).String(), Payload: wire.AppendPayloads(nil, device), Received: time.Now(), Ack: wait.Done,
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	wait.Wait()
}

// judgement is all that was concluded, as bytes: what must come back after a restart.
func judgement(t *testing.T, s *coverageState) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for name, value := range map[string]any{"assessment": s.Assessment, "areas": s.Areas, "zones": s.Zones.Open, "history": s.Zones.Events} {
		text, err := json.MarshalIndent(value, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	all["cells"] = string(s.Assessment.AppendCells(nil, coverage.CellFilter{}))
	outlines, err := s.Zones.AppendZones(nil, s.Zones.Open)
	if err != nil {
		t.Fatal(err)
	}
	all["outlines"] = string(outlines)
	return all
}

// The map comes back from its image, and from the store without one, and judges the
// same to the byte; struck tests stay struck, zones keep their ids.
func TestCoverageComesBackTheSame(t *testing.T) {
	t.Parallel()
	h := newHamlet(t)
	h.start()
	cells := places(t)
	now := time.Now()
	var readings []telemetry.Reading
	for i, service := range []string{"dead", "dead", "slow", "fine", "fine"} {
		readings = append(readings, campaign(cells[i], viettel, service, now)...)
		readings = append(readings, campaign(cells[i], mobiFone, "fine", now)...)
	}
	for i := range readings[:50] { // some are no good, each in its own way
		m := readings[i].Mobile
		switch i % 10 {
		case 3:
			m.Indoor = telemetry.Some(true)
		case 5:
			m.AccuracyM = telemetry.Some(900.0)
		case 7:
			m.Operator, m.Outcome = telemetry.Some("45202"), telemetry.Some(telemetry.OutcomeOK) // roams
		}
	}
	h.send(readings)
	h.send(readings[100:200]) // again
	h.tests(len(readings))
	s := h.await(func(s *coverageState) error {
		if len(s.Zones.Open) != 2 {
			return fmt.Errorf("%d zones are open, want one dead and one slow", len(s.Zones.Open))
		}
		return nil
	})

	// A case in which two tests are struck out.
	ctx, cases := t.Context(), h.service.coverage.cases
	act := func(words string) coverage.Act { return coverage.Act{At: time.Now(), Actor: "liaison", Note: words} }
	dead := slices.IndexFunc(s.Zones.Open, func(z coverage.Zone) bool { return z.Verdict == coverage.Dead })
	c, err := cases.OpenZone(ctx, s.Zones.Open[dead].ID, act("hamlet 3 complains"))
	if err == nil {
		c, err = cases.Send(ctx, c.ID, act(""))
	}
	if err != nil {
		t.Fatal(err)
	}
	evidence := c.Evidence.Cells[0]
	before := evidence.Decision.Tests
	strikes := []coverage.Strike{
		{Cell: evidence.Cell, Test: evidence.Tests[0].ID, Reason: coverage.StrikeOutage},
		{Cell: evidence.Cell, Test: evidence.Tests[1].ID, Reason: coverage.StrikeOutage},
	}
	if _, err := cases.Answered(ctx, c.ID, coverage.Contests, strikes, time.Time{}, act("outage that day")); err != nil {
		t.Fatal(err)
	}
	s = h.await(func(s *coverageState) error {
		if got := s.Assessment.Find(evidence.Cell, viettel).Decision.Tests; got != before-2 {
			return fmt.Errorf("%d tests count after two of %d are struck", got, before)
		}
		return nil
	})
	want, day := judgement(t, s), s.Assessment.Day
	kept, err := cases.Get(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}

	for _, how := range []string{"image", "store"} {
		h.stop()
		if how == "store" {
			if err := os.Remove(string(dataFolder(h.config.Data).watch())); err != nil {
				t.Fatal(err)
			}
		}
		h.start()
		s = h.await(func(s *coverageState) error {
			if got := s.Assessment.Find(evidence.Cell, viettel); got == nil || got.Decision.Tests != before-2 {
				return errors.New("the struck tests count")
			}
			return nil
		})
		if s.Assessment.Day != day {
			t.Skip("a new day has begun")
		}
		if rebuilt := strings.Contains(h.log.String(), "rebuilt from the store"); rebuilt != (how == "store") {
			t.Errorf("from the %s: the log says that it was rebuilt: %v\n%s", how, rebuilt, h.log)
		}
		for name, got := range judgement(t, s) {
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("from the %s: %s (-before +after):\n%s", how, name, diff)
			}
		}
		again, err := h.service.coverage.cases.Get(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept, again); diff != "" {
			t.Errorf("from the %s: the case (-before +after):\n%s", how, diff)
		}
		if err := again.Verify(); err != nil {
			t.Error(err)
		}
	}
}

// Other rules of validity need another map; a registry that moves the land makes one
// while the service runs.
func TestCoverageFollowsItsRulesAndTheRegistry(t *testing.T) {
	testbed.Slow(t) // the registry's files are looked at every two seconds
	t.Parallel()
	h := newHamlet(t)
	h.start()
	readings := campaign(places(t)[0], viettel, "fine", time.Now())
	h.send(readings)
	h.tests(len(readings))
	h.stop()

	h.config.Coverage.Validity.MaxAccuracyM = 3 // those of the campaign are 6 m off
	h.start()
	s := h.tests(len(readings))
	if n := s.Assessment.Cells[0].Decision.Tests; n != 0 {
		t.Errorf("%d tests count by the stricter rules, want 0", n)
	}
	if !strings.Contains(h.log.String(), "rebuilt from the store") {
		t.Errorf("the log does not say that the map is another:\n%s", h.log)
	}

	// The land becomes smaller; the tests are still in it.
	before := s.land.grid.Len()
	write(t, h.config.Registry.Areas[0], strings.ReplaceAll(landGeoJSON, "[106.0, 11.2]", "[106.05, 11.2]"))
	h.await(func(s *coverageState) error {
		if got := s.land.grid.Len(); got >= before || s.View.Size().Tests != len(readings) {
			return fmt.Errorf("the land has %d cells of %d before, and %d tests", got, before, s.View.Size().Tests)
		}
		return nil
	})

	// The probe that measured turns out to stand somewhere else.
	write(t, h.config.Registry.Devices, "id,kind,area,lat,lon,interval\n"+string(readings[0].Device)+",mobile,25486,11.3,106.15,60s\n")
	h.await(func(s *coverageState) error {
		cell, _, err := coverage.CellAt(telemetry.Point{Lat: 11.3, Lon: 106.15})
		if err != nil {
			t.Fatal(err)
		}
		if found := s.Assessment.Find(cell, viettel); found == nil || found.Area != "25486" || found.Decision.Tests != len(readings)/3 {
			return fmt.Errorf("at its registered place there are %+v", found)
		}
		return nil
	})
}

// A fixed probe without service raises the live state within minutes of event time, late
// news do not, and both survive a restart.
func TestCoverageLiveProbes(t *testing.T) {
	t.Parallel()
	h := newHamlet(t)
	h.start()
	attempt := func(ago time.Duration, outcome string) telemetry.Reading {
		r := telemetry.NewReading(telemetry.KindMobile)
		r.Area, r.Device, r.Time = "25459", "fixed-1", time.Now().Add(-ago).UTC()
		r.Mobile.SIMOperator, r.Mobile.Outcome = telemetry.Some(string(viettel)), telemetry.Some(outcome)
		return r
	}
	var attempts []telemetry.Reading
	for ago := 9 * time.Minute; ago > 0; ago -= time.Minute {
		attempts = append(attempts, attempt(ago, telemetry.OutcomeNoService))
	}
	h.send(attempts)
	down := func() error {
		probes := h.service.coverage.Live(time.Now())
		if len(probes) != 1 || probes[0].State != coverage.LiveDown || probes[0].Operator != viettel {
			return fmt.Errorf("live: %+v", probes)
		}
		return nil
	}
	testbed.Eventually(t, testbed.Patience, down)
	// An hour ago it worked, and it tells only now.
	h.send([]telemetry.Reading{attempt(61*time.Minute, telemetry.OutcomeOK), attempt(60*time.Minute, telemetry.OutcomeOK)})
	before := h.service.coverage.Live(time.Now())
	h.stop()
	h.start()
	if err := down(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, h.service.coverage.Live(time.Now())); diff != "" {
		t.Errorf("live probes (-before +after the restart):\n%s", diff)
	}
	figures := h.service.coverage.figures()
	i := slices.IndexFunc(figures.Operators, func(o dashboards.CoverageOperator) bool { return o.Operator == viettel })
	if i < 0 || figures.Operators[i].Live["down"] != 1 {
		t.Errorf("figures of %s: %+v", viettel, figures.Operators)
	}
}
