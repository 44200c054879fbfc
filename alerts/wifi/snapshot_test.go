package wifi_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func TestSnapshotKeepsEverything(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 300)...).String())
	sendSketch(b, "ap-2", noon, "nonsense")
	run(b, noon, noon.AddDate(0, 0, 1))
	b.SetState(b.Now(), "ap-2", wifi.Offline, time.Time{})
	before := image(t, b)
	again := book(t, wifi.Options{})
	if err := again.Restore(bytesReader(before)); err != nil {
		t.Fatal(err)
	}
	again.Register(time.Time{}, town())
	if diff := cmp.Diff(string(before), string(image(t, again))); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if err := again.Restore(bytesReader(before)); err == nil {
		t.Error("a book that is in use took a snapshot")
	}
}

// The image is of when it was taken, whatever happens until it is written.
func TestSnapshotDoesNotChange(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 300)...).String())
	want := string(image(t, b))
	write := b.Snapshot()
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 900)...).String())
	b.Observe(noon, reading("ap-1", noon, func(r *telemetry.WiFi) { r.DownloadMbps = telemetry.Some(99_000.0) }))
	run(b, noon, noon.AddDate(0, 1, 0))
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-then +written):\n%s", diff)
	}
}

func TestBadSnapshots(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 3)...).String())
	good := string(image(t, b))
	for name, bad := range map[string]string{
		"empty":             "",
		"cut off":           good[:len(good)/2],
		"another format":    strings.Replace(good, `"format":1`, `"format":2`, 1),
		"another precision": strings.Replace(good, `"precision":14`, `"precision":12`, 1),
		"unknown state":     strings.Replace(good, `"state":1`, `"state":77`, 1),
		"unknown verdict":   strings.Replace(good, `"placed":{"verdict":1`, `"placed":{"verdict":9`, 1),
		"damaged sketch":    strings.Replace(good, `"sketch":"Ag4A`, `"sketch":"Ag4B`, 1),
		"coarser sketch":    strings.Replace(good, `"sketch":"Ag4A`, `"sketch":"AgwA`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bad == good {
				t.Fatal("the test spoils nothing")
			}
			fresh := book(t, wifi.Options{})
			if err := fresh.Restore(strings.NewReader(bad)); err == nil || !strings.HasPrefix(err.Error(), "wifi: ") {
				t.Errorf("error %v", err)
			}
			if err := fresh.Restore(strings.NewReader(good)); err != nil {
				t.Errorf("the book was not left as it was: %v", err)
			}
		})
	}
}

func FuzzRestore(f *testing.F) {
	b := inTown(f, wifi.Options{Precision: 10}, noon)
	sendSketch(b, "ap-1", noon, sketchOf(f, "2026-09", 10, users(0, 3)...).String())
	f.Add(image(f, b))
	f.Add([]byte(`{"format":1,"precision":10}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := book(t, wifi.Options{Precision: 10})
		b.Register(time.Time{}, town())
		if err := b.Restore(bytes.NewReader(data)); err != nil {
			return
		}
		b.Targets()
		b.Sites()
		for _, id := range []telemetry.DeviceID{"ap-1", "ap-2", "ap-3"} {
			b.Facts(id)
		}
	})
}

// Readers see a whole state while the writer goes on.
func TestReadersBesideTheWriter(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	sketches := []string{sketchOf(t, "2026-09", 14, users(0, 50)...).String(), sketchOf(t, "2026-09", 14, users(0, 80)...).String()}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				b.Sites()
				b.Targets()
				b.Availability(wifi.MonthOf(noon))
				b.Usage(wifi.MonthOf(noon))
				b.Problems()
				b.Facts("ap-1")
				b.DeviceMonth("ap-1", wifi.MonthOf(noon))
				b.Sketches()
				b.Now()
			}
		})
	}
	for i := range 300 {
		at := noon.Add(time.Duration(i) * time.Minute)
		b.SetState(at, "ap-1", []wifi.State{wifi.Up, wifi.Silent}[i%2], time.Time{})
		sendSketch(b, "ap-2", at, sketches[i%2])
		if i%50 == 0 {
			b.Register(at, town())
			image(t, b)
		}
	}
	close(done)
	readers.Wait()
}
