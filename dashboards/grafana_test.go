package dashboards_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
)

type grafanaDashboard struct {
	UID        string
	Title      string
	Refresh    string
	Panels     []grafanaPanel
	Templating struct {
		List []struct{ Name, Definition string }
	}
	Links []struct{ URL string }
}

type grafanaPanel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ UID, Type string }
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			Unit       string
			NoValue    string
			Thresholds struct{ Steps []struct{ Color string } }
			Links      []struct{ URL string }
		}
	}
	Targets []struct {
		RefID      string
		Datasource struct{ UID string }
		Expr       string
		Query      string
	}
}

// dashboards reads what is committed, by path below the folder.
func dashboardFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(folder, path))
		files[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func grafanaDashboards(t *testing.T) map[string]grafanaDashboard {
	t.Helper()
	all := make(map[string]grafanaDashboard)
	for path, text := range dashboardFiles(t, filepath.Join("grafana", "json")) {
		var d grafanaDashboard
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[path] = d
	}
	if len(all) == 0 {
		t.Fatal("no dashboards")
	}
	return all
}

// The committed dashboards are what the typed values make, held to the types of the
// Grafana that the stack runs.
func TestDashboardsAreMadeFromTheirSources(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	npm := testbed.Require(t, "npm")
	source, err := filepath.Abs("grafana")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "tsconfig.json", ".npmrc"} {
		if err := os.Symlink(filepath.Join(source, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// Copied: the compiler looks for modules from where a source really is.
	if err := os.CopyFS(filepath.Join(dir, "src"), os.DirFS(filepath.Join(source, "src"))); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ci", "--silent"}, {"run", "--silent", "make"}} {
		p := testbed.Run(t, testbed.Command{Name: "npm", Path: npm, Args: args, Dir: dir})
		if code := p.Wait(); code != 0 {
			t.Fatalf("npm %v ended with %d:\n%s", args, code, p.Log())
		}
	}
	if diff := cmp.Diff(dashboardFiles(t, filepath.Join(dir, "json")), dashboardFiles(t, filepath.Join(source, "json"))); diff != "" {
		t.Errorf("run make dashboards and commit; made and committed differ (-made +committed):\n%s", diff)
	}
}

// Each dashboard has an address for ever, fits its grid, and no panel leaves a reader
// alone with a number.
func TestDashboardsAreWhole(t *testing.T) {
	t.Parallel()
	all := grafanaDashboards(t)
	files := make(map[string]string) // by uid
	for path, d := range all {
		if other, twice := files[d.UID]; twice {
			t.Errorf("%s and %s share the uid %s", path, other, d.UID)
		}
		files[d.UID] = path
		if strings.TrimSuffix(filepath.Base(path), ".json") != d.UID || len(d.UID) > 40 {
			t.Errorf("%s: its uid is %q", path, d.UID)
		}
	}
	link := regexp.MustCompile(`^/d/([a-z0-9-]+)`)
	for path, d := range all {
		for _, l := range d.Links {
			if m := link.FindStringSubmatch(l.URL); len(m) < 2 || files[m[1]] == "" {
				t.Errorf("%s links to %q, which is no dashboard", path, l.URL)
			}
		}
		if !strings.HasSuffix(d.UID, "-vi") && files[strings.TrimSuffix(d.UID, "-en")+"-vi"] == "" {
			t.Errorf("%s does not exist in Vietnamese", path)
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			for what, missing := range map[string]bool{
				"title": p.Title == "", "description": p.Description == "", "unit": p.FieldConfig.Defaults.Unit == "",
				"text for no data": p.FieldConfig.Defaults.NoValue == "", "thresholds": len(p.FieldConfig.Defaults.Thresholds.Steps) == 0,
				"query": len(p.Targets) == 0,
			} {
				if missing {
					t.Errorf("%s: panel %d %q has no %s", path, p.ID, p.Title, what)
				}
			}
			for _, target := range p.Targets {
				if !slices.Contains([]string{"phusong-prometheus", "phusong-influxdb"}, target.Datasource.UID) {
					t.Errorf("%s: %q asks the unknown source %q", path, p.Title, target.Datasource.UID)
				}
			}
			for _, l := range p.FieldConfig.Defaults.Links {
				if m := link.FindStringSubmatch(l.URL); len(m) < 2 || files[m[1]] == "" {
					t.Errorf("%s: %q links to %q, which is no dashboard", path, p.Title, l.URL)
				}
			}
		}
	}
}

func TestDashboardsFitTheirGrid(t *testing.T) {
	t.Parallel()
	for path, d := range grafanaDashboards(t) {
		taken := make(map[[2]int]string)
		for _, p := range d.Panels {
			g := p.GridPos
			if g.X < 0 || g.W < 1 || g.X+g.W > 24 || g.H < 1 {
				t.Errorf("%s: %q lies outside the 24 columns: %+v", path, p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" && other != p.Title {
						t.Errorf("%s: %q lies over %q", path, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	}
}

// What a panel asks for is what phusong, its rules or the scraping itself offer.
func TestDashboardsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	known := offered(t)
	name := regexp.MustCompile(`\b(phusong_[a-z0-9_]+|[a-z_]+:phusong_[a-z0-9_]+:[a-z0-9_]+)\b`)
	for path, d := range grafanaDashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				for _, metric := range name.FindAllString(target.Expr, -1) {
					for _, suffix := range []string{"_bucket", "_sum", "_count"} {
						metric = strings.TrimSuffix(metric, suffix)
					}
					if !known[metric] {
						t.Errorf("%s: %q asks for %s, which nobody offers", path, p.Title, metric)
					}
				}
			}
		}
	}
}

// offered reads the catalogue of metrics and the names that rules record.
func offered(t *testing.T) map[string]bool {
	t.Helper()
	known := make(map[string]bool)
	catalogue, err := os.ReadFile(filepath.Join(testbed.Root(t), "cmd", "phusong", "testdata", "metrics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(catalogue)) {
		if name, _, found := strings.Cut(line, " "); found && name != "" {
			known[name] = true
		}
	}
	rules := dashboardFiles(t, "prometheus")
	for _, path := range slices.Sorted(maps.Keys(rules)) {
		for _, m := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(rules[path], -1) {
			known[m[1]] = true
		}
	}
	return known
}
