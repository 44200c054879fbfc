package api

import (
	"context"
	"net/http"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// Environment is what the environment sensors measured, and what is concluded from it.
type Environment interface {
	// Stations are in any order.
	Stations() []Station
	// Station returns all that is known of one. The error may wrap ErrNotFound.
	Station(id telemetry.DeviceID) (StationStory, error)
	// Scale returns what the figures are held against on a day.
	Scale(at time.Time) Scale
}

// A Text is in the two languages of the service.
type Text struct {
	Vi string `json:"vi"`
	En string `json:"en"`
}

// A Station is what is known of an environment sensor now; docs/ENVIRONMENT.md.
type Station struct {
	ID         telemetry.DeviceID `json:"id"`
	Name       string             `json:"name,omitempty"`
	Site       telemetry.SiteID   `json:"site,omitempty"`
	Area       telemetry.AreaCode `json:"area,omitempty"`
	Lat        float64            `json:"lat,omitempty"`
	Lon        float64            `json:"lon,omitempty"`
	Registered bool               `json:"registered"`
	Reference  bool               `json:"reference" doc:"a station under quality control; the index of any other is indicative"`
	LastSeen   time.Time          `json:"last_seen,omitzero"`
	Quantities []string           `json:"quantities" doc:"fields that it has sent"`
	Hour       time.Time          `json:"hour" doc:"begin of the last closed hour, of which the index is"`
	AirIndex
	Facts      map[string]float64 `json:"facts" doc:"what is known and trusted: live values by field, heat_index_c, heat_band, water_alarm, water_rise_m_per_h, rain_1h_mm, rain_24h_mm, limit_ratio, laeq_1h_dba, noise_excess_db, score, completeness"`
	Flags      []string           `json:"flags" doc:"why values are not trusted; see the scale"`
	Suspicions []Suspicion        `json:"suspicions"`
	NoiseZone  string             `json:"noise_zone" enum:"common,special"`
	WaterM     []float64          `json:"water_alarms_m" doc:"levels of alarm I, II and III of the gauge; empty for none"`
}

// An AirIndex is a VN_AQI; without Band there is none.
type AirIndex struct {
	Index int                `json:"index"`
	Band  string             `json:"band,omitempty" enum:"good,moderate,poor,bad,very_bad,hazardous"`
	Main  string             `json:"main,omitempty" enum:"pm25,pm10,no2,so2,co,o3" doc:"the pollutant that makes the index"`
	Subs  map[string]float64 `json:"subs,omitempty" doc:"index by pollutant, not rounded"`
}

// A Suspicion says that a quantity of a station is not used.
type Suspicion struct {
	Quantity string    `json:"quantity"`
	Flag     string    `json:"flag"`
	Since    time.Time `json:"since"`
}

// A StationStory is a station with its last hours and days.
type StationStory struct {
	Station
	Hours []StationHour `json:"hours" doc:"closed hours of the last three days, oldest first; those without readings are not there"`
	Days  []StationDay  `json:"days" doc:"newest first; the first is today so far"`
}

// A StationHour is one closed hour.
type StationHour struct {
	Start time.Time `json:"start"`
	AirIndex
	Was     int                `json:"was,omitempty" doc:"of a corrected index: what was published first; -1: none"`
	Changed time.Time          `json:"changed,omitzero" doc:"when it was corrected"`
	Means   map[string]float64 `json:"means" doc:"by field, where there were enough readings; noise as energy, rain as sum"`
	NowCast map[string]float64 `json:"nowcast" doc:"of dust, by pollutant"`
	Mean24h map[string]float64 `json:"mean_24h" doc:"of dust and gases, by field: of the 24 hours that end with this one, when 18 are there"`
	Flagged map[string]int     `json:"flagged,omitempty" doc:"values with a flag, by field"`
}

// A StationDay is one local day.
type StationDay struct {
	Day string `json:"day" format:"date"`
	AirIndex
	Exceeded  []Exceedance `json:"exceeded"`
	DayDBA    *float64     `json:"day_dba,omitempty" doc:"LAeq from 6 to 21 h"`
	NightDBA  *float64     `json:"night_dba,omitempty"`
	RainMm    float64      `json:"rain_mm"`
	DustHours int          `json:"dust_hours" doc:"hours with enough readings of PM2.5"`
}

// An Exceedance says how often a limit was exceeded on a day.
type Exceedance struct {
	AirLimit
	Highest float64   `json:"highest_ugm3"`
	At      time.Time `json:"at" doc:"end of the highest mean"`
	Times   int       `json:"times"`
}

// An AirLimit is a concentration that a mean shall not exceed.
type AirLimit struct {
	Pollutant string  `json:"pollutant" enum:"pm25,pm10,no2,so2,co,o3"`
	Period    string  `json:"period" enum:"1h,8h,24h,1y"`
	Ugm3      float64 `json:"limit_ugm3"`
	Basis     string  `json:"basis"`
}

// A Scale is what figures are held against, with its words.
type Scale struct {
	Bands      []AirBand       `json:"bands" doc:"from the best"`
	Heat       []Text          `json:"heat" doc:"by heat_band"`
	Water      []Text          `json:"water" doc:"by water_alarm"`
	Limits     []AirLimit      `json:"limits"`
	Noise      []NoiseLimit    `json:"noise"`
	Flags      map[string]Text `json:"flags"`
	Indicative Text            `json:"indicative" doc:"mark of an index that is not of a reference station"`
}

// An AirBand is a class of the index.
type AirBand struct {
	Band     string `json:"band" enum:"good,moderate,poor,bad,very_bad,hazardous"`
	UpTo     int    `json:"up_to"`
	Color    string `json:"color" doc:"as Decision 1459 wants it, #RRGGBB"`
	Name     Text   `json:"name"`
	Everyone Text   `json:"everyone"`
	AtRisk   Text   `json:"at_risk"`
}

// A NoiseLimit is the highest LAeq in a zone, from one hour of the day to before another.
type NoiseLimit struct {
	Zone     string  `json:"zone" enum:"common,special"`
	FromHour int     `json:"from_hour"`
	ToHour   int     `json:"to_hour"`
	DBA      float64 `json:"dba"`
	Basis    string  `json:"basis"`
	Replaced bool    `json:"replaced" doc:"a newer rule is in force whose figures are not known: only a yardstick"`
}

func (s *server) registerEnvironment() {
	const tag = "environment"
	handle(s, http.MethodGet, "/environment/scale", "get-scale", tag, "Bands with their advice, limits, and the words for flags", access.Read, func(context.Context, *struct{}) (*answer[Scale], error) {
		return said(s.Environment.Scale(s.Now())), nil
	})
	handle(s, http.MethodGet, "/environment/stations", "list-stations", tag, "Environment sensors: index, values, flags", access.Read, func(ctx context.Context, in *struct {
		Paging
		AreaFilter
	}) (*answer[Page[Station]], error) {
		var list []Station
		i := access.From(ctx)
		for _, x := range s.Environment.Stations() {
			if s.sees(&i, x.Area) && s.within(x.Area, in.Area) {
				list = append(list, x)
			}
		}
		return said(pageOf(in.Paging, list, func(x *Station) string { return string(x.ID) })), nil
	})
	handle(s, http.MethodGet, "/environment/stations/{device}", "get-station", tag, "A sensor with its last hours and days", access.Read, func(ctx context.Context, in *struct {
		Device telemetry.DeviceID `path:"device" maxLength:"64"`
	}) (*answer[StationStory], error) {
		x, err := s.Environment.Station(in.Device)
		if err != nil {
			return nil, err
		}
		if !s.covers(ctx, x.Area) {
			return nil, outside("environment sensor", string(in.Device))
		}
		return said(x), nil
	})
}
