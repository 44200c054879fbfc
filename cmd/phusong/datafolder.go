package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

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
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// paths within the data folder.
type dataFolder string

func (d dataFolder) stream() string { return filepath.Join(string(d), "stream") }
func (d dataFolder) broker() string { return filepath.Join(string(d), "broker") }
func (d dataFolder) store() string  { return filepath.Join(string(d), "phusong.db") }
func (d dataFolder) watch() imageFile {
	return imageFile(filepath.Join(string(d), "watch", "image.zip"))
}
func (d dataFolder) alertmanager() string { return filepath.Join(string(d), "alertmanager") }
func (d dataFolder) audit() string        { return filepath.Join(string(d), "audit", "changes.jsonl") }
func (d dataFolder) topics() string       { return filepath.Join(string(d), "alert-topics.json") }
func (d dataFolder) filters() string      { return filepath.Join(string(d), "mqtt-filters.json") }
func (d dataFolder) socket() string       { return filepath.Join(string(d), "control.sock") }
func (d dataFolder) lock() string         { return filepath.Join(string(d), "lock") }
