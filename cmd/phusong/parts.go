package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// parts are the moving parts of a process. They run together and are stopped one
// after the other, in the order in which they were added: whoever produces stops
// before whoever consumes, so that nothing is left on the way.
type parts struct {
	list []part
}

type part struct {
	name string
	run  func(context.Context) error
}

// add adds a part. run blocks until its context is done and returns nil then; any
// other return ends the process.
func (p *parts) add(name string, run func(context.Context) error) {
	p.list = append(p.list, part{name, run})
}

// run starts all parts and stops them when ctx is done or one of them returns. It
// returns when all have, with their errors.
func (p *parts) run(ctx context.Context) error {
	type running struct {
		cancel context.CancelFunc
		done   chan error
	}
	ended := make(chan struct{}, len(p.list))
	all := make([]running, len(p.list))
	for i, part := range p.list {
		partCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		all[i] = running{cancel, make(chan error, 1)}
		go func() {
			all[i].done <- part.run(partCtx)
			ended <- struct{}{}
		}()
	}
	select {
	case <-ctx.Done():
	case <-ended:
	}
	var errs []error
	for i := range all {
		all[i].cancel()
		if err := <-all[i].done; err != nil && !errors.Is(err, context.Canceled) {
			errs = append(errs, fmt.Errorf("%s: %w", p.list[i].name, err))
		}
	}
	return errors.Join(errs...)
}

// cleanups are functions to call at the end, last first.
type cleanups []func() error

func (c *cleanups) add(f func() error) { *c = append(*c, f) }

func (c *cleanups) run() error {
	var errs []error
	for _, f := range slices.Backward(*c) {
		errs = append(errs, f())
	}
	*c = nil
	return errors.Join(errs...)
}

// addFirst adds a part that stops before all others.
func (p *parts) addFirst(name string, run func(context.Context) error) {
	p.list = append([]part{{name, run}}, p.list...)
}
