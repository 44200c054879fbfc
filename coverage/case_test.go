package coverage

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

// act is the n-th deed of the liaison.
func act(n int, note string) Act {
	return Act{At: local(1, 9, n, 0), Actor: "lien.tran", Note: note}
}

// dossierOf is the evidence of the map on its one cell.
func dossierOf(t testing.TB, m *Map, now time.Time, cells ...Cell) *Dossier {
	t.Helper()
	v := m.View()
	a, err := newJudge(t, m.rules).Assess(t.Context(), v, now)
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Dossier(v, "45204", cells)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A case from the first finding to the repair, with a test struck out on the way.
func TestLifeOfACase(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	cell := survey(m, 1, 20, func(n int, r *telemetry.Reading) {
		if n%3 == 0 {
			slow(n, r)
		}
	})
	evidence := dossierOf(t, m, local(1, 23, 0, 0), cell)
	c, err := OpenCase("2026-17", "45204", "45204-dead-x", []Cell{cell, cell}, act(0, "seen on the map"))
	must(t, err)
	c, err = c.Send(evidence, act(1, "by letter 118"))
	must(t, err)
	if c.State != CaseSent || c.Round != 1 || !c.Due.Equal(act(1, "").At.Add(AnswerWithin)) || !c.Overdue(c.Due.Add(1)) || c.Overdue(c.Due) {
		t.Errorf("after sending: %+v", c)
	}
	// What was sent stays as it was, whatever becomes of the dossier at hand.
	evidence.Cells[0].Tests[0].Mbps = 99
	must(t, c.Verify())

	strike := []Strike{{Cell: cell, Test: c.Evidence.Cells[0].Tests[0].ID, Reason: StrikeOutage, Note: "ticket 4711"}}
	answered, err := c.Answered(Contests, strike, time.Time{}, act(2, "the site was down"))
	must(t, err)
	must(t, m.Strike(cell, "45204", []TestID{strike[0].Test}))
	after := only(t, m, local(2, 23, 0, 0))
	if after.Decision.Tests != 19 || after.Decision.Verdict != Gap {
		t.Errorf("after striking one: %s of %d", after.Verdict, after.Decision.Tests)
	}
	if len(answered.Strikes) != 1 || len(c.Strikes) != 0 {
		t.Errorf("struck %d, before %d", len(answered.Strikes), len(c.Strikes))
	}
	retest, err := answered.Retest(local(20, 0, 0, 0), act(3, ""))
	must(t, err)

	// Measuring the same again does not close it.
	if _, err := retest.Close(Repaired, dossierOf(t, m, local(2, 23, 0, 0), cell), act(4, "")); !errors.Is(err, ErrCase) {
		t.Errorf("closing a gap as repaired: %v", err)
	}
	survey(m, 10, 29, fast)
	if _, err := retest.Close(Repaired, dossierOf(t, m, local(12, 23, 0, 0), cell), act(4, "")); !errors.Is(err, ErrCase) {
		t.Errorf("closing on old and new tests together: %v", err)
	}
	from, _ := ParseDay("2026-11-10")
	repaired := newJudge(t, m.rules).Since(m.View(), "45204", []Cell{cell}, from, local(12, 23, 0, 0))
	m.Supersede(cell, "45204", from)
	if c := only(t, m, local(19, 23, 0, 0)); c.Verdict != Covered || c.Decision.Tests != 29 || c.Since != from+9 {
		t.Errorf("after the repair it stands as %s since %s, of %d tests", c.Verdict, c.Since, c.Decision.Tests)
	}
	closed, err := retest.Close(Repaired, repaired, act(5, ""))
	must(t, err)
	if closed.State != CaseClosed || closed.Resolution != Repaired || !closed.Due.IsZero() {
		t.Errorf("closed: %+v", closed)
	}
	if _, err := closed.Reopen(act(6, "")); err == nil {
		t.Error("reopened without a reason")
	}
	reopened, err := closed.Reopen(act(6, "complaints from hamlet 3"))
	must(t, err)
	var actions []string
	for _, e := range reopened.Trail {
		actions = append(actions, e.Action)
	}
	want := []string{"open", "send", "answer: contests", "re-test", "close: repaired", "reopen"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
	must(t, reopened.Verify())
}

func TestWhichZonesACaseIsAbout(t *testing.T) {
	t.Parallel()
	cells := slices.Sorted(slices.Values(land(t)[:7]))
	c, err := OpenCase("1", "45204", "zone", cells, act(0, ""))
	must(t, err)
	for _, x := range []struct {
		name string
		zone Zone
		want bool
	}{
		{"its own, however it grew", Zone{ID: "zone", Operator: "45204", Cells: land(t)}, true},
		{"a part that split off", Zone{ID: "part", Operator: "45204", Cells: cells[2:4]}, true},
		{"one that reaches farther", Zone{ID: "more", Operator: "45204", Cells: append(slices.Clone(cells[2:4]), 1)}, false},
		{"another operator's", Zone{ID: "other", Operator: "45201", Cells: cells[2:4]}, false},
	} {
		if got := c.About(&x.zone); got != x.want {
			t.Errorf("%s: the case is about it: %v, want %v", x.name, got, x.want)
		}
	}
	c.State = CaseClosed
	if c.About(&Zone{ID: "part", Operator: "45204", Cells: cells[2:4]}) {
		t.Error("a closed case is about what was found after it")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever changes the trail or the evidence is found out.
func TestTampering(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	cell := survey(m, 1, 20, slow)
	c, err := OpenCase("1", "45204", "", []Cell{cell}, act(0, ""))
	must(t, err)
	c, err = c.Send(dossierOf(t, m, local(1, 23, 0, 0), cell), act(1, ""))
	must(t, err)
	c, err = c.Answered(Concedes, nil, time.Time{}, act(2, "a new mast"))
	must(t, err)
	text, err := json.Marshal(c)
	must(t, err)
	for name, change := range map[string]func(*Case){
		"a note":              func(c *Case) { c.Trail[2].Note = "no mast" },
		"an actor":            func(c *Case) { c.Trail[0].Actor = "x" },
		"a time":              func(c *Case) { c.Trail[1].At = c.Trail[1].At.Add(1) },
		"an entry gone":       func(c *Case) { c.Trail = append(c.Trail[:1], c.Trail[2:]...) },
		"the hash":            func(c *Case) { c.Hash = strings.Repeat("0", 64) },
		"a test":              func(c *Case) { c.Evidence.Cells[0].Tests[3].Mbps++ },
		"evidence and hash":   func(c *Case) { c.Evidence.Cells[0].Tests[3].Mbps++; c.Hash, _ = c.Evidence.Hash() },
		"a test left out":     func(c *Case) { c.Evidence.Cells[0].Tests = c.Evidence.Cells[0].Tests[1:] },
		"the rules":           func(c *Case) { c.Evidence.Rules.TargetMbps = 50 },
		"the verdict":         func(c *Case) { c.Evidence.Cells[0].Decision.Verdict = Covered },
		"nothing, as control": nil,
	} {
		var copied Case
		must(t, json.Unmarshal(text, &copied))
		if change != nil {
			change(&copied)
		}
		if err := copied.Verify(); (err != nil) != (change != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	cell := survey(m, 1, 20, slow)
	evidence := dossierOf(t, m, local(1, 23, 0, 0), cell)
	open, err := OpenCase("1", "45204", "", []Cell{cell}, act(0, ""))
	must(t, err)
	sent, err := open.Send(evidence, act(1, ""))
	must(t, err)
	answered, err := sent.Answered(Contests, nil, time.Time{}, act(2, ""))
	must(t, err)
	healthy := newMap(t)
	survey(healthy, 1, 29, fast)
	few := newMap(t)
	survey(few, 1, 3, slow)
	other := *evidence
	other.Operator = "45201"
	for name, deed := range map[string]func() (Case, error){
		"no cells":                func() (Case, error) { return OpenCase("1", "45204", "", nil, act(0, "")) },
		"nobody":                  func() (Case, error) { return OpenCase("1", "45204", "", []Cell{cell}, Act{At: act(0, "").At}) },
		"back in time":            func() (Case, error) { return sent.Comment(act(0, "")) },
		"answer before sending":   func() (Case, error) { return open.Answered(Concedes, nil, time.Time{}, act(3, "")) },
		"send twice":              func() (Case, error) { return sent.Send(evidence, act(3, "")) },
		"send good news":          func() (Case, error) { return open.Send(dossierOf(t, healthy, local(1, 23, 0, 0), cell), act(3, "")) },
		"send too little":         func() (Case, error) { return open.Send(dossierOf(t, few, local(1, 23, 0, 0), cell), act(3, "")) },
		"send another operator's": func() (Case, error) { return open.Send(&other, act(3, "")) },
		"an answer unheard of":    func() (Case, error) { return sent.Answered("perhaps", nil, time.Time{}, act(3, "")) },
		"strike what is not there": func() (Case, error) {
			return sent.Answered(Contests, []Strike{{Cell: cell, Test: TestID{Day: 1}, Reason: StrikeLoad}}, time.Time{}, act(3, ""))
		},
		"strike without reason": func() (Case, error) {
			return sent.Answered(Contests, []Strike{{Cell: cell, Test: evidence.Cells[0].Tests[0].ID}}, time.Time{}, act(3, ""))
		},
		"rebutted without showing": func() (Case, error) {
			return answered.Close(Rebutted, dossierOf(t, few, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"repaired without proof": func() (Case, error) {
			return answered.Close(Repaired, dossierOf(t, few, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"closed without evidence": func() (Case, error) { return answered.Close(Restored, nil, act(3, "")) },
		"closed as what": func() (Case, error) {
			return answered.Close("fine", dossierOf(t, few, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"closed before answered": func() (Case, error) {
			return sent.Close(Repaired, dossierOf(t, healthy, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"reopen an open one": func() (Case, error) { return sent.Reopen(act(3, "why")) },
		"dispute too early":  func() (Case, error) { return sent.Dispute(act(3, "")) },
		"re-test too early":  func() (Case, error) { return sent.Retest(local(9, 0, 0, 0), act(3, "")) },
	} {
		_, err := deed()
		if !errors.Is(err, ErrCase) {
			t.Errorf("%s: %v", name, err)
		}
		if refusal, ok := errors.AsType[*Refusal](err); !ok || !slices.Contains(RefusalCodes(), refusal.Code) {
			t.Errorf("%s: %v has no code", name, err)
		}
	}
	// And what is allowed.
	for name, deed := range map[string]func() (Case, error){
		"rebutted": func() (Case, error) {
			return answered.Close(Rebutted, dossierOf(t, healthy, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"restored": func() (Case, error) {
			return answered.Close(Restored, dossierOf(t, few, local(1, 23, 0, 0), cell), act(3, ""))
		},
		"withdrawn": func() (Case, error) { return open.Close(Withdrawn, nil, act(3, "")) },
	} {
		if c, err := deed(); err != nil || string(c.Resolution) != name {
			t.Errorf("%s: %v, %v", name, c.Resolution, err)
		}
	}
	if _, err := assess(t, m, local(1, 23, 0, 0)).Dossier(m.View(), "45201", []Cell{cell}); err == nil {
		t.Error("a dossier on what nobody measured")
	}
}

// Whatever people try, in any order: each entry of the trail is a step that the state before
// it allowed, the trail verifies, and the case survives being written.
func TestCasesStayConsistent(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	cell := survey(m, 1, 20, slow)
	bad := dossierOf(t, m, local(1, 23, 0, 0), cell)
	good := newMap(t)
	survey(good, 1, 29, fast)
	fine := dossierOf(t, good, local(1, 23, 0, 0), cell)
	allowed := map[CaseState][]CaseState{
		"":           {CaseOpen},
		CaseOpen:     {CaseSent, CaseClosed},
		CaseSent:     {CaseAnswered, CaseClosed},
		CaseAnswered: {CaseRetest, CaseDisputed, CaseClosed},
		CaseRetest:   {CaseDisputed, CaseClosed},
		CaseDisputed: {CaseSent, CaseAnswered, CaseRetest, CaseClosed},
		CaseClosed:   {CaseOpen},
	}
	rapid.Check(t, func(t *rapid.T) {
		c, err := OpenCase("1", "45204", "", []Cell{cell}, act(0, ""))
		if err != nil {
			t.Fatal(err)
		}
		for n := range rapid.IntRange(0, 15).Draw(t, "deeds") {
			a := act(n, "a note")
			var next Case
			switch rapid.IntRange(0, 7).Draw(t, "deed") {
			case 0:
				next, err = c.Send(bad, a)
			case 1:
				next, err = c.Answered(Concedes, nil, time.Time{}, a)
			case 2:
				next, err = c.Retest(local(30, 0, 0, 0), a)
			case 3:
				next, err = c.Dispute(a)
			case 4:
				next, err = c.Close(Repaired, fine, a)
			case 5:
				next, err = c.Close(Withdrawn, nil, a)
			case 6:
				next, err = c.Reopen(a)
			case 7:
				next, err = c.Comment(a)
			}
			if err == nil {
				c = next
			}
		}
		last := CaseState("")
		for i, e := range c.Trail {
			ok := e.Action == "comment" && e.To == last
			for _, to := range allowed[last] {
				ok = ok || e.To == to
			}
			if !ok || e.From != last {
				t.Fatalf("entry %d goes from %q to %q after %q", i, e.From, e.To, last)
			}
			last = e.To
		}
		if c.State != last {
			t.Fatalf("the case is %s, its trail ends with %s", c.State, last)
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Case
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatalf("after being written:\n%s", diff)
		}
		if err := back.Verify(); err != nil {
			t.Fatal(err)
		}
	})
}
