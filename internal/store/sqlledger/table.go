package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// Table is the catalog's entities of one sort: documents, with what must be
// unique or refer to another entity beside them in columns. Every change raises
// the catalog's version and is noted in the audit.
type Table[K int64 | string, T any] struct {
	db     *DB
	entity entity[K, T]
	by     user.By
}

// entity is what sets one sort of entity apart from the others.
type entity[K int64 | string, T any] struct {
	name    string // of the table
	noun    string // in messages
	key     string // column
	columns string // beside key, doc, version and times
	values  func(*T) []any
	id      func(*T) *K
	most    int64                                         // largest number, 0 for no bound
	parents func(*T) []parent                             // what it refers to
	unique  func(*T) error                                // the fault when it is there already
	called  []string                                      // columns of names, none where there are no names
	dated   bool                                          // its keys say not in which order it was made
	hide    func(*T)                                      // takes secrets out before the audit keeps it
	created func(context.Context, *DB, session, *T) error // what is made along with it
}

// parent is an entity that another refers to, by the field that does.
type parent struct {
	field, table, noun string
	id                 int64
}

// Row is an entity with what the ledger knows about it.
type Row[T any] struct {
	Value     T
	Version   int64 // 1 for a new one, one more with each change
	CreatedAt time.Time
	UpdatedAt time.Time
}

// By gives the table for somebody who goes into the audit.
func (t *Table[K, T]) By(who user.By) *Table[K, T] {
	mine := *t
	mine.by = who
	return &mine
}

// Get gives one entity.
func (t *Table[K, T]) Get(ctx context.Context, key K) (Row[T], error) {
	row, err := t.get(ctx, t.db.read(), key)
	return row, t.db.failed(err, "read %s %v", t.entity.noun, key)
}

const documentColumns = `doc, version, created_at, updated_at`

func (t *Table[K, T]) get(ctx context.Context, s session, key K) (Row[T], error) {
	var rows []Row[T]
	err := s.query(ctx, collect(&rows),
		`SELECT `+documentColumns+` FROM `+t.entity.name+` WHERE `+t.entity.key+` = $1`, key)
	if err != nil {
		return Row[T]{}, err
	}
	if len(rows) == 0 {
		return Row[T]{}, notFound(fmt.Sprintf("%s %v", t.entity.noun, key))
	}
	return rows[0], nil
}

// collect reads documentColumns.
func collect[T any](into *[]Row[T]) func(scan) error {
	return func(read scan) error {
		var row Row[T]
		var doc string
		var created, updated int64
		if err := read(&doc, &row.Version, &created, &updated); err != nil {
			return err
		}
		row.CreatedAt, row.UpdatedAt = instant(created), instant(updated)
		if err := json.Unmarshal([]byte(doc), &row.Value); err != nil {
			return fmt.Errorf("read document: %w", err)
		}
		*into = append(*into, row)
		return nil
	}
}

// all gives every entity by rising key.
func (t *Table[K, T]) all(ctx context.Context, s session) ([]T, error) {
	var rows []Row[T]
	err := s.query(ctx, collect(&rows), `SELECT `+documentColumns+` FROM `+t.entity.name+` ORDER BY `+t.entity.key)
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = rows[i].Value
	}
	return values, err
}

// Create adds an entity. Its number is the next one, whatever it bears.
func (t *Table[K, T]) Create(ctx context.Context, value T) (Row[T], error) {
	var row Row[T]
	err := t.db.write(ctx, func(ctx context.Context, s session) (err error) {
		row, err = t.create(ctx, s, value)
		return err
	})
	return row, t.db.failed(err, "create %s", t.entity.noun)
}

func (t *Table[K, T]) create(ctx context.Context, s session, value T) (Row[T], error) {
	now := instant(micros(t.db.now()))
	row := Row[T]{Value: value, Version: 1, CreatedAt: now, UpdatedAt: now}
	version, err := nextNumber(ctx, s, "catalog") // first: it locks the catalog
	if err != nil {
		return row, err
	}
	if err := t.number(ctx, s, &row.Value); err != nil {
		return row, err
	}
	if err := catalogChanged(ctx, s, version, t.entity.name, *t.entity.id(&row.Value)); err != nil {
		return row, err
	}
	if err := t.checkParents(ctx, s, &row.Value); err != nil {
		return row, err
	}
	key := *t.entity.id(&row.Value)
	doc, err := json.Marshal(row.Value)
	if err != nil {
		return row, err
	}
	args := append([]any{key, string(doc), row.Version, micros(now), micros(now)}, t.entity.values(&row.Value)...)
	insert := `INSERT INTO ` + t.entity.name + ` (` + t.entity.key + `, ` + documentColumns + t.moreColumns() + `)
		VALUES (` + numbered(1, len(args)) + `)`
	if _, err := s.exec(ctx, insert, args...); err != nil {
		return row, t.clash(err, &row.Value)
	}
	if err := t.audit(ctx, s, nil, &row.Value, now); err != nil {
		return row, err
	}
	if t.entity.created != nil {
		return row, t.entity.created(ctx, t.db, s, &row.Value)
	}
	return row, nil
}

func (t *Table[K, T]) moreColumns() string {
	if t.entity.columns == "" {
		return ""
	}
	return ", " + t.entity.columns
}

// number gives a new entity its number; an entity that is known by a code brings
// its own.
func (t *Table[K, T]) number(ctx context.Context, s session, value *T) error {
	switch key := any(t.entity.id(value)).(type) {
	case *int64:
		n, err := nextNumber(ctx, s, t.entity.name)
		if err != nil {
			return err
		}
		if t.entity.most > 0 && n > t.entity.most {
			return fault.New(fault.Limited, "there are no more than %d %ss", t.entity.most, t.entity.noun)
		}
		*key = n
	case *string:
		if *key == "" {
			return fault.At(t.entity.key, "is missing")
		}
	}
	return nil
}

// Update changes an entity, if it still has the version that the caller has
// seen (0: whatever it has); otherwise it is Stale. change may run more than
// once; what it does to the key is undone.
func (t *Table[K, T]) Update(ctx context.Context, key K, ifVersion int64, change func(*T) error) (Row[T], error) {
	var row Row[T]
	err := t.db.write(ctx, func(ctx context.Context, s session) (err error) {
		row, err = t.update(ctx, s, key, ifVersion, change)
		return err
	})
	return row, t.db.failed(err, "change %s %v", t.entity.noun, key)
}

func (t *Table[K, T]) update(ctx context.Context, s session, key K, ifVersion int64, change func(*T) error) (Row[T], error) {
	version, err := nextNumber(ctx, s, "catalog")
	if err != nil {
		return Row[T]{}, err
	}
	if err := catalogChanged(ctx, s, version, t.entity.name, key); err != nil {
		return Row[T]{}, err
	}
	before, err := t.get(ctx, s, key)
	if err != nil {
		return before, err
	}
	if ifVersion != 0 && ifVersion != before.Version {
		return before, fault.New(fault.Stale, "%s %v was changed meanwhile: it has version %d, not %d",
			t.entity.noun, key, before.Version, ifVersion)
	}
	row, err := t.get(ctx, s, key) // a second copy, which shares nothing with the first
	if err != nil {
		return row, err
	}
	if err := change(&row.Value); err != nil {
		return row, err
	}
	*t.entity.id(&row.Value) = key
	row.Version++
	row.UpdatedAt = instant(micros(t.db.now()))
	if err := t.store(ctx, s, &row); err != nil {
		return row, err
	}
	return row, t.audit(ctx, s, &before.Value, &row.Value, row.UpdatedAt)
}

func (t *Table[K, T]) store(ctx context.Context, s session, row *Row[T]) error {
	if err := t.checkParents(ctx, s, &row.Value); err != nil {
		return err
	}
	doc, err := json.Marshal(row.Value)
	if err != nil {
		return err
	}
	var sets strings.Builder
	args := []any{*t.entity.id(&row.Value), string(doc), row.Version, micros(row.UpdatedAt)}
	if t.entity.columns != "" {
		for i, column := range strings.Split(t.entity.columns, ", ") {
			fmt.Fprintf(&sets, ", %s = $%d", column, len(args)+i+1)
		}
	}
	args = append(args, t.entity.values(&row.Value)...)
	update := `UPDATE ` + t.entity.name + ` SET doc = $2, version = $3, updated_at = $4` + sets.String() +
		` WHERE ` + t.entity.key + ` = $1`
	_, err = s.exec(ctx, update, args...)
	return t.clash(err, &row.Value)
}

// checkParents names the field that refers to what does not exist. Entities are
// never deleted, so what is there stays.
func (t *Table[K, T]) checkParents(ctx context.Context, s session, value *T) error {
	if t.entity.parents == nil {
		return nil
	}
	for _, p := range t.entity.parents(value) {
		if err := checkParent(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

func checkParent(ctx context.Context, s session, p parent) error {
	var id int64
	found, err := s.get(ctx, []any{&id}, `SELECT id FROM `+p.table+` WHERE id = $1`, p.id)
	if err == nil && !found {
		err = fault.At(p.field, "there is no %s %d", p.noun, p.id)
	}
	return err
}

// clash turns the engine's complaint about a value that is taken into a fault at
// its field.
func (t *Table[K, T]) clash(err error, value *T) error {
	if err != nil && t.entity.unique != nil && doubled(err) {
		return t.entity.unique(value)
	}
	return err
}

// audit notes who changed what.
func (t *Table[K, T]) audit(ctx context.Context, s session, before, after *T, at time.Time) error {
	n := Note{At: at, Actor: t.by.Actor, Address: t.by.Address, Action: ActionChange, Entity: t.entity.name, Key: fmt.Sprint(*t.entity.id(after))}
	if before == nil {
		n.Action = ActionCreate
	}
	var err error
	if n.Before, err = t.shown(before); err != nil {
		return err
	}
	if n.After, err = t.shown(after); err != nil {
		return err
	}
	return note(ctx, s, &n)
}

// shown gives an entity as the audit keeps it.
func (t *Table[K, T]) shown(value *T) (string, error) {
	if value == nil {
		return "", nil
	}
	shown := *value
	if t.entity.hide != nil {
		t.entity.hide(&shown)
	}
	doc, err := json.Marshal(shown)
	return string(doc), err
}

// nextNumber hands out the next number of a sequence, and locks it until the
// transaction ends.
func nextNumber(ctx context.Context, s session, name string) (n int64, err error) {
	const next = `UPDATE sequence SET last = last + 1 WHERE name = $1 RETURNING last`
	err = s.must(ctx, "sequence "+name, []any{&n}, next, name)
	return n, err
}
