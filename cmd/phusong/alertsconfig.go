package main

import (
	"errors"
	"fmt"
	"net/url"

	"phusong/alerts/alertmanager"
)

// AlertsConfig says by which rules the live picture is judged, and who is told.
type AlertsConfig struct {
	// Rules are the rule files, by pattern; they are read again when they change. Empty:
	// the rules that the binary carries.
	Rules []string `yaml:"rules"`
	// ExternalURL is where people reach this service; messages link to it.
	ExternalURL string `yaml:"external_url"`
	// Runbooks is where the pages of docs/runbooks can be read; empty: no link.
	Runbooks string `yaml:"runbooks"`
	// Topics keeps a retained MQTT message for each alert that people are told of.
	Topics       bool               `yaml:"topics"`
	Alertmanager AlertmanagerConfig `yaml:"alertmanager"`
}

// AlertmanagerConfig chooses between the Alertmanager inside and others.
type AlertmanagerConfig struct {
	// URLs are Alertmanagers outside, each of a cluster, no load balancer. Empty: the one
	// inside.
	URLs []string `yaml:"urls"`
	// ConfigFile is the alertmanager.yml of the one inside; empty: the one that the
	// binary carries, which sends nothing.
	ConfigFile string `yaml:"config_file"`
}

func (c *AlertsConfig) validate() error {
	if c.ExternalURL != "" {
		if u, err := url.Parse(c.ExternalURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("alerts.external_url must be an address such as https://phusong.example.vn")
		}
	}
	if len(c.Alertmanager.URLs) > 0 && c.Alertmanager.ConfigFile != "" {
		return errors.New("alerts.alertmanager.config_file is of the Alertmanager inside, and alerts.alertmanager.urls names others: leave one of them out")
	}
	for i, address := range c.Alertmanager.URLs {
		key := fmt.Sprintf("alerts.alertmanager.urls[%d]", i)
		if err := checkNoSecret(key, address, "a proxy that adds the password"); err != nil {
			return err
		}
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			return fmt.Errorf("%s must be an address such as http://alertmanager:9093", key)
		}
	}
	return nil
}

// check reads what the configuration names, for whoever asks before a start.
func (c *AlertsConfig) check() error {
	_, err := loadRules(c.Rules)
	if c.Alertmanager.ConfigFile != "" {
		err = errors.Join(err, alertmanager.CheckConfig(c.Alertmanager.ConfigFile))
	}
	return err
}
