package sqlledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// Page says which part of a list is wanted.
type Page struct {
	Cursor string // what the page before gave; empty for the first
	Limit  int    // 1 to 1000, default 100
}

const (
	defaultLimit = 100
	mostLimit    = 1000
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, mostLimit)
}

// selection is a query whose conditions depend on what the caller wants. Only
// names of columns from this package are put into its text.
type selection struct {
	from string
	key  string
	cond []string
	args []any
}

func newSelection(from, key string) *selection { return &selection{from: from, key: key} }

// where adds a condition in which ? stands for the argument.
func (q *selection) where(cond string, arg any) {
	q.args = append(q.args, arg)
	q.cond = append(q.cond, strings.Replace(cond, "?", fmt.Sprintf("$%d", len(q.args)), 1))
}

func (q *selection) text(column, value string) {
	if value != "" {
		q.where(column+" = ?", value)
	}
}

func (q *selection) number(column string, value int64) {
	if value != 0 {
		q.where(column+" = ?", value)
	}
}

// among limits a column to some values.
func among[K int64 | string](q *selection, column string, values []K) {
	if len(values) == 0 {
		q.cond = append(q.cond, "FALSE")
		return
	}
	places := make([]string, len(values))
	for i, v := range values {
		q.args = append(q.args, v)
		places[i] = fmt.Sprintf("$%d", len(q.args))
	}
	q.cond = append(q.cond, column+" IN ("+strings.Join(places, ", ")+")")
}

// minted limits the key to IDs of one kind and traffic, minted in a time.
func (q *selection) minted(k txid.Kind, test bool, from, until time.Time) {
	q.where(q.key+" >= ?", txid.First(k, test, from).String())
	if until.IsZero() {
		until = time.UnixMilli(1<<48 - 1)
	}
	q.where(q.key+" < ?", txid.First(k, test, until).String())
}

func (q *selection) withConditions() string {
	if len(q.cond) == 0 {
		return q.from
	}
	return q.from + " WHERE " + strings.Join(q.cond, " AND ")
}

// newestFirst runs the query by falling key. row gives the key of the row that
// it has read; one row more than the page is read, to know whether there is a
// next.
func (q *selection) newestFirst(ctx context.Context, s session, p Page, row func(scan) (string, error)) (string, error) {
	if p.Cursor != "" {
		q.where(q.key+" < ?", p.Cursor)
	}
	text := q.withConditions() + fmt.Sprintf(" ORDER BY %s DESC LIMIT %d", q.key, p.limit()+1)
	next, last, n := "", "", 0
	err := s.query(ctx, func(read scan) error {
		if n == p.limit() {
			next = last
		}
		n++
		key, err := row(read)
		last = key
		return err
	}, text, q.args...)
	return next, err
}

// failed wraps an error of a read or write with what was being done, nil for
// nil.
func (db *DB) failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, db.engine.explain(err))...)
}

func badCursor() error {
	return fault.At("cursor", "is not one that a page has given")
}
