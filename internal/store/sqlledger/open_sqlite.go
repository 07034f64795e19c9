package sqlledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const (
	sqliteReaders = 4

	// checkpointPages is how much the write-ahead log grows before its pages go
	// into the file: 64 MB, so that the pages every commit touches are written
	// there once in thousands of commits.
	checkpointPages = 16_000

	// onDisk says that a commit returns once it is fsynced (FULL); NORMAL would
	// lose the last commits with the power.
	onDisk = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(2)"

	// overwrites says that what is taken out of a row, such as a person's digest, is
	// written over, and stays in no free part of the file or of its copies.
	overwrites = "&_pragma=secure_delete(1)"
)

// openSQLite opens the file, its one writer and its readers.
func (db *DB) openSQLite(ctx context.Context, path string, o Options) error {
	path = strings.TrimPrefix(path, "sqlite:")
	db.path = path
	if err := makeFile(path); err != nil {
		return err
	}
	name := fmt.Sprintf("%s?%s&_txlock=immediate&_pragma=cache_size(-65536)"+
		"&_pragma=wal_autocheckpoint(%d)&_pragma=journal_size_limit(134217728)", fileURL(path), onDisk+overwrites, checkpointPages)
	if err := migrateSQLite(ctx, name, o); err != nil {
		return err
	}
	reader, err := sql.Open("sqlite", fmt.Sprintf("%s?%s&_pragma=query_only(1)", fileURL(path), onDisk))
	if err != nil {
		return err
	}
	db.reader = reader
	readers := o.Pool
	if readers <= 0 {
		readers = sqliteReaders
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	open := func() (driver.Conn, error) { return reader.Driver().Open(name) }
	db.writer = newGroupWriter(open, db.texts, db.stats, o)
	if err := db.furnish(ctx); err != nil {
		return joinClose(err, db)
	}
	return nil
}

// migrateSQLite brings the file's schema up to date.
func migrateSQLite(ctx context.Context, name string, o Options) error {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, sqliteEngine, db, o.Log), db.Close())
}

// makeFile makes the file with the rights of its owner alone: it holds keys. The
// log beside it gets the same rights from SQLite.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the ledger's folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the ledger's file: %w", err)
	}
	return f.Close()
}

// fileURL writes a path so that no character of it is taken for something else.
func fileURL(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}
