package alertmanager

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/template"
)

// configName is the name of the configuration in a file system such as [Options.Default].
const configName = "alertmanager.yml"

// source is where the configuration comes from: a file, or, without one, a file system that is part
// of the binary.
type source struct {
	file     string
	fallback fs.FS
}

func (s source) String() string {
	if s.file == "" {
		return "the default " + configName
	}
	return s.file
}

// loaded is a configuration that was read whole, and whose templates are understood.
type loaded struct {
	*config.Config
	templates *template.Template
	route     *dispatch.Route
}

func (s source) load() (*loaded, error) {
	l, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s, err)
	}
	l.route = dispatch.NewRoute(l.Route, nil)
	return l, nil
}

func (s source) read() (*loaded, error) {
	if s.file == "" {
		return readDefault(s.fallback)
	}
	c, err := config.LoadFile(s.file)
	if err != nil {
		return nil, err
	}
	t, err := template.FromGlobs(c.Templates)
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	return &loaded{Config: c, templates: t}, nil
}

func readDefault(files fs.FS) (*loaded, error) {
	if files == nil {
		return nil, errors.New("there is neither a file nor a default")
	}
	text, err := fs.ReadFile(files, configName)
	if err != nil {
		return nil, err
	}
	c, err := config.Load(string(text))
	if err != nil {
		return nil, err
	}
	t, err := template.FromGlobs(nil)
	if err != nil {
		return nil, err
	}
	for _, pattern := range c.Templates {
		if err := parseAll(t, files, path.Clean(pattern)); err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
	}
	return &loaded{Config: c, templates: t}, nil
}

func parseAll(t *template.Template, files fs.FS, pattern string) error {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		err = t.Parse(f)
		_ = f.Close() // it was read
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// CheckConfig reports what is wrong with an alertmanager.yml and its templates. It knows more than a
// start does: it also builds receivers that no route names, and renders every template with a firing
// and a resolved alert. It sends nothing.
func CheckConfig(file string) error { return check(source{file: file}) }

// CheckDefault is CheckConfig for a configuration inside a file system, as [Options.Default].
func CheckDefault(files fs.FS) error { return check(source{fallback: files}) }

func check(s source) error {
	l, err := s.load()
	if err != nil {
		return err
	}
	l.templates.ExternalURL = defaultExternalURL
	var faults []error
	for _, r := range l.Receivers {
		integrations, err := buildReceiver(r, l.templates, slog.New(slog.DiscardHandler), nil, nil)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: receiver %q: %w", s, r.Name, err))
		}
		for _, i := range integrations {
			data := sampleData(l.templates, r.Name)
			_, found := repaired(r, i.Name(), i.Index(), l.templates, data)
			for _, fault := range found {
				faults = append(faults, fmt.Errorf("%s: receiver %q, %s: %w", s, r.Name, i.String(), fault))
			}
		}
	}
	return errors.Join(faults...)
}

// sampleData is what a notification of one firing and one resolved alert is made from.
func sampleData(t *template.Template, receiver string) *template.Data {
	began := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	alert := Alert{
		ID:     "sample",
		Labels: map[string]string{"alertname": "Sample", "severity": "warning", "area": "25459", "site": "site-1", "device": "device-1", "kind": "wifi", "operator": "45204"},
		Annotations: map[string]string{
			"summary": "Sample", "description": "Sample", "place": "Sample", "next_step": "Sample", "since": "12:00 01/09/2026",
			"map_url": "https://example.org/map", "runbook_url": "https://example.org/runbook", "count": "2", "list": "Sample",
		},
		StartsAt: began, GeneratorURL: "https://example.org/alerts/sample",
	}
	resolved := alert
	resolved.EndsAt = began.Add(time.Hour)
	group := labelSet(map[string]string{"alertname": "Sample"})
	return t.Data(receiver, group, nil, "first notification", convert(&alert, began), convert(&resolved, resolved.EndsAt))
}
