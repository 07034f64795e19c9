package sqlledger

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Note is one change of the catalog, as the audit keeps it.
type Note struct {
	ID     int64 // the catalog's version that it made
	At     time.Time
	Actor  string // who has made it, as given to Table.By
	Entity string // its table: offer, link, …
	Key    string
	Before string // JSON, empty for a new entity; secrets are taken out
	After  string
}

// AuditFilter picks notes. What is left open fits all.
type AuditFilter struct {
	Entity string
	Key    string
	Page
}

// Audit lists what was changed in the catalog, the latest first, and gives the
// cursor of the next page, empty behind the last.
func (db *DB) Audit(ctx context.Context, f AuditFilter) ([]Note, string, error) {
	q := newSelection(`SELECT id, at, actor, entity, entity_key, before_doc, after_doc FROM audit`, "id")
	q.text("entity", f.Entity)
	q.text("entity_key", f.Key)
	if f.Cursor != "" {
		n, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", badCursor()
		}
		q.where("id < ?", n)
	}
	var notes []Note
	text := q.withConditions() + fmt.Sprintf(" ORDER BY id DESC LIMIT %d", f.limit()+1)
	err := db.read().query(ctx, func(row scan) error {
		var n Note
		var at int64
		err := row(&n.ID, &at, &n.Actor, &n.Entity, &n.Key, &n.Before, &n.After)
		n.At = instant(at)
		notes = append(notes, n)
		return err
	}, text, q.args...)
	if err != nil {
		return nil, "", db.failed(err, "list the audit")
	}
	if len(notes) <= f.limit() {
		return notes, "", nil
	}
	notes = notes[:f.limit()]
	return notes, strconv.FormatInt(notes[len(notes)-1].ID, 10), nil
}
