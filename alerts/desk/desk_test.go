package desk_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/desk"
	"phusong/internal/testbed"
)

// noon is a Tuesday, 12:00 in Việt Nam.
var noon = time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)

func act(who string, at time.Time) desk.Act { return desk.Act{At: at, Who: who} }

// open returns a desk that runs and knows its bucket, and a channel that tells of changes.
func open(t testing.TB, b desk.Bucket) (*desk.Desk, <-chan struct{}) {
	t.Helper()
	changed := make(chan struct{}, 1)
	d, err := desk.New(desk.Options{Bucket: b, Changed: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	select {
	case <-d.Ready():
	case <-time.After(testbed.Patience):
		t.Fatal("the desk does not become ready")
	}
	return d, changed
}

// await waits until the desk has heard what makes check true.
func await(t testing.TB, changed <-chan struct{}, check func() bool) {
	t.Helper()
	for deadline := time.After(testbed.Patience); !check(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatal("the desk does not hear of it")
		}
	}
}

// must takes what a call returned and ends the test when it failed.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// An acknowledgement holds until its time and not longer, for both replicas.
func TestAcknowledgementExpires(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		one, _ := open(t, b)
		two, changed := open(t, b)
		until := noon.Add(2 * time.Hour)
		must[desk.Handling](t)(one.Acknowledge(t.Context(), "ap down/7", act("lan", noon), until))
		if !one.Acknowledged(noon, "ap down/7") {
			t.Error("who acknowledged does not know it")
		}
		await(t, changed, func() bool { return two.Acknowledged(noon, "ap down/7") })
		for _, tt := range []struct {
			at   time.Time
			want bool
		}{{noon, true}, {until.Add(-time.Millisecond), true}, {until, false}, {until.Add(time.Hour), false}} {
			if got := two.Acknowledged(tt.at, "ap down/7"); got != tt.want {
				t.Errorf("at %s it is in hand: %v, want %v", tt.at, got, tt.want)
			}
		}
		if got := two.NextChange(noon); !got.Equal(until) {
			t.Errorf("the next change is at %s, want %s", got, until)
		}
		if got := two.NextChange(until); !got.IsZero() {
			t.Errorf("after that the next change is at %s, want none", got)
		}
		if two.Acknowledged(noon, "another") {
			t.Error("another alert is in hand as well")
		}
	})
}

func TestAnAcknowledgementThatIsRepeatedAfterItsEndWasDone(t *testing.T) {
	t.Parallel()
	first := desk.Act{ID: "phone-1", At: noon, Who: "minh"}
	h := must[desk.Handling](t)(desk.Handling{Alert: "a"}.Acknowledge(first, noon.Add(time.Hour)))
	again := first
	again.At = noon.Add(2 * time.Hour)
	got := must[desk.Handling](t)(h.Acknowledge(again, noon.Add(time.Hour)))
	if diff := cmp.Diff(h, got); diff != "" {
		t.Errorf("(-first +repeated):\n%s", diff)
	}
	again.ID = "phone-2"
	if _, err := h.Acknowledge(again, noon.Add(time.Hour)); !errors.Is(err, desk.ErrRefused) {
		t.Errorf("another act with an end in the past: %v", err)
	}
}

// Everything that is done is in the history, with who, when and what, and survives a restart.
func TestHistory(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		d, _ := open(t, b)
		ctx := t.Context()
		at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
		record := desk.Act{ID: "17", At: at(0), Who: desk.System}
		must[desk.Handling](t)(d.Record(ctx, "a", record, desk.Raised))
		must[desk.Handling](t)(d.Record(ctx, "a", record, desk.Raised)) // told again after a restart
		must[desk.Handling](t)(d.Acknowledge(ctx, "a", act("lan", at(1)), at(30)))
		must[desk.Handling](t)(d.Assign(ctx, "a", act("lan", at(2)), "minh"))
		must[desk.Handling](t)(d.Comment(ctx, "a", desk.Act{At: at(3), Who: "minh", Text: "mất điện\ntừ sáng"}))
		must[desk.Handling](t)(d.Release(ctx, "a", act("minh", at(4))))
		h := must[desk.Handling](t)(d.Record(ctx, "a", desk.Act{ID: "18", At: at(5), Who: desk.System}, desk.Resolved))
		if h.Assignee != "minh" || h.Acknowledgement != nil {
			t.Errorf("afterwards it is %+v", h)
		}
		until := at(30)
		want := []desk.Entry{
			{ID: "17", At: at(0), Who: "phusong", Action: desk.Raised},
			{At: at(1), Who: "lan", Action: desk.Acknowledged, Until: &until},
			{At: at(2), Who: "lan", Action: desk.Assigned, To: "minh"},
			{At: at(3), Who: "minh", Action: desk.Commented, Text: "mất điện\ntừ sáng"},
			{At: at(4), Who: "minh", Action: desk.Released},
			{ID: "18", At: at(5), Who: "phusong", Action: desk.Resolved},
		}
		again, _ := open(t, b)
		if diff := cmp.Diff(want, entries(t, again, "a")); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(h, again.Handling("a")); diff != "" {
			t.Errorf("after a restart (-before +after):\n%s", diff)
		}
	})
}

func entries(t testing.TB, d *desk.Desk, alert string) (all []desk.Entry) {
	t.Helper()
	for e, err := range d.History(context.Background(), alert) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// A long history stays whole, and what is at hand stays small.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		d, _ := open(t, b)
		const n = 200
		for i := range n {
			must[desk.Handling](t)(d.Comment(t.Context(), "a", desk.Act{ID: fmt.Sprint("id-", i), At: noon.Add(time.Duration(i) * time.Second), Who: "lan", Text: fmt.Sprint(i)}))
		}
		h := d.Handling("a")
		if len(h.History) > 64 || h.Pages == 0 {
			t.Errorf("%d entries are at hand, %d pages are in the store", len(h.History), h.Pages)
		}
		must[desk.Handling](t)(d.Comment(t.Context(), "a", desk.Act{ID: "id-110", At: noon, Who: "lan", Text: "again"})) // on a page already
		all := entries(t, d, "a")
		if len(all) != n {
			t.Fatalf("%d entries, want %d", len(all), n)
		}
		for i, e := range all {
			if e.Text != fmt.Sprint(i) {
				t.Fatalf("entry %d is %q", i, e.Text)
			}
		}
	})
}

// Windows: announced, seen by the other replica, extended, ended; each once.
func TestWindowsAreShared(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		one, _ := open(t, b)
		two, changed := open(t, b)
		ctx := t.Context()
		w := desk.Window{ID: "w-1", Scope: desk.Scope{Site: "hospital-1"}, Owner: "Phòng Kỹ thuật", Reason: "thay tủ mạng", From: noon, Until: noon.Add(time.Hour)}
		first := desk.Act{ID: "form-1", At: noon.Add(-time.Hour), Who: "lan"}
		must[desk.Window](t)(one.Announce(ctx, w, first))
		must[desk.Window](t)(one.Announce(ctx, w, first)) // the form is sent twice
		if _, err := two.Announce(ctx, w, act("minh", noon)); !errors.Is(err, desk.ErrRefused) {
			t.Errorf("another window with the same id: %v", err)
		}
		subject := desk.Subject{Device: "ap-1", Site: "hospital-1", Area: "25459", Province: "80"}
		await(t, changed, func() bool { return two.Muted(noon, subject) })
		if two.Muted(noon.Add(-time.Second), subject) || two.Muted(noon.Add(time.Hour), subject) || two.Muted(noon, desk.Subject{Device: "ap-2", Site: "school-1", Area: "25459", Province: "80"}) {
			t.Error("it is muted before, after, or elsewhere")
		}
		must[desk.Window](t)(two.Extend(ctx, "w-1", act("minh", noon), noon.Add(3*time.Hour)))
		// Overlap: the end of one is not the end of the other.
		must[desk.Window](t)(two.Announce(ctx, desk.Window{ID: "w-2", Scope: desk.Scope{Area: "80"}, Owner: "EVN", Reason: "cắt điện", From: noon.Add(time.Hour), Until: noon.Add(5 * time.Hour)}, act("minh", noon)))
		must[desk.Window](t)(two.End(ctx, "w-1", act("lan", noon.Add(2*time.Hour))))
		if !two.Muted(noon.Add(4*time.Hour), subject) || two.Muted(noon.Add(5*time.Hour), subject) {
			t.Error("the second window does not hold by itself")
		}
		for at, want := range map[time.Time]time.Time{noon: noon.Add(time.Hour), noon.Add(time.Hour): noon.Add(2 * time.Hour), noon.Add(2 * time.Hour): noon.Add(5 * time.Hour), noon.Add(5 * time.Hour): {}} {
			if got := two.NextChange(at); !got.Equal(want) {
				t.Errorf("after %s the next change is at %s, want %s", at, got, want)
			}
		}
		var actions []string
		for _, e := range two.Windows(time.Time{})[0].History {
			actions = append(actions, e.Who+" "+string(e.Action))
		}
		if diff := cmp.Diff([]string{"lan announced", "minh extended", "lan ended"}, actions); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if got := two.Windows(noon.Add(3 * time.Hour)); len(got) != 1 || got[0].ID != "w-2" {
			t.Errorf("windows that have not ended: %v", got)
		}
		if _, err := one.End(ctx, "none", act("lan", noon)); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), "there is no window none") {
			t.Errorf("ending a window that is not there: %v", err)
		}
	})
}

// What is old goes, from the store and from every replica's memory; what is in hand stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		one, _ := open(t, b)
		two, changed := open(t, b)
		ctx := t.Context()
		for i := range 100 { // with pages
			must[desk.Handling](t)(one.Comment(ctx, "old", desk.Act{At: noon, Who: "lan", Text: fmt.Sprint(i)}))
		}
		must[desk.Handling](t)(one.Acknowledge(ctx, "in hand", act("lan", noon), noon.Add(7*24*time.Hour)))
		must[desk.Handling](t)(one.Comment(ctx, "new", desk.Act{At: noon.Add(72 * time.Hour), Who: "lan", Text: "x"}))
		must[desk.Window](t)(one.Announce(ctx, desk.Window{ID: "w", Scope: desk.Scope{Device: "ap-1"}, Owner: "lan", Reason: "x", From: noon, Until: noon.Add(time.Hour)}, act("lan", noon)))
		removed, err := one.Prune(ctx, noon.Add(48*time.Hour))
		if err != nil || removed != 2 {
			t.Fatalf("removed %d, %v; want 2", removed, err)
		}
		await(t, changed, func() bool {
			return len(two.Handling("old").History) == 0 && len(two.Windows(time.Time{})) == 0 && len(two.Handling("new").History) == 1
		})
		if !two.Acknowledged(noon, "in hand") || len(entries(t, two, "old")) != 0 {
			t.Error("what is in hand went, or what is old stayed")
		}
		if m, ok := b.(*memory); ok && m.len() != 2 {
			t.Errorf("%d keys are left, want 2", m.len())
		}
		// An alert with the same id begins anew, with pages of its own.
		for i := range 100 {
			must[desk.Handling](t)(two.Comment(ctx, "old", desk.Act{At: noon, Who: "lan", Text: fmt.Sprint("again ", i)}))
		}
		if all := entries(t, one, "old"); len(all) != 100 || all[0].Text != "again 0" {
			t.Errorf("%d entries, the first %+v", len(all), all[0])
		}
	})
}

// A desk that was cut off learns what went while nobody listened.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	m := newMemory()
	changed := make(chan struct{}, 1)
	d, err := desk.New(desk.Options{Bucket: m, Changed: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	<-d.Ready()
	must[desk.Handling](t)(d.Acknowledge(t.Context(), "a", act("lan", noon), noon.Add(time.Hour)))
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	for key := range maps.Clone(m.items) {
		m.change(desk.Item{Key: key, Deleted: true})
	}
	m.mu.Unlock()
	if !d.Acknowledged(noon, "a") {
		t.Error("a desk that hears nothing forgets")
	}
	again, stop := context.WithCancel(context.Background())
	go func() { ended <- d.Run(again) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	await(t, changed, func() bool { return !d.Acknowledged(noon, "a") })
}

// A restarted replica knows at once what was in hand: else everything would be told anew.
func TestLoad(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		one, _ := open(t, b)
		must[desk.Handling](t)(one.Acknowledge(t.Context(), "a", act("lan", noon), noon.Add(time.Hour)))
		again, err := desk.New(desk.Options{Bucket: b})
		if err != nil {
			t.Fatal(err)
		}
		if again.Acknowledged(noon, "a") {
			t.Error("it is known before it is loaded")
		}
		if err := again.Load(t.Context()); err != nil || !again.Acknowledged(noon, "a") {
			t.Errorf("after loading it is in hand %v, error %v", again.Acknowledged(noon, "a"), err)
		}
		late, cancel := context.WithCancel(t.Context())
		cancel()
		if err := again.Load(late); err == nil {
			t.Error("loading that was interrupted says nothing")
		}
	})
}

// Values that cannot be read, of others or of a newer phusong, silence nobody and are not
// overwritten.
func TestValuesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m := newMemory()
	d, changed := open(t, m)
	must[desk.Handling](t)(d.Acknowledge(t.Context(), "a", act("lan", noon), noon.Add(time.Hour)))
	var key string
	m.mu.Lock()
	for key = range m.items {
	}
	revision := m.items[key].Revision
	m.mu.Unlock()
	if _, err := m.Put(t.Context(), key, []byte(`{"format":2,"value":{"alert":"a"}}`), revision); err != nil {
		t.Fatal(err)
	}
	await(t, changed, func() bool { return !d.Acknowledged(noon, "a") })
	if _, err := d.Comment(t.Context(), "a", desk.Act{At: noon, Who: "lan", Text: "x"}); err == nil || !strings.Contains(err.Error(), "of format 2") {
		t.Errorf("writing over a newer value: %v", err)
	}
	if _, err := m.Put(t.Context(), "stranger.x", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	must[desk.Handling](t)(d.Acknowledge(t.Context(), "b", act("lan", noon), noon.Add(time.Hour)))
	if !d.Acknowledged(noon, "b") {
		t.Error("a stranger's key confuses the desk")
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3000)
	good := act("lan", noon)
	for name, tt := range map[string]struct {
		do   func(h desk.Handling) error
		want string
	}{
		"no time":          {func(h desk.Handling) error { _, err := h.Comment(desk.Act{Who: "lan", Text: "x"}); return err }, "say when"},
		"no name":          {func(h desk.Handling) error { _, err := h.Comment(desk.Act{At: noon, Who: "  ", Text: "x"}); return err }, "who: missing"},
		"a long name":      {func(h desk.Handling) error { _, err := h.Comment(act(long, noon)); return err }, "who: 3000 characters are too long"},
		"a control":        {func(h desk.Handling) error { _, err := h.Comment(act("l\x1ban", noon)); return err }, "who: the text holds a control character"},
		"a line in a name": {func(h desk.Handling) error { _, err := h.Comment(act("l\nan", noon)); return err }, "who: the text holds a control character"},
		"turned text":      {func(h desk.Handling) error { _, err := h.Comment(act("l\u202ean", noon)); return err }, "who: the text holds a control character"},
		"not UTF-8":        {func(h desk.Handling) error { _, err := h.Comment(act("l\xff", noon)); return err }, "who: the text is not UTF-8"},
		"a long text": {func(h desk.Handling) error {
			_, err := h.Comment(desk.Act{At: noon, Who: "lan", Text: long})
			return err
		}, "the text: 3000 characters"},
		"a bell": {func(h desk.Handling) error {
			_, err := h.Comment(desk.Act{At: noon, Who: "lan", Text: "\a"})
			return err
		}, "the text holds a control character"},
		"an empty comment":   {func(h desk.Handling) error { _, err := h.Comment(good); return err }, "the comment is empty"},
		"an end in the past": {func(h desk.Handling) error { _, err := h.Acknowledge(good, noon); return err }, "would end before it begins"},
		"for ever":           {func(h desk.Handling) error { _, err := h.Acknowledge(good, noon.AddDate(1, 0, 0)); return err }, "lasts 168h0m0s at most"},
		"nothing in hand":    {func(h desk.Handling) error { _, err := h.Release(good); return err }, "nobody has the alert in hand"},
		"to a long name":     {func(h desk.Handling) error { _, err := h.Assign(good, long); return err }, "to whom: 3000 characters"},
		"not of rules":       {func(h desk.Handling) error { _, err := h.Record(good, desk.Acknowledged); return err }, `"acknowledged" is nothing that rules do`},
		"another century": {func(h desk.Handling) error {
			_, err := h.Comment(desk.Act{At: noon.AddDate(900, 0, 0), Who: "lan", Text: "x"})
			return err
		}, "is none of this service"},
	} {
		err := tt.do(desk.Handling{Alert: "a"})
		if !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if refusal, ok := errors.AsType[*desk.Refusal](err); !ok || !slices.Contains(desk.RefusalCodes(), refusal.Code) {
			t.Errorf("%s: %v has no code", name, err)
		}
	}
	m := newMemory()
	d, err := desk.New(desk.Options{Bucket: m})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", " ", "a\x00b", long} {
		if _, err := d.Comment(t.Context(), id, desk.Act{At: noon, Who: "lan", Text: "x"}); !errors.Is(err, desk.ErrRefused) {
			t.Errorf("the alert %.20q: %v", id, err)
		}
		if _, err := d.End(t.Context(), id, good); !errors.Is(err, desk.ErrRefused) {
			t.Errorf("the window %.20q: %v", id, err)
		}
	}
	if m.len() != 0 {
		t.Errorf("%d keys were written by what was refused", m.len())
	}
	if _, err := desk.New(desk.Options{}); err == nil || !strings.Contains(err.Error(), "Options.Bucket is nil") {
		t.Errorf("a desk without a bucket: %v", err)
	}
}

// Nothing that people or programs write makes the desk do what it must not.
func FuzzActs(f *testing.F) {
	f.Add("alert", "lan", "text", "minh", "id", int64(60))
	f.Add("a/b:c", "\x00", "\n", "", "", int64(-1))
	f.Fuzz(func(t *testing.T, alert, who, text, to, id string, seconds int64) {
		d, err := desk.New(desk.Options{Bucket: newMemory()})
		if err != nil {
			t.Fatal(err)
		}
		a := desk.Act{ID: id, At: noon, Who: who, Text: text}
		until := noon.Add(time.Duration(seconds%1_000_000_000) * time.Second)
		h, err := d.Acknowledge(t.Context(), alert, a, until)
		if err != nil {
			if !errors.Is(err, desk.ErrRefused) {
				t.Fatalf("an error of another kind: %v", err)
			}
			if d.Acknowledged(noon, alert) {
				t.Error("what was refused holds")
			}
			return
		}
		if !d.Acknowledged(noon, alert) || d.Acknowledged(until, alert) || len(h.History) != 1 {
			t.Errorf("it is in hand now %v, at its end %v; %+v", d.Acknowledged(noon, alert), d.Acknowledged(until, alert), h)
		}
		if _, err := d.Assign(t.Context(), alert, desk.Act{At: noon, Who: who}, to); err != nil && !errors.Is(err, desk.ErrRefused) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}
