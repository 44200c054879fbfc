package alerts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"phusong/alerts"
	"phusong/alerts/rules"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// province returns a registry of n access points: eight to a site, forty sites to an area.
func province(n int) alerts.Inventory {
	var inv alerts.Inventory
	for i := range n {
		site, area := i/8, i/320
		code := telemetry.AreaCode(fmt.Sprintf("%05d", 20000+area))
		id := telemetry.SiteID(fmt.Sprintf("site-%05d", site))
		at := telemetry.Point{Lat: 10.5 + float64(site%200)/200, Lon: 105.8 + float64(site/200)/100}
		if i%320 == 0 {
			inv.Areas = append(inv.Areas, telemetry.Area{Code: code, Name: "Xã"})
		}
		if i%8 == 0 {
			inv.Sites = append(inv.Sites, telemetry.Site{ID: id, Name: "Trường", Category: telemetry.School, Area: code, At: at, Required: true})
		}
		d := telemetry.Device{ID: telemetry.DeviceID(fmt.Sprintf("ap-%06d", i)), Kind: telemetry.KindWiFi, Site: id, Area: code, At: at, Interval: time.Minute, Capacity: 64}
		if i%8 != 0 {
			d.Parent = telemetry.DeviceID(fmt.Sprintf("ap-%06d", i/8*8))
		}
		inv.Devices = append(inv.Devices, d)
	}
	return inv
}

// sixtyRules are the default rule-set and as many variants of its Wi-Fi rules as make sixty.
func sixtyRules(t testing.TB) *rules.Set {
	t.Helper()
	names, err := filepath.Glob("../deploy/rules/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("the default rule-set: %v, %v", names, err)
	}
	var files []rules.File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, rules.File{Name: name, Data: data})
	}
	set, err := rules.Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	var more strings.Builder
	more.WriteString("groups:\n- name: more\n  rules:\n")
	for n := range 60 - len(set.Rules()) {
		expr := []string{"wifi.clients > %d and site.open", "wifi.temperature_c > %d or wifi.cpu > 0.99", "wifi.utilization > 0.9 and wifi.noise_dbm > -%d"}[n%3]
		fmt.Fprintf(&more, "  - {alert: More%d, expr: '%s', for: 5m, labels: {severity: info}, annotations: {summary: x}}\n", n, fmt.Sprintf(expr, 70+n))
	}
	set, err = rules.Parse(append(files, rules.File{Name: "more.yml", Data: []byte(more.String())})...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func accessPointReading(d *telemetry.Device) telemetry.Reading {
	r := telemetry.NewReading(telemetry.KindWiFi)
	r.Area, r.Device = d.Area, d.ID
	w := r.WiFi
	w.Clients, w.RxBytes, w.TxBytes = telemetry.Some(int64(21)), telemetry.Some(int64(1e9)), telemetry.Some(int64(5e9))
	w.WANUp, w.WANLatencyMs, w.WANLoss = telemetry.Some(true), telemetry.Some(12.5), telemetry.Some(0.0004)
	w.PortalOK, w.AuthOK, w.AuthFailed = telemetry.Some(true), telemetry.Some(true), telemetry.Some(int64(1))
	w.CPU, w.Memory, w.TemperatureC = telemetry.Some(0.2), telemetry.Some(0.4), telemetry.Some(44.5)
	w.Radios = []telemetry.Radio{
		{Band: telemetry.Some("2.4"), Utilization: telemetry.Some(0.31), NoiseDBm: telemetry.Some(-91.0)},
		{Band: telemetry.Some("5"), Utilization: telemetry.Some(0.22), NoiseDBm: telemetry.Some(-95.0)},
	}
	return r
}

func bigEngine(b testing.TB, n int, o alerts.Options) (*alerts.Engine, []telemetry.Reading, time.Time) {
	b.Helper()
	inv := province(n)
	o.Inventory, o.Rules = inv, sixtyRules(b)
	e, err := alerts.New(o)
	if err != nil {
		b.Fatal(err)
	}
	readings := make([]telemetry.Reading, n)
	for i := range inv.Devices {
		readings[i] = accessPointReading(&inv.Devices[i])
	}
	at := noonThere
	for round := range 2 { // everybody has spoken
		for i := 0; i < n; i += 1000 {
			at = at.Add(time.Millisecond)
			send(e, at, readings[i:min(i+1000, n)], round)
		}
		at = at.Add(10 * time.Second)
	}
	return e, readings, at
}

func send(e *alerts.Engine, at time.Time, readings []telemetry.Reading, round int) {
	for i := range readings {
		readings[i].Time, readings[i].Received = at, at
		readings[i].WiFi.Clients = telemetry.Some(int64(10 + round%40))
	}
	e.Observe(at, readings)
}

// BenchmarkReading is what one reading costs with 100,000 devices and 60 rules, without
// and with the Wi-Fi book, in entries of 100.
func BenchmarkReading(b *testing.B) {
	for _, name := range []string{"engine", "engine and books"} {
		b.Run(name, func(b *testing.B) {
			var o alerts.Options
			if name != "engine" {
				o = books(b)
			}
			const n, entry = 100_000, 100
			e, readings, at := bigEngine(b, n, o)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += entry {
				at = at.Add(60 * time.Millisecond * entry / 100)
				from := i % n
				send(e, at, readings[from:from+entry], i/n)
			}
		})
	}
}

// BenchmarkTick is what a second costs in which nobody speaks.
func BenchmarkTick(b *testing.B) {
	e, _, at := bigEngine(b, 100_000, alerts.Options{})
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Microsecond)
		e.Observe(at, nil)
	}
}

// BenchmarkSnapshot is how long the watcher waits for an image, and how large it is.
func BenchmarkSnapshot(b *testing.B) {
	e, _, _ := bigEngine(b, 100_000, alerts.Options{})
	size := 0
	for b.Loop() {
		size = len(image(b, e))
	}
	b.ReportMetric(float64(size)/100_000, "bytes/device")
}

// A device costs at most 1 KiB, besides what the registry and the books hold.
func TestMemoryOfADevicePlain(t *testing.T) {
	testbed.Plain(t)
	const n = 20_000
	inv := province(n)
	set := sixtyRules(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e, err := alerts.New(alerts.Options{Inventory: inv, Rules: set})
	if err != nil {
		t.Fatal(err)
	}
	for i := range inv.Devices {
		r := accessPointReading(&inv.Devices[i])
		r.Time, r.Received = noonThere, noonThere
		e.Observe(noonThere.Add(time.Duration(i)*time.Millisecond), []telemetry.Reading{r})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perDevice := float64(after.HeapAlloc-before.HeapAlloc) / n
	runtime.KeepAlive(e)
	runtime.KeepAlive(inv)
	t.Logf("%.0f bytes a device", perDevice)
	if perDevice > 1024 {
		t.Errorf("%.0f bytes a device, more than 1024", perDevice)
	}
}

// In the steady state a reading allocates nothing.
func TestNoAllocationInTheSteadyState(t *testing.T) {
	e, readings, at := bigEngine(t, 2000, alerts.Options{})
	round := 0
	if allocations := testing.AllocsPerRun(200, func() {
		round++
		at = at.Add(100 * time.Millisecond)
		send(e, at, readings[round%20*100:round%20*100+100], round)
	}); allocations > 1 {
		t.Errorf("%v allocations for 100 readings", allocations)
	}
}

// A whole province falls silent and comes back, and people are told of it once.
func TestEverybodyAtOnce(t *testing.T) {
	t.Parallel()
	everybodyAtOnce(t, 2_000)
}

// The work grows with the devices, not with their square: four times as many cost less than ten
// times as much. No other test may run at the same time, for it is the time of the whole process.
func TestWorkGrowsWithTheDevicesPlain(t *testing.T) {
	testbed.Plain(t)
	cost := func(n int) time.Duration {
		began := processorTime(t)
		everybodyAtOnce(t, n)
		return processorTime(t) - began
	}
	few, many := cost(5_000), cost(20_000)
	t.Logf("%s for 5,000 devices, %s for 20,000", few, many)
	if many > 10*few {
		t.Errorf("%s for 20,000 devices that fell and returned, and %s for 5,000", many, few)
	}
}

// processorTime is what this process has used up, waiting not counted.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func everybodyAtOnce(t *testing.T, n int) {
	t.Helper()
	told := 0
	e, readings, at := bigEngine(t, n, alerts.Options{Changed: func(c alerts.Change) {
		if c.Kind == alerts.AlertTold && c.Alert.Name != "Watchdog" {
			told++
		}
	}})
	wills := make([]telemetry.Reading, n)
	for i := range wills {
		wills[i] = telemetry.NewReading(telemetry.KindStatus)
		wills[i].Area, wills[i].Device, wills[i].Time, wills[i].Received = readings[i].Area, readings[i].Device, at, at
		wills[i].Status.Class, wills[i].Status.State = telemetry.KindWiFi, telemetry.Some(telemetry.StateOffline)
	}
	e.Observe(at, wills)
	for range 600 {
		at = at.Add(time.Second)
		e.Observe(at, nil)
	}
	for range 4 {
		at = at.Add(time.Second)
		send(e, at, readings, 1)
	}
	for range 300 {
		at = at.Add(time.Second)
		if at.Second() == 0 {
			send(e, at, readings, 2)
		} else {
			e.Observe(at, nil)
		}
	}
	if told != 1 {
		t.Errorf("%d alerts told, want the one about the fleet", told)
	}
	if open, _ := e.Incidents(); len(open) > 1 { // the watchdog's
		t.Errorf("%d incidents are left", len(open))
	}
}
