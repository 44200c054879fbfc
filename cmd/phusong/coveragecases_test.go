package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/internal/stream"
	"phusong/internal/testbed"
	"phusong/telemetry"
)

// shelf is a store of mobile readings that does not answer until it is opened.
type shelf struct {
	mu       sync.Mutex
	readings []telemetry.Reading
	away     bool
	asked    int
}

func (s *shelf) Readings(_ context.Context, q telemetry.Query) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		s.mu.Lock()
		readings, away := slices.Clone(s.readings), s.away
		s.asked++
		s.mu.Unlock()
		if away {
			yield(telemetry.Reading{}, errDown)
			return
		}
		for _, r := range readings {
			if !r.Time.Before(q.From) && r.Time.Before(q.To) && !yield(r, nil) {
				return
			}
		}
	}
}

// An office is a coverage room that is fed by the test, and runs.
type office struct {
	t    *testing.T
	room *coverageRoom
	log  *lockedText
}

// newOffice starts a room over buckets that it may share with another.
func newOffice(t *testing.T, cases, evidence sharedBucket, store *shelf) *office {
	t.Helper()
	o := &office{t: t, log: new(lockedText)}
	c := DefaultConfig()
	c.Coverage.JudgeEvery = 20 * time.Millisecond
	land := new(registry.Registry)
	var err error
	o.room, err = newCoverageRoom(coverageOptions{
		Config: &c.Coverage, Registry: func() *registry.Registry { return land }, Store: store,
		Settled: func(context.Context) error { return nil }, Cases: cases, Evidence: evidence, Pause: 20 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(o.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- o.room.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return o
}

// verdict waits until the window of the cell proves what it should, by so many tests.
func (o *office) verdict(cell coverage.Cell, want coverage.Verdict, tests int) {
	o.t.Helper()
	testbed.Eventually(o.t, testbed.Patience, func() error {
		s := o.room.Latest()
		if s == nil {
			return errNotJudged
		}
		if found := s.Assessment.Find(cell, viettel); found == nil || found.Decision.Verdict != want || found.Decision.Tests != tests {
			return fmt.Errorf("the cell is %+v, want %s by %d tests", found, want, tests)
		}
		return nil
	})
}

// twoBuckets are those of cases and evidence.
func twoBuckets(t *testing.T) (cases, evidence *stream.Bucket) {
	t.Helper()
	server, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closeStream(context.Background(), server); err != nil {
			t.Error(err)
		}
	})
	for name, into := range map[string]**stream.Bucket{"cases": &cases, "evidence": &evidence} {
		if *into, err = server.Bucket(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	return cases, evidence
}

// A dead zone from the day it is found to the day a re-test shows it gone, on two
// replicas: what is done on one is known on the other, and after a restart.
func TestGapCaseFromOpenToRepaired(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cases, evidence := twoBuckets(t)
	cell := places(t)[0]
	now := time.Now()
	failing := campaign(cell, viettel, "dead", now.AddDate(0, 0, -10))
	store := &shelf{readings: failing}
	one, two := newOffice(t, cases, evidence, store), newOffice(t, cases, evidence, store)
	both := []*office{one, two}
	for _, o := range both {
		o.room.Observe(now, nil)
		o.verdict(cell, coverage.Dead, len(failing))
	}
	clock := now.AddDate(0, 0, -9)
	act := func(words string) coverage.Act {
		clock = clock.Add(time.Minute)
		return coverage.Act{At: clock, Actor: "liaison", Note: words}
	}
	zone := one.room.Latest().Zones.Open[0]
	c, err := one.room.cases.OpenZone(ctx, zone.ID, act("hamlet 3 complains"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("45204-%d-001", clock.UTC().Year()); c.ID != want || c.Zone != zone.ID {
		t.Errorf("the case is %s on zone %s, want %s on %s", c.ID, c.Zone, want, zone.ID)
	}
	known := func(o *office, state coverage.CaseState) {
		t.Helper()
		testbed.Eventually(t, testbed.Patience, func() error {
			for _, c := range o.room.cases.List() {
				if c.State == state {
					return nil
				}
			}
			return fmt.Errorf("no case is %s: %+v", state, o.room.cases.List())
		})
	}
	known(two, coverage.CaseOpen)
	step := func(what string, state coverage.CaseState, do func(*caseFiles) (coverage.Case, error)) {
		t.Helper()
		if c, err = do(two.room.cases); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if c.State != state {
			t.Errorf("after %s it is %s, want %s", what, c.State, state)
		}
		known(one, state)
	}
	if _, err := two.room.cases.Close(ctx, c.ID, coverage.Repaired, 0, act("")); !errors.Is(err, coverage.ErrCase) {
		t.Errorf("closing what was never sent: %v", err)
	}
	step("send", coverage.CaseSent, func(f *caseFiles) (coverage.Case, error) { return f.Send(ctx, c.ID, act("")) })
	hash := c.Hash
	step("answer", coverage.CaseAnswered, func(f *caseFiles) (coverage.Case, error) {
		return f.Answered(ctx, c.ID, coverage.Concedes, nil, time.Time{}, act("a new mast"))
	})
	clock = now.AddDate(0, 0, -4)
	step("re-test", coverage.CaseRetest, func(f *caseFiles) (coverage.Case, error) {
		return f.Retest(ctx, c.ID, now.AddDate(0, 0, 7), act(""))
	})
	stops, err := one.room.Survey(coverage.SurveyQuestion{Stops: 1})
	if err != nil || len(stops) != 1 || stops[0].Cell != cell || !stops[0].Must || stops[0].Tests != 29 {
		t.Errorf("the survey must lead to the cell of the re-test, and ask for all its tests anew: %+v, %v", stops, err)
	}

	// The mast stands; three days of tests later.
	working := campaign(cell, viettel, "fine", now)
	store.mu.Lock()
	store.readings = append(store.readings, working...)
	store.mu.Unlock()
	for _, o := range both {
		o.room.Observe(now, working)
		o.verdict(cell, coverage.Gap, len(failing)+len(working))
	}
	clock = now
	step("close", coverage.CaseClosed, func(f *caseFiles) (coverage.Case, error) {
		return f.Close(ctx, c.ID, coverage.Repaired, 0, act("re-tested"))
	})
	three := newOffice(t, cases, evidence, store) // a restart without an image
	three.room.Observe(now, nil)
	for _, o := range append(both, three) {
		o.verdict(cell, coverage.Covered, len(working)) // those from before the repair are superseded
		kept, err := o.room.cases.Get(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := kept.Verify(); err != nil {
			t.Error(err)
		}
		if kept.Resolution != coverage.Repaired || kept.Hash != hash || kept.Evidence.Cells[0].Decision.Verdict != coverage.Dead {
			t.Errorf("kept: %s, evidence %s", kept.Resolution, kept.Hash)
		}
		proof, err := o.room.cases.Proof(ctx, c.ID)
		if err != nil || proof.Verify() != nil || proof.Cells[0].Decision.Verdict != coverage.Covered {
			t.Errorf("the proof of the repair: %+v, %v", proof, err)
		}
		if closed := o.room.Latest().Zones.Closed; len(closed) != 1 || closed[0].ID != zone.ID {
			t.Errorf("closed zones: %+v", closed)
		}
	}
	var actions []string
	for _, e := range c.Trail {
		actions = append(actions, e.Action)
	}
	if diff := cmp.Diff([]string{"open", "send", "answer: concedes", "re-test", "close: repaired"}, actions); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

// Two who act on one case at once both have their word in the trail, and two who open one
// have two.
func TestGapCasesInCompany(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cases, evidence := twoBuckets(t)
	cell := places(t)[0]
	store := &shelf{readings: campaign(cell, viettel, "dead", time.Now())}
	one, two := newOffice(t, cases, evidence, store), newOffice(t, cases, evidence, store)
	at := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	ids := make(chan string, 4)
	var wait sync.WaitGroup
	for _, o := range []*office{one, two} {
		for range 2 {
			wait.Go(func() {
				c, err := o.room.cases.Open(ctx, viettel, "", []coverage.Cell{cell}, coverage.Act{At: at, Actor: "a"})
				if err != nil {
					t.Error(err)
				}
				ids <- c.ID
			})
		}
	}
	wait.Wait()
	close(ids)
	var all []string
	for id := range ids {
		all = append(all, id)
	}
	slices.Sort(all)
	if diff := cmp.Diff([]string{"45204-2026-001", "45204-2026-002", "45204-2026-003", "45204-2026-004"}, all); diff != "" {
		t.Fatalf("cases (-want +got):\n%s", diff)
	}
	for _, o := range []*office{one, two} {
		testbed.Eventually(t, testbed.Patience, func() error {
			if n := len(o.room.cases.List()); n != 4 {
				return fmt.Errorf("%d cases are known", n)
			}
			return nil
		})
		for range 4 {
			wait.Go(func() {
				if _, err := o.room.cases.Comment(ctx, all[0], coverage.Act{At: at, Actor: "a", Note: "seen"}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
	c, err := one.room.cases.Get(ctx, all[0])
	if err != nil || len(c.Trail) != 9 || c.Verify() != nil {
		t.Errorf("%d entries in the trail, want 9: %v, %v", len(c.Trail), err, c.Verify())
	}
	if _, err := one.room.cases.Get(ctx, "45204-2026-999"); !errors.Is(err, errNoCase) {
		t.Errorf("a case that does not exist: %v", err)
	}
}

// While the store does not answer nothing is judged: half a map would end zones that
// are there. Meanwhile what arrives is kept, and once is enough.
func TestNothingIsJudgedBeforeTheMapIsWhole(t *testing.T) {
	t.Parallel()
	cases, evidence := twoBuckets(t)
	cell := places(t)[0]
	all := campaign(cell, viettel, "dead", time.Now())
	store := &shelf{readings: all[:30], away: true}
	o := newOffice(t, cases, evidence, store)
	o.room.Observe(time.Now(), all[20:]) // the stream repeats some of what is stored
	testbed.Eventually(t, testbed.Patience, func() error {
		if !strings.Contains(o.log.String(), "cannot be rebuilt") {
			return errors.New("the log does not say it")
		}
		return nil
	})
	if o.room.Latest() != nil {
		t.Error("it was judged without the store")
	}
	if _, err := o.room.Dossier(viettel, []coverage.Cell{cell}); !errors.Is(err, errNotJudged) {
		t.Errorf("a dossier of nothing: %v", err)
	}
	var image strings.Builder
	if err := o.room.Snapshot()(&image); err != nil || image.Len() > 0 {
		t.Errorf("half a map has an image of %d bytes (%v)", image.Len(), err)
	}
	store.mu.Lock()
	store.away = false
	store.mu.Unlock()
	o.verdict(cell, coverage.Dead, len(all))
}
