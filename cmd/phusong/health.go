package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthCmd asks a running service whether it is ready. A container without a
// shell has nobody else to ask.
type healthCmd struct {
	URL     string        `name:"url" default:"http://127.0.0.1:8080/readyz" help:"Where to ask: /readyz, or /healthz for being alive only."`
	Timeout time.Duration `default:"3s" help:"How long to wait for the answer."`
}

// longestAnswer is as much of an answer as is shown.
const longestAnswer = 4 << 10

// Run ends without an error when the service answers 200.
func (c *healthCmd) Run(p *process) error {
	ctx, cancel := context.WithTimeout(p.ctx, c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	response, err := (&http.Client{Timeout: c.Timeout}).Do(request)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s %s", response.Status, strings.TrimSpace(string(answer)))
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", strings.TrimSpace(string(answer)))
	return err
}
