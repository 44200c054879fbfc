package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/coverage"
	"phusong/internal/stream"
)

func newBucket(t *testing.T) *stream.Bucket {
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
	b, err := server.Bucket(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keysIn(t *testing.T, b *stream.Bucket) (keys []string) {
	t.Helper()
	for item, err := range b.Each(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, item.Key)
	}
	return keys
}

// What is larger than a value of the bucket comes back whole; what is kept twice is there
// once; what is dropped is gone.
func TestVaultKeepsWhatIsLarge(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	v := vault{b}
	random := rand.New(rand.NewPCG(1, 2))
	large := make([]uint64, 120_000) // 2 MB of digits, which pack to more than one part
	for i := range large {
		large[i] = random.Uint64()
	}
	ref, err := v.keep(t.Context(), large)
	if err != nil {
		t.Fatal(err)
	}
	parts := len(keysIn(t, b))
	if parts < 2 {
		t.Fatalf("it is kept in %d parts; the test needs more than one", parts)
	}
	again, err := v.keep(t.Context(), large)
	if err != nil || again != ref || len(keysIn(t, b)) != parts {
		t.Errorf("kept again it is %s (%v), want %s; %d parts", again, err, ref, len(keysIn(t, b)))
	}
	var got []uint64
	if err := v.get(t.Context(), ref, &got); err != nil || !cmp.Equal(large, got) {
		t.Errorf("it comes back with %d of %d numbers: %v", len(got), len(large), err)
	}
	v.drop(t.Context(), ref)
	if left := keysIn(t, b); len(left) > 0 {
		t.Errorf("dropped, and %v is left", left)
	}
	if err := v.get(t.Context(), ref, &got); !errors.Is(err, stream.ErrNotFound) {
		t.Errorf("getting what was dropped: %v", err)
	}
}

func TestVaultNoticesWhatWasAltered(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	v := vault{b}
	ref, err := v.keep(t.Context(), "the evidence")
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := ref.split()
	if err != nil {
		t.Fatal(err)
	}
	value, revision, err := b.Get(t.Context(), partKey(sum, 0))
	if err != nil {
		t.Fatal(err)
	}
	value[len(value)-5] ^= 1
	if _, err := b.Put(t.Context(), partKey(sum, 0), value, revision); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := v.get(t.Context(), ref, &got); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("altered evidence is %q: %v", got, err)
	}
	for _, bad := range []vaultRef{"", "x", "x-1", vaultRef(sum), vaultRef(sum + "-0"), vaultRef(sum + "-x")} {
		if err := v.get(t.Context(), bad, &got); err == nil {
			t.Errorf("%q names something", bad)
		}
	}
}

// judgedWith returns an assessment on a day of the cells, dead for viettel.
func judgedWith(t *testing.T, at time.Time, dead ...coverage.Cell) *coverage.Assessment {
	t.Helper()
	rules := coverage.DefaultRules()
	zone := time.FixedZone(rules.Validity.Zone, 7*3600)
	m, err := coverage.NewMap(coverage.Options{Rules: rules, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range dead {
		for _, r := range campaign(cell, viettel, "dead", at) {
			m.Observe(&r)
		}
	}
	judge, err := coverage.NewJudge(rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := judge.Assess(t.Context(), m.View(), at)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Zones keep their ids through a restart, and two replicas that find them agree on them.
func TestZonesAreSharedAndKept(t *testing.T) {
	t.Parallel()
	b, cells := newBucket(t), places(t)
	day := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)
	one, two := zoneKeeper{vault: vault{b}}, zoneKeeper{vault: vault{b}}
	update := func(k *zoneKeeper, a *coverage.Assessment) coverage.Zones {
		t.Helper()
		z, err := k.update(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	update(&two, judgedWith(t, day)) // nothing yet
	first := update(&one, judgedWith(t, day, cells[0]))
	if len(first.Open) != 1 {
		t.Fatalf("%d zones, want 1", len(first.Open))
	}
	id := first.Open[0].ID
	// The other looks the next day, when the zone has grown: it is the zone that the first
	// has named, and not one of that day.
	grown := update(&two, judgedWith(t, day.AddDate(0, 0, 1), cells[0], cells[1]))
	if len(grown.Open) != 1 || grown.Open[0].ID != id || len(grown.Open[0].Cells) != 2 {
		t.Errorf("the other replica has %+v, want %s with two cells", grown.Open, id)
	}
	// The first finds the same afterwards.
	same := update(&one, judgedWith(t, day.AddDate(0, 0, 1), cells[0], cells[1]))
	if diff := cmp.Diff(grown, same); diff != "" {
		t.Errorf("the replicas differ (-two +one):\n%s", diff)
	}
	// A restart, and the zone is repaired.
	again := zoneKeeper{vault: vault{b}}
	ended := update(&again, judgedWith(t, day.AddDate(0, 0, 2)))
	if len(ended.Open) != 0 || len(ended.Closed) != 1 || ended.Closed[0].ID != id {
		t.Errorf("after the repair: %+v", ended)
	}
	if n := len(keysIn(t, b)); n != 2 {
		t.Errorf("%d keys are left, want the head and one value: %v", n, keysIn(t, b))
	}
}

// A copy that is given out does not change with what comes later.
func TestZonesGivenOutStay(t *testing.T) {
	t.Parallel()
	k, cells := zoneKeeper{vault: vault{newBucket(t)}}, places(t)
	day := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)
	z, err := k.update(t.Context(), judgedWith(t, day, cells[0]))
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(z)
	for n := range 3 {
		if _, err := k.update(t.Context(), judgedWith(t, day.AddDate(n*3, 0, 1), cells[:n]...)); err != nil {
			t.Fatal(err)
		}
	}
	if after := fmt.Sprint(z); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
}

// downBucket does not answer until it is mended.
type downBucket struct {
	sharedBucket
	down bool
}

var errDown = errors.New("out of reach")

func (d *downBucket) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if d.down {
		return nil, 0, errDown
	}
	return d.sharedBucket.Get(ctx, key)
}

func (d *downBucket) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	if d.down {
		return 0, errDown
	}
	return d.sharedBucket.Put(ctx, key, value, revision)
}

// What could not be kept is kept the next time, although nothing has changed since.
func TestZonesAreKeptWhenTheBucketIsBack(t *testing.T) {
	t.Parallel()
	b := &downBucket{sharedBucket: newBucket(t)}
	k := zoneKeeper{vault: vault{b}}
	day := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)
	if _, err := k.update(t.Context(), judgedWith(t, day)); err != nil {
		t.Fatal(err)
	}
	b.down = true
	a := judgedWith(t, day, places(t)[0])
	z, err := k.update(t.Context(), a)
	if !errors.Is(err, errDown) || len(z.Open) != 1 {
		t.Errorf("with the bucket down: %v, %d zones; want the error and the zone", err, len(z.Open))
	}
	b.down = false
	if _, err := k.update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	again := zoneKeeper{vault: vault{b}}
	if got, err := again.update(t.Context(), a); err != nil || len(got.Open) != 1 || got.Open[0].ID != z.Open[0].ID || len(got.Events) != 1 {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
}
