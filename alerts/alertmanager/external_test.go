package alertmanager

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phusong/internal/testbed"
)

// post runs a Client of real Alertmanagers until the test ends.
func post(t *testing.T, adjust func(*ClientOptions), all ...*testbed.Alertmanager) *Client {
	t.Helper()
	o := ClientOptions{Logger: newLog(t).logger()}
	for _, am := range all {
		o.URLs = append(o.URLs, am.URL())
	}
	if adjust != nil {
		adjust(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

func send(t *testing.T, c *Client, alerts ...Alert) {
	t.Helper()
	if err := c.Update(alerts); err != nil {
		t.Fatal(err)
	}
}

// The same file, the same messages: Debian's Alertmanager and the embedded one.
func TestDebiansAlertmanagerSaysTheSame(t *testing.T) {
	t.Parallel()
	inside, outside := testbed.StartSMTPSink(t), testbed.StartSMTPSink(t)
	embedded := start(t, mailConfig(inside.Addr()))
	external := testbed.StartAlertmanager(t, testbed.AlertmanagerOptions{Config: mailConfig(outside.Addr())})
	c := post(t, nil, external)
	alerts := []Alert{silent("school", "ap-1"), silent("school", "ap-2")}
	for i, state := range []func(Alert) Alert{func(a Alert) Alert { return a }, Alert.resolved} {
		now := []Alert{state(alerts[0]), state(alerts[1])}
		now[1].EndsAt = now[0].EndsAt
		embedded.update(now...)
		send(t, c, now...)
		want, got := inside.Await(t, i+1)[i], outside.Await(t, i+1)[i]
		if got.Subject != want.Subject || got.Text != want.Text || got.HTML != want.HTML {
			t.Errorf("Debian's says\n%s\n%s\nthe embedded one\n%s\n%s", got.Subject, got.Text, want.Subject, want.Text)
		}
		if i == 0 {
			tryAmtool(t, external.URL())
		}
	}
}

// clusterConfig leaves replicas more time between two messages than they wait for each other, as any
// configuration for a cluster must: one that is still waiting knows only the state of before.
func clusterConfig(mail *testbed.SMTPSink) string {
	return strings.Replace(mailConfig(mail.Addr()), "group_interval: 200ms", "group_interval: 3s", 1)
}

func TestTwoOfDebiansInACluster(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	mail := testbed.StartSMTPSink(t)
	one := testbed.StartAlertmanager(t, testbed.AlertmanagerOptions{Config: clusterConfig(mail), Cluster: true})
	two := testbed.StartAlertmanager(t, testbed.AlertmanagerOptions{Config: clusterConfig(mail), Peers: []*testbed.Alertmanager{one}})
	both := []*testbed.Alertmanager{one, two}
	for _, am := range both {
		testbed.Eventually(t, testbed.Patience, func() error { return equals(am, "alertmanager_cluster_members", 2) })
	}
	registry := prometheus.NewRegistry()
	c := post(t, func(o *ClientOptions) { o.Registerer = registry }, both...)
	a := silent("school", "ap-1")
	for n, state := range []Alert{a, a.resolved()} {
		send(t, c, state)
		mail.Await(t, n+1)
		// Each has looked whether it should send.
		for _, am := range both {
			testbed.Eventually(t, testbed.Patience, func() error {
				return atLeast(am, "alertmanager_nflog_queries_total", float64(n+1))
			})
		}
	}
	// One that is killed is missed by nobody.
	one.Kill()
	send(t, c, silent("hospital", "ap-2"))
	mails := mail.Await(t, 3)
	if got := subjects(mails); len(mails) != 3 || !strings.HasPrefix(mails[1].Subject, "[ĐÃ HẾT]") || !strings.Contains(mails[2].Subject, "ap-2") {
		t.Errorf("%d e-mails, want one, one that it is over, and one of the hospital: %s", len(mails), got)
	}
	if metric(t, registry, "alertmanager_alerts_sent_total", "alertmanager="+two.URL()) < 3 {
		t.Error("the second one was not told everything")
	}
}

func equals(am *testbed.Alertmanager, name string, want float64) error {
	got, err := am.Metric(name + " ")
	if err == nil && got != want {
		err = fmt.Errorf("%s is %v, want %v", name, got, want)
	}
	return err
}

func atLeast(am *testbed.Alertmanager, name string, want float64) error {
	got, err := am.Metric(name + " ")
	if err == nil && got < want {
		err = fmt.Errorf("%s is %v, want %v at least", name, got, want)
	}
	return err
}

func TestDebiansAlertmanagerIsRestarted(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	am := testbed.StartAlertmanager(t, testbed.AlertmanagerOptions{Config: mailConfig(mail.Addr())})
	registry := prometheus.NewRegistry()
	c := post(t, func(o *ClientOptions) { o.Registerer = registry }, am)
	over := silent("school", "ap-1")
	send(t, c, over)
	mail.Await(t, 1)
	// It has noted that it sent: it looks into its notes for the next round.
	testbed.Eventually(t, testbed.Patience, func() error { return atLeast(am, "alertmanager_nflog_queries_total", 2) })
	am.Stop()
	send(t, c, over.resolved(), silent("hospital", "ap-2"))
	testbed.Eventually(t, testbed.Patience, func() error {
		if metric(t, registry, "alertmanager_send_errors_total") < 2 {
			return fmt.Errorf("not tried yet")
		}
		return nil
	})
	am.Start()
	mails := mail.Await(t, 3)
	if got := subjects(mails); !strings.Contains(got, "[ĐÃ HẾT] Điểm phát ap-1") || !strings.Contains(got, "[CẢNH BÁO] Điểm phát ap-2") {
		t.Errorf("e-mails: %s", got)
	}
}

func TestTwoEmbeddedInACluster(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	mail := testbed.StartSMTPSink(t)
	addrs := []string{testbed.GossipAddr(t), testbed.GossipAddr(t)}
	var both []*running
	for i := range addrs {
		both = append(both, start(t, clusterConfig(mail), func(o *Options) {
			o.Cluster = ClusterOptions{Listen: addrs[i], Peers: addrs[:i], PeerTimeout: time.Second, GossipInterval: 20 * time.Millisecond}
		}))
	}
	a := silent("school", "ap-1")
	for n, state := range []Alert{a, a.resolved()} {
		for _, r := range both {
			r.update(state)
		}
		mail.Await(t, n+1)
		for _, r := range both {
			testbed.Eventually(t, testbed.Patience, func() error {
				if metric(t, r.registry, "alertmanager_nflog_queries_total") < float64(n+1) {
					return fmt.Errorf("one has not looked yet")
				}
				return nil
			})
		}
	}
	// A silence of one is a silence of both.
	if code, text := both[0].request("POST", "/api/v2/silences", silenceOf("site", "hospital")); code != 200 {
		t.Fatal(text)
	}
	testbed.Eventually(t, testbed.Patience, func() error {
		if _, text := both[1].request("GET", "/api/v2/silences", ""); !strings.Contains(text, "hospital") {
			return fmt.Errorf("the other one knows no silence: %s", text)
		}
		return nil
	})
	for _, r := range both {
		r.update(silent("hospital", "ap-2"), silent("market", "ap-3"))
	}
	if mails := mail.Await(t, 3); len(mails) != 3 || !strings.Contains(mails[2].Subject, "ap-3") {
		t.Errorf("%d e-mails: %s", len(mails), subjects(mails))
	}
}
