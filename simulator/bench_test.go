package simulator

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// The goal is thirty days of 400 devices in thirty seconds of one core, at the usual
// intervals: a minute for access points and probes, five for sensors.
func BenchmarkLife(b *testing.B) {
	for name, encode := range map[string]bool{"readings": false, "payloads": true} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, func(o *Options) { o.AccessPoints, o.Probes, o.Sensors, o.EnvironmentInterval = 300, 40, 60, 0 })
			var readings, size int
			var buf []byte
			before := cpuTime(b)
			for b.Loop() {
				for e := range w.Events(testStart.AddDate(0, 0, 1)) {
					readings += len(e.Readings)
					if encode {
						buf = e.AppendPayload(buf[:0])
						size += len(buf)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(readings), "ns/reading")
			b.ReportMetric(30*(cpuTime(b)-before).Seconds()/float64(b.N), "cpu-s/30days")
			if encode {
				b.ReportMetric(float64(size)/float64(readings), "bytes/reading")
			}
		})
	}
}

// cpuTime is what the process has used; on a machine shared with others it says more
// than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newWorld(b, func(o *Options) { o.AccessPoints, o.Probes, o.Sensors = 300, 40, 60 })
	}
}

func BenchmarkSignal(b *testing.B) {
	w := newWorld(b, nil)
	i := 0
	for b.Loop() {
		i++
		c := &w.communes[i%len(w.communes)]
		w.signal(i%len(operators), c.at.add(vec{float64(i%97) * 40, float64(i%89) * 40}), testStart.UnixMilli()+int64(i%24)*hour)
	}
}

func TestAHundredThousandDevicesFitInto2GiBPlain(t *testing.T) {
	t.Parallel()
	testbed.Plain(t)
	w := newWorld(t, func(o *Options) { o.AccessPoints, o.Probes, o.Sensors = 90_000, 2_000, 8_000 })
	var most uint64
	var memory runtime.MemStats
	n := 0
	for range w.Events(testStart.Add(150 * time.Second)) {
		if n++; n%100_000 == 0 {
			runtime.ReadMemStats(&memory)
			most = max(most, memory.Sys)
		}
	}
	if n < 400_000 || most == 0 || most > 2<<30 {
		t.Errorf("after %d events the process holds %d MiB, want less than 2048", n, most>>20)
	}
	t.Logf("%d events, %d MiB, of them %d MiB alive", n, most>>20, memory.HeapAlloc>>20)
}
