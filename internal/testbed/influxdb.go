package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// InfluxDBOptions says how a database differs from the plain one.
type InfluxDBOptions struct {
	// WithoutFlux starts a database that knows InfluxQL and both write APIs but no Flux. It answers
	// after 50 ms; with Flux every start costs about 3 s of CPU, for Flux compiles its own library.
	WithoutFlux bool
}

// Database is a running InfluxDB 1.8.
type Database struct {
	*Server
	addr   string
	client *http.Client
}

// InfluxDB starts a database for the time of the test: InfluxDB 1.8.10, which builds from source in
// a minute and speaks the 2.x write API and Flux as well. Through that API a bucket is called
// "database/policy" (the policy that comes with a database is "autogen") and the token is
// "user:password", or empty as here, where everybody may do everything.
func InfluxDB(t TB, options InfluxDBOptions) *Database {
	t.Helper()
	path := Require(t, "influxd")
	dir := t.TempDir()
	database := &Database{
		addr: Addr(t),
		// No kept connections: each call must meet the server that runs now.
		client: &http.Client{Timeout: Patience, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	file := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(file, []byte(options.configuration(dir, database.addr)), 0o600); err != nil {
		t.Fatalf("configuring influxd: %v", err)
	}
	database.Server = newServer(t,
		Command{
			Name: "influxd", Path: path, Args: []string{"run", "-config", file},
			// Where no home is set it would refuse to start.
			Env: []string{"HOME=" + dir},
		},
		func() error { return pingInflux(t.Context(), database.client, database.URL()) })
	return database
}

// URL returns the base address of the HTTP API.
func (d *Database) URL() string { return "http://" + d.addr }

// Addr returns host:port of the HTTP API.
func (d *Database) Addr() string { return d.addr }

// CreateDatabase makes a database, which the 2.x API sees as the bucket "name/autogen".
func (d *Database) CreateDatabase(name string) {
	d.t.Helper()
	d.Query("", fmt.Sprintf("CREATE DATABASE %q", name))
}

// Query runs one InfluxQL statement and returns the rows of its first series, each value as
// encoding/json decodes it into any (numbers as [json.Number], so that nanosecond times stay
// exact). It is the tests' own view of the store, independent of the code under test.
func (d *Database) Query(database, influxQL string) [][]any {
	d.t.Helper()
	rows, err := d.query(database, influxQL)
	if err != nil {
		d.t.Fatalf("asking influxd %q: %v", influxQL, err)
	}
	return rows
}

func (d *Database) query(database, influxQL string) ([][]any, error) {
	form := url.Values{"db": {database}, "q": {influxQL}, "epoch": {"ns"}}
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.URL()+"/query?"+form.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading the answer (%s): %w", response.Status, err)
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	for _, result := range answer.Results {
		if result.Error != "" {
			return nil, errors.New(result.Error)
		}
		for _, series := range result.Series {
			return series.Values, nil
		}
	}
	return nil, nil
}

func pingInflux(ctx context.Context, client *http.Client, base string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ping", http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("influxd answers its ping with %s", response.Status)
	}
	return nil
}

// configuration turns off all that is not the database: reports to its maker, statistics
// about itself, continuous queries. Writes are synced to disk, as they are by default.
func (o InfluxDBOptions) configuration(dir, addr string) string {
	return fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"

[meta]
  dir = %[1]q
  logging-enabled = false

[data]
  dir = %[2]q
  wal-dir = %[3]q
  query-log-enabled = false

[monitor]
  store-enabled = false

[continuous_queries]
  enabled = false

[http]
  bind-address = %[4]q
  flux-enabled = %[5]t
  log-enabled = false
  suppress-write-log = true

[logging]
  level = "warn"
  suppress-logo = true
`, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), addr, !o.WithoutFlux)
}
