package phusong_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"go.yaml.in/yaml/v3"

	"phusong/internal/testbed"
)

func compose(t *testing.T, files ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions(files, cli.WithWorkingDirectory("."), cli.WithResolvedPaths(true), cli.WithConsistency(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// The compose file is valid, and what its services promise holds for each of them:
// pinned, without privileges, watched.
func TestComposeServices(t *testing.T) {
	t.Parallel()
	checkServices(t, compose(t, "docker-compose.yml"))
	checkServices(t, compose(t, "docker-compose.yml", "deploy/compose.scale.yml"))
}

func checkServices(t *testing.T, project *types.Project) {
	t.Helper()
	pinned := regexp.MustCompile(`^[a-z/-]+:v?\d+\.\d+(\.\d+)?$`)
	for name, service := range project.Services {
		if service.Build == nil && !pinned.MatchString(service.Image) {
			t.Errorf("%s: the image %q is not pinned to a version", name, service.Image)
		}
		if !slices.Contains(service.CapDrop, "ALL") || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s keeps privileges", name)
		}
		// InfluxDB's own first start needs root and a file system, NATS its volume; nobody
		// else does.
		if name != "influxdb" {
			if !service.ReadOnly {
				t.Errorf("%s has a writable file system", name)
			}
			if service.Build == nil && !strings.HasPrefix(name, "nats-") && (service.User == "" || strings.HasPrefix(service.User, "0")) {
				t.Errorf("%s runs as %q", name, service.User)
			}
		}
		if service.HealthCheck == nil && name != "registry" {
			t.Errorf("%s has no health check", name)
		}
		for _, port := range service.Ports {
			if port.Target != 8883 && port.Target != 8443 && port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes port %s to every network; only what has TLS and a login may", name, port.Published)
			}
		}
	}
}

// Every file that is mounted is there, every secret that is mounted is declared and
// made by `phusong secrets init`.
func TestComposeFiles(t *testing.T) {
	t.Parallel()
	checkFiles(t, compose(t, "docker-compose.yml"))
	checkFiles(t, compose(t, "docker-compose.yml", "deploy/compose.scale.yml"))
}

func checkFiles(t *testing.T, project *types.Project) {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range project.Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if volume.Source == filepath.Join(root, "secrets", "console") { // made by `phusong secrets init`
				if !volume.ReadOnly || volume.Bind == nil || bool(volume.Bind.CreateHostPath) {
					t.Errorf("%s: the folder of the accounts may be written, or is made empty where it is missing", name)
				}
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !volume.ReadOnly {
				t.Errorf("%s may write to %s", name, strings.TrimPrefix(volume.Source, root))
			}
		}
	}
	made := sourceOf(t, "cmd/phusong", "secrets.go", "certificates.go")
	for name, secret := range project.Secrets {
		if filepath.Base(secret.File) != name || filepath.Dir(secret.File) != filepath.Join(root, "secrets") {
			t.Errorf("secret %s is in %s", name, secret.File)
		}
		stem := strings.NewReplacer("phusong", `" + serviceAccount + "`, "simulator", `" + simulatorAccount + "`).Replace(name)
		certificate := strings.TrimSuffix(strings.TrimSuffix(name, ".pem"), ".key")
		if !bytes.Contains(made, []byte(`{"`+certificate+`", []string{`)) && !bytes.Contains(made, []byte(`"`+name+`"`)) && !bytes.Contains(made, []byte(`"`+stem+`"`)) {
			t.Errorf("secret %s is made by nobody", name)
		}
	}
}

// The overlay has what it says, and all of it is used: three NATS servers that know each
// other and keep what they acknowledge, two services with one configuration that both
// know all three, and two Alertmanagers that everybody tells.
func TestComposeScale(t *testing.T) {
	t.Parallel()
	project := compose(t, "docker-compose.yml", "deploy/compose.scale.yml")
	first, second := project.Services["phusong"], project.Services["phusong-2"]
	for _, service := range []types.ServiceConfig{first, second} {
		for key, want := range map[string]string{
			"PHUSONG_STREAM_URLS": "tls://nats-1:4222,tls://nats-2:4222,tls://nats-3:4222", "PHUSONG_STREAM_REPLICAS": "3",
			"PHUSONG_STREAM_CA_FILE": "/run/secrets/ca.pem", "PHUSONG_STREAM_CERT_FILE": "/run/secrets/nats.pem", "PHUSONG_STREAM_KEY_FILE": "/run/secrets/nats.key",
			"PHUSONG_ALERTS_EXTERNAL_URL":      "https://localhost:8443",
			"PHUSONG_ALERTS_ALERTMANAGER_URLS": "http://alertmanager:9093,http://alertmanager-2:9093",
		} {
			if got := service.Environment[key]; got == nil || *got != want {
				t.Errorf("%s has %s %v, want %s", service.Name, key, got, want)
			}
		}
		if !slices.Contains(service.HealthCheck.Test, "http://127.0.0.1:8080/healthz") {
			t.Errorf("%s would be ill while it stands by: %v", service.Name, service.HealthCheck.Test)
		}
	}
	if diff := cmp.Diff(secretsOf(first), secretsOf(second)); diff != "" || !slices.Contains(secretsOf(first), "nats.key") {
		t.Errorf("the services have other secrets (-first +second):\n%s", diff)
	}
	if first.Volumes[1].Source == second.Volumes[1].Source {
		t.Errorf("both services use the data folder %s", first.Volumes[1].Source)
	}
	if diff := cmp.Diff(project.Services["alertmanager"].Command, project.Services["alertmanager-2"].Command); diff != "" {
		t.Errorf("the Alertmanagers differ (-first +second):\n%s", diff)
	}
	file, own := filepath.Join(t.TempDir(), "nats.conf"), testbed.NewCertificates(t, "nats")
	for _, name := range []string{"nats-1", "nats-2", "nats-3"} {
		content := strings.NewReplacer("$$NAME", *project.Services[name].Environment["NAME"], "$NAME", *project.Services[name].Environment["NAME"],
			"/run/secrets/nats.pem", own.ServerCert, "/run/secrets/nats.key", own.ServerKey, "/run/secrets/ca.pem", own.CAFile,
		).Replace(project.Configs["nats"].Content)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		options, err := server.ProcessConfigFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if options.ServerName != name || !options.JetStream || !options.SyncAlways || len(options.Routes) != 3 || options.MaxPayload < 1<<20 {
			t.Errorf("%s would run as %q with %d routes", name, options.ServerName, len(options.Routes))
		}
		for _, side := range []*tls.Config{options.TLSConfig, options.Cluster.TLSConfig} {
			if side == nil || side.ClientAuth != tls.RequireAndVerifyClientCert || side.ClientCAs == nil {
				t.Errorf("%s lets strangers in", name)
			}
		}
	}
}

// Prometheus watches two where there are two, and everything else alike.
func TestComposeScaleIsScraped(t *testing.T) {
	t.Parallel()
	alone, err := os.ReadFile("deploy/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := os.ReadFile("deploy/prometheus.scale.yml")
	if err != nil {
		t.Fatal(err)
	}
	body := func(raw []byte) string {
		_, text, _ := strings.Cut(string(raw), "\nglobal:")
		return text
	}
	want := strings.NewReplacer("[alertmanager:9093]", "[alertmanager:9093, alertmanager-2:9093]", "[phusong:8080]", "[phusong:8080, phusong-2:8080]").Replace(body(alone))
	if diff := cmp.Diff(want, body(scaled)); diff != "" {
		t.Errorf("deploy/prometheus.scale.yml (-want +got):\n%s", diff)
	}
}

// secretsOf are the names of a service's secrets, in order.
func secretsOf(service types.ServiceConfig) (names []string) {
	for _, secret := range service.Secrets {
		names = append(names, secret.Source)
	}
	slices.Sort(names)
	return names
}

// People reach the console over TLS, with accounts; the configuration of the service names
// what compose mounts, and messages link to where people are.
func TestComposeConsole(t *testing.T) {
	t.Parallel()
	service := compose(t, "docker-compose.yml").Services["phusong"]
	var config struct {
		HTTPS struct {
			Listen   string
			CertFile string `yaml:"cert_file"`
			KeyFile  string `yaml:"key_file"`
		}
		Access struct {
			AccountsFile string `yaml:"accounts_file"`
		}
	}
	if err := yaml.Unmarshal(sourceOf(t, "deploy", "phusong.compose.yml"), &config); err != nil {
		t.Fatal(err)
	}
	published := slices.ContainsFunc(service.Ports, func(p types.ServicePortConfig) bool {
		return p.HostIP == "" && p.Published == "8443" && strings.HasSuffix(config.HTTPS.Listen, fmt.Sprintf(":%d", p.Target))
	})
	if !published {
		t.Errorf("%s is published nowhere", config.HTTPS.Listen)
	}
	for _, file := range []string{config.HTTPS.CertFile, config.HTTPS.KeyFile} {
		if filepath.Dir(file) != "/run/secrets" || !slices.Contains(secretsOf(service), filepath.Base(file)) {
			t.Errorf("%s is not mounted", file)
		}
	}
	mounted := slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool {
		return strings.HasSuffix(v.Source, "/secrets/console") && filepath.Join(v.Target, "accounts") == config.Access.AccountsFile
	})
	if !mounted {
		t.Errorf("%s is not mounted", config.Access.AccountsFile)
	}
	if to := service.Environment["PHUSONG_ALERTS_EXTERNAL_URL"]; to == nil || *to != "https://localhost:8443" {
		t.Errorf("messages link to %v", to)
	}
}

func sourceOf(t *testing.T, dir string, files ...string) (all []byte) {
	t.Helper()
	for _, file := range files {
		raw, err := fs.ReadFile(os.DirFS(dir), file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return all
}
