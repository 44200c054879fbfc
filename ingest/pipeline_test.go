package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"phusong/ingest"
	"phusong/internal/wire"
	"phusong/telemetry"
)

func TestPipelineOptions(t *testing.T) {
	t.Parallel()
	small := newLog()
	small.max = ingest.MinEntry - 1
	for _, test := range []struct {
		name string
		with func(*ingest.Options)
		want string // in the error; none for a pipeline
	}{
		{"defaults", func(*ingest.Options) {}, ""},
		{"no log", func(o *ingest.Options) { o.Log = nil }, "Log is missing"},
		{"no dead letters", func(o *ingest.Options) { o.DeadLetters = nil }, "DeadLetters is missing"},
		{"no ledger", func(o *ingest.Options) { o.Ledger = nil }, "Ledger is missing"},
		{"batch", func(o *ingest.Options) { o.BatchSize = -1 }, "BatchSize is -1"},
		{"flush", func(o *ingest.Options) { o.FlushEvery = -time.Second }, "FlushEvery is -1s"},
		{"queue", func(o *ingest.Options) { o.Queue = -1 }, "Queue is -1"},
		{"retry", func(o *ingest.Options) { o.Retry = -1 }, "Retry is -1ns"},
		{"clock", func(o *ingest.Options) { o.Clock.MaxAge = -1 }, "MaxAge"},
		{"a log without room", func(o *ingest.Options) { o.Log = small }, "Log takes entries of at most"},
		{"dead letters without room", func(o *ingest.Options) { o.DeadLetters = small }, "max_payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := ingest.Options{Log: newLog(), DeadLetters: newLog(), Ledger: ingest.NewLedger()}
			test.with(&o)
			_, err := ingest.NewPipeline(o)
			checkError(t, err, test.want)
		})
	}
}

// checkError wants an error that contains the text, or none for no text.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err == nil {
		return
	}
	if want == "" || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want one with %q", err, want)
	}
}

func TestAckWaitsForTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.log.down = true
		start(t, p.pipeline.Run)
		began := time.Now()
		acked := p.send(t, topic("ap-1"), payload(wifi("ap-1", began, 1, 1)))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(acked) > 0 || len(p.log.held()) > 0 {
			t.Fatal("acknowledged while the log was out of order")
		}
		p.log.repair()
		if at := (<-acked).Sub(began); at < 10*time.Second || at > 11*time.Second {
			t.Errorf("acknowledged after %s, want within a second of the repair at 10s", at)
		}
		if got := tags(p.log.readings()); !slices.Equal(got, []int64{1}) {
			t.Errorf("the log holds %v, want the reading 1", got)
		}
	})
}

func TestAckOfBrokenMessageWaitsForTheDeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.letters.down = true
		start(t, p.pipeline.Run)
		sent := time.Now().UTC()
		acked := p.send(t, topic("ap-1"), []byte(`{"clients":`))
		good := p.send(t, topic("ap-2"), payload(wifi("ap-2", sent, 1, 1)))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(acked) > 0 {
			t.Fatal("acknowledged while the dead letters were out of order")
		}
		if b := p.ledger.Balance(); b.InHand != 1 || b.InLog != 1 || b.Rejected != 0 {
			t.Errorf("with the letter in hand the ledger says %+v", b)
		}
		p.letters.repair()
		<-acked
		<-good
		want := []ingest.DeadLetter{{
			ID: "1-0", Time: sent, Topic: topic("ap-1"), Payload: []byte(`{"clients":`), Size: 11,
			Reason: "the payload is cut off: it is not complete JSON", Class: "payload", Count: 1,
		}}
		if diff := cmp.Diff(want, list(t, p.letters)); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		if b := p.ledger.Balance(); b.InHand != 0 || b.Rejected != 1 || b.Received != 2 {
			t.Errorf("the ledger says %+v", b)
		}
	})
}

func TestOneBadElementCostsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		start(t, p.pipeline.Run)
		<-p.send(t, topic("ap-1"), []byte(`[{"seq":1,"rx_bytes":1},{"seq":2,"clients":-5},7,{"seq":3,"rx_bytes":3}]`))
		if got := tags(p.log.readings()); !slices.Equal(got, []int64{1, 3}) {
			t.Errorf("the log holds %v, want 1 and 3", got)
		}
		type letter struct{ Payload, Class string }
		var got []letter
		for _, d := range list(t, p.letters) {
			got = append(got, letter{string(d.Payload), d.Class})
		}
		if diff := cmp.Diff([]letter{{`{"seq":2,"clients":-5}`, "clients"}, {"7", "payload"}}, got); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		if b := p.ledger.Balance(); b != (ingest.Balance{Received: 4, Rejected: 2, InLog: 2}) {
			t.Errorf("the ledger says %+v", b)
		}
	})
}

func TestWhatThePipelineAdds(t *testing.T) {
	t.Parallel()
	const sensor = "phusong/v1/25459/environment/s-1/"
	for _, test := range []struct {
		name, topic, payload string
		retained             bool
		want                 func(r *telemetry.Reading) bool
	}{
		{"a plain reading", sensor + "telemetry", `{"time":"2026-09-01T12:00:00Z","pm25_ugm3":3}`, false,
			func(r *telemetry.Reading) bool { return r.Flags == 0 && r.Received.Equal(noon) && !r.Seq.Present() }},
		{"received to the millisecond", sensor + "telemetry", `{"pm25_ugm3":3}`, false,
			func(r *telemetry.Reading) bool { return r.Time.Equal(noon) && r.Flags == telemetry.FlagNoTime }},
		{"retained", sensor + "status", `{"state":"offline","session":7}`, true,
			func(r *telemetry.Reading) bool { return r.Flags == telemetry.FlagRetained|telemetry.FlagNoTime }},
		{"late", sensor + "telemetry", `{"time":"2026-09-01T11:00:00Z","pm25_ugm3":3}`, false,
			func(r *telemetry.Reading) bool {
				return r.Flags == telemetry.FlagLate && r.Time.Equal(noon.Add(-time.Hour))
			}},
		{"status numbered by session and state", sensor + "status", `{"state":"offline","session":7}`, false,
			func(r *telemetry.Reading) bool { return r.Seq == telemetry.Some(int64(7*4+2)) }},
		{"birth", sensor + "birth", `{"session":7}`, false,
			func(r *telemetry.Reading) bool { return r.Seq == telemetry.Some(int64(7*4+3)) }},
		{"status with a number of its own", sensor + "status", `{"state":"online","session":7,"seq":100}`, false,
			func(r *telemetry.Reading) bool { return r.Seq == telemetry.Some(int64(100)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, nil)
				start(t, p.pipeline.Run)
				acked := make(chan struct{})
				err := p.pipeline.Handle(t.Context(), ingest.Message{
					Topic: test.topic, Payload: []byte(test.payload), Retained: test.retained,
					Received: noon.Add(999 * time.Microsecond).In(time.FixedZone("ICT", 7*3600)),
					Ack:      func() { close(acked) },
				})
				if err != nil {
					t.Fatal(err)
				}
				<-acked
				readings := p.log.readings()
				if len(readings) != 1 || !test.want(&readings[0]) {
					t.Errorf("the log holds %+v", readings)
				}
			})
		})
	}
}

func TestTimelessReadingsKeepDistinctKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		start(t, p.pipeline.Run)
		var acks []chan time.Time
		for _, m := range []struct{ device, payload string }{
			{"ap-1", `[{"rx_bytes":1},{"rx_bytes":2},{"seq":9,"rx_bytes":3}]`},
			{"ap-1", `{"rx_bytes":4}`},
			{"ap-2", `{"rx_bytes":5}`},
			{"ap-2", `{"rx_bytes":6}`},
		} {
			acks = append(acks, p.send(t, topic(m.device), []byte(m.payload)))
			time.Sleep(100 * time.Microsecond) // less than keys resolve
		}
		for _, acked := range acks {
			<-acked
		}
		keys := make(map[telemetry.Key]bool)
		for _, r := range p.log.readings() {
			keys[r.Key()] = true
		}
		if len(keys) != 6 {
			t.Errorf("six readings have %d keys: %v", len(keys), keys)
		}
	})
}

func TestFullQueueBlocksHandle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, func(o *ingest.Options) { o.Queue, o.BatchSize = 1, 1 })
		p.log.down = true
		running := start(t, p.pipeline.Run)
		inFlight := p.send(t, topic("ap-1"), payload(wifi("ap-1", time.Now(), 1, 1)))
		synctest.Wait()
		queued := p.send(t, topic("ap-1"), payload(wifi("ap-1", time.Now(), 2, 2)))

		ctx, cancel := context.WithCancel(t.Context())
		refused := make(chan error, 1)
		go func() {
			refused <- p.pipeline.Handle(ctx, ingest.Message{
				Topic: topic("ap-1"), Payload: payload(wifi("ap-1", time.Now(), 3, 3)), Received: time.Now(),
				Ack: func() { t.Error("a message that was not taken over was acknowledged") },
			})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(refused) > 0 {
			t.Fatal("Handle returned while the queue was full")
		}
		cancel()
		if err := <-refused; !errors.Is(err, context.Canceled) {
			t.Errorf("Handle returned %v, want that its context was cancelled", err)
		}
		p.log.repair()
		<-inFlight
		<-queued
		if err := running.stop(); err != nil {
			t.Error(err)
		}
		if got := tags(p.log.readings()); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("the log holds %v, want 1 and 2", got)
		}
	})
}

func TestStopSavesWhatIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, func(o *ingest.Options) { o.BatchSize, o.FlushEvery = 3, time.Hour })
		// Handed over before Run, so that all of it is in the queue when Run ends.
		var acks []chan time.Time
		for i, r := range numbered("ap-1", 8) {
			acks = append(acks, p.send(t, topic("ap-1"), payload(r)))
			if i%3 == 0 {
				acks = append(acks, p.send(t, topic("ap-1"), []byte("?")))
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.pipeline.Run(ctx); err != nil {
			t.Error(err)
		}
		for i, acked := range acks {
			if len(acked) != 1 {
				t.Errorf("message %d was acknowledged %d times", i, len(acked))
			}
		}
		if got, want := tags(p.log.readings()), []int64{0, 1, 2, 3, 4, 5, 6, 7}; !slices.Equal(got, want) {
			t.Errorf("the log holds %v, want %v", got, want)
		}
		if n := len(list(t, p.letters)); n != 3 {
			t.Errorf("%d dead letters, want 3", n)
		}
	})
}

func TestStopDoesNotAckWhatCannotBeSaved(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"the log fails": false, "the log hangs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, func(o *ingest.Options) { o.BatchSize = 2 })
				p.log.down = true
				if hangs {
					p.log.script = slices.Repeat([]outcome{hangsBefore}, 10)
				}
				running := start(t, p.pipeline.Run)
				var acks []chan time.Time
				for _, r := range numbered("ap-1", 5) {
					acks = append(acks, p.send(t, topic("ap-1"), payload(r)))
				}
				synctest.Wait()
				began := time.Now()
				if err := running.stop(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("stopping took %s", took)
				}
				for i, acked := range acks {
					if len(acked) > 0 {
						t.Errorf("message %d was acknowledged and is nowhere", i)
					}
				}
				p.log.check(t)
			})
		})
	}
}

// An append that was cut off by the end may have succeeded. What follows must not
// take its id for something else, nor add the readings again.
func TestStopInTheMiddleOfAnAppend(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cut  outcome
		name string
	}{{hangsAfter, "it had succeeded"}, {hangsBefore, "it had not"}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, func(o *ingest.Options) { o.BatchSize = 2 })
				p.log.script = []outcome{test.cut}
				running := start(t, p.pipeline.Run)
				var acks []chan time.Time
				for _, r := range numbered("ap-1", 5) {
					acks = append(acks, p.send(t, topic("ap-1"), payload(r)))
				}
				synctest.Wait()
				if err := running.stop(); err != nil {
					t.Error(err)
				}
				if got, want := tags(p.log.readings()), []int64{0, 1, 2, 3, 4}; !slices.Equal(got, want) {
					t.Errorf("the log holds %v, want %v", got, want)
				}
				for i, acked := range acks {
					if len(acked) != 1 {
						t.Errorf("message %d was acknowledged %d times", i, len(acked))
					}
				}
				p.log.check(t)
			})
		})
	}
}

func TestHugeArrayIsSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.log.max = ingest.MinEntry
		start(t, p.pipeline.Run)
		all := numbered("ap-1", wire.MaxReadings)
		for i := range all {
			all[i].Time = time.Now().Add(time.Duration(i) * time.Millisecond)
		}
		<-p.send(t, topic("ap-1"), payload(all...))
		if diff := cmp.Diff(tags(all), tags(p.log.readings())); diff != "" {
			t.Errorf("readings of the log (-want +got):\n%s", diff)
		}
		p.log.check(t) // no entry too long
		if b := p.ledger.Balance(); b != (ingest.Balance{Received: wire.MaxReadings, InLog: wire.MaxReadings}) {
			t.Errorf("the ledger says %+v", b)
		}
	})
}

func TestLongReadingsAreSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.log.max = ingest.MinEntry
		start(t, p.pipeline.Run)
		// The longest that a device may say.
		sketch := "hll1:2026-09:9f3c2a1bd4e5f607:Ag4A"
		sketch += strings.Repeat("A", (32<<10-len(sketch))/4*4)
		var all []chan time.Time
		for range 20 {
			all = append(all, p.send(t, topic("ap-1"), []byte(`{"users_sketch":"`+sketch+`"}`)))
		}
		for _, acked := range all {
			<-acked
		}
		if n := len(p.log.readings()); n != 20 {
			t.Errorf("the log holds %d readings, want 20; dead letters: %d", n, len(list(t, p.letters)))
		}
		p.log.check(t)
	})
}

func TestManyLongLettersAreSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.letters.max = ingest.MinEntry
		start(t, p.pipeline.Run)
		<-p.send(t, topic("ap-1"), []byte("["+strings.Repeat("8,", wire.MaxReadings-1)+"8]"))
		<-p.send(t, topic("ap-1"), []byte(strings.Repeat("x", wire.MaxPayload+1)))
		letters := list(t, p.letters)
		if len(letters) != wire.MaxReadings+1 {
			t.Fatalf("%d dead letters, want %d", len(letters), wire.MaxReadings+1)
		}
		if last := letters[len(letters)-1]; !last.Truncated() || last.Size != wire.MaxPayload+1 || len(last.Payload) < ingest.MinEntry/2 {
			t.Errorf("of %d bytes %d were kept, truncated is %v", last.Size, len(last.Payload), last.Truncated())
		}
		p.letters.check(t)
	})
}

// A retry goes on with what is left: a list that begins anew each time would fill
// the log of dead letters with its first entry.
func TestLettersAreAppendedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, nil)
		p.letters.max = ingest.MinEntry
		p.letters.script = append([]outcome{works}, slices.Repeat([]outcome{failsBefore}, 50)...)
		start(t, p.pipeline.Run)
		acked := p.send(t, topic("ap-1"), []byte("["+strings.Repeat("8,", 999)+"8]"))
		time.Sleep(5 * time.Second)
		if len(acked) > 0 {
			t.Fatal("acknowledged too early")
		}
		if b := p.ledger.Balance(); b.Rejected+b.InHand != 1000 || b.Difference() != 0 {
			t.Errorf("halfway the ledger says %+v", b)
		}
		<-acked
		if n := len(list(t, p.letters)); n != 1000 {
			t.Errorf("%d dead letters, want 1000", n)
		}
		if b := p.ledger.Balance(); b != (ingest.Balance{Received: 1000, Rejected: 1000}) {
			t.Errorf("at the end the ledger says %+v", b)
		}
	})
}

func TestPipelineMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		p := newPost(t, func(o *ingest.Options) { o.Registry = registry })
		p.log.script = []outcome{failsBefore, failsBefore}
		queued := p.send(t, topic("ap-1"), []byte(`[{"seq":1,"rx_bytes":1,"colour":"red"},{"seq":2,"rx_bytes":2}]`))
		if err := testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP mqtt_messages_queued MQTT messages taken from the broker and not decoded yet. When the queue is full the broker has to wait.
			# TYPE mqtt_messages_queued gauge
			mqtt_messages_queued 1
		`), "mqtt_messages_queued"); err != nil {
			t.Error(err)
		}
		start(t, p.pipeline.Run)
		<-queued
		synctest.Wait()
		if err := testutil.GatherAndCompare(registry, strings.NewReader(`
			# HELP mqtt_messages_queued MQTT messages taken from the broker and not decoded yet. When the queue is full the broker has to wait.
			# TYPE mqtt_messages_queued gauge
			mqtt_messages_queued 0
			# HELP mqtt_messages_received_total MQTT messages taken from the broker.
			# TYPE mqtt_messages_received_total counter
			mqtt_messages_received_total 1
			# HELP stream_append_errors_total Failed attempts to append to the stream; each is tried again.
			# TYPE stream_append_errors_total counter
			stream_append_errors_total 2
			# HELP unknown_fields_total Members of payloads that no field bears; they are ignored.
			# TYPE unknown_fields_total counter
			unknown_fields_total 1
		`), "mqtt_messages_queued", "mqtt_messages_received_total", "stream_append_errors_total", "unknown_fields_total"); err != nil {
			t.Error(err)
		}
		lint(t, registry)
	})
}

// lint checks the names and helps of all metrics of g.
func lint(t *testing.T, g prometheus.Gatherer) {
	t.Helper()
	problems, err := testutil.GatherAndLint(g)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("metric %s: %s", p.Metric, p.Text)
	}
}

// A device gone mad fills the dead letters, and the log with one line a minute.
func TestRefusalsAreToldNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := newPost(t, func(o *ingest.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		running := start(t, p.pipeline.Run)
		for range 150 { // two and a half minutes
			<-p.send(t, topic("ap-1"), []byte("mad"))
			time.Sleep(time.Second)
		}
		if err := running.stop(); err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "readings refused"); n != 3 {
			t.Errorf("%d lines in two and a half minutes, want 3:\n%s", n, log.String())
		}
		if !strings.Contains(log.String(), "count=1 ") || !strings.Contains(log.String(), "count=60 ") {
			t.Errorf("the first is not told at once, or the others not by their sum:\n%s", log.String())
		}
	})
}
