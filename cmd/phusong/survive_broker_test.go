package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// The broker restarts in full flow, and keeps what it had acknowledged meanwhile.
func TestSurvivesBrokerRestart(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{})
	w.start()
	f := newFleet(t, w.broker.URL())
	f.begin(4)
	for range 2 {
		w.awaitExactly("phusong_mqtt_connected", 1) // or it would never see this one go
		stored, err := w.metric("phusong_readings_stored_total")
		if err != nil {
			t.Fatal(err)
		}
		w.awaitAtLeast("phusong_readings_stored_total", stored+1000)
		f.more()
		w.broker.Stop()
		w.awaitUnready("broker")
		w.awaitExactly("phusong_mqtt_connected", 0)
		w.broker.Start()
	}
	w.awaitExactly("phusong_mqtt_connected", 1)
	w.awaitAtLeast("phusong_mqtt_connects_total", 3)
	w.settle(f)
}

// The service starts before the broker: it says so once, waits, and goes to work.
func TestWaitsForTheBroker(t *testing.T) {
	t.Parallel()
	w := newTown(t, townOptions{Keys: map[string]any{"log.level": "debug"}}) // repetitions are told there
	w.start()
	w.stop() // the session stands
	w.broker.Stop()
	w.launch()
	w.awaitUnready("broker")
	const complaint = "cannot connect to the broker"
	w.process.WaitLog(complaint)
	w.await(func() error {
		if n := strings.Count(w.process.Log(), complaint); n < 3 {
			return fmt.Errorf("%d attempts to connect, want 3", n)
		}
		return nil
	})
	if n := strings.Count(w.process.Log(), `level=WARN msg="`+complaint); n != 1 {
		t.Errorf("it warned %d times that the broker is away, want once:\n%s", n, w.process.Log())
	}
	w.mustBalance()
	w.broker.Start()
	f := newFleet(t, w.broker.URL())
	f.begin(1)
	w.process.WaitHTTP(w.url("/readyz"))
	w.awaitAtLeast("phusong_readings_stored_total", 1000)
	w.settle(f)
}
