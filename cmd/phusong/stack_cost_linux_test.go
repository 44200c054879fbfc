package main_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// What the wall costs at 5,000 devices: make bench, or PHUSONG_TEST_WALL_COST=1. It takes three
// minutes, wants a quiet machine, and prints a table: what all panels of all pages
// cost Prometheus and phusong when they are asked each ten seconds, and beside it
// the scrapes and the rules, which cost the same whether anybody looks or not. Ranges
// are the last five minutes, for that is all there is.
func TestWallCost(t *testing.T) {
	if os.Getenv("PHUSONG_TEST_WALL_COST") != "1" {
		t.Skip("set PHUSONG_TEST_WALL_COST=1 to measure")
	}
	fleet := []string{"--devices", "5000"}
	registry := filepath.Join(t.TempDir(), "registry")
	if p := testbed.Phusong(t, append([]string{"simulate", "registry", "--out", registry}, fleet...)...); p.Wait() != 0 {
		t.Fatalf("simulate registry:\n%s", p.Log())
	}
	w := newTown(t, townOptions{Influx: true, Keys: map[string]any{
		"registry.areas": []string{registry + "/areas.geojson"}, "registry.sites": registry + "/sites.csv", "registry.devices": registry + "/devices.csv",
		"store.influx.bucket": "phusong/autogen",
	}})
	w.influx.CreateDatabase("phusong")
	w.start()
	prometheus, address := startPrometheusEvery(t, w.listen, "15s")
	sources := panelSources{"http://" + address, w.influx.URL()}
	testbed.Phusong(t, append([]string{"simulate", "--broker", w.broker.URL(), "--connections", "8"}, fleet...)...)
	w.await(func() error {
		up, err := w.metric(`phusong_devices{kind="wifi",state="up"}`)
		if err == nil && up < 3000 {
			err = fmt.Errorf("only %v access points are up", up)
		}
		return err
	})
	queries := panelQueries(t)
	took := make([]time.Duration, len(queries))
	const window = 40 * time.Second
	measure := func(asking bool) (ours, theirs float64) {
		beganOurs, beganTheirs := processor(t, w.process.PID()), processor(t, prometheus.PID())
		ctx, cancel := context.WithTimeout(t.Context(), window)
		defer cancel()
		refresh := time.NewTicker(10 * time.Second)
		defer refresh.Stop()
		for ctx.Err() == nil {
			for _, q := range queries {
				if !asking {
					break
				}
				began := time.Now()
				if _, err := sources.ask(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				took[q.number] += time.Since(began)
			}
			select {
			case <-refresh.C:
			case <-ctx.Done():
			}
		}
		return (processor(t, w.process.PID()) - beganOurs).Seconds() / window.Seconds(), (processor(t, prometheus.PID()) - beganTheirs).Seconds() / window.Seconds()
	}
	idleOurs, idleTheirs := measure(false)
	busyOurs, busyTheirs := measure(true)
	scrape := w.scrapeCost(t)
	queriesCost := max(0, busyOurs-idleOurs) + max(0, busyTheirs-idleTheirs)
	total := queriesCost + scrape.Seconds()/15 + idleTheirs
	t.Logf("5,000 devices, %d queries each 10 s, shares of one core:", len(queries))
	t.Logf("  phusong      %5.1f %% without, %5.1f %% with the wall (it judges and stores 83 readings a second meanwhile)", 100*idleOurs, 100*busyOurs)
	t.Logf("  Prometheus   %5.1f %% without, %5.1f %% with the wall", 100*idleTheirs, 100*busyTheirs)
	t.Logf("  a scrape     %s of the service's processor time each 15 s", scrape.Round(time.Millisecond))
	t.Logf("  the wall     %5.1f %%: queries %.1f %%, scrapes %.1f %%, Prometheus by itself %.1f %%", 100*total, 100*queriesCost, 100*scrape.Seconds()/15, 100*idleTheirs)
	slices.SortFunc(queries, func(a, b panelQuery) int { return cmp.Compare(took[b.number], took[a.number]) })
	for _, q := range queries[:8] {
		t.Logf("  %6s in all for %s, %s", took[q.number].Round(time.Millisecond), q.dashboard, q.panel)
	}
}

// scrapeCost is the processor time of the service that one scrape takes, by many.
func (w *town) scrapeCost(t *testing.T) time.Duration {
	t.Helper()
	const scrapes = 20
	page := 0
	began, at := processor(t, w.process.PID()), time.Now()
	for range scrapes {
		body, err := getBody(t.Context(), w.url("/metrics"))
		if err != nil {
			t.Fatal(err)
		}
		page = len(body)
	}
	t.Logf("/metrics of 5,000 devices is %d KiB and took %s on this machine as it was", page>>10, (time.Since(at) / scrapes).Round(time.Millisecond))
	return (processor(t, w.process.PID()) - began) / scrapes
}

// processor is the time that a process has had of the processor.
func processor(t *testing.T, pid int) time.Duration {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, see proc(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 everywhere
}
