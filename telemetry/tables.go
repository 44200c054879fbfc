package telemetry

// Limits that several fields share.
const (
	maxExact = 1 << 53 // the largest integer that JSON readers agree on
	century  = 100 * 366 * 24 * 3600
)

// The limits are those of what a device could honestly report; what is merely
// implausible passes and is flagged by judgement. RSRP and RSRQ: reporting
// ranges of 3GPP TS 36.133 §9.1 and TS 38.133. NR cell identity: 36 bits
// (TS 38.413). PCI: 0 to 1007 (TS 38.211).

var wifiFields = []Field{
	{Name: "clients", Type: Integer, Unit: "1", Max: 10_000, Help: "associated clients, all radios", at: wifi(func(b *WiFi) any { return &b.Clients })},
	{Name: "radios", Type: Radios, Help: "one object per radio", at: wifi(func(b *WiFi) any { return &b.Radios })},
	{Name: "rx_bytes", Type: Integer, Unit: "B", Max: maxExact, Help: "bytes received from clients since boot", at: wifi(func(b *WiFi) any { return &b.RxBytes })},
	{Name: "tx_bytes", Type: Integer, Unit: "B", Max: maxExact, Help: "bytes sent to clients since boot", at: wifi(func(b *WiFi) any { return &b.TxBytes })},
	{Name: "wan_up", Type: Boolean, Help: "the uplink works", at: wifi(func(b *WiFi) any { return &b.WANUp })},
	{Name: "wan_latency_ms", Type: Number, Unit: "ms", Max: 60_000, Help: "round trip over the uplink", at: wifi(func(b *WiFi) any { return &b.WANLatencyMs })},
	{Name: "wan_loss", Type: Number, Unit: "1", Max: 1, Help: "share of packets lost on the uplink", at: wifi(func(b *WiFi) any { return &b.WANLoss })},
	{Name: "portal_ok", Type: Boolean, Help: "the captive portal answers", at: wifi(func(b *WiFi) any { return &b.PortalOK })},
	{Name: "auth_ok", Type: Boolean, Help: "a test login succeeded", at: wifi(func(b *WiFi) any { return &b.AuthOK })},
	{Name: "auth_failed", Type: Integer, Unit: "1", Max: 1_000_000, Help: "logins that failed since the last reading", at: wifi(func(b *WiFi) any { return &b.AuthFailed })},
	{Name: "download_mbps", Type: Number, Unit: "Mbit/s", Max: 100_000, Help: "download of the access point's own speed test", at: wifi(func(b *WiFi) any { return &b.DownloadMbps })},
	{Name: "upload_mbps", Type: Number, Unit: "Mbit/s", Max: 100_000, Help: "upload of the access point's own speed test", at: wifi(func(b *WiFi) any { return &b.UploadMbps })},
	{Name: "uptime_s", Type: Integer, Unit: "s", Max: century, Help: "time since boot", at: wifi(func(b *WiFi) any { return &b.UptimeS })},
	{Name: "cpu", Type: Number, Unit: "1", Max: 1, Help: "share of the processor in use", at: wifi(func(b *WiFi) any { return &b.CPU })},
	{Name: "memory", Type: Number, Unit: "1", Max: 1, Help: "share of the memory in use", at: wifi(func(b *WiFi) any { return &b.Memory })},
	{Name: "temperature_c", Type: Number, Unit: "°C", Min: -60, Max: 150, Help: "inside the device", at: wifi(func(b *WiFi) any { return &b.TemperatureC })},
	{Name: "users_sketch", Type: Text, MaxLength: 32 << 10, check: usersSketch, Help: "HyperLogLog sketch of unique users with its month and the name of its salt; never an identity", at: wifi(func(b *WiFi) any { return &b.UsersSketch })},
}

var radioFields = []Field{
	{Name: "band", Type: Text, Unit: "GHz", Values: []string{"2.4", "5", "6"}, Help: "band", radio: func(r *Radio) any { return &r.Band }},
	{Name: "channel", Type: Integer, Unit: "1", Min: 1, Max: 233, Help: "IEEE 802.11 channel number", radio: func(r *Radio) any { return &r.Channel }},
	{Name: "utilization", Type: Number, Unit: "1", Max: 1, Help: "share of air time in use", radio: func(r *Radio) any { return &r.Utilization }},
	{Name: "noise_dbm", Type: Number, Unit: "dBm", Min: -130, Max: -20, Help: "noise floor", radio: func(r *Radio) any { return &r.NoiseDBm }},
	{Name: "clients", Type: Integer, Unit: "1", Max: 1_000, Help: "clients associated to this radio", radio: func(r *Radio) any { return &r.Clients }},
}

var mobileFields = []Field{
	{Name: "operator", Type: Text, MaxLength: 6, check: plmn, Help: "serving network, MCC and MNC as text", at: mobile(func(b *Mobile) any { return &b.Operator })},
	{Name: "sim_operator", Type: Text, MaxLength: 6, check: plmn, Help: "network of the SIM, MCC and MNC as text", at: mobile(func(b *Mobile) any { return &b.SIMOperator })},
	{Name: "technology", Type: Text, Values: []string{"2g", "3g", "4g", "5g-nsa", "5g-sa"}, Help: "radio technology in use", at: mobile(func(b *Mobile) any { return &b.Technology })},
	{Name: "outcome", Type: Text, Values: []string{OutcomeOK, OutcomeNoService, OutcomeNoConnection, OutcomeFailed}, Help: "how the test ended; absent when no test was made", at: mobile(func(b *Mobile) any { return &b.Outcome })},
	{Name: "download_mbps", Type: Number, Unit: "Mbit/s", Max: 9_000, Help: "mean download rate of the test", at: mobile(func(b *Mobile) any { return &b.DownloadMbps })},
	{Name: "upload_mbps", Type: Number, Unit: "Mbit/s", Max: 9_000, Help: "mean upload rate of the test", at: mobile(func(b *Mobile) any { return &b.UploadMbps })},
	{Name: "latency_ms", Type: Number, Unit: "ms", Max: 60_000, Help: "mean round trip", at: mobile(func(b *Mobile) any { return &b.LatencyMs })},
	{Name: "jitter_ms", Type: Number, Unit: "ms", Max: 60_000, Help: "variation of the round trip", at: mobile(func(b *Mobile) any { return &b.JitterMs })},
	{Name: "loss", Type: Number, Unit: "1", Max: 1, Help: "share of packets lost", at: mobile(func(b *Mobile) any { return &b.Loss })},
	{Name: "rsrp_dbm", Type: Number, Unit: "dBm", Min: -140, Max: -44, Help: "RSRP (4G) or SS-RSRP (5G)", at: mobile(func(b *Mobile) any { return &b.RSRPdBm })},
	{Name: "rsrq_db", Type: Number, Unit: "dB", Min: -43, Max: 20, Help: "RSRQ (4G) or SS-RSRQ (5G)", at: mobile(func(b *Mobile) any { return &b.RSRQdB })},
	{Name: "sinr_db", Type: Number, Unit: "dB", Min: -30, Max: 60, Help: "signal to interference and noise", at: mobile(func(b *Mobile) any { return &b.SINRdB })},
	{Name: "cell_id", Type: Integer, Unit: "1", Max: 1<<36 - 1, Help: "cell identity (ECI or NCI)", at: mobile(func(b *Mobile) any { return &b.CellID })},
	{Name: "pci", Type: Integer, Unit: "1", Max: 1007, Help: "physical cell identity", at: mobile(func(b *Mobile) any { return &b.PCI })},
	{Name: "lat", Type: Number, Unit: "°", Min: -90, Max: 90, Help: "latitude, WGS 84", at: mobile(func(b *Mobile) any { return &b.Lat })},
	{Name: "lon", Type: Number, Unit: "°", Min: -180, Max: 180, Help: "longitude, WGS 84", at: mobile(func(b *Mobile) any { return &b.Lon })},
	{Name: "accuracy_m", Type: Number, Unit: "m", Max: 100_000, Help: "position error as the receiver estimates it", at: mobile(func(b *Mobile) any { return &b.AccuracyM })},
	{Name: "speed_kmh", Type: Number, Unit: "km/h", Max: 1_200, Help: "speed over ground", at: mobile(func(b *Mobile) any { return &b.SpeedKmh })},
	{Name: "in_vehicle", Type: Boolean, Help: "the probe was inside a vehicle", at: mobile(func(b *Mobile) any { return &b.InVehicle })},
	{Name: "indoor", Type: Boolean, Help: "the probe was inside a building", at: mobile(func(b *Mobile) any { return &b.Indoor })},
	{Name: "duration_s", Type: Number, Unit: "s", Max: 3_600, Help: "length of the download measurement", at: mobile(func(b *Mobile) any { return &b.DurationS })},
	{Name: "bytes", Type: Integer, Unit: "B", Max: maxExact, Help: "bytes downloaded by the test", at: mobile(func(b *Mobile) any { return &b.Bytes })},
	{Name: "server", Type: Text, MaxLength: 253, Help: "test server, host name or address", at: mobile(func(b *Mobile) any { return &b.Server })},
}

var environmentFields = []Field{
	{Name: "pm25_ugm3", Type: Number, Unit: "µg/m³", Max: 10_000, Help: "PM2.5", sentinels: true, at: environment(func(b *Environment) any { return &b.PM25 })},
	{Name: "pm10_ugm3", Type: Number, Unit: "µg/m³", Max: 20_000, Help: "PM10", sentinels: true, at: environment(func(b *Environment) any { return &b.PM10 })},
	{Name: "no2_ugm3", Type: Number, Unit: "µg/m³", Max: 10_000, Help: "nitrogen dioxide", sentinels: true, at: environment(func(b *Environment) any { return &b.NO2 })},
	{Name: "so2_ugm3", Type: Number, Unit: "µg/m³", Max: 20_000, Help: "sulphur dioxide", sentinels: true, at: environment(func(b *Environment) any { return &b.SO2 })},
	{Name: "co_ugm3", Type: Number, Unit: "µg/m³", Max: 500_000, Help: "carbon monoxide", sentinels: true, at: environment(func(b *Environment) any { return &b.CO })},
	{Name: "o3_ugm3", Type: Number, Unit: "µg/m³", Max: 10_000, Help: "ozone", sentinels: true, at: environment(func(b *Environment) any { return &b.O3 })},
	{Name: "noise_dba", Type: Number, Unit: "dB(A)", Max: 160, Help: "LAeq over the sensor's interval", sentinels: true, at: environment(func(b *Environment) any { return &b.NoiseDBA })},
	{Name: "temperature_c", Type: Number, Unit: "°C", Min: -60, Max: 70, Help: "air temperature", sentinels: true, at: environment(func(b *Environment) any { return &b.TemperatureC })},
	{Name: "humidity_pct", Type: Number, Unit: "%", Max: 105, Help: "relative humidity; sensors read a little over 100 in fog", sentinels: true, at: environment(func(b *Environment) any { return &b.HumidityPct })},
	{Name: "pressure_hpa", Type: Number, Unit: "hPa", Min: 300, Max: 1_100, Help: "air pressure at the sensor", sentinels: true, at: environment(func(b *Environment) any { return &b.PressureHPa })},
	{Name: "rain_mm", Type: Number, Unit: "mm", Max: 1_000, Help: "rain in the sensor's interval", sentinels: true, at: environment(func(b *Environment) any { return &b.RainMm })},
	{Name: "water_level_m", Type: Number, Unit: "m", Min: -50, Max: 500, Help: "water level above the gauge's zero", sentinels: true, at: environment(func(b *Environment) any { return &b.WaterLevelM })},
	{Name: "wind_ms", Type: Number, Unit: "m/s", Max: 120, Help: "mean wind speed", sentinels: true, at: environment(func(b *Environment) any { return &b.WindMs })},
	{Name: "uv_index", Type: Number, Unit: "1", Max: 30, Help: "UV index", sentinels: true, at: environment(func(b *Environment) any { return &b.UVIndex })},
	{Name: "battery_v", Type: Number, Unit: "V", Max: 1_000, Help: "battery voltage", sentinels: true, at: environment(func(b *Environment) any { return &b.BatteryV })},
}

var statusFields = []Field{
	{Name: "state", Type: Text, Values: []string{StateOnline, StateOffline, StateBirth}, Help: "what the device or its will says", at: status(func(b *Status) any { return &b.State })},
	{Name: "session", Type: Integer, Unit: "1", Max: maxExact / 4, Help: "number of the MQTT session, rising; a will carries its session's", at: status(func(b *Status) any { return &b.Session })},
	{Name: "model", Type: Text, MaxLength: 128, Help: "maker and model", at: status(func(b *Status) any { return &b.Model })},
	{Name: "firmware", Type: Text, MaxLength: 128, Help: "firmware version", at: status(func(b *Status) any { return &b.Firmware })},
	{Name: "interval_s", Type: Number, Unit: "s", Min: 1, Max: 7 * 24 * 3600, Help: "time between readings that the device intends", at: status(func(b *Status) any { return &b.IntervalS })},
	{Name: "lat", Type: Number, Unit: "°", Min: -90, Max: 90, Help: "latitude, WGS 84", at: status(func(b *Status) any { return &b.Lat })},
	{Name: "lon", Type: Number, Unit: "°", Min: -180, Max: 180, Help: "longitude, WGS 84", at: status(func(b *Status) any { return &b.Lon })},
}

func plmn(s string) error {
	_, err := ParseOperatorCode(s)
	return err
}

// The four binders below turn an accessor of a body into one of a reading.

func wifi(at func(*WiFi) any) func(*Reading) any {
	return func(r *Reading) any {
		if r.WiFi == nil {
			return nil
		}
		return at(r.WiFi)
	}
}

func mobile(at func(*Mobile) any) func(*Reading) any {
	return func(r *Reading) any {
		if r.Mobile == nil {
			return nil
		}
		return at(r.Mobile)
	}
}

func environment(at func(*Environment) any) func(*Reading) any {
	return func(r *Reading) any {
		if r.Environment == nil {
			return nil
		}
		return at(r.Environment)
	}
}

func status(at func(*Status) any) func(*Reading) any {
	return func(r *Reading) any {
		if r.Status == nil {
			return nil
		}
		return at(r.Status)
	}
}
