package main

import (
	"log/slog"
	"time"

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
	HTTPS    HTTPSConfig    `yaml:"https"`
	Log      LogConfig      `yaml:"log"`
	MQTT     MQTTConfig     `yaml:"mqtt"`
	Broker   BrokerConfig   `yaml:"broker"`
	Stream   StreamConfig   `yaml:"stream"`
	Store    StoreConfig    `yaml:"store"`
	Registry RegistryConfig `yaml:"registry"`
	Ingest   IngestConfig   `yaml:"ingest"`
	Alerts   AlertsConfig   `yaml:"alerts"`
	Coverage CoverageConfig `yaml:"coverage"`
	Access   AccessConfig   `yaml:"access"`
	Console  ConsoleConfig  `yaml:"console"`
	Metrics  MetricsConfig  `yaml:"metrics"`
}

// MetricsConfig says what /metrics tells.
type MetricsConfig struct {
	// Devices gives each device and each site series of its own. Without, there are
	// counts by commune and kind only, for fleets far above 5,000 devices.
	Devices bool `yaml:"devices"`
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
	// Roads say which parts of a cell people get to, for verdicts on coverage.
	Roads string `yaml:"roads"`
}

// IngestConfig tunes the way from the broker to the stream and the store.
type IngestConfig struct {
	// BatchSize is how many readings go into one entry of the stream, and FlushEvery
	// how long the first of them waits for company.
	BatchSize  int           `yaml:"batch_size"`
	FlushEvery time.Duration `yaml:"flush_every"`
	// StoreBatchSize is about how many readings one write to the store holds,
	// StoreFlushEvery how long the first of them waits for company, and StoreParallel
	// how many writes may be under way.
	StoreBatchSize  int           `yaml:"store_batch_size"`
	StoreFlushEvery time.Duration `yaml:"store_flush_every"`
	StoreParallel   int           `yaml:"store_parallel"`
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
			StoreFlushEvery: 50 * time.Millisecond, StoreParallel: 2,
			MaxAhead: 5 * time.Minute, MaxAge: 5 * 365 * 24 * time.Hour, LateAfter: 10 * time.Minute,
		},
		Coverage: defaultCoverage(),
		Alerts:   AlertsConfig{Topics: true},
		Metrics:  MetricsConfig{Devices: true},
	}
}
