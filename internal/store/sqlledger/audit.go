package sqlledger

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"waybill/internal/user"
)

// The actions that the ledger notes by itself, beside those that callers name.
const (
	ActionCreate = "create"
	ActionChange = "change"
	ActionRemove = "remove"
	ActionRevoke = "revoke"
)

// Note is one thing that somebody did, as the audit keeps it.
type Note struct {
	ID        int64
	At        time.Time
	Actor     string // who: "user 3", "key 7", "deliver"
	ActorName string // what a user or key is called; only read
	Address   string // from where, empty where that is not known
	Action    string // create, change, log_in, …
	Entity    string // offer, link, user, key, …
	Key       string
	Before    string // JSON, empty where there is none; secrets are taken out
	After     string
}

// note writes n down; its number is drawn here.
func note(ctx context.Context, s session, n *Note) error {
	number, err := nextNumber(ctx, s, "audit")
	if err != nil {
		return err
	}
	n.ID = number
	return insertNote(ctx, s, n)
}

func insertNote(ctx context.Context, s session, n *Note) error {
	const insert = `
		INSERT INTO audit (id, at, actor, entity, entity_key, before_doc, after_doc, action, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	_, err := s.exec(ctx, insert, n.ID, micros(n.At), n.Actor, n.Entity, n.Key, n.Before, n.After, n.Action, n.Address)
	return err
}

// doc gives a value as the audit keeps it, nothing for nil.
func doc(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	b, err := json.Marshal(value)
	return string(b), err
}

// noteOf is a note by somebody about a thing that stands in the ledger.
func noteOf(by user.By, at time.Time, action, entity string, id int64) Note {
	return Note{At: at, Actor: by.Actor, Address: by.Address, Action: action, Entity: entity, Key: strconv.FormatInt(id, 10)}
}

// with puts what was and what is into a note.
func (n Note) with(before, after any) (_ Note, err error) {
	if n.Before, err = doc(before); err != nil {
		return n, err
	}
	n.After, err = doc(after)
	return n, err
}

// Note writes down that somebody did what the ledger does not see by itself: a
// log-in that failed, a look with a partner's eyes. detail is JSON, or empty.
func (db *DB) Note(ctx context.Context, by user.By, action, entity, key, detail string) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		return note(ctx, s, &Note{
			At: db.now(), Actor: by.Actor, Address: by.Address, Action: action, Entity: entity, Key: key, After: detail,
		})
	})
	return db.failed(err, "note %s of %s %s", action, entity, key)
}

// AuditFilter picks notes. What is left open fits all.
type AuditFilter struct {
	Entity string
	Key    string
	Actor  string
	Action string
	Page
}

// Audit lists what was done, the latest first, and gives the cursor of the next
// page, empty behind the last. Who was removed still has a name there.
func (db *DB) Audit(ctx context.Context, f AuditFilter) ([]Note, string, error) {
	q := newSelection(`
		SELECT a.id, a.at, a.actor, a.entity, a.entity_key, a.before_doc, a.after_doc, a.action, a.address,
			COALESCE(u.name, ''), COALESCE(u.email, ''), COALESCE(k.name, '')
		FROM audit a
			LEFT JOIN users u ON a.actor = 'user ' || u.id
			LEFT JOIN api_key k ON a.actor = 'key ' || k.id`, "a.id")
	q.text("a.entity", f.Entity)
	q.text("a.entity_key", f.Key)
	q.text("a.actor", f.Actor)
	q.text("a.action", f.Action)
	if f.Cursor != "" {
		n, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", badCursor()
		}
		q.where("a.id < ?", n)
	}
	var notes []Note
	text := q.withConditions() + " ORDER BY a.id DESC LIMIT " + strconv.Itoa(f.limit()+1)
	err := db.read().query(ctx, func(row scan) error {
		n, err := scanNote(row)
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

func scanNote(row scan) (Note, error) {
	var n Note
	var at int64
	var name, email, keyName string
	err := row(&n.ID, &at, &n.Actor, &n.Entity, &n.Key, &n.Before, &n.After, &n.Action, &n.Address, &name, &email, &keyName)
	n.At = instant(at)
	for _, called := range [...]string{name, email, keyName} {
		if called != "" {
			n.ActorName = called
			break
		}
	}
	return n, err
}
