package main

import (
	"database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

const bremen = "freifunk-bremen/freifunk-bremen-meshviewer.json"

// The network of Bremen, through a real broker into a service that has the registry
// which the same command wrote: the state of each of its 891 access points, and all
// that they said, come out as they stand in the file.
func TestImportOfARealFreifunkNetwork(t *testing.T) {
	t.Parallel()
	file := testbed.Data(t, bremen)
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	folder := filepath.Join(t.TempDir(), "registry")
	written := command(t, "import", "freifunk", "--area", "80", "--registry", folder, "--no-send", "--interval", "24h", file)
	if written.code != 0 || written.stderr != "" {
		t.Fatalf("writing the registry: exit status %d, standard error %q", written.code, written.stderr)
	}
	devices, sites := rowsOfTable(t, filepath.Join(folder, "devices.csv")), rowsOfTable(t, filepath.Join(folder, "sites.csv"))
	if len(devices) != 891 {
		t.Errorf("%d devices are registered, want 891", len(devices))
	}
	s := serve(t, fmt.Sprintf("mqtt: {url: %q}\nregistry: {devices: %s/devices.csv, sites: %s/sites.csv}\n", broker.URL(), folder, folder))

	sent := command(t, "import", "freifunk", "--broker", broker.URL(), "--area", "80", "--now", file)
	const said = "833 online, 58 offline, 755 located, 1135 clients"
	if sent.code != 0 || !strings.Contains(sent.stdout, said) || !strings.HasSuffix(sent.stdout, "\n2615 readings are published; the broker has them all\n") {
		t.Errorf("exit status %d\n%s%s\nwant it to say %q, and 2,615 readings", sent.code, sent.stdout, sent.stderr, said)
	}
	s.awaitMetric("phusong_readings_stored_total", func(v float64) bool { return v == 2615 })
	for state, n := range map[string]float64{"up": 833, "offline": 58} {
		s.awaitMetric(fmt.Sprintf(`phusong_devices{kind="wifi",state=%q}`, state), func(v float64) bool { return v == n })
	}
	s.awaitMetric("phusong_unregistered_devices", func(v float64) bool { return v == 0 })
	if got := s.stop(); got.code != 0 {
		t.Errorf("serve ended with %d", got.code)
	}
	checkBremen(t, filepath.Join(s.data, "phusong.db"), len(sites))
}

// checkBremen looks at the store with other eyes than ours.
func checkBremen(t *testing.T, path string, sites int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got := make(map[string]int)
	for name, query := range map[string]string{
		"online":     `SELECT COUNT(DISTINCT device) FROM status_readable WHERE state = 'online'`,
		"offline":    `SELECT COUNT(DISTINCT device) FROM status_readable WHERE state = 'offline'`,
		"births":     `SELECT COUNT(*) FROM status_readable WHERE state = 'birth'`,
		"positions":  `SELECT COUNT(*) FROM status_readable WHERE state = 'birth' AND lat IS NOT NULL`,
		"measured":   `SELECT COUNT(*) FROM wifi_readable`,
		"clients":    `SELECT SUM(clients) FROM wifi_readable`,
		"with model": `SELECT COUNT(*) FROM status_readable WHERE state = 'birth' AND model IS NOT NULL`,
	} {
		var n int
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got[name] = n
	}
	// One of the 755 locations is empty; 885 nodes name their model.
	want := map[string]int{"online": 833, "offline": 58, "births": 891, "positions": 754, "measured": 833, "clients": 1135, "with model": 885}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the store (-want +got):\n%s", diff)
	}
	t.Logf("%d sites", sites)
}

func rowsOfTable(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestImportFreifunkRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "meshviewer.json")
	write(t, file, `{"timestamp":"2020-05-13T13:11:52+0200","nodes":[{"node_id":"a","is_online":false},{"node_id":"b","is_online":true,"clients":"9"},7]}`)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--area", "x", file}, "--area"},
		{[]string{"--area", "80", "--interval", "0s", file}, "--interval"},
		{[]string{"--area", "80", "--category", "pub", file}, `category "pub" is unknown`},
		{[]string{"--area", "80", filepath.Join(dir, "none.json")}, "none.json"},
		{[]string{"--area", "80", "--broker", "tcp://" + listener(t), "--wait", "50ms", file}, "does not answer within 50ms"},
	} {
		got := command(t, append([]string{"import", "freifunk"}, test.args...)...)
		if got.code != 1 || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%v: exit status %d, standard error %q, want %q", test.args, got.code, got.stderr, test.want)
		}
	}
	folder := filepath.Join(dir, "registry")
	args := []string{"import", "freifunk", "--area", "80", "--registry", folder, "--no-send", file}
	got := command(t, args...)
	for _, want := range []string{"3 access points as of 2020-05-13T11:11:52Z: 1 online, 1 offline, 0 located, 0 clients\n", "  1 refused\n", "values left out: 1 clients\n", "node 2 (b): clients left out: it is a text", "2 devices and 0 sites are written"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit status %d, standard output %q, want %q", got.code, got.stdout, want)
		}
	}
	if again := command(t, args...); again.code != 1 || !strings.Contains(again.stderr, "exists already") {
		t.Errorf("a second time: exit status %d, standard error %q", again.code, again.stderr)
	}
}
