package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"phusong/internal/testbed"
)

func phusongCandidates() []candidate {
	return []candidate{
		{
			name:  "phusong, SQLite",
			how:   "reading its database file: the count, and the beacon's newest rows every 5 ms",
			start: startWithSQLite,
		},
		{
			name:  "phusong, InfluxDB",
			how:   "as for telegraf",
			start: startWithInfluxDB,
		},
	}
}

func startWithSQLite(b *bed, _ string) contender {
	return b.startSQLite("")
}

// startSQLite runs phusong with a database of its own, and more configuration.
func (b *bed) startSQLite(more string) contender {
	data := filepath.Join(b.TempDir(), "data")
	p := b.startPhusong(data, "  kind: sqlite\n"+more)
	files, err := filepath.Glob(filepath.Join(data, "*.db"))
	if err != nil || len(files) != 1 {
		b.Fatalf("looking for phusong's database: found %v (%v), want one file", files, err)
	}
	db, err := sql.Open("sqlite", "file:"+files[0]+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		b.Fatalf("opening phusong's database: %v", err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return contender{
		process: p,
		stored: func() int64 {
			var count int64
			if err := db.QueryRowContext(b.ctx, "SELECT count(*) FROM wifi").Scan(&count); err != nil {
				b.Fatalf("counting in phusong's database: %v", err)
			}
			return count
		},
		beacons: func(after int64) []int64 { return b.sqliteBeacons(db, after) },
	}
}

// sqliteBeacons reads along the primary key, which begins with the time: only the newest rows.
func (b *bed) sqliteBeacons(db *sql.DB, after int64) (times []int64) {
	rows, err := db.QueryContext(b.ctx, "SELECT time FROM wifi WHERE time > ? AND device = ?", after, beacon)
	if err != nil {
		b.Fatalf("reading phusong's database: %v", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			b.Fatalf("reading phusong's database: %v", err)
		}
		times = append(times, at)
	}
	if err := rows.Err(); err != nil {
		b.Fatalf("reading phusong's database: %v", err)
	}
	return times
}

func startWithInfluxDB(b *bed, store string) contender {
	p := b.startPhusong(filepath.Join(b.TempDir(), "data"),
		fmt.Sprintf("  kind: influx\n  influx:\n    url: %s\n    bucket: %s/autogen\n", b.database.URL(), store))
	return contender{process: p, stored: b.influxCount(store), beacons: b.influxBeacons(store)}
}

// startPhusong runs the whole service with its defaults, every device registered, and returns when
// it is ready.
func (b *bed) startPhusong(data, store string) *testbed.Process {
	b.listening = testbed.Addr(b)
	file := filepath.Join(b.TempDir(), "phusong.yml")
	b.write(file, b.phusongConfiguration(data, b.listening, store))
	p := testbed.Run(b, testbed.Command{Name: "phusong", Path: b.phusongPath(), Args: []string{"serve", "--config", file}})
	p.WaitHTTP("http://" + b.listening + "/readyz")
	return p
}

func (b *bed) phusongConfiguration(data, listen, store string) string {
	dir := b.TempDir()
	areas, devices := filepath.Join(dir, "areas.geojson"), filepath.Join(dir, "devices.csv")
	b.write(areas, `{"type":"FeatureCollection","features":[`+
		`{"type":"Feature","properties":{"code":"80","name":"Tây Ninh","type":"province"},"geometry":null},`+
		`{"type":"Feature","properties":{"code":"`+benchArea+`","name":"Tân Ninh","type":"ward","parent":"80"},"geometry":null}]}`)
	var rows strings.Builder
	rows.WriteString("id,kind,name,area,interval\n")
	for i := range b.plan.devices {
		fmt.Fprintf(&rows, "%s,wifi,Access point %d,%s,60s\n", deviceName(i), i, benchArea)
	}
	b.write(devices, rows.String())
	return fmt.Sprintf(`data: %s
listen: %s
log:
  level: warn
mqtt:
  url: %s
  client_id: bench-phusong
store:
%sregistry:
  areas: [%s]
  devices: %s
`, data, listen, b.broker.URL(), store, areas, devices)
}

func (b *bed) phusongPath() string {
	path, err := filepath.Abs(b.plan.phusong)
	if err != nil {
		b.Fatalf("finding phusong: %v", err)
	}
	return path
}
