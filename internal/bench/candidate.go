package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"phusong/internal/testbed"
)

// bed is what all candidates share.
type bed struct {
	*host
	self     string // this program, which is also its own helpers
	plan     plan
	broker   *testbed.Broker
	database *testbed.Database
	// listening is the address of the phusong that was started last.
	listening string
}

// candidate is one contender. start returns when it receives messages.
type candidate struct {
	name  string
	how   string // how the bench sees that a reading is stored
	start func(b *bed, store string) contender
}

// contender is a running candidate.
type contender struct {
	process *testbed.Process
	// stored returns how many readings are in the store.
	stored func() int64
	// beacons returns the event times of the beacon's readings that are in the store and later than
	// after, both in Unix milliseconds.
	beacons func(after int64) []int64
}

func candidates(p plan) []candidate {
	all := []candidate{
		{name: "paho alone", how: "the client's own count of callbacks; nothing is stored", start: startReceiver},
	}
	if p.phusong != "" {
		all = append(all, phusongCandidates()...)
	}
	return append(all, candidate{
		name:  yardstick,
		how:   "asking InfluxDB for the count, and for the beacon's series every 5 ms",
		start: startTelegraf,
	})
}

// yardstick is the candidate that the others are compared with.
const yardstick = "telegraf"

func startReceiver(b *bed, _ string) contender {
	p := testbed.Run(b, testbed.Command{Name: "paho receiver", Path: b.self, Args: []string{"receive", "-url", b.broker.URL()}})
	p.WaitLog("ready")
	return contender{
		process: p,
		stored: func() (count int64) {
			for _, n := range numbers(p.Stdout(), "count ") {
				count = n
			}
			return count
		},
		beacons: func(after int64) (times []int64) {
			for _, at := range numbers(p.Stdout(), "beacon ") {
				if at > after {
					times = append(times, at)
				}
			}
			return times
		},
	}
}

// numbers returns the numbers of the complete lines that begin with prefix.
func numbers(text, prefix string) (found []int64) {
	for line := range strings.Lines(text) {
		value, matches := strings.CutPrefix(line, prefix)
		if !matches || !strings.HasSuffix(value, "\n") {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
			found = append(found, n)
		}
	}
	return found
}

func startTelegraf(b *bed, store string) contender {
	file := filepath.Join(b.TempDir(), "telegraf.conf")
	b.write(file, telegrafConfiguration(b.broker.URL(), b.database.URL(), store))
	p := testbed.Run(b, testbed.Command{Name: "telegraf", Path: testbed.Require(b, "telegraf"), Args: []string{"--config", file}})
	p.WaitLog("Connected")
	return contender{process: p, stored: b.influxCount(store), beacons: b.influxBeacons(store)}
}

// telegrafConfiguration is Telegraf at its best for this work, found by trying. With batches of half
// the broker's in-flight window it writes one half while it receives the other (1,000 and 5,000 are
// slower); with its default interval of 10 s the latency would be that. Like phusong it keeps its
// session and acknowledges a message only after it is in safety.
func telegrafConfiguration(broker, database, store string) string {
	return `[agent]
  interval = "1s"
  flush_interval = "100ms"
  flush_jitter = "0s"
  metric_batch_size = 2500
  metric_buffer_limit = 100000
  omit_hostname = true

[[outputs.influxdb]]
  urls = ["` + database + `"]
  database = "` + store + `"
  skip_database_creation = true

[[inputs.mqtt_consumer]]
  servers = ["` + broker + `"]
  topics = ["` + topicFilter + `"]
  topic_tag = ""
  qos = 1
  client_id = "bench-telegraf"
  persistent_session = true
  max_undelivered_messages = 20000
  data_format = "json_v2"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "phusong/v1/+/wifi/+/telemetry"
    measurement = "_/_/_/measurement/_/_"
    tags = "_/_/area/_/device/_"
  [[inputs.mqtt_consumer.json_v2]]
    [[inputs.mqtt_consumer.json_v2.object]]
      path = "@this"
      timestamp_key = "time"
      timestamp_format = "unix_ms"
`
}

// influxCount counts what is in an InfluxDB database, whatever its measurements are called.
func (b *bed) influxCount(store string) func() int64 {
	return func() int64 {
		for _, row := range b.database.Query(store, "SELECT count(clients) FROM /.*/") {
			return b.integer(row[1])
		}
		return 0
	}
}

// influxBeacons asks for one series only, which costs the database next to nothing.
func (b *bed) influxBeacons(store string) func(after int64) []int64 {
	return func(after int64) (times []int64) {
		next := strconv.FormatInt(after+1, 10)
		for _, row := range b.database.Query(store, "SELECT clients FROM /.*/ WHERE device = '"+beacon+"' AND time >= "+next+"ms") {
			times = append(times, time.Unix(0, b.integer(row[0])).UnixMilli())
		}
		return times
	}
}

func (b *bed) write(file, text string) {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatalf("writing %s: %v", filepath.Base(file), err)
	}
}

func (b *bed) integer(value any) int64 {
	number, _ := value.(json.Number)
	n, err := number.Int64()
	if err != nil {
		b.Fatalf("the database answered %v, want an integer", value)
	}
	return n
}
