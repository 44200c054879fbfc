package alertmanager

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/cluster"
)

const (
	// DefaultPeerTimeout is how long each replica waits for those before it.
	DefaultPeerTimeout = 15 * time.Second
	settleWithin       = cluster.DefaultPushPullInterval
	leaveWithin        = 10 * time.Second
)

// ClusterOptions join several Alertmanagers, embedded or not: they share silences and what was sent,
// so that each message goes out once. All must be given the same alerts and the same configuration.
type ClusterOptions struct {
	// Listen is host:port, for TCP and UDP. Empty: no cluster.
	Listen string
	// Advertise is how the others reach us, when that is not Listen.
	Advertise string
	// Peers are the host:port of others; one that is up is enough.
	Peers []string
	// PeerTimeout is how long each replica waits for the one before it to send; 0: [DefaultPeerTimeout].
	PeerTimeout time.Duration
	// GossipInterval is the pause between two messages among them; 0: 200 ms.
	GossipInterval time.Duration
	// TLSConfigFile is in the format of Alertmanager's --cluster.tls-config. Without it whoever
	// reaches the port may join.
	TLSConfigFile string
}

func (e *Embedded) openCluster() error {
	o := &e.options.Cluster
	if o.Listen == "" {
		e.sent.SetBroadcast(func([]byte) { e.wakeKeeper() })
		e.silences.SetBroadcast(func([]byte) { e.wakeKeeper() })
		return nil
	}
	if o.PeerTimeout <= 0 {
		o.PeerTimeout = DefaultPeerTimeout
	}
	if o.GossipInterval <= 0 {
		o.GossipInterval = cluster.DefaultGossipInterval
	}
	secure, err := cluster.GetTLSTransportConfig(o.TLSConfigFile)
	if err != nil {
		return fmt.Errorf("cluster: reading the TLS configuration %s: %w", o.TLSConfigFile, err)
	}
	reg := e.options.Registerer
	e.peer, err = cluster.Create(e.log.With("component", "cluster"), reg, o.Listen, o.Advertise, o.Peers, true,
		cluster.DefaultPushPullInterval, o.GossipInterval, cluster.DefaultTCPTimeout, cluster.DefaultResolvePeersTimeout,
		cluster.DefaultProbeTimeout, cluster.DefaultProbeInterval, secure, false, "", "")
	if err != nil {
		return fmt.Errorf("cluster: opening %s: %w", o.Listen, err)
	}
	sent := e.peer.AddState("nfl", e.sent, reg)
	e.sent.SetBroadcast(func(b []byte) { sent.Broadcast(b); e.wakeKeeper() })
	silences := e.peer.AddState("sil", e.silences, reg)
	e.silences.SetBroadcast(func(b []byte) { silences.Broadcast(b); e.wakeKeeper() })
	return nil
}

// joinCluster greets the peers. Nothing is sent before their state is ours; a peer that is away does
// not hold us up for longer than settleWithin.
func (e *Embedded) joinCluster(ctx context.Context, running *sync.WaitGroup) {
	if e.peer == nil {
		return
	}
	if err := e.peer.Join(cluster.DefaultReconnectInterval, cluster.DefaultReconnectTimeout); err != nil {
		e.log.Warn("Not all peers of the cluster of Alertmanagers answer; they are tried again", "err", err)
	}
	running.Go(func() {
		settle, cancel := context.WithTimeout(ctx, settleWithin)
		defer cancel()
		e.peer.Settle(settle, 10*e.options.Cluster.GossipInterval)
	})
}

// clusterWait is how long those before us in the cluster have to send a message.
func (e *Embedded) clusterWait() time.Duration {
	if e.peer == nil {
		return 0
	}
	return time.Duration(e.peer.Position()) * e.options.Cluster.PeerTimeout
}
