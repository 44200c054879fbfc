// Package console carries the web console inside the program: the pages that Vite builds of
// the TypeScript beside it, as they are when the program is compiled. It serves files and
// nothing else: who may see and do what is decided by the API that the pages talk to. A program
// that was compiled without a build says how to make one.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Options of a Handler.
type Options struct {
	// TileOrigins are the servers of map tiles outside of ours that the map may ask, such as
	// https://tiles.example.vn. None by default: then no page asks anybody but us.
	TileOrigins []string
}

// Handler serves the console. It answers GET and HEAD for the files of the build, for the
// addresses of its pages, and for nothing else.
func Handler(o Options) (http.Handler, error) {
	built, err := fs.Sub(dist, "dist/web")
	if err != nil {
		return nil, err
	}
	return newHandler(built, o)
}

// Built reports whether the program carries a console.
func Built() bool {
	_, err := fs.Stat(dist, "dist/web/"+consolePage)
	return err == nil
}

const (
	consolePage = "index.html"
	fieldPage   = "field.html"
	hashed      = "assets/" // names with a hash of what is in them
)

// pages are the console's addresses, by the first part of their paths. What lies below
// is for the page itself to find or not.
var pages = map[string]bool{
	"": true, "cells": true, "cases": true, "survey": true, "alerts": true, "maintenance": true,
	"targets": true, "environment": true, "devices": true, "service": true, "audit": true,
}

// A handler holds every file that there is by its path, so that a path can lead nowhere else.
type handler struct {
	files  map[string]*file
	policy string
}

func newHandler(built fs.FS, o Options) (*handler, error) {
	h := &handler{files: make(map[string]*file), policy: policy}
	for _, text := range o.TileOrigins {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || text != u.Scheme+"://"+u.Host || strings.ContainsAny(text, " ;,'\"") {
			return nil, fmt.Errorf("console: %q is not the origin of a tile server; write it like https://tiles.example.vn", text)
		}
		h.policy = strings.NewReplacer("connect-src 'self'", "connect-src 'self' "+text, "img-src 'self'", "img-src 'self' "+text).Replace(h.policy)
	}
	if _, err := fs.Stat(built, consolePage); err != nil {
		h.files[consolePage] = newFile(consolePage, []byte(unbuiltPage))
		return h, nil
	}
	return h, fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		h.files[name] = newFile(name, content)
		return nil
	})
}

// policy lets a page run nothing but what was built, and send nothing to anybody else. The
// map draws in workers, and its symbols are blobs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "the console is read with GET", http.StatusMethodNotAllowed)
		return
	}
	f := h.find(r.URL.Path)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	f.serve(w, r)
}

// find returns what lies at a path, nil if nothing does.
func (h *handler) find(asked string) *file {
	name, ok := strings.CutPrefix(asked, "/")
	if !ok {
		return nil
	}
	if name == "field" || strings.HasPrefix(name, "field/") {
		return h.files[fieldPage]
	}
	if f := h.files[name]; f != nil {
		return f
	}
	if first, _, below := strings.Cut(name, "/"); pages[first] && (first != "" || !below) {
		return h.files[consolePage]
	}
	return nil
}

// A file of the build.
type file struct {
	content   []byte
	kind      string // Content-Type
	tag       string // ETag
	immutable bool
	small     func() []byte // gzip of it, made when first asked for; nil when that is of no use
}

// kinds are the Content-Types by ending. The machine's own list may have others.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".webmanifest": "application/manifest+json", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
	".png": "image/png", ".woff2": "font/woff2",
}

func newFile(name string, content []byte) *file {
	ending := path.Ext(name)
	sum := sha256.Sum256(content)
	f := &file{content: content, kind: kinds[ending], tag: base64.RawURLEncoding.EncodeToString(sum[:12]), immutable: strings.HasPrefix(name, hashed)}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	if packed := ending == ".png" || ending == ".woff2"; !packed {
		f.small = sync.OnceValue(func() []byte { return compressed(content) })
	}
	return f
}

func compressed(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	_, _ = z.Write(content)                               // into memory
	_ = z.Close()
	return b.Bytes()
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header, content, tag := w.Header(), f.content, f.tag
	header.Set("Content-Type", f.kind)
	if f.immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
	if f.small != nil {
		header.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			header.Set("Content-Encoding", "gzip")
			content, tag = f.small(), tag+"-gzip"
		}
	}
	tag = `"` + tag + `"`
	header.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", fmt.Sprint(len(content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // the client may be gone
	}
}

// unbuiltPage is what a program without a console shows.
const unbuiltPage = `<!doctype html>
<html lang="vi">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>phusong</title></head>
<body>
<main>
<h1>phusong</h1>
<p>Dịch vụ đang chạy, nhưng chương trình này được biên dịch khi chưa có giao diện web. Hãy cài Node.js 20 trở lên, chạy <code>make console build</code> rồi khởi động lại.</p>
<p lang="en">The service is running, but this program was compiled without its web console. Install Node.js 20 or later, run <code>make console build</code> and start it again.</p>
<ul>
<li><a href="/openapi.json">/openapi.json</a>: giao diện lập trình / <span lang="en">the programming interface</span> (docs/API.md)</li>
<li><a href="/metrics">/metrics</a>: số liệu cho Prometheus / <span lang="en">figures for Prometheus</span></li>
<li><a href="/readyz">/readyz</a>: sẵn sàng chưa, thiếu gì / <span lang="en">ready or not, and why</span></li>
<li><a href="/healthz">/healthz</a>: tiến trình còn sống / <span lang="en">the process answers</span></li>
</ul>
</main>
</body>
</html>
`
