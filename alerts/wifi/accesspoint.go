package wifi

import (
	"math"
	"slices"
	"time"

	"phusong/telemetry"
)

// A tri is a yes or no that may not have been said.
type tri uint8

const (
	unsaid tri = iota
	yes
	no
)

func (t *tri) take(o telemetry.Opt[bool]) {
	if v, ok := o.Get(); ok {
		*t = no
		if v {
			*t = yes
		}
	}
}

// accessPoint is one registered access point: what the register says of it, and
// what is known. The latter is what a snapshot keeps.
type accessPoint struct {
	id         telemetry.DeviceID
	site       int32 // its place among the sites, or -1
	area       telemetry.AreaCode
	at         telemetry.Point
	capacity   int64
	interval   int64 // ms
	neighbours []int32
	known
}

// speedTests is how many speed tests are looked at together: one alone may have
// had bad luck.
const speedTests = 3

// known is what is known of an access point. Readings are remembered only while
// it is up: what an absent one said last says nothing of now.
type known struct {
	State   State   `json:"state"`
	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason"`
	Tally   tally   `json:"tally"`

	Seen        int64       `json:"seen"`    // event time of the newest live reading, ms
	Clients     int64       `json:"clients"` // -1 unknown
	Utilization float64     `json:"utilization"`
	Noise       float64     `json:"noise"` // share of clients, or of radios, under a good noise floor; -1 unknown
	WANUp       tri         `json:"wan_up"`
	Portal      tri         `json:"portal"`
	Login       tri         `json:"login"`
	LoginFailed int64       `json:"login_failed"`
	Loss        float64     `json:"loss"`
	LatencyMs   float64     `json:"latency_ms"`
	Lossy       bool        `json:"lossy"`
	Laggy       bool        `json:"laggy"`
	Overloaded  bool        `json:"overloaded"`
	Slow        bool        `json:"slow"`
	Speeds      []speedTest `json:"speeds,omitempty"` // oldest first; its elements never change
	Sketch      uint64      `json:"sketch"`           // hash of the last sketch taken
	Moved       bool        `json:"moved"`
}

type speedTest struct {
	At   int64   `json:"at"`
	Mbps float64 `json:"mbps"`
}

const unknownShare = -1

// forget drops what readings said.
func (k *known) forget() {
	k.Clients, k.Utilization, k.Noise = -1, unknownShare, unknownShare
	k.WANUp, k.Portal, k.Login, k.LoginFailed = unsaid, unsaid, unsaid, 0
	k.Loss, k.LatencyMs, k.Lossy, k.Laggy = unknownShare, -1, false, false
	k.Overloaded, k.Slow, k.Speeds = false, false, nil
}

// take enters a live reading of event time at.
func (a *accessPoint) take(o *Options, r *telemetry.WiFi, at int64) {
	a.Seen = at
	if n, ok := r.Clients.Get(); ok {
		a.Clients = n
	}
	a.takeRadios(o, r.Radios)
	a.WANUp.take(r.WANUp)
	a.Portal.take(r.PortalOK)
	a.Login.take(r.AuthOK)
	a.LoginFailed = r.AuthFailed.Or(0)
	if v, ok := r.WANLoss.Get(); ok {
		a.Loss = v
		a.Lossy = hysteresis(a.Lossy, v, o.LossRaise, o.LossClear)
	}
	if v, ok := r.WANLatencyMs.Get(); ok {
		a.LatencyMs = v
		a.Laggy = hysteresis(a.Laggy, v, milliseconds(o.LatencyRaise), milliseconds(o.LatencyClear))
	}
	a.judgeLoad(o)
	a.takeSpeed(o, r, at)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// hysteresis raises at high, and clears at low.
func hysteresis(raised bool, v, high, low float64) bool {
	if raised {
		return v > low
	}
	return v >= high
}

// takeRadios keeps the air time of the busiest radio, and how many of the clients
// are on radios whose noise floor leaves room for a signal.
func (a *accessPoint) takeRadios(o *Options, radios []telemetry.Radio) {
	if len(radios) == 0 {
		return
	}
	busiest := float64(unknownShare)
	var quiet, judged int64
	for i := range radios {
		r := &radios[i]
		busiest = max(busiest, r.Utilization.Or(unknownShare))
		if noise, ok := r.NoiseDBm.Get(); ok {
			weight := r.Clients.Or(1)
			judged += weight
			if noise <= o.NoiseLimitDBm {
				quiet += weight
			}
		}
	}
	a.Utilization = busiest
	a.Noise = unknownShare
	if judged > 0 {
		a.Noise = float64(quiet) / float64(judged)
	}
}

// judgeLoad decides on overload: of air time, or of clients against the capacity
// that the register gives. Clients clear in the same ratio as air time.
func (a *accessPoint) judgeLoad(o *Options) {
	air, crowd := false, false
	if a.Utilization >= 0 {
		air = hysteresis(a.Overloaded, a.Utilization, o.OverloadRaise, o.OverloadClear)
	}
	if a.capacity > 0 && a.Clients >= 0 {
		crowd = a.Clients > a.capacity
		if a.Overloaded {
			crowd = float64(a.Clients) > float64(a.capacity)*o.OverloadClear/o.OverloadRaise
		}
	}
	a.Overloaded = air || crowd
}

// takeSpeed judges speed by the median of the last three tests, of two by the
// better one; one alone proves nothing.
func (a *accessPoint) takeSpeed(o *Options, r *telemetry.WiFi, at int64) {
	fresh := slices.IndexFunc(a.Speeds, func(s speedTest) bool { return at-s.At <= o.SpeedFor.Milliseconds() })
	if fresh < 0 {
		fresh = len(a.Speeds)
	}
	tests := a.Speeds[fresh:]
	if v, ok := r.DownloadMbps.Get(); ok && v <= mostMbps {
		if len(tests) == speedTests {
			tests = tests[1:]
		}
		tests = append(slices.Clip(tests), speedTest{at, v})
	}
	if len(tests) == 0 {
		tests = nil
	}
	a.Speeds = tests
	median, ok := a.speed()
	a.Slow = ok && len(tests) > 1 && median < o.MinMbps
}

// speed returns the median of the tests that count, of two the better one.
func (k *known) speed() (mbps float64, ok bool) {
	if len(k.Speeds) == 0 {
		return 0, false
	}
	var sorted [speedTests]float64
	for i, s := range k.Speeds {
		sorted[i] = s.Mbps
	}
	slices.Sort(sorted[:len(k.Speeds)])
	return sorted[len(k.Speeds)/2], true
}

// judge returns the verdict on one access point.
func (k *known) judge() (Verdict, Reason) {
	switch k.State {
	case NeverSeen:
		return Unknown, NotYetHeard
	case Blind:
		return Unknown, NotHearing
	case Maintenance:
		return Unknown, UnderMaintenance
	case Silent:
		return NoService, APSilent
	case Offline:
		return NoService, APOffline
	case Retired:
		return Unknown, NoReason
	}
	switch {
	case k.WANUp == no:
		return NoService, UplinkDown
	case k.Portal == no:
		return Failed, PortalDown
	case k.Login == no:
		return Failed, LoginFails
	case k.Lossy:
		return Partly, UplinkLossy
	case k.Laggy:
		return Partly, UplinkLaggy
	}
	return Working, NoReason
}

// slot is where the access point's time counts.
func (k *known) slot() slot {
	switch k.State {
	case Maintenance:
		return slotMaintenance
	case Retired:
		return nowhere
	}
	return slot(k.Verdict)
}

// What no honest access point could mean, though it is within the limits of the
// field: another unit was used.
const (
	mostMbps     = 10_000 // no uplink of public Wi-Fi carries more: kbit/s
	leastRoundMs = 0.05   // light needs longer to the next town: seconds
)

// oddities names what of a reading cannot be meant.
func oddities(r *telemetry.WiFi, do func(problem, string)) {
	if v, ok := r.DownloadMbps.Get(); ok && v > mostMbps {
		do(problemUnits, "download_mbps")
	}
	if v, ok := r.WANLatencyMs.Get(); ok && v > 0 && v < leastRoundMs {
		do(problemUnits, "wan_latency_ms")
	}
	if total, ok := r.Clients.Get(); ok && len(r.Radios) > 0 {
		var sum int64
		for i := range r.Radios {
			sum += r.Radios[i].Clients.Or(0)
		}
		if sum > total {
			do(problemClients, "clients")
		}
	}
}

// distanceKm is the great-circle distance (haversine, mean radius of the Earth).
func distanceKm(a, b telemetry.Point) float64 {
	const radius, rad = 6371.0088, math.Pi / 180
	dLat, dLon := (b.Lat-a.Lat)*rad, (b.Lon-a.Lon)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(min(1, h)))
}
