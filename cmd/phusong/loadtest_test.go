package main

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// The whole thing as an administrator runs it: a service behind a Mosquitto, and the load test beside them.
func TestLoadtestOfARunningService(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	listen := testbed.Addr(t)
	config := configured(t, fmt.Sprintf("data: %s\nlisten: %s\nmqtt: {url: %q}\n", t.TempDir(), listen, broker.URL()))
	service := testbed.Phusong(t, "serve", "--config", config)
	service.WaitHTTP("http://" + listen + "/readyz")
	args := []string{
		"loadtest", "--broker", broker.URL(), "--metrics", "http://" + listen + "/metrics",
		"--devices", "20", "--connections", "3", "--start", "200", "--step", "500ms",
	}

	test := testbed.Phusong(t, append(args, "--limit", "300")...)
	if code := test.Wait(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, test.Log())
	}
	out := test.Stdout()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if lines[0] != stepHeader || !regexp.MustCompile(`^ +200 +\d+ +\d+ .* (yes|no: .*)$`).MatchString(lines[1]) {
		t.Errorf("the table does not begin with its header and the first step:\n%s", out)
	}
	last := regexp.MustCompile(`^highest sustained rate: \d+ messages/s; stored within [\d.]+ ms \(p50\), [\d.]+ ms \(p99\); lost: 0; CPU per message: service [\d.]+ µs, loadtest [\d.]+ µs$`)
	if !last.MatchString(lines[len(lines)-1]) {
		t.Errorf("last line %q, want %s", lines[len(lines)-1], last)
	}
	t.Log(lines[len(lines)-1])

	// The readings were good ones, of this very time, each of them new.
	for _, series := range []string{"phusong_readings_duplicate_total", "phusong_sequence_gaps_total", "phusong_unknown_fields_total", "phusong_readings_waiting"} {
		if err := metric(listen, series, func(v float64) bool { return v == 0 }); err != nil {
			t.Error(err)
		}
	}
	body, err := get("http://" + listen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(body) {
		if flagged := strings.HasPrefix(line, "phusong_readings_flagged_total{") && !strings.HasSuffix(line, " 0\n"); flagged || strings.HasPrefix(line, "phusong_readings_rejected_total{") {
			t.Errorf("%s, want all readings accepted as they are", strings.TrimSpace(line))
		}
	}

	// Ctrl-C in the middle.
	endless := begin(t, args...)
	endless.await(func() error {
		if !strings.Contains(endless.stdout.String(), " yes\n") {
			return fmt.Errorf("no rate was sustained yet: %s", endless.stdout.String())
		}
		return nil
	})
	got := endless.stop()
	if want := regexp.MustCompile(`^phusong: stopped before the end; \d+ messages a second were sustained\n$`); got.code != 1 || !want.MatchString(got.stderr) {
		t.Errorf("stopped: exit status %d, standard error %q, want 1 and %s", got.code, got.stderr, want)
	}
}

// page serves a fixed page of metrics.
func page(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/metrics"
}

func TestLoadtestSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const deaf = "phusong_readings_received_total 7\nphusong_readings_stored_total 7\nphusong_readings_waiting 0\n"
	nobody := testbed.Addr(t)
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	closed := testbed.Mosquitto(t, testbed.MosquittoOptions{Config: []string{"allow_anonymous false"}})
	good, missing, html, others := page(t, 200, deaf), page(t, 404, ""), page(t, 200, "<html>"), page(t, 200, "up 1\n")
	for name, test := range map[string]struct {
		args []string
		code int
		want string // behind "phusong: "
	}{
		"another machine":  {[]string{"--broker", "tcp://broker.example:1883"}, 1, "--broker is on broker.example: a load test takes the service away from whoever uses it and fills its store; if that is meant, say --yes-really\n"},
		"a real address":   {[]string{"--broker", "10.1.2.3:1883", "--metrics", good}, 1, "mqtt options: URL: "},
		"no service":       {[]string{"--metrics", "http://" + nobody + "/metrics"}, 1, "the service's metrics at http://" + nobody + "/metrics: "},
		"no such page":     {[]string{"--metrics", missing}, 1, missing + " answers 404 Not Found: name the service's metrics with --metrics\n"},
		"not metrics":      {[]string{"--metrics", html}, 1, html + " is not a page of metrics: "},
		"another service":  {[]string{"--metrics", others}, 1, others + " has no phusong_readings_"},
		"not an address":   {[]string{"--metrics", "ht tp://x"}, 1, "--metrics: "},
		"no broker":        {[]string{"--metrics", good, "--broker", "tcp://" + nobody}, 1, "connecting to tcp://" + nobody + ": "},
		"not admitted":     {[]string{"--metrics", good, "--broker", closed.URL()}, 1, "connecting to " + closed.URL() + ": the broker refused the connection: "},
		"a deaf service":   {[]string{"--metrics", good, "--broker", broker.URL()}, 1, "the service at " + good + " receives nothing of what is published: is it connected to this broker, "},
		"no devices":       {[]string{"--devices", "0"}, 2, "loadtest: --devices is 0: use 1 to 1000000; "},
		"too few devices":  {[]string{"--devices", "1", "--connections", "1", "--start", "1000"}, 2, "loadtest: --devices is 1: for 1000 messages a second use 2 or more; "},
		"no connections":   {[]string{"--connections", "0"}, 2, "loadtest: --connections is 0: "},
		"a crawl":          {[]string{"--start", "1"}, 2, "loadtest: --start is 1: use 10 messages a second or more; "},
		"limit below":      {[]string{"--limit", "999"}, 2, "loadtest: --limit is 999: use 0 for none, or no less than --start; "},
		"hardly any time":  {[]string{"--step", "1ms"}, 2, "loadtest: --step is 1ms: use 500ms or more; "},
		"an area by name":  {[]string{"--area", "Tân Ninh"}, 2, "loadtest: --area: "},
		"a missing secret": {[]string{"--metrics", good, "--username", "u", "--password-file", "/none"}, 1, "--password-file: open /none: no such file or directory\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, append([]string{"loadtest"}, test.args...)...)
			if got.code != test.code || !strings.HasPrefix(got.stderr, "phusong: "+test.want) || strings.Count(got.stderr, "\n") != 1 || got.stdout != "" {
				t.Errorf("exit status %d, standard output %q, standard error\n%s\nwant %d and one line\nphusong: %s", got.code, got.stdout, got.stderr, test.code, test.want)
			}
		})
	}
}

func TestTheSearchFindsTheCapacity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.Float64Range(1, 1e6).Draw(t, "capacity")
		start := rapid.Float64Range(lowestRate, 1e5).Draw(t, "start")
		highest := start * rapid.Float64Range(1, 1000).Draw(t, "highest")
		tries := 0
		got, err := searchRate(start, highest, func(rate float64) (bool, error) {
			if rate > highest || rate < lowestRate {
				t.Fatalf("%v was tried, outside %d to %v", rate, lowestRate, highest)
			}
			tries++
			return rate <= capacity, nil
		})
		switch {
		case err != nil:
			t.Fatal(err)
		case tries > 60:
			t.Fatalf("%d tries", tries)
		case got > capacity:
			t.Fatalf("%v is not sustained", got)
		case capacity >= highest && got != highest:
			t.Fatalf("%v, want the limit %v", got, highest)
		case capacity < highest && got < (1-ratePrecision)*capacity-2 && capacity >= lowestRate:
			t.Fatalf("%v, want it closer to %v", got, capacity)
		}
	})
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	before := []bucket{{1, 10}, {2, 10}, {4, 10}, {inf, 10}}
	for name, test := range map[string]struct {
		after    []bucket
		p50, p99 float64
	}{
		"nothing new":     {before, math.NaN(), math.NaN()},
		"one bucket":      {[]bucket{{1, 10}, {2, 110}, {4, 110}, {inf, 110}}, 1.5, 1.99},
		"two buckets":     {[]bucket{{1, 60}, {2, 60}, {4, 110}, {inf, 110}}, 1, 3.96},
		"beyond the last": {[]bucket{{1, 10}, {2, 10}, {4, 10}, {inf, 20}}, 4, 4},
	} {
		delta := between(before, test.after)
		for q, want := range map[float64]float64{0.5: test.p50, 0.99: test.p99} {
			if got := quantile(q, delta); !(math.Abs(got-want) < 1e-9) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
		}
	}
	if got := quantile(0.5, between(nil, before)); got != 0.5 {
		t.Errorf("of a service that had stored nothing: %v, want 0.5", got)
	}
}

func TestTheJudgementOfAStep(t *testing.T) {
	t.Parallel()
	const lasted = 5 * time.Second
	steady := func(level, growth float64) (all []lag) {
		for i := 1; i <= looks; i++ {
			at := lasted * time.Duration(i) / looks
			all = append(all, lag{at, level + growth*at.Seconds()})
		}
		return all
	}
	for name, test := range map[string]struct {
		change func(*loadStep)
		want   string
	}{
		"well":                   {func(*loadStep) {}, ""},
		"a constant delay":       {func(s *loadStep) { s.lags = steady(900, 0) }, ""},
		"a burst at its end":     {func(s *loadStep) { s.lags[looks-1].messages = 200 }, ""},
		"growing":                {func(s *loadStep) { s.lags = steady(0, 80) }, "the service falls behind: 400 on their way at the end, 80 more each second"},
		"refused":                {func(s *loadStep) { s.rejected = 3 }, "the service refused 3 readings; phusong deadletters list says why"},
		"lost":                   {func(s *loadStep) { s.rest = rest{lost: 2} }, "2 messages that the broker had never reached the service"},
		"a broker that is slow":  {func(s *loadStep) { s.sending.Sent = 4000 }, "the broker took only 80 % of them in time"},
		"a store that is away":   {func(s *loadStep) { s.rest = rest{waiting: 5000, after: hopeless} }, "the store takes nothing more: 5000 readings wait"},
		"a store that is behind": {func(s *loadStep) { s.rest.after = 2600 * time.Millisecond }, "the service was not done until 2.6s after the last message"},
	} {
		s := &loadStep{rate: 1000, sending: mqtt.FloodResult{Due: 5000, Sent: 4990}, lags: steady(10, 0), rest: rest{idle: true, after: time.Second}}
		test.change(s)
		if got := s.judge(lasted); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestLoadDevicesSpeakAsAccessPointsDo(t *testing.T) {
	t.Parallel()
	var decoder wire.Decoder
	d := newLoadDevice("25459", 7)
	stopped := time.UnixMilli(1_790_000_000_000) // a clock that stands still is the hardest
	var before telemetry.Reading
	smallest, largest := math.MaxInt, 0
	for n := range int64(5000) {
		topic, payload := d.speak(stopped, nil)
		smallest, largest = min(smallest, len(payload)), max(largest, len(payload))
		m := decoder.Decode(topic, payload)
		if len(m.Readings) != 1 || len(m.Rejects) > 0 || m.Unknown > 0 {
			t.Fatalf("%s\n%s\ndecodes to %d readings, %d unknown fields, rejected: %v", topic, payload, len(m.Readings), m.Unknown, m.Rejects)
		}
		r := m.Readings[0]
		if r.Device != "load-0007" || r.Seq != telemetry.Some(n+1) || n > 0 && !r.Time.After(before.Time) {
			t.Fatalf("%s number %v at %v after %v", r.Device, r.Seq, r.Time, before.Time)
		}
		before = r
	}
	if smallest < 300 || largest > 420 {
		t.Errorf("payloads of %d to %d bytes, want those of an access point with two radios", smallest, largest)
	}
}
