// Package sqlledger keeps the ledger: the catalog, verdicts, conversions, money,
// caps and owed postbacks, in SQLite or PostgreSQL.
//
// What a signal leads to is one transaction (Settle): its verdict, conversion,
// entries, cap use and owed postbacks change together or not at all, and a
// signal that has a verdict is never settled again. Entries are append-only;
// triggers refuse anything else.
//
// Every statement is written once, for both engines. They differ in few places,
// all of them in engine.go: how a ledger is opened, how arguments are written,
// how rows are claimed beside other nodes, and what their errors mean. The
// migrations are one set of files too, in which a line may be marked as being
// for one engine alone (migrate.go), so the two schemas cannot drift apart.
//
// SQLite has one writer, which puts all waiting writes into one transaction and
// one fsync (writer_sqlite.go); readers run beside it. On PostgreSQL each write
// is a transaction of its own, with row locks taken in the same order by
// everybody (writer_postgres.go).
//
// A ledger that cannot be reached, or whose disk is full, is a
// fault.Unavailable; whoever gets one may try again later.
package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/fault"
)

// Options are the settings of a ledger; the zero value is the default.
type Options struct {
	Log        *slog.Logger     // default: discards
	Now        func() time.Time // default: time.Now
	GroupLimit int              // SQLite: most writes in one transaction, default 128
	GroupTime  time.Duration    // SQLite: longest work on one transaction, default 20 ms
	Pool       int              // connections: PostgreSQL's in all (default 16), SQLite's readers (default 4)
	Timeout    time.Duration    // PostgreSQL: longest write, default 10 s
	Dial       time.Duration    // PostgreSQL: longest wait for a connection, default 2 s
	Later      bool             // PostgreSQL: open also while the server is away
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.GroupLimit <= 0 {
		o.GroupLimit = 128
	}
	if o.GroupTime <= 0 {
		o.GroupTime = 20 * time.Millisecond
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Dial <= 0 {
		o.Dial = 2 * time.Second
	}
	return o
}

// DB is an open ledger, safe for concurrent use.
type DB struct {
	engine engine
	path   string // of SQLite's file
	reader *sql.DB
	writer writer
	texts  *texts
	now    func() time.Time
	stats  *counts

	changes, attempts *tail

	turns *turns // of subscriptions, in claims
	notes *notes // of destinations
}

// writer runs writes, each as one transaction.
type writer interface {
	// do runs f in a transaction and returns once that is committed. f may run
	// more than once, and must not keep what it has read for when it fails.
	do(ctx context.Context, f func(context.Context, session) error) error
	// sure is do for a write that is not expected to fail, which is cheaper.
	sure(ctx context.Context, f func(context.Context, session) error) error
	// long is do for a write that takes as long as it takes.
	long(ctx context.Context, f func(context.Context, session) error) error
	close() error
}

// Open opens the ledger at url: a file's path, sqlite:PATH, or postgres://….
// It makes what is missing and brings the schema up to date. A server that
// cannot be reached is Unavailable; with Later the ledger opens all the same, and
// everything asked of it is Unavailable until the server is there.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	o = o.withDefaults()
	db := &DB{engine: engineOf(url), now: o.Now, stats: new(counts), changes: new(tail), attempts: new(tail), turns: new(turns), notes: new(notes)}
	db.texts = &texts{engine: db.engine}
	open := db.openSQLite
	if db.engine == postgres {
		open = db.openPostgres
	}
	if err := open(ctx, url, o); err != nil {
		return nil, fmt.Errorf("open ledger: %w", db.engine.explain(err))
	}
	return db, nil
}

func joinClose(err error, db *DB) error { return errors.Join(err, db.Close()) }

// Close waits for the writes under way and closes the ledger.
func (db *DB) Close() error {
	// The writer goes last: with its connection SQLite puts what is in the
	// write-ahead log into the file.
	if err := errors.Join(db.reader.Close(), db.writer.close()); err != nil {
		return fmt.Errorf("close ledger: %w", err)
	}
	return nil
}

// Ping reports whether the ledger can be reached.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "the ledger cannot be reached")
	}
	return nil
}

// Engine names the engine: sqlite or postgres.
func (db *DB) Engine() string { return string(db.engine) }

// read gives a session for single reads, each of which sees the latest commit.
func (db *DB) read() session { return session{on: plain{db.reader}, texts: db.texts} }

// snapshot runs f on one unchanging state of the whole ledger.
func (db *DB) snapshot(ctx context.Context, f func(session) error) error {
	tx, err := db.reader.BeginTx(ctx, db.engine.snapshotOptions())
	if err != nil {
		return db.engine.explain(err)
	}
	err = f(session{on: plain{tx}, texts: db.texts})
	if e := tx.Rollback(); err == nil && e != nil {
		err = db.engine.explain(e)
	}
	return err
}

// write runs f in a transaction and returns once it is committed.
func (db *DB) write(ctx context.Context, f func(context.Context, session) error) error {
	return db.engine.explain(db.writer.do(ctx, f))
}

// writeSure is write for what is not expected to fail.
func (db *DB) writeSure(ctx context.Context, f func(context.Context, session) error) error {
	return db.engine.explain(db.writer.sure(ctx, f))
}
