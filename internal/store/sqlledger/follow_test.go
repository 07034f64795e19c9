package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func followsChanges(t *testing.T, db *DB) {
	i := newIDs(t)
	d := queue(t, db, i, 1, 2)
	follow(t, db, i, d[0]) // a new version of which nothing that is reported differs
	reject(t, db, i, d[1].TransactionID)
	var all []fact.Conversion
	last, whole := int64(0), false
	for n := 0; !whole && n < 10; n++ {
		var facts []fact.Conversion
		var err error
		facts, last, whole, err = db.ConversionFacts(t.Context(), last, 3)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, facts...)
	}
	var got []string
	for _, f := range all {
		got = append(got, fmt.Sprintf("%+d %s %s %d", f.Sign, f.TransactionID, f.Status, f.Payout))
	}
	want := []string{"+1 s1-0 approved 5000000", "+1 s1-1 approved 5000000", "-1 s1-1 approved 5000000", "+1 s1-1 rejected 5000000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if head, err := db.LastChange(t.Context()); err != nil || head != last || head == 0 {
		t.Errorf("the last change is %d (%v), and %d was read last", head, err, last)
	}
	again, same, whole, err := db.ConversionFacts(t.Context(), last, 3)
	if err != nil || len(again) != 0 || same != last || !whole {
		t.Errorf("behind the last: %d facts up to %d, whole %v (%v); want none up to %d, whole", len(again), same, whole, err, last)
	}
}

// reject makes a second version of a transaction's conversion.
func reject(t testing.TB, db *DB, i *ids, transactionID string) {
	t.Helper()
	c := newCase(i, transactionID)
	c.Judge = func(s settlement.State) (settlement.Outcome, error) {
		after := s.Conversions[0]
		after.Version++
		after.Status = conversion.Rejected
		return settlement.Outcome{
			Verdict: verdictOn(c, signal.Updated, signal.CodeUpdated, after.ID), Conversion: &after,
			Entries: entriesOfChange(t, s.Conversions[0], after, c.SignalID),
		}, nil
	}
	settle(t, db, c)
}

func followsAttempts(t *testing.T, db *DB) {
	i := newIDs(t)
	d := queue(t, db, i, 1, 2)
	finish(t, db, d[1], delivery.Waiting, clock)
	a := delivery.Attempt{
		DeliveryID: d[0].ID, Number: 1, At: clock.Add(time.Second), Took: 1500 * time.Millisecond, Method: "GET",
		Status: 503, Error: delivery.ErrStatus,
	}
	after := d[0]
	after.Attempts = 1
	if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: after}); err != nil {
		t.Fatal(err)
	}
	got, whole, err := db.AttemptFacts(t.Context(), 0, 1)
	if err != nil || whole || len(got) != 1 || got[0].DeliveryID != d[1].ID {
		t.Fatalf("the first attempt: %+v, whole %v (%v); want that of %s, and that there is more", got, whole, err, d[1].ID)
	}
	got, whole, err = db.AttemptFacts(t.Context(), got[0].Number, 10)
	want := []fact.Attempt{{
		Number: got[0].Number, DeliveryID: d[0].ID, ConversionID: d[0].ConversionID, TransactionID: "s1-0", Event: "conversion.created",
		At: a.At, Took: a.Took, SubscriptionID: 1, OfferID: 3, AdvertiserID: 1, AffiliateID: 7, Status: 503, Error: "status",
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !whole {
		t.Errorf("the rest: whole %v (%v), (-want +got):\n%s", whole, err, diff)
	}
	// A number is not used again, or whoever follows would pass over it.
	if err := db.Tidy(t.Context(), clock.Add(attemptsKept+time.Hour)); err != nil {
		t.Fatal(err)
	}
	last := got[0].Number
	after.Attempts = 2
	if err := db.Record(t.Context(), delivery.Report{Attempt: delivery.Attempt{DeliveryID: d[0].ID, Number: 2, At: clock.Add(48 * time.Hour)}, After: after}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := db.AttemptFacts(t.Context(), last, 10); err != nil || len(got) != 1 {
		t.Errorf("behind those that have grown old: %+v (%v), want the new one", got, err)
	}
}

func tellsVerdicts(t *testing.T, db *DB) {
	i := newIDs(t)
	var ids []txid.ID
	for n := range 3 {
		c := newCase(i, fmt.Sprintf("t%d", n))
		c.Judge = once(t, i, c)
		id, err := txid.Parse(c.SignalID)
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, id); n != 1 {
			settle(t, db, c)
		}
	}
	mended := rejectFirst(t, db, newCase(i, "mended"), signal.TokenInvalid)
	for _, code := range []signal.Code{signal.ClickExpired, signal.CapReached} {
		again := verdictOn(mended, signal.Rejected, code, "")
		mended.Refusal = &again
		settleAgain(t, db, mended, signal.Replay{})
	}
	id, err := txid.Parse(mended.SignalID)
	if err != nil {
		t.Fatal(err)
	}
	ids = append(ids, id)
	got, err := db.VerdictsOn(t.Context(), ids)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d verdicts (%v), want a place for each of 4", len(got), err)
	}
	if got[3].Code != signal.TokenInvalid {
		t.Errorf("of what was judged again it gives %s, want the first, %s", got[3].Code, signal.TokenInvalid)
	}
	for n, want := range []signal.Status{signal.Accepted, "", signal.Accepted, signal.Rejected} {
		if got[n].Status != want || want != "" && got[n].SignalID != ids[n].String() {
			t.Errorf("verdict %d: %+v, want one of status %q on %s", n, got[n], want, ids[n])
		}
	}
}

func addsUpConversions(t *testing.T, db *DB) {
	i := newIDs(t)
	d := queue(t, db, i, 1, 3)
	position, err := db.LastChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reject(t, db, i, d[2].TransactionID)
	var got []string
	var behind []fact.Conversion
	err = db.ConversionSums(t.Context(), clock.Add(-time.Minute), position, func(of fact.Book, s fact.Sums) {
		got = append(got, fmt.Sprintf("%d %s of offer %d: %v %v %v", s.Count, of.Status, of.OfferID, s.Amount, s.Payout, s.Revenue))
	}, func(some []fact.Conversion) { behind = append(behind, some...) })
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"2 approved of offer 3: 99.80 USD 10.00 USD 14.00 USD": true, "1 rejected of offer 3: 49.90 USD 5.00 USD 7.00 USD": true}
	for _, line := range got {
		if !want[line] {
			t.Errorf("a sum %q, want %v", line, want)
		}
	}
	later := db.ConversionSums(t.Context(), clock, position, func(fact.Book, fact.Sums) {
		t.Error("a sum of conversions that happened later, and there are none")
	}, func([]fact.Conversion) {})
	if later != nil {
		t.Error(later)
	}
	if len(got) != len(want) || len(behind) != 2 || behind[0].Sign != -1 || behind[1].Status != "rejected" {
		t.Errorf("%d sums, and behind the position %+v; want %d, and the rejection", len(got), behind, len(want))
	}
}

// TestLateCommitIsNotPassedOver has transactions of PostgreSQL commit in another
// order than that of their numbers, and of the numbers they have drawn.
func TestLateCommitIsNotPassedOver(t *testing.T) {
	db := open(t, postgresURL(t))
	i := newIDs(t)
	d := queue(t, db, i, 1, 4)
	first, last, whole, err := db.ConversionFacts(t.Context(), 0, 100)
	if err != nil || len(first) != 4 || !whole {
		t.Fatalf("%d facts, whole %v (%v), want 4", len(first), whole, err)
	}
	// The oldest transaction draws the last number, a younger one the first, and
	// one between them none yet: no order of theirs is that of their commits.
	var txs []*lateWriter
	for range 3 {
		txs = append(txs, begin(t, db))
	}
	txs[2].change(d[0].ConversionID)
	txs[0].change(d[1].ConversionID)
	txs[2].commit()
	txs[0].commit()

	got, at, whole, err := db.ConversionFacts(t.Context(), last, 100)
	if err != nil || whole {
		t.Errorf("with a transaction running: %d facts, whole %v (%v), want to be told that there is more", len(got), whole, err)
	}
	txs[1].change(d[2].ConversionID)
	txs[1].commit()
	seen := changesIn(got)
	for n := 0; len(seen) < 3 && n < 100; n++ {
		var more []fact.Conversion
		if more, at, whole, err = db.ConversionFacts(t.Context(), at, 100); err != nil {
			t.Fatal(err)
		}
		for id := range changesIn(more) {
			if seen[id] {
				t.Errorf("change %d was given twice", id)
			}
			seen[id] = true
		}
	}
	if len(seen) != 3 || !whole {
		t.Errorf("in the end %d of the 3 changes were given, whole %v", len(seen), whole)
	}
}

// TestOlderServerIsFollowedAnew has a tail that knows more than there is, as after
// the server was brought back to an older state: what it waits for may be a
// transaction of another server, which never ends here.
func TestOlderServerIsFollowedAnew(t *testing.T) {
	db := open(t, postgresURL(t))
	queue(t, db, newIDs(t), 1, 2)
	const far = 1 << 40
	for name, was := range map[string]*tail{"decided": {until: far}, "noted": {next: far, below: "9000000000000000000"}} {
		db.changes = was
		facts, last, whole, err := db.ConversionFacts(t.Context(), 0, 10)
		if err != nil || len(facts) != 2 || !whole {
			t.Errorf("%s: %d facts, whole %v (%v); want both", name, len(facts), whole, err)
		}
		if was.until != last {
			t.Errorf("%s: numbers up to %d count as decided, and the last is %d", name, was.until, last)
		}
	}
}

func changesIn(facts []fact.Conversion) map[int64]bool {
	all := map[int64]bool{}
	for _, f := range facts {
		all[f.ChangeID] = true
	}
	return all
}

// lateWriter is a transaction that has written something and goes on later.
type lateWriter struct {
	t    *testing.T
	todo chan func(context.Context, session) error
	done chan error
}

func begin(t *testing.T, db *DB) *lateWriter {
	t.Helper()
	w := &lateWriter{t: t, todo: make(chan func(context.Context, session) error), done: make(chan error)}
	go func() {
		w.done <- db.write(t.Context(), func(ctx context.Context, s session) error {
			_, err := s.exec(ctx, `INSERT INTO setting (name, doc) VALUES ($1, '') ON CONFLICT (name) DO NOTHING`, fmt.Sprintf("%p", w))
			w.done <- err
			for f := range w.todo {
				w.done <- f(ctx, s)
			}
			return err
		})
	}()
	w.await()
	return w
}

func (w *lateWriter) await() {
	w.t.Helper()
	if err := <-w.done; err != nil {
		w.t.Fatal(err)
	}
}

// change writes a change of a conversion: of its first version into one that is
// not known any more, which is all that the reader asks for.
func (w *lateWriter) change(conversionID string) {
	w.t.Helper()
	w.todo <- func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, `
			INSERT INTO change (kind, conversion_id, version, before_doc, at)
			VALUES ('conversion', $1, 2, '{"id":"x","status":"pending"}', 1)`, conversionID)
		return err
	}
	w.await()
}

func (w *lateWriter) commit() {
	w.t.Helper()
	close(w.todo)
	w.await()
}

// TestAttemptsGoOnAfterRestore restores a ledger on each engine: what is recorded
// afterwards stands behind what whoever follows has read.
func TestAttemptsGoOnAfterRestore(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		from, to, i := open(t, at(t)), open(t, at(t)), newIDs(t)
		d := queue(t, from, i, 1, 2)
		finish(t, from, d[0], delivery.Waiting, clock)
		file := filepath.Join(t.TempDir(), "backup.db")
		say := func(string, ...any) {}
		if err := errors.Join(from.Backup(t.Context(), file, say), to.Restore(t.Context(), file, say)); err != nil {
			t.Fatal(err)
		}
		read, _, err := to.AttemptFacts(t.Context(), 0, 10)
		if err != nil || len(read) != 1 {
			t.Fatalf("%d attempts were restored (%v), want 1", len(read), err)
		}
		finish(t, to, d[1], delivery.Waiting, clock)
		if got, _, err := to.AttemptFacts(t.Context(), read[0].Number, 10); err != nil || len(got) != 1 || got[0].DeliveryID != d[1].ID {
			t.Errorf("behind the restored attempt: %+v (%v), want the new one", got, err)
		}
	})
}
