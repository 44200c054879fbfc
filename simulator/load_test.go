package simulator

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowBroker acknowledges each message after a while, a few at a time.
type slowBroker struct {
	slots chan struct{}
	each  time.Duration
	taken atomic.Uint64
	fail  error
}

func (b *slowBroker) Connect(context.Context, Session) (Conn, error) { return b, nil }
func (b *slowBroker) Disconnect(context.Context) error               { return nil }
func (b *slowBroker) Abort(context.Context) error                    { return nil }

func (b *slowBroker) Publish(ctx context.Context, _ Message) error {
	if b.fail != nil {
		return b.fail
	}
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	time.Sleep(b.each) // in a bubble, where time costs nothing
	<-b.slots
	b.taken.Add(1)
	return nil
}

func TestSearchFindsTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	synctest.Test(t, func(t *testing.T) {
		// Eight at a time, two milliseconds each: four thousand a second.
		b := &slowBroker{slots: make(chan struct{}, 8), each: 2 * time.Millisecond}
		l, err := NewLoad(t.Context(), LoadOptions{Broker: b, World: w, Connections: 2, Window: 32})
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		best, err := l.Search(t.Context(), RateSearch{Each: 2 * time.Second, Within: 100 * time.Millisecond, Tried: func(LoadResult, bool) { tried++ }})
		if err != nil {
			t.Fatal(err)
		}
		if best.Rate < 3600 || best.Rate > 4200 || best.Failed != 0 || best.P50 < 2*time.Millisecond || best.P99 > 100*time.Millisecond {
			t.Errorf("got %+v after %d runs, want about 4000 messages a second", best, tried)
		}
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLoadMeasuresFromWhenAMessageWasDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	synctest.Test(t, func(t *testing.T) {
		// A server of 100 a second that is asked for 200: the last message is due
		// after one second and acknowledged after two.
		b := &slowBroker{slots: make(chan struct{}, 1), each: 10 * time.Millisecond}
		l, err := NewLoad(t.Context(), LoadOptions{Broker: b, World: w, Connections: 1, Window: 1})
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Run(t.Context(), 200, time.Second)
		if err != nil || r.Sent != 200 || b.taken.Load() != 200 {
			t.Fatalf("%+v, %v", r, err)
		}
		if r.Max < 900*time.Millisecond || r.P50 < 400*time.Millisecond || r.Achieved > 101 {
			t.Errorf("got %+v, want waits of up to a second", r)
		}
	})
}

func TestLoadCountsAndReportsFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("the broker is down")
		l, err := NewLoad(t.Context(), LoadOptions{Broker: &slowBroker{fail: down}, World: w})
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Run(t.Context(), 100, time.Second)
		if !errors.Is(err, down) || r.Failed != 100 || r.Sent != 0 {
			t.Errorf("got %+v, %v", r, err)
		}
		if _, err := l.Search(t.Context(), RateSearch{}); !errors.Is(err, down) {
			t.Errorf("the search ended with %v", err)
		}
	})
}

func TestNewLoadNamesTheField(t *testing.T) {
	t.Parallel()
	b := &slowBroker{}
	for want, o := range map[string]LoadOptions{
		"Broker":      {},
		"World":       {Broker: b},
		"Connections": {Broker: b, World: newWorld(t, nil), Connections: -1},
	} {
		if _, err := NewLoad(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	t.Parallel()
	var h histogram
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); got < want || got > want+want/30 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	h.add(400 * time.Hour)
	if h.max != 400*time.Hour || h.quantile(1) > h.max {
		t.Errorf("the longest is %v", h.quantile(1))
	}
}
