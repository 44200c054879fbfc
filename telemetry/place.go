package telemetry

import "time"

// A Point is a position on WGS 84, in degrees. The zero Point means "unknown":
// it lies in the Gulf of Guinea and is what receivers without a fix report.
type Point struct {
	Lat, Lon float64
}

// IsZero reports whether the position is unknown.
func (p Point) IsZero() bool { return p == Point{} }

// Validate refuses positions that are not on Earth.
func (p Point) Validate() error {
	if !(p.Lat >= -90 && p.Lat <= 90) {
		return rejectField("lat", "%v is outside -90 to 90", p.Lat)
	}
	if !(p.Lon >= -180 && p.Lon <= 180) {
		return rejectField("lon", "%v is outside -180 to 180", p.Lon)
	}
	return nil
}

// A Ring is a closed line; the first and last points are equal. In a Polygon the
// first ring is the outline and the others are holes.
type Ring []Point

// A Polygon is an outline and its holes.
type Polygon []Ring

// An Area is an administrative unit with its outline, valid for a period:
// units merge, split and change their type, but a code is never reused.
type Area struct {
	Code       AreaCode
	Name       string
	Type       string   // as written in law: "Xã", "Phường", "Tỉnh", …
	Parent     AreaCode // the province of a commune; empty for a province
	Population int      // residents; 0 when unknown
	Visitors   int      // people besides them in a month; 0 when unknown
	SizeKm2    float64  // 0 when unknown
	Center     Point
	Outline    []Polygon
	// Approximate says that Outline was computed and is not the legal boundary.
	Approximate bool
	// ValidFrom and ValidTo bound when the unit exists; zero is open.
	ValidFrom, ValidTo time.Time
}

// A Category says what kind of place a site is.
type Category string

// The categories.
const (
	School      Category = "school"
	Hospital    Category = "hospital"
	Residential Category = "residential"
	Tourism     Category = "tourism"
	Office      Category = "office"
)

// Categories returns every category, in a fixed order.
func Categories() []Category { return []Category{School, Hospital, Residential, Tourism, Office} }

// A Site is a place people go.
type Site struct {
	ID       SiteID
	Name     string
	Category Category
	Area     AreaCode
	At       Point
	// Required says that the province has promised Wi-Fi here.
	Required bool
	Hours    Hours
}

// A Device is an access point, a coverage probe or an environment sensor.
type Device struct {
	ID       DeviceID
	Kind     Kind
	Name     string
	Site     SiteID   // empty for one that roams
	Area     AreaCode // of the site, or given
	At       Point    // of the site unless given; unknown for one that roams
	Interval time.Duration
	Parent   DeviceID // uplink or gateway; empty for none
	Capacity int      // clients that an access point serves well; 0 when unknown
	Model    string
	// Reference says that an environment station is under quality control, so that its
	// index is VN_AQI proper and others are compared with it.
	Reference bool
	// WaterAlarms are the alarm levels I to III of a gauge in metres above its zero, and
	// WaterRise is how fast the water may rise, in m/h; 0 is none.
	WaterAlarms [3]float64
	WaterRise   float64
	// Retired devices are kept for their history and expected to be silent.
	Retired bool
}

// An Operator is a mobile network.
type Operator struct {
	Code OperatorCode
	Name string
	// Active is false for a network that was switched off or merged.
	Active bool
}

// Name returns what people call the network of Việt Nam, and the code itself of any other.
func (c OperatorCode) Name() string {
	for _, o := range Operators() {
		if o.Code == c {
			return o.Name
		}
	}
	return string(c)
}

// Operators returns the mobile networks of Việt Nam (MCC 452), by code. Source:
// the public MCC-MNC lists as of 2025. Gmobile and the virtual operators may
// roam on another network, which is why SIM and serving network are two fields.
func Operators() []Operator {
	return []Operator{
		{Code: "45201", Name: "MobiFone", Active: true},
		{Code: "45202", Name: "VinaPhone", Active: true},
		{Code: "45203", Name: "S-Fone"},
		{Code: "45204", Name: "Viettel", Active: true},
		{Code: "45205", Name: "Vietnamobile", Active: true},
		{Code: "45206", Name: "EVNTelecom"},
		{Code: "45207", Name: "Gmobile", Active: true},
		{Code: "45208", Name: "I-Telecom", Active: true},
		{Code: "45209", Name: "Wintel", Active: true},
	}
}
