package registry_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phusong/internal/registry"
	"phusong/internal/testbed"
)

// The examples of the manual are what a clerk copies.
func TestExamplesOfTheManualLoad(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testbed.Root(t), "docs", "REGISTRY.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for i, part := range strings.Split(string(text), "```") {
		if language, body, _ := strings.Cut(part, "\n"); i%2 == 1 {
			blocks[language] = append(blocks[language], body)
		}
	}
	if len(blocks["csv"]) != 2 || len(blocks["geojson"]) != 1 {
		t.Fatalf("the manual holds %d tables and %d area files, want 2 and 1", len(blocks["csv"]), len(blocks["geojson"]))
	}
	r, err := registry.Load(files(t, blocks["geojson"][0], blocks["csv"][0], blocks["csv"][1]))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Areas()) != 2 || len(r.Sites()) != 3 || len(r.Devices()) != 5 {
		t.Errorf("%d areas, %d sites, %d devices; want 2, 3, 5", len(r.Areas()), len(r.Sites()), len(r.Devices()))
	}
	if d, _ := r.Device("th-01-gw"); d.At.IsZero() || d.Area != "25459" {
		t.Errorf("the gateway is %+v; it should stand where its site is", d)
	}
	// Each column is explained in a table of the manual.
	for _, csv := range blocks["csv"] {
		header, _, _ := strings.Cut(csv, "\n")
		for column := range strings.SplitSeq(header, ",") {
			if !slices.ContainsFunc(strings.Split(string(text), "\n"), func(line string) bool {
				first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
				return strings.HasPrefix(line, "| ") && strings.Contains(first, "`"+column+"`")
			}) {
				t.Errorf("the column %q is in an example and not explained", column)
			}
		}
	}
}
