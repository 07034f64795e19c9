package sqlledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// List says which part of a table is wanted: those that come behind After, up to
// Limit. Columns that a table lacks choose nothing.
type List[K int64 | string] struct {
	After K
	Limit int // default 100, at most 1000
	// Newest has what was made last come first; else keys rise.
	Newest                       bool
	Offer, Advertiser, Affiliate int64  // only what names this one; 0 for all
	Status                       string // only those of this status; empty for all
	// Find leaves those of which it is a part of a name, in either case of letters,
	// or the exact number. Empty for all, and of no use where there are no names.
	Find string
	IDs  []K // only these; nil for all
}

// List gives entities in the order that is asked for.
func (t *Table[K, T]) List(ctx context.Context, l List[K]) ([]Row[T], error) {
	if l.Find != "" && t.entity.called != nil {
		rows, err := t.find(ctx, l)
		return rows, t.db.failed(err, "find %ss", t.entity.noun)
	}
	q := newSelection(`SELECT `+documentColumns+` FROM `+t.entity.name, t.entity.key)
	t.behind(q, l)
	text := q.withConditions() + t.inOrder(l.Newest) + fmt.Sprintf(" LIMIT %d", Page{Limit: l.Limit}.limit())
	var rows []Row[T]
	err := t.db.read().query(ctx, collect(&rows), text, q.args...)
	return rows, t.db.failed(err, "list %ss", t.entity.noun)
}

// inOrder writes the order of a list. Numbers rise with time; what is known by a
// code has its time beside it, which never changes either.
func (t *Table[K, T]) inOrder(newest bool) string {
	switch {
	case newest && t.entity.dated:
		return " ORDER BY created_at DESC, " + t.entity.key + " DESC"
	case newest:
		return " ORDER BY " + t.entity.key + " DESC"
	default:
		return " ORDER BY " + t.entity.key
	}
}

// behind chooses what follows in a list.
func (t *Table[K, T]) behind(q *selection, l List[K]) {
	var first K
	key := t.entity.key
	switch {
	case l.After == first:
	case l.Newest && t.entity.dated:
		q.where("(created_at, "+key+") < (SELECT created_at, "+key+" FROM "+t.entity.name+" WHERE "+key+" = ?)", l.After)
	case l.Newest:
		q.where(key+" < ?", l.After)
	default:
		q.where(key+" > ?", l.After)
	}
	for _, of := range []struct {
		column string
		id     int64
	}{{"offer_id", l.Offer}, {"advertiser_id", l.Advertiser}, {"affiliate_id", l.Affiliate}} {
		if t.has(of.column) {
			q.number(of.column, of.id)
		}
	}
	if t.has("status") {
		q.text("status", l.Status)
	}
	if l.IDs != nil {
		among(q, key, l.IDs)
	}
}

func (t *Table[K, T]) has(column string) bool {
	return slices.Contains(strings.Split(t.entity.columns, ", "), column)
}
