package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"phusong/telemetry"
)

// A TestRecord is one test of the evidence, as far as a verdict or a reader needs it. It
// names the device by a short hash only.
type TestRecord struct {
	ID       TestID `json:"id"`
	PointHex int    `json:"point_hex"`
	Result   Result `json:"result"`
	// Mbps is the download, 0 when nothing came through, in steps of 0.01.
	Mbps       float64 `json:"mbps"`
	RSRPdBm    *int    `json:"rsrp_dbm,omitempty"`
	Technology string  `json:"technology,omitempty"`
	// UploadMbps and LatencyMs are within 0.4 %; 0 for none.
	UploadMbps float64 `json:"upload_mbps,omitempty"`
	LatencyMs  float64 `json:"latency_ms,omitempty"`
	InVehicle  bool    `json:"in_vehicle,omitempty"`
}

func (r record) export(day Day) TestRecord {
	t := TestRecord{
		ID: r.testID(day), PointHex: r.pointHex(), Result: r.result(), Mbps: float64(r.rate()) / rateSteps,
		Technology: technologies[r.technology()], UploadMbps: round(r.upload(), 2), LatencyMs: round(r.latency(), 1),
		InVehicle: r.inVehicle(),
	}
	if dBm, known := r.rsrp(); known {
		t.RSRPdBm = &dBm
	}
	return t
}

// record is the inverse of export for all that a verdict depends on; upload and latency are
// within 0.4 % once more.
func (t *TestRecord) record() record {
	m := &telemetry.Mobile{DownloadMbps: telemetry.Some(t.Mbps), Technology: telemetry.Some(t.Technology)}
	if t.RSRPdBm != nil {
		m.RSRPdBm = telemetry.Some(float64(*t.RSRPdBm))
	}
	if t.UploadMbps > 0 {
		m.UploadMbps = telemetry.Some(t.UploadMbps)
	}
	if t.LatencyMs > 0 {
		m.LatencyMs = telemetry.Some(t.LatencyMs)
	}
	r := makeRecord(&attempt{result: t.Result, second: t.ID.Second}, m, "", t.PointHex)
	r.who = t.ID.who()
	return r
}

// Tests returns the tests that count of a cell and operator from one day to another, both
// included, by time.
func (v *View) Tests(cell Cell, operator telemetry.OperatorCode, from, to Day) []TestRecord {
	s := v.series[key{cell, plmnOf(operator)}]
	if s == nil {
		return nil
	}
	var tests []TestRecord
	for i := range s.days {
		b := &s.days[i]
		if b.day < from || b.day > to {
			continue
		}
		for _, r := range s.appendCounted(nil, b) {
			tests = append(tests, r.export(b.day))
		}
	}
	slices.SortFunc(tests, func(a, b TestRecord) int { return compareIDs(a.ID, b.ID) })
	return tests
}

// An InvalidTest is one that is kept and does not count.
type InvalidTest struct {
	ID       TestID `json:"id"`
	PointHex int    `json:"point_hex"`
	Reason   Reason `json:"reason"`
}

// Invalid returns the tests of a cell and operator that do not count, as far as they are
// kept, by time.
func (v *View) Invalid(cell Cell, operator telemetry.OperatorCode, from, to Day) []InvalidTest {
	s := v.series[key{cell, plmnOf(operator)}]
	if s == nil {
		return nil
	}
	var tests []InvalidTest
	for i := range s.days {
		b := &s.days[i]
		if b.day < from || b.day > to {
			continue
		}
		for _, r := range b.records {
			if !r.counts() {
				tests = append(tests, InvalidTest{ID: r.testID(b.day), PointHex: r.pointHex(), Reason: r.reason()})
			}
		}
	}
	slices.SortFunc(tests, func(a, b InvalidTest) int { return compareIDs(a.ID, b.ID) })
	return tests
}

// A Dossier is the evidence on some cells and one operator as it was on one day: the
// rules, the tests and the decisions. Whoever has it can recompute every decision; see
// [Dossier.Verify].
type Dossier struct {
	Day      Day                    `json:"day"`
	Operator telemetry.OperatorCode `json:"operator"`
	Rules    Rules                  `json:"rules"`
	Cells    []DossierCell          `json:"cells"`
}

// A DossierCell is the evidence on one cell.
type DossierCell struct {
	Cell       Cell               `json:"cell"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Standing   Standing           `json:"standing"`
	TargetMbps float64            `json:"target_mbps"`
	From       Day                `json:"from"`
	To         Day                `json:"to"`
	Accessible PointSet           `json:"accessible"`
	Decision   Decision           `json:"decision"`
	Tests      []TestRecord       `json:"tests"`
}

// Dossier collects the evidence on the cells, in their order. A cell of which nothing is
// known is an error. The view must be the one that was assessed.
func (a *Assessment) Dossier(v *View, operator telemetry.OperatorCode, cells []Cell) (*Dossier, error) {
	d := &Dossier{Day: a.Day, Operator: operator, Rules: a.rules}
	for _, cell := range cells {
		c := a.Find(cell, operator)
		if c == nil {
			return nil, fmt.Errorf("coverage: %w", Untested(cell, operator))
		}
		d.Cells = append(d.Cells, DossierCell{
			Cell: cell, Area: c.Area, Standing: c.Standing, TargetMbps: c.TargetMbps, From: c.From, To: c.To,
			Accessible: c.Accessible, Decision: c.Decision, Tests: v.Tests(cell, operator, c.From, c.To),
		})
	}
	return d, nil
}

// Since collects the evidence of a re-test: of the tests from a day on alone, as if there had
// been none before. Standing verdicts are left out. A cell without tests is in it, unproven.
func (j *Judge) Since(v *View, operator telemetry.OperatorCode, cells []Cell, from Day, now time.Time) *Dossier {
	today, _ := v.clock.split(now)
	d := &Dossier{Day: today, Operator: operator, Rules: j.rules}
	for _, cell := range cells {
		commune, province := v.grid.places(cell)
		c := DossierCell{
			Cell: cell, Area: commune, From: from, To: today, Accessible: j.accessible(cell) & AllPoints,
			TargetMbps: float64(j.rules.termsFor(commune, province, operator).target) / rateSteps,
			Tests:      v.Tests(cell, operator, from, today),
		}
		c.Decision = c.decide(&j.rules)
		d.Cells = append(d.Cells, c)
	}
	return d
}

// Hash returns the SHA-256 of the dossier's JSON, in hexadecimal.
func (d *Dossier) Hash() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("hashing a dossier: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Verify decides each cell again from its tests and names the first whose decision
// comes out differently.
func (d *Dossier) Verify() error {
	if err := d.Rules.Check(); err != nil {
		return fmt.Errorf("verifying a dossier: %w", err)
	}
	for i := range d.Cells {
		c := &d.Cells[i]
		if again := c.decide(&d.Rules); again != c.Decision {
			return fmt.Errorf("verifying a dossier: cell %s: the tests make it %s (%d of %d missed the target), and it says %s (%d of %d)",
				c.Cell, again.Verdict, again.Negative, again.Tests, c.Decision.Verdict, c.Decision.Negative, c.Decision.Tests)
		}
	}
	return nil
}

func (c *DossierCell) decide(r *Rules) Decision {
	e := c.gather(r)
	d := r.decide(&e)
	d.Rules = r.ID()
	return d
}

// gather folds the tests again.
func (c *DossierCell) gather(r *Rules) evidence {
	e := evidence{accessible: c.Accessible}
	target := int(rateToSteps(c.TargetMbps))
	records := make([]record, len(c.Tests))
	for i := range c.Tests {
		records[i] = c.Tests[i].record()
		e.tally.add(records[i], target, r.Validity.FloorDBm)
	}
	e.timed(r, func(yield func(record)) {
		for _, rec := range records {
			yield(rec)
		}
	}, target, r.Validity.FloorDBm)
	return e
}

// Lacking says what is missing where the tests of a dossier prove nothing, else nil.
func (j *Judge) Lacking(c *DossierCell) *Further {
	if c.Decision.Verdict != Unproven {
		return nil
	}
	e := c.gather(&j.rules)
	return j.further(c.Cell, &e, &c.Decision)
}

// Summary describes the tests of the dossier, whose days are of a zone. What a dossier does
// not hold, SINR and the tests that do not count, is not in it.
func (c *DossierCell) Summary(zone *time.Location) Summary {
	byDay := make(map[Day][]record)
	for i := range c.Tests {
		byDay[c.Tests[i].ID.Day] = append(byDay[c.Tests[i].ID.Day], c.Tests[i].record())
	}
	days := make([]dayEvidence, 0, len(byDay))
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		days = append(days, dayEvidence{day: day, records: byDay[day]})
	}
	return new(summarizer).summarize(clock{zone}, new(series), days, c.From, c.To)
}
