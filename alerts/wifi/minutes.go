package wifi

// A Level is something that users should get; each is measured in user minutes.
type Level uint8

// The service levels.
const (
	// Coverage: the noise floor of the users' radio leaves room for a signal. It is
	// what an access point can say of coverage without telling of its clients.
	Coverage Level = iota
	// Throughput: the newest speed tests reach the target.
	Throughput
	// Connect: portal and test login answer.
	Connect
	// Capacity: the access point is not overloaded.
	Capacity
	levels
)

var levelNames = [levels]string{"coverage", "throughput", "connect", "capacity"}

// String returns the level's name for labels and tables.
func (l Level) String() string { return name(levelNames[:], int(l)) }

// Levels returns every service level, in a fixed order.
func Levels() []Level { return []Level{Coverage, Throughput, Connect, Capacity} }

// minutes are client-milliseconds, exact: sums do not depend on their order. The
// share of clients on quiet radios is rounded once per reading.
type minutes struct {
	All      int64         `json:"all"`
	Measured [levels]int64 `json:"measured"`
	Met      [levels]int64 `json:"met"`
}

func (m *minutes) add(o *minutes) {
	m.All += o.All
	for l := range m.Met {
		m.Measured[l] += o.Measured[l]
		m.Met[l] += o.Met[l]
	}
}

// count adds the time since the last reading with what it said: the clients that
// were there, and what they got.
func (m *minutes) count(k *known, elapsed int64, minMbps float64) {
	if k.Clients <= 0 || elapsed <= 0 {
		return
	}
	users := k.Clients * elapsed
	m.All += users
	put := func(l Level, measured bool, met int64) {
		if measured {
			m.Measured[l] += users
			m.Met[l] += met
		}
	}
	whole := func(ok bool) int64 {
		if ok {
			return users
		}
		return 0
	}
	put(Coverage, k.Noise >= 0, int64(k.Noise*float64(users)+0.5))
	median, tested := k.speed()
	put(Throughput, tested, whole(median >= minMbps))
	put(Connect, k.Portal != unsaid || k.Login != unsaid, whole(k.Portal != no && k.Login != no))
	put(Capacity, k.Utilization >= 0, whole(!k.Overloaded))
}

// A ServiceLevel is the share of user minutes that met a level, of those in which
// it was measured.
type ServiceLevel struct {
	Level Level
	// Users are the minutes of all users added up; Measured of them those in which the
	// level was measured, and Met of those where it was met.
	Users, Measured, Met float64
}

// Share returns Met of Measured; false when nothing was measured.
func (l ServiceLevel) Share() (float64, bool) {
	if l.Measured <= 0 {
		return 0, false
	}
	return float64(l.Met) / float64(l.Measured), true
}

func (m *minutes) list() []ServiceLevel {
	list := make([]ServiceLevel, 0, levels)
	for _, l := range Levels() {
		list = append(list, ServiceLevel{l, inMinutes(m.All), inMinutes(m.Measured[l]), inMinutes(m.Met[l])})
	}
	return list
}

func inMinutes(ms int64) float64 { return float64(ms) / 60_000 }
