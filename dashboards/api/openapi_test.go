package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The description is what the console's types are made of: a change of it is a change of
// what others rely on. UPDATE_GOLDEN=1 writes it anew.
func TestTheDescriptionIsTheAgreedOne(t *testing.T) {
	t.Parallel()
	c := newConsole(t)
	w := httptest.NewRecorder()
	c.description.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, OpenAPI, http.NoBody))
	var got bytes.Buffer
	if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	const golden = "testdata/openapi.json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("UPDATE_GOLDEN=1 writes it anew (-want +got):\n%s", diff)
	}
}
