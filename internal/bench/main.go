// Command bench compares, side by side and in one run, what it costs to bring MQTT telemetry into a
// store: a bare paho client that only counts, phusong with each of its stores, and Telegraf. All
// meet the same Mosquitto, the same InfluxDB, the same publisher and the same machine, one after the
// other. It prints ratios, since absolute figures say more about the machine than about the programs.
//
// With "alerts" as its first argument it measures instead how long people wait for an alert, with
// "listeners" what it costs that many listen to events.
//
// It is run by `make bench`; tests of the code under test are elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run dispatches to the bench itself or to one of the helper processes it starts from its own binary.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "publish":
			return runPublish(ctx, args[1:], stdout, stderr)
		case "receive":
			return runReceive(ctx, args[1:], stdout, stderr)
		case "alerts":
			return runAlerts(ctx, args[1:], stdout, stderr)
		case "listeners":
			return runListeners(ctx, args[1:], stdout, stderr)
		}
	}
	plan, err := parsePlan(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, plan.timeout)
	defer cancel()
	return compare(ctx, plan, stdout, stderr)
}

// plan bounds the bench in count and time.
type plan struct {
	messages int           // in a burst, for the sustained rate
	rate     int           // messages a second, for the latency
	steady   time.Duration // how long at that rate
	devices  int
	rounds   int
	timeout  time.Duration
	phusong  string // path of the program, empty to leave it out
	only     []string
}

func parsePlan(args []string, stderr io.Writer) (plan, error) {
	var p plan
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&p.messages, "messages", 200_000, "messages in a burst; the rate is taken from the first one published to the last one stored")
	flags.IntVar(&p.rate, "rate", 2_000, "messages a second while the latency is taken")
	flags.DurationVar(&p.steady, "steady", 15*time.Second, "how long the latency is taken")
	flags.IntVar(&p.devices, "devices", 1_000, "devices the messages come from")
	flags.IntVar(&p.rounds, "rounds", 1, "how often the whole comparison is made; each figure is the median")
	flags.DurationVar(&p.timeout, "timeout", 5*time.Minute, "when to give up")
	flags.StringVar(&p.phusong, "phusong", "", "path of the phusong program; without it phusong is left out")
	flags.StringVar(&only, "only", "", "comma-separated names: leave out all other candidates")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if flags.NArg() > 0 {
		return p, fmt.Errorf("unexpected argument %q: the bench takes flags only", flags.Arg(0))
	}
	if p.messages <= 0 || p.rate <= 0 || p.steady <= 0 || p.devices <= 0 || p.rounds <= 0 {
		return p, errors.New("-messages, -rate, -steady, -devices and -rounds must be positive")
	}
	if only != "" {
		p.only = strings.Split(only, ",")
	}
	return p, nil
}
