package sqlledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// connection is the one that SQLite is written by. It keeps its statements
// prepared and runs them without database/sql, whose pool, locks and conversions
// are for connections that are shared: this one is its writer's alone.
type connection struct {
	open  func() (driver.Conn, error)
	conn  driver.Conn
	made  map[string]*statement
	named []driver.NamedValue // of the statement at hand

	// changed says that a statement has changed something since it was last
	// set to false.
	changed bool
}

// statement is a prepared one.
type statement struct {
	driver.Stmt
	changes bool // it gives rows, and changes some
}

func (c *connection) statement(text string) (*statement, error) {
	if st, ok := c.made[text]; ok {
		return st, nil
	}
	if c.conn == nil {
		conn, err := c.open()
		if err != nil {
			return nil, err
		}
		c.conn, c.made = conn, make(map[string]*statement)
	}
	st, err := c.conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	made := &statement{st, strings.Contains(text, "RETURNING")}
	c.made[text] = made
	return made, nil
}

// bind names the arguments of the next statement. The slice is the connection's.
func (c *connection) bind(args []any) ([]driver.NamedValue, error) {
	c.named = c.named[:0]
	for i, a := range args {
		switch a.(type) {
		case string, int64, bool, nil:
		default:
			var err error
			if a, err = driver.DefaultParameterConverter.ConvertValue(a); err != nil {
				return nil, fmt.Errorf("argument %d: %w", i+1, err)
			}
		}
		c.named = append(c.named, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.named, nil
}

// run runs a statement that has no arguments.
func (c *connection) run(ctx context.Context, text string) error {
	_, err := c.exec(ctx, text, nil)
	return err
}

// exec runs a statement and gives the number of rows that it has changed.
func (c *connection) exec(ctx context.Context, text string, args []any) (int64, error) {
	st, err := c.statement(text)
	if err != nil {
		return 0, err
	}
	named, err := c.bind(args)
	if err != nil {
		return 0, err
	}
	r, err := st.Stmt.(driver.StmtExecContext).ExecContext(ctx, named) //nolint:forcetypeassert // SQLite's
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c *connection) change(ctx context.Context, n *int64, text string, args []any) (err error) {
	*n, err = c.exec(ctx, text, args)
	c.changed = c.changed || *n > 0
	return err
}

func (c *connection) rows(ctx context.Context, row func(scan) error, text string, args []any) (err error) {
	st, err := c.statement(text)
	if err != nil {
		return err
	}
	named, err := c.bind(args)
	if err != nil {
		return err
	}
	c.changed = c.changed || st.changes
	rows, err := st.Stmt.(driver.StmtQueryContext).QueryContext(ctx, named) //nolint:forcetypeassert // SQLite's
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	read := func(dest ...any) error { return assignAll(dest, values) }
	for {
		err := rows.Next(values)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := row(read); err != nil {
			return err
		}
	}
}

func (*connection) now(context.Context) error { return nil } // nothing was held back

// rollback leaves the transaction. SQLite may have left it already (a full disk
// makes it do so), and says SQLITE_ERROR then; after any other failure the
// connection goes, and the transaction with it.
func (c *connection) rollback(ctx context.Context) {
	err := c.run(ctx, "ROLLBACK")
	if se, ok := errors.AsType[*sqlite.Error](err); err == nil || ok && se.Code() == sqlite3.SQLITE_ERROR {
		return
	}
	_ = c.close()
}

// close gives up the connection; the next statement takes a new one.
func (c *connection) close() error {
	if c.conn == nil {
		return nil
	}
	for _, st := range c.made {
		_ = st.Close()
	}
	err := c.conn.Close()
	c.conn, c.made = nil, nil
	return err
}

// assignAll puts a row's values where they belong.
func assignAll(dest []any, values []driver.Value) error {
	if len(dest) != len(values) {
		return fmt.Errorf("%d columns for %d places", len(values), len(dest))
	}
	for i := range dest {
		if !assign(dest[i], values[i]) {
			return fmt.Errorf("column %d is a %T, which does not fit into a %T", i+1, values[i], dest[i])
		}
	}
	return nil
}

// assign puts a value where dest points to, and reports whether it fits.
func assign(dest any, value driver.Value) bool {
	var ok bool
	switch d := dest.(type) {
	case *string:
		*d, ok = value.(string)
	case *int64:
		*d, ok = value.(int64)
	case *any:
		*d, ok = value, true
	case *bool:
		var n int64 // as SQLite keeps it
		n, ok = value.(int64)
		*d = n != 0
	default:
		return assignKind(reflect.ValueOf(dest).Elem(), value)
	}
	return ok
}

// assignKind is assign for types that are made of texts and numbers.
func assignKind(to reflect.Value, value driver.Value) bool {
	switch v := value.(type) {
	case string:
		if to.Kind() != reflect.String {
			return false
		}
		to.SetString(v)
		return true
	case int64:
		switch {
		case to.CanInt() && !to.OverflowInt(v):
			to.SetInt(v)
			return true
		case to.CanUint() && v >= 0 && !to.OverflowUint(uint64(v)):
			to.SetUint(uint64(v))
			return true
		}
	}
	return false
}
