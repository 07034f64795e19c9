package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"waybill/internal/tune"
	"waybill/internal/user"
)

const idMapColumns = `kind, tune_id, waybill_id, url`

// PutIDMap adds mappings of TUNE's numbers, puts them in place of earlier ones,
// and takes away those that name nothing here. All of it is one change of the
// catalog, or none. It gives what became of each, in order.
//
// The mappings must have been checked. What they name must be there; it is never
// deleted.
func (db *DB) PutIDMap(ctx context.Context, by user.By, all []tune.Mapping) ([]tune.Outcome, error) {
	var done idMapChange
	err := db.write(ctx, func(ctx context.Context, s session) error {
		if err := catalogChange(ctx, s, "id_map"); err != nil { // first: it locks the catalog
			return err
		}
		done = idMapChange{by: by, at: db.now()}
		for i := range all {
			if err := done.put(ctx, s, &all[i]); err != nil {
				return err
			}
		}
		return done.audit(ctx, s)
	})
	return done.outcomes, db.failed(err, "import %d of TUNE's numbers", len(all))
}

// idMapChange is what one import changes.
type idMapChange struct {
	by            user.By
	at            time.Time
	outcomes      []tune.Outcome
	before, after []tune.Mapping // those that changed
}

func (c *idMapChange) put(ctx context.Context, s session, m *tune.Mapping) error {
	was, err := mappingOf(ctx, s, m.Kind, m.TuneID)
	if err != nil {
		return err
	}
	outcome := m.Against(was)
	c.outcomes = append(c.outcomes, outcome)
	if outcome == tune.Unchanged {
		return nil
	}
	if was != nil {
		c.before = append(c.before, *was)
	}
	c.after = append(c.after, *m)
	return putMapping(ctx, s, m, c.at)
}

// mappingOf gives what is known of a number, nil if nothing is.
func mappingOf(ctx context.Context, s session, k tune.Kind, number string) (*tune.Mapping, error) {
	const read = `SELECT ` + idMapColumns + ` FROM id_map WHERE kind = $1 AND tune_id = $2`
	var found *tune.Mapping
	err := s.query(ctx, func(row scan) error {
		m, err := scanMapping(row)
		found = &m
		return err
	}, read, string(k), number)
	return found, err
}

func scanMapping(row scan) (m tune.Mapping, err error) {
	var kind string
	err = row(&kind, &m.TuneID, &m.WaybillID, &m.URL)
	m.Kind = tune.Kind(kind)
	return m, err
}

func putMapping(ctx context.Context, s session, m *tune.Mapping, now time.Time) error {
	const remove = `DELETE FROM id_map WHERE kind = $1 AND tune_id = $2`
	const put = `
		INSERT INTO id_map (kind, tune_id, waybill_id, url, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (kind, tune_id) DO UPDATE SET
			waybill_id = excluded.waybill_id, url = excluded.url, updated_at = excluded.updated_at`
	if m.Removes() {
		_, err := s.exec(ctx, remove, string(m.Kind), m.TuneID)
		return err
	}
	_, err := s.exec(ctx, put, string(m.Kind), m.TuneID, m.WaybillID, m.URL, micros(now))
	return err
}

// audit notes who changed which numbers: one row for all that changed at once.
func (c *idMapChange) audit(ctx context.Context, s session) error {
	if len(c.after) == 0 {
		return nil
	}
	was, err := json.Marshal(c.before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(c.after)
	if err != nil {
		return err
	}
	return note(ctx, s, &Note{
		At: c.at, Actor: c.by.Actor, Address: c.by.Address, Action: ActionChange, Entity: "id_map",
		Key: fmt.Sprintf("%d numbers", len(c.after)), Before: string(was), After: string(is),
	})
}

// IDMap lists what is known of TUNE's numbers, of one kind or, if it is empty,
// of all, behind one of a kind, up to limit (default 100, at most 1000).
func (db *DB) IDMap(ctx context.Context, of tune.Kind, after tune.Mapping, limit int) ([]tune.Mapping, error) {
	read := `SELECT ` + idMapColumns + ` FROM id_map WHERE (kind, tune_id) > ($1, $2) AND ($3 = '' OR kind = $3)
		ORDER BY kind, tune_id LIMIT ` + strconv.Itoa(Page{Limit: limit}.limit())
	var all []tune.Mapping
	err := db.read().query(ctx, collectMappings(&all), read, string(after.Kind), after.TuneID, string(of))
	return all, db.failed(err, "list TUNE's numbers")
}

func collectMappings(into *[]tune.Mapping) func(scan) error {
	return func(row scan) error {
		m, err := scanMapping(row)
		*into = append(*into, m)
		return err
	}
}

// idMap gives all that is known of TUNE's numbers.
func idMap(ctx context.Context, s session) ([]tune.Mapping, error) {
	var all []tune.Mapping
	err := s.query(ctx, collectMappings(&all), `SELECT `+idMapColumns+` FROM id_map ORDER BY kind, tune_id`)
	return all, err
}
