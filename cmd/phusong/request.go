package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

func newRequest(ctx context.Context, method, url string, body []byte) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
}

// closeBody ends a response. What is left of it does not matter.
func closeBody(r *http.Response) { _ = r.Body.Close() }

// readText returns the beginning of the body, for an error message.
func readText(r *http.Response) string {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
	if err != nil || len(text) == 0 {
		return r.Status
	}
	return strings.TrimSpace(string(text))
}
