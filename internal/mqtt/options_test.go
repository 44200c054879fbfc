package mqtt

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewNamesTheBadField(t *testing.T) {
	t.Parallel()
	handle := func(context.Context, *Delivery) {}
	cases := []struct {
		want   string
		adjust func(*Options)
	}{
		{"", func(*Options) {}},
		{"", func(o *Options) { o.Filters, o.Handle = []string{"#", "+/a", "$share/g/a/#"}, handle }},
		{"URL: not a URL", func(o *Options) { o.URL = "mqtt://user:hush@host:port" }},
		{"URL: unknown scheme", func(o *Options) { o.URL = "http://user:hush@host" }},
		{"URL: unknown scheme", func(o *Options) { o.URL = "" }},
		{"URL: no host", func(o *Options) { o.URL = "mqtt://user:hush@:1883" }},
		{"ClientID", func(o *Options) { o.ClientID = "" }},
		{"ClientID", func(o *Options) { o.ClientID = "a\x00b" }},
		{"Username", func(o *Options) { o.URL, o.Username = "mqtt://user:hush@host", "other" }},
		{"Password", func(o *Options) { o.Password = func() (string, error) { return "hush", nil } }},
		{"KeepAlive", func(o *Options) { o.KeepAlive = 1500 * time.Millisecond }},
		{"KeepAlive", func(o *Options) { o.KeepAlive = 19 * time.Hour }},
		{"ConnectTimeout", func(o *Options) { o.ConnectTimeout = -1 }},
		{"MaxReconnectDelay", func(o *Options) { o.MaxReconnectDelay = -1 }},
		{"MaxInFlight", func(o *Options) { o.MaxInFlight = 65536 }},
		{"Handle", func(o *Options) { o.Filters = []string{"a"} }},
		{"FiltersFile", func(o *Options) { o.FiltersFile, o.CleanSession = "f", true }},
		{`Filters: "a/#/b"`, func(o *Options) { o.Filters, o.Handle = []string{"a/#/b"}, handle }},
		{`Filters: "a+"`, func(o *Options) { o.Filters, o.Handle = []string{"a+"}, handle }},
		{`Filters: "$share/a"`, func(o *Options) { o.Filters, o.Handle = []string{"$share/a"}, handle }},
		{`Filters: ""`, func(o *Options) { o.Filters, o.Handle = []string{""}, handle }},
		{`Filters: "a" stands twice`, func(o *Options) { o.Filters, o.Handle = []string{"a", "a"}, handle }},
	}
	for _, c := range cases {
		o := Options{URL: "mqtt://broker.example", ClientID: "c"}
		c.adjust(&o)
		_, err := New(o)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("New = %v, want nil", err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("New = %v, want an error with %q", err, c.want)
		case err != nil && strings.Contains(err.Error(), "hush"):
			t.Errorf("New = %v: it tells the password", err)
		}
	}
}

func TestAddressHasAPortAndNoSecret(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"mqtt://u:p@host":     "mqtt://host:1883",
		"mqtts://host":        "mqtts://host:8883",
		"ssl://[::1]:99":      "ssl://[::1]:99",
		"tcp://[::1]":         "tcp://[::1]:1883",
		"ws://host/mqtt":      "ws://host:80/mqtt",
		"wss://host:444/mqtt": "wss://host:444/mqtt",
	} {
		if got, _, err := parseAddress(raw); err != nil || got.String() != want {
			t.Errorf("parseAddress(%q) = %q, %v; want %q", raw, got.String(), err, want)
		}
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "limit"))
		b := backoff{limit: limit}
		ceiling := firstReconnectDelay
		for i := range rapid.IntRange(1, 60).Draw(t, "attempts") {
			pause := b.next()
			if top := min(ceiling, limit); pause < top/2 || pause > top {
				t.Fatalf("pause %d = %v, want %v to %v", i, pause, top/2, top)
			}
			ceiling = min(2*ceiling, time.Hour)
		}
	})
}

func TestTLSFilesNamesTheFile(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("-----BEGIN hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string]TLSFiles{
		"nowhere.pem":                {CA: "nowhere.pem"},
		"bad.pem: no certificate":    {CA: bad},
		"name the key file":          {Cert: bad},
		"name the certificate file":  {Key: bad},
		"bad.pem with key other.key": {Cert: bad, Key: "other.key"},
	} {
		if _, err := files.Load(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("Load(%+v) = %v, want an error with %q", files, err, want)
		}
	}
}

func TestFiltersFileOfAnotherSessionIsNotOurs(t *testing.T) {
	t.Parallel()
	o := Options{URL: "mqtt://one", ClientID: "c", FiltersFile: filepath.Join(t.TempDir(), "filters.json")}
	newClient := func(o Options) *Client {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := newClient(o)
	c.saveFilters([]string{"a", "b"})
	if got, err := c.loadFilters(); err != nil || len(got) != 2 {
		t.Errorf("our own: %q, %v", got, err)
	}
	other := o
	other.URL = "mqtt://two"
	if got, err := newClient(other).loadFilters(); err != nil || got != nil {
		t.Errorf("of another broker: %q, %v; want none", got, err)
	}
	if err := os.WriteFile(o.FiltersFile, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.loadFilters(); err == nil || !strings.Contains(err.Error(), o.FiltersFile) {
		t.Errorf("damaged: %v, want an error that names the file", err)
	}
	if left, err := filepath.Glob(o.FiltersFile + ".*"); err != nil || len(left) != 0 {
		t.Errorf("temporary files left behind: %q, %v", left, err)
	}
}
