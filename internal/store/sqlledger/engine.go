package sqlledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"waybill/internal/fault"
)

// engine is one of the two databases. What differs between them in the
// statements and their errors stands in this file.
type engine string

const (
	sqliteEngine engine = "sqlite"
	postgres     engine = "postgres"
)

func engineOf(url string) engine {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return postgres
	}
	return sqliteEngine
}

// skipLocked ends a subquery that picks rows to be changed, so that nodes which
// pick at the same time get different ones. SQLite has one writer anyway.
func (e engine) skipLocked() string {
	if e == postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// forUpdate ends a read of rows that are about to be changed. SQLite has one writer
// anyway.
func (e engine) forUpdate() string {
	if e == postgres {
		return " FOR UPDATE"
	}
	return ""
}

// forShare ends a read of rows that must stay as they are until the transaction
// ends, and that others may read so, too. SQLite has one writer anyway.
func (e engine) forShare() string {
	if e == postgres {
		return " FOR SHARE"
	}
	return ""
}

// continueNumbers lets the numbers of changes and attempts go on behind those
// that were restored. SQLite does that by itself.
func (e engine) continueNumbers() string {
	if e == postgres {
		return `
			SELECT setval(pg_get_serial_sequence('change', 'id'), (SELECT MAX(id) FROM change)),
				setval(pg_get_serial_sequence('attempt', 'id'), (SELECT MAX(id) FROM attempt))`
	}
	return ""
}

// lockPatience limits how long a transaction waits for one lock. The server says
// so itself then, which tells a row that somebody holds from a server that is
// away. SQLite has one writer, and no locks that it could wait for.
func (e engine) lockPatience() string {
	if e == postgres {
		return "SET LOCAL lock_timeout = '2s'"
	}
	return ""
}

func (e engine) snapshotOptions() *sql.TxOptions {
	if e == postgres {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return nil // a read transaction of SQLite is a snapshot by itself
}

// texts turns statements into the engine's own form, once each.
type texts struct {
	engine engine
	made   sync.Map
}

// of gives the engine's form of text. SQLite would read $1 as a name; it takes
// numbered arguments as ?1, and those that stand in order more cheaply as ?.
func (t *texts) of(text string) string {
	if t.engine == postgres {
		return text
	}
	if made, ok := t.made.Load(text); ok {
		return made.(string) //nolint:forcetypeassert // only strings are stored
	}
	made := strings.ReplaceAll(text, "$", "?")
	if parts := strings.Split(text, "$"); inOrder(parts[1:]) {
		for i := range parts[1:] {
			parts[i+1] = strings.TrimLeft(parts[i+1], "0123456789")
		}
		made = strings.Join(parts, "?")
	}
	t.made.Store(text, made)
	return made
}

// inOrder reports whether parts, each of which begins with the number of an
// argument, have those from 1 on, one after another.
func inOrder(parts []string) bool {
	for i, part := range parts {
		number := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		if number != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}

// explain gives err the kind that callers act on. A fault stays what it is.
func (e engine) explain(err error) error {
	if err == nil || fault.Of(err) != fault.Internal {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == lockNotAvailable {
		return fault.Because(err, fault.Limited, "somebody else holds what it needs")
	}
	if e.unreachable(err) {
		return fault.Because(err, fault.Unavailable, "the ledger cannot be reached now")
	}
	return err
}

// unreachable reports whether err is about the way to the data, or the room for
// it, rather than about the statement.
func (e engine) unreachable(err error) bool {
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
			sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
			return true
		}
		return false
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return unavailableNow(pe.Code) || transient(pe.Code)
	}
	if _, ok := errors.AsType[*unsure](err); ok {
		return true
	}
	return e == postgres && broken(err) || errors.Is(err, context.DeadlineExceeded)
}

// broken reports whether err says that the connection is lost, or never came
// about.
func broken(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// PostgreSQL's codes that are acted on.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	readOnlyTransaction  = "25006" // a standby, or one that is being replaced
	uniqueViolation      = "23505"
	lockNotAvailable     = "55P03"
)

// unavailableNow reports whether a server that answers with code may do better
// in a moment: connection, resources, an operator's intervention, the system.
func unavailableNow(code string) bool {
	switch code[:min(2, len(code))] {
	case "08", "53", "57", "58":
		return true
	}
	return code == readOnlyTransaction
}

// transient reports whether the same transaction may well succeed when it is
// run again at once.
func transient(code string) bool { return code == serializationFailure || code == deadlockDetected }

// doubled reports whether err says that a unique value is there already.
func doubled(err error) bool {
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pe.Code == uniqueViolation
}
