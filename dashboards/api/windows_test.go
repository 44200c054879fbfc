package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/dashboards/access"
)

func TestWorkThatIsOverIsAskedForApart(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	who := access.Identity{Name: "lan", Role: access.Operations}
	for path, want := range map[string][]string{
		"/maintenance":                   {"w1", "w2"},
		"/maintenance?over=false":        {"w1", "w2"},
		"/maintenance?over=true":         {"past-2", "past-1"},
		"/maintenance?over=true&limit=1": {"past-2"},
	} {
		got := list(t, c.as(t.Context(), who, http.MethodGet, Prefix+path, ""), "id")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
