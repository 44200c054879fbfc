// Package phusong_test holds the law of the house: which package may import which, and what every
// package owes its reader. It is a test so that it stays true.
package phusong_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "phusong"

// law lists every package and which of ours it may import. A package that is not listed fails the
// test: adding one is a decision, made here. Listed packages need not exist yet.
//
// The rooms do not know one another, the adapters in internal know the vocabulary at most, and
// only cmd knows everybody.
var law = map[string]rule{
	"telemetry":           {standardOnly: true},
	"ingest":              {imports: []string{"telemetry", "internal/wire", "ingest/codec"}},
	"ingest/codec":        {imports: []string{"telemetry"}},
	"coverage":            {imports: []string{"telemetry", "internal/wire"}},
	"alerts":              {imports: []string{"telemetry", "coverage", "alerts/airquality", "alerts/environment", "alerts/rules", "alerts/wifi"}},
	"alerts/airquality":   {imports: []string{"telemetry"}},
	"alerts/alertmanager": {imports: []string{"telemetry"}},
	"alerts/desk":         {imports: []string{"telemetry"}},
	"alerts/environment":  {imports: []string{"telemetry", "alerts/airquality"}},
	"alerts/rules":        {imports: []string{"telemetry"}},
	"alerts/wifi":         {imports: []string{"telemetry"}},
	"simulator":           {imports: []string{"telemetry", "internal/wire"}},
	"dashboards":          {imports: []string{"telemetry"}},
	"dashboards/access":   {imports: []string{"telemetry"}},
	"dashboards/api":      {imports: []string{"telemetry", "dashboards/access", "dashboards/tiles"}},
	"dashboards/console":  {standardOnly: true},
	"dashboards/grafana":  {},
	"dashboards/reports":  {imports: []string{"telemetry"}},
	"dashboards/tiles":    {imports: []string{"telemetry"}},
	"deploy":              {standardOnly: true},
	"internal/wire":       {imports: []string{"telemetry"}},
	"internal/mqtt":       {imports: []string{"telemetry"}},
	"internal/broker":     {imports: []string{"telemetry"}},
	"internal/stream":     {imports: []string{"telemetry"}},
	"internal/influx":     {imports: []string{"telemetry"}},
	"internal/sqlite":     {imports: []string{"telemetry"}},
	"internal/registry":   {imports: []string{"telemetry"}},
	"internal/storetest":  {imports: []string{"telemetry"}, testSupport: true},
	"internal/testbed":    {testSupport: true},
	"internal/bench":      {imports: []string{"telemetry", "internal/wire", "internal/testbed"}},
	"cmd/phusong":         {everything: true},
	".":                   {}, // this test only
}

// rule is what one package may do.
type rule struct {
	imports      []string // of ours, relative to the module
	standardOnly bool     // nothing but the standard library besides
	everything   bool     // all of ours but test support
	testSupport  bool     // only tests, and who lists it, may import it
}

// drawers are names that say nothing of what is inside, so that anything ends up there.
var drawers = []string{
	"base", "common", "config", "constants", "core", "helper", "helpers", "interfaces", "lib", "metrics",
	"misc", "model", "models", "pkg", "shared", "type", "types", "util", "utils",
}

// maxLines is where a file of code has probably become two.
const maxLines = 500

// pkg is the part of the go command's description of a package that the law looks at.
type pkg struct {
	ImportPath   string
	Doc          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestLaw(t *testing.T) {
	t.Parallel()
	for _, offence := range offences(law, packages(t)) {
		t.Error(offence)
	}
}

func TestFilesAreShortEnoughToRead(t *testing.T) {
	t.Parallel()
	// Walking through the os package also makes the go command see that a cached result is stale.
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an editor's temporary file
		}
		if err != nil {
			return err
		}
		lines := bytes.Count(text, []byte("\n"))
		switch {
		case lines <= maxLines:
		case strings.HasSuffix(path, "_test.go"):
			t.Logf("%s has %d lines: are these two subjects?", path, lines)
		default:
			t.Errorf("%s has %d lines, more than %d: split it by concern", path, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLawNoticesOffences(t *testing.T) {
	t.Parallel()
	small := map[string]rule{
		"telemetry":   {standardOnly: true},
		"room":        {imports: []string{"telemetry"}},
		"internal/a":  {imports: []string{"telemetry"}},
		"internal/b":  {},
		"cmd/phusong": {everything: true},
		"internal/tb": {testSupport: true},
	}
	for _, test := range []struct {
		name string
		pkg  pkg
		want []string
	}{
		{name: "what is listed", pkg: pkg{ImportPath: "phusong/room", Imports: []string{"phusong/telemetry", "fmt"}}},
		{name: "cmd knows everybody", pkg: pkg{ImportPath: "phusong/cmd/phusong", Imports: []string{"phusong/room", "phusong/internal/a"}}},
		{name: "tests plug adapters together", pkg: pkg{ImportPath: "phusong/internal/a", XTestImports: []string{"phusong/internal/a", "phusong/internal/b", "phusong/internal/tb"}}},
		{
			name: "unlisted", pkg: pkg{ImportPath: "phusong/attic"},
			want: []string{"phusong/attic is not in the law: decide what it may import and list it in arch_test.go"},
		},
		{
			name: "room imports an adapter", pkg: pkg{ImportPath: "phusong/room", Imports: []string{"phusong/internal/a"}},
			want: []string{"phusong/room imports phusong/internal/a, which the law does not allow: declare an interface where it is used and let cmd plug it in"},
		},
		{
			name: "adapter's test imports a room", pkg: pkg{ImportPath: "phusong/internal/a", TestImports: []string{"phusong/room"}},
			want: []string{"the tests of phusong/internal/a import phusong/room: a test that needs both belongs to cmd"},
		},
		{
			name: "vocabulary with a library", pkg: pkg{ImportPath: "phusong/telemetry", Imports: []string{"time", "go/token", "github.com/uber/h3-go/v4"}},
			want: []string{"phusong/telemetry imports github.com/uber/h3-go/v4: it may import the standard library only"},
		},
		{
			name: "test support in the program", pkg: pkg{ImportPath: "phusong/cmd/phusong", Imports: []string{"phusong/internal/tb"}},
			want: []string{"phusong/cmd/phusong imports phusong/internal/tb, which is for tests only"},
		},
		{
			name: "drawer", pkg: pkg{ImportPath: "phusong/room/utils"},
			want: []string{
				`phusong/room/utils: "utils" names a drawer and not a subject: put the code where it is used, or name what it is about`,
				"phusong/room/utils is not in the law: decide what it may import and list it in arch_test.go",
			},
		},
		{
			name: "silent", pkg: pkg{ImportPath: "phusong/room", GoFiles: []string{"room.go"}},
			want: []string{"phusong/room has no package comment: say what it is for and what not"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, offences(small, []pkg{test.pkg})); diff != "" {
				t.Errorf("offences (-want +got):\n%s", diff)
			}
		})
	}
}

// offences returns a sentence for each thing the law forbids, with what to do about it.
func offences(law map[string]rule, packages []pkg) []string {
	var found []string
	offend := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, p := range packages {
		name := relative(p.ImportPath)
		for element := range strings.SplitSeq(name, "/") {
			if slices.Contains(drawers, element) {
				offend("%s: %q names a drawer and not a subject: put the code where it is used, or name what it is about", p.ImportPath, element)
			}
		}
		if len(p.GoFiles) > 0 && p.Doc == "" {
			offend("%s has no package comment: say what it is for and what not", p.ImportPath)
		}
		rule, listed := law[name]
		if !listed {
			offend("%s is not in the law: decide what it may import and list it in arch_test.go", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			if complaint := rule.forbids(law, path); complaint != "" {
				offend("%s imports %s%s", p.ImportPath, path, complaint)
			}
		}
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if ours(path) && path != p.ImportPath && !rule.allowsInTests(relative(path)) {
				offend("the tests of %s import %s: a test that needs both belongs to cmd", p.ImportPath, path)
			}
		}
	}
	return found
}

// forbids returns how the sentence "x imports path" must go on, or nothing where all is well.
func (r rule) forbids(law map[string]rule, path string) string {
	name := relative(path)
	switch {
	case !ours(path) && r.standardOnly && strings.Contains(strings.Split(path, "/")[0], "."):
		return ": it may import the standard library only"
	case !ours(path), slices.Contains(r.imports, name):
		return ""
	case law[name].testSupport:
		return ", which is for tests only"
	case r.everything:
		return ""
	}
	return ", which the law does not allow: declare an interface where it is used and let cmd plug it in"
}

// allowsInTests says whether a package's tests may import another of ours: besides what the package
// itself may import, any adapter, since tests plug real things together.
func (r rule) allowsInTests(name string) bool {
	return r.everything || slices.Contains(r.imports, name) || strings.HasPrefix(name, "internal/")
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// packages asks the go command what there is, broken or not: that code compiles is not for the law.
func packages(t *testing.T) []pkg {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("listing packages: %v\n%s", err, problems.Bytes())
	}
	var found []pkg
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("listing packages: %v", err)
		}
		found = append(found, p)
	}
}
