package stream_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"phusong/internal/stream"
	"phusong/internal/testbed"
)

// TestCloseLeavesNothingRunning looks at all goroutines of the process, so it
// must not be parallel: the parallel tests begin when it has ended.
func TestCloseLeavesNothingRunning(t *testing.T) {
	for range 2 {
		s := open(t, stream.Options{Dir: t.TempDir()})
		l := openLog(t, s, stream.LogOptions{Name: "readings"})
		mustAppend(t, l, "e1")
		take(t, openReader(t, l, 1), 1) // left open
		closeServer(t, s)
	}
	// Timers of the server that are already running end by themselves.
	deadline := time.Now().Add(testbed.Patience)
	for {
		left := natsGoroutines()
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, the first:\n%s", len(left), left[0])
		}
		time.Sleep(time.Millisecond)
	}
}

func natsGoroutines() []string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for g := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(g, "nats-io") || strings.Contains(g, "phusong/internal/stream.(") {
			found = append(found, g)
		}
	}
	return found
}
