package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"phusong/coverage"
	"phusong/internal/stream"
	"phusong/telemetry"
)

// caseFiles are the gap cases: in a bucket, so that they survive a restart and that
// replicas share them. What they say of the map (struck tests, repaired cells) is
// applied to it when they change, when the map is rebuilt, and at the start. It may be
// used by several goroutines.
type caseFiles struct {
	room   *coverageRoom
	bucket sharedBucket
	vault  vault

	ready     chan struct{} // closed when the cases of the start are known
	readyOnce sync.Once

	mu    sync.Mutex
	known map[string]caseFile // guarded by mu
}

// A caseFile is a case as it is kept: its frozen evidence stands aside.
type caseFile struct {
	Case coverage.Case `json:"case"`
	// Evidence is what was sent, Proof what the case was closed on.
	Evidence vaultRef `json:"evidence,omitempty"`
	Proof    vaultRef `json:"proof,omitempty"`
	// Superseded is the day of the repair: older tests of the cells count no more. Nil when
	// nothing was proven to be repaired.
	Superseded *coverage.Day `json:"superseded,omitempty"`

	revision uint64
}

func newCaseFiles(room *coverageRoom, b sharedBucket, v vault) *caseFiles {
	return &caseFiles{room: room, bucket: b, vault: v, ready: make(chan struct{}), known: make(map[string]caseFile)}
}

// errNoCase says that there is no case with that id.
var errNoCase = errors.New("there is no such gap case")

// follow learns of every change of the cases, by whomever, until ctx is done. When the
// bucket does not answer it is asked again.
func (f *caseFiles) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.watch(ctx); ctx.Err() == nil {
			f.room.options.Logger.Error("the gap cases cannot be read; it is tried again", "error", err)
			select {
			case <-time.After(f.room.options.Pause):
			case <-ctx.Done():
			}
		}
	}
}

func (f *caseFiles) watch(ctx context.Context) error {
	for item, err := range f.bucket.Watch(ctx) {
		switch {
		case err != nil:
			return err
		case item.Key == "":
			f.readyOnce.Do(func() { close(f.ready) })
		default:
			var file caseFile
			if err := json.Unmarshal(item.Value, &file); err != nil {
				f.room.options.Logger.Error("a gap case cannot be read", "key", item.Key, "error", err)
				continue
			}
			file.revision = item.Revision
			if f.learn(file) {
				f.apply([]caseFile{file})
			}
		}
	}
	return nil
}

// await waits until all cases are known.
func (f *caseFiles) await(ctx context.Context) error {
	select {
	case <-f.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// learn takes note of a case, and returns false when something newer is known.
func (f *caseFiles) learn(file caseFile) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[file.Case.ID].revision >= file.revision {
		return false
	}
	f.known[file.Case.ID] = file
	return true
}

// applyAll applies every case to the map, after it was rebuilt.
func (f *caseFiles) applyAll() {
	f.mu.Lock()
	all := slices.Collect(maps.Values(f.known))
	f.mu.Unlock()
	f.apply(all)
}

// apply strikes tests and supersedes what was before a repair. A test that the map does
// not hold (any more) needs no striking.
func (f *caseFiles) apply(files []caseFile) {
	if !slices.ContainsFunc(files, func(c caseFile) bool { return len(c.Case.Strikes) > 0 || c.Superseded != nil }) {
		return
	}
	f.room.locked(func() {
		for i := range files {
			c := &files[i]
			for _, s := range c.Case.Strikes {
				_ = f.room.fold.Strike(s.Cell, c.Case.Operator, []coverage.TestID{s.Test})
			}
			for _, cell := range c.Case.Cells {
				if c.Superseded != nil {
					f.room.fold.Supersede(cell, c.Case.Operator, *c.Superseded)
				}
			}
		}
		f.room.version++
	})
	f.room.judgeSoon()
}

// List returns all cases by id, without their evidence.
func (f *caseFiles) List() []coverage.Case {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]coverage.Case, 0, len(f.known))
	for id := range f.known {
		all = append(all, f.known[id].Case)
	}
	slices.SortFunc(all, func(a, b coverage.Case) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Get returns one case with its frozen evidence. The error wraps errNoCase.
func (f *caseFiles) Get(ctx context.Context, id string) (coverage.Case, error) {
	file, err := f.get(ctx, id)
	return file.Case, err
}

func (f *caseFiles) get(ctx context.Context, id string) (caseFile, error) {
	f.mu.Lock()
	_, known := f.known[id]
	f.mu.Unlock()
	if !known {
		return caseFile{}, fmt.Errorf("case %q: %w", id, errNoCase)
	}
	value, revision, err := f.bucket.Get(ctx, id)
	if err != nil {
		return caseFile{}, fmt.Errorf("case %s: %w", id, err)
	}
	file := caseFile{revision: revision}
	if err = json.Unmarshal(value, &file); err == nil && file.Evidence != "" {
		file.Case.Evidence = new(coverage.Dossier)
		err = f.vault.get(ctx, file.Evidence, file.Case.Evidence)
	}
	if err != nil {
		return caseFile{}, fmt.Errorf("case %s: %w", id, err)
	}
	return file, nil
}

// caseTries is how often a change is thought over when others change the case meanwhile.
const caseTries = 10

// change does something to a case and keeps it. do may be called several times, each
// time with the case as it is then.
func (f *caseFiles) change(ctx context.Context, id string, do func(*caseFile) error) (coverage.Case, error) {
	var conflict error
	for range caseTries {
		file, err := f.get(ctx, id)
		if err != nil {
			return coverage.Case{}, err
		}
		if err := do(&file); err != nil {
			return file.Case, err
		}
		if conflict = f.put(ctx, &file); !errors.Is(conflict, stream.ErrConflict) {
			return file.Case, conflict
		}
	}
	return coverage.Case{}, fmt.Errorf("case %s: too many change it at once; try again: %w", id, conflict)
}

// put keeps a case, its evidence first.
func (f *caseFiles) put(ctx context.Context, file *caseFile) error {
	record := *file
	if evidence := file.Case.Evidence; evidence != nil {
		ref, err := f.vault.keep(ctx, evidence)
		if err != nil {
			return fmt.Errorf("keeping the evidence of case %s: %w", file.Case.ID, err)
		}
		file.Evidence, record.Evidence, record.Case.Evidence = ref, ref, nil
	}
	text, err := json.Marshal(&record)
	if err != nil {
		return fmt.Errorf("keeping case %s: %w", file.Case.ID, err)
	}
	if record.revision, err = f.bucket.Put(ctx, file.Case.ID, text, file.revision); err != nil {
		return fmt.Errorf("keeping case %s: %w", file.Case.ID, err)
	}
	if f.learn(record) {
		f.apply([]caseFile{record})
	}
	return nil
}

// Open begins a case on cells of one operator, with the next number of the year. zone
// may be empty.
func (f *caseFiles) Open(ctx context.Context, operator telemetry.OperatorCode, zone string, cells []coverage.Cell, act coverage.Act) (coverage.Case, error) {
	for number := f.next(operator, act.At); ; number++ {
		c, err := coverage.OpenCase(caseID(operator, act.At, number), operator, zone, cells, act)
		if err != nil {
			return c, err
		}
		err = f.put(ctx, &caseFile{Case: c})
		if !errors.Is(err, stream.ErrConflict) || ctx.Err() != nil {
			return c, err
		}
	}
}

// caseID is short enough to be said on the telephone: operator, year and number.
func caseID(operator telemetry.OperatorCode, at time.Time, number int) string {
	return fmt.Sprintf("%s-%d-%03d", operator, at.UTC().Year(), number)
}

func (f *caseFiles) next(operator telemetry.OperatorCode, at time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	number := 1
	for f.known[caseID(operator, at, number)].revision > 0 {
		number++
	}
	return number
}

// OpenZone begins a case on a zone that is open now.
func (f *caseFiles) OpenZone(ctx context.Context, id string, act coverage.Act) (coverage.Case, error) {
	s, err := f.room.state()
	if err != nil {
		return coverage.Case{}, err
	}
	i := slices.IndexFunc(s.Zones.Open, func(z coverage.Zone) bool { return z.ID == id })
	if i < 0 {
		return coverage.Case{}, fmt.Errorf("there is no open zone %q", id)
	}
	z := &s.Zones.Open[i]
	if other := f.about(z); other != "" {
		return coverage.Case{}, &coverage.Refusal{
			Code: coverage.RefusedZoneTaken, Params: map[string]string{"zone": id, "case": other},
			Text: fmt.Sprintf("zone %s has the case %s already, which is not closed", id, other),
		}
	}
	return f.Open(ctx, z.Operator, z.ID, z.Cells, act)
}

// about returns the case on a zone that is not closed; empty for none.
func (f *caseFiles) about(z *coverage.Zone) string {
	for _, c := range f.List() {
		if c.State != coverage.CaseClosed && c.About(z) {
			return c.ID
		}
	}
	return ""
}

// Send freezes the evidence as it is now and hands the case to the operator.
func (f *caseFiles) Send(ctx context.Context, id string, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) error {
		dossier, err := f.room.Dossier(file.Case.Operator, file.Case.Cells)
		if err == nil {
			file.Case, err = file.Case.Send(dossier, act)
		}
		return err
	})
}

// Answered records what the operator says. The tests it has struck out leave the map at
// once, and its cells are judged again.
func (f *caseFiles) Answered(ctx context.Context, id string, answer coverage.Answer, strikes []coverage.Strike, due time.Time, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		file.Case, err = file.Case.Answered(answer, strikes, due, act)
		return err
	})
}

// Retest asks for new measurements by due.
func (f *caseFiles) Retest(ctx context.Context, id string, due time.Time, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		file.Case, err = file.Case.Retest(due, act)
		return err
	})
}

// Dispute records that the parties do not agree.
func (f *caseFiles) Dispute(ctx context.Context, id string, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		file.Case, err = file.Case.Dispute(act)
		return err
	})
}

// Reopen takes a closed case up again.
func (f *caseFiles) Reopen(ctx context.Context, id string, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		file.Case, err = file.Case.Reopen(act)
		return err
	})
}

// Comment adds a note.
func (f *caseFiles) Comment(ctx context.Context, id string, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		file.Case, err = file.Case.Comment(act)
		return err
	})
}

// Close ends a case on the evidence there is now. Repaired looks at the tests from a day
// on alone, the zero Day for that of the re-test, and then supersedes those before
// it; from does not matter to the other resolutions.
func (f *caseFiles) Close(ctx context.Context, id string, how coverage.Resolution, from coverage.Day, act coverage.Act) (coverage.Case, error) {
	return f.change(ctx, id, func(file *caseFile) (err error) {
		if from == 0 {
			from = f.retestedFrom(&file.Case)
		}
		proof, err := f.proof(&file.Case, how, from)
		if err != nil {
			return err
		}
		if file.Case, err = file.Case.Close(how, proof, act); err != nil {
			return err
		}
		if how == coverage.Repaired {
			file.Superseded = &from
		}
		if proof != nil {
			file.Proof, err = f.vault.keep(ctx, proof)
		}
		return err
	})
}

// proof collects what a case is closed on: the tests from a day on alone for Repaired, nothing
// for Withdrawn, else the map as it is.
func (f *caseFiles) proof(c *coverage.Case, how coverage.Resolution, from coverage.Day) (*coverage.Dossier, error) {
	switch how {
	case coverage.Withdrawn:
		return nil, nil
	case coverage.Repaired:
		return f.room.Since(c.Operator, c.Cells, from)
	case coverage.Rebutted, coverage.Restored:
	}
	return f.room.Dossier(c.Operator, c.Cells)
}

// retestedFrom is the day on which the last re-test was asked for, or else the answer given.
func (f *caseFiles) retestedFrom(c *coverage.Case) coverage.Day {
	for _, e := range slices.Backward(c.Trail) {
		if e.To != e.From && (e.To == coverage.CaseRetest || e.To == coverage.CaseAnswered) {
			return coverage.DayOf(e.At, f.room.zone)
		}
	}
	return coverage.DayOf(c.Trail[0].At, f.room.zone)
}

// Proof returns what a case was closed on, nil when it needed none.
func (f *caseFiles) Proof(ctx context.Context, id string) (*coverage.Dossier, error) {
	file, err := f.get(ctx, id)
	if err != nil || file.Proof == "" {
		return nil, err
	}
	proof := new(coverage.Dossier)
	if err := f.vault.get(ctx, file.Proof, proof); err != nil {
		return nil, fmt.Errorf("case %s: %w", id, err)
	}
	return proof, nil
}

// Count returns how many cases there are of each operator in each state.
func (f *caseFiles) Count() map[telemetry.OperatorCode]map[coverage.CaseState]int {
	counts := make(map[telemetry.OperatorCode]map[coverage.CaseState]int)
	for _, c := range f.List() {
		if counts[c.Operator] == nil {
			counts[c.Operator] = make(map[coverage.CaseState]int)
		}
		counts[c.Operator][c.State]++
	}
	return counts
}
