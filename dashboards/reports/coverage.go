package reports

import (
	"cmp"
	"slices"
	"strings"

	"phusong/telemetry"
)

// Scope says what a report on coverage is about.
type Scope struct {
	// Area is what was looked at; the zero Place is everything.
	Area Place
	// Operators that were asked for; empty for all.
	Operators []telemetry.OperatorCode
	// From and To are the local days of the first and last evidence, and Day that of the
	// judgement, like 2026-11-03.
	From, To, Day string
	// Rules is the id of the rule-set.
	Rules      string
	TargetMbps float64
	// Roads says that a road layer decided which point-hexes are accessible.
	Roads bool
}

// Coverage is the state of coverage on one day.
type Coverage struct {
	Scope
	// Tests are those that were read, Counting those of them that count, and Samples the
	// radio samples, which are none.
	Tests, Counting, Samples int
	Areas                    []AreaRow
	Cells                    []CellRow
	Zones                    []ZoneRow
	Invalid                  []InvalidRow
}

// An AreaRow sums up a commune or province for one operator. The yardsticks are averages
// of their own; no verdict follows from them.
type AreaRow struct {
	Place    Place
	Operator telemetry.OperatorCode
	Verdict  string
	// Cells and Residents are by verdict; Untested cells are among no verdict.
	Cells         map[string]int
	Untested, All int
	Residents     map[string]int
	// Tests that count in the windows, Transfers those that ran.
	Tests, Transfers int
	MeanMbps         float64
	MeanMet          bool
	OnTarget         float64
	Available        float64
	// FiveG is of the transfers on 5G.
	FiveGTransfers                                 int
	FiveGMeanMbps, FiveGUploadMbps, FiveGLatencyMs float64
	FiveGAbove30                                   float64
	FiveGEnough, FiveGMet                          bool
}

// A CellRow is the verdict on one cell for one operator, with its evidence.
type CellRow struct {
	Cell                                string
	Center                              telemetry.Point
	Outline                             telemetry.Ring
	Place                               Place
	Operator                            telemetry.OperatorCode
	Verdict, Since, Proven, WindowProof string
	TargetMbps                          float64
	Tests, Negative, Unusable           int
	ShareLower, ShareUpper              float64
	GapP, CoveredP, DeadP               float64
	// The thresholds of what the tests lean to, as "met of needed".
	Points, PointsNeeded                int
	ApartSeconds, ApartNeeded           int // ApartSeconds is -1 when there are not two sets
	OfKind, OfKindNeeded                int
	MeanMbps, P20Mbps, P50Mbps, P80Mbps float64
	UploadMbps, LatencyMs               float64
	Transfers, Devices, Days, Hours     int
	Last                                string // local time
	Residents                           int
	// Further tests are likely to prove something; 0 when none in sight would, -1 when
	// there is a proof.
	Further int
}

// A ZoneRow is a dead or a slow zone: connected cells with one bad verdict.
type ZoneRow struct {
	Verdict    string
	Operator   telemetry.OperatorCode
	FirstCell  string
	Cells      int
	AreaKm2    float64
	Places     []Place
	Population int
	Severity   string
	Since      string // of the cell that was first
	Outline    []telemetry.Polygon
}

// An InvalidRow counts tests that do not count.
type InvalidRow struct {
	Operator telemetry.OperatorCode // empty when nobody can say
	Reason   string
	Tests    int
}

func (s *Scope) facts() []Fact {
	facts := []Fact{{"area", wordArea, place(s.Area)}}
	if s.Area.Code == "" {
		facts[0].Value = Term("all", Words{"tất cả", "all"})
	}
	names := make([]string, len(s.Operators))
	codes := make([]string, len(s.Operators))
	for i, o := range s.Operators {
		names[i], codes[i] = OperatorName(o), string(o)
	}
	who := Term("all", Words{"tất cả", "all"})
	if len(names) > 0 {
		list := strings.Join(names, ", ")
		who = Term(strings.Join(codes, ","), Words{list, list})
	}
	roads := Term("false", Words{"mọi điểm đều tính là đến được (không có lớp đường)", "every point counts as accessible (no road layer)"})
	if s.Roads {
		roads = Term("true", Words{"theo lớp đường giao thông", "by the road layer"})
	}
	return append(facts,
		Fact{"operator", wordOperator, who},
		Fact{"day", Words{"Ngày đánh giá", "Day of judgement"}, Text(s.Day)},
		Fact{"from", Words{"Phép đo từ ngày", "Tests from"}, Text(s.From)},
		Fact{"to", Words{"đến ngày", "to"}, Text(s.To)},
		Fact{"rules", Words{"Bộ quy tắc", "Rule-set"}, Text(s.Rules)},
		Fact{"target_mbps", Words{"Mục tiêu tải xuống (Mbit/s)", "Target download (Mbit/s)"}, Number(s.TargetMbps, 2)},
		Fact{"roads", Words{"Điểm đến được", "Accessible points"}, roads},
	)
}

var (
	noteUnproven = Words{
		"“Chưa đủ bằng chứng” không phải là “đạt”: cần đo thêm, và số phép đo cần thêm được nêu theo từng ô.",
		"“Unproven” is not “covered”: more tests are needed, and each cell says how many.",
	}
	noteYardsticks = Words{
		"Tốc độ trung bình theo địa bàn (so với 40 Mbit/s của Quyết định 1110/QĐ-BTTTT), tỷ lệ đạt mục tiêu và độ sẵn sàng là số liệu riêng; kết luận theo ô không suy ra từ chúng.",
		"The mean per area (against the 40 Mbit/s of Decision 1110/QĐ-BTTTT), the share on target and the availability are numbers of their own; no verdict on a cell follows from them.",
	}
	noteMethod = Words{
		"Cách kết luận, và cách tính lại bằng tay: docs/COVERAGE.md.",
		"How verdicts are reached, and how to recompute them by hand: docs/COVERAGE.md.",
	}
)

// Document makes the report. Its rows are put in order: worst first.
func (c *Coverage) Document() *Document {
	d := &Document{
		Name: "coverage", Title: Words{"Báo cáo phủ sóng di động", "Mobile coverage report"}, Day: c.Day,
		Facts: append(c.facts(),
			Fact{"tests", Words{"Phép đo đã đọc", "Tests read"}, Int(c.Tests)},
			Fact{"counting", Words{"được tính", "of them count"}, Int(c.Counting)},
			Fact{"samples", Words{"Mẫu vô tuyến (không phải phép đo)", "Radio samples (no tests)"}, Int(c.Samples)},
		),
		Notes: []Words{noteUnproven, noteYardsticks, noteMethod}, Main: "cells",
	}
	d.Tables = []Table{areaTable(c.Areas), zoneTable(c.Zones), cellTable(c.Cells, &c.Scope), invalidTable(c.Invalid)}
	return d
}

func areaTable(rows []AreaRow) Table {
	t := Table{Key: "areas", Title: Words{"Theo địa bàn và nhà mạng", "By area and operator"}, Columns: []Column{
		{"area", wordArea, everyone}, {"operator", wordOperator, everyone}, {"verdict", wordVerdict, everyone},
		{"cells", Words{"Số ô", "Cells"}, everyone}, {"cells_dead", Words{"lõm sóng", "dead"}, everyone}, {"cells_gap", Words{"chưa đạt", "gap"}, everyone},
		{"cells_covered", Words{"đạt", "covered"}, everyone}, {"cells_unproven", Words{"chưa đủ bằng chứng", "unproven"}, everyone},
		{"cells_untested", Words{"chưa đo", "untested"}, everyone},
		{"residents_dead", Words{"Dân số vùng lõm (ước tính)", "Residents in dead cells (estimate)"}, everyone},
		{"residents_gap", Words{"Dân số vùng chưa đạt (ước tính)", "Residents in gaps (estimate)"}, everyone},
		{"tests", wordTests, everyone}, {"transfers", Words{"Số lần tải được", "Transfers"}, machines},
		{"mean_mbps", wordMean, everyone}, {"mean_met", Words{"Trung bình đạt mục tiêu", "Mean reaches target"}, everyone},
		{"on_target", Words{"Tỷ lệ phép đo đạt mục tiêu", "Share on target"}, everyone},
		{"available", Words{"Độ sẵn sàng", "Availability"}, everyone},
		{"five_g_transfers", Words{"5G: số lần tải", "5G: transfers"}, machines}, {"five_g_mean_mbps", Words{"5G: tải xuống (Mbit/s)", "5G: download (Mbit/s)"}, machines},
		{"five_g_upload_mbps", Words{"5G: tải lên (Mbit/s)", "5G: upload (Mbit/s)"}, machines}, {"five_g_latency_ms", Words{"5G: độ trễ (ms)", "5G: latency (ms)"}, machines},
		{"five_g_above_30", Words{"5G: tỷ lệ ≥ 30 Mbit/s", "5G: share ≥ 30 Mbit/s"}, machines}, {"five_g_met", Words{"5G: đạt bộ chỉ tiêu", "5G: set of indicators met"}, machines},
	}}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b AreaRow) int {
		return cmp.Or(
			cmp.Compare(len(a.Place.Code), len(b.Place.Code)), cmp.Compare(a.Operator, b.Operator),
			cmp.Compare(b.Cells["dead"], a.Cells["dead"]), cmp.Compare(b.Cells["gap"], a.Cells["gap"]), cmp.Compare(a.Place.Code, b.Place.Code))
	})
	for i := range rows {
		r := &rows[i]
		ran, five := r.Transfers > 0, r.FiveGTransfers > 0
		t.Rows = append(t.Rows, Row{Class: r.Verdict, Values: []Value{
			place(r.Place), operator(r.Operator), verdict(r.Verdict),
			Int(r.All), Int(r.Cells["dead"]), Int(r.Cells["gap"]), Int(r.Cells["covered"]), Int(r.Cells["unproven"]), Int(r.Untested),
			Int(r.Residents["dead"]), Int(r.Residents["gap"]),
			Int(r.Tests), Int(r.Transfers), If(ran, Number(r.MeanMbps, 2)), If(ran, YesNo(r.MeanMet)),
			If(r.Tests > 0, Share(r.OnTarget)), If(r.Tests > 0, Share(r.Available)),
			Int(r.FiveGTransfers), If(five, Number(r.FiveGMeanMbps, 2)), If(five, Number(r.FiveGUploadMbps, 2)), If(five, Number(r.FiveGLatencyMs, 1)),
			If(five, Share(r.FiveGAbove30)), If(r.FiveGEnough, YesNo(r.FiveGMet)),
		}})
	}
	return t
}

func zoneTable(rows []ZoneRow) Table {
	t := Table{Key: "zones", Title: Words{"Vùng lõm sóng và vùng chậm", "Dead zones and slow zones"}, Columns: []Column{
		{"verdict", wordVerdict, everyone}, {"operator", wordOperator, everyone}, {"severity", Words{"Mức độ", "Severity"}, everyone},
		{"cells", Words{"Số ô", "Cells"}, everyone}, {"area_km2", Words{"Diện tích (km²)", "Area (km²)"}, everyone},
		{"areas", Words{"Xã, phường", "Communes"}, everyone}, {"population_estimate", wordPeople, everyone},
		{"since", Words{"Từ ngày", "Since"}, everyone}, {"first_cell", Words{"Ô đầu tiên (H3)", "First cell (H3)"}, everyone},
	}}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b ZoneRow) int {
		return cmp.Or(byVerdict(a.Verdict, b.Verdict), cmp.Compare(b.Population, a.Population), cmp.Compare(b.AreaKm2, a.AreaKm2),
			cmp.Compare(a.FirstCell, b.FirstCell), cmp.Compare(a.Operator, b.Operator))
	})
	for i := range rows {
		r := &rows[i]
		var names, codes []string
		for _, p := range r.Places {
			names, codes = append(names, p.String()), append(codes, string(p.Code))
		}
		list := strings.Join(names, ", ")
		t.Rows = append(t.Rows, Row{Class: r.Verdict, Outline: r.Outline, Values: []Value{
			verdict(r.Verdict), operator(r.Operator), severity(r.Severity), Int(r.Cells), Number(r.AreaKm2, 2),
			If(len(codes) > 0, Term(strings.Join(codes, " "), Words{list, list})), Int(r.Population), Text(r.Since), Text(r.FirstCell),
		}})
	}
	return t
}

func byVerdict(a, b string) int {
	order := Verdicts()
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
}

func invalidTable(rows []InvalidRow) Table {
	t := Table{Key: "invalid", Title: Words{"Phép đo không được tính", "Tests that do not count"}, Columns: []Column{
		{"operator", wordOperator, everyone}, {"reason", Words{"Lý do", "Reason"}, everyone}, {"tests", wordTests, everyone},
	}}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b InvalidRow) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(b.Tests, a.Tests), cmp.Compare(a.Reason, b.Reason))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{Values: []Value{If(r.Operator != "", operator(r.Operator)), reason(r.Reason), Int(r.Tests)}})
	}
	return t
}
