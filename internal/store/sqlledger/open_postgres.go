package sqlledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"waybill/internal/fault"
)

const postgresPool = 16

// openPostgres opens the pool of connections, which reads and writes share. With
// Later, a server that is away is reached for until it is there.
func (db *DB) openPostgres(ctx context.Context, url string, o Options) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The library's text may quote the password.
		return fault.New(fault.Invalid, "the ledger's URL is not a PostgreSQL URL: write postgres://user:password@host/database")
	}
	config.ConnectTimeout = o.Dial
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "waybill"
	}
	db.reader = stdlib.OpenDB(*config)
	pool := o.Pool
	if pool <= 0 {
		pool = postgresPool
	}
	db.reader.SetMaxOpenConns(pool)
	db.reader.SetMaxIdleConns(pool)
	db.writer = &poolWriter{db: db.reader, texts: db.texts, stats: db.stats, timeout: o.Timeout}
	err = db.reach(ctx, o)
	if err != nil && o.Later && fault.Of(db.engine.explain(err)) == fault.Unavailable {
		db.writer = newGate(db, o) //nolint:contextcheck // it goes on when Open has returned
		return nil
	}
	if err != nil {
		return joinClose(err, db)
	}
	return nil
}

// reach looks whether the server is there, and makes its ledger ready.
func (db *DB) reach(ctx context.Context, o Options) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return refused(err)
	}
	if err := migrate(ctx, db.engine, db.reader, o.Log); err != nil {
		return err
	}
	return db.furnish(ctx)
}

// refused tells a server that is away from one that is there and refuses: the
// first may be back in a moment, the second wants another URL.
func refused(err error) error {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && !unavailableNow(pe.Code) {
		return fault.New(fault.Invalid, "PostgreSQL refuses the ledger: %s", pe.Message)
	}
	return fmt.Errorf("connect: %w", err)
}
