package main

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// alertPackages are where the acceptance tests of alerts are.
var alertPackages = []string{".", "../../alerts", "../../alerts/alertmanager"}

// docs/ALERTS.md names the acceptance tests that there are, and all that concern alerts.
func TestTheAlertsPageNamesTheAcceptanceTests(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`(TestAcceptance[0-9]{2}[A-Za-z0-9]+)`")
	written := regexp.MustCompile(`(?m)^func (TestAcceptance[0-9]{2}[A-Za-z0-9]+)\(`)
	var want, got []string
	for _, m := range named.FindAllStringSubmatch(text(t, alertsPage), -1) {
		got = append(got, m[1])
	}
	for _, dir := range alertPackages {
		files, err := fs.Glob(os.DirFS(dir), "*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range written.FindAllStringSubmatch(text(t, dir+"/"+file), -1) {
				if aboutAlerts(m[1]) {
					want = append(want, m[1])
				}
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(want) < 8 {
		t.Errorf("the page names\n  %s, and there are\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// aboutAlerts tells by its number whether an acceptance test concerns alerts.
func aboutAlerts(name string) bool {
	number := strings.TrimPrefix(name, "TestAcceptance")[:2]
	return slices.Contains([]string{"01", "03", "04", "05", "06", "10", "12"}, number)
}
