package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"phusong/ingest"
)

type deadlettersCmd struct {
	List   listLettersCmd   `cmd:"" help:"List refused messages, oldest first."`
	Replay replayLettersCmd `cmd:"" help:"Process refused messages again, after the cause was mended."`
}

type listLettersCmd struct {
	dataFlag
	JSON  bool `help:"One JSON object a line, with the whole payload in base64."`
	Limit int  `default:"0" help:"At most so many; 0 for all."`
}

// Run lists through the running service, or from the disk when none runs.
func (c *listLettersCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	listed := 0
	show := func(d ingest.DeadLetter) bool {
		if err := c.print(p.stdout, &d); err != nil {
			return false
		}
		listed++
		return c.Limit == 0 || listed < c.Limit
	}
	err = listFromService(p.ctx, &config, show)
	if errors.Is(err, errNotRunning) {
		err = offline(p.ctx, &config, func(ctx context.Context, s *resting) error {
			return ingest.ListDeadLetters(ctx, durableLog{s.letters}, show)
		})
	}
	if err == nil && listed == 0 && !c.JSON {
		_, err = fmt.Fprintln(p.stdout, "there are no dead letters")
	}
	return err
}

func listFromService(ctx context.Context, c *Config, show func(ingest.DeadLetter) bool) error {
	response, err := call(ctx, c, http.MethodGet, "/deadletters", nil)
	if err != nil {
		return err
	}
	defer closeBody(response)
	decoder := json.NewDecoder(response.Body)
	for {
		var line struct {
			ingest.DeadLetter
			Error string `json:"error"`
		}
		err := decoder.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the answer of the running service: %w", err)
		case line.Error != "":
			return errors.New(line.Error)
		}
		if !show(line.DeadLetter) {
			return nil
		}
	}
}

// shownPayload is how much of a payload a person sees at once.
const shownPayload = 200

func (c *listLettersCmd) print(w io.Writer, d *ingest.DeadLetter) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(d)
	}
	payload := d.Payload
	more := ""
	if len(payload) > shownPayload {
		payload, more = payload[:shownPayload], "…"
	}
	shown := fmt.Sprintf("%q", payload)
	if utf8.Valid(payload) && !hasControl(payload) {
		shown = string(payload)
	}
	_, err := fmt.Fprintf(w, "%s  %s  %s\n  %s\n  %d bytes: %s%s\n", d.ID, d.Time.Format(time.RFC3339), d.Topic, d.Reason, d.Size, shown, more)
	return err
}

func hasControl(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

type replayLettersCmd struct {
	dataFlag
	All bool     `help:"Replay all."`
	IDs []string `arg:"" optional:"" name:"id" help:"Ids as listed."`
}

// Run asks the running service: only that can process messages.
func (c *replayLettersCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	if c.All == (len(c.IDs) > 0) {
		return errors.New("name the ids to replay, or say --all")
	}
	body, err := json.Marshal(replayRequest{IDs: c.IDs})
	if err != nil {
		return err
	}
	var result replayAnswer
	err = callJSON(p.ctx, &config, http.MethodPost, "/deadletters/replay", body, &result)
	if errors.Is(err, errNotRunning) {
		return fmt.Errorf("%w; start it first: only a running service can process messages", err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "replayed %d; what is still wrong is a dead letter again\n", result.Replayed)
	return err
}
