package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"phusong/coverage"
	"phusong/internal/stream"
)

// sharedBucket is what gap cases and zones are kept in: stream.Bucket says what its methods
// promise.
type sharedBucket interface {
	Get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error)
	Delete(ctx context.Context, key string, revision uint64) error
	Watch(ctx context.Context) iter.Seq2[stream.Item, error]
}

// A vault keeps values of any size in a bucket, compressed, in parts that are named by
// their content: who holds the reference can check what it gets.
type vault struct{ bucket sharedBucket }

// A vaultRef names a value: the SHA-256 of its compressed bytes and how many parts they
// are in, such as "3f9c…-2". Empty names none.
type vaultRef string

func (r vaultRef) split() (sum string, parts int, err error) {
	sum, count, ok := strings.Cut(string(r), "-")
	parts, convErr := strconv.Atoi(count)
	if !ok || convErr != nil || parts < 1 || len(sum) != 2*sha256.Size {
		return "", 0, fmt.Errorf("%q names nothing that was kept", string(r))
	}
	return sum, parts, nil
}

func partKey(sum string, part int) string { return fmt.Sprintf("%s.%d", sum, part) }

// keep writes a value as JSON and returns its name. Keeping it twice is harmless.
func (v vault) keep(ctx context.Context, value any) (vaultRef, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := errors.Join(json.NewEncoder(w).Encode(value), w.Close()); err != nil {
		return "", err
	}
	digest := sha256.Sum256(packed.Bytes())
	sum, parts := hex.EncodeToString(digest[:]), 0
	for rest := packed.Bytes(); len(rest) > 0; parts++ {
		n := min(len(rest), stream.MaxValue)
		if _, err := v.bucket.Put(ctx, partKey(sum, parts), rest[:n], 0); err != nil && !errors.Is(err, stream.ErrConflict) {
			return "", err // a conflict is the same part, kept before
		}
		rest = rest[n:]
	}
	return vaultRef(sum + "-" + strconv.Itoa(parts)), nil
}

// maxUnpacked bounds what a value may become when it is unpacked.
const maxUnpacked = 1 << 30

// get reads a value back and checks that it is what was kept.
func (v vault) get(ctx context.Context, ref vaultRef, into any) error {
	sum, parts, err := ref.split()
	if err != nil {
		return err
	}
	var packed []byte
	for part := range parts {
		value, _, err := v.bucket.Get(ctx, partKey(sum, part))
		if err != nil {
			return err
		}
		packed = append(packed, value...)
	}
	if digest := sha256.Sum256(packed); hex.EncodeToString(digest[:]) != sum {
		return fmt.Errorf("what is kept as %s was altered", ref)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	return json.NewDecoder(io.LimitReader(r, maxUnpacked)).Decode(into)
}

// drop removes a value. What cannot be removed now stays, and is never read again.
func (v vault) drop(ctx context.Context, ref vaultRef) {
	sum, parts, err := ref.split()
	if err != nil {
		return
	}
	for part := range parts {
		if _, revision, err := v.bucket.Get(ctx, partKey(sum, part)); err == nil {
			_ = v.bucket.Delete(ctx, partKey(sum, part), revision)
		}
	}
}

// A zoneKeeper follows the zones and keeps their history, so that a zone has one id
// through restarts and on all replicas: whoever finds a change first writes it, and the
// others go on from there. It is for one goroutine.
type zoneKeeper struct {
	vault    vault
	zones    coverage.Zones
	head     zonesHead
	revision uint64
	loaded   bool
	unsaved  bool
}

// zonesHead says where the zones are kept.
type zonesHead struct {
	Ref vaultRef     `json:"ref"`
	Day coverage.Day `json:"day"`
}

const (
	zonesKey = "zones"
	// zonesKept is how many days of history there are: five years, as reports look back.
	zonesKept = 5 * 366
	zoneTries = 5
)

// update takes the zones of an assessment for the present ones, keeps what changed, and
// returns all of them. After an error they are not kept yet, and right nevertheless.
func (k *zoneKeeper) update(ctx context.Context, a *coverage.Assessment) (coverage.Zones, error) {
	var err error
	for range zoneTries {
		if !k.loaded {
			if err = k.load(ctx); err != nil {
				break
			}
		}
		var events []coverage.ZoneEvent
		if events, err = k.zones.Update(a); err != nil {
			return k.copy(), err
		}
		k.unsaved = k.unsaved || len(events) > 0
		if !k.unsaved {
			break
		}
		k.zones.Forget(a.Day - zonesKept)
		if err = k.save(ctx); !errors.Is(err, stream.ErrConflict) {
			break
		}
		k.loaded, k.unsaved = false, false // another replica has found more
	}
	return k.copy(), err
}

// copy shares nothing that changes later.
func (k *zoneKeeper) copy() coverage.Zones {
	z := k.zones
	z.Open, z.Closed, z.Events = append([]coverage.Zone(nil), z.Open...), append([]coverage.Zone(nil), z.Closed...), append([]coverage.ZoneEvent(nil), z.Events...)
	return z
}

func (k *zoneKeeper) load(ctx context.Context) error {
	value, revision, err := k.vault.bucket.Get(ctx, zonesKey)
	if errors.Is(err, stream.ErrNotFound) {
		k.loaded = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the zones: %w", err)
	}
	var head zonesHead
	var zones coverage.Zones
	if err = json.Unmarshal(value, &head); err == nil {
		err = k.vault.get(ctx, head.Ref, &zones)
	}
	if err != nil {
		return fmt.Errorf("reading the zones: %w", err)
	}
	k.zones, k.head, k.revision, k.loaded = zones, head, revision, true
	return nil
}

func (k *zoneKeeper) save(ctx context.Context) error {
	ref, err := k.vault.keep(ctx, &k.zones)
	if err != nil {
		return fmt.Errorf("keeping the zones: %w", err)
	}
	head := zonesHead{Ref: ref, Day: k.zones.Day}
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("keeping the zones: %w", err)
	}
	revision, err := k.vault.bucket.Put(ctx, zonesKey, text, k.revision)
	if errors.Is(err, stream.ErrConflict) {
		if theirs := (zoneKeeper{vault: k.vault}); theirs.load(ctx) == nil && theirs.head.Ref != ref {
			k.vault.drop(ctx, ref)
		}
	}
	if err != nil {
		return fmt.Errorf("keeping the zones: %w", err)
	}
	if k.head.Ref != ref {
		k.vault.drop(ctx, k.head.Ref)
	}
	k.head, k.revision, k.unsaved = head, revision, false
	return nil
}
