package sqlledger

import (
	"context"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// keyColumns are in the order of scanKey.
const keyColumns = `id, role, advertiser_id, affiliate_id, name, prefix, hash, created_at, revoked_at, test`

func scanKey(read scan) (catalog.HashedKey, error) {
	var k catalog.HashedKey
	var advertiserID, affiliateID *int64
	var created, revoked int64
	err := read(&k.ID, &k.Role, &advertiserID, &affiliateID, &k.Name, &k.Prefix, &k.Hash, &created, &revoked, &k.Test)
	if advertiserID != nil {
		k.AdvertiserID = *advertiserID
	}
	if affiliateID != nil {
		k.AffiliateID = *affiliateID
	}
	k.CreatedAt = instant(created)
	if revoked != 0 {
		at := instant(revoked)
		k.RevokedAt = &at
	}
	return k, err
}

// CreateKey adds an API key, known by the hash of its secret.
func (db *DB) CreateKey(ctx context.Context, by user.By, k account.Key, hash string) (account.Key, error) {
	const insert = `
		INSERT INTO api_key (` + keyColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)`
	err := db.write(ctx, func(ctx context.Context, s session) (err error) {
		if err := catalogChange(ctx, s, "api_key"); err != nil {
			return err
		}
		if err := checkNewKey(ctx, s, by, k); err != nil {
			return err
		}
		if k.ID, err = nextNumber(ctx, s, "api_key"); err != nil {
			return err
		}
		if k.CreatedAt.IsZero() {
			k.CreatedAt = db.now()
		}
		k.CreatedAt = instant(micros(k.CreatedAt))
		_, err = s.exec(ctx, insert, k.ID, string(k.Role), orNull(k.AdvertiserID), orNull(k.AffiliateID),
			k.Name, k.Prefix, hash, micros(k.CreatedAt), k.Test)
		if err != nil && doubled(err) {
			err = fault.New(fault.Conflict, "there is a key with this secret already")
		}
		if err != nil {
			return err
		}
		n, err := noteOf(by, db.now(), ActionCreate, "key", k.ID).with(nil, k)
		if err != nil {
			return err
		}
		return note(ctx, s, &n)
	})
	return k, db.failed(err, "create key")
}

// checkNewKey refuses a key for whom there is not, and one of a session that has
// ended.
func checkNewKey(ctx context.Context, s session, by user.By, k account.Key) error {
	if err := stillIn(ctx, s, by.Session); err != nil {
		return err
	}
	for _, p := range append(ifSet("advertiser_id", "advertiser", k.AdvertiserID), ifSet("affiliate_id", "affiliate", k.AffiliateID)...) {
		if err := checkParent(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

// RevokeKey ends a key. One that is revoked already stays as it is.
func (db *DB) RevokeKey(ctx context.Context, by user.By, id int64, at time.Time) error {
	const update = `UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if err := catalogChange(ctx, s, "api_key"); err != nil {
			return err
		}
		changed, err := s.exec(ctx, update, id, micros(at))
		if err != nil {
			return err
		}
		if changed == 1 {
			n := noteOf(by, db.now(), ActionRevoke, "key", id)
			return note(ctx, s, &n)
		}
		var known int64
		return s.must(ctx, "such key", []any{&known}, `SELECT id FROM api_key WHERE id = $1`, id)
	})
	return db.failed(err, "revoke key %d", id)
}

// ListKeys gives every key, also those that were revoked, without their hashes.
func (db *DB) ListKeys(ctx context.Context) ([]account.Key, error) {
	hashed, err := keys(ctx, db.read(), `SELECT `+keyColumns+` FROM api_key ORDER BY id`)
	all := make([]account.Key, len(hashed))
	for i := range hashed {
		all[i] = hashed[i].Key
	}
	return all, db.failed(err, "list keys")
}

func liveKeys(ctx context.Context, s session) ([]catalog.HashedKey, error) {
	return keys(ctx, s, `SELECT `+keyColumns+` FROM api_key WHERE revoked_at = 0 ORDER BY id`)
}

func keys(ctx context.Context, s session, text string) ([]catalog.HashedKey, error) {
	var all []catalog.HashedKey
	err := s.query(ctx, func(row scan) error {
		k, err := scanKey(row)
		all = append(all, k)
		return err
	}, text)
	return all, err
}
