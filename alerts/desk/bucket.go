package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// A Bucket keeps the latest value of each key, durably, for all replicas: the shape of a
// key-value bucket of NATS JetStream. Its methods may be called concurrently.
type Bucket interface {
	// Get returns the value of key and its revision. The error wraps ErrNotFound when there
	// is none.
	Get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	// Put sets key to value provided that its revision is still the given one, 0 for a key
	// that must not be there; else the error wraps ErrConflict. When it returns nil the value
	// is durable; after another error it may be or not.
	Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error)
	// Delete removes key under the same condition.
	Delete(ctx context.Context, key string, revision uint64) error
	// Watch yields the items as they are, then one without a key, and then every change; of
	// several changes of a key perhaps the last only. It ends with ctx, or with an error after
	// which it may be called again.
	Watch(ctx context.Context) iter.Seq2[Item, error]
}

// An Item is a key as it is, or as it became.
type Item struct {
	Key      string
	Value    []byte
	Revision uint64 // grows with every change of the bucket
	Time     time.Time
	Deleted  bool
}

// What a Bucket says.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed meanwhile")
)

// Keys: "alert.<id>", "window.<id>" and "page.<alert>.<number>". An alert's id may hold
// anything; in keys it is in base64.
const (
	alertKeys  = "alert."
	windowKeys = "window."
	pageKeys   = "page."
)

func alertKey(id string) string  { return alertKeys + encoded(id) }
func windowKey(id string) string { return windowKeys + encoded(id) }
func pageKey(id string, page int) string {
	return pageKeys + encoded(id) + "." + strconv.Itoa(page)
}

func encoded(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// checkID bounds the ids of alerts and windows so that their keys fit.
func checkID(id string) error {
	const most = maxID - maxID/4 // base64 makes four of three
	w := written{"id", "the id", id}
	if len(id) > most {
		return w.tooLong(most)
	}
	return checkName(w)
}

// format is that of the values. A newer one is not touched.
const format = 1

type stored[T any] struct {
	Format int `json:"format"`
	Value  *T  `json:"value"`
}

func encode[T any](v *T) ([]byte, error) { return json.Marshal(stored[T]{format, v}) }

func decode[T any](key string, text []byte) (*T, error) {
	var s stored[T]
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("desk: the value of %s: %w", key, err)
	}
	if s.Format != format || s.Value == nil {
		return nil, fmt.Errorf("desk: the value of %s is of format %d, and this phusong knows %d: use the newer one", key, s.Format, format)
	}
	return s.Value, nil
}

// idOf takes a key apart; kind is empty for one of somebody else.
func idOf(key string) (id, kind string) {
	for _, kind := range []string{alertKeys, windowKeys} {
		if text, ok := strings.CutPrefix(key, kind); ok {
			if id, err := base64.RawURLEncoding.DecodeString(text); err == nil {
				return string(id), kind
			}
		}
	}
	return "", ""
}
