package console

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var builtFiles = fstest.MapFS{
	"index.html":              {Data: []byte("<!doctype html>the console")},
	"field.html":              {Data: []byte("<!doctype html>the phone")},
	"sw.js":                   {Data: []byte("// the worker")},
	"field.webmanifest":       {Data: []byte(`{"name":"phusong"}`)},
	"icon.svg":                {Data: []byte("<svg/>")},
	"assets/console-Ab12.js":  {Data: []byte(strings.Repeat("console.log(1);", 100))},
	"assets/console-Ab12.css": {Data: []byte("body{}")},
	"assets/pixel-Ab12.png":   {Data: []byte("png")},
}

func built(t testing.TB, files fs.FS, o Options) http.Handler {
	t.Helper()
	h, err := newHandler(files, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(t testing.TB, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
	r.URL.Path = path // as it is after decoding, whatever it holds
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := built(t, builtFiles, Options{})
	const html, forever, ask1 = "text/html; charset=utf-8", "public, max-age=31536000, immutable", "no-cache"
	for path, want := range map[string]struct{ text, kind, cache string }{
		"/":                        {"the console", html, ask1},
		"/index.html":              {"the console", html, ask1},
		"/cases":                   {"the console", html, ask1},
		"/cases/gap-1":             {"the console", html, ask1},
		"/alerts/a/b/c":            {"the console", html, ask1},
		"/devices/<b>x":            {"the console", html, ask1},
		"/field":                   {"the phone", html, ask1},
		"/field/":                  {"the phone", html, ask1},
		"/sw.js":                   {"the worker", "text/javascript; charset=utf-8", ask1},
		"/field.webmanifest":       {"phusong", "application/manifest+json", ask1},
		"/icon.svg":                {"<svg/>", "image/svg+xml", ask1},
		"/assets/console-Ab12.js":  {"console.log", "text/javascript; charset=utf-8", forever},
		"/assets/console-Ab12.css": {"body", "text/css; charset=utf-8", forever},
		"/assets/pixel-Ab12.png":   {"png", "image/png", forever},
	} {
		got := ask(t, h, http.MethodGet, path)
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want.text) {
			t.Errorf("%s: %d %.60q, want %q", path, got.Code, got.Body, want.text)
		}
		if diff := cmp.Diff(want.kind+"|"+want.cache, got.Header().Get("Content-Type")+"|"+got.Header().Get("Cache-Control")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", path, diff)
		}
	}
}

// Whatever is no file of the build and no page of the console is nothing: no listing, no
// way out of the folder.
func TestNothingElse(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.Handler{"built": built(t, builtFiles, Options{}), "unbuilt": built(t, fstest.MapFS{}, Options{})} {
		for _, path := range []string{
			"", "*", "/assets", "/assets/", "/assets/.", "/../console.go", "/assets/../../console.go", "/assets/..%2f..%2fconsole.go", `/..\console.go`, "//etc/passwd",
			"/./icon.svg", "/icon.svg/", "/icon.svg/x", "/icon.svg\x00", "/console.go", "/.gitignore", "/nowhere", "/casesx", "/CASES", "/api/v1/alerts", "/index.html/", "/package.json",
		} {
			if got := ask(t, h, http.MethodGet, path); got.Code != http.StatusNotFound {
				t.Errorf("%s: %q: %d %.60q, want 404", name, path, got.Code, got.Body)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "TRACE"} {
			if got := ask(t, h, method, "/"); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s: %s /: %d, Allow %q", name, method, got.Code, got.Header().Get("Allow"))
			}
		}
	}
}

func FuzzPath(f *testing.F) {
	h, err := newHandler(builtFiles, Options{})
	if err != nil {
		f.Fatal(err)
	}
	known := map[string]bool{}
	for _, file := range builtFiles {
		known[string(file.Data)] = true
	}
	for _, path := range []string{"/", "/cases/1", "/../x", "/assets/console-Ab12.js", "/field/../index.html", "/\x00", "//", "/assets/%2e%2e/"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := ask(t, h, http.MethodGet, path)
		switch {
		case got.Code == http.StatusNotFound:
		case got.Code != http.StatusOK || !known[got.Body.String()]:
			t.Errorf("%q: %d %.60q", path, got.Code, got.Body)
		}
		guarded(t, path, got.Header())
	})
}

// guarded holds when an answer keeps the browser strict.
func guarded(t *testing.T, path string, h http.Header) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, must) {
			t.Errorf("%q: the policy %q lacks %q", path, policy, must)
		}
	}
	if strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" {
		t.Errorf("%q: the headers are %v", path, h)
	}
}

func TestCompressionAndRepetition(t *testing.T) {
	t.Parallel()
	h := built(t, builtFiles, Options{})
	const script = "/assets/console-Ab12.js"
	plain := ask(t, h, http.MethodGet, script)
	packed := ask(t, h, http.MethodGet, script, "Accept-Encoding", "br, gzip")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != plain.Body.String() {
		t.Errorf("unpacked: %.60q, %v", text, err)
	}
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" || packed.Header().Get("ETag") == plain.Header().Get("ETag") {
		t.Errorf("headers of the packed file: %v", packed.Header())
	}
	again := ask(t, h, http.MethodGet, script, "Accept-Encoding", "gzip", "If-None-Match", packed.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again: %d with %d bytes", again.Code, again.Body.Len())
	}
	if other := ask(t, h, http.MethodGet, script, "If-None-Match", `"old"`); other.Code != http.StatusOK {
		t.Errorf("asked with an old tag: %d", other.Code)
	}
	head := ask(t, h, http.MethodHead, script)
	if head.Code != http.StatusOK || head.Body.Len() > 0 || head.Header().Get("Content-Length") != plain.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d with %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
	if got := ask(t, h, http.MethodGet, "/assets/pixel-Ab12.png", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a picture is packed twice: %s", got)
	}
}

// A program without a console says how to get one, and where the rest is.
func TestUnbuilt(t *testing.T) {
	t.Parallel()
	got := ask(t, built(t, fstest.MapFS{}, Options{}), http.MethodGet, "/cases/7")
	for _, must := range []string{"make console", "chạy", "Install Node.js", `href="/metrics"`, `href="/openapi.json"`, `href="/readyz"`} {
		if !strings.Contains(got.Body.String(), must) {
			t.Errorf("the page lacks %q:\n%s", must, got.Body)
		}
	}
	guarded(t, "/", got.Header())
}

func TestTileOrigins(t *testing.T) {
	t.Parallel()
	h := built(t, builtFiles, Options{TileOrigins: []string{"https://a.example.vn", "http://b.example.vn:8081"}})
	got := ask(t, h, http.MethodGet, "/").Header().Get("Content-Security-Policy")
	for _, directive := range []string{"connect-src", "img-src"} {
		allowed := regexp.MustCompile(directive + ` [^;]*;`).FindString(got)
		for _, origin := range []string{"https://a.example.vn", "http://b.example.vn:8081"} {
			if !strings.Contains(allowed, " "+origin) {
				t.Errorf("%s is %q and lacks %s", directive, allowed, origin)
			}
		}
	}
	for _, wrong := range []string{"", "*", "tiles.example.vn", "https://", "https://a/b", "https://a;script-src *", "https://a b", "javascript://a", "https://u:p@a/"} {
		if _, err := newHandler(builtFiles, Options{TileOrigins: []string{wrong}}); err == nil || !strings.Contains(err.Error(), "write it like") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// The addresses that the browser knows and those that the service answers are the same.
func TestEveryRouteIsServed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("src/main.tsx")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, m := range regexp.MustCompile(`<Route path="/([^/"]*)`).FindAllStringSubmatch(string(source), -1) {
		used[m[1]] = true
	}
	if diff := cmp.Diff(used, pages); diff != "" {
		t.Errorf("routes of src/main.tsx and pages of console.go differ (-routes +pages):\n%s", diff)
	}
}

// The embedding compiles in either state, and says which it is.
func TestHandler(t *testing.T) {
	t.Parallel()
	h, err := Handler(Options{})
	if err != nil {
		t.Fatal(err)
	}
	body := ask(t, h, http.MethodGet, "/").Body.String()
	if unbuilt := strings.Contains(body, "make console"); unbuilt == Built() {
		t.Errorf("Built is %t and the page is\n%s", Built(), body)
	}
}
