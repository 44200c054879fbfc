package influx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"

	"phusong/telemetry"
)

// Options say where the database is. URL and Bucket are required.
type Options struct {
	// URL is the server's base address, such as http://127.0.0.1:8086.
	URL string
	// Org is the organisation; InfluxDB 1.8 has none.
	Org string
	// Bucket is where readings go; for InfluxDB 1.8 "database/retention-policy",
	// such as "phusong/autogen". How long readings are kept is its setting.
	Bucket string
	// TokenFile is the path of a file with the token; for InfluxDB 1.8 its content
	// is "user:password". Empty where everybody may do everything. The file is read
	// again after the server refused the token, so that it can be changed.
	TokenFile string
	// TLS overrides how to check the server's certificate; nil for the system's way.
	TLS *tls.Config
	// NoGzip sends writes as they are: less work for both sides, more for the network.
	NoGzip bool
	// Timeout bounds one write or ping; default 30 s. Queries end with their context.
	Timeout time.Duration
	// Logger gets what is not worth an error; nil discards it.
	Logger *slog.Logger
}

const defaultTimeout = 30 * time.Second

// check fills in the defaults and reports the first option that cannot be.
func (o *Options) check() error {
	u, err := url.Parse(o.URL)
	switch {
	case o.URL == "":
		return errors.New("influx: URL is empty: give the server's address, such as http://127.0.0.1:8086")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return fmt.Errorf("influx: URL %q is not an address: write it like http://127.0.0.1:8086", redacted(o.URL))
	case u.User != nil:
		return errors.New("influx: URL holds credentials: put user:password into TokenFile")
	case o.Bucket == "":
		return errors.New(`influx: Bucket is empty: name it; for InfluxDB 1.8 write "database/autogen"`)
	case o.Timeout < 0:
		return fmt.Errorf("influx: Timeout %s is negative: give 0 for %s", o.Timeout, defaultTimeout)
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func redacted(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return "…" + address[i:]
	}
	return address
}

// Store is one bucket. All methods may be called by several goroutines at once.
type Store struct {
	options  Options
	client   influxdb2.Client
	api      api.WriteAPIBlocking
	door     *transport
	encoders map[telemetry.Kind]*encoder // read only
	lines    sync.Pool                   // of *[]byte
}

// Open prepares the client. It reads the token but does not call the server: that
// may be down for now, and readings wait in the stream. Ping asks it.
func Open(o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	door, err := newTransport(&o)
	if err != nil {
		return nil, err
	}
	settings := influxdb2.DefaultOptions().
		SetPrecision(time.Nanosecond).
		SetUseGZip(false). // the transport does it, cheaper
		SetMaxRetries(0).
		SetApplicationName("phusong").
		SetHTTPClient(&http.Client{Transport: door})
	s := &Store{
		options:  o,
		client:   influxdb2.NewClientWithOptions(o.URL, "", settings),
		door:     door,
		encoders: map[telemetry.Kind]*encoder{},
		lines:    sync.Pool{New: func() any { return new([]byte) }},
	}
	s.api = s.client.WriteAPIBlocking(o.Org, o.Bucket)
	for _, k := range telemetry.Kinds() {
		s.encoders[k] = newEncoder(k)
	}
	return s, nil
}

// Write stores the batch with one request. Nil means that the server has it on
// its disk. The batch is not kept and not changed. For errors see the package.
func (s *Store) Write(ctx context.Context, batch []telemetry.Reading) error {
	if len(batch) == 0 {
		return nil
	}
	lines, err := s.encode(batch)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if err := s.api.WriteRecord(bounded, lines); err != nil {
		return s.explain(ctx, fmt.Sprintf("writing %d readings to", len(batch)), err)
	}
	return nil
}

// encode returns the batch as line protocol.
func (s *Store) encode(batch []telemetry.Reading) (string, error) {
	buffer := s.lines.Get().(*[]byte)
	defer s.lines.Put(buffer)
	lines := (*buffer)[:0]
	for i := range batch {
		e := s.encoders[batch[i].Kind]
		var err error
		if e == nil {
			err = unknownKind(batch[i].Kind)
		} else {
			lines, err = e.append(lines, &batch[i])
		}
		if err != nil {
			return "", fmt.Errorf("influx: reading %d of device %q: %w", i, batch[i].Device, err)
		}
	}
	*buffer = lines
	return string(lines), nil
}

// Ping reports whether the server answers, knows the bucket and accepts the token.
func (s *Store) Ping(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	// The year is one in which nothing was measured: the answer is empty and quick.
	question := fmt.Sprintf(`from(bucket: %s) |> range(start: 1970-01-01T00:00:00Z, stop: 1970-01-01T00:00:01Z) |> limit(n: 1)`, literal(s.options.Bucket))
	err := s.query(bounded, question, func(map[string]any) error { return nil })
	return s.explain(ctx, "asking", err)
}

// Close ends the idle connections. Calls in progress end by themselves.
func (s *Store) Close() error {
	s.client.Close()
	s.door.CloseIdleConnections()
	return nil
}

// readToken returns the content of the file, without the line's end.
func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("influx: TokenFile: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("influx: TokenFile %s must hold the token and nothing else, on one line", path)
	}
	return token, nil
}
