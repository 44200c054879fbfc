package rules

import "phusong/telemetry"

// The slots of what is known of every device.
const (
	DeviceKind Slot = iota
	DeviceState
	DeviceSince
	DeviceLastSeen
	DeviceInterval
	DeviceParentState
	DeviceFlapping
	DeviceCapacity
	DeviceRoams
	DeviceMoved
	deviceFacts // where those of a kind begin
)

// The slots of what is derived for access points; the fields of their readings follow.
const (
	WiFiUtilization Slot = deviceFacts + iota
	WiFiNoise
	WiFiRadios
	WiFiVerdict
	WiFiReason
	WiFiOverloaded
	WiFiSpeed
	WiFiSlow
	WiFiLossy
	WiFiLaggy
	WiFiPortalDown
	WiFiLoginFails
	WiFiUplinkDown
	WiFiNeighbours
	WiFiNeighbourClients
	wifiDerived
)

// The slots of what is derived for coverage probes; the fields of their readings follow.
const (
	MobileLive Slot = deviceFacts + iota
	MobileLiveSince
	MobileTarget
	mobileDerived
)

// The slots of what is derived for environment sensors; the fields of their readings
// follow. Where a value has a quality flag, the engine makes its field unknown, so that
// no flagged value alarms.
const (
	EnvironmentFlag Slot = deviceFacts + iota
	EnvironmentScore
	EnvironmentIndicative
	EnvironmentAQI
	EnvironmentPollutant
	EnvironmentExceedance
	EnvironmentLAeq
	EnvironmentNoiseExcess
	EnvironmentHeatIndex
	EnvironmentHeatBand
	EnvironmentWaterRate
	EnvironmentWaterFastRise
	EnvironmentWaterAlarm
	EnvironmentRain1h
	EnvironmentRain24h
	EnvironmentCompleteness
	EnvironmentBatteryLow
	environmentDerived
)

// The slots of what is known of a site.
const (
	SiteVerdict Slot = iota
	SiteReason
	SiteSince
	SiteOpen
	SiteCategory
	SiteRequired
	SiteClients
	SiteNeighbourClients
	SiteDevices
	SiteDevicesDown
	SiteDownShare
	SiteUplinkDown
	SiteAvailability
	siteFacts
)

// The slots of what is known of an area.
const (
	AreaCode Slot = iota
	AreaDevices
	AreaDevicesSilent
	AreaSilentShare
	AreaSites
	AreaSitesFailed
	AreaMassSilence
	AreaSince
	areaFacts
)

// The slots of what is known of an operator in an area.
const (
	OperatorCode Slot = iota
	OperatorProbes
	OperatorProbesDown
	OperatorDownShare
	OperatorCells
	OperatorCovered
	OperatorGap
	OperatorDead
	OperatorMeanMbps
	operatorFacts
)

// The slots of what is known of a zone.
const (
	ZoneVerdict Slot = iota
	ZoneOperator
	ZoneSeverity
	ZoneSince
	ZoneEnded
	ZoneArea
	ZoneCells
	ZonePopulation
	ZoneCase
	zoneFacts
)

// The slots of what is known of phusong itself.
const (
	ServiceWatchdog Slot = iota
	ServiceStalled
	ServiceLag
	ServiceLedgerDifference
	ServiceStreamUsed
	ServiceStoreAway
	ServiceStoreWaiting
	ServiceClockSkew
	ServiceBrokerConnected
	ServiceRejectedShare
	ServiceDiskFree
	ServiceRuleFaults
	ServiceRulesBroken
	ServiceNotifierFailing
	ServiceFleetSilent
	serviceFacts
)

// The texts of facts that have a fixed set of them.
var (
	deviceStates  = []string{"unknown", "up", "late", "silent", "offline", "retired", "maintenance"}
	siteVerdicts  = []string{"unknown", "working", "partly", "failed", "no service"}
	liveStates    = []string{"up", "down"}
	wifiReasons   = []string{"no access point", "not yet heard", "not hearing", "maintenance", "silent", "offline", "uplink down", "portal down", "login fails", "uplink lossy", "uplink laggy"}
	flags         = []string{"ok", "sentinel", "range", "negative", "clock", "stuck", "spike", "drift", "unit", "two_places", "two_senders", "moved"}
	pollutants    = []string{"pm25", "pm10", "no2", "so2", "co", "o3"}
	caseStates    = []string{"none", "open", "sent", "answered", "retest", "disputed", "closed"}
	zoneVerdicts  = []string{"gap", "dead"}
	severityNames = []string{"minor", "major", "critical"}
)

var commonFacts = [deviceFacts]Fact{
	DeviceKind:        {Name: "device.kind", Type: Text, Values: []string{"wifi", "mobile", "environment"}, Help: "kind of device"},
	DeviceState:       {Name: "device.state", Type: Text, Values: deviceStates, Help: "state in the live picture; offline is its will's word, silent that it should have spoken"},
	DeviceSince:       {Name: "device.since", Type: Instant, Help: "when the state began"},
	DeviceLastSeen:    {Name: "device.last_seen", Type: Instant, Help: "newest live reading, event time"},
	DeviceInterval:    {Name: "device.interval", Type: Duration, Unit: "s", Help: "expected time between readings"},
	DeviceParentState: {Name: "device.parent_state", Type: Text, Values: deviceStates, Help: "state of the uplink or gateway it depends on"},
	DeviceFlapping:    {Name: "device.flapping", Type: Bool, Help: "goes up and down too often to say each time"},
	DeviceCapacity:    {Name: "device.capacity", Type: Number, Unit: "1", Help: "clients that the access point serves well"},
	DeviceRoams:       {Name: "device.roams", Type: Bool, Help: "belongs to no site"},
	DeviceMoved:       {Name: "device.moved", Type: Bool, Help: "reports a position or an area that is not the registered one"},
}

var wifiFacts = []Fact{
	{Name: "wifi.utilization", Type: Number, Unit: "1", Share: true, Help: "air time in use, of the busiest radio"},
	{Name: "wifi.noise_dbm", Type: Number, Unit: "dBm", Help: "noise floor, of the noisiest radio"},
	{Name: "wifi.radios", Type: Number, Unit: "1", Help: "radios in the reading"},
	{Name: "wifi.verdict", Type: Text, Values: siteVerdicts, Help: "how the access point serves people"},
	{Name: "wifi.reason", Type: Text, Values: wifiReasons, Help: "why the verdict is not working"},
	{Name: "wifi.overloaded", Type: Bool, Help: "busy by the measure with hysteresis: air time 0.85 and 0.70, or clients over capacity"},
	{Name: "wifi.speed_mbps", Type: Number, Unit: "Mbit/s", Help: "median download of the newest speed tests"},
	{Name: "wifi.slow", Type: Bool, Help: "the median is below the speed of public Wi-Fi, 30 Mbit/s"},
	{Name: "wifi.lossy", Type: Bool, Help: "the uplink loses packets, by the measure with hysteresis"},
	{Name: "wifi.laggy", Type: Bool, Help: "the uplink is slow to answer, by the measure with hysteresis"},
	{Name: "wifi.portal_down", Type: Bool, Help: "the captive portal does not answer"},
	{Name: "wifi.login_fails", Type: Bool, Help: "the test login fails"},
	{Name: "wifi.uplink_down", Type: Bool, Help: "the access point says that its uplink is down"},
	{Name: "wifi.neighbours", Type: Number, Unit: "1", Help: "other access points of the site that are up"},
	{Name: "wifi.neighbour_clients", Type: Number, Unit: "1", Help: "clients of these, all together"},
}

var mobileFacts = []Fact{
	{Name: "mobile.live", Type: Text, Values: liveStates, Help: "service at a fixed probe at this moment, from attempt to attempt; not known after too few of them"},
	{Name: "mobile.live_since", Type: Instant, Help: "first attempt of the run that made the live state"},
	{Name: "mobile.target_mbps", Type: Number, Unit: "Mbit/s", Help: "download that the operator owes in the area"},
}

var environmentFacts = []Fact{
	{Name: "environment.flag", Type: Text, Values: flags, Help: "gravest quality flag that holds now; ok for none"},
	{Name: "environment.score", Type: Number, Unit: "1", Help: "quality of the sensor, 0 to 100: share of recent values without a flag, weighted"},
	{Name: "environment.indicative", Type: Bool, Help: "no reference station: values are for orientation (tham khảo)"},
	{Name: "environment.aqi", Type: Number, Unit: "1", Help: "VN_AQI of the last closed hour"},
	{Name: "environment.pollutant", Type: Text, Values: pollutants, Help: "what makes the index"},
	{Name: "environment.exceedance", Type: Number, Unit: "1", Help: "largest ratio of a running mean to its limit in QCVN 05:2023; over 1 is an exceedance"},
	{Name: "environment.noise_laeq", Type: Number, Unit: "dB(A)", Help: "energy mean LAeq of the last closed hour"},
	{Name: "environment.noise_excess", Type: Number, Unit: "dB", Help: "how far that is above the limit of zone and hour; negative below"},
	{Name: "environment.heat_index", Type: Number, Unit: "°C", Help: "heat index of temperature and humidity"},
	{Name: "environment.heat_band", Type: Number, Unit: "1", Help: "band of the heat index: 0 none, 1 from 27 °C, 2 from 32, 3 from 41, 4 from 54"},
	{Name: "environment.water_level_rate", Type: Number, Unit: "m/h", Help: "rise of the water over the last hour"},
	{Name: "environment.water_fast_rise", Type: Bool, Help: "it rises faster than the gauge's own limit"},
	{Name: "environment.water_alarm", Type: Number, Unit: "1", Help: "alarm level (báo động) that the water has reached at the gauge, 0 to 3"},
	{Name: "environment.rain_1h", Type: Number, Unit: "mm", Help: "rain of the last hour"},
	{Name: "environment.rain_24h", Type: Number, Unit: "mm", Help: "rain of the last 24 hours"},
	{Name: "environment.completeness", Type: Number, Unit: "1", Share: true, Help: "share of the last 24 hours with valid values"},
	{Name: "environment.battery_low", Type: Bool, Help: "battery below what the model needs"},
}

var siteTable = [siteFacts]Fact{
	SiteVerdict:          {Name: "site.verdict", Type: Text, Values: siteVerdicts, Help: "state of the public Wi-Fi of the site"},
	SiteReason:           {Name: "site.reason", Type: Text, Values: wifiReasons, Help: "why the verdict is not working, of most access points"},
	SiteSince:            {Name: "site.since", Type: Instant, Help: "when the verdict began"},
	SiteOpen:             {Name: "site.open", Type: Bool, Help: "within its opening hours"},
	SiteCategory:         {Name: "site.category", Type: Text, Values: categories(), Help: "kind of place"},
	SiteRequired:         {Name: "site.required", Type: Bool, Help: "the province has promised Wi-Fi here"},
	SiteClients:          {Name: "site.clients", Type: Number, Unit: "1", Help: "clients of all its access points"},
	SiteNeighbourClients: {Name: "site.neighbour_clients", Type: Number, Unit: "1", Help: "clients of the other sites of the area"},
	SiteDevices:          {Name: "site.devices", Type: Number, Unit: "1", Help: "devices registered there, without the retired"},
	SiteDevicesDown:      {Name: "site.devices_down", Type: Number, Unit: "1", Help: "of these, silent or offline"},
	SiteDownShare:        {Name: "site.down_share", Type: Number, Unit: "1", Share: true, Help: "share of its devices that are silent or offline"},
	SiteUplinkDown:       {Name: "site.uplink_down", Type: Bool, Help: "the uplink failed: its devices fell silent together, or say so"},
	SiteAvailability:     {Name: "site.availability", Type: Number, Unit: "1", Share: true, Help: "share of the month so far with working Wi-Fi, maintenance left out"},
}

var areaTable = [areaFacts]Fact{
	AreaCode:          {Name: "area.code", Type: Text, Help: "official code"},
	AreaDevices:       {Name: "area.devices", Type: Number, Unit: "1", Help: "devices expected to speak"},
	AreaDevicesSilent: {Name: "area.devices_silent", Type: Number, Unit: "1", Help: "of these, silent or offline"},
	AreaSilentShare:   {Name: "area.silent_share", Type: Number, Unit: "1", Share: true, Help: "share of its devices that are silent or offline"},
	AreaSites:         {Name: "area.sites", Type: Number, Unit: "1", Help: "sites with devices"},
	AreaSitesFailed:   {Name: "area.sites_failed", Type: Number, Unit: "1", Help: "of these, with failed Wi-Fi or no device that speaks"},
	AreaMassSilence:   {Name: "area.mass_silence", Type: Bool, Help: "most of the area fell silent within one interval, as in a power cut"},
	AreaSince:         {Name: "area.since", Type: Instant, Help: "when the mass silence began"},
}

var operatorTable = [operatorFacts]Fact{
	OperatorCode:       {Name: "operator.code", Type: Text, Help: "MCC and MNC"},
	OperatorProbes:     {Name: "operator.probes", Type: Number, Unit: "1", Help: "fixed probes with a live state"},
	OperatorProbesDown: {Name: "operator.probes_down", Type: Number, Unit: "1", Help: "of these, without service now"},
	OperatorDownShare:  {Name: "operator.down_share", Type: Number, Unit: "1", Share: true, Help: "share of the fixed probes without service now"},
	OperatorCells:      {Name: "operator.cells", Type: Number, Unit: "1", Help: "cells with valid tests"},
	OperatorCovered:    {Name: "operator.covered", Type: Number, Unit: "1", Help: "cells proven covered"},
	OperatorGap:        {Name: "operator.gap", Type: Number, Unit: "1", Help: "cells proven a gap"},
	OperatorDead:       {Name: "operator.dead", Type: Number, Unit: "1", Help: "cells proven dead"},
	OperatorMeanMbps:   {Name: "operator.mean_mbps", Type: Number, Unit: "Mbit/s", Help: "mean download of the valid tests of the area"},
}

var zoneTable = [zoneFacts]Fact{
	ZoneVerdict:    {Name: "zone.verdict", Type: Text, Values: zoneVerdicts, Help: "what its cells are"},
	ZoneOperator:   {Name: "zone.operator", Type: Text, Help: "MCC and MNC"},
	ZoneSeverity:   {Name: "zone.severity", Type: Text, Values: severityNames, Help: "by people and area touched"},
	ZoneSince:      {Name: "zone.since", Type: Instant, Help: "day of birth"},
	ZoneEnded:      {Name: "zone.ended", Type: Bool, Help: "no cell is left, or it merged into another"},
	ZoneArea:       {Name: "zone.area_km2", Type: Number, Unit: "km²", Help: "size"},
	ZoneCells:      {Name: "zone.cells", Type: Number, Unit: "1", Help: "number of cells"},
	ZonePopulation: {Name: "zone.population", Type: Number, Unit: "1", Help: "estimate of the residents"},
	ZoneCase:       {Name: "zone.case", Type: Text, Values: caseStates, Help: "state of the gap case; none without one"},
}

var serviceTable = [serviceFacts]Fact{
	ServiceWatchdog:         {Name: "service.watchdog", Type: Bool, Help: "always true"},
	ServiceStalled:          {Name: "service.stalled", Type: Duration, Unit: "s", Help: "how long readings have waited without any getting through"},
	ServiceLag:              {Name: "service.lag", Type: Duration, Unit: "s", Help: "how far judgement is behind the stream"},
	ServiceLedgerDifference: {Name: "service.ledger_difference", Type: Number, Unit: "1", Help: "received minus stored, rejected and waiting; anything but 0 is a loss"},
	ServiceStreamUsed:       {Name: "service.stream_used_share", Type: Number, Unit: "1", Share: true, Help: "share of the stream's limit in use"},
	ServiceStoreAway:        {Name: "service.store_away", Type: Duration, Unit: "s", Help: "how long the store has refused or not answered; 0 when it works"},
	ServiceStoreWaiting:     {Name: "service.store_waiting", Type: Number, Unit: "1", Help: "readings that wait for the store"},
	ServiceClockSkew:        {Name: "service.clock_skew", Type: Duration, Unit: "s", Help: "our clock minus what most devices say; negative when we are behind"},
	ServiceBrokerConnected:  {Name: "service.broker_connected", Type: Bool, Help: "the MQTT connection is up"},
	ServiceRejectedShare:    {Name: "service.rejected_share", Type: Number, Unit: "1", Share: true, Help: "share of the last minutes' messages that were refused"},
	ServiceDiskFree:         {Name: "service.disk_free_share", Type: Number, Unit: "1", Share: true, Help: "share of the data folder's disk that is free"},
	ServiceRuleFaults:       {Name: "service.rule_faults", Type: Number, Unit: "1", Help: "rules that divided by zero since the start"},
	ServiceRulesBroken:      {Name: "service.rules_broken", Type: Bool, Help: "the rule files on disk are refused; the last good ones are in force"},
	ServiceNotifierFailing:  {Name: "service.notifier_failing", Type: Duration, Unit: "s", Help: "how long no notification could be handed over; 0 when it works"},
	ServiceFleetSilent:      {Name: "service.fleet_silent", Type: Bool, Help: "no device at all is heard: the fault is ours or the broker's"},
}

func categories() []string {
	var names []string
	for _, c := range telemetry.Categories() {
		names = append(names, string(c))
	}
	return names
}

var tables = [Scopes]*Table{
	ScopeDevice:   newTable(ScopeDevice, 0, commonFacts[:]),
	ScopeSite:     newTable(ScopeSite, 0, siteTable[:]),
	ScopeArea:     newTable(ScopeArea, 0, areaTable[:]),
	ScopeOperator: newTable(ScopeOperator, 0, operatorTable[:]),
	ScopeZone:     newTable(ScopeZone, 0, zoneTable[:]),
	ScopeService:  newTable(ScopeService, 0, serviceTable[:]),
}

var deviceTables = [...]*Table{
	telemetry.KindWiFi:        deviceTable(telemetry.KindWiFi, wifiFacts),
	telemetry.KindMobile:      deviceTable(telemetry.KindMobile, mobileFacts),
	telemetry.KindEnvironment: deviceTable(telemetry.KindEnvironment, environmentFacts),
}

// readingSlots are where the fields of a reading of the kind begin.
var readingSlots = [...]Slot{
	telemetry.KindWiFi:        wifiDerived,
	telemetry.KindMobile:      mobileDerived,
	telemetry.KindEnvironment: environmentDerived,
}

// deviceTable puts the common facts, the derived ones and the fields of a reading of
// the kind one after the other. Radios are facts of the whole device, and a sketch of
// users is nothing to judge by.
func deviceTable(kind telemetry.Kind, derived []Fact) *Table {
	facts := append(append([]Fact{}, commonFacts[:]...), derived...)
	fields := telemetry.Fields(kind)
	for i := range fields {
		f := &fields[i]
		fact := Fact{Name: kind.String() + "." + f.Name, Unit: f.Unit, Help: f.Help, field: f}
		switch f.Type {
		case telemetry.Number, telemetry.Integer:
			fact.Type = Number
			fact.Share = f.Type == telemetry.Number && f.Unit == "1" && f.Max == 1
		case telemetry.Boolean:
			fact.Type = Bool
		case telemetry.Text:
			if f.Name == "users_sketch" {
				continue
			}
			fact.Type, fact.Values = Text, f.Values
		default:
			continue
		}
		facts = append(facts, fact)
	}
	return newTable(ScopeDevice, kind, facts)
}
