package reports

import (
	"cmp"
	"slices"

	"phusong/telemetry"
)

// Dossier is the evidence that is put before an operator: the cells against it, each test
// that counts, and those that do not with the reason.
type Dossier struct {
	Scope
	Operator telemetry.OperatorCode
	// Hash is the SHA-256 of JSON, in hexadecimal: whoever has both can tell that nothing
	// was changed.
	Hash string
	JSON []byte
	// Case is the gap case that the evidence was sent with; nil for none. Frozen evidence holds
	// no tests that do not count.
	Case    *CaseHead
	Cells   []CellRow
	Tests   []TestRow
	Invalid []TestRow
}

// A CaseHead says of which gap case a dossier is.
type CaseHead struct {
	ID, Zone string
	Round    int    // how often it was sent
	Sent     string // local time
}

// A TestRow is one test. Who made it is a short hash only.
type TestRow struct {
	Cell         string
	Time, Device string
	PointHex     int
	Result       string // how it ended, when it counts
	Reason       string // why it does not, else empty
	Mbps         float64
	UploadMbps   float64 // 0 for none
	LatencyMs    float64 // 0 for none
	RSRPdBm      *int
	Technology   string
	InVehicle    bool
}

// Document makes the report.
func (d *Dossier) Document() *Document {
	name := OperatorName(d.Operator)
	doc := &Document{
		Name: "dossier", Title: Words{"Hồ sơ vùng chưa đạt và lõm sóng: " + name, "Dossier of gaps and dead cells: " + name}, Day: d.Day,
		Tables: []Table{cellTable(d.Cells, &d.Scope), testTable(d.Tests)},
		Notes:  []Words{noteDossier, noteMethod}, Main: "cells", Raw: d.JSON,
	}
	doc.Facts = append(doc.Facts, d.Case.facts()...)
	doc.Facts = append(append(doc.Facts, d.facts()...),
		Fact{"cells", Words{"Số ô", "Cells"}, Int(len(d.Cells))},
		Fact{"tests", Words{"Phép đo được tính", "Tests that count"}, Int(len(d.Tests))},
	)
	if d.Case == nil {
		doc.Facts = append(doc.Facts, Fact{"invalid", Words{"Phép đo không được tính", "Tests that do not count"}, Int(len(d.Invalid))})
		doc.Tables = append(doc.Tables, invalidTestTable(d.Invalid))
	}
	doc.Facts = append(doc.Facts, Fact{"sha256", Words{"SHA-256 của hồ sơ (JSON)", "SHA-256 of the dossier (JSON)"}, Text(d.Hash)})
	return doc
}

func (c *CaseHead) facts() []Fact {
	if c == nil {
		return nil
	}
	return []Fact{
		{"case", Words{"Hồ sơ số", "Gap case"}, Text(c.ID)},
		{"zone", Words{"Vùng", "Zone"}, Text(c.Zone)},
		{"round", Words{"Lần gửi", "Sent, how often"}, Int(c.Round)},
		{"sent", Words{"Gửi lúc (giờ Việt Nam)", "Sent (local time)"}, Text(c.Sent)},
	}
}

var noteDossier = Words{
	"Mỗi kết luận tính lại được từ các phép đo trong hồ sơ này và bộ quy tắc nêu trên. Nhà mạng có thể phản biện từng phép đo (sự cố, thiết bị, sự kiện, tải, gói cước bị giới hạn, chuyển vùng).",
	"Every verdict can be recomputed from the tests of this dossier and the rule-set above. The operator may object to single tests (outage, device, event, load, throttled plan, roaming).",
}

func testTable(rows []TestRow) Table {
	t := Table{Key: "tests", Title: Words{"Phép đo được tính", "Tests that count"}, Columns: []Column{
		{"cell", wordCell, everyone}, {"time", Words{"Thời điểm (giờ Việt Nam)", "Time (local)"}, everyone}, {"device", Words{"Thiết bị (mã băm)", "Device (hash)"}, everyone},
		{"point_hex", Words{"Điểm", "Point-hex"}, everyone}, {"result", Words{"Kết quả", "Result"}, everyone}, {"mbps", Words{"Tải xuống (Mbit/s)", "Download (Mbit/s)"}, everyone},
		{"upload_mbps", Words{"Tải lên (Mbit/s)", "Upload (Mbit/s)"}, everyone}, {"latency_ms", Words{"Độ trễ (ms)", "Latency (ms)"}, everyone},
		{"rsrp_dbm", Words{"RSRP (dBm)", "RSRP (dBm)"}, everyone}, {"technology", Words{"Công nghệ", "Technology"}, everyone}, {"in_vehicle", Words{"Trên xe", "In a vehicle"}, machines},
	}}
	for i := range sorted(rows) {
		r := &rows[i]
		rsrp := Value{}
		if r.RSRPdBm != nil {
			rsrp = Int(*r.RSRPdBm)
		}
		t.Rows = append(t.Rows, Row{Values: []Value{
			Text(r.Cell), Text(r.Time), Text(r.Device), Int(r.PointHex), result(r.Result), Number(r.Mbps, 2),
			If(r.UploadMbps > 0, Number(r.UploadMbps, 2)), If(r.LatencyMs > 0, Number(r.LatencyMs, 1)), rsrp, Text(r.Technology), YesNo(r.InVehicle),
		}})
	}
	return t
}

func invalidTestTable(rows []TestRow) Table {
	t := Table{Key: "invalid", Title: Words{"Phép đo không được tính", "Tests that do not count"}, Columns: []Column{
		{"cell", wordCell, everyone}, {"time", Words{"Thời điểm (giờ Việt Nam)", "Time (local)"}, everyone}, {"device", Words{"Thiết bị (mã băm)", "Device (hash)"}, everyone},
		{"point_hex", Words{"Điểm", "Point-hex"}, everyone}, {"reason", Words{"Lý do", "Reason"}, everyone},
	}}
	for i := range sorted(rows) {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{Values: []Value{Text(r.Cell), Text(r.Time), Text(r.Device), Int(r.PointHex), reason(r.Reason)}})
	}
	return t
}

// sorted puts tests in order of cell, time and device, in place.
func sorted(rows []TestRow) []TestRow {
	slices.SortStableFunc(rows, func(a, b TestRow) int {
		return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Device, b.Device))
	})
	return rows
}
