package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// runReceive is the floor of the comparison: a paho client as its documentation shows it, which
// counts what it receives and does nothing with it. It prints "count N" twenty times a second and
// "beacon T" for each reading of the beacon.
func runReceive(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("receive", flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("url", "", "address of the broker, tcp://host:port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var count atomic.Int64
	beacons := make(chan int64, 10_000)
	beaconTopic := "phusong/v1/" + benchArea + "/wifi/" + beacon + "/telemetry"
	options := paho.NewClientOptions().AddBroker(*url).SetClientID("bench-receiver").SetCleanSession(false).
		SetOrderMatters(true).SetAutoReconnect(false)
	options.SetDefaultPublishHandler(func(_ paho.Client, message paho.Message) {
		count.Add(1)
		if message.Topic() == beaconTopic {
			beacons <- eventTime(message.Payload())
		}
	})
	client := paho.NewClient(options)
	if err := finish(ctx, client.Connect()); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer client.Disconnect(100)
	if err := finish(ctx, client.Subscribe(topicFilter, 1, nil)); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	fmt.Fprintln(stdout, "ready")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case at := <-beacons:
			fmt.Fprintln(stdout, "beacon", at)
		case <-tick.C:
			fmt.Fprintln(stdout, "count", count.Load())
		case <-ctx.Done():
			return nil
		}
	}
}

// eventTime reads the "time" of a payload, 0 when there is none.
func eventTime(payload []byte) int64 {
	var reading struct{ Time int64 }
	if err := json.NewDecoder(bytes.NewReader(payload)).Decode(&reading); err != nil {
		return 0
	}
	return reading.Time
}

func finish(ctx context.Context, token paho.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}
