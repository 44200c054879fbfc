package telemetry

import "slices"

// WiFi is what an access point reports about itself and its radios.
// Counters run since boot and restart at zero.
type WiFi struct {
	Clients      Opt[int64]
	Radios       []Radio
	RxBytes      Opt[int64]
	TxBytes      Opt[int64]
	WANUp        Opt[bool]
	WANLatencyMs Opt[float64]
	WANLoss      Opt[float64]
	PortalOK     Opt[bool]
	AuthOK       Opt[bool]
	AuthFailed   Opt[int64]
	DownloadMbps Opt[float64]
	UploadMbps   Opt[float64]
	UptimeS      Opt[int64]
	CPU          Opt[float64]
	Memory       Opt[float64]
	TemperatureC Opt[float64]
	// UsersSketch is the text of a [UsersSketch]: how many different users there
	// were in a month. Never an identity.
	UsersSketch Opt[string]
}

// MaxRadios is the most radios that one access point may report.
const MaxRadios = 8

// A Radio is one radio of an access point.
type Radio struct {
	Band        Opt[string]  // GHz: "2.4", "5" or "6"
	Channel     Opt[int64]   // IEEE 802.11 channel number
	Utilization Opt[float64] // share of air time in use, 0 to 1
	NoiseDBm    Opt[float64]
	Clients     Opt[int64]
}

// Mobile is one test, or one radio sample, by a coverage probe. Without an
// Outcome no test was made: it is a radio sample and says nothing about speed.
type Mobile struct {
	Operator     Opt[string] // PLMN of the serving network
	SIMOperator  Opt[string] // PLMN of the SIM
	Technology   Opt[string]
	Outcome      Opt[string]
	DownloadMbps Opt[float64]
	UploadMbps   Opt[float64]
	LatencyMs    Opt[float64]
	JitterMs     Opt[float64]
	Loss         Opt[float64]
	RSRPdBm      Opt[float64]
	RSRQdB       Opt[float64]
	SINRdB       Opt[float64]
	CellID       Opt[int64]
	PCI          Opt[int64]
	Lat          Opt[float64]
	Lon          Opt[float64]
	AccuracyM    Opt[float64]
	SpeedKmh     Opt[float64]
	InVehicle    Opt[bool]
	Indoor       Opt[bool]
	DurationS    Opt[float64]
	Bytes        Opt[int64]
	Server       Opt[string]
}

// The outcomes of a mobile test.
const (
	OutcomeOK           = "ok"            // the transfer ran; the rates say how well
	OutcomeNoService    = "no_service"    // the probe was not attached to any network
	OutcomeNoConnection = "no_connection" // attached, but no data connection came up
	OutcomeFailed       = "failed"        // connected, but this transfer failed: a failed test, not a dead zone
)

// Environment is what an environment sensor measures. Concentrations are mass
// concentrations in µg/m³.
type Environment struct {
	PM25         Opt[float64]
	PM10         Opt[float64]
	NO2          Opt[float64]
	SO2          Opt[float64]
	CO           Opt[float64]
	O3           Opt[float64]
	NoiseDBA     Opt[float64] // LAeq over the sensor's interval
	TemperatureC Opt[float64]
	HumidityPct  Opt[float64]
	PressureHPa  Opt[float64]
	RainMm       Opt[float64] // in the sensor's interval
	WaterLevelM  Opt[float64]
	WindMs       Opt[float64]
	UVIndex      Opt[float64]
	BatteryV     Opt[float64]
}

// Sentinel reports whether v is one of the numbers that environment sensors send
// for "no value". It is kept as sent, and never enters a judgement.
func Sentinel(v float64) bool { return v == -999 || v == -9999 }

// Status is a device's word that it is there ("online"), what it is ("birth"),
// or its MQTT will's word that it is gone ("offline").
type Status struct {
	State Opt[string]
	// Session counts the device's MQTT sessions, so that the late will of an old
	// session cannot end a newer one.
	Session Opt[int64]
	// Class is the kind of the device, from the topic.
	Class     Kind
	Model     Opt[string]
	Firmware  Opt[string]
	IntervalS Opt[float64] // seconds between readings that the device intends
	Lat       Opt[float64]
	Lon       Opt[float64]
}

// The states of a Status.
const (
	StateOnline  = "online"
	StateOffline = "offline"
	StateBirth   = "birth"
)

var stateNames = [...]string{"", StateOnline, StateOffline, StateBirth}

// Number tells apart the statuses of one device by session and state. It serves
// as the sequence number of a status that has none, so that a birth and an
// online sent in the same millisecond are two readings.
func (s *Status) Number() int64 {
	state := max(0, slices.Index(stateNames[:], s.State.Or("")))
	return s.Session.Or(0)*int64(len(stateNames)) + int64(state)
}
