package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// group runs workers together: when one stops, all are told to, and wait gives
// the reasons of all.
type group struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	errs   []error
}

// newGroup makes a group whose workers run until ctx is done, or one of them
// stops.
func newGroup(ctx context.Context) (*group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &group{cancel: cancel}, ctx
}

// start runs a worker.
func (g *group) start(ctx context.Context, name string, run func(context.Context) error) {
	g.wg.Go(func() {
		defer g.cancel()
		err := run(ctx)
		if err == nil || ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.errs = append(g.errs, fmt.Errorf("%s: %w", name, err))
	})
}

// wait blocks until every worker has stopped.
func (g *group) wait() error {
	g.wg.Wait()
	return errors.Join(g.errs...)
}
