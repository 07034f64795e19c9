// Package report turns what somebody asks of the warehouse into statements, and
// the rows they give into an answer.
//
// A Query is parsed from the parameters of a request, for one Viewer. It knows
// the statements that answer it: plain SQL over the tables of package fact,
// with everything a user typed as an argument. It puts the rows it reads
// together into an Answer: labels of days and hours in the query's time zone,
// money as exact decimals, quotients made of sums.
//
// What always holds: a viewer's own condition stands in every innermost SELECT,
// and no statement of theirs names a column that they may not see; both are
// done in one place, where a SELECT is put together. Money of several
// currencies is never added up. A quotient is made of the sums of its row, and
// is null where there is nothing to divide by. Nothing here reads a clock.
package report

import (
	"context"
	"time"

	"waybill/internal/account"
)

// Viewer is whoever a report is for. What they may see follows from it alone.
type Viewer struct {
	Role         account.Role
	AdvertiserID int64
	AffiliateID  int64
}

// ViewerOf gives the viewer that a caller is.
func ViewerOf(p account.Principal) Viewer {
	return Viewer{Role: p.Role, AdvertiserID: p.AdvertiserID, AffiliateID: p.AffiliateID}
}

// Reader reads one snapshot of the warehouse.
type Reader interface {
	// Rows hands every row of a statement to row, in order, and stops at its
	// first error or when ctx is done. A Row is good until row returns.
	Rows(ctx context.Context, s Statement, row func(Row) error) error
	// AsOf gives up to when everything received is in the snapshot.
	AsOf() time.Time
}

// Statement is one SELECT. Its arguments, $1 and on, are int64 or string.
type Statement struct {
	SQL     string
	Args    []any
	Columns []Column
}

// Column is a column of a statement's result.
type Column struct {
	Name string
	Text bool // a text; otherwise an integer of at most 64 bits, or null
}

// Row is one row of a result, in the order of the statement's columns.
type Row []Value

// Value is one value of a result. Number or Text is set, as its column says.
type Value struct {
	Number int64
	Text   string
	Null   bool
}

// Format is how an answer is written.
type Format string

// The formats. A report in JSON is bounded; the others stream all rows.
const (
	JSON   Format = "json"
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)
