package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// Config is the whole configuration of a service. Its YAML is decoded strictly:
// an unknown key is an error with its line. Each key can be overridden from the
// environment: store.influx.url by PHUSONG_STORE_INFLUX_URL. Secrets stand in
// files of their own, which the configuration names. Relative paths are relative
// to the working directory.
type Config struct {
	// Data is the folder for everything the service keeps: stream, store, sessions.
	Data string `yaml:"data"`
	// Listen is where HTTP is served: /metrics, /healthz, /readyz.
	Listen   string         `yaml:"listen"`
	Log      LogConfig      `yaml:"log"`
	MQTT     MQTTConfig     `yaml:"mqtt"`
	Broker   BrokerConfig   `yaml:"broker"`
	Stream   StreamConfig   `yaml:"stream"`
	Store    StoreConfig    `yaml:"store"`
	Registry RegistryConfig `yaml:"registry"`
	Ingest   IngestConfig   `yaml:"ingest"`
}

// LogConfig says what is logged, to standard error.
type LogConfig struct {
	// Level is debug, info, warn or error.
	Level slog.Level `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// MQTTConfig is the broker that devices speak to.
type MQTTConfig struct {
	// URL is tcp://host:1883 or ssl://host:8883. Empty: the embedded broker.
	URL string `yaml:"url"`
	// ClientID is the name of the persistent session. Two services with one name
	// push each other off the broker.
	ClientID     string `yaml:"client_id"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	// CAFile verifies the broker; empty: the system's authorities. CertFile and
	// KeyFile are our client certificate.
	CAFile   string `yaml:"ca_file"`
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// Filters are subscribed to. One that is taken out here is unsubscribed.
	Filters []string `yaml:"filters"`
}

// BrokerConfig is the embedded broker, used when mqtt.url is empty.
type BrokerConfig struct {
	Listen string `yaml:"listen"`
	// PasswordsFile holds a line "device:bcrypt" for each device, as htpasswd -B
	// writes them. Anonymous lets everybody in, and is refused unless Listen is a
	// loopback address.
	PasswordsFile string `yaml:"passwords_file"`
	Anonymous     bool   `yaml:"anonymous"`
	// CertFile and KeyFile turn TLS on. ClientCAFile lets devices in by certificate,
	// whose common name is the device's id.
	CertFile     string `yaml:"cert_file"`
	KeyFile      string `yaml:"key_file"`
	ClientCAFile string `yaml:"client_ca_file"`
}

// StreamConfig is the durable stream between broker and store.
type StreamConfig struct {
	// URLs are the servers of a NATS cluster. Empty: embedded, in the data folder.
	URLs            []string `yaml:"urls"`
	CredentialsFile string   `yaml:"credentials_file"`
	CAFile          string   `yaml:"ca_file"`
	CertFile        string   `yaml:"cert_file"`
	KeyFile         string   `yaml:"key_file"`
	Replicas        int      `yaml:"replicas"`
	// MaxBytes bounds the readings in the stream. When it is reached, the broker has
	// to wait; nothing is dropped.
	MaxBytes Bytes `yaml:"max_bytes"`
	// Keep is how long readings stay in the stream after they are stored.
	Keep time.Duration `yaml:"keep"`
	// DeadLettersMaxBytes bounds the dead letters; beyond it the oldest go.
	DeadLettersMaxBytes Bytes `yaml:"dead_letters_max_bytes"`
}

// StoreConfig is where readings end up.
type StoreConfig struct {
	// Kind is sqlite or influx.
	Kind string `yaml:"kind"`
	// Retention is how long SQLite keeps readings. InfluxDB has its own.
	Retention RetentionConfig `yaml:"retention"`
	Influx    InfluxConfig    `yaml:"influx"`
}

// RetentionConfig is how long readings of each kind are kept, 0 for ever: coverage
// tests are evidence and small, access points report much and are soon history.
type RetentionConfig struct {
	WiFi        time.Duration `yaml:"wifi"`
	Mobile      time.Duration `yaml:"mobile"`
	Environment time.Duration `yaml:"environment"`
	Status      time.Duration `yaml:"status"`
}

// of returns how long readings of the kind are kept.
func (r RetentionConfig) of(k telemetry.Kind) time.Duration {
	return map[telemetry.Kind]time.Duration{
		telemetry.KindWiFi: r.WiFi, telemetry.KindMobile: r.Mobile,
		telemetry.KindEnvironment: r.Environment, telemetry.KindStatus: r.Status,
	}[k]
}

// InfluxConfig is an InfluxDB 1.8 or 2.
type InfluxConfig struct {
	URL string `yaml:"url"`
	// Org is needed by InfluxDB 2 only.
	Org string `yaml:"org"`
	// Bucket is a bucket, or "database/retention-policy" on 1.8.
	Bucket string `yaml:"bucket"`
	// TokenFile holds the token, or "user:password" on 1.8. Empty: no authentication.
	TokenFile string `yaml:"token_file"`
}

// RegistryConfig names the files that say what should be there.
type RegistryConfig struct {
	Areas   []string `yaml:"areas"`
	Sites   string   `yaml:"sites"`
	Devices string   `yaml:"devices"`
}

// IngestConfig tunes the way from the broker to the stream and the store.
type IngestConfig struct {
	// BatchSize is how many readings go into one entry of the stream, and FlushEvery
	// how long the first of them waits for company.
	BatchSize  int           `yaml:"batch_size"`
	FlushEvery time.Duration `yaml:"flush_every"`
	// StoreBatchSize is about how many readings are written to the store at once.
	StoreBatchSize int `yaml:"store_batch_size"`
	// MaxAhead and MaxAge bound what a device's clock may say; LateAfter is from
	// which age on a reading touches no live alert.
	MaxAhead  time.Duration `yaml:"max_ahead"`
	MaxAge    time.Duration `yaml:"max_age"`
	LateAfter time.Duration `yaml:"late_after"`
}

// DefaultConfig is what holds where the file says nothing.
func DefaultConfig() Config {
	return Config{
		Data:   "./data",
		Listen: "127.0.0.1:8080",
		Log:    LogConfig{Level: slog.LevelInfo, Format: "text"},
		MQTT:   MQTTConfig{ClientID: "phusong", Filters: []string{wire.Filter}},
		Broker: BrokerConfig{Listen: "127.0.0.1:1883"},
		Stream: StreamConfig{MaxBytes: 8 << 30, Keep: 24 * time.Hour, DeadLettersMaxBytes: 256 << 20, Replicas: 1},
		Store: StoreConfig{Kind: "sqlite", Retention: RetentionConfig{
			WiFi: 90 * 24 * time.Hour, Environment: 400 * 24 * time.Hour, Status: 400 * 24 * time.Hour,
		}},
		Ingest: IngestConfig{
			BatchSize: 500, FlushEvery: 5 * time.Millisecond, StoreBatchSize: 2000,
			MaxAhead: 5 * time.Minute, MaxAge: 5 * 365 * 24 * time.Hour, LateAfter: 10 * time.Minute,
		},
	}
}

// LoadConfig reads the file at path, "" for none, and the environment, and
// checks the result. The error names the file and the line, or the variable.
func LoadConfig(path string, environ []string) (Config, error) {
	config := DefaultConfig()
	if path != "" {
		file, err := os.Open(path)
		if err != nil {
			return config, fmt.Errorf("configuration: %w", err)
		}
		defer file.Close() //nolint:errcheck // it was only read
		decoder := yaml.NewDecoder(file)
		decoder.KnownFields(true)
		if err := decoder.Decode(&config); err != nil && err.Error() != "EOF" {
			return config, fmt.Errorf("configuration %s: %s", path, plainYAMLError(err))
		}
	}
	if err := overrideFrom(&config, environ); err != nil {
		return config, fmt.Errorf("configuration: %w", err)
	}
	if err := config.validate(); err != nil {
		return config, fmt.Errorf("configuration%s: %w", strings.TrimRight(" "+path, " "), err)
	}
	return config, nil
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type main\.(\w+)`)

// plainYAMLError says in the reader's words what the decoder says in Go's.
func plainYAMLError(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		text = strings.Join(typed.Errors, "; ")
	}
	return unknownKey.ReplaceAllStringFunc(text, func(match string) string {
		key := unknownKey.FindStringSubmatch(match)
		section := strings.ToLower(strings.TrimSuffix(key[2], "Config"))
		if section == "" {
			return fmt.Sprintf("there is no key %q; see docs/OPERATIONS.md for all keys", key[1])
		}
		return fmt.Sprintf("there is no key %q in %s; see docs/OPERATIONS.md for all keys", key[1], section)
	})
}

func (c *Config) validate() error {
	switch {
	case c.Data == "":
		return errors.New("data is empty: name a folder")
	case c.Listen == "":
		return errors.New("listen is empty: name an address such as 127.0.0.1:8080")
	case c.Log.Format != "text" && c.Log.Format != "json":
		return fmt.Errorf("log.format is %q: use text or json", c.Log.Format)
	case c.MQTT.ClientID == "":
		return errors.New("mqtt.client_id is empty: the persistent session needs a name")
	case len(c.MQTT.Filters) == 0:
		return fmt.Errorf("mqtt.filters is empty: use %q", wire.Filter)
	case c.MQTT.Username == "" && c.MQTT.PasswordFile != "":
		return errors.New("mqtt.password_file needs mqtt.username")
	case c.Stream.MaxBytes <= 0 || c.Stream.DeadLettersMaxBytes <= 0:
		return errors.New("stream.max_bytes and stream.dead_letters_max_bytes must be positive")
	case c.Stream.Keep < 0:
		return errors.New("stream.keep must not be negative")
	case c.MQTT.URL == "" && !c.Broker.Anonymous && c.Broker.PasswordsFile == "" && c.Broker.ClientCAFile == "":
		return errors.New("nobody could connect to the embedded broker: set broker.passwords_file or broker.client_ca_file, or mqtt.url for a broker of your own")
	case c.MQTT.URL == "" && c.Broker.Anonymous && !isLoopback(c.Broker.Listen):
		return fmt.Errorf("broker.anonymous on %s would let everybody publish: listen on 127.0.0.1, or set broker.passwords_file", c.Broker.Listen)
	}
	return c.Store.validate()
}

func (c *StoreConfig) validate() error {
	for _, k := range telemetry.Kinds() {
		if c.Retention.of(k) < 0 {
			return fmt.Errorf("store.retention.%s must not be negative", k)
		}
	}
	switch {
	case c.Kind != "sqlite" && c.Kind != "influx":
		return fmt.Errorf("store.kind is %q: use sqlite or influx", c.Kind)
	case c.Kind == "influx" && (c.Influx.URL == "" || c.Influx.Bucket == ""):
		return errors.New("store.influx.url and store.influx.bucket are needed for store.kind influx")
	}
	return nil
}

// Bytes is a size, written as a number with a unit: 512MiB, 8GiB, or plain bytes.
type Bytes int64

var byteUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}, {"", 1}}

// UnmarshalText reads "8GiB".
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	for _, unit := range byteUnits {
		digits, ok := strings.CutSuffix(s, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.factor {
			break
		}
		*b = Bytes(n * unit.factor)
		return nil
	}
	return fmt.Errorf("%q is not a size: write it like 512MiB or 8GiB", s)
}

// envPrefix leads the environment variables that override keys.
const envPrefix = "PHUSONG_"

// overrideFrom sets the keys for which environ, in the form of os.Environ, holds
// a variable. A variable with our prefix and no key is an error: it is a typo.
func overrideFrom(c *Config, environ []string) error {
	keys := make(map[string]reflect.Value)
	collectKeys(reflect.ValueOf(c).Elem(), envPrefix, keys)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, testPrefix) || name == configVariable {
			continue
		}
		field, ok := keys[name]
		if !ok {
			return fmt.Errorf("environment variable %s matches no key; see docs/OPERATIONS.md for all keys", name)
		}
		// Through YAML, so that a value means the same in both places. A text is taken
		// as it is.
		if field.Kind() == reflect.String {
			field.SetString(value)
			continue
		}
		if err := yaml.Unmarshal([]byte(value), field.Addr().Interface()); err != nil {
			return fmt.Errorf("environment variable %s: %s", name, plainYAMLError(err))
		}
	}
	return nil
}

// Variables with our prefix that are no keys: where the configuration is, and what
// our tests are told.
const (
	configVariable = envPrefix + "CONFIG"
	testPrefix     = envPrefix + "TEST_"
)

func collectKeys(v reflect.Value, prefix string, keys map[string]reflect.Value) {
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		if field := v.Field(i); field.Kind() == reflect.Struct {
			collectKeys(field, name+"_", keys)
		} else {
			keys[name] = field
		}
	}
}

// readSecret returns the trimmed content of the file.
func readSecret(key, path string) (string, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	text := strings.TrimSpace(string(secret))
	if text == "" {
		return "", fmt.Errorf("%s: %s is empty", key, path)
	}
	return text, nil
}

// passwordFrom returns how to ask for the secret in the file, which may change
// while we run; nil for no file. It is read once to see that it can be.
func passwordFrom(key, path string) (func() (string, error), error) {
	if path == "" {
		return nil, nil
	}
	read := func() (string, error) { return readSecret(key, path) }
	_, err := read()
	return read, err
}

// makeFolder makes dir and checks that it can be written to.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data or the key data", dir, reason(err))
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written to: %w; choose another with --data or the key data", dir, reason(err))
	}
	name := probe.Name()
	return errors.Join(probe.Close(), os.Remove(name))
}

// reason takes the path out of a file system error that is told with its path.
func reason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// paths within the data folder.
type dataFolder string

func (d dataFolder) stream() string  { return filepath.Join(string(d), "stream") }
func (d dataFolder) broker() string  { return filepath.Join(string(d), "broker") }
func (d dataFolder) store() string   { return filepath.Join(string(d), "phusong.db") }
func (d dataFolder) filters() string { return filepath.Join(string(d), "mqtt-filters.json") }
func (d dataFolder) socket() string  { return filepath.Join(string(d), "control.sock") }
func (d dataFolder) lock() string    { return filepath.Join(string(d), "lock") }
