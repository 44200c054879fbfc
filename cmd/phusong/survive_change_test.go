package main_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// writeDevices replaces a devices.csv as a clerk's spreadsheet does.
func writeDevices(t *testing.T, path string, rows ...string) {
	t.Helper()
	text := "id,kind,area,interval\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A filter that left the configuration delivers nothing any more, although the broker
// remembers the session that asked for it.
func TestAbandonedFilterIsSilent(t *testing.T) {
	t.Parallel()
	const wifi, mobile = "phusong/v1/+/wifi/+/+", "phusong/v1/+/mobile/+/+"
	w := newTown(t, townOptions{Keys: map[string]any{"mqtt.filters": []string{wifi, mobile}}})
	w.start()
	f := newFleet(t, w.broker.URL())
	const probe = `{"seq":%d,"operator":"45204","outcome":"no_service"}`
	f.publish(telemetryTopic("mobile", "probe"), fmt.Appendf(nil, probe, 1), reading{Device: "probe", Seq: 1})
	w.awaitStored(f.acknowledged())
	w.stop()
	w.keys["mqtt.filters"] = []string{wifi}
	w.configure()
	w.start()
	w.process.WaitLog("unsubscribed from filters that left the configuration")
	// Acknowledged by the broker, but not ours any more: nothing to remember. Whatever is
	// published next comes after it.
	f.publish(telemetryTopic("mobile", "probe"), fmt.Appendf(nil, probe, 2))
	w.settle(f)
}

// The registry follows its files while the service runs, and keeps what it has when
// they are wrong.
func TestRegistryChangesWhileRunning(t *testing.T) {
	t.Parallel()
	testbed.Slow(t) // files are looked at every two seconds
	devices := filepath.Join(t.TempDir(), "devices.csv")
	const old, added = "ap-old,wifi,25459,60s", "ap-afterwards,wifi,25459,60s"
	writeDevices(t, devices, old)
	w := newTown(t, townOptions{Keys: map[string]any{"registry.devices": devices}})
	w.start()
	f := newFleet(t, w.broker.URL())
	f.publish(telemetryTopic("wifi", "ap-afterwards"), nil, reading{Device: "ap-afterwards", Seq: 0})
	w.awaitExactly("phusong_unregistered_devices", 1)
	const up = `phusong_device_up{area="25459",device="ap-afterwards"`
	if value := w.metricWithPrefix(up); value != 0 {
		t.Errorf("an unregistered device has a series of its own: %v", value)
	}

	writeDevices(t, devices, old, added)
	w.awaitExactly("phusong_unregistered_devices", 0)
	if value := w.metricWithPrefix(up); value != 1 {
		t.Errorf("%s…} is %v, want 1", up, value)
	}

	writeDevices(t, devices, old, "ap-new,toaster,25459,60s")
	fault := w.process.WaitLog(filepath.Base(devices) + ":3")
	w.awaitExactly(`phusong_registry_reloads_total{result="error"}`, 1)
	w.awaitExactly("phusong_registry_files_valid", 0)
	w.awaitExactly("phusong_unregistered_devices", 0) // the old registry holds
	writeDevices(t, devices, old, added, "ap-third,wifi,25459,60s")
	w.awaitExactly("phusong_registry_files_valid", 1)
	w.awaitExactly("phusong_registry_devices", 3)
	if n := strings.Count(w.process.Log(), filepath.Base(devices)+":3"); n != 1 {
		t.Errorf("the fault was told %d times, want once: %s", n, fault)
	}
	w.settle(f)
}

// The service stops properly in full flow, and a second one keeps its hands off the
// folder.
func TestStopsInFullFlow(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	f := newFleet(t, w.broker.URL())
	f.begin(4)
	w.awaitAtLeast("phusong_readings_stored_total", 1000)

	second := testbed.Phusong(t, "serve", "--config", w.config)
	if code := second.Wait(); code != 1 || strings.Count(second.Log(), "\n") != 1 || !strings.Contains(second.Log(), "in use by another phusong") {
		t.Errorf("a second service on the folder ended with %d and said:\n%s", code, second.Log())
	}

	before := w.process
	began := time.Now()
	w.stop()
	t.Logf("it took %s to stop", time.Since(began).Round(time.Millisecond))
	if line := before.WaitLog("msg=stopped"); !strings.Contains(line, "received") || !strings.Contains(line, "waiting 0") {
		t.Errorf("it stopped with %q, want the ledger, with nothing waiting", line)
	}
	w.mustLeaveNothing()
	f.more()
	w.start()
	w.awaitAtLeast("phusong_readings_stored_total", 1000)
	w.settle(f)
	w.mustLeaveNothing()
}

// mustLeaveNothing looks for what only a running service may have.
func (w *town) mustLeaveNothing() {
	w.t.Helper()
	err := filepath.WalkDir(w.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.Type()&fs.ModeSocket != 0 || strings.Contains(name, "probe") || strings.Contains(name, "tmp") {
			w.t.Errorf("left behind: %s", path)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Kill(w.process.PID(), 0); err == nil {
		w.t.Errorf("process %d is still there", w.process.PID())
	}
}
