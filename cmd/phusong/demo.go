package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"phusong/dashboards/console"
	"phusong/internal/mqtt"
	"phusong/simulator"
)

type demoCmd struct {
	Listen string        `default:"127.0.0.1:8080" help:"Address for HTTP."`
	MQTT   string        `name:"mqtt" default:"127.0.0.1:1883" help:"Address of the embedded broker; loopback only, for it lets everybody in."`
	Data   string        `default:"./data" help:"Folder for everything the demo keeps."`
	Seed   uint64        `default:"1" help:"Which of the possible provinces."`
	For    time.Duration `default:"0s" help:"End by itself after so long; 0: run until stopped."`
	// What makes a new demo begin with something to look back on.
	History time.Duration `default:"48h" help:"How much of the past a new data folder is filled with."`
	Drives  time.Duration `default:"720h" help:"How far back a new data folder has coverage tests; a verdict needs weeks of them."`
}

// The fleet of the demonstration: what a province might have after its first year.
const (
	demoAccessPoints = 300
	demoProbes       = 40
	demoSensors      = 60
	demoInterval     = 10 * time.Second
	// Sensors keep one interval in the past too: an hour counts when three quarters of what
	// its interval promises have come, and there is no air quality index without hours.
	demoSensorInterval = 2 * time.Minute
	demoConnectWithin  = 4 * time.Second
	demoScenario       = "demo"
	demoJudgeEvery     = 5 * time.Second // who watches has no patience
)

// Run runs the service with an embedded broker and a simulated province in one process.
func (c *demoCmd) Run(p *process) error {
	ctx := p.ctx
	world, err := c.world(time.Now(), demoInterval, demoScenario)
	if err != nil {
		return err
	}
	config, err := c.config(world)
	if err != nil {
		return err
	}
	log := newLogger(aboveProgress(p.stderr), config.Log)
	s, err := newService(ctx, config, log)
	if err != nil {
		return err
	}
	player, err := simulator.NewPlayer(simulator.PlayerOptions{
		Broker: deviceBroker{mqtt.Options{URL: s.config.MQTT.URL, CleanSession: true}}, Speed: 1, Logger: log, StopWithin: demoStopWithin,
	})
	if err != nil {
		return err
	}
	s.parts.addFirst("last messages", func(ctx context.Context) error { return s.awaitQuiet(ctx) })
	s.parts.addFirst("simulated devices", func(ctx context.Context) error { return c.play(ctx, p, s, player, world) })
	c.greet(p, s)
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	err = s.run(ctx)
	fmt.Fprintf(p.stdout, "\nended: %s\nthe simulated devices: %s\n", s.ledger.Balance(), sentLine(player.Progress()))
	return err
}

// world is the province of the demonstration. The same seed gives the same
// devices in the same places, whenever it begins.
func (c *demoCmd) world(start time.Time, interval time.Duration, scenario string) (*simulator.World, error) {
	story, err := loadScenario(scenario)
	if err != nil {
		return nil, err
	}
	o := c.fleet(start, interval)
	o.Scenario = story
	return simulator.New(o)
}

// demoStopWithin is how long the farewells of the devices may take: the broker writes
// each to the disk, and the machine may be a small one.
const demoStopWithin = 20 * time.Second

// fleet is the province without a story.
func (c *demoCmd) fleet(start time.Time, interval time.Duration) simulator.Options {
	return simulator.Options{
		Seed: c.Seed, Start: start, ConnectWithin: demoConnectWithin,
		AccessPoints: demoAccessPoints, Probes: demoProbes, Sensors: demoSensors,
		WiFiInterval: interval, MobileInterval: interval, EnvironmentInterval: demoSensorInterval, Users: true,
	}
}

// play lets the devices come up. Where the data folder is new, the days before are
// filled in meanwhile: who looks at a demo waits for the devices first.
func (c *demoCmd) play(ctx context.Context, p *process, s *service, player *simulator.Player, world *simulator.World) error {
	// A broker forgets what nobody has subscribed to.
	if err := s.client.Await(ctx); err != nil {
		return err
	}
	state, err := s.readings.State(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return player.Run(ctx, world.Events(forever)) })
	if state.Last == 0 {
		group.Go(func() error { return c.fillPast(ctx, p, s, world.Start()) })
	}
	return group.Wait()
}

// Quiet is when no message has arrived for quietFor; it is waited for no longer
// than quietTimeout.
const (
	quietFor     = 200 * time.Millisecond
	quietTimeout = 3 * time.Second
)

// awaitQuiet stops after the devices and before whoever takes their messages, when
// their farewells have come through the broker.
func (s *service) awaitQuiet(ctx context.Context) error {
	<-ctx.Done()
	deadline := time.NewTimer(quietTimeout)
	defer deadline.Stop()
	look := time.NewTicker(quietFor)
	defer look.Stop()
	for last := uint64(0); ; {
		select {
		case <-look.C:
		case <-deadline.C:
			return nil
		}
		now := s.client.Stats().Received
		if now == last {
			return nil
		}
		last = now
	}
}

// config is the defaults with the demo's addresses and the world's registry.
func (c *demoCmd) config(world *simulator.World) (Config, error) {
	config := DefaultConfig()
	config.Data, config.Listen = c.Data, c.Listen
	config.Broker.Listen, config.Broker.Anonymous = c.MQTT, true
	config.Log.Level, config.Access.Open = slog.LevelWarn, true
	config.Coverage.JudgeEvery = demoJudgeEvery
	if err := firstError(
		func() error { return checkAddress("--listen", c.Listen) },
		func() error { return checkAddress("--mqtt", c.MQTT) },
	); err != nil {
		return config, err
	}
	if !isLoopback(c.Listen) {
		return config, fmt.Errorf("--listen %s: the demo has no login and listens on a loopback address only, such as 127.0.0.1:8080", c.Listen)
	}
	if !isLoopback(c.MQTT) {
		return config, fmt.Errorf("--mqtt %s: the demo's broker lets everybody in and listens on a loopback address only, such as 127.0.0.1:1883", c.MQTT)
	}
	if err := config.validate(); err != nil {
		return config, err
	}
	if err := makeFolder(c.Data); err != nil {
		return config, err
	}
	folder := filepath.Join(c.Data, "registry", fmt.Sprintf("seed-%d", c.Seed))
	var err error
	config.Registry, err = writeRegistry(folder, world)
	return config, err
}

// greet says where to look.
func (c *demoCmd) greet(p *process, s *service) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s.config.MQTT.URL, "mqtt://"))
	if err != nil {
		host, port = "127.0.0.1", "1883"
	}
	fmt.Fprintf(p.stdout, `phusong %s: a simulated Tây Ninh with %d access points, %d probes and %d sensors

  console      http://%s
               %s
  metrics      http://%[5]s/metrics
  be a device  mosquitto_pub -h %[7]s -p %[8]s -q 1 -t phusong/v1/25459/wifi/ap-mine/telemetry -m '{"clients": 12, "wan_up": true}'
  see it       %[9]s devices --data %[10]s --unregistered
  prove it     %[9]s check ledger --data %[10]s
  registry     %[11]s (edit it: it is read again)

Stop with Ctrl-C.
`, version(), demoAccessPoints, demoProbes, demoSensors, s.http.Addr(), whatToLookAt(), host, port, p.name, c.Data, s.config.Registry.Devices)
}

// whatToLookAt is the shortest way from the console to what the product is for.
func whatToLookAt() string {
	if !console.Built() {
		return "is not in this program: install Node.js 20 or later, then make console build"
	}
	return "where west of Tân Ninh has Viettel no signal? Find the dead zone on the map, open a case, print the dossier"
}
