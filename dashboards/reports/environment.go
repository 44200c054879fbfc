package reports

import (
	"cmp"
	"slices"

	"phusong/telemetry"
)

// Environment is what the sensors of air, noise, heat and water said in a period. Names
// of bands, limits and flags come with the numbers: who judges knows them.
type Environment struct {
	Period
	// Stations are registered, Heard of them were heard in the period, and References are
	// under quality control; Unregistered others were heard.
	Stations, Heard, References, Unregistered int
	// Late readings were counted at their own time.
	Late int
	// AirBands are those of the index, HeatBands those of the heat index, from the best.
	AirBands, HeatBands []Name
	Areas               []EnvironmentArea
	Sensors             []EnvironmentSensor
	Limits              []EnvironmentLimit
	Noise               []EnvironmentNoise
	Water               []EnvironmentWater
	Heat                []EnvironmentHeat
	Flags               []EnvironmentFlag
}

// A Name is a word with its key; the zero Name is nothing.
type Name struct {
	Key  string
	Text Words
}

func (t Name) value() Value { return named(t.Key, t.Text) }

// A Sensor says which one a row is about.
type Sensor struct {
	ID    string
	Place Place
	At    telemetry.Point
	// Reference says that its index is VN_AQI proper; that of all others is indicative.
	Reference bool
}

// An EnvironmentArea sums up the sensors of an area; the zero Place is everything.
type EnvironmentArea struct {
	Place                  Place
	Stations, Heard        int
	AirDays                []int // days of sensors with an index, by band
	Main                   Name
	LimitDays              int // days of sensors on which a limit of the air was exceeded
	NoiseHours, NoiseAbove int
	WaterAlarm             Name // the highest that was reached; zero for none
	HeatHours, HeatDanger  int  // hours of sensors, and of danger and above
	Completeness, Score    float64
	IndicativeDays         int // of those with an index
}

// An EnvironmentSensor is how one sensor did. What is not known is NaN.
type EnvironmentSensor struct {
	Sensor
	Days, DaysHeard     int
	AirDays             []int // by band
	Main                Name  // the pollutant that most often made the index
	Worst               int   // the highest daily index; -1 for none
	WorstDay            string
	LimitDays           int
	Completeness, Score float64 // 0 to 1, and 0 to 100
}

// An EnvironmentLimit is a limit that a sensor's means were above.
type EnvironmentLimit struct {
	Sensor
	Pollutant Name
	Period    Name // what the mean is of
	LimitUgm3 float64
	Basis     string
	// Days had a mean above the limit, of which there were Times.
	// A mean of a year has no days.
	Days, Times int
	HighestUgm3 float64
	At          string // local time, when the highest ended
}

// An EnvironmentNoise compares the hours of a sensor with the limit of zone and hour.
type EnvironmentNoise struct {
	Sensor
	Zone, Hours          Name
	LimitDBA             float64
	Basis                string
	Replaced             bool
	HoursMeasured, Above int
	HighestDBA           float64
	At                   string
}

// An EnvironmentWater is a gauge.
type EnvironmentWater struct {
	Sensor
	AlarmsM        [3]float64 // 0 for none
	HighestM       float64
	At             string
	Alarm          Name       // the highest that was reached
	Reached        [3]int     // how often the water rose to each
	HoursAt        [3]float64 // at that level and above
	FastestMPerH   float64    // NaN when unknown
	FastRises      int
	RiseLimitMPerH float64 // 0 for none
}

// An EnvironmentHeat is the heat index of a sensor, by hours of each band.
type EnvironmentHeat struct {
	Sensor
	Hours    int
	ByBand   []int
	HighestC float64
	At       string
}

// An EnvironmentFlag says how often values of a sensor were not trusted.
type EnvironmentFlag struct {
	Sensor
	Quantity      string
	Flag          Name
	Hours, Values int
}

var (
	wordSensor      = Words{"Cảm biến", "Sensor"}
	wordWhen        = Words{"Lúc", "At"}
	wordMain        = Words{"Chất ô nhiễm chính", "Main pollutant"}
	wordMark        = Words{"Loại chỉ số", "Kind of index"}
	wordBasis       = Words{"Căn cứ", "Basis"}
	wordLimitDays   = Words{"Ngày vượt quy chuẩn", "Days above a limit"}
	wordComplete    = Words{"Đủ số liệu", "Completeness"}
	wordScore       = Words{"Điểm chất lượng", "Score"}
	markIndicative  = Term("indicative", Words{"tham khảo", "indicative"})
	markReference   = Term("reference", Words{"VN_AQI", "VN_AQI"})
	noteEnvironment = []Words{
		{
			"Chỉ trạm tự động liên tục có kiểm soát chất lượng mới được công bố VN_AQI; chỉ số của cảm biến khác ghi “tham khảo”.",
			"Only automatic stations under quality control may publish VN_AQI; the index of any other sensor is marked “indicative”.",
		},
		{
			"Bản tin đến muộn được tính đúng thời điểm đo. Giá trị bị đánh dấu không vào trung bình, chỉ số hay so sánh nào, và được nêu trong bảng chất lượng.",
			"Late readings count at the time at which they were made. Flagged values enter no mean, index or comparison, and are in the table of flags.",
		},
		{
			"Giới hạn tiếng ồn là của QCVN 26:2010/BTNMT, đã được QCVN 26:2025/BNNMT thay thế; từ ngày đó chỉ dùng để đối chiếu.",
			"The noise limits are those of QCVN 26:2010/BTNMT, replaced by QCVN 26:2025/BNNMT; from that day on they are a yardstick only.",
		},
		{
			"Ngày và giờ của một địa bàn là cộng của mọi cảm biến, không phải số ngày theo lịch.",
			"The days and hours of an area are those of all its sensors added up, not days of the calendar.",
		},
		{"Cách tính, có ví dụ tính lại bằng tay: docs/ENVIRONMENT.md.", "How it is computed, with an example by hand: docs/ENVIRONMENT.md."},
	}
)

// Document makes the report. Its rows are put in order: the worst first.
func (e *Environment) Document() *Document {
	d := &Document{
		Name: "environment", Title: Words{"Báo cáo môi trường", "Environment report"}, Day: e.To, Main: "areas",
		Facts: append(e.facts(),
			Fact{"stations", Words{"Cảm biến đã đăng ký", "Sensors registered"}, Int(e.Stations)},
			Fact{"stations_heard", Words{"trong đó có số liệu trong kỳ", "of them heard in the period"}, Int(e.Heard)},
			Fact{"references", Words{"trong đó là trạm có kiểm soát chất lượng", "of them under quality control"}, Int(e.References)},
			Fact{"unregistered", Words{"Cảm biến chưa đăng ký (không có trong báo cáo)", "Sensors not registered (not in the report)"}, Int(e.Unregistered)},
			Fact{"late", Words{"Bản tin đến muộn", "Late readings"}, Int(e.Late)},
		),
		Notes: noteEnvironment,
	}
	d.Tables = []Table{e.areaTable(), e.sensorTable(), e.limitTable(), e.noiseTable(), e.waterTable(), e.heatTable(), e.flagTable()}
	return d
}

// sensorColumns say which sensor a row is about.
func sensorColumns(marked bool) []Column {
	list := []Column{{"sensor", wordSensor, everyone}, {"area", wordArea, everyone}}
	if marked {
		list = append(list, Column{"mark", wordMark, everyone})
	}
	return list
}

func (s *Sensor) values(marked bool) []Value {
	list := []Value{Text(s.ID), place(s.Place)}
	switch {
	case marked && s.Reference:
		list = append(list, markReference)
	case marked:
		list = append(list, markIndicative)
	}
	return list
}

func bySensor(a, b *Sensor) int { return cmp.Compare(a.ID, b.ID) }

// bandColumns are one for each band.
func bandColumns(prefix string, bands []Name) []Column {
	list := make([]Column, len(bands))
	for i, b := range bands {
		list[i] = Column{prefix + b.Key, b.Text, everyone}
	}
	return list
}

func ints(list []int) []Value {
	values := make([]Value, len(list))
	for i, n := range list {
		values[i] = Int(n)
	}
	return values
}

func total(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func (e *Environment) areaTable() Table {
	t := Table{Key: "areas", Title: Words{"Theo địa bàn", "By area"}, Columns: slices.Concat([]Column{
		{"area", wordArea, everyone}, {"sensors", Words{"Cảm biến", "Sensors"}, everyone}, {"sensors_heard", Words{"có số liệu", "heard"}, everyone},
		{"aqi_days", Words{"Ngày có chỉ số", "Days with an index"}, everyone}, {"aqi_days_indicative", Words{"tham khảo", "indicative"}, everyone},
	}, bandColumns("aqi_", e.AirBands), []Column{
		{"main_pollutant", wordMain, everyone}, {"limit_days", wordLimitDays, everyone},
		{"noise_h", Words{"Giờ đo ồn", "Noise (h)"}, everyone}, {"noise_h_above", Words{"vượt giới hạn", "above"}, everyone},
		{"water_alarm", Words{"Báo động nước cao nhất", "Highest water alarm"}, everyone},
		{"heat_h", Words{"Giờ đo nóng bức", "Heat (h)"}, everyone}, {"heat_h_danger", Words{"từ nguy hiểm", "danger and above"}, everyone},
		{"completeness", wordComplete, everyone}, {"score", wordScore, everyone},
	})}
	rows := slices.Clone(e.Areas)
	slices.SortStableFunc(rows, func(a, b EnvironmentArea) int { return byPlace(a.Place, b.Place) })
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{Values: slices.Concat([]Value{
			areaOrAll(r.Place), Int(r.Stations), Int(r.Heard), Int(total(r.AirDays)), Int(r.IndicativeDays),
		}, ints(r.AirDays), []Value{
			r.Main.value(), Int(r.LimitDays), Int(r.NoiseHours), Int(r.NoiseAbove), r.WaterAlarm.value(), Int(r.HeatHours), Int(r.HeatDanger),
			Share(r.Completeness), Number(r.Score, 1),
		})})
	}
	return t
}

func (e *Environment) sensorTable() Table {
	t := Table{Key: "sensors", Title: Words{"Không khí theo cảm biến, và chất lượng số liệu", "Air by sensor, and how good its data are"}, Columns: slices.Concat(sensorColumns(true), []Column{
		{"days", Words{"Ngày trong kỳ", "Days"}, machines}, {"days_heard", Words{"Ngày có số liệu", "Days heard"}, everyone}, {"aqi_days", Words{"Ngày có chỉ số", "Days with an index"}, everyone},
	}, bandColumns("aqi_", e.AirBands), []Column{
		{"main_pollutant", wordMain, everyone}, {"worst_aqi", Words{"Chỉ số ngày cao nhất", "Highest daily index"}, everyone}, {"worst_day", Words{"Ngày", "Day"}, everyone},
		{"limit_days", wordLimitDays, everyone}, {"completeness", wordComplete, everyone}, {"score", wordScore, everyone},
	})}
	rows := slices.Clone(e.Sensors)
	slices.SortStableFunc(rows, func(a, b EnvironmentSensor) int {
		return cmp.Or(cmp.Compare(b.Worst, a.Worst), cmp.Compare(b.LimitDays, a.LimitDays), bySensor(&a.Sensor, &b.Sensor))
	})
	for i := range rows {
		r := &rows[i]
		indexed := r.Worst >= 0
		sensor := r.values(true)
		if !indexed {
			sensor[len(sensor)-1] = Value{} // there is no index to be marked
		}
		t.Rows = append(t.Rows, Row{At: r.At, Values: slices.Concat(sensor, []Value{
			Int(r.Days), Int(r.DaysHeard), Int(total(r.AirDays)),
		}, ints(r.AirDays), []Value{
			r.Main.value(), If(indexed, Int(r.Worst)), Text(r.WorstDay), Int(r.LimitDays), Share(r.Completeness), Number(r.Score, 1),
		})})
	}
	return t
}

func (e *Environment) limitTable() Table {
	t := Table{Key: "limits", Title: Words{"Vượt giới hạn không khí (QCVN 05)", "Above limits of the air (QCVN 05)"}, Columns: slices.Concat(sensorColumns(true), []Column{
		{"pollutant", Words{"Chất", "Pollutant"}, everyone}, {"period", Words{"Trung bình của", "Mean over"}, everyone},
		{"limit_ugm3", Words{"Giới hạn (µg/m³)", "Limit (µg/m³)"}, everyone}, {"basis", wordBasis, everyone},
		{"days_above", Words{"Ngày vượt", "Days above"}, everyone}, {"means_above", Words{"Số trung bình vượt", "Means above"}, everyone},
		{"highest_ugm3", Words{"Cao nhất (µg/m³)", "Highest (µg/m³)"}, everyone}, {"at", wordWhen, everyone},
	})}
	rows := slices.Clone(e.Limits)
	slices.SortStableFunc(rows, func(a, b EnvironmentLimit) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(b.Times, a.Times), bySensor(&a.Sensor, &b.Sensor),
			cmp.Compare(a.Pollutant.Key, b.Pollutant.Key), cmp.Compare(a.Period.Key, b.Period.Key), cmp.Compare(a.LimitUgm3, b.LimitUgm3))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{At: r.Sensor.At, Values: append(r.values(true),
			r.Pollutant.value(), r.Period.value(), Number(r.LimitUgm3, 0), Text(r.Basis), If(r.Days > 0, Int(r.Days)), Int(r.Times), Number(r.HighestUgm3, 1), Text(r.At),
		)})
	}
	return t
}

func (e *Environment) noiseTable() Table {
	t := Table{Key: "noise", Title: Words{"Tiếng ồn theo khu vực và khung giờ", "Noise by zone and hours"}, Columns: slices.Concat(sensorColumns(false), []Column{
		{"zone", Words{"Khu vực", "Zone"}, everyone}, {"hours", Words{"Khung giờ", "Hours"}, everyone}, {"limit_dba", Words{"Giới hạn (dBA)", "Limit (dBA)"}, everyone},
		{"basis", wordBasis, everyone}, {"replaced", Words{"Đã bị thay thế", "Replaced"}, everyone},
		{"measured_h", Words{"Giờ đã đo", "Measured (h)"}, everyone}, {"above_h", Words{"Giờ vượt", "Above (h)"}, everyone}, {"above_share", Words{"Tỷ lệ vượt", "Share above"}, everyone},
		{"highest_dba", Words{"LAeq giờ cao nhất (dBA)", "Highest hourly LAeq (dBA)"}, everyone}, {"at", wordWhen, everyone},
	})}
	rows := slices.Clone(e.Noise)
	slices.SortStableFunc(rows, func(a, b EnvironmentNoise) int {
		return cmp.Or(cmp.Compare(b.Above, a.Above), bySensor(&a.Sensor, &b.Sensor), cmp.Compare(a.Hours.Key, b.Hours.Key), cmp.Compare(a.Basis, b.Basis))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{At: r.Sensor.At, Values: append(r.values(false),
			r.Zone.value(), r.Hours.value(), Number(r.LimitDBA, 0), Text(r.Basis), YesNo(r.Replaced), Int(r.HoursMeasured), Int(r.Above),
			Share(float64(r.Above)/float64(max(r.HoursMeasured, 1))), Number(r.HighestDBA, 1), Text(r.At),
		)})
	}
	return t
}

func (e *Environment) waterTable() Table {
	t := Table{Key: "water", Title: Words{"Mực nước và báo động đã chạm", "Water levels, and the alarms they reached"}, Columns: slices.Concat(sensorColumns(false), []Column{
		{"alarm_1_m", Words{"Báo động I (m)", "Alarm I (m)"}, everyone}, {"alarm_2_m", Words{"II (m)", "II (m)"}, everyone}, {"alarm_3_m", Words{"III (m)", "III (m)"}, everyone},
		{"highest_m", Words{"Cao nhất (m)", "Highest (m)"}, everyone}, {"at", wordWhen, everyone}, {"alarm", Words{"Đã chạm", "Reached"}, everyone},
		{"reached_1", Words{"Số lần I", "Times I"}, everyone}, {"reached_2", Words{"II", "II"}, everyone}, {"reached_3", Words{"III", "III"}, everyone},
		{"at_1_h", Words{"Giờ từ I", "Hours from I"}, everyone}, {"at_2_h", Words{"từ II", "from II"}, everyone}, {"at_3_h", Words{"từ III", "from III"}, everyone},
		{"fastest_rise_m_per_h", Words{"Lên nhanh nhất (m/giờ)", "Fastest rise (m/h)"}, everyone}, {"rise_limit_m_per_h", Words{"Ngưỡng (m/giờ)", "Limit (m/h)"}, everyone},
		{"fast_rises", Words{"Số lần vượt ngưỡng", "Times above it"}, everyone},
	})}
	rows := slices.Clone(e.Water)
	slices.SortStableFunc(rows, func(a, b EnvironmentWater) int {
		return cmp.Or(cmp.Compare(b.Alarm.Key, a.Alarm.Key), cmp.Compare(b.HoursAt[0], a.HoursAt[0]), bySensor(&a.Sensor, &b.Sensor))
	})
	for i := range rows {
		r := &rows[i]
		values := r.values(false)
		for _, m := range r.AlarmsM {
			values = append(values, If(m > 0, Number(m, 2)))
		}
		set := r.AlarmsM != [3]float64{}
		values = append(values, Number(r.HighestM, 2), Text(r.At), r.Alarm.value())
		for _, n := range r.Reached {
			values = append(values, If(set, Int(n)))
		}
		for _, h := range r.HoursAt {
			values = append(values, If(set, Number(h, 1)))
		}
		values = append(values, Number(r.FastestMPerH, 2), If(r.RiseLimitMPerH > 0, Number(r.RiseLimitMPerH, 2)), If(r.RiseLimitMPerH > 0, Int(r.FastRises)))
		t.Rows = append(t.Rows, Row{At: r.Sensor.At, Values: values})
	}
	return t
}

func (e *Environment) heatTable() Table {
	t := Table{Key: "heat", Title: Words{"Chỉ số nóng bức, số giờ theo mức", "Heat index, hours by band"}, Columns: slices.Concat(sensorColumns(false), []Column{
		{"measured_h", Words{"Giờ đã đo", "Measured (h)"}, everyone},
	}, bandColumns("heat_", e.HeatBands), []Column{{"highest_c", Words{"Cao nhất (°C)", "Highest (°C)"}, everyone}, {"at", wordWhen, everyone}})}
	rows := slices.Clone(e.Heat)
	slices.SortStableFunc(rows, func(a, b EnvironmentHeat) int {
		return cmp.Or(cmp.Compare(b.HighestC, a.HighestC), bySensor(&a.Sensor, &b.Sensor))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{At: r.Sensor.At, Values: slices.Concat(r.values(false), []Value{Int(r.Hours)}, ints(r.ByBand), []Value{Number(r.HighestC, 1), Text(r.At)})})
	}
	return t
}

func (e *Environment) flagTable() Table {
	t := Table{Key: "flags", Title: Words{"Giá trị không tin được", "Values that are not trusted"}, Columns: slices.Concat(sensorColumns(false), []Column{
		{"quantity", Words{"Đại lượng", "Quantity"}, everyone}, {"flag", Words{"Lý do", "Reason"}, everyone},
		{"hours", Words{"Số giờ", "Hours"}, everyone}, {"values", Words{"Số giá trị", "Values"}, everyone},
	})}
	rows := slices.Clone(e.Flags)
	slices.SortStableFunc(rows, func(a, b EnvironmentFlag) int {
		return cmp.Or(cmp.Compare(b.Hours, a.Hours), cmp.Compare(b.Values, a.Values), bySensor(&a.Sensor, &b.Sensor), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Flag.Key, b.Flag.Key))
	})
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, Row{Values: append(r.values(false), quantity(r.Quantity), r.Flag.value(), Int(r.Hours), Int(r.Values))})
	}
	return t
}

// quantityWords are what people call the quantities of the wire.
var quantityWords = map[string]Words{
	"pm25_ugm3": {"bụi PM2.5", "PM2.5"}, "pm10_ugm3": {"bụi PM10", "PM10"}, "no2_ugm3": {"NO₂", "NO₂"}, "so2_ugm3": {"SO₂", "SO₂"},
	"co_ugm3": {"CO", "CO"}, "o3_ugm3": {"O₃", "O₃"}, "noise_dba": {"tiếng ồn", "noise"}, "temperature_c": {"nhiệt độ", "temperature"},
	"humidity_pct": {"độ ẩm", "humidity"}, "pressure_hpa": {"khí áp", "pressure"}, "rain_mm": {"mưa", "rain"}, "water_level_m": {"mực nước", "water level"},
	"wind_ms": {"gió", "wind"}, "uv_index": {"tia UV", "UV"},
}

func quantity(key string) Value {
	if w, ok := quantityWords[key]; ok {
		return Term(key, w)
	}
	return Text(key)
}
