package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"phusong/coverage"
	"phusong/dashboards/reports"
	"phusong/internal/registry"
	"phusong/telemetry"
)

type reportCmd struct {
	Coverage    reportCoverageCmd    `cmd:"" help:"State of mobile coverage: verdicts by area and cell, yardsticks, dead zones."`
	Dossier     reportDossierCmd     `cmd:"" help:"Evidence against one operator: its gaps and dead cells with every test."`
	Declared    reportDeclaredCmd    `cmd:"" help:"Coverage that an operator declares, beside what was measured."`
	WiFi        reportWiFiCmd        `cmd:"" name:"wifi" help:"Public Wi-Fi of a period: required sites, availability, service levels and users by month, the worst sites."`
	Environment reportEnvironmentCmd `cmd:"" help:"Environment of a period: days by VN_AQI, limits exceeded, noise, water alarms, heat, and how good the data are."`
}

// reportFlags are what all reports on coverage have in common. They read the store, whether the
// service runs or not; the same store and the same days make the same bytes.
type reportFlags struct {
	dataFlag
	Registry string `placeholder:"FOLDER" help:"Folder with areas.geojson, devices.csv and roads.geojson, instead of the files of the configuration."`
	Area     string `placeholder:"CODE" help:"Province (2 digits) or commune (5 digits); default: all."`
	From     string `placeholder:"DAY" help:"First day of the tests, such as 2026-07-01; default: all that a verdict can depend on."`
	To       string `placeholder:"DAY" help:"Day of the judgement, and last day of the tests; default: today."`
	Format   string `enum:"table,csv,geojson,xlsx,html,json" default:"table" help:"One of table, csv, geojson, xlsx, html; json for a dossier."`
	Table    string `placeholder:"NAME" help:"Which table csv holds, such as areas, cells, zones or invalid; default: the cells."`
	Lang     string `enum:"vi,en" default:"vi" help:"Language: vi or en."`
	Output   string `short:"o" placeholder:"FILE" help:"Write to the file instead of standard output."`
}

// An inquiry is what a report needs to know before it reads: the flags, understood.
type inquiry struct {
	config    Config
	rules     coverage.Rules
	zone      *time.Location
	register  *registry.Registry
	area      telemetry.Area // zero for all
	operators []telemetry.OperatorCode
	from, to  coverage.Day
}

// prepare understands the flags. Now is the time of the call.
func (f *reportFlags) prepare(p *process, operators []string, now time.Time) (*inquiry, error) {
	q := new(inquiry)
	var err error
	if q.config, err = f.load(p); err != nil {
		return nil, err
	}
	if q.rules, err = q.config.Coverage.rules(); err != nil {
		return nil, err
	}
	if q.zone, err = time.LoadLocation(q.rules.Validity.Zone); err != nil {
		return nil, fmt.Errorf("the time zone of the rules: %w", err)
	}
	for _, name := range operators {
		code, err := operatorCode(name)
		if err != nil {
			return nil, fmt.Errorf("--operator: %w", err)
		}
		if !slices.Contains(q.operators, code) {
			q.operators = append(q.operators, code)
		}
	}
	slices.Sort(q.operators)
	if err := f.days(q, now); err != nil {
		return nil, err
	}
	if q.register, err = registry.Load(f.paths(&q.config)); err != nil {
		return nil, err
	}
	if f.Area == "" {
		return q, nil
	}
	code, err := telemetry.ParseAreaCode(f.Area)
	if err != nil {
		return nil, fmt.Errorf("--area: %w", err)
	}
	var found bool
	if q.area, found = q.register.Area(code); !found {
		if len(q.register.Communes(code)) == 0 {
			return nil, fmt.Errorf("--area: no file of the registry knows the area %s; name its files with --config or --registry", code)
		}
		q.area = telemetry.Area{Code: code} // a province that is only named by its communes
	}
	return q, nil
}

// days understands --from and --to.
func (f *reportFlags) days(q *inquiry, now time.Time) (err error) {
	today := dayOf(now, q.zone)
	q.to = today
	if f.To != "" {
		if q.to, err = coverage.ParseDay(f.To); err != nil {
			return fmt.Errorf("--to: %w", err)
		}
	}
	if q.to > today {
		return fmt.Errorf("--to: %s is in the future; a report on it would be another one tomorrow", q.to)
	}
	q.from = q.to - coverage.Day(q.rules.KeepDays()) + 1
	if f.From != "" {
		if q.from, err = coverage.ParseDay(f.From); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	if q.from > q.to {
		return fmt.Errorf("--from: %s is after %s, the day of the judgement", q.from, q.to)
	}
	return nil
}

const secondsOfDay = 24 * 3600

func dayOf(t time.Time, zone *time.Location) coverage.Day {
	year, month, day := t.In(zone).Date()
	return coverage.Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// begin is the first instant of a local day.
func (q *inquiry) begin(d coverage.Day) time.Time {
	year, month, day := time.Unix(int64(d)*secondsOfDay, 0).UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, q.zone)
}

// paths are the registry's files: those of the flag, else of the configuration, else
// those that a demo keeps in its data folder.
func (f *reportFlags) paths(c *Config) registry.Paths {
	paths := c.Registry.paths()
	folder := f.Registry
	if folder == "" && f.Data != "" && len(paths.Areas) == 0 {
		if found, err := filepath.Glob(filepath.Join(f.Data, "registry", "*", "areas.geojson")); err == nil && len(found) == 1 {
			folder = filepath.Dir(found[0])
		}
	}
	if folder == "" {
		return paths
	}
	paths = registry.Paths{Areas: []string{filepath.Join(folder, "areas.geojson")}}
	for path, name := range map[*string]string{&paths.Devices: "devices.csv", &paths.Roads: "roads.geojson", &paths.Sites: "sites.csv"} {
		if file := filepath.Join(folder, name); exists(file) {
			*path = file
		}
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// operatorCode takes a PLMN or the name of a Vietnamese network.
func operatorCode(name string) (telemetry.OperatorCode, error) {
	var names []string
	for _, o := range telemetry.Operators() {
		if strings.EqualFold(o.Name, name) || string(o.Code) == name {
			return o.Code, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", o.Name, o.Code))
	}
	if code, err := telemetry.ParseOperatorCode(name); err == nil {
		return code, nil
	}
	return "", fmt.Errorf("%q is no operator; there are %s, and any other by its PLMN", name, strings.Join(names, ", "))
}

// withStore opens the store of the configuration for reading. SQLite may be in use by
// the service: it writes ahead, so readers see a whole state and stop nobody.
func withStore(ctx context.Context, c *Config, do func(store) error) (err error) {
	if c.Store.Kind == "sqlite" && !exists(dataFolder(c.Data).store()) {
		return fmt.Errorf("there is no store in %s: name the data folder with --data, or its configuration with --config", c.Data)
	}
	opened, err := openStore(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	return do(opened)
}

// write writes the document where the flags say. A file is replaced as a whole or not at all.
func (f *reportFlags) write(p *process, d *reports.Document) error {
	options := reports.Options{Format: reports.Format(f.Format), Language: reports.Language(f.Lang), Table: f.Table}
	if f.Output == "" {
		if options.Format == reports.XLSX && isTerminal(p.stdout) {
			return errors.New("a workbook is nothing for a terminal: name a file with --output")
		}
		return reports.Write(p.stdout, d, options)
	}
	return replaceFile(f.Output, func(w io.Writer) error { return reports.Write(w, d, options) })
}

// replaceFile writes a file beside the one of this name, and then puts it in its place.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, reason(err))
	}
	defer func() {
		if err != nil {
			if gone := os.Remove(file.Name()); !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}()
	err = errors.Join(write(file), file.Chmod(0o644), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
