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
		` WHERE `+t.entity.key+` IN (`+strings.Join(places, ", ")+`) ORDER BY `+t.entity.key, keys...)
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
	text := q.withConditions() + fmt.Sprintf(" ORDER BY %s LIMIT %d", t.entity.key, glance)
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

// behind chooses what follows in a list.
func (t *Table[K, T]) behind(q *selection, l List[K]) {
	q.where(t.entity.key+" > ?", l.After)
	if l.Parent != 0 && t.entity.owner != "" {
		q.number(t.entity.owner, l.Parent)
	}
	if l.Affiliate != 0 && t.entity.holder != "" {
		q.number(t.entity.holder, l.Affiliate)
	}
}

// FindUsers lists people by their numbers, those behind after, up to limit, whose
// name or e-mail address has the text in it, or whose number it is; with an empty
// text, all of them.
func (db *DB) FindUsers(ctx context.Context, text string, after int64, limit int) ([]user.User, error) {
	if text == "" {
		return db.Users(ctx, after, limit)
	}
	want := calledLike(text)
	var found []user.User
	for len(found) < limit {
		all, err := db.Users(ctx, after, glance)
		if err != nil {
			return nil, err
		}
		for i := range all {
			after = all[i].ID
			if len(found) < limit && want.fits(after, []string{all[i].Name, all[i].Email}) {
				found = append(found, all[i])
			}
		}
		if len(all) < glance {
			break
		}
	}
	return found, nil
}
