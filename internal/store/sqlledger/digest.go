package sqlledger

import (
	"context"
	"encoding/json"
	"time"

	"waybill/internal/delivery"
)

// digestsKept is how long the digests of persons stay in what is owed and was not
// delivered: no ad platform takes an event that is older.
const digestsKept = 14 * 24 * time.Hour

// tidyDigests takes the digests of persons out of what was owed long ago.
func (db *DB) tidyDigests(ctx context.Context, now time.Time) error {
	for n := tidyBatch; n == tidyBatch; {
		err := db.write(ctx, func(ctx context.Context, s session) error {
			all, err := withOldDigests(ctx, s, now)
			n = len(all)
			if err != nil {
				return err
			}
			return forgetDigests(ctx, s, all)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withOldDigests gives the IDs and values of some whose digests are to go.
func withOldDigests(ctx context.Context, s session, now time.Time) ([]delivery.Owed, error) {
	const old = `
		SELECT id, frozen FROM delivery WHERE personal AND created_at < $1
		ORDER BY created_at LIMIT $2`
	var all []delivery.Owed
	err := s.query(ctx, func(row scan) error {
		var d delivery.Owed
		var frozen string
		if err := row(&d.ID, &frozen); err != nil {
			return err
		}
		all = append(all, d)
		return json.Unmarshal([]byte(frozen), &all[len(all)-1].Values)
	}, old, micros(now.Add(-digestsKept)), int64(tidyBatch))
	return all, err
}

func forgetDigests(ctx context.Context, s session, all []delivery.Owed) error {
	const forget = `UPDATE delivery SET frozen = $2, personal = FALSE WHERE id = $1`
	for i := range all {
		frozen, err := json.Marshal(all[i].Forget().Values)
		if err != nil {
			return err
		}
		if err := s.later(ctx, forget, all[i].ID, string(frozen)); err != nil {
			return err
		}
	}
	return nil
}
