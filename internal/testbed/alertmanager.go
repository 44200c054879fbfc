package testbed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// AlertmanagerOptions says how an Alertmanager differs from a lonely one.
type AlertmanagerOptions struct {
	// Config is the text of its alertmanager.yml. Relative paths in it are relative to Dir.
	Config string
	// Dir is where the configuration and the data lie; the default is a directory of the test.
	Dir string
	// Peers makes it join their cluster: it then shares silences and what was sent with them.
	Peers []*Alertmanager
	// Cluster opens a port for peers that come later; Peers implies it.
	Cluster bool
}

// Alertmanager is a running Alertmanager, of the version that Debian has.
type Alertmanager struct {
	*Server
	addr, clusterAddr string
}

// StartAlertmanager starts an Alertmanager for the time of the test. Replicas gossip fast and wait a
// second, not a quarter of a minute, for one another.
func StartAlertmanager(t TB, options AlertmanagerOptions) *Alertmanager {
	t.Helper()
	path := Require(t, "prometheus-alertmanager")
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	file := filepath.Join(options.Dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(options.Config), 0o600); err != nil {
		t.Fatalf("configuring Alertmanager: %v", err)
	}
	a := &Alertmanager{addr: Addr(t)}
	args := []string{
		"--config.file=" + file, "--storage.path=" + filepath.Join(options.Dir, "data"),
		"--web.listen-address=" + a.addr, "--log.level=debug",
	}
	if len(options.Peers) > 0 || options.Cluster {
		a.clusterAddr = GossipAddr(t)
		args = append(args, "--cluster.peer-timeout=1s", "--cluster.gossip-interval=20ms", "--cluster.settle-timeout=10s")
	}
	args = append(args, "--cluster.listen-address="+a.clusterAddr)
	for _, peer := range options.Peers {
		args = append(args, "--cluster.peer="+peer.clusterAddr)
	}
	a.Server = newServer(t, Command{Name: "alertmanager", Path: path, Args: args}, func() error {
		_, err := fetch(t.Context(), a.URL()+"/-/ready")
		return err
	})
	return a
}

// URL returns the base address.
func (a *Alertmanager) URL() string { return "http://" + a.addr }

// ClusterAddr returns host:port of the cluster's port, empty without a cluster.
func (a *Alertmanager) ClusterAddr() string { return a.clusterAddr }

// Metric returns the sum of the series of its metrics that begin with prefix, as in
// `alertmanager_notifications_total{integration="email"}`.
func (a *Alertmanager) Metric(prefix string) (float64, error) {
	text, err := fetch(a.t.Context(), a.URL()+"/metrics")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		_, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return 0, fmt.Errorf("metric %q: %w", line, err)
		}
		sum += value
	}
	return sum, nil
}

// Amtool runs Alertmanager's own command line tool to its end and returns its standard output and its
// exit code.
func Amtool(t TB, args ...string) (output string, exitCode int) {
	t.Helper()
	p := Run(t, Command{Name: "amtool", Path: Require(t, "amtool"), Args: args, Env: []string{"HOME=" + t.TempDir()}})
	exitCode = p.Wait()
	return p.Stdout(), exitCode
}

func fetch(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	// No kept connections: each call must meet the server that runs now.
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return string(text), err
}
