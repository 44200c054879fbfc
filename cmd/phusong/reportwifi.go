package main

import (
	"math"
	"slices"
	"time"

	"phusong/alerts"
	"phusong/alerts/wifi"
	"phusong/dashboards"
	"phusong/dashboards/reports"
	"phusong/telemetry"
)

type reportWiFiCmd struct {
	periodFlags
	Late bool `help:"Count readings that came late as if they had come in time: of a store that was filled in afterwards."`
}

// wiFiWarmUp is how long before the period the readings are shown already: who has been
// silent since then is silent when the period begins.
const wiFiWarmUp = 7 * 24 * time.Hour

// Run writes the report.
func (c *reportWiFiCmd) Run(p *process) error {
	q, err := c.prepare(p, time.Now())
	if err != nil {
		return err
	}
	w, err := newWiFiPeriod(q, askPastWork(p, &q.config, q.register), c.Late)
	if err != nil {
		return err
	}
	if w.report.Readings, err = w.playback().play(p, q); err != nil {
		return err
	}
	w.finish()
	return c.flags().write(p, w.report.Document())
}

// A wiFiPeriod is the public Wi-Fi in a period, judged by the engine and the book that
// the service judges it with. What it holds is bounded by sites, areas and months.
type wiFiPeriod struct {
	q        *inquiry
	late     bool // late readings count
	from, to time.Time
	engine   *alerts.Engine
	book     *wifi.Book
	report   *reports.WiFi
	sites    map[telemetry.SiteID]*wiFiSite
	heard    map[telemetry.DeviceID]bool // the registered access points, and whether they were
	counting bool                        // the period has begun
}

// A wiFiSite is what is added up of one site over the period.
type wiFiSite struct {
	state  wiFiState // now, and since when
	since  time.Time
	lasted map[wiFiState]time.Duration
	times  wifi.Times
	levels [4]wifi.ServiceLevel
	below  int
}

// A wiFiState is a verdict and its reason.
type wiFiState struct {
	verdict wifi.Verdict
	reason  wifi.Reason
}

// newWiFiPeriod begins with nothing heard. Work may be nil: then it is not known.
func newWiFiPeriod(q *inquiry, work *pastWork, late bool) (*wiFiPeriod, error) {
	w := &wiFiPeriod{
		q: q, late: late, from: q.begin(q.from), to: q.begin(q.to + 1),
		sites: make(map[telemetry.SiteID]*wiFiSite), heard: make(map[telemetry.DeviceID]bool),
	}
	w.report = &reports.WiFi{Period: q.period(), Floor: dashboards.WiFiAvailabilityFloor, Goal: dashboards.WiFiAvailabilityGoal, UsersGoal: dashboards.WiFiUsersGoal}
	inventory := inventoryOf(q.register)
	for i := range inventory.Devices {
		if d := &inventory.Devices[i]; d.Kind == telemetry.KindWiFi && !d.Retired && q.inArea(d.Area) {
			w.heard[d.ID] = false
		}
	}
	var err error
	if w.book, err = wifi.New(wifi.Options{AvailabilityFloor: w.report.Floor, AvailabilityGoal: w.report.Goal, Judged: w.judged}); err != nil {
		return nil, err
	}
	options := alerts.Options{Inventory: inventory, WiFi: w.book}
	if work != nil {
		options.Desk = work
		w.report.WorkKnown, w.report.Work = true, work.in(q, w.from, w.to)
	}
	w.engine, err = alerts.New(options)
	return w, err
}

func (w *wiFiPeriod) playback() *playback {
	b := &playback{
		kinds: telemetry.Kinds(), // who else speaks says whether our own pipeline was down
		from:  w.from, to: w.to, warmUp: wiFiWarmUp, tick: 10 * time.Second, show: w.show,
		due: []deed{{w.from, w.begin}},
	}
	for month := wifi.MonthOf(w.from); month.Start().Before(w.to); month++ {
		end := month.End()
		if end.After(w.to) {
			end = w.to
		}
		b.due = append(b.due, deed{end, func() { w.endMonth(month) }})
	}
	return b
}

func (w *wiFiPeriod) show(at time.Time, readings []telemetry.Reading) {
	for i := range readings {
		r := &readings[i]
		heard, ours := w.heard[r.Device]
		if w.counting && ours && !heard {
			w.heard[r.Device] = true
		}
		switch {
		case !r.Flags.Has(telemetry.FlagLate):
		case w.late:
			r.Flags &^= telemetry.FlagLate
		case w.counting && ours && r.Kind == telemetry.KindWiFi:
			w.report.Late++
		}
	}
	w.engine.Observe(at, readings)
}

// begin begins the period: all that was added up before is forgotten.
func (w *wiFiPeriod) begin() {
	w.book.Restart(w.from)
	for _, f := range w.book.Sites() {
		if w.q.inArea(f.Area) {
			w.sites[f.Site] = &wiFiSite{state: wiFiState{f.Verdict, f.Reason}, since: w.from, lasted: make(map[wiFiState]time.Duration)}
		}
	}
	w.counting = true
}

// judged is told by the book what became of a site, and from when on.
func (w *wiFiPeriod) judged(site telemetry.SiteID, v wifi.Verdict, r wifi.Reason, from time.Time) {
	if s := w.sites[site]; s != nil {
		s.change(wiFiState{v, r}, from)
	}
}

func (s *wiFiSite) change(to wiFiState, from time.Time) {
	if from.After(s.since) {
		s.lasted[s.state] += from.Sub(s.since)
		s.since = from
	}
	s.state = to
}

// endMonth writes down a month that is over, or the part of it that the period has.
func (w *wiFiPeriod) endMonth(month wifi.Month) {
	rows := make(map[wifi.Scope]*reports.WiFiMonth)
	row := func(scope wifi.Scope) *reports.WiFiMonth {
		r := rows[scope]
		if r == nil {
			nothing := math.NaN()
			r = &reports.WiFiMonth{
				Month: month.String(), Place: w.q.place(scope.Area), Category: scope.Category,
				Availability: nothing, Known: nothing, Levels: levelsOf(nil),
			}
			rows[scope] = r
		}
		return r
	}
	for _, t := range w.book.Targets() {
		if w.q.wantsArea(t.Area) {
			r := row(t.Scope)
			r.Required, r.Working, r.Partly, r.NotCovered = t.Required, t.Working, t.Partly, t.NotCovered
			r.Down, r.Unknown = t.Failed+t.NoService, t.Unknown+t.Maintenance
		}
	}
	for _, a := range w.book.Availability(month) {
		if w.q.wantsArea(a.Area) {
			r := row(a.Scope)
			r.Sites, r.AtFloor, r.AtGoal = a.Sites, a.AtFloor, a.AtGoal
			r.Availability, r.Known = availabilityOf(a.Times)
			r.Hours = hoursOf(a.Times)
			r.UserHours, r.Levels = a.Levels[0].Users/60, levelsOf(a.Levels)
		}
	}
	for _, r := range rows { // the report puts them in order
		w.report.Months = append(w.report.Months, *r)
	}
	for id, s := range w.sites {
		if times, levels, ok := w.book.SiteMonth(id, month); ok {
			s.addMonth(times, levels)
		}
	}
}

func (s *wiFiSite) addMonth(t wifi.Times, levels []wifi.ServiceLevel) {
	s.times.Working += t.Working
	s.times.Partly += t.Partly
	s.times.Failed += t.Failed
	s.times.NoService += t.NoService
	s.times.Unknown += t.Unknown
	s.times.Maintenance += t.Maintenance
	for i := range levels {
		l := &s.levels[i]
		l.Level = levels[i].Level
		l.Users, l.Measured, l.Met = l.Users+levels[i].Users, l.Measured+levels[i].Measured, l.Met+levels[i].Met
	}
	if share, known := t.Availability(); known && share < dashboards.WiFiAvailabilityFloor {
		s.below++
	}
}

// finish writes down what is known at the end.
func (w *wiFiPeriod) finish() {
	r := w.report
	r.AccessPoints = len(w.heard)
	for _, heard := range w.heard {
		if heard {
			r.Heard++
		}
	}
	taken, refused := w.book.Sketches()
	r.SketchesTaken = int(taken)
	for _, n := range refused {
		r.SketchesRefused += int(n)
	}
	// Sketches of a month may come until the next is over.
	for month := wifi.MonthOf(w.from); month.Start().Before(w.to); month++ {
		for _, u := range w.book.Usage(month) {
			if w.q.wantsArea(u.Area) {
				r.Users = append(r.Users, w.usersRow(&u))
			}
		}
	}
	for _, f := range w.book.Sites() {
		if s := w.sites[f.Site]; s != nil {
			s.change(wiFiState{}, w.to)
			r.Sites = append(r.Sites, w.siteRow(&f, s))
		}
	}
}

func (w *wiFiPeriod) usersRow(u *wifi.Usage) reports.WiFiUsers {
	row := reports.WiFiUsers{
		Month: u.Month.String(), Place: w.q.place(u.Area), Users: int(u.Users), Low: int(u.Low), High: int(u.High),
		Residents: u.Residents, Visitors: u.Visitors, Share: math.NaN(), ShareLow: math.NaN(), ShareUpper: math.NaN(),
	}
	if share, low, high, known := u.Share(); known {
		row.Share, row.ShareLow, row.ShareUpper = share, low, high
	}
	return row
}

func (w *wiFiPeriod) siteRow(f *wifi.SiteFacts, s *wiFiSite) reports.WiFiSite {
	site, _ := w.q.register.Site(f.Site)
	row := reports.WiFiSite{
		ID: string(f.Site), Name: f.Name, Category: f.Category, Place: w.q.place(f.Area), At: site.At, Required: f.Required, Points: f.Points,
		Verdict: f.Verdict.String(), VerdictText: reports.Words{Vi: f.Verdict.Vietnamese(), En: f.Verdict.String()},
		MonthsBelow: s.below, Levels: levelsOf(s.levels[:]),
	}
	row.Availability, row.Known = availabilityOf(s.times)
	row.Hours = hoursOf(s.times)
	if worst, long := s.worst(); long > 0 {
		row.Reason, row.ReasonText, row.ReasonHours = worst.String(), reports.Words{Vi: worst.Vietnamese(), En: worst.String()}, long.Hours()
	}
	return row
}

// worthTelling is how long a reason must have held in a whole period to be named.
const worthTelling = 5 * time.Minute

// worst is the reason that left the site without service for the longest time; where it never was,
// the one for which it served badly, and then the one for which nothing is known.
func (s *wiFiSite) worst() (worst wifi.Reason, long time.Duration) {
	for _, verdicts := range [][]wifi.Verdict{{wifi.Failed, wifi.NoService}, {wifi.Partly}, {wifi.Unknown}} {
		reasons := make(map[wifi.Reason]time.Duration)
		for state, d := range s.lasted {
			if slices.Contains(verdicts, state.verdict) {
				reasons[state.reason] += d
			}
		}
		for r, d := range reasons {
			if d > long || d == long && r < worst {
				worst, long = r, d
			}
		}
		if long >= worthTelling {
			break
		}
		worst, long = wifi.NoReason, 0
	}
	return worst, long
}

func availabilityOf(t wifi.Times) (share, known float64) {
	share, measured := t.Availability()
	if !measured {
		share = math.NaN()
	}
	if t == (wifi.Times{}) {
		return share, math.NaN()
	}
	return share, t.Known()
}

func hoursOf(t wifi.Times) reports.WiFiHours {
	return reports.WiFiHours{
		Working: t.Working.Hours(), Partly: t.Partly.Hours(), Down: (t.Failed + t.NoService).Hours(), Unknown: t.Unknown.Hours(),
		Maintenance: t.Maintenance.Hours(),
	}
}

func levelsOf(list []wifi.ServiceLevel) reports.WiFiLevels {
	share := func(l wifi.Level) float64 {
		if i := slices.IndexFunc(list, func(s wifi.ServiceLevel) bool { return s.Level == l }); i >= 0 {
			if v, measured := list[i].Share(); measured {
				return v
			}
		}
		return math.NaN()
	}
	return reports.WiFiLevels{Coverage: share(wifi.Coverage), Throughput: share(wifi.Throughput), Connect: share(wifi.Connect), Capacity: share(wifi.Capacity)}
}

// period says what the inquiry is about.
func (q *inquiry) period() reports.Period {
	p := reports.Period{From: q.from.String(), To: q.to.String()}
	if q.area.Code != "" {
		p.Area = q.place(q.area.Code)
	}
	return p
}

// place names an area as people know it.
func (q *inquiry) place(code telemetry.AreaCode) reports.Place { return placeOf(q.register, code) }

// inArea reports whether a commune or province belongs to the area asked for.
func (q *inquiry) inArea(code telemetry.AreaCode) bool {
	want := q.area.Code
	if want == "" || code == want {
		return true
	}
	a, ok := q.register.Area(code)
	return ok && a.Parent == want
}

// wantsArea is inArea of sums: everything, "", is asked for only with everything.
func (q *inquiry) wantsArea(code telemetry.AreaCode) bool {
	return code == q.area.Code || code != "" && q.inArea(code)
}
