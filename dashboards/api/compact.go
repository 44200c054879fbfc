package api

import (
	"bytes"
	"hash/maphash"
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
		if len(body) < smallest || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
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
