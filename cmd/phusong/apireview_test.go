package main

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"phusong/coverage"
	"phusong/dashboards/api"
	"phusong/internal/testbed"
)

// possible are the acts that a review says would be accepted.
func possible(r *api.CaseReview) []string {
	list := []string{}
	for _, o := range r.Outlook {
		if o.Possible != (o.Why == "") {
			return []string{"not told why: " + o.Action + " " + o.Resolution}
		}
		if o.Possible {
			list = append(list, strings.TrimSpace(o.Action+" "+o.Resolution))
		}
	}
	return list
}

// What a review promises is what then happens, from the zone to the repair; and what is
// printed is what was sent.
func TestReviewSaysWhatCanBeDone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	kept, evidence := twoBuckets(t)
	cell := places(t)[0]
	now := time.Now()
	failing := campaign(cell, viettel, "dead", now.AddDate(0, 0, -10))
	store := &shelf{readings: failing}
	o := newOffice(t, kept, evidence, store)
	o.room.Observe(now, nil)
	o.verdict(cell, coverage.Dead, len(failing))
	cases := apiCases{o.room}
	zone := o.room.Latest().Zones.Open[0].ID
	found, err := cases.ZoneEvidence(zone)
	if err != nil || len(found.Cells) != 1 || found.Case != "" || found.Cells[0].Decision.Verdict != "dead" {
		t.Fatalf("the zone: %+v, %v", found, err)
	}
	at := now.AddDate(0, 0, -9)
	act := func(action string, more api.CaseAct) api.Case {
		t.Helper()
		at = at.Add(time.Minute)
		more.Action, more.At, more.Who = action, at, "liaison"
		c, err := cases.Act(ctx, "45204-"+at.UTC().Format("2006")+"-001", more)
		if err != nil {
			t.Fatalf("%s: %v", action, err)
		}
		return c
	}
	c, err := cases.Open(ctx, zone, "", nil, api.CaseAct{At: at, Who: "liaison"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cases.Open(ctx, zone, "", nil, api.CaseAct{At: at, Who: "another"}); !errors.Is(err, api.ErrRefused) {
		t.Errorf("a second case on the zone: %v", err)
	} else if refusal, ok := errors.AsType[*coverage.Refusal](err); !ok || refusal.Code != coverage.RefusedZoneTaken || refusal.Params["case"] != c.ID {
		t.Errorf("a second case on the zone: %+v", refusal)
	}
	if found, err := cases.ZoneEvidence(zone); err != nil || found.Case != c.ID {
		t.Errorf("the zone's case is %q, want %s: %v", found.Case, c.ID, err)
	}
	if _, err := cases.Document(ctx, c.ID, api.DocumentOptions{Format: "html"}); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("printing what was not sent: %v", err)
	}
	expect := func(want ...string) api.CaseReview {
		t.Helper()
		r, err := cases.Review(ctx, c.ID)
		if got := possible(&r); err != nil || !slices.Equal(got, want) || len(r.Cells) != 1 {
			t.Errorf("possible: %q, want %q: %+v, %v", got, want, r.Outlook, err)
		}
		return r
	}
	expect("send")
	c = act("send", api.CaseAct{})
	expect()
	page, err := cases.Document(ctx, c.ID, api.DocumentOptions{Format: "html", Language: "vi"})
	if text := string(page.Body); err != nil || !strings.Contains(text, c.Hash) || !strings.Contains(text, c.ID) || strings.Contains(text, "không được tính") || page.Policy == "" {
		t.Errorf("the printed page: %v\n%s", err, text)
	}
	table, err := cases.Document(ctx, c.ID, api.DocumentOptions{Format: "csv", Table: "tests"})
	if n := strings.Count(string(table.Body), "\n"); err != nil || n != len(failing)+1 || table.Policy != "" {
		t.Errorf("%d lines of tests, want %d: %v", n, len(failing)+1, err)
	}
	act("answer", api.CaseAct{Answer: "concedes"})
	at = now.AddDate(0, 0, -4)
	act("retest", api.CaseAct{Due: now.AddDate(0, 0, 7)})
	r := expect()
	if want := (api.CaseOutlook{Action: "close", Resolution: "rebutted", Why: r.Outlook[1].Why, Code: "case-bad-cell", Params: map[string]string{"cell": cell.String(), "verdict": "dead"}}); !reflect.DeepEqual(r.Outlook[1], want) {
		t.Errorf("closing it as rebutted: %+v, want %+v", r.Outlook[1], want)
	}
	if r.From == "" || len(r.Retest) != 1 || r.Retest[0].Decision.Tests != 0 || r.Retest[0].Further == nil || r.Retest[0].Further.ToCovered != 29 {
		t.Errorf("the re-test before its first test: %s %+v", r.From, r.Retest)
	}

	working := campaign(cell, viettel, "fine", now)
	o.room.Observe(now, working)
	o.verdict(cell, coverage.Gap, len(failing)+len(working))
	if r := expect("close repaired"); r.Retest[0].Decision.Verdict != "covered" || r.Retest[0].Further != nil {
		t.Errorf("the re-test: %+v", r.Retest[0])
	}
	at = now
	if c = act("close", api.CaseAct{Resolution: "repaired"}); c.State != "closed" {
		t.Errorf("it is %s", c.State)
	}
	expect()
	// What was sent stays what it was, though the tests behind it count no more.
	o.verdict(cell, coverage.Covered, len(working))
	testbed.Eventually(t, time.Minute, func() error {
		again, err := cases.Document(ctx, c.ID, api.DocumentOptions{Format: "html", Language: "vi"})
		if err == nil && !bytes.Equal(again.Body, page.Body) {
			err = errors.New("another page is printed")
		}
		return err
	})
}
