package reports

import (
	"cmp"
	"math"
	"slices"

	"phusong/telemetry"
)

// WiFi is how the public Wi-Fi did in a period.
type WiFi struct {
	Period
	// Floor and Goal are what the availability of a site should reach in a month, UsersGoal the
	// share of residents and visitors that should use the Wi-Fi.
	Floor, Goal, UsersGoal float64
	// AccessPoints are registered, and Heard those of them that were heard in the period.
	AccessPoints, Heard int
	// Late are readings of those that came too late to say how it was, and were not counted.
	Late int
	// Work is how many announcements of work have a part in the period, and WorkKnown whether
	// that could be asked; its time is left out.
	Work      int
	WorkKnown bool
	// Sketches of users that were taken, and that were refused.
	SketchesTaken, SketchesRefused int
	Months                         []WiFiMonth
	Users                          []WiFiUsers
	Sites                          []WiFiSite
}

// A WiFiMonth is what was covered in an area and category at the end of a month, or of the
// period, and how available it was in it. What is not known is NaN.
type WiFiMonth struct {
	Month    string // like 2026-11
	Place    Place  // zero for everything
	Category telemetry.Category
	// Of the required sites at the end of the month; they add up to Required.
	Required, Working, Partly, Down, Unknown, NotCovered int
	// Sites were measured; AtFloor and AtGoal of them reached floor and goal.
	Sites, AtFloor, AtGoal int
	Availability, Known    float64
	Hours                  WiFiHours // of all sites
	// UserHours are the hours of all clients, Levels which share of those in which it was
	// measured met a service level.
	UserHours float64
	Levels    WiFiLevels
}

// WiFiHours are hours by verdict; time under maintenance is in none of them.
type WiFiHours struct{ Working, Partly, Down, Unknown, Maintenance float64 }

// WiFiLevels are shares of user minutes; NaN where a level was not measured.
type WiFiLevels struct{ Coverage, Throughput, Connect, Capacity float64 }

// WiFiUsers is how many people used the Wi-Fi of an area in a month.
type WiFiUsers struct {
	Month            string
	Place            Place
	Users, Low, High int // the estimate with its bounds of 95 %
	// Residents and Visitors are what the shares are of; 0 when unknown.
	Residents, Visitors         int
	Share, ShareLow, ShareUpper float64 // NaN when the residents are unknown
}

// A WiFiSite is how one site did in the whole period. What is not known is NaN.
type WiFiSite struct {
	ID, Name    string
	Category    telemetry.Category
	Place       Place
	At          telemetry.Point
	Required    bool
	Points      int // access points
	Verdict     string
	VerdictText Words // at the end
	// Reason is the one that kept it from working for the longest time, and ReasonHours how long.
	Reason              string
	ReasonText          Words
	ReasonHours         float64
	Availability, Known float64
	MonthsBelow         int // of which the availability is known and below the floor
	Hours               WiFiHours
	Levels              WiFiLevels
}

var (
	noteWiFiWork = Words{
		"Thời gian bảo trì đã báo trước không tính vào độ sẵn sàng và được ghi ở cột riêng. Chỉ tính từ lúc báo: báo sau khi đã hỏng thì khoảng trước đó vẫn tính là hỏng.",
		"Announced work is left out of the availability and stands in a column of its own. It counts from when it was announced: what was down before an announcement stays down.",
	}
	noteWiFiWorkUnknown = Words{
		"Không hỏi được lịch bảo trì của hệ thống, nên báo cáo không trừ được: thời gian bảo trì được tính theo những gì thiết bị gửi về. Hãy lập báo cáo với thư mục dữ liệu của hệ thống.",
		"The service could not be asked for announced work, so nothing is left out for it: time under maintenance counts as what the devices said. Write the report with the data folder of the service.",
	}
	noteWiFiUnknown = Words{
		"“Không rõ” không phải là hoạt động và cũng không phải là hỏng: thời gian đó không vào độ sẵn sàng, cột “Phần thời gian biết rõ” cho biết độ sẵn sàng đáng tin đến đâu. Nếu mọi thiết bị cùng im lặng thì coi là hệ thống giám sát gián đoạn.",
		"Unknown is neither working nor down: it is not in the availability, and “known” says how much that is worth. When all devices fall silent at once, our own pipeline counts as down.",
	}
	noteWiFiRequired = Words{
		"Mẫu số là mọi địa điểm bắt buộc trong sổ đăng ký hiện hành; nơi chưa có điểm phát, đang hỏng hoặc không rõ đều được tính là chưa đạt. Hoạt động một phần được nêu riêng, không tính vào tỷ lệ.",
		"The denominator is every required site of the register as it is now; those without an access point, down or unknown are not covered. Sites that work partly stand beside it and are not counted in.",
	}
	noteWiFiUsers = Words{
		"Người dùng là số thiết bị khác nhau trong tháng, ước tính không lưu danh tính; cận dưới và cận trên là khoảng tin cậy 95 %. “Không chắc” nghĩa là mục tiêu nằm trong khoảng đó.",
		"Users are different devices of the month, estimated without identities; low and high are the bounds of 95 %. “Uncertain” means that the goal lies between them.",
	}
	noteWiFiMethod = Words{"Cách kết luận và cách tính: docs/WIFI.md.", "How verdicts and numbers are made: docs/WIFI.md."}
)

// Document makes the report. Its rows are put in order: sites worst first.
func (w *WiFi) Document() *Document {
	work, workNote := Term("unknown", Words{"không rõ", "unknown"}), noteWiFiWorkUnknown
	if w.WorkKnown {
		work, workNote = Int(w.Work), noteWiFiWork
	}
	d := &Document{
		Name: "wifi", Title: Words{"Báo cáo Wi-Fi công cộng", "Public Wi-Fi report"}, Day: w.To, Main: "months",
		Facts: append(w.facts(),
			Fact{"access_points", Words{"Điểm phát đã đăng ký", "Access points registered"}, Int(w.AccessPoints)},
			Fact{"access_points_heard", Words{"trong đó có tín hiệu trong kỳ", "of them heard in the period"}, Int(w.Heard)},
			Fact{"late", Words{"Bản tin đến muộn, không tính vào tình trạng", "Late readings, which say nothing of service"}, Int(w.Late)},
			Fact{"availability_floor", Words{"Mức sàn độ sẵn sàng", "Floor of availability"}, Share(w.Floor)},
			Fact{"availability_goal", Words{"Mục tiêu độ sẵn sàng", "Goal of availability"}, Share(w.Goal)},
			Fact{"users_goal", Words{"Mục tiêu tỷ lệ người dùng", "Goal of users"}, Share(w.UsersGoal)},
			Fact{"sketches_taken", Words{"Bản đếm người dùng đã nhận", "Sketches of users taken"}, Int(w.SketchesTaken)},
			Fact{"sketches_refused", Words{"Bản đếm người dùng bị từ chối", "Sketches of users refused"}, Int(w.SketchesRefused)},
			Fact{"maintenance", Words{"Đợt bảo trì đã báo trước trong kỳ", "Announced works in the period"}, work},
		),
		Notes: []Words{noteWiFiRequired, noteWiFiUnknown, workNote, noteWiFiUsers, noteWiFiMethod},
	}
	d.Tables = []Table{wifiMonthTable(w.Months, w), wifiUserTable(w.Users, w), wifiSiteTable(w.Sites, w)}
	return d
}

// Words of columns that several tables of this report have.
var (
	wordAvailability = Words{"Độ sẵn sàng", "Availability"}
	wordKnown        = Words{"Phần thời gian biết rõ", "Known"}
	levelColumns     = []Column{
		{"level_coverage", Words{"Phủ sóng", "Coverage"}, everyone}, {"level_throughput", Words{"Tốc độ ≥ 30 Mbit/s", "Speed ≥ 30 Mbit/s"}, everyone},
		{"level_connect", Words{"Kết nối được", "Connect"}, everyone}, {"level_capacity", Words{"Không quá tải", "Capacity"}, everyone},
	}
	hourColumns = []Column{
		{"working_h", Words{"Giờ hoạt động", "Working (h)"}, machines}, {"partly_h", Words{"Giờ hoạt động một phần", "Partly (h)"}, machines},
		{"down_h", Words{"Giờ hỏng", "Down (h)"}, everyone}, {"unknown_h", Words{"Giờ không rõ", "Unknown (h)"}, everyone},
		{"maintenance_h", Words{"Giờ bảo trì", "Maintenance (h)"}, everyone},
	}
)

func (l *WiFiLevels) values() []Value {
	return []Value{Share(l.Coverage), Share(l.Throughput), Share(l.Connect), Share(l.Capacity)}
}

func (h *WiFiHours) values() []Value {
	return []Value{Number(h.Working, 1), Number(h.Partly, 1), Number(h.Down, 1), Number(h.Unknown, 1), Number(h.Maintenance, 1)}
}

func wifiMonthTable(rows []WiFiMonth, w *WiFi) Table {
	t := Table{Key: "months", Title: Words{"Theo tháng, địa bàn và loại địa điểm", "By month, area and category"}, Columns: slices.Concat([]Column{
		{"month", wordMonth, everyone}, {"area", wordArea, everyone}, {"category", wordCategory, everyone},
		{"required", Words{"Bắt buộc", "Required"}, everyone}, {"working", Words{"hoạt động cuối kỳ", "working at the end"}, everyone},
		{"partly", Words{"một phần", "partly"}, everyone}, {"down", Words{"hỏng", "down"}, everyone}, {"unknown", Words{"không rõ", "unknown"}, everyone},
		{"not_covered", Words{"chưa có điểm phát", "not covered"}, everyone}, {"covered_share", Words{"Tỷ lệ đạt (mục tiêu 100 %)", "Share (goal 100 %)"}, everyone},
		{"sites", Words{"Địa điểm đã đo", "Sites measured"}, everyone}, {"availability", wordAvailability, everyone}, {"known", wordKnown, everyone},
		{"sites_at_floor", Words{"đạt mức sàn", "at the floor"}, everyone}, {"sites_at_goal", Words{"đạt mục tiêu", "at the goal"}, everyone},
	}, hourColumns, []Column{{"user_h", Words{"Giờ người dùng", "User hours"}, everyone}}, levelColumns)}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b WiFiMonth) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), byPlace(a.Place, b.Place), cmp.Compare(a.Category, b.Category))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{Class: w.class(r.Availability), Values: slices.Concat([]Value{
			Text(r.Month), areaOrAll(r.Place), category(r.Category),
			Int(r.Required), Int(r.Working), Int(r.Partly), Int(r.Down), Int(r.Unknown), Int(r.NotCovered),
			If(r.Required > 0, Share(float64(r.Working)/float64(max(r.Required, 1)))),
			Int(r.Sites), Share(r.Availability), Share(r.Known), Int(r.AtFloor), Int(r.AtGoal),
		}, r.Hours.values(), []Value{Number(r.UserHours, 0)}, r.Levels.values())})
	}
	return t
}

// class is the colour of an availability: reached the goal, below the floor, in between.
func (w *WiFi) class(availability float64) string {
	switch {
	case math.IsNaN(availability):
		return "unproven"
	case availability >= w.Goal:
		return "covered"
	case availability < w.Floor:
		return "gap"
	}
	return ""
}

func wifiUserTable(rows []WiFiUsers, w *WiFi) Table {
	t := Table{Key: "users", Title: Words{"Người dùng theo tháng và địa bàn", "Users by month and area"}, Columns: []Column{
		{"month", wordMonth, everyone}, {"area", wordArea, everyone},
		{"users", Words{"Người dùng (ước tính)", "Users (estimate)"}, everyone}, {"users_low", Words{"cận dưới", "low"}, everyone}, {"users_high", Words{"cận trên", "high"}, everyone},
		{"residents", Words{"Dân số", "Residents"}, everyone}, {"visitors", Words{"Khách trong tháng", "Visitors a month"}, everyone},
		{"share", Words{"Tỷ lệ sử dụng", "Share"}, everyone}, {"share_low", Words{"cận dưới", "low"}, everyone}, {"share_high", Words{"cận trên", "high"}, everyone},
		{"goal_reached", Words{"Đạt mục tiêu", "Goal reached"}, everyone},
	}}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b WiFiUsers) int { return cmp.Or(cmp.Compare(a.Month, b.Month), byPlace(a.Place, b.Place)) })
	for i := range rows {
		r := &rows[i]
		reached := Term("uncertain", Words{"không chắc", "uncertain"})
		switch {
		case math.IsNaN(r.Share):
			reached = Value{}
		case r.ShareLow >= w.UsersGoal:
			reached = YesNo(true)
		case r.ShareUpper < w.UsersGoal:
			reached = YesNo(false)
		}
		t.Rows = append(t.Rows, Row{Values: []Value{
			Text(r.Month), areaOrAll(r.Place), Int(r.Users), Int(r.Low), Int(r.High),
			If(r.Residents > 0, Int(r.Residents)), If(r.Visitors > 0, Int(r.Visitors)), Share(r.Share), Share(r.ShareLow), Share(r.ShareUpper), reached,
		}})
	}
	return t
}

func wifiSiteTable(rows []WiFiSite, w *WiFi) Table {
	t := Table{Key: "sites", Title: Words{"Địa điểm trong cả kỳ, kém nhất trước", "Sites in the whole period, the worst first"}, Columns: slices.Concat([]Column{
		{"site", Words{"Mã", "Id"}, everyone}, {"name", Words{"Tên", "Name"}, everyone}, {"category", wordCategory, everyone}, {"area", wordArea, everyone},
		{"required", Words{"Bắt buộc", "Required"}, everyone}, {"access_points", Words{"Điểm phát", "Access points"}, everyone},
		{"verdict", Words{"Tình trạng cuối kỳ", "At the end"}, everyone},
		{"availability", wordAvailability, everyone}, {"known", wordKnown, everyone}, {"months_below_floor", Words{"Số tháng dưới mức sàn", "Months below the floor"}, everyone},
		{"reason", Words{"Lý do chính", "Main reason"}, everyone}, {"reason_h", Words{"Giờ vì lý do đó", "Hours for it"}, everyone},
	}, hourColumns, levelColumns)}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b WiFiSite) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Availability, b.Availability), cmp.Compare(b.Hours.Partly, a.Hours.Partly), cmp.Compare(a.ID, b.ID))
	})
	for i := range rows {
		r := &rows[i]
		class := w.class(r.Availability)
		if r.rank() == 0 {
			class = "dead"
		}
		t.Rows = append(t.Rows, Row{Class: class, At: r.At, Values: slices.Concat([]Value{
			Text(r.ID), Text(r.Name), category(r.Category), place(r.Place), YesNo(r.Required), Int(r.Points), named(r.Verdict, r.VerdictText),
			Share(r.Availability), Share(r.Known), Int(r.MonthsBelow), named(r.Reason, r.ReasonText), If(r.Reason != "", Number(r.ReasonHours, 1)),
		}, r.Hours.values(), r.Levels.values())})
	}
	return t
}

// rank orders sites: those that were promised and have nothing, those that were measured,
// those of which nothing is known.
func (s *WiFiSite) rank() int {
	switch {
	case s.Points == 0:
		return 0
	case math.IsNaN(s.Availability):
		return 2
	}
	return 1
}
