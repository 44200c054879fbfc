package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"phusong/alerts/desk"
	"phusong/internal/testbed"
)

// However two replicas and their people interleave, nothing that was done is lost, nothing is
// there twice, and both end with the same.
func TestTwoDesksDoNotOverwriteOneAnother(t *testing.T) {
	t.Parallel()
	buckets(t, func(t *testing.T, b desk.Bucket) {
		one, heardOne := open(t, b)
		two, heardTwo := open(t, b)
		const each = 20
		var wait sync.WaitGroup
		var mu sync.Mutex
		said := make(map[string]bool)
		for n, d := range []*desk.Desk{one, two, one, two} {
			wait.Go(func() {
				for i := range each {
					text := fmt.Sprintf("%d-%d", n, i)
					_, err := d.Comment(context.Background(), "a", desk.Act{At: noon, Who: "lan", Text: text})
					switch {
					case err == nil:
						mu.Lock()
						said[text] = true
						mu.Unlock()
					case !errors.Is(err, desk.ErrConflict):
						t.Errorf("comment %s: %v", text, err)
					}
				}
			})
		}
		wait.Wait()
		kept := make(map[string]bool)
		for _, e := range entries(t, one, "a") {
			if kept[e.Text] {
				t.Errorf("%s is there twice", e.Text)
			}
			kept[e.Text] = true
		}
		if diff := cmp.Diff(said, kept); diff != "" {
			t.Errorf("said and kept differ (-said +kept):\n%s", diff)
		}
		same := func() bool {
			return cmp.Equal(one.Handling("a"), two.Handling("a")) && len(one.Handling("a").History) > 0
		}
		for deadline := time.After(testbed.Patience); !same(); {
			select {
			case <-heardOne:
			case <-heardTwo:
			case <-deadline:
				t.Fatal("the desks do not agree")
			}
		}
	})
}

// A model of one alert against two desks over one bucket, with another's change between
// reading and writing, and writes whose end nobody knows.
func TestDesksAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMemory()
		var desks [2]*desk.Desk
		for i := range desks {
			d, err := desk.New(desk.Options{Bucket: m})
			if err != nil {
				rt.Fatal(err)
			}
			desks[i] = d
		}
		ctx := context.Background()
		model := make(map[string]desk.Handling)
		apply := func(alert string, change func(desk.Handling) (desk.Handling, error)) error {
			h, ok := model[alert]
			if !ok {
				h = desk.Handling{Alert: alert}
			}
			next, err := change(h)
			if err == nil {
				model[alert] = next
			}
			return err
		}
		for step := range rapid.IntRange(1, 120).Draw(rt, "steps") {
			at := noon.Add(time.Duration(step) * time.Minute)
			d := desks[rapid.IntRange(0, 1).Draw(rt, "desk")]
			alert := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "alert")
			a := desk.Act{ID: fmt.Sprint("act-", rapid.IntRange(0, 60).Draw(rt, "id")), At: at, Who: "lan", Text: "x"}
			until := at.Add(time.Duration(rapid.IntRange(-5, 90).Draw(rt, "for")) * time.Minute)
			var call func() error
			var change func(desk.Handling) (desk.Handling, error)
			switch rapid.IntRange(0, 4).Draw(rt, "kind") {
			case 0:
				call = func() error { _, err := d.Acknowledge(ctx, alert, a, until); return err }
				change = func(h desk.Handling) (desk.Handling, error) { return h.Acknowledge(a, until) }
			case 1:
				call = func() error { _, err := d.Release(ctx, alert, a); return err }
				change = func(h desk.Handling) (desk.Handling, error) { return h.Release(a) }
			case 2:
				call = func() error { _, err := d.Assign(ctx, alert, a, "minh"); return err }
				change = func(h desk.Handling) (desk.Handling, error) { return h.Assign(a, "minh") }
			case 3:
				call = func() error { _, err := d.Comment(ctx, alert, a); return err }
				change = func(h desk.Handling) (desk.Handling, error) { return h.Comment(a) }
			case 4:
				call = func() error { _, err := d.Record(ctx, alert, a, desk.Resolved); return err }
				change = func(h desk.Handling) (desk.Handling, error) { return h.Record(a, desk.Resolved) }
			}
			switch rapid.IntRange(0, 5).Draw(rt, "trouble") {
			case 0: // the other replica's comment comes in between
				other := desks[1-slices.Index(desks[:], d)]
				between := desk.Act{At: at, Who: "hoa", Text: fmt.Sprint("between ", step)}
				m.before = func(string) {
					m.before = nil
					if _, err := other.Comment(ctx, alert, between); err != nil {
						rt.Fatal(err)
					}
					if err := apply(alert, func(h desk.Handling) (desk.Handling, error) { return h.Comment(between) }); err != nil {
						rt.Fatal(err)
					}
				}
			case 1: // the write is made, and its answer lost; whoever asked asks again
				m.fail, m.effective = errors.New("timeout"), true
				if err := call(); err == nil {
					m.fail = nil
				}
			case 2: // the write is not made
				m.fail, m.effective = errors.New("timeout"), false
				if err := call(); err == nil {
					m.fail = nil
				}
			}
			m.mu.Lock()
			m.fail = nil
			m.mu.Unlock()
			got := call()
			m.before = nil
			want := apply(alert, change)
			if (got == nil) != (want == nil) || got != nil && !errors.Is(got, desk.ErrRefused) {
				rt.Fatalf("step %d: the desk says %v, the model %v", step, got, want)
			}
		}
		for alert, h := range model {
			all := entriesOf(rt, desks[0], alert)
			if diff := cmp.Diff(h.History, all, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("the history of %s (-model +desk):\n%s", alert, diff)
			}
			for i, d := range desks {
				known, err := d.Comment(ctx, alert, desk.Act{ID: "last", At: noon, Who: "x", Text: "x"})
				if err != nil || known.Assignee != h.Assignee || !cmp.Equal(known.Acknowledgement, h.Acknowledgement) {
					rt.Fatalf("desk %d knows %+v, the model %+v (%v)", i, known, h, err)
				}
			}
		}
	})
}

func entriesOf(rt *rapid.T, d *desk.Desk, alert string) (all []desk.Entry) {
	for e, err := range d.History(context.Background(), alert) {
		if err != nil {
			rt.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
