package influx

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// A transport stands between the client and the network. It adds the token, which
// can change while the service runs, and compresses writes: the client would do
// so at a level, and with a new compressor for each batch, that cost more than
// all the rest of a write.
type transport struct {
	base        *http.Transport
	tokenFile   string
	token       atomic.Pointer[string]
	gzip        bool
	compressors sync.Pool // of *gzip.Writer
}

func newTransport(o *Options) (*transport, error) {
	token, err := readToken(o.TokenFile)
	if err != nil {
		return nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 8 // one for writing, some for queries
	if o.TLS != nil {
		base.TLSClientConfig = o.TLS.Clone()
	}
	t := &transport{base: base, tokenFile: o.TokenFile, gzip: !o.NoGzip}
	t.token.Store(&token)
	t.compressors.New = func() any {
		w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is one of the package's own
		}
		return w
	}
	return t, nil
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context()) // by contract it is not ours to change
	token := t.token.Load()
	if *token != "" {
		request.Header.Set("Authorization", "Token "+*token)
	}
	if t.gzip && strings.HasSuffix(request.URL.Path, "/write") {
		if err := t.compress(request); err != nil {
			return nil, err
		}
	}
	response, err := t.base.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		t.reload(token)
	}
	return response, err
}

// reload reads the token again, for the next request. Should that fail, the old
// one is refused again, which says enough.
func (t *transport) reload(refused *string) {
	if token, err := readToken(t.tokenFile); err == nil && token != *refused {
		t.token.CompareAndSwap(refused, &token)
	}
}

func (t *transport) compress(request *http.Request) error {
	w := t.compressors.Get().(*gzip.Writer)
	defer t.compressors.Put(w)
	var b bytes.Buffer
	b.Grow(int(request.ContentLength)/4 + 512)
	w.Reset(&b)
	_, err := io.Copy(w, request.Body)
	if err == nil {
		err = w.Close()
	}
	if closeErr := request.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	body := b.Bytes()
	// With GetBody net/http can begin anew on a connection that had gone stale.
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	request.Body, err = request.GetBody()
	request.ContentLength = int64(len(body))
	request.Header.Set("Content-Encoding", "gzip")
	return err
}

// CloseIdleConnections closes the connections that nobody uses.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }
