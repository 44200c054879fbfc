package phusong_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func compose(t *testing.T, files ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions(files, cli.WithWorkingDirectory("."), cli.WithResolvedPaths(true), cli.WithConsistency(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := cli.ProjectFromOptions(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// The compose file is valid, and what its services promise holds for each of them:
// pinned, without privileges, watched.
func TestComposeServices(t *testing.T) {
	t.Parallel()
	project := compose(t, "docker-compose.yml")
	pinned := regexp.MustCompile(`^[a-z/-]+:v?\d+\.\d+(\.\d+)?$`)
	for name, service := range project.Services {
		if service.Build == nil && !pinned.MatchString(service.Image) {
			t.Errorf("%s: the image %q is not pinned to a version", name, service.Image)
		}
		if !slices.Contains(service.CapDrop, "ALL") || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s keeps privileges", name)
		}
		// InfluxDB's own first start needs root and a file system; nobody else does.
		if name != "influxdb" {
			if !service.ReadOnly {
				t.Errorf("%s has a writable file system", name)
			}
			if service.Build == nil && (service.User == "" || strings.HasPrefix(service.User, "0")) {
				t.Errorf("%s runs as %q", name, service.User)
			}
		}
		if service.HealthCheck == nil && name != "registry" {
			t.Errorf("%s has no health check", name)
		}
		for _, port := range service.Ports {
			if name != "mosquitto" && port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes port %s to every network; only the broker, which has TLS, may", name, port.Published)
			}
		}
	}
}

// Every file that is mounted is there, every secret that is mounted is declared and
// made by `phusong secrets init`.
func TestComposeFiles(t *testing.T) {
	t.Parallel()
	project := compose(t, "docker-compose.yml")
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range project.Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
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
		if !bytes.Contains(made, []byte(`"`+name+`"`)) && !bytes.Contains(made, []byte(`"`+stem+`"`)) {
			t.Errorf("secret %s is made by nobody", name)
		}
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
