package ingest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest"
	"phusong/telemetry"
)

// audited is a log of five entries with eleven readings, of which the writer has
// settled four entries: seven readings are stored, one is a repetition, one was
// refused by the store, one entry is damaged, and two readings wait.
func audited(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, nil)
	all := numbered("ap-1", 9)
	d.store.bad[all[5].Key()] = true
	d.log.put(all[0:3]...)
	d.log.put(timeless("ap-2", noon, 1, 100), all[3], timeless("ap-2", noon.Add(time.Second), 1, 100))
	d.log.add("", []byte("?"), 7)
	d.log.put(all[4:7]...)
	writer := start(t, d.writer.Run)
	waitFor(t, "everything settled", func() bool { return d.settled() == 4 })
	if err := writer.stop(); err != nil {
		t.Error(err)
	}
	d.log.put(all[7:9]...)
	return d
}

func TestAudit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := audited(t)
		want := &ingest.AuditReport{InLog: 11, Stored: 7, Repeated: 1, Refused: 1, Waiting: 2, DeadLetters: 2}
		got := d.audit(t)
		if diff := cmp.Diff(want, got); diff != "" || !got.Balanced() {
			t.Errorf("balanced is %v; report (-want +got):\n%s", got.Balanced(), diff)
		}
		d.check(t)
	})
}

// The audit must notice any one reading that is gone, or it proves nothing.
func TestAuditNoticesEachMissingReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := audited(t)
		keys := d.store.keys()
		if len(keys) != 7 {
			t.Fatalf("%d readings are stored, the test needs 7", len(keys))
		}
		for _, key := range keys {
			row := d.store.rows[key]
			d.store.remove(key)
			want := &ingest.AuditReport{
				InLog: 11, Stored: 6, Repeated: 1, Refused: 1, Waiting: 2, DeadLetters: 2, Missing: 1, Examples: []telemetry.Key{key},
			}
			got := d.audit(t)
			if diff := cmp.Diff(want, got); diff != "" || got.Balanced() {
				t.Errorf("without %v balanced is %v; report (-want +got):\n%s", key, got.Balanced(), diff)
			}
			d.store.rows[key], d.store.order = row, append(d.store.order, key)
		}
		// So it must a dead letter that is gone.
		for _, e := range d.letters.held() {
			if strings.Contains(string(e.Data), `"class":"store"`) {
				if err := d.letters.Delete(t.Context(), e.Seq); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := d.audit(t); got.Missing != 1 || got.Refused != 0 || got.Balanced() {
			t.Errorf("without the dead letter of the store the report is %+v", got)
		}
	})
}

func TestAuditOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		all := numbered("ap-1", 2500) // more than the store is asked for at once
		for i := 0; i < len(all); i += 100 {
			d.log.put(all[i : i+100]...)
		}
		start(t, d.writer.Run)
		waitFor(t, "everything settled", func() bool { return d.settled() == d.log.end() })
		for i := 0; i < len(all); i += 100 {
			d.store.remove(all[i].Key())
		}
		got := d.audit(t)
		if got.InLog != 2500 || got.Stored != 2475 || got.Missing != 25 {
			t.Errorf("the report is %+v", got)
		}
		if len(got.Examples) != 10 || got.Examples[9] != all[900].Key() {
			t.Errorf("examples are %v, want the first ten", got.Examples)
		}
		d.check(t)
	})
}

func TestAuditLeavesOutWhatTheStoreMayForget(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	all := numbered("ap-1", 4)
	d.log.put(all...)
	d.position = 1
	if err := d.store.Write(t.Context(), all[2:]); err != nil {
		t.Fatal(err)
	}
	report, err := ingest.Audit(t.Context(), ingest.AuditOptions{
		Source: d.log.read(0), Last: 1, Position: 1, Store: d.store, DeadLetters: d.letters,
		Forgotten: func(r *telemetry.Reading) bool { return r.Time.Before(all[2].Time) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&ingest.AuditReport{InLog: 4, Stored: 2, Old: 2}, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestAuditOfLogsWithHoles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		deleted  []uint64
		position uint64
		last     uint64
		want     ingest.AuditReport
	}{
		{"nothing ever", nil, 0, 0, ingest.AuditReport{}},
		{"all trimmed", []uint64{1, 2, 3, 4}, 4, 0, ingest.AuditReport{}},
		{"nothing settled", nil, 0, 4, ingest.AuditReport{InLog: 4, Waiting: 4}},
		{"trimmed up to the position", []uint64{1, 2}, 2, 4, ingest.AuditReport{InLog: 2, Waiting: 2}},
		{"a position ahead of the log", nil, 9, 4, ingest.AuditReport{InLog: 4, Stored: 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			for _, r := range numbered("ap-1", 4) {
				d.log.put(r)
				if err := d.store.Write(t.Context(), []telemetry.Reading{r}); err != nil {
					t.Fatal(err)
				}
			}
			for _, seq := range test.deleted {
				if err := d.log.Delete(t.Context(), seq); err != nil {
					t.Fatal(err)
				}
			}
			source := d.log.read(0)
			source.broken = errDown // rather than wait for ever
			got, err := ingest.Audit(t.Context(), ingest.AuditOptions{
				Source: source, Last: test.last, Position: test.position, Store: d.store, DeadLetters: d.letters,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditReportsItsOwnTroubles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.log.put(numbered("ap-1", 2)...)
	options := func() ingest.AuditOptions {
		return ingest.AuditOptions{Source: d.log.read(0), Last: 1, Position: 1, Store: d.store, DeadLetters: d.letters}
	}
	d.store.setDown(errDown)
	_, err := ingest.Audit(t.Context(), options())
	checkError(t, err, "audit: asking the store: out of order")
	d.store.setDown(nil)
	o := options()
	o.Last = 2
	o.Source.(*memorySource).broken = errDown
	_, err = ingest.Audit(t.Context(), o)
	checkError(t, err, "audit: reading the stream: out of order")
}
