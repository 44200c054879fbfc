package wifi

import (
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"phusong/telemetry"
)

// A Refusal says why a sketch was not taken.
type Refusal uint8

// The refusals.
const (
	WrongMonth     Refusal = iota // neither this month nor the last
	WrongSalt                     // another salt than the month's
	WrongPrecision                // another precision than ours
	Damaged                       // not a HyperLogLog sketch
	Implausible                   // more users than one device could have had
	refusals
)

var refusalNames = [refusals]string{"month", "salt", "precision", "damaged", "implausible"}

// String returns the name for labels and tables.
func (r Refusal) String() string { return name(refusalNames[:], int(r)) }

// Refusals returns every reason for refusing a sketch, in a fixed order.
func Refusals() []Refusal {
	return []Refusal{WrongMonth, WrongSalt, WrongPrecision, Damaged, Implausible}
}

// mostUsers is how many users one device, which may be a controller of many access
// points, may claim for a month: a union cannot be undone.
const mostUsers = 1_000_000

// crowds are the unions of sketches: of this month and the last as sketches, since
// late ones may come, and of the months before as numbers. It is bounded by the
// number of areas.
type crowds struct {
	unions  map[crowdKey]*union
	counted map[crowdKey]uint64
	salts   map[Month]string // the one that counts
	taken   uint64
	refused [refusals]uint64

	precision uint8
}

type crowdKey struct {
	month Month
	area  telemetry.AreaCode // "" for everything
}

// union is a sketch with its estimate, which is costly. The sketch is dense from
// the beginning: then the same users give the same bytes, in whichever order and
// however often their sketches came.
type union struct {
	sketch   *hyperloglog.Sketch
	estimate uint64
	stale    bool
}

func (u *union) users() uint64 {
	if u.stale {
		u.estimate, u.stale = u.sketch.Estimate(), false
	}
	return u.estimate
}

func newCrowds(o *Options) crowds {
	return crowds{precision: uint8(o.Precision), unions: make(map[crowdKey]*union), counted: make(map[crowdKey]uint64), salts: make(map[Month]string)}
}

// check reads a sketch and decides whether it may be united with the others. The
// text is bounded by its field, and what is made of it by its precision.
func (c *crowds) check(o *Options, present Month, text string) (Month, *hyperloglog.Sketch, Refusal, bool) {
	parsed, err := telemetry.ParseUsersSketch(text)
	if err != nil {
		return 0, nil, Damaged, false
	}
	month, err := ParseMonth(parsed.Month)
	if err != nil || (month != present && month != present-1) {
		return 0, nil, WrongMonth, false
	}
	if parsed.Precision() != o.Precision {
		return 0, nil, WrongPrecision, false
	}
	salt := c.salts[month]
	if o.Salt != nil {
		if name := o.Salt(month); name != "" {
			salt = name
		}
	}
	if salt != "" && salt != parsed.Salt {
		return 0, nil, WrongSalt, false
	}
	sketch := new(hyperloglog.Sketch)
	if err := sketch.UnmarshalBinary(parsed.Sketch); err != nil {
		return 0, nil, Damaged, false
	}
	if sketch.Estimate() > mostUsers {
		return 0, nil, Implausible, false
	}
	c.salts[month] = parsed.Salt // only what could be read decides on the month's salt
	return month, sketch, 0, true
}

// unite enters a sketch for the areas. Doing it twice changes nothing.
func (c *crowds) unite(month Month, sketch *hyperloglog.Sketch, areas ...telemetry.AreaCode) {
	c.taken++
	for _, area := range areas {
		u := c.unions[crowdKey{month, area}]
		if u == nil {
			dense, err := hyperloglog.NewSketch(c.precision, false)
			if err != nil {
				return // the precision was checked
			}
			u = &union{sketch: dense}
			c.unions[crowdKey{month, area}] = u
		}
		// The precision was checked; nothing else can fail.
		if err := u.sketch.Merge(sketch); err == nil {
			u.stale = true
		}
	}
}

// turn begins the month: what is older than the last becomes a number, and what is
// older than a year is forgotten.
func (c *crowds) turn(present Month) {
	for key, u := range c.unions {
		if key.month < present-1 {
			c.counted[key] = u.users()
			delete(c.unions, key)
		}
	}
	for key := range c.counted {
		if key.month < present-keptMonths {
			delete(c.counted, key)
		}
	}
	for month := range c.salts {
		if month < present-1 {
			delete(c.salts, month)
		}
	}
}

func (c *crowds) users(month Month, area telemetry.AreaCode) (uint64, bool) {
	if u, ok := c.unions[crowdKey{month, area}]; ok {
		return u.users(), true
	}
	n, ok := c.counted[crowdKey{month, area}]
	return n, ok
}

// takeSketch unites the sketch of a reading with those of its areas. What is
// repeated is not read again.
func (b *Book) takeSketch(a *accessPoint, text string) {
	fingerprint := fnv64(text)
	if fingerprint == a.Sketch {
		return
	}
	month, sketch, refusal, ok := b.crowds.check(&b.options, b.month, text)
	if !ok {
		b.crowds.refused[refusal]++
		return
	}
	a.Sketch = fingerprint
	areas := []telemetry.AreaCode{""}
	if a.area != "" {
		areas = append(areas, a.area)
	}
	if parent := b.areas[a.area].parent; parent != "" {
		areas = append(areas, parent)
	}
	b.crowds.unite(month, sketch, areas...)
}

// fnv64 is FNV-1a, the same in every process.
func fnv64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Usage is how many people used the Wi-Fi of an area in a month, against how many
// could have. Users are devices: a person with two counts twice, and so does one
// whose telephone changes its address within the month.
type Usage struct {
	Month Month
	Area  telemetry.AreaCode // "" for everything
	// Users is the estimate. With a probability of 95 % the true number of different
	// devices is from Low to High.
	Users, Low, High uint64
	// Error is the relative standard error, 1.04/√2^precision.
	Error float64
	// Residents and Visitors are what the share is taken of; 0 when unknown.
	Residents, Visitors int
}

// Share returns the users of residents and visitors, with the bounds of the
// estimate. It is false when the number of residents is unknown.
func (u Usage) Share() (share, low, high float64, known bool) {
	people := float64(u.Residents + u.Visitors)
	if u.Residents <= 0 {
		return 0, 0, 0, false
	}
	return float64(u.Users) / people, float64(u.Low) / people, float64(u.High) / people, true
}

// z95 is how many standard errors hold 95 % of a normal distribution.
const z95 = 1.959964

// Usage returns the users of each area in the month, by area code, everything
// first. Areas without a sketch are left out.
func (b *Book) Usage(month Month) []Usage {
	b.mu.Lock() // estimates are kept
	defer b.mu.Unlock()
	relative := 1.04 / math.Sqrt(float64(int(1)<<b.options.Precision))
	var list []Usage
	for _, area := range b.crowdAreas(month) {
		n, ok := b.crowds.users(month, area)
		if !ok {
			continue
		}
		u := Usage{Month: month, Area: area, Users: n, Error: relative}
		spread := z95 * relative * float64(n)
		u.Low, u.High = uint64(max(0, math.Floor(float64(n)-spread))), uint64(math.Ceil(float64(n)+spread))
		u.Residents, u.Visitors = b.residents(area), b.visitors(area)
		list = append(list, u)
	}
	return list
}

func (b *Book) crowdAreas(month Month) []telemetry.AreaCode {
	var list []telemetry.AreaCode
	for key := range b.crowds.unions {
		if key.month == month {
			list = append(list, key.area)
		}
	}
	for key := range b.crowds.counted {
		if key.month == month {
			list = append(list, key.area)
		}
	}
	slices.Sort(list)
	return list
}
