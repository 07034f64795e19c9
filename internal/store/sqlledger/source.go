package sqlledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// Source reads the whole catalog at one moment. Keys that were revoked are left
// out. Which caps are used up is not in it: Used tells, for the periods that the
// caller asks for.
func (db *DB) Source(ctx context.Context) (catalog.Source, error) {
	var src catalog.Source
	err := db.snapshot(ctx, func(s session) (err error) {
		src, err = db.source(ctx, s)
		return err
	})
	return src, db.failed(err, "read the catalog")
}

func (db *DB) source(ctx context.Context, s session) (src catalog.Source, err error) {
	if src.Version, err = catalogVersion(ctx, s); err != nil {
		return src, err
	}
	if src.Settings, err = settings(ctx, s); err != nil {
		return src, err
	}
	if src.Ring, err = ring(ctx, s); err != nil {
		return src, err
	}
	if src.Keys, err = liveKeys(ctx, s); err != nil {
		return src, err
	}
	return src, db.sourceTables(ctx, s, &src)
}

func (db *DB) sourceTables(ctx context.Context, s session, src *catalog.Source) (err error) {
	if src.Advertisers, err = db.Advertisers().all(ctx, s); err != nil {
		return err
	}
	if src.Affiliates, err = db.Affiliates().all(ctx, s); err != nil {
		return err
	}
	if src.Offers, err = db.Offers().all(ctx, s); err != nil {
		return err
	}
	if src.Goals, err = db.Goals().all(ctx, s); err != nil {
		return err
	}
	if src.Terms, err = db.Terms().all(ctx, s); err != nil {
		return err
	}
	if src.Links, err = db.Links().all(ctx, s); err != nil {
		return err
	}
	if src.Coupons, err = db.Coupons().all(ctx, s); err != nil {
		return err
	}
	if src.Access, err = permissions(ctx, s); err != nil {
		return err
	}
	if src.IDMap, err = idMap(ctx, s); err != nil {
		return err
	}
	if src.Domains, err = db.Domains().all(ctx, s); err != nil {
		return err
	}
	src.Subscriptions, err = db.Subscriptions().all(ctx, s)
	return err
}

// CatalogVersion gives the number of the catalog's latest change. It is cheap.
func (db *DB) CatalogVersion(ctx context.Context) (int64, error) {
	v, err := catalogVersion(ctx, db.read())
	return v, db.failed(err, "read the catalog's version")
}

func catalogVersion(ctx context.Context, s session) (v int64, err error) {
	err = s.must(ctx, "catalog", []any{&v}, `SELECT last FROM sequence WHERE name = 'catalog'`)
	return v, err
}

const installationSetting = "installation"

// Settings gives the settings of the installation.
func (db *DB) Settings(ctx context.Context) (catalog.Settings, error) {
	set, err := settings(ctx, db.read())
	return set, db.failed(err, "read the settings")
}

func settings(ctx context.Context, s session) (set catalog.Settings, err error) {
	doc, err := settingOf(ctx, s, installationSetting)
	if err != nil || doc == "" {
		return set, err
	}
	return set, json.Unmarshal([]byte(doc), &set)
}

// SaveSettings changes the settings of the installation. The identity key never
// changes: what set says of it is ignored.
func (db *DB) SaveSettings(ctx context.Context, by user.By, set catalog.Settings) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if err := catalogChange(ctx, s, "setting"); err != nil {
			return err
		}
		known, err := settings(ctx, s)
		if err != nil {
			return err
		}
		set.IdentityKey = known.IdentityKey
		doc, err := json.Marshal(set)
		if err != nil {
			return err
		}
		if err := setSetting(ctx, s, installationSetting, string(doc)); err != nil {
			return err
		}
		return noteSettings(ctx, s, by, db.now(), known, set)
	})
	return db.failed(err, "save the settings")
}

// noteSettings tells the audit of a change, without the key.
func noteSettings(ctx context.Context, s session, by user.By, at time.Time, before, after catalog.Settings) error {
	type shown struct {
		catalog.Settings
		IdentityKey []byte `json:"identity_key,omitempty"` // hides the other
	}
	n := Note{At: at, Actor: by.Actor, Address: by.Address, Action: ActionChange, Entity: "settings"}
	n, err := n.with(shown{Settings: before}, shown{Settings: after})
	if err != nil {
		return err
	}
	return note(ctx, s, &n)
}

// Ring gives the keys that seal transaction IDs.
func (db *DB) Ring(ctx context.Context) ([]txid.Key, error) {
	keys, err := ring(ctx, db.read())
	return keys, db.failed(err, "read the transaction ID keys")
}

func ring(ctx context.Context, s session) ([]txid.Key, error) {
	var keys []txid.Key
	err := s.query(ctx, func(row scan) error {
		var doc string
		if err := row(&doc); err != nil {
			return err
		}
		var k txid.Key
		if err := json.Unmarshal([]byte(doc), &k); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	}, `SELECT doc FROM ring_key ORDER BY number`)
	return keys, err
}

// AddRingKey adds a key that seals transaction IDs from its time on. Its number
// must be free.
func (db *DB) AddRingKey(ctx context.Context, k txid.Key) error {
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if err := catalogChange(ctx, s, "ring_key"); err != nil {
			return err
		}
		added, err := insertRingKey(ctx, s, k)
		if err == nil && !added {
			err = fault.New(fault.Conflict, "there is a key %d already", k.Number)
		}
		return err
	})
	return db.failed(err, "add transaction ID key %d", k.Number)
}

func insertRingKey(ctx context.Context, s session, k txid.Key) (bool, error) {
	const insert = `INSERT INTO ring_key (number, doc) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING`
	doc, err := json.Marshal(k)
	if err != nil {
		return false, err
	}
	added, err := s.exec(ctx, insert, int64(k.Number), string(doc))
	return added == 1, err
}

// identityKeyBytes is the length of the key of hashed identities.
const identityKeyBytes = 32

// furnish gives a new ledger what every installation needs: a key for
// transaction IDs, and one for hashed identities. Nodes that start together
// agree on the first one's.
func (db *DB) furnish(ctx context.Context) error {
	keys, err := db.Ring(ctx)
	if err != nil {
		return err
	}
	set, err := db.Settings(ctx)
	if err != nil || len(keys) > 0 && len(set.IdentityKey) > 0 {
		return err
	}
	key, err := txid.NewKey(1, db.now(), rand.Reader)
	if err != nil {
		return err
	}
	set.IdentityKey = make([]byte, identityKeyBytes)
	if _, err := rand.Read(set.IdentityKey); err != nil {
		return fmt.Errorf("draw the identity key: %w", err)
	}
	doc, err := json.Marshal(set)
	if err != nil {
		return err
	}
	const insert = `INSERT INTO setting (name, doc) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	return db.write(ctx, func(ctx context.Context, s session) error {
		if _, err := insertRingKey(ctx, s, key); err != nil {
			return err
		}
		_, err := s.exec(ctx, insert, installationSetting, string(doc))
		return err
	})
}

// TakeNode hands out the next node number, never the same twice.
func (db *DB) TakeNode(ctx context.Context, holder string, at time.Time) (uint16, error) {
	const insert = `INSERT INTO node (number, holder, taken_at) VALUES ($1, $2, $3)`
	var n int64
	err := db.write(ctx, func(ctx context.Context, s session) (err error) {
		if n, err = nextNumber(ctx, s, "node"); err != nil {
			return err
		}
		if n > txid.MaxNode {
			return fault.New(fault.Limited, "all %d node numbers are taken", txid.MaxNode)
		}
		_, err = s.exec(ctx, insert, n, holder, micros(at))
		return err
	})
	if err != nil {
		return 0, db.failed(err, "take a node number")
	}
	return uint16(n), nil //nolint:gosec // at most MaxNode
}

// NodesBeside gives the numbers of the nodes that whoever holds a number does not
// hold.
func (db *DB) NodesBeside(ctx context.Context, number uint16) ([]uint16, error) {
	const read = `
		SELECT number FROM node
		WHERE number <> $1 AND holder NOT IN (SELECT holder FROM node WHERE number = $1) ORDER BY number`
	var all []uint16
	err := db.read().query(ctx, func(row scan) error {
		var n int64
		err := row(&n)
		all = append(all, uint16(n)) //nolint:gosec // at most MaxNode
		return err
	}, read, int64(number))
	return all, db.failed(err, "read the nodes")
}
