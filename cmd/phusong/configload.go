package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// LoadConfig reads the file at path, "" for none, and the environment, and
// checks the result. The error names the file and the line, or the variable.
func LoadConfig(path string, environ []string) (Config, error) {
	config := DefaultConfig()
	where := "configuration"
	if path != "" {
		where += " " + path
		if err := readConfig(path, &config); err != nil {
			return config, fmt.Errorf("%s: %w", where, err)
		}
	}
	if err := overrideFrom(&config, environ); err != nil {
		return config, err
	}
	if err := config.validate(); err != nil {
		return config, fmt.Errorf("%s: %w", where, err)
	}
	return config, nil
}

// readConfig sets what the file says.
func readConfig(path string, config *Config) error {
	file, err := os.Open(path)
	if err != nil {
		return reason(err)
	}
	defer file.Close() // it was only read
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(config); errors.Is(err, io.EOF) {
		return nil // a file of comments
	} else if err != nil {
		return plainYAMLError(err)
	}
	// A second document would be read by nobody.
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is a second document after a line ---; put everything into one")
	}
	return nil
}

var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type main\.(\w+)`)
	wrongType  = regexp.MustCompile("cannot unmarshal !!\\w+(?: `([^`]*)`)? into (\\S+)")
	wrongLevel = regexp.MustCompile(`^slog: level string ("[^"]*").*`)
)

// plainYAMLError says in the reader's words what the decoder says in Go's.
func plainYAMLError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		text = strings.Join(typed.Errors, "; ")
	}
	text = wrongLevel.ReplaceAllString(text, "log.level is $1: use debug, info, warn or error")
	text = unknownKey.ReplaceAllStringFunc(text, func(match string) string {
		parts := unknownKey.FindStringSubmatch(match)
		place, keys := section(parts[2])
		return fmt.Sprintf("there is no key %q%s; there are %s", parts[1], place, strings.Join(keys, ", "))
	})
	return errors.New(wrongType.ReplaceAllStringFunc(text, func(match string) string {
		parts := wrongType.FindStringSubmatch(match)
		if parts[1] == "" {
			return "this should be " + wanted(parts[2])
		}
		return fmt.Sprintf("%q should be %s", parts[1], wanted(parts[2]))
	}))
}

// wanted says what a value of the Go type looks like in the file.
func wanted(goType string) string {
	switch goType {
	case "time.Duration":
		return "a duration such as 5ms, 90s or 24h"
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "string":
		return "a text"
	case "[]string":
		return "a list, such as [a, b]"
	default:
		if strings.HasPrefix(goType, "[]") {
			return "a list of sections, each after a dash"
		}
		return "a section with keys of its own"
	}
}

// section returns where the struct with the name stands in the file, such as
// " in store.influx", and its keys.
func section(typeName string) (place string, keys []string) {
	var find func(t reflect.Type, path string) bool
	find = func(t reflect.Type, path string) bool {
		if t.Name() == typeName {
			if path != "" {
				place = " in " + strings.TrimPrefix(path, ".")
			}
			for f := range slices.Values(reflect.VisibleFields(t)) {
				keys = append(keys, f.Tag.Get("yaml"))
			}
			return true
		}
		for f := range slices.Values(reflect.VisibleFields(t)) {
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && find(inner, path+"."+f.Tag.Get("yaml")) {
				return true
			}
		}
		return false
	}
	find(reflect.TypeFor[Config](), "")
	return place, keys
}

// Bytes is a size, written as a number with a unit: 512MiB, 8GiB, or plain bytes.
type Bytes int64

var byteUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}, {"", 1}}

// UnmarshalYAML reads "8GiB".
func (b *Bytes) UnmarshalYAML(node *yaml.Node) error {
	s := strings.TrimSpace(node.Value)
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
	return fmt.Errorf("line %d: %q is not a size: write it like 512MiB or 8GiB", node.Line, s)
}

// Variables with our prefix that are no keys: where the configuration is, and what
// our tests are told.
const (
	envPrefix      = "PHUSONG_"
	configVariable = envPrefix + "CONFIG"
	testPrefix     = envPrefix + "TEST_"
)

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
			return fmt.Errorf("environment variable %s sets no key of the configuration: correct or unset it; store.influx.url is set by %sSTORE_INFLUX_URL, and so on", name, envPrefix)
		}
		// Through YAML, so that a value means the same in both places. A text is taken
		// as it is.
		if field.Kind() == reflect.String {
			field.SetString(value)
			continue
		}
		if err := yaml.Unmarshal([]byte(value), field.Addr().Interface()); err != nil {
			return fmt.Errorf("environment variable %s: %s", name, strings.TrimPrefix(plainYAMLError(err).Error(), "line 1: "))
		}
	}
	return nil
}

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
