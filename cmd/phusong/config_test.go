package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"phusong/coverage"
)

func TestGoodConfigurations(t *testing.T) {
	t.Parallel()
	want := map[string]func(*Config){
		"minimal": func(c *Config) { c.Broker.PasswordsFile = "devices.htpasswd" },
		"town": func(c *Config) {
			c.Console = ConsoleConfig{Title: "Tây Ninh", RasterTiles: "https://tiles.example.vn/{z}/{x}/{y}.png", Attribution: "© Bản đồ tỉnh"}
			c.Data, c.Listen = "/var/lib/phusong", ":9100"
			c.Log = LogConfig{Level: slog.LevelWarn, Format: "json"}
			c.Broker = BrokerConfig{
				Listen: "0.0.0.0:8883", PasswordsFile: "/etc/phusong/devices.htpasswd",
				CertFile: "/etc/phusong/broker.pem", KeyFile: "/etc/phusong/broker.key", ClientCAFile: "/etc/phusong/devices-ca.pem",
			}
			c.Store.Retention.WiFi, c.Store.Retention.Status = 720*time.Hour, 0
			c.Registry = RegistryConfig{Areas: []string{"province.geojson", "communes.geojson"}, Sites: "sites.csv", Devices: "devices.csv", Roads: "roads.geojson"}
		},
		"coverage": func(c *Config) {
			c.Broker.Anonymous = true
			c.Coverage.Version, c.Coverage.WindowDays = "tay-ninh-2", 180
			c.Coverage.Overrides = []CoverageOverride{{Area: "25459", Operator: "45204", TargetMbps: 20}, {Operator: "45201", WindowDays: 365}}
			c.Coverage.Validity.From, c.Coverage.Validity.Stated, c.Coverage.Validity.Operators = "05:30", []string{}, []string{"45204", "45201"}
			c.Coverage.Declared = []DeclaredConfig{{File: "/srv/viettel.geojson", Operator: "45204"}}
		},
		"province": func(c *Config) {
			c.HTTPS = HTTPSConfig{Listen: "0.0.0.0:8443", CertFile: "/etc/phusong/console.pem", KeyFile: "/run/secrets/console.key"}
			c.MQTT = MQTTConfig{
				URL: "ssl://broker.example:8883", ClientID: "phusong-tay-ninh", Username: "phusong", PasswordFile: "/run/secrets/mqtt",
				CAFile: "/etc/phusong/ca.pem", Filters: []string{"phusong/v1/80/+/+/+", "phusong/v1/25459/+/+/+"},
			}
			c.Stream = StreamConfig{
				URLs: []string{"tls://a.example:4222", "tls://b.example:4222"}, CredentialsFile: "/run/secrets/nats.creds",
				Replicas: 3, MaxBytes: 1 << 40, Keep: 72 * time.Hour, DeadLettersMaxBytes: 1 << 30,
			}
			c.Store.Kind = "influx"
			c.Store.Influx = InfluxConfig{URL: "https://influx.example:8086", Org: "province", Bucket: "phusong", TokenFile: "/run/secrets/influx"}
			c.Ingest.BatchSize, c.Ingest.FlushEvery = 1000, 10*time.Millisecond
		},
	}
	files := globbed(t, "testdata/config/*.good.yml")
	if len(files) != len(want) {
		t.Errorf("%d files, %d expectations", len(files), len(want))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".good.yml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change, ok := want[name]
			if !ok {
				t.Fatal("nothing is expected of this file")
			}
			expected := DefaultConfig()
			change(&expected)
			got, err := LoadConfig(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

// Each bad file begins with the error it must give.
func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	for _, file := range globbed(t, "testdata/config/*.bad.yml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bad.yml"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "# error: ")
			if !ok {
				t.Fatalf("the file must begin with # error: and what is said; it begins with %q", first)
			}
			_, err = LoadConfig(file, nil)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if got := strings.TrimPrefix(err.Error(), "configuration "+file+": "); got != want {
				t.Errorf("error\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestAMissingConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	_, err := LoadConfig("nowhere/phusong.yml", nil)
	if want := "configuration nowhere/phusong.yml: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

const exampleFile = "../../deploy/phusong.example.yml"

// The example is what administrators copy: it must say the defaults, all of them
// and nothing else.
func TestTheExampleHoldsEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	// By itself it lets nobody into the embedded broker, and says so.
	got, err := LoadConfig(exampleFile, []string{"PHUSONG_BROKER_PASSWORDS_FILE=x"})
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Broker.PasswordsFile = "x"
	// A list that is written [] and one that is left out mean the same.
	got.Stream.URLs, got.Registry.Areas = nilIfEmpty(got.Stream.URLs), nilIfEmpty(got.Registry.Areas)
	got.Coverage.Overrides, got.Coverage.Declared = nilIfEmpty(got.Coverage.Overrides), nilIfEmpty(got.Coverage.Declared)
	got.Alerts.Rules, got.Alerts.Alertmanager.URLs = nilIfEmpty(got.Alerts.Rules), nilIfEmpty(got.Alerts.Alertmanager.URLs)
	got.Coverage.Validity.Operators = nilIfEmpty(got.Coverage.Validity.Operators)
	got.Access.Proxies = nilIfEmpty(got.Access.Proxies)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the example says other things than the defaults (-default +example):\n%s", diff)
	}
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf(reflect.TypeFor[Config](), nil) {
		if !holds(written, key) {
			t.Errorf("the example lacks the key %s", strings.Join(key, "."))
		}
	}
}

func TestEveryKeyCanBeSetFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, key := range keysOf(reflect.TypeFor[Config](), nil) {
		name := "PHUSONG_" + strings.ToUpper(strings.Join(key, "_"))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := DefaultConfig()
			field := fieldOf(reflect.ValueOf(&config).Elem(), key)
			before := fmt.Sprint(field.Interface())
			value, want := sampleOf(t, field)
			if err := overrideFrom(&config, []string{"PATH=/bin", name + "=" + value}); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(field.Interface()); got != want || got == before {
				t.Errorf("%s is %s, want %s; it was %s", strings.Join(key, "."), got, want, before)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const enter = "PHUSONG_BROKER_ANONYMOUS=true"
	for _, test := range []struct {
		name, variable, wantErr string
	}{
		{"wins over the file", "PHUSONG_DATA=/srv", ""},
		{"text as it is", "PHUSONG_MQTT_CLIENT_ID=[1: {", ""},
		{"of our tests", "PHUSONG_TEST_SLOW=1", ""},
		{"where the file is", "PHUSONG_CONFIG=/x.yml", ""},
		{"of somebody else", "PHUSONGISH=1", ""},
		{"without a key", "PHUSONG_STORE_INFLUX_URI=x", "environment variable PHUSONG_STORE_INFLUX_URI sets no key of the configuration: correct or unset it; store.influx.url is set by PHUSONG_STORE_INFLUX_URL, and so on"},
		{"a section", "PHUSONG_BROKER=x", "environment variable PHUSONG_BROKER sets no key of the configuration: correct or unset it; store.influx.url is set by PHUSONG_STORE_INFLUX_URL, and so on"},
		{"no number", "PHUSONG_INGEST_BATCH_SIZE=many", `environment variable PHUSONG_INGEST_BATCH_SIZE: "many" should be a whole number`},
		{"no duration", "PHUSONG_STREAM_KEEP=1", `environment variable PHUSONG_STREAM_KEEP: "1" should be a duration such as 5ms, 90s or 24h`},
		{"no list", "PHUSONG_MQTT_FILTERS=a/b", `environment variable PHUSONG_MQTT_FILTERS: "a/b" should be a list, such as [a, b]`},
		{"no size", "PHUSONG_STREAM_MAX_BYTES=lots", `environment variable PHUSONG_STREAM_MAX_BYTES: "lots" is not a size: write it like 512MiB or 8GiB`},
		{"no level", "PHUSONG_LOG_LEVEL=loud", `environment variable PHUSONG_LOG_LEVEL: log.level is "loud": use debug, info, warn or error`},
		{"a bad value", "PHUSONG_STORE_KIND=postgres", `configuration: store.kind is "postgres": use sqlite or influx`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadConfig("", []string{enter, test.variable})
			if got := fmt.Sprint(err); test.wantErr == "" && err != nil || test.wantErr != "" && got != test.wantErr {
				t.Errorf("error\n%s\nwant\n%s", got, test.wantErr)
			}
		})
	}
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	t.Parallel()
	config, err := LoadConfig("testdata/config/province.good.yml", []string{"PHUSONG_DATA=/srv", "PHUSONG_MQTT_FILTERS=[a/b]", "PHUSONG_STREAM_MAX_BYTES=1GiB"})
	if err != nil {
		t.Fatal(err)
	}
	if config.Data != "/srv" || !cmp.Equal(config.MQTT.Filters, []string{"a/b"}) || config.Stream.MaxBytes != 1<<30 {
		t.Errorf("data %q, filters %v, max_bytes %d; want the environment's", config.Data, config.MQTT.Filters, config.Stream.MaxBytes)
	}
	if config.MQTT.ClientID != "phusong-tay-ninh" {
		t.Errorf("client_id %q is not the file's", config.MQTT.ClientID)
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Bytes{
		"0": 0, "7": 7, "7B": 7, "3KiB": 3 << 10, "512 MiB": 512 << 20, "8GiB": 8 << 30, "2TiB": 2 << 40,
		"-1": -1, "1.5GiB": -1, "8GB": -1, "GiB": -1, "": -1, "9999999999TiB": -1, "4194305TiB": -1, "1e3": -1,
	} {
		var got Bytes
		err := yaml.Unmarshal([]byte(fmt.Sprintf("%q", text)), &got)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
}

// A configuration that is printed must be able to hold no secret: what is secret
// is named by a file, and addresses with a password are refused (see the bad files).
func TestNoKeyHoldsASecret(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`password|token|secret|credential|key|cert|^ca$`)
	for _, key := range keysOf(reflect.TypeFor[Config](), nil) {
		if last := key[len(key)-1]; secret.MatchString(last) && !strings.HasSuffix(last, "_file") {
			t.Errorf("%s looks like a secret in the configuration itself; let it name a file", strings.Join(key, "."))
		}
	}
}

func TestCheckFilesNamesTheKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	write(t, empty, "\n")
	write(t, filepath.Join(dir, "passwords"), "ap-1:not-bcrypt\n")
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"nothing named":  {func(*Config) {}, ""},
		"mqtt password":  {func(c *Config) { c.MQTT.PasswordFile = dir + "/none" }, "mqtt.password_file: "},
		"empty password": {func(c *Config) { c.MQTT.PasswordFile = empty }, "mqtt.password_file: " + empty + " is empty"},
		"mqtt authority": {func(c *Config) { c.MQTT.CAFile = empty }, "mqtt: CA file " + empty},
		"mqtt half pair": {func(c *Config) { c.MQTT.CertFile = empty }, "mqtt: certificate without key"},
		"broker pair":    {func(c *Config) { c.Broker.CertFile = empty }, "broker: certificate without key"},
		"broker ca":      {func(c *Config) { c.Broker.ClientCAFile = empty }, "broker.client_ca_file needs broker.cert_file"},
		"passwords":      {func(c *Config) { c.Broker.PasswordsFile = dir + "/passwords" }, "broker.passwords_file: "},
		"unused broker":  {func(c *Config) { c.MQTT.URL, c.Broker.PasswordsFile = "tcp://x:1", dir+"/none" }, ""},
		"stream pair":    {func(c *Config) { c.Stream.KeyFile = empty }, "stream: key without certificate"},
		"credentials":    {func(c *Config) { c.Stream.CredentialsFile = dir + "/none" }, "stream.credentials_file: "},
		"token":          {func(c *Config) { c.Store.Influx.TokenFile = dir + "/none" }, "store.influx.token_file: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := DefaultConfig()
			test.change(&config)
			err := config.checkFiles()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("error %v, want it to begin with %q", err, test.want)
			}
		})
	}
}

// keysOf returns the path of every key that holds a value.
func keysOf(section reflect.Type, path []string) (keys [][]string) {
	for field := range section.Fields() {
		key := slices.Concat(path, []string{field.Tag.Get("yaml")})
		if field.Type.Kind() == reflect.Struct {
			keys = append(keys, keysOf(field.Type, key)...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys
}

// fieldOf returns the field of the configuration that a key names.
func fieldOf(v reflect.Value, key []string) reflect.Value {
	for _, name := range key {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == name {
				v = v.Field(i)
				break
			}
		}
	}
	return v
}

func holds(document map[string]any, key []string) bool {
	value, ok := document[key[0]]
	if !ok || len(key) == 1 {
		return ok
	}
	section, ok := value.(map[string]any)
	return ok && holds(section, key[1:])
}

// sampleOf returns a text for a field of the type, and how its value then prints.
func sampleOf(t *testing.T, field reflect.Value) (text, printed string) {
	t.Helper()
	switch value := field.Interface().(type) {
	case string:
		return "some: #text", "some: #text"
	case []string:
		return "[x, y]", "[x y]"
	case bool:
		return fmt.Sprint(!value), fmt.Sprint(!value)
	case int:
		return "4711", "4711"
	case float64:
		return "0.125", "0.125"
	case []CoverageOverride:
		return `[{area: "80", target_mbps: 20}]`, "[{80  20 0}]"
	case []DeclaredConfig:
		return "[{file: x.csv, side_m: 100}]", "[{x.csv 100 }]"
	case time.Duration:
		return "77m", "1h17m0s"
	case Bytes:
		return "3KiB", "3072"
	case slog.Level:
		return "error", "ERROR"
	}
	t.Fatalf("no sample for a %s", field.Type())
	return "", ""
}

func globbed(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files like %s (%v)", pattern, err)
	}
	return files
}

func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The configuration without a word on coverage asks for the rules of the manual.
func TestDefaultCoverageRules(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	got, err := c.Coverage.rules()
	if err != nil {
		t.Fatal(err)
	}
	want := coverage.DefaultRules()
	if got.ID() != want.ID() {
		t.Errorf("the rules differ (-want +got):\n%s", cmp.Diff(want, got))
	}
}
