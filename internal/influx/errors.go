package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"phusong/telemetry"
)

// explain says what was being done where, what came back, and what to do about
// it. ctx is the caller's, whose end is no fault of the server.
func (s *Store) explain(ctx context.Context, doing string, err error) error {
	if err == nil || errors.Is(err, telemetry.ErrRejected) {
		return err
	}
	where := fmt.Sprintf("influx: %s %s at %s", doing, s.options.Bucket, s.options.URL)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", where, ctx.Err())
	}
	var answer *influxhttp.Error
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return fmt.Errorf("%s: %w", where, err)
	}
	message := serverMessage(answer)
	switch status := answer.StatusCode; {
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%s: %w", where, &telemetry.RejectedError{Reason: "InfluxDB refuses it: " + message})
	case status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%s: %w", where, &telemetry.RejectedError{Reason: "InfluxDB finds it too large: " + message})
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%s: the token is wrong (%s): correct %s", where, message, s.tokenPlace())
	case status == http.StatusForbidden, isForbidden(message):
		return fmt.Errorf("%s: the token does not allow it (%s): give its owner the right to read and write, or change %s", where, message, s.tokenPlace())
	case status == http.StatusNotFound, isMissing(message):
		return fmt.Errorf("%s: %s: %s", where, message, s.creation())
	default:
		err := fmt.Errorf("%s: %d %s: %s", where, status, http.StatusText(status), message)
		if answer.RetryAfter > 0 {
			return &laterError{err, time.Duration(answer.RetryAfter) * time.Second}
		}
		return err
	}
}

// isForbidden and isMissing know what InfluxDB 1.8 says with status 500.
func isForbidden(message string) bool { return strings.Contains(message, "requires READ for database") }

func isMissing(message string) bool {
	return strings.Contains(message, "retention policy not found") ||
		strings.HasSuffix(message, "no database") || strings.HasSuffix(message, "invalid retention policy")
}

// laterError is one for which the server said how long to wait.
type laterError struct {
	error
	after time.Duration
}

// RetryAfter returns how long to wait before trying again.
func (e *laterError) RetryAfter() time.Duration { return e.after }

// Unwrap returns the error itself.
func (e *laterError) Unwrap() error { return e.error }

// serverMessage returns the words of the server, shortened: they may quote a
// whole line.
func serverMessage(answer *influxhttp.Error) string {
	message := answer.Message
	// InfluxDB 1.8 says {"error": …}, which the client does not know, and repeats it here.
	if header := answer.Header.Get("X-Influxdb-Error"); header != "" {
		message = header
	}
	if message == "" {
		message = answer.Code
	}
	message = strings.Join(strings.Fields(message), " ")
	const most = 300
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "…"
	}
	return message
}

func (s *Store) tokenPlace() string {
	if s.options.TokenFile == "" {
		return "TokenFile, which is not set"
	}
	return "the file " + s.options.TokenFile
}

// creation says how to make what is missing, to the server that the bucket's name
// is meant for.
func (s *Store) creation() string {
	if database, policy, ok := strings.Cut(s.options.Bucket, "/"); ok {
		return fmt.Sprintf(`create it with: influx -execute 'CREATE DATABASE %q' (its policy %s too, unless that is autogen)`, database, policy)
	}
	return fmt.Sprintf("create it with: influx bucket create --org %s --name %s", s.options.Org, s.options.Bucket)
}
