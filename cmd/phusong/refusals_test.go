package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/desk"
	"phusong/coverage"
	"phusong/dashboards/access"
	"phusong/dashboards/api"
)

// What a case or an alert is refused for reaches people through the API, which does not know the rooms: a
// code that it does not list is one that no console has a sentence for.
func TestTheAPIKnowsEveryCodeOfARefusal(t *testing.T) {
	t.Parallel()
	var rooms []string
	for _, c := range coverage.RefusalCodes() {
		rooms = append(rooms, string(c))
	}
	for _, c := range desk.RefusalCodes() {
		rooms = append(rooms, string(c))
	}
	slices.Sort(rooms)
	var listed []string
	for _, c := range api.CodesOfSources() {
		listed = append(listed, string(c))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(rooms, listed); diff != "" {
		t.Errorf("the API lists other codes than the rooms have (-rooms +API):\n%s", diff)
	}
	for _, code := range append(rooms, access.Codes()...) {
		if !slices.Contains(api.Codes(), api.Code(code)) {
			t.Errorf("the API does not list %s", code)
		}
	}
}
