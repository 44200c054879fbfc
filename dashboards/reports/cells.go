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
		{"cell", wordCell, everyone}, {"operator", wordOperator, everyone}, {"area", wordArea, everyone}, {"verdict", wordVerdict, everyone},
		{"since", Words{"Từ ngày", "Since"}, everyone}, {"proven", Words{"Chứng minh gần nhất", "Last proven"}, machines},
		{"window_verdict", Words{"Cửa sổ hiện tại chứng minh", "Present window proves"}, machines},
		{"target_mbps", Words{"Mục tiêu (Mbit/s)", "Target (Mbit/s)"}, machines},
		{"tests", wordTests, everyone}, {"negative", Words{"dưới mục tiêu", "below target"}, everyone}, {"unusable", Words{"không dùng được", "no service"}, everyone},
		{"share_lower", Words{"Tỷ lệ đạt: từ", "Share on target: from"}, everyone}, {"share_upper", Words{"đến", "to"}, everyone},
		{"gap_p", Words{"P (chưa đạt)", "P (gap)"}, everyone}, {"covered_p", Words{"P (đạt)", "P (covered)"}, machines}, {"dead_p", Words{"P (lõm sóng)", "P (dead)"}, everyone},
		{"points_of_needed", Words{"Điểm (có/cần)", "Points (met/needed)"}, people}, {"apart_of_needed", Words{"Cách nhau (có/cần)", "Apart (met/needed)"}, people},
		{"kind_of_needed", Words{"Số phép đo minh chứng (có/cần)", "Tests of the kind (met/needed)"}, people},
		{"points", Words{"Điểm có", "Points met"}, machines}, {"points_needed", Words{"Điểm cần", "Points needed"}, machines},
		{"apart_s", Words{"Cách nhau (s)", "Apart (s)"}, machines}, {"apart_needed_s", Words{"Cần cách nhau (s)", "Apart needed (s)"}, machines},
		{"of_kind", Words{"Số phép đo minh chứng", "Tests of the kind"}, machines}, {"of_kind_needed", Words{"Số phép đo cần", "Tests of the kind needed"}, machines},
		{"mean_mbps", wordMean, everyone}, {"p20_mbps", Words{"P20 (Mbit/s)", "P20 (Mbit/s)"}, machines}, {"p50_mbps", Words{"Trung vị (Mbit/s)", "Median (Mbit/s)"}, everyone}, {"p80_mbps", Words{"P80 (Mbit/s)", "P80 (Mbit/s)"}, machines},
		{"mean_upload_mbps", Words{"Tải lên (Mbit/s)", "Upload (Mbit/s)"}, machines}, {"p50_latency_ms", Words{"Độ trễ (ms)", "Latency (ms)"}, machines},
		{"devices", Words{"Thiết bị", "Devices"}, everyone}, {"days", Words{"Ngày", "Days"}, everyone}, {"hours", Words{"Giờ trong ngày", "Hours of day"}, machines},
		{"last", Words{"Lần đo cuối", "Last test"}, everyone}, {"residents_estimate", wordPeople, everyone}, {"further_tests", Words{"Cần đo thêm", "Further tests"}, everyone},
		{"lat", Words{"Vĩ độ", "Latitude"}, machines}, {"lon", Words{"Kinh độ", "Longitude"}, machines}, {"day", Words{"Ngày đánh giá", "Day"}, machines}, {"rules", Words{"Bộ quy tắc", "Rules"}, machines},
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
		Int(r.Points), Int(r.PointsNeeded), If(r.ApartSeconds >= 0, Int(r.ApartSeconds)), Int(r.ApartNeeded), Int(r.OfKind), Int(r.OfKindNeeded),
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
