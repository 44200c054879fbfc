package main

import (
	"maps"
	"slices"
	"time"

	"phusong/alerts/airquality"
	"phusong/alerts/environment"
	"phusong/dashboards/reports"
	"phusong/telemetry"
)

type reportEnvironmentCmd struct {
	periodFlags
}

const (
	// environmentWarmUp is how long before the period the readings are shown already: all
	// that the book looks back on.
	environmentWarmUp = environment.Window
	// A day is read when what came after it has had its say in it: excursions and
	// repetitions at midnight. How complete it was is known when its last hour is closed.
	dayReadAfter      = 12 * time.Hour
	dayCompletedAfter = 30 * time.Minute
)

// Run writes the report.
func (c *reportEnvironmentCmd) Run(p *process) error {
	q, err := c.prepare(p, time.Now())
	if err != nil {
		return err
	}
	e, err := newEnvironmentPeriod(q)
	if err != nil {
		return err
	}
	if e.readings, err = e.playback().play(p, q); err != nil {
		return err
	}
	return c.flags().write(p, e.report().Document())
}

// An environmentPeriod is the environment in a period, as a book of its own judges it. Beside
// that book, which looks back three days, it holds sums of each sensor.
type environmentPeriod struct {
	q         *inquiry
	from, to  time.Time
	book      *environment.Book
	noise     airquality.NoiseLimits
	sensors   map[telemetry.DeviceID]*sensorPeriod
	strangers map[telemetry.DeviceID]bool // heard, and not registered
	counting  bool                        // the period has begun, and has not ended
	readings  int
	late      int
}

func newEnvironmentPeriod(q *inquiry) (*environmentPeriod, error) {
	e := &environmentPeriod{
		q: q, from: q.begin(q.from), to: q.begin(q.to + 1), noise: airquality.DefaultNoiseLimits(),
		sensors: make(map[telemetry.DeviceID]*sensorPeriod), strangers: make(map[telemetry.DeviceID]bool),
	}
	stations := inventoryOf(q.register).Stations
	for i := range stations {
		if s := &stations[i]; q.inArea(s.Area) {
			e.sensors[s.Device] = newSensorPeriod(s)
		}
	}
	var err error
	e.book, err = environment.New(environment.Options{Stations: stations, Noise: e.noise})
	return e, err
}

func (e *environmentPeriod) playback() *playback {
	b := &playback{
		kinds: []telemetry.Kind{telemetry.KindEnvironment, telemetry.KindStatus},
		from:  e.from, to: e.to, warmUp: environmentWarmUp, tick: time.Minute, show: e.show,
		due: []deed{{e.from, e.begin}},
	}
	for d := e.q.from; d <= e.q.to; d++ {
		start, end := e.q.begin(d), e.q.begin(d+1)
		if d == e.q.to {
			b.due = append(b.due, deed{end, e.end})
		}
		b.due = append(b.due, deed{end.Add(dayCompletedAfter), e.completed}, deed{end.Add(dayReadAfter), func() { e.readDay(start) }})
	}
	return b
}

// show lets a late reading count at its own time: here nothing is late, since all are
// shown in the order in which they were made.
func (e *environmentPeriod) show(at time.Time, readings []telemetry.Reading) {
	for i := range readings {
		r := &readings[i]
		if !r.Flags.Has(telemetry.FlagLate) {
			continue
		}
		r.Flags &^= telemetry.FlagLate
		if e.counting && r.Kind == telemetry.KindEnvironment && e.sensors[r.Device] != nil {
			e.late++
		}
	}
	e.book.Observe(at, readings)
	if !e.counting {
		return
	}
	const water = 1<<environment.FactWaterLevel | 1<<environment.FactWaterAlarm | 1<<environment.FactWaterRise | 1<<environment.FactFastRise
	for _, c := range e.book.Changes() {
		if s := e.sensors[c.Device]; s != nil && c.Mask&water != 0 {
			s.water.look(at, e.book.Facts(c.Device))
		}
	}
}

func (e *environmentPeriod) begin() {
	e.counting = true
	for id, s := range e.sensors {
		s.water.look(e.from, e.book.Facts(id))
	}
}

func (e *environmentPeriod) end() {
	e.counting = false
	for _, s := range e.sensors {
		s.water.look(e.to, environment.Facts{})
	}
}

// completed notes how complete the day was that has ended.
func (e *environmentPeriod) completed() {
	for _, status := range e.book.Stations() {
		s := e.sensors[status.Device]
		switch {
		case !status.Registered:
			e.strangers[status.Device] = true
		case s != nil && status.Quality.Known:
			s.completeness += status.Quality.Completeness
			s.score += status.Quality.Score
			s.judged++
		}
	}
}

// readDay takes what a day came to.
func (e *environmentPeriod) readDay(start time.Time) {
	for id, s := range e.sensors {
		day, heard := e.book.Day(id, start)
		if !heard {
			continue
		}
		s.addDay(&day)
		for _, h := range e.book.Hours(id, start, start.AddDate(0, 0, 1)) {
			s.addHour(&h, e.noise)
		}
	}
}

// report writes down what was added up.
func (e *environmentPeriod) report() *reports.Environment {
	r := &reports.Environment{Period: e.q.period(), Stations: len(e.sensors), Unregistered: len(e.strangers), Late: e.late}
	r.Readings = e.readings
	for _, b := range airquality.Bands() {
		r.AirBands = append(r.AirBands, nameOf(b.String(), b.Name()))
	}
	for b := airquality.NoHeat; b <= airquality.HeatExtremeDanger; b++ {
		r.HeatBands = append(r.HeatBands, nameOf(b.String(), b.Name()))
	}
	areas := make(map[telemetry.AreaCode]*areaSum)
	for _, id := range slices.Sorted(maps.Keys(e.sensors)) { // sums of an area depend on the order
		s := e.sensors[id]
		s.write(e, r)
		for _, code := range e.scopes(s.Area) {
			if areas[code] == nil {
				areas[code] = newAreaSum()
			}
			areas[code].add(s)
		}
	}
	for code, sum := range areas {
		r.Areas = append(r.Areas, sum.row(e.q.place(code)))
	}
	return r
}

// scopes are the areas that a sensor of an area counts in, of those asked for.
func (e *environmentPeriod) scopes(code telemetry.AreaCode) (list []telemetry.AreaCode) {
	codes := []telemetry.AreaCode{"", code}
	if a, ok := e.q.register.Area(code); ok && a.Parent != "" {
		codes = append(codes, a.Parent)
	}
	for i, c := range codes {
		if e.q.wantsArea(c) && (i == 0 || c != "") {
			list = append(list, c)
		}
	}
	return list
}

func nameOf(key string, t airquality.Text) reports.Name {
	return reports.Name{Key: key, Text: reports.Words{Vi: t.Vietnamese, En: t.English}}
}

// instantText is a local time for people.
func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(airquality.Zone()).Format("2006-01-02 15:04")
}
