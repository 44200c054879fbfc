package reports

import "phusong/telemetry"

// Verdicts returns the verdicts on coverage from the worst to the best proven.
func Verdicts() []string { return []string{"dead", "gap", "unproven", "covered"} }

var verdictWords = map[string]Words{
	"dead":     {"lõm sóng", "dead"},
	"gap":      {"chưa đạt", "gap"},
	"unproven": {"chưa đủ bằng chứng", "unproven"},
	"covered":  {"đạt", "covered"},
}

// VerdictWords returns what people call a verdict; the verdict itself when unknown.
func VerdictWords(verdict string) Words {
	if w, ok := verdictWords[verdict]; ok {
		return w
	}
	return Words{verdict, verdict}
}

func verdict(v string) Value {
	if v == "" {
		return Value{}
	}
	return Term(v, VerdictWords(v))
}

// reasonWords say why a test does not count, in the words of docs/COVERAGE.md.
var reasonWords = map[string]Words{
	"no_clock":         {"thiết bị không biết giờ", "the device did not know the time"},
	"too_old":          {"đến quá muộn sau khi đo", "it arrived too long after it was made"},
	"unknown_operator": {"nhà mạng không có trong bộ quy tắc", "not one of the operators of the rule-set"},
	"roaming":          {"SIM của mạng khác (chuyển vùng)", "the SIM is of another network"},
	"no_position":      {"không có vị trí", "no position"},
	"inaccurate":       {"vị trí không đủ chính xác hoặc không nêu sai số", "the position is too uncertain, or its error is not stated"},
	"outside":          {"ngoài địa bàn", "outside the area of the map"},
	"indoor":           {"đo trong nhà hoặc không nêu là ngoài trời", "made indoors, or not stated to be outdoors"},
	"hours":            {"ngoài khung giờ 06:00–22:00", "outside 06:00 to 22:00"},
	"duration":         {"thời gian đo không phù hợp hoặc không nêu", "too short, too long, or not stated"},
	"failed_test":      {"phép đo hỏng, không phải mạng hỏng", "the test failed and not the network"},
	"implausible":      {"giá trị không thể có", "a rate that no network has"},
}

func reason(key string) Value {
	if w, ok := reasonWords[key]; ok {
		return Term(key, w)
	}
	return Text(key)
}

var severityWords = map[string]Words{
	"minor": {"nhẹ", "minor"}, "major": {"nặng", "major"}, "critical": {"nghiêm trọng", "critical"},
}

func severity(key string) Value {
	if w, ok := severityWords[key]; ok {
		return Term(key, w)
	}
	return Text(key)
}

var resultWords = map[string]Words{
	"transferred":   {"tải được", "transferred"},
	"no_service":    {"không có sóng", "no service"},
	"no_connection": {"không có kết nối dữ liệu", "no data connection"},
	"no_transfer":   {"không tải được", "nothing came through"},
}

func result(key string) Value {
	if w, ok := resultWords[key]; ok {
		return Term(key, w)
	}
	return Text(key)
}

// Words of columns that several tables have.
var (
	wordOperator = Words{"Nhà mạng", "Operator"}
	wordArea     = Words{"Địa bàn", "Area"}
	wordVerdict  = Words{"Kết luận", "Verdict"}
	wordTests    = Words{"Số phép đo", "Tests"}
	wordCell     = Words{"Ô (H3)", "Cell (H3)"}
	wordMean     = Words{"Tải xuống trung bình (Mbit/s)", "Mean download (Mbit/s)"}
	wordPeople   = Words{"Dân số (ước tính)", "Residents (estimate)"}
)

// A Place is an area as people know it.
type Place struct {
	Code telemetry.AreaCode
	Name string
	// Parent is the name of the province of a commune; empty when unknown.
	Parent string
}

// String returns name and code: "Xã Tân Châu (25489)".
func (p Place) String() string {
	switch {
	case p.Code == "":
		return ""
	case p.Name == "":
		return string(p.Code)
	}
	return p.Name + " (" + string(p.Code) + ")"
}

// OperatorName returns name and code: "Viettel (45204)"; the code alone when unknown.
func OperatorName(code telemetry.OperatorCode) string {
	for _, o := range telemetry.Operators() {
		if o.Code == code {
			return o.Name + " (" + string(code) + ")"
		}
	}
	return string(code)
}

func operator(code telemetry.OperatorCode) Value {
	name := OperatorName(code)
	return Term(string(code), Words{name, name})
}

func place(p Place) Value {
	if p.Code == "" {
		return Value{}
	}
	return Term(string(p.Code), Words{p.String(), p.String()})
}

func point(p telemetry.Point) (lat, lon Value) { return Number(p.Lat, 5), Number(p.Lon, 5) }
