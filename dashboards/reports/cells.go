package reports

import (
	"cmp"
	"fmt"
	"slices"

	"phusong/telemetry"
)

// cellTable lists the cells, worst first.
func cellTable(rows []CellRow, s *Scope) Table {
	t := Table{Key: "cells", Title: Words{"Ô đã đo", "Cells with tests"}, Columns: []Column{
		{"cell", wordCell, false}, {"operator", wordOperator, false}, {"area", wordArea, false}, {"verdict", wordVerdict, false},
		{"since", Words{"Từ ngày", "Since"}, false}, {"proven", Words{"Chứng minh gần nhất", "Last proven"}, true},
		{"window_verdict", Words{"Cửa sổ hiện tại chứng minh", "Present window proves"}, true},
		{"target_mbps", Words{"Mục tiêu (Mbit/s)", "Target (Mbit/s)"}, true},
		{"tests", wordTests, false}, {"negative", Words{"dưới mục tiêu", "below target"}, false}, {"unusable", Words{"không dùng được", "no service"}, false},
		{"share_lower", Words{"Tỷ lệ đạt: từ", "Share on target: from"}, false}, {"share_upper", Words{"đến", "to"}, false},
		{"gap_p", Words{"P (chưa đạt)", "P (gap)"}, false}, {"covered_p", Words{"P (đạt)", "P (covered)"}, true}, {"dead_p", Words{"P (lõm sóng)", "P (dead)"}, false},
		{"points", Words{"Điểm (có/cần)", "Points (met/needed)"}, false}, {"apart", Words{"Cách nhau (có/cần)", "Apart (met/needed)"}, false},
		{"of_kind", Words{"Số phép đo minh chứng (có/cần)", "Tests of the kind (met/needed)"}, false},
		{"mean_mbps", wordMean, false}, {"p20_mbps", Words{"P20 (Mbit/s)", "P20 (Mbit/s)"}, true}, {"p50_mbps", Words{"Trung vị (Mbit/s)", "Median (Mbit/s)"}, false}, {"p80_mbps", Words{"P80 (Mbit/s)", "P80 (Mbit/s)"}, true},
		{"mean_upload_mbps", Words{"Tải lên (Mbit/s)", "Upload (Mbit/s)"}, true}, {"p50_latency_ms", Words{"Độ trễ (ms)", "Latency (ms)"}, true},
		{"devices", Words{"Thiết bị", "Devices"}, false}, {"days", Words{"Ngày", "Days"}, false}, {"hours", Words{"Giờ trong ngày", "Hours of day"}, true},
		{"last", Words{"Lần đo cuối", "Last test"}, false}, {"residents_estimate", wordPeople, false}, {"further_tests", Words{"Cần đo thêm", "Further tests"}, false},
		{"lat", Words{"Vĩ độ", "Latitude"}, true}, {"lon", Words{"Kinh độ", "Longitude"}, true}, {"day", Words{"Ngày đánh giá", "Day"}, true}, {"rules", Words{"Bộ quy tắc", "Rules"}, true},
	}}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b CellRow) int {
		return cmp.Or(byVerdict(a.Verdict, b.Verdict), cmp.Compare(b.Residents, a.Residents), cmp.Compare(a.Place.Code, b.Place.Code),
			cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Operator, b.Operator))
	})
	for i := range rows {
		t.Rows = append(t.Rows, rows[i].row(s))
	}
	return t
}

func (r *CellRow) row(s *Scope) Row {
	lat, lon := point(r.Center)
	some, ran := r.Tests > 0, r.Transfers > 0
	row := Row{Class: r.Verdict, Values: []Value{
		Text(r.Cell), operator(r.Operator), place(r.Place), verdict(r.Verdict),
		Text(r.Since), Text(r.Proven), verdict(r.WindowProof), Number(r.TargetMbps, 2),
		Int(r.Tests), Int(r.Negative), Int(r.Unusable),
		If(some, Share(r.ShareLower)), If(some, Share(r.ShareUpper)),
		If(some, Probability(r.GapP)), If(some, Probability(r.CoveredP)), If(some, Probability(r.DeadP)),
		metOf(r.Points, r.PointsNeeded), apart(r.ApartSeconds, r.ApartNeeded), metOf(r.OfKind, r.OfKindNeeded),
		If(ran, Number(r.MeanMbps, 2)), If(some, Number(r.P20Mbps, 2)), If(some, Number(r.P50Mbps, 2)), If(some, Number(r.P80Mbps, 2)),
		If(r.UploadMbps > 0, Number(r.UploadMbps, 2)), If(r.LatencyMs > 0, Number(r.LatencyMs, 1)),
		Int(r.Devices), Int(r.Days), Int(r.Hours),
		Text(r.Last), Int(r.Residents), If(r.Further >= 0, further(r.Further)), lat, lon, Text(s.Day), Text(s.Rules),
	}}
	if r.Outline != nil {
		row.Outline = []telemetry.Polygon{{r.Outline}}
	}
	return row
}

func metOf(met, needed int) Value { return Text(fmt.Sprintf("%d/%d", met, needed)) }

// apart is in hours and minutes.
func apart(seconds, needed int) Value {
	text := func(s int) string { return fmt.Sprintf("%d:%02d", s/3600, s/60%60) }
	if seconds < 0 {
		return Text("–/" + text(needed))
	}
	return Text(text(seconds) + "/" + text(needed))
}

func further(n int) Value {
	if n == 0 {
		return Term("0", Words{"không xác định được", "none in sight would do"})
	}
	return Int(n)
}
