package alerts

// A State is what is known of a device at an instant.
type State uint8

// The states. Their order is in snapshots: append only.
const (
	Unknown     State = iota // never seen
	Up                       // seen within its interval
	Late                     // one reading is missing: no outage yet
	Silent                   // it should have spoken and has not
	Offline                  // its will, or it itself, said that it is gone
	Retired                  // not expected to speak
	Maintenance              // somebody works on it; what it would be otherwise is not said
	states
)

var stateNames = [states]string{"unknown", "up", "late", "silent", "offline", "retired", "maintenance"}

// String returns the state's name for labels and tables.
func (s State) String() string { return stateNames[s] }

// Down reports whether the device should be there and is not.
func (s State) Down() bool { return s == Silent || s == Offline }

// there reports whether the device counts as living.
func (s State) there() bool { return s == Up || s == Late }
