package stream_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"phusong/internal/stream"
)

// TestLogBehavesLikeItsModel does the same to a log and to a slice.
func TestLogBehavesLikeItsModel(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	var logs atomic.Int64
	ctx := t.Context()
	const keep = time.Hour
	rapid.Check(t, func(rt *rapid.T) {
		l := openLog(t, s, stream.LogOptions{Name: fmt.Sprint("log-", logs.Add(1)), Keep: keep})
		var model []stream.Entry // what must be in the log
		var last uint64
		positions := map[string]uint64{"store": 0, "watch": 0}
		r := openReader(t, l, 1)
		defer r.Close()
		nextRead := uint64(1)

		// What is compared costs more than what is done, so it is an action too.
		look := func(rt *rapid.T) {
			var got []stream.Entry
			for e, err := range l.Entries(ctx, 1) {
				if err != nil {
					rt.Fatal(err)
				}
				got = append(got, e)
			}
			if diff := cmp.Diff(model, got, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("(-want +got):\n%s", diff)
			}
			st, err := l.State(ctx)
			if err != nil {
				rt.Fatal(err)
			}
			if st.Last != last || st.Entries != uint64(len(model)) {
				rt.Fatalf("State %+v, want last %d and %d entries", st, last, len(model))
			}
			for name, want := range positions {
				if pos, err := l.Position(ctx, name); pos != want || err != nil {
					rt.Fatalf("Position %s: %d, %v; want %d", name, pos, err, want)
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				data := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "data")
				count := rapid.IntRange(0, 5).Draw(rt, "count")
				seq, err := l.Append(ctx, "", data, count)
				if err != nil || seq != last+1 {
					rt.Fatalf("Append: %d, %v; want %d", seq, err, last+1)
				}
				e, err := l.Entry(ctx, seq)
				if err != nil {
					rt.Fatal(err)
				}
				last = seq
				model = append(model, stream.Entry{Seq: seq, Time: e.Time, Count: count, Data: data})
			},
			"delete": func(rt *rapid.T) {
				if len(model) == 0 {
					rt.Skip("empty")
				}
				i := rapid.IntRange(0, len(model)-1).Draw(rt, "which")
				if err := l.Delete(ctx, model[i].Seq); err != nil {
					rt.Fatal(err)
				}
				model = slices.Delete(model, i, i+1)
			},
			"save": func(rt *rapid.T) {
				name := rapid.SampledFrom([]string{"store", "watch"}).Draw(rt, "reader")
				seq := rapid.Uint64Range(0, last).Draw(rt, "position")
				if err := l.SavePosition(ctx, name, seq); err != nil {
					rt.Fatal(err)
				}
				positions[name] = seq
			},
			"trim": func(rt *rapid.T) {
				if len(model) == 0 {
					rt.Skip("empty")
				}
				cut := rapid.SampledFrom(model).Draw(rt, "age of").Time
				if err := l.Trim(ctx, cut.Add(keep), "store", "watch"); err != nil {
					rt.Fatal(err)
				}
				model = slices.DeleteFunc(model, func(e stream.Entry) bool {
					return e.Time.Before(cut) && e.Seq <= positions["store"] && e.Seq <= positions["watch"]
				})
			},
			"read": func(rt *rapid.T) {
				// An entry deleted a moment ago may have been on its way already.
				i := slices.IndexFunc(model, func(e stream.Entry) bool { return e.Seq >= nextRead })
				if i < 0 {
					rt.Skip("all read")
				}
				for {
					e, err := r.Next(ctx)
					if err != nil || e.Seq < nextRead || e.Seq > model[i].Seq {
						rt.Fatalf("Next: %d, %v; want at most %d", e.Seq, err, model[i].Seq)
					}
					nextRead = e.Seq + 1
					if e.Seq == model[i].Seq {
						if diff := cmp.Diff(model[i], e); diff != "" {
							rt.Fatalf("(-want +got):\n%s", diff)
						}
						return
					}
				}
			},
			"look": look,
		})
		look(rt)
	})
}
