package sqlledger

import (
	"context"
	"math"
	"sync"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// tail knows up to which number a table that rows are only appended to is
// decided: no row with that number or a lower one appears any more.
//
// On SQLite, whose one writer numbers rows in the order of its commits, that is
// every number that can be seen. PostgreSQL draws numbers before it commits, and
// neither the order of the numbers nor that of the transactions is the order of
// the commits. So the tail notes the highest number that it sees, and draws a
// transaction number behind it: whoever drew a lower row number before that runs
// in an older transaction. When none that is older runs any more, all numbers up
// to the noted one are decided.
type tail struct {
	mu    sync.Mutex
	until int64  // decided
	next  int64  // decided when no transaction older than below runs; 0 for none noted
	below string // a transaction's number
}

const (
	// tailWaits is how long a read waits for the transactions that run beside it,
	// which take some milliseconds, before it leaves what they hold up to the next.
	tailWaits = 50 * time.Millisecond
	tailLooks = 2 * time.Millisecond
)

// decided gives the number up to which a table is decided, and whether that
// holds for all rows that could be seen when it was called.
func (t *tail) decided(ctx context.Context, db *DB, table string) (until int64, whole bool, err error) {
	if db.engine != postgres {
		return math.MaxInt64, true, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	head, err := lastNumber(ctx, db.read(), table)
	if err != nil {
		return 0, false, err
	}
	if head < max(t.until, t.next) { // the server was brought back to an older state: its numbers come anew
		t.until, t.next = 0, 0
	}
	for begun := time.Now(); t.until < head; {
		if t.next == 0 {
			if err := t.note(ctx, db.read(), head); err != nil {
				return 0, false, err
			}
		}
		passed, err := t.pass(ctx, db.read())
		switch {
		case err != nil:
			return 0, false, err
		case !passed && time.Since(begun) > tailWaits:
			return t.until, false, nil
		case !passed:
			wait(ctx, tailLooks)
		}
	}
	return t.until, true, nil
}

// lastNumber gives the highest number of a table's rows that can be seen.
func lastNumber(ctx context.Context, s session, table string) (n int64, err error) {
	_, err = s.get(ctx, []any{&n}, `SELECT COALESCE(MAX(id), 0) FROM `+table)
	return n, err
}

// note draws a transaction number behind head.
func (t *tail) note(ctx context.Context, s session, head int64) error {
	const draw = `SELECT CAST(pg_current_xact_id() AS TEXT)`
	if _, err := s.get(ctx, []any{&t.below}, draw); err != nil {
		return err
	}
	t.next = head
	return nil
}

// pass moves on to the number noted, if it is decided by now.
func (t *tail) pass(ctx context.Context, s session) (bool, error) {
	const over = `SELECT pg_snapshot_xmin(pg_current_snapshot()) >= CAST(CAST($1 AS TEXT) AS XID8)`
	passed := false
	if _, err := s.get(ctx, []any{&passed}, over, t.below); err != nil || !passed {
		return false, err
	}
	t.until, t.next = t.next, 0
	return true, nil
}

// wait waits, or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ConversionFacts gives the facts of up to limit changes after one, and the
// number of the last of these changes. whole says that nothing is left that was
// committed when it was called.
func (db *DB) ConversionFacts(ctx context.Context, after int64, limit int) (facts []fact.Conversion, last int64, whole bool, err error) {
	changes, whole, err := db.changesAfter(ctx, after, limit)
	if err != nil {
		return nil, after, false, err
	}
	facts, last = factsOf(changes, after)
	return facts, last, whole, nil
}

func factsOf(changes []Change, after int64) (facts []fact.Conversion, last int64) {
	last = after
	for i := range changes {
		c := &changes[i]
		facts = append(facts, fact.OfChange(c.Before, &c.After, c.ID)...)
		last = c.ID
	}
	return facts, last
}

// LastChange gives the number of the last change that can be seen, 0 when there
// is none.
func (db *DB) LastChange(ctx context.Context) (int64, error) {
	last, err := lastNumber(ctx, db.read(), "change")
	return last, db.failed(err, "find the last change")
}

// AttemptFacts gives the facts of up to limit attempts after one, each of which
// bears its number. whole says that nothing is left that was committed when it
// was called.
func (db *DB) AttemptFacts(ctx context.Context, after int64, limit int) (facts []fact.Attempt, whole bool, err error) {
	until, whole, err := db.attempts.decided(ctx, db, "attempt")
	if err == nil && until > after {
		facts, err = readAttempts(ctx, db.read(), after, until, limit)
	}
	return facts, whole && len(facts) < limit, db.failed(err, "read attempts after %d", after)
}

// AttemptHorizon gives the time before which attempts may have been deleted.
func (*DB) AttemptHorizon(now time.Time) time.Time { return now.Add(-attemptsKept) }

func readAttempts(ctx context.Context, s session, after, until int64, limit int) ([]fact.Attempt, error) {
	const read = `
		SELECT a.id, a.delivery_id, a.number, a.at, a.took, a.status, a.error,
			d.subscription_id, d.conversion_id, d.transaction_id, d.event, d.test,
			COALESCE(v.offer_id, 0), COALESCE(v.advertiser_id, 0), COALESCE(v.affiliate_id, 0)
		FROM attempt a
		JOIN delivery d ON d.id = a.delivery_id
		LEFT JOIN conversion v ON v.id = d.conversion_id
		WHERE a.id > $1 AND a.id <= $2
		ORDER BY a.id LIMIT $3`
	var all []fact.Attempt
	err := s.query(ctx, func(row scan) error {
		var number, at, took int64
		var a delivery.Attempt
		var d delivery.Owed
		var v conversion.Conversion
		err := row(&number, &a.DeliveryID, &a.Number, &at, &took, &a.Status, &a.Error,
			&d.SubscriptionID, &d.ConversionID, &d.TransactionID, &d.Event, &d.Test,
			&v.OfferID, &v.AdvertiserID, &v.AffiliateID)
		a.At, a.Took = instant(at), time.Duration(took)
		all = append(all, fact.OfAttempt(number, &a, &d, &v))
		return err
	}, read, after, until, int64(limit))
	return all, err
}

// VerdictsOn gives the verdicts that signals were first given, in the order of
// ids, also where another has taken its place since: reports count a signal by
// what it was told when it came, whenever they are made. A signal that has none
// yet gets one without a status.
func (db *DB) VerdictsOn(ctx context.Context, ids []txid.ID) ([]signal.Verdict, error) {
	of := make(map[string]signal.Verdict, len(ids))
	for rest := ids; len(rest) > 0; {
		n := min(len(rest), mostSettled)
		args := make([]any, n)
		for i, id := range rest[:n] {
			args[i] = id.String()
		}
		rest = rest[n:]
		keep := func(v signal.Verdict) error {
			of[v.SignalID] = v
			return nil
		}
		in := ` WHERE signal_id IN (` + numbered(1, n) + `)`
		err := db.eachVerdict(ctx, keep, `SELECT `+verdictColumns+` FROM verdict`+in, args...)
		if err == nil { // afterwards: what is replaced in between is found among the earlier ones
			err = db.eachVerdict(ctx, keep, `SELECT `+verdictColumns+` FROM earlier_verdict`+in+` AND number = 1`, args...)
		}
		if err != nil {
			return nil, db.failed(err, "read the verdicts on signals")
		}
	}
	all := make([]signal.Verdict, len(ids))
	for i, id := range ids {
		all[i] = of[id.String()]
	}
	return all, nil
}
