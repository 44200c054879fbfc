package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// filtersFile is what FiltersFile holds: which session has which filters at the broker.
type filtersFile struct {
	Broker   string   `json:"broker"`
	ClientID string   `json:"client_id"`
	Filters  []string `json:"filters"`
}

// loadFilters returns the filters that this session held at the end of the last run.
func (c *Client) loadFilters() ([]string, error) {
	if c.options.FiltersFile == "" {
		return nil, nil
	}
	data, err := os.ReadFile(c.options.FiltersFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading filters file: %w", err)
	}
	var file filtersFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("filters file %s: %w", c.options.FiltersFile, err)
	}
	if file.Broker != c.address.String() || file.ClientID != c.options.ClientID {
		return nil, nil // another session, which we cannot reach from here
	}
	return file.Filters, nil
}

// saveFilters remembers filters. A failure is not fatal: it only matters when the list changes.
func (c *Client) saveFilters(filters []string) {
	if c.options.FiltersFile == "" {
		return
	}
	const text = "cannot remember the filters for the next run"
	file := filtersFile{Broker: c.address.String(), ClientID: c.options.ClientID, Filters: filters}
	if err := writeAtomically(c.options.FiltersFile, file); err != nil {
		c.troubles.report(c.log, text, err)
		return
	}
	c.troubles.clear(trouble{text: text})
}

// writeAtomically replaces the file so that a reader, or a crash, meets the old or the new contents.
func writeAtomically(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when all went well
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
