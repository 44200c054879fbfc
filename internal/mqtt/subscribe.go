package mqtt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// refused is what a broker answers, in place of a QoS, to a filter it does not grant.
const refused = 0x80

// errRefused is a subscription that the broker did not grant.
var errRefused = errors.New("refused")

// subscribeAll brings the session at the broker in line with Filters. The file is written before
// anything is added and after everything is removed, so that a crash in between forgets nothing.
func (s *session) subscribeAll(ctx context.Context) error {
	c := s.client
	known, err := c.loadFilters()
	if err != nil {
		c.troubles.report(c.log, "cannot read the filters of the last run", err)
	}
	wanted := c.options.Filters
	stale := slices.DeleteFunc(slices.Clone(known), func(f string) bool { return slices.Contains(wanted, f) })
	c.saveFilters(append(slices.Clone(stale), wanted...))
	if err := s.subscribe(ctx, wanted); err != nil {
		return err
	}
	// After the subscriptions, so that a filter which only became wider or narrower misses nothing.
	if err := s.unsubscribe(ctx, stale); err != nil {
		return err
	}
	c.saveFilters(wanted)
	s.settle()
	return nil
}

func (s *session) unsubscribe(ctx context.Context, filters []string) error {
	if len(filters) == 0 {
		return nil
	}
	if err := s.await(ctx, s.paho.Unsubscribe(filters...), "unsubscribing"); err != nil {
		return err
	}
	s.client.log.Info("unsubscribed from filters that left the configuration", "filters", filters)
	return nil
}

// subscribeRefused asks again for what the broker has not granted.
func (s *session) subscribeRefused(ctx context.Context) error {
	var missing []string
	for _, filter := range s.client.options.Filters {
		if s.client.troubles.has(refusedFilter(filter)) {
			missing = append(missing, filter)
		}
	}
	if err := s.subscribe(ctx, missing); err != nil {
		return err
	}
	s.settle()
	return nil
}

// subscribe asks for filters and records which of them are granted. Its error means that the
// connection is of no use.
func (s *session) subscribe(ctx context.Context, filters []string) error {
	c := s.client
	if len(filters) > 0 {
		want := make(map[string]byte, len(filters))
		for _, filter := range filters {
			want[filter] = byte(AtLeastOnce)
		}
		token, ok := s.paho.SubscribeMultiple(want, nil).(*paho.SubscribeToken)
		if !ok {
			return errors.New("subscribing: paho returned a token of another kind")
		}
		if err := s.await(ctx, token, "subscribing"); err != nil {
			return err
		}
		for filter, code := range token.Result() {
			if code == refused {
				c.troubles.reportAs(refusedFilter(filter), c.log, errRefused)
			} else if c.troubles.clear(refusedFilter(filter)) {
				c.log.Info("the broker grants the subscription now", "filter", filter)
			}
		}
	}
	return nil
}

// settle tells who waits whether the broker has granted everything.
func (s *session) settle() {
	c := s.client
	complete := !slices.ContainsFunc(c.options.Filters, func(f string) bool { return c.troubles.has(refusedFilter(f)) })
	c.update(func() { c.subscribed = complete })
}

// await waits for the broker's answer to a SUBSCRIBE or UNSUBSCRIBE.
func (s *session) await(ctx context.Context, token paho.Token, doing string) error {
	patience := time.NewTimer(s.client.options.ConnectTimeout)
	defer patience.Stop()
	select {
	case <-token.Done():
	case <-s.ctx.Done():
		return fmt.Errorf("%s: %w", doing, cmp.Or(s.cause(ctx), context.Cause(ctx), net.ErrClosed))
	case <-patience.C:
		return fmt.Errorf("%s: no answer within %v", doing, s.client.options.ConnectTimeout)
	}
	if err := token.Error(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
