package sqlledger

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"waybill/internal/fault"
)

// reachEvery is how long a gate waits between two looks at its server.
const reachEvery = time.Second

// gate is the writer of a ledger whose server was away when it was opened. It
// lets nothing through until the server has been reached and its schema is the
// one that the statements are written for.
type gate struct {
	writer
	reached atomic.Bool
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// newGate puts a gate before db's writer, which opens by itself.
func newGate(db *DB, o Options) *gate {
	ctx, stop := context.WithCancel(context.Background())
	g := &gate{writer: db.writer, stop: stop}
	behind := *db // makes the schema and the keys past the gate
	g.done.Go(func() { g.reach(ctx, &behind, o) })
	return g
}

// reach tries until the server is there and ready.
func (g *gate) reach(ctx context.Context, db *DB, o Options) {
	tick := time.NewTicker(reachEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := db.reach(ctx, o)
		if err == nil {
			g.reached.Store(true)
			o.Log.LogAttrs(ctx, slog.LevelInfo, "ledger reached")
			return
		}
		if fault.Of(db.engine.explain(err)) != fault.Unavailable && ctx.Err() == nil {
			o.Log.LogAttrs(ctx, slog.LevelError, "ledger cannot be used", slog.Any("error", err))
		}
	}
}

// do is the writer's, once the gate is open.
func (g *gate) do(ctx context.Context, f func(context.Context, session) error) error {
	if !g.reached.Load() {
		return errNotReached()
	}
	return g.writer.do(ctx, f)
}

// sure is the writer's, once the gate is open.
func (g *gate) sure(ctx context.Context, f func(context.Context, session) error) error {
	if !g.reached.Load() {
		return errNotReached()
	}
	return g.writer.sure(ctx, f)
}

// long is the writer's, once the gate is open.
func (g *gate) long(ctx context.Context, f func(context.Context, session) error) error {
	if !g.reached.Load() {
		return errNotReached()
	}
	return g.writer.long(ctx, f)
}

func (g *gate) close() error {
	g.stop()
	g.done.Wait()
	return g.writer.close()
}

func errNotReached() error {
	return fault.New(fault.Unavailable, "the ledger has not been reached since the start")
}
