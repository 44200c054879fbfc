package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"

	"phusong/internal/broker"
	"phusong/internal/mqtt"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// validate reports the first value that cannot be, by its key and with the remedy.
// It opens nothing; checkFiles does.
func (c *Config) validate() error {
	switch {
	case c.Data == "":
		return errors.New("data is empty: name a folder")
	case c.Log.Format != "text" && c.Log.Format != "json":
		return fmt.Errorf("log.format is %q: use text or json", c.Log.Format)
	}
	return firstError(
		func() error { return checkAddress("listen", c.Listen) },
		c.HTTPS.validate,
		c.MQTT.validate,
		func() error { return c.Broker.validate(c.MQTT.URL != "") },
		c.Stream.validate,
		c.Store.validate,
		c.Ingest.validate,
		c.Alerts.validate,
		func() error { return c.Access.validate(c.Listen, c.HTTPS.Listen) },
		c.Console.validate,
		func() error { return c.Coverage.validate(c.Store.Retention.Mobile) },
	)
}

func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *MQTTConfig) validate() error {
	switch {
	case c.ClientID == "":
		return errors.New("mqtt.client_id is empty: the persistent session needs a name")
	case len(c.Filters) == 0:
		return fmt.Errorf("mqtt.filters is empty: use %q", wire.Filter)
	case c.Username == "" && c.PasswordFile != "":
		return errors.New("mqtt.password_file needs mqtt.username")
	}
	if err := checkNoSecret("mqtt.url", c.URL, "mqtt.username and mqtt.password_file"); err != nil {
		return err
	}
	address := c.URL
	if address == "" {
		address = "tcp://127.0.0.1:1883"
	}
	_, err := mqtt.New(mqtt.Options{URL: address, ClientID: c.ClientID, Filters: c.Filters, Handle: func(context.Context, *mqtt.Delivery) {}})
	if err != nil {
		names := strings.NewReplacer("mqtt options: ", "", "URL: ", "mqtt.url: ", "Filters: ", "mqtt.filters: ", "ClientID: ", "mqtt.client_id: ")
		return errors.New(names.Replace(err.Error()))
	}
	return nil
}

func (c *BrokerConfig) validate(unused bool) error {
	if unused {
		return nil
	}
	if err := checkAddress("broker.listen", c.Listen); err != nil {
		return err
	}
	switch {
	case !c.Anonymous && c.PasswordsFile == "" && c.ClientCAFile == "":
		return errors.New("nobody could connect to the embedded broker: set broker.passwords_file or broker.client_ca_file, or mqtt.url for a broker of your own")
	case c.Anonymous && !isLoopback(c.Listen):
		return fmt.Errorf("broker.anonymous on %s would let everybody publish: listen on 127.0.0.1, or set broker.passwords_file", c.Listen)
	}
	return nil
}

func (c *StreamConfig) validate() error {
	switch {
	case c.MaxBytes <= 0 || c.DeadLettersMaxBytes <= 0:
		return errors.New("stream.max_bytes and stream.dead_letters_max_bytes must be positive")
	case c.Keep < 0:
		return errors.New("stream.keep must not be negative")
	case c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5:
		return fmt.Errorf("stream.replicas is %d: use 1, 3 or 5", c.Replicas)
	}
	for i, address := range c.URLs {
		if err := checkNoSecret(fmt.Sprintf("stream.urls[%d]", i), address, "stream.credentials_file"); err != nil {
			return err
		}
	}
	if len(c.URLs) > 0 {
		return nil
	}
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"credentials_file", c.CredentialsFile != ""}, {"ca_file", c.CAFile != ""},
		{"cert_file", c.CertFile != ""}, {"key_file", c.KeyFile != ""}, {"replicas", c.Replicas > 1},
	} {
		if key.set {
			return fmt.Errorf("stream.%s is for a NATS cluster: set stream.urls too, or leave it out", key.name)
		}
	}
	return nil
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
	return checkNoSecret("store.influx.url", c.Influx.URL, "store.influx.token_file")
}

func (c *IngestConfig) validate() error {
	for _, key := range []struct {
		name string
		is   string
		ok   bool
	}{
		{"batch_size", strconv.Itoa(c.BatchSize), c.BatchSize > 0},
		{"flush_every", c.FlushEvery.String(), c.FlushEvery > 0},
		{"store_batch_size", strconv.Itoa(c.StoreBatchSize), c.StoreBatchSize > 0},
		{"store_flush_every", c.StoreFlushEvery.String(), c.StoreFlushEvery > 0},
		{"store_parallel", strconv.Itoa(c.StoreParallel), c.StoreParallel > 0},
		{"max_ahead", c.MaxAhead.String(), c.MaxAhead > 0},
		{"max_age", c.MaxAge.String(), c.MaxAge > 0},
		{"late_after", c.LateAfter.String(), c.LateAfter > 0},
	} {
		if !key.ok {
			return fmt.Errorf("ingest.%s is %s: it must be positive; leave it out for the default", key.name, key.is)
		}
	}
	return nil
}

// checkAddress holds for host:port. The host may be empty: every interface.
func checkAddress(key, address string) error {
	_, port, err := net.SplitHostPort(address)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%s is %q: write host and port, such as 127.0.0.1:8080", key, address)
	}
	return nil
}

// checkNoSecret refuses a user or password in an address: it would stand in every
// log that says where we connect.
func checkNoSecret(key, address, remedy string) error {
	u, err := url.Parse(address)
	if err != nil {
		// The cause is left out on purpose: it quotes the address.
		return fmt.Errorf("%s is not a URL: write it like scheme://host:port", key)
	}
	if u.User != nil {
		return fmt.Errorf("%s holds a user or password: use %s", key, remedy)
	}
	return nil
}

// checkFiles reads every file the configuration names, except the registry's, as
// the service will at its start.
func (c *Config) checkFiles() error {
	return firstError(
		func() error {
			_, err := passwordFrom("mqtt.password_file", c.MQTT.PasswordFile)
			return err
		},
		func() error {
			_, err := loadTLS("mqtt", c.MQTT.CAFile, c.MQTT.CertFile, c.MQTT.KeyFile)
			return err
		},
		c.checkBrokerFiles,
		c.HTTPS.checkFiles,
		c.Access.checkFiles,
		func() error {
			_, err := loadTLS("stream", c.Stream.CAFile, c.Stream.CertFile, c.Stream.KeyFile)
			return err
		},
		func() error {
			_, err := passwordFrom("stream.credentials_file", c.Stream.CredentialsFile)
			return err
		},
		func() error {
			_, err := passwordFrom("store.influx.token_file", c.Store.Influx.TokenFile)
			return err
		},
	)
}

func (c *Config) checkBrokerFiles() error {
	if c.MQTT.URL != "" {
		return nil
	}
	if _, _, err := brokerTLS(&c.Broker); err != nil {
		return err
	}
	if c.Broker.PasswordsFile == "" {
		return nil
	}
	if _, err := broker.OpenPasswords(c.Broker.PasswordsFile, slog.New(slog.DiscardHandler)); err != nil {
		return fmt.Errorf("broker.passwords_file: %w", err)
	}
	return nil
}
