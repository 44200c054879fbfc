package wifi

// A State is what the engine knows of an access point's being there.
type State uint8

// The states. The order is stored: append only.
const (
	NeverSeen   State = iota // registered, and never heard
	Up                       // heard as often as expected
	Silent                   // it should have spoken and has not
	Offline                  // its will, or it itself, said that it is gone
	Maintenance              // planned work: excluded from availability, and shown
	Blind                    // we could not have heard it: our own pipeline was down
	Retired                  // not expected any more
	states
)

var stateNames = [states]string{"never seen", "up", "silent", "offline", "maintenance", "blind", "retired"}

// String returns the state's name.
func (s State) String() string { return name(stateNames[:], int(s)) }

// A Verdict says how a site, or an access point, serves the people there.
type Verdict uint8

// The verdicts. The order is stored: append only.
const (
	Unknown   Verdict = iota // we cannot say; never shown as working
	Working                  // all access points serve
	Partly                   // some serve, or they serve badly
	Failed                   // there is a signal, and nobody gets in
	NoService                // nothing serves
	verdicts
)

var verdictNames = [verdicts]string{"unknown", "working", "partly", "failed", "no service"}

// String returns the words that operators know.
func (v Verdict) String() string { return name(verdictNames[:], int(v)) }

var verdictsVi = [verdicts]string{"không rõ", "hoạt động", "hoạt động một phần", "lỗi", "không có dịch vụ"}

// Vietnamese returns the words for people.
func (v Verdict) Vietnamese() string { return name(verdictsVi[:], int(v)) }

// Verdicts returns every verdict, in a fixed order.
func Verdicts() []Verdict { return []Verdict{Unknown, Working, Partly, Failed, NoService} }

// Serves reports whether people get service, if not the best.
func (v Verdict) Serves() bool { return v == Working || v == Partly }

// A Reason says why a verdict is not working: of a site, the reason that most of
// its access points give.
type Reason uint8

// The reasons. The order is stored: append only.
const (
	NoReason         Reason = iota
	NoAccessPoint           // the site has none in the register
	NotYetHeard             // its access points were never heard
	NotHearing              // our own pipeline was down
	UnderMaintenance        // planned work
	APSilent                // silent
	APOffline               // said to be gone
	UplinkDown              // the access point says that its uplink does not work
	PortalDown              // the captive portal does not answer
	LoginFails              // a test login failed
	UplinkLossy             // too many packets are lost on the uplink
	UplinkLaggy             // the uplink answers too late
	reasons
)

var reasonNames = [reasons]string{
	"", "no access point", "not yet heard", "not hearing", "maintenance", "silent", "offline",
	"uplink down", "portal down", "login fails", "uplink lossy", "uplink laggy",
}

// String returns the reason in a few words, "" for none.
func (r Reason) String() string { return name(reasonNames[:], int(r)) }

var reasonsVi = [reasons]string{
	"", "chưa có điểm phát", "chưa nhận được tín hiệu nào", "hệ thống giám sát gián đoạn", "bảo trì", "mất liên lạc", "ngoại tuyến",
	"đứt đường truyền", "cổng đăng nhập không trả lời", "không đăng nhập được", "đường truyền mất gói", "đường truyền chậm trễ",
}

// Vietnamese returns the reason for people, "" for none.
func (r Reason) Vietnamese() string { return name(reasonsVi[:], int(r)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "?"
}
