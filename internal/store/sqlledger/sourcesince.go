package sqlledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"waybill/internal/catalog"
)

const (
	// mostFollowed is how many changes are read one by one; for more the whole
	// catalog is.
	mostFollowed = 500
	// keptChanges is of how many versions it is known what they changed.
	keptChanges = 10_000
)

// catalogChange draws the catalog's next version for a change of something that is
// read whole. It locks the catalog until the transaction ends.
func catalogChange(ctx context.Context, s session, entity string) error {
	version, err := nextNumber(ctx, s, "catalog")
	if err != nil {
		return err
	}
	return catalogChanged(ctx, s, version, entity, "")
}

// catalogChanged notes what a version of the catalog has changed.
func catalogChanged(ctx context.Context, s session, version int64, entity string, key any) error {
	const insert = `INSERT INTO catalog_change (version, entity, entity_key) VALUES ($1, $2, $3)`
	const forget = `DELETE FROM catalog_change WHERE version <= $1`
	if _, err := s.exec(ctx, insert, version, entity, fmt.Sprint(key)); err != nil {
		return err
	}
	_, err := s.exec(ctx, forget, version-keptChanges)
	return err
}

// SourceSince is Source for who has read it before: what was not changed since is
// the same slice, and not even read. Where it is not known what was changed, or too
// much was, all is.
func (db *DB) SourceSince(ctx context.Context, before catalog.Source) (catalog.Source, error) {
	var src catalog.Source
	err := db.snapshot(ctx, func(s session) error {
		changes, known, err := changesSince(ctx, s, before.Version)
		if err != nil {
			return err
		}
		if !known {
			src, err = db.source(ctx, s)
			return err
		}
		src = before
		for _, c := range changes {
			if err := db.renew(ctx, s, &src, c); err != nil {
				return err
			}
		}
		src.Version, err = catalogVersion(ctx, s)
		return err
	})
	return src, db.failed(err, "read what has changed in the catalog")
}

// changed are the entities of one sort that were changed.
type changed struct {
	entity string
	keys   []string
}

// changesSince gives what was changed since a version, and whether all of it is
// known.
func changesSince(ctx context.Context, s session, since int64) (all []changed, known bool, err error) {
	now, err := catalogVersion(ctx, s)
	if err != nil || since <= 0 || now < since || now-since > mostFollowed {
		return nil, false, err
	}
	versions := int64(0)
	err = s.query(ctx, func(row scan) error {
		var entity, key string
		if err := row(&entity, &key); err != nil {
			return err
		}
		versions++
		i := slices.IndexFunc(all, func(c changed) bool { return c.entity == entity })
		if i < 0 {
			i, all = len(all), append(all, changed{entity: entity})
		}
		if !slices.Contains(all[i].keys, key) {
			all[i].keys = append(all[i].keys, key)
		}
		return nil
	}, `SELECT entity, entity_key FROM catalog_change WHERE version > $1 AND version <= $2 ORDER BY version`, since, now)
	return all, versions == now-since, err
}

// renew puts what was changed of one sort into a source.
func (db *DB) renew(ctx context.Context, s session, src *catalog.Source, c changed) (err error) {
	switch c.entity {
	case "advertiser":
		src.Advertisers, err = renewed(ctx, s, db.Advertisers(), src.Advertisers, c.keys)
	case "affiliate":
		src.Affiliates, err = renewed(ctx, s, db.Affiliates(), src.Affiliates, c.keys)
	case "offer":
		src.Offers, err = renewed(ctx, s, db.Offers(), src.Offers, c.keys)
	case "goal":
		src.Goals, err = renewed(ctx, s, db.Goals(), src.Goals, c.keys)
	case "term":
		src.Terms, err = renewed(ctx, s, db.Terms(), src.Terms, c.keys)
	case "link":
		src.Links, err = renewed(ctx, s, db.Links(), src.Links, c.keys)
	case "coupon":
		src.Coupons, err = renewed(ctx, s, db.Coupons(), src.Coupons, c.keys)
	case "domain":
		src.Domains, err = renewed(ctx, s, db.Domains(), src.Domains, c.keys)
	case "subscription":
		src.Subscriptions, err = renewed(ctx, s, db.Subscriptions(), src.Subscriptions, c.keys)
	default:
		err = renewWhole(ctx, s, src, c.entity)
	}
	return err
}

// renewWhole reads what is small, or seldom changed, from end to end.
func renewWhole(ctx context.Context, s session, src *catalog.Source, entity string) (err error) {
	switch entity {
	case "api_key":
		src.Keys, err = liveKeys(ctx, s)
	case "offer_access":
		src.Access, err = permissions(ctx, s)
	case "id_map":
		src.IDMap, err = idMap(ctx, s)
	case "setting":
		src.Settings, err = settings(ctx, s)
	case "ring_key":
		src.Ring, err = ring(ctx, s)
	default:
		err = fmt.Errorf("nothing of the catalog is called %q", entity)
	}
	return err
}

// renewed gives a copy of values in which those with some keys are as they are
// now. What is new comes last: numbers rise.
func renewed[K int64 | string, T any](ctx context.Context, s session, t *Table[K, T], values []T, keys []string) ([]T, error) {
	places := make([]any, len(keys))
	for i, key := range keys {
		var err error
		if places[i], err = keyOf[K](key); err != nil {
			return nil, err
		}
	}
	var rows []Row[T]
	err := s.query(ctx, collect(&rows), `SELECT `+documentColumns+` FROM `+t.entity.name+
		` WHERE `+t.entity.key+` IN (`+numbered(1, len(places))+`) ORDER BY `+t.entity.key, places...)
	if err != nil {
		return nil, err
	}
	now := make(map[K]*T, len(rows))
	for i := range rows {
		now[*t.entity.id(&rows[i].Value)] = &rows[i].Value
	}
	all := make([]T, len(values), len(values)+len(rows))
	copy(all, values)
	for i := range all {
		key := *t.entity.id(&all[i])
		if v, ok := now[key]; ok {
			all[i] = *v
			delete(now, key)
		}
	}
	for i := range rows {
		if _, isNew := now[*t.entity.id(&rows[i].Value)]; isNew {
			all = append(all, rows[i].Value)
		}
	}
	return all, nil
}

// keyOf reads a key that was written as text.
func keyOf[K int64 | string](text string) (K, error) {
	var key K
	switch p := any(&key).(type) {
	case *string:
		*p = text
	case *int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return key, fmt.Errorf("read what was changed: %w", err)
		}
		*p = n
	}
	return key, nil
}
