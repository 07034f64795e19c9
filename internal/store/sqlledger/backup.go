package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"waybill/internal/fault"
)

// Backup writes a consistent copy of the whole ledger to file, an SQLite ledger
// whatever the engine. Everything else goes on meanwhile. file must not exist.
func (db *DB) Backup(ctx context.Context, file string, progress func(format string, args ...any)) error {
	if _, err := os.Stat(file); err == nil {
		return fault.New(fault.Conflict, "%s is there already", file)
	}
	err := db.backup(ctx, file, progress)
	if err != nil {
		err = errors.Join(err, removeLedger(file))
	}
	return db.failed(err, "back up the ledger")
}

func (db *DB) backup(ctx context.Context, file string, progress func(string, ...any)) error {
	if db.engine == sqliteEngine {
		if err := db.vacuumInto(ctx, file); err != nil {
			return err
		}
	} else if err := db.copyInto(ctx, file, progress); err != nil {
		return err
	}
	if err := verify(ctx, file); err != nil {
		return err
	}
	return syncFile(file)
}

// vacuumInto lets SQLite copy itself, as it is at one moment.
func (db *DB) vacuumInto(ctx context.Context, file string) error {
	if err := makeFile(file); err != nil { // an empty file is taken, and keeps its rights
		return err
	}
	from, err := sql.Open("sqlite", fileURL(db.path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // it has only been read
	_, err = from.ExecContext(ctx, `VACUUM INTO ?1`, file)
	return err
}

// copyInto copies PostgreSQL's tables, as they are at one moment, into a new
// SQLite ledger.
func (db *DB) copyInto(ctx context.Context, file string, progress func(string, ...any)) error {
	to := &DB{engine: sqliteEngine, now: db.now, stats: new(counts), turns: new(turns), notes: new(notes)}
	to.texts = &texts{engine: sqliteEngine}
	if err := to.openSQLite(ctx, file, Options{}.withDefaults()); err != nil {
		return err
	}
	err := db.snapshot(ctx, func(from session) error {
		return to.writer.long(ctx, func(_ context.Context, s session) error {
			if err := clearNew(ctx, s); err != nil {
				return err
			}
			return copyTables(ctx, from, s, s, progress)
		})
	})
	return errors.Join(err, to.Close())
}

// Restore fills an empty ledger of either engine from a backup. Deliveries stay
// parked afterwards, since what is owed in the backup may have been delivered
// since. The backup itself is not changed.
func (db *DB) Restore(ctx context.Context, file string, progress func(format string, args ...any)) error {
	return db.failed(db.restore(ctx, file, progress), "restore the ledger")
}

func (db *DB) restore(ctx context.Context, file string, progress func(string, ...any)) (err error) {
	// The backup may have an older schema, so a copy of it is brought up to date.
	dir, err := os.MkdirTemp("", "waybill-restore")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	upToDate := filepath.Join(dir, "ledger.db")
	if err := copyFile(file, upToDate); err != nil {
		return err
	}
	if err := verify(ctx, upToDate); err != nil {
		return err
	}
	from, err := Open(ctx, "sqlite:"+upToDate, Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return from.snapshot(ctx, func(source session) error {
		return db.writer.long(ctx, func(_ context.Context, s session) error {
			if err := clearNew(ctx, s); err != nil {
				return err
			}
			if err := copyTables(ctx, source, s, source, progress); err != nil {
				return err
			}
			return db.afterRestore(ctx, s)
		})
	})
}

// tables are all that hold anything, those that are referred to first.
func tables() []string {
	return []string{
		"sequence", "advertiser", "affiliate", "offer", "goal", "term", "offer_access", "link", "domain", "coupon", "subscription", "api_key", "audit",
		"users", "user_passkey", "user_recovery", "user_session", "user_link", "throttle",
		"id_map", "setting", "ring_key", "node", "settled_through", "answer", "verdict", "earlier_verdict", "considered", "claim", "taken_order", "conversion",
		"counter", "entry", "payout", "payout_line", "adjustment", "delivery", "attempt", "destination", "replay_job", "change", "reconciliation", "reconciliation_part",
		"saved_report", "share",
	}
}

// clearNew empties what a new ledger is born with, and refuses one that holds
// anything else.
func clearNew(ctx context.Context, s session) error {
	for _, table := range tables() {
		switch table {
		case "sequence", "setting", "ring_key":
			if _, err := s.exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
			continue
		}
		var n int64
		if found, err := s.get(ctx, []any{&n}, "SELECT 1 FROM "+table+" LIMIT 1"); err != nil || found {
			return errors.Join(err, fault.New(fault.Conflict, "the ledger is not empty: its table %s has rows", table))
		}
	}
	return nil
}

// copyTables copies every table. schema is the SQLite side, which names the
// columns: those that PostgreSQL has beside them fill themselves.
func copyTables(ctx context.Context, from, to, schema session, progress func(string, ...any)) error {
	for _, table := range tables() {
		columns, err := columnsOfTable(ctx, schema, table)
		if err != nil {
			return fmt.Errorf("read the columns of %s: %w", table, err)
		}
		n, err := copyTable(ctx, from, to, table, columns)
		if err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
		if n > 0 {
			progress("%s: %d rows", table, n)
		}
	}
	return nil
}

// column is one of a table. SQLite keeps booleans as numbers, which PostgreSQL
// does not take for them.
type column struct {
	name    string
	boolean bool
}

func columnsOfTable(ctx context.Context, s session, table string) ([]column, error) {
	const read = `SELECT name, type = 'BOOLEAN' FROM pragma_table_info($1) ORDER BY cid`
	var columns []column
	err := s.query(ctx, func(row scan) error {
		var c column
		err := row(&c.name, &c.boolean)
		columns = append(columns, c)
		return err
	}, read, table)
	return columns, err
}

// copyBatch is how many values one insert carries; SQLite takes 32,766.
const copyBatch = 4000

func copyTable(ctx context.Context, from, to session, table string, columns []column) (int64, error) {
	list := make([]string, len(columns))
	for i := range columns {
		list[i] = columns[i].name
	}
	names := strings.Join(list, ", ")
	insert := rows{head: "INSERT INTO " + table + " (" + names + ") VALUES ", columns: len(columns), most: copyBatch / len(columns)}
	count := int64(0)
	err := from.query(ctx, func(row scan) error {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := row(dest...); err != nil {
			return err
		}
		for i := range values {
			if n, ok := values[i].(int64); ok && columns[i].boolean {
				values[i] = n != 0
			}
		}
		insert.add(values...)
		count++
		if count%int64(insert.most) != 0 {
			return nil
		}
		defer func() { insert.args = insert.args[:0] }()
		return errors.Join(ctx.Err(), insert.run(ctx, to))
	}, "SELECT "+names+" FROM "+table)
	if err != nil {
		return count, err
	}
	return count, insert.run(ctx, to)
}

// nodesSkipped is how many node numbers a restored ledger does not hand out:
// some may have been taken after the backup was made.
const nodesSkipped = 16

func (db *DB) afterRestore(ctx context.Context, s session) error {
	if _, err := s.exec(ctx, `UPDATE sequence SET last = last + $1 WHERE name = 'node'`, int64(nodesSkipped)); err != nil {
		return err
	}
	// Whoever was logged out since, or has used a link, stays so, and what was
	// shared and is not any more is not shown again.
	for _, table := range [...]string{"user_session", "user_link", "share"} {
		if _, err := s.exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	if text := db.engine.continueNumbers(); text != "" {
		if _, err := s.exec(ctx, text); err != nil {
			return err
		}
	}
	return setSetting(ctx, s, parkedSetting, "true")
}

// verify has SQLite look through a file for damage.
func verify(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", fileURL(file)+"?_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it has only been read
	var said string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&said); err != nil {
		return fmt.Errorf("look through %s: %w", file, err)
	}
	if said != "ok" {
		return fault.New(fault.Invalid, "%s is damaged: %s", file, said)
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // it has only been read
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// syncFile has a file and its place in its folder written to disk.
func syncFile(file string) error {
	for _, path := range []string{file, filepath.Dir(file)} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("sync %s: %w", path, err)
		}
	}
	return nil
}

// removeLedger deletes an SQLite ledger with what SQLite keeps beside it.
func removeLedger(file string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(file + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
