package sqlledger

import (
	"context"
	"slices"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/signal"
)

// Trace is everything the ledger knows of one transaction, each list in order
// of time.
type Trace struct {
	Verdicts    []signal.Verdict
	Earlier     []signal.Earlier // of the verdicts' signals
	Passed      []signal.Verdict // on signals that named it, and credited another, or took an order from it
	Conversions []conversion.Conversion
	Entries     []ledger.Entry
	Deliveries  []delivery.Owed
	Attempts    []delivery.Attempt
}

// mostTraced bounds each list of a trace.
const mostTraced = 1000

// Trace gives everything of one transaction, at one moment. One that the ledger
// has never heard of is an empty trace.
func (db *DB) Trace(ctx context.Context, transactionID string) (Trace, error) {
	var t Trace
	err := db.snapshot(ctx, func(s session) (err error) {
		t = Trace{}
		if t.Verdicts, err = tracedVerdicts(ctx, s, transactionID); err != nil {
			return err
		}
		if t.Earlier, err = earlierVerdicts(ctx, s, earlierOfTransaction, transactionID); err != nil {
			return err
		}
		if t.Passed, err = passedVerdicts(ctx, s, transactionID); err != nil {
			return err
		}
		const ofTransaction = `
			SELECT ` + conversionColumns + ` FROM conversion WHERE transaction_id = $1
			ORDER BY created_at, id LIMIT $2`
		if t.Conversions, err = readConversions(ctx, s, ofTransaction, transactionID, int64(mostTraced)); err != nil {
			return err
		}
		for i := range t.Conversions {
			if err := t.follow(ctx, s, &t.Conversions[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return t, db.failed(err, "trace transaction %s", transactionID)
}

// supersede adds the verdict on the signal that took a conversion's order for
// another click.
func (t *Trace) supersede(ctx context.Context, s session, c *conversion.Conversion) error {
	in := c.Memory.SupersededIn
	if in == "" || slices.ContainsFunc(t.Passed, func(v signal.Verdict) bool { return v.SignalID == in }) {
		return nil
	}
	v, err := verdictOf(ctx, s, in)
	if err != nil {
		return err
	}
	t.Passed = append(t.Passed, v)
	return nil
}

// follow adds what a conversion has led to, and who took its order.
func (t *Trace) follow(ctx context.Context, s session, c *conversion.Conversion) error {
	if err := t.supersede(ctx, s, c); err != nil {
		return err
	}
	entries, err := entriesOf(ctx, s, c.ID)
	if err != nil {
		return err
	}
	const ofConversion = `
		SELECT ` + deliveryColumns + ` FROM delivery WHERE conversion_id = $1
		ORDER BY sequence, subscription_id`
	deliveries, err := readDeliveries(ctx, s, ofConversion, c.ID)
	if err != nil {
		return err
	}
	t.Entries = append(t.Entries, entries...)
	t.Deliveries = append(t.Deliveries, deliveries...)
	for i := range deliveries {
		attempts, err := attemptsOf(ctx, s, deliveries[i].ID)
		if err != nil {
			return err
		}
		t.Attempts = append(t.Attempts, attempts...)
	}
	return nil
}

func tracedVerdicts(ctx context.Context, s session, transactionID string) ([]signal.Verdict, error) {
	const read = `
		SELECT ` + verdictColumns + ` FROM verdict WHERE transaction_id = $1 AND transaction_id <> ''
		ORDER BY settled_at, signal_id LIMIT $2`
	all, err := tracedBy(ctx, s, read, transactionID)
	if err != nil {
		return nil, err
	}
	const ofVerdicts = `
		SELECT c.signal_id, c.candidates FROM considered c JOIN verdict v ON v.signal_id = c.signal_id
		WHERE v.transaction_id = $1 AND v.transaction_id <> ''`
	return all, consider(ctx, s, all, ofVerdicts, transactionID)
}

// passedVerdicts gives the verdicts on signals that named a transaction, and were
// credited to another.
func passedVerdicts(ctx context.Context, s session, transactionID string) ([]signal.Verdict, error) {
	const read = `
		SELECT ` + verdictColumns + ` FROM verdict WHERE signal_id IN (
			SELECT signal_id FROM considered WHERE transaction_id = $1 AND transaction_id <> '')
		ORDER BY settled_at, signal_id LIMIT $2`
	all, err := tracedBy(ctx, s, read, transactionID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	const ofThem = `SELECT signal_id, candidates FROM considered WHERE transaction_id = $1 AND transaction_id <> ''`
	return all, consider(ctx, s, all, ofThem, transactionID)
}

func tracedBy(ctx context.Context, s session, read, transactionID string) ([]signal.Verdict, error) {
	var all []signal.Verdict
	err := s.query(ctx, func(row scan) error {
		v, err := scanVerdict(row)
		all = append(all, v)
		return err
	}, read, transactionID, int64(mostTraced))
	return all, err
}
