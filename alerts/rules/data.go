package rules

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"phusong/telemetry"
)

// A Subject is what the texts of an alert speak of. Names are those for people, ""
// for what the subject has not.
type Subject struct {
	Device, Site, Area, Operator, Zone string
	At                                 telemetry.Point
	Since                              time.Time
	// Count is how many are affected, of which Items names the first few.
	Count int
	Items []string
	Frame *Frame // may be nil: nothing is known
}

// data is what a template sees as the dot.
type data struct {
	*Subject
	Alert, Severity string
	Labels          map[string]string

	scope Scope
	kind  telemetry.Kind
	lang  Language
}

func newData(r *Rule, lang Language, s *Subject) *data {
	return &data{Subject: s, Alert: r.Alert, Severity: r.Severity, Labels: r.Labels, scope: r.Scope, kind: r.Kind, lang: lang}
}

// local is the time of Việt Nam, which has no summer time.
var local = time.FixedZone("+07", 7*3600)

// Name names the subject: the device with its site, the site with its area, and so on.
func (d *data) Name() string {
	var parts []string
	switch d.scope {
	case ScopeDevice:
		parts = []string{d.Device, d.Site, d.Area}
	case ScopeSite:
		parts = []string{d.Site, d.Area}
	case ScopeArea:
		parts = []string{d.Area}
	case ScopeOperator:
		parts = []string{d.Operator, d.Area}
	case ScopeZone:
		// Its id tells people nothing; it stands in the labels.
		parts = []string{d.Operator, d.Area}
	default:
		return "phusong"
	}
	known := parts[:0]
	for _, part := range parts {
		if part != "" {
			known = append(known, part)
		}
	}
	if len(known) == 0 {
		return "?"
	}
	return strings.Join(known, " · ")
}

// Map is a link to the position, "" when it is unknown.
func (d *data) Map() string { return MapLink(d.At) }

// MapLink returns a link that opens a map at the point, "" for an unknown one.
func MapLink(p telemetry.Point) string {
	if p.IsZero() {
		return ""
	}
	at := strconv.FormatFloat(p.Lat, 'f', 5, 64)
	lon := strconv.FormatFloat(p.Lon, 'f', 5, 64)
	return "https://www.openstreetmap.org/?mlat=" + at + "&mlon=" + lon + "#map=17/" + at + "/" + lon
}

// Since is when the alert's cause began, in local time.
func (d *data) Since() string { return d.instant(d.Subject.Since) }

// List joins the items and says how many more there are.
func (d *data) List() string {
	list := strings.Join(d.Items, ", ")
	if more := d.Count - len(d.Items); more > 0 && len(d.Items) > 0 {
		list += fmt.Sprintf([languages]string{" và %d nữa", " and %d more"}[d.lang], more)
	}
	return list
}

// Known reports whether the fact has a value.
func (d *data) Known(name string) (bool, error) {
	v, slot, err := d.find(name)
	if err != nil || v == nil {
		return false, err
	}
	return v.Known(slot), nil
}

// Value writes a fact with its unit, as people of the language read it.
func (d *data) Value(name string) (string, error) {
	v, slot, err := d.find(name)
	if err != nil {
		return "", err
	}
	if v == nil || !v.Known(slot) {
		return [languages]string{"không rõ", "unknown"}[d.lang], nil
	}
	return d.write(&v.table.facts[slot], v, slot), nil
}

// find returns the values that hold the fact, nil when the subject has none.
func (d *data) find(name string) (*Values, Slot, error) {
	scope, kind, ok := place(name)
	if !ok {
		return nil, 0, fmt.Errorf("there is no fact %q", name)
	}
	if d.Frame == nil || d.Frame.Values[scope] == nil {
		return nil, 0, nil
	}
	v := d.Frame.Values[scope]
	if kind != 0 && v.table.kind != kind {
		return nil, 0, nil
	}
	return v, TableOf(scope, kind).names[name], nil
}

func (d *data) write(fact *Fact, v *Values, slot Slot) string {
	if fact.Type == Text {
		return d.word(v.Text(slot))
	}
	x, _ := v.Number(slot)
	switch fact.Type {
	case Bool:
		return d.word(strconv.FormatBool(x != 0))
	case Instant:
		return d.instant(time.UnixMicro(int64(x * 1e6)))
	case Duration:
		return d.span(time.Duration(x * float64(time.Second)))
	}
	if fact.Share {
		return d.decimal(x*100) + " %"
	}
	if fact.Unit == "" || fact.Unit == "1" {
		return d.decimal(x)
	}
	return d.decimal(x) + " " + fact.Unit
}

// decimal writes three figures that count, or all of a whole number.
func (d *data) decimal(x float64) string {
	digits := 0
	if size := math.Abs(x); x != math.Trunc(x) && size < 100 {
		digits = 1
		if size < 10 {
			digits = 2
		}
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if d.lang == Vietnamese {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func (d *data) instant(t time.Time) string {
	if t.IsZero() {
		return [languages]string{"không rõ", "unknown"}[d.lang]
	}
	return t.In(local).Format([languages]string{"15:04 02/01/2006", "2006-01-02 15:04"}[d.lang])
}

// span writes a duration by its two largest units.
func (d *data) span(t time.Duration) string {
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	units := [languages][4]string{{"ngày", "giờ", "phút", "giây"}, {"d", "h", "min", "s"}}[d.lang]
	var parts []string
	for i, size := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if n := t / size; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d %s", n, units[i]))
		}
		t %= size
	}
	if len(parts) == 0 {
		return "0 " + units[3]
	}
	return sign + strings.Join(parts, " ")
}

// vietnamese are the words for texts that facts can have.
var vietnamese = map[string]string{
	"true": "có", "false": "không", "unknown": "không rõ",
	"up": "hoạt động", "late": "trễ", "silent": "mất liên lạc", "offline": "ngoại tuyến", "retired": "đã ngừng dùng", "maintenance": "đang bảo trì", "down": "mất dịch vụ",
	"working": "hoạt động", "partly": "hoạt động một phần", "failed": "lỗi", "no service": "không có dịch vụ",
	"no_service": "không có sóng", "no_connection": "không kết nối được", "ok": "bình thường",
	"sentinel": "mã “không có giá trị”", "range": "ngoài khoảng hợp lý", "negative": "giá trị âm", "clock": "đồng hồ sai", "stuck": "giá trị đứng yên",
	"spike": "giá trị vọt bất thường", "drift": "trôi dần so với trạm lân cận", "unit": "nhầm đơn vị", "two_places": "gửi cho hai nơi",
	"two_senders": "hai thiết bị chung một mã", "moved": "đã bị dời chỗ",
	"no access point": "chưa có điểm phát", "not yet heard": "chưa nhận được tín hiệu nào", "not hearing": "hệ thống giám sát gián đoạn",
	"uplink down": "đứt đường truyền", "portal down": "cổng đăng nhập không trả lời", "login fails": "không đăng nhập được",
	"uplink lossy": "đường truyền mất gói", "uplink laggy": "đường truyền chậm trễ",
	"pm25": "PM2.5", "pm10": "PM10", "no2": "NO₂", "so2": "SO₂", "co": "CO", "o3": "O₃",
	"gap": "sóng yếu", "dead": "lõm sóng", "minor": "nhẹ", "major": "nặng", "critical": "nghiêm trọng",
	"none": "chưa có", "open": "đang mở", "sent": "đã gửi", "answered": "đã trả lời", "retest": "đo lại", "disputed": "có tranh chấp", "closed": "đã đóng",
	"wifi": "Wi-Fi", "mobile": "di động", "environment": "môi trường",
	"school": "trường học", "hospital": "cơ sở y tế", "residential": "khu dân cư", "tourism": "điểm du lịch", "office": "cơ quan",
}

func (d *data) word(s string) string {
	if d.lang == Vietnamese {
		if w, ok := vietnamese[s]; ok {
			return w
		}
	}
	return s
}
