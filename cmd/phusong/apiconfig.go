package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"phusong/dashboards/access"
)

// AccessConfig says who may use the API.
type AccessConfig struct {
	// AccountsFile holds the accounts, as phusong accounts makes it. Empty: there is no API,
	// unless Open.
	AccountsFile string `yaml:"accounts_file"`
	// Open lets everybody in as an administrator, and is refused unless listen is a
	// loopback address, and with HTTPS.
	Open bool `yaml:"open"`
	// Proxies are networks whose X-Forwarded-For is believed.
	Proxies []string `yaml:"proxies"`
}

func (c *AccessConfig) validate(listen, https string) error {
	switch {
	case c.Open && https != "":
		return errors.New("access.open is for a loopback address, and https.listen is for others: leave one of them out; phusong accounts add makes accounts")
	case c.Open && !isLoopback(listen):
		return fmt.Errorf("access.open on %s would let everybody change things: listen on 127.0.0.1, or make accounts with phusong accounts add and set access.accounts_file", listen)
	case c.Open && c.AccountsFile != "":
		return errors.New("access.open lets everybody in, and access.accounts_file does not: leave one of them out")
	}
	_, err := c.proxies()
	return err
}

func (c *AccessConfig) proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for i, text := range c.Proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("access.proxies[%d] is %q: write a network such as 10.0.0.0/8", i, text)
		}
		list = append(list, p)
	}
	return list, nil
}

func (c *AccessConfig) checkFiles() error {
	if c.AccountsFile == "" {
		return nil
	}
	if _, err := access.OpenBook(c.AccountsFile, slog.New(slog.DiscardHandler)); err != nil {
		return fmt.Errorf("access.accounts_file: %w", err)
	}
	return nil
}
