package sqlledger

import (
	"context"
	"fmt"
	"strings"

	"waybill/internal/user"
)

// glance is how many names are looked at at a time.
const glance = 5000

// called chooses by what something is called: a part of one of its names, in
// either case of letters, or its exact number. Engines differ in what they take for
// letters, so that the words are compared here.
type called struct{ text, folded string }

func calledLike(text string) called { return called{text, strings.ToLower(text)} }

func (c called) fits(key any, names []string) bool {
	if fmt.Sprint(key) == c.text {
		return true
	}
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), c.folded) {
			return true
		}
	}
	return false
}

// find gives the entities of a list that are called so. Only names are read of the
// others.
func (t *Table[K, T]) find(ctx context.Context, l List[K]) ([]Row[T], error) {
	limit := Page{Limit: l.Limit}.limit()
	want := calledLike(l.Find)
	var keys []any
	for len(keys) < limit {
		n, err := t.look(ctx, l, func(key K, names []string) {
			l.After = key
			if len(keys) < limit && want.fits(key, names) {
				keys = append(keys, key)
			}
		})
		if err != nil {
			return nil, err
		}
		if n < glance {
			break
		}
	}
	if keys == nil {
		return nil, nil
	}
	places := make([]string, len(keys))
	for i := range keys {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	var rows []Row[T]
	err := t.db.read().query(ctx, collect(&rows), `SELECT `+documentColumns+` FROM `+t.entity.name+
		` WHERE `+t.entity.key+` IN (`+strings.Join(places, ", ")+`)`+t.inOrder(l.Newest), keys...)
	return rows, err
}

// look hands the keys and names of what follows to use, and tells how many there
// were.
func (t *Table[K, T]) look(ctx context.Context, l List[K], use func(K, []string)) (n int, err error) {
	q := newSelection(`SELECT `+t.entity.key+`, `+strings.Join(t.entity.called, ", ")+` FROM `+t.entity.name, t.entity.key)
	t.behind(q, l)
	var key K
	names := make([]string, len(t.entity.called))
	into := []any{&key}
	for i := range names {
		into = append(into, &names[i])
	}
	text := q.withConditions() + t.inOrder(l.Newest) + fmt.Sprintf(" LIMIT %d", glance)
	err = t.db.read().query(ctx, func(read scan) error {
		if err := read(into...); err != nil {
			return err
		}
		n++
		use(key, names)
		return nil
	}, text, q.args...)
	return n, err
}

// UserList says which people are listed: those that come behind After, up to
// Limit.
type UserList struct {
	After                 int64
	Limit                 int
	Newest                bool   // who was invited last comes first; else numbers rise
	Advertiser, Affiliate int64  // only those who are with this one; 0 for all
	Find                  string // as in List: in the name or the e-mail address
}

// FindUsers lists people.
func (db *DB) FindUsers(ctx context.Context, l UserList) ([]user.User, error) {
	if l.Find == "" {
		return db.listUsers(ctx, l)
	}
	want := calledLike(l.Find)
	look := l
	look.Limit = glance
	var found []user.User
	for len(found) < l.Limit {
		all, err := db.listUsers(ctx, look)
		if err != nil {
			return nil, err
		}
		for i := range all {
			look.After = all[i].ID
			if len(found) < l.Limit && want.fits(look.After, []string{all[i].Name, all[i].Email}) {
				found = append(found, all[i])
			}
		}
		if len(all) < glance {
			break
		}
	}
	return found, nil
}

func (db *DB) listUsers(ctx context.Context, l UserList) ([]user.User, error) {
	q := newSelection(`SELECT `+userColumns+` FROM users u`, "u.id")
	q.cond = append(q.cond, "u.removed_at = 0")
	q.number("u.advertiser_id", l.Advertiser)
	q.number("u.affiliate_id", l.Affiliate)
	order, behind := "", "u.id > ?"
	if l.Newest {
		order, behind = " DESC", "u.id < ?"
	}
	if l.After != 0 {
		q.where(behind, l.After)
	}
	text := q.withConditions() + fmt.Sprintf(" ORDER BY u.id%s LIMIT %d", order, l.Limit)
	var all []user.User
	err := db.read().query(ctx, func(row scan) error {
		var r userRow
		err := row(r.dest()...)
		all = append(all, r.value())
		return err
	}, text, q.args...)
	return all, db.failed(err, "list users")
}
