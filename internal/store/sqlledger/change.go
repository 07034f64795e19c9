package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"waybill/internal/conversion"
)

// Change is one step in a conversion's life.
type Change struct {
	ID     int64
	At     time.Time
	Before *conversion.Conversion // nil for a new one
	After  conversion.Conversion
}

// conversionDoc is a whole conversion as JSON, with what others never see.
type conversionDoc struct {
	conversion.Conversion
	Memory conversion.Memory `json:"memory"`
}

const conversionChanged = "conversion"

func insertChange(ctx context.Context, s session, c *conversion.Conversion, before string) error {
	const insert = `
		INSERT INTO change (kind, conversion_id, version, before_doc, at)
		VALUES ($1, $2, $3, $4, $5)`
	return s.later(ctx, insert, conversionChanged, c.ID, int64(c.Version), before, micros(c.UpdatedAt))
}

// Changes gives the changes of conversions after one, in an order in which none
// ever appears in front of those given.
func (db *DB) Changes(ctx context.Context, after int64, limit int) ([]Change, error) {
	all, _, err := db.changesAfter(ctx, after, limit)
	return all, err
}

// changesAfter is Changes, and reports whether all that was committed when it
// was called is among those given or before.
func (db *DB) changesAfter(ctx context.Context, after int64, limit int) (all []Change, whole bool, err error) {
	until, whole, err := db.changes.decided(ctx, db, "change")
	if err == nil && until > after {
		all, err = readChanges(ctx, db.read(), after, until, limit)
	}
	return all, whole && len(all) < limit, db.failed(err, "read changes after %d", after)
}

// readChanges gives the changes after one number, up to another.
func readChanges(ctx context.Context, s session, after, until int64, limit int) ([]Change, error) {
	// What a change led to is what the next one found, or the conversion itself.
	read := `
		SELECT c.id, c.at, c.before_doc, COALESCE(n.before_doc, ''), ` + columnsOf("v", conversionColumns) + `
		FROM change c
		JOIN conversion v ON v.id = c.conversion_id
		LEFT JOIN change n ON n.conversion_id = c.conversion_id AND n.version = c.version + 1 AND n.before_doc <> ''
		WHERE c.id > $1 AND c.id <= $2
		ORDER BY c.id LIMIT $3`
	var all []Change
	err := s.query(ctx, func(row scan) error {
		c, err := scanChange(row)
		all = append(all, c)
		return err
	}, read, after, until, int64(limit))
	return all, err
}

func scanChange(row scan) (Change, error) {
	var c Change
	var at int64
	var before, after string
	current, err := scanConversion(func(dest ...any) error {
		return row(append([]any{&c.ID, &at, &before, &after}, dest...)...)
	})
	if err != nil {
		return c, err
	}
	c.At, c.After = instant(at), current
	if after != "" {
		if c.After, err = readDoc(after); err != nil {
			return c, err
		}
	}
	if before != "" {
		was, err := readDoc(before)
		c.Before = &was
		return c, err
	}
	return c, nil
}

func readDoc(text string) (conversion.Conversion, error) {
	var doc conversionDoc
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return conversion.Conversion{}, fmt.Errorf("read a conversion's earlier state: %w", err)
	}
	doc.Conversion.Memory = doc.Memory
	return doc.Conversion, nil
}
