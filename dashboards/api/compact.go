package api

import (
	"bytes"
	"hash/maphash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// smallest is from which size on an answer is worth compressing.
const smallest = 1 << 10

var tagSeed = maphash.MakeSeed()

// compact gives answers to GET an ETag, says 304 when the client has them already, and
// compresses the rest. Events go through as they are.
func compact(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/events") {
			next.ServeHTTP(w, r)
			return
		}
		held := &heldWriter{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(held, r)
		body := held.body.Bytes()
		h := w.Header()
		h.Add("Vary", "Accept-Encoding, Cookie, Authorization")
		if held.status == http.StatusOK {
			if h.Get("ETag") == "" {
				h.Set("ETag", `W/"`+strconv.FormatUint(maphash.Bytes(tagSeed, body), 36)+`"`)
			}
			if matches(r.Header.Get("If-None-Match"), h.Get("ETag")) {
				h.Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		if h.Get("Content-Encoding") != "" { // by who answered
			if takesGzip(r) {
				h.Set("Content-Length", strconv.Itoa(len(body)))
				w.WriteHeader(held.status)
				_, _ = w.Write(body) // the client may be gone
				return
			}
			h.Del("Content-Encoding")
			body = unzipped(body)
		}
		if len(body) < smallest || !takesGzip(r) {
			h.Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(held.status)
			_, _ = w.Write(body) // the client may be gone
			return
		}
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(held.status)
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
		_, _ = z.Write(body)                           // the client may be gone
		_ = z.Close()
	})
}

func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// zipped compresses what will be sent many times; unzipped is its inverse.
func zipped(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}

func unzipped(body []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil // it is ours, and not damaged
	}
	plain, _ := io.ReadAll(z) // as before
	return plain
}

func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || candidate != "" && strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

type heldWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *heldWriter) Header() http.Header         { return w.header }
func (w *heldWriter) WriteHeader(status int)      { w.status = status }
func (w *heldWriter) Write(p []byte) (int, error) { return w.body.Write(p) }
