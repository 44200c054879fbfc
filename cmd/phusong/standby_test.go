package main_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"phusong/internal/testbed"
)

// natsCluster is three NATS servers with JetStream, as deploy/compose.scale.yml has.
type natsCluster struct {
	nodes   []*server.Server
	options []server.Options
}

func newNATSCluster(t *testing.T) *natsCluster {
	t.Helper()
	c := new(natsCluster)
	var ports []int
	var routes []*url.URL
	for range 3 {
		port := testbed.Port(t)
		ports = append(ports, port)
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	for i, port := range ports {
		c.options = append(c.options, server.Options{
			ServerName: fmt.Sprintf("nats-%d", i+1), Host: "127.0.0.1", Port: testbed.Port(t), NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
			Cluster: server.ClusterOpts{Name: "phusong", Host: "127.0.0.1", Port: port}, Routes: routes, MaxPayload: 8 << 20,
		})
	}
	c.nodes = make([]*server.Server, len(ports))
	for i := range ports {
		c.start(t, i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.stop(i)
		}
	})
	testbed.Eventually(t, testbed.Patience, func() error {
		for _, node := range c.nodes {
			if node.JetStreamIsLeader() {
				return nil
			}
		}
		return fmt.Errorf("the cluster has no leader")
	})
	return c
}

func (c *natsCluster) start(t *testing.T, i int) {
	t.Helper()
	options := c.options[i] // the server changes what it is given
	node, err := server.NewServer(&options)
	if err != nil {
		t.Fatal(err)
	}
	node.Start()
	c.nodes[i] = node
}

func (c *natsCluster) stop(i int) {
	c.nodes[i].Shutdown()
	c.nodes[i].WaitForShutdown()
}

func (c *natsCluster) urls() (list []string) {
	for i := range c.options {
		list = append(list, fmt.Sprintf("nats://127.0.0.1:%d", c.options[i].Port))
	}
	return list
}

// Two services on one cluster: one works. It is killed in full flow and the other goes
// on, a server of the cluster dies too, and all that the broker acknowledged is stored,
// once.
func TestStandbyTakesOver(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	cluster := newNATSCluster(t)
	first := newTown(t, townOptions{Influx: true, Keys: map[string]any{"stream.urls": cluster.urls(), "stream.replicas": 3}})
	first.start()
	second := &town{
		t: t, broker: first.broker, influx: first.influx, store: first.store, data: filepath.Join(t.TempDir(), "data"), listen: testbed.Addr(t),
		config: filepath.Join(t.TempDir(), "phusong.yml"), keys: first.keys,
	}
	second.keys["data"], second.keys["listen"] = second.data, second.listen
	second.configure()
	second.launch()
	second.awaitUnready("turn")
	second.awaitExactly("phusong_active", 0)
	first.awaitExactly("phusong_active", 1)

	f := newFleet(t, first.broker.URL())
	f.begin(3)
	first.awaitAtLeast("phusong_readings_stored_total", 1000)
	f.more()
	killed := time.Now()
	first.process.Kill()
	second.awaitExactly("phusong_active", 1)
	second.process.WaitHTTP(second.url("/readyz"))
	t.Logf("the standby worked after %s", time.Since(killed).Round(100*time.Millisecond)) // TestLease bounds it
	f.more()
	second.awaitAtLeast("phusong_readings_stored_total", 1000)
	// When the cluster takes longer to elect than the lease holds, the service stops itself.
	second.supervised = true
	cluster.stop(0)
	f.more()
	second.awaitAtLeast("phusong_readings_stored_total", 2000)
	cluster.start(t, 0)
	second.settle(f)
}

// Who is told to stop gives its turn away at once: an upgrade of one after the other
// costs no five seconds.
func TestStandbyTakesOverAtOnceFromWhoStops(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	cluster := newNATSCluster(t)
	first := newTown(t, townOptions{Keys: map[string]any{"stream.urls": cluster.urls(), "stream.replicas": 3}})
	first.start()
	second := &town{t: t, broker: first.broker, listen: testbed.Addr(t), config: filepath.Join(t.TempDir(), "phusong.yml"), keys: first.keys}
	second.data = filepath.Join(t.TempDir(), "data")
	second.keys["data"], second.keys["listen"] = second.data, second.listen
	second.configure()
	second.launch()
	second.awaitUnready("turn")
	first.stop()
	second.process.WaitHTTP(second.url("/readyz"))
	if log := second.process.Log(); !strings.Contains(log, "standing by") {
		t.Errorf("the log of the second says nothing of standing by:\n%s", log)
	}
	second.stop()
	if _, err := os.Stat(second.data); err != nil {
		t.Error(err)
	}
}
