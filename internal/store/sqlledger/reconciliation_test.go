package sqlledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/reconcile"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func readsCompared(t *testing.T, db *DB) {
	i := newIDs(t)
	a, err := db.Advertisers().Create(t.Context(), newAdvertiser("one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Offers().Create(t.Context(), newOffer(a.Value.ID)); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for n := range 5 {
		click := i.next(txid.Click, false)
		c := newCase(i, click.String())
		c.SignalID = i.next(txid.Signal, n == 4).String()
		c.Claim.Test, c.Claim.OfferID, c.OrderID = n == 4, 1+int64(n)%2, fmt.Sprintf("o%d", n)
		conv := newConversion(i.conversionID(t, c.SignalID), c)
		conv.AdvertiserID, conv.AffiliateID = 1+int64(n)%2, int64(n)/2+1
		conv.OccurredAt = clock.Add(-time.Duration(n) * time.Hour)
		c.Judge = func(settlement.State) (settlement.Outcome, error) { return accepted(t, c, conv), nil }
		settle(t, db, c)
		ids = append(ids, conv.ID)
	}
	all := reconcile.Scope{From: clock.AddDate(0, 0, -1), Until: clock.AddDate(0, 0, 1)}
	tests := []struct {
		name string
		of   func(*reconcile.Scope)
		want []int
	}{
		{"all, tests too", func(*reconcile.Scope) {}, []int{0, 1, 2, 3, 4}},
		{"of an advertiser", func(s *reconcile.Scope) { s.AdvertiserID = 1 }, []int{0, 2, 4}},
		{"of an affiliate", func(s *reconcile.Scope) { s.AffiliateID = 2 }, []int{2, 3}},
		{"by when they happened", func(s *reconcile.Scope) { s.From, s.Until = clock.Add(-2*time.Hour), clock }, []int{1, 2}},
	}
	for _, tt := range tests {
		scope, got := all, []string{}
		tt.of(&scope)
		err := db.ReconcileConversions(t.Context(), scope, func(c reconcile.Conversion) error {
			got = append(got, c.ID.String())
			return nil
		})
		want := []string{}
		for _, n := range tt.want {
			want = append(want, ids[n])
		}
		slices.Sort(got)
		slices.Sort(want)
		if err != nil {
			t.Error(err)
		}
		same(t, tt.name, want, got)
	}
	err = db.ReconcileConversions(t.Context(), reconcile.Scope{From: clock, Until: clock.Add(1)}, func(c reconcile.Conversion) error {
		want, err := db.Conversion(t.Context(), ids[0])
		if err != nil {
			return err
		}
		if c.Money[reconcile.Amount] != want.Amount || c.Money[reconcile.Revenue] != want.Revenue || c.Money[reconcile.Payout] != want.Payout ||
			c.TransactionID.String() != want.Touch.TransactionID || c.OrderID != "o0" || c.Status != want.Status || !c.OccurredAt.Equal(want.OccurredAt) ||
			c.Goal != want.GoalCode || !c.AmountKnown || c.ByServer != want.SeenByServer || c.Version != 1 || c.Channel != want.Channel {
			t.Errorf("compared %+v, want %+v", c, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func readsVerdicts(t *testing.T, db *DB) {
	i := newIDs(t)
	var clicks []txid.ID
	var signals []string
	for n := range 1200 {
		click := i.next(txid.Click, false)
		clicks = append(clicks, click)
		if n%400 != 0 {
			continue
		}
		c := newCase(i, click.String())
		c.SignalID = i.signal()
		v := verdictOn(c, signal.Rejected, signal.TooFast, "")
		if n == 400 {
			v.Status, v.Code = signal.Duplicate, signal.Sighting
		}
		c.Refusal = &v
		settle(t, db, c)
		signals = append(signals, c.SignalID)
	}
	var got []string
	note := func(v signal.Verdict) error {
		got = append(got, v.SignalID)
		return nil
	}
	if err := db.VerdictsOfClicks(t.Context(), clicks, note); err != nil {
		t.Error(err)
	}
	slices.Sort(got)
	same(t, "of all clicks", signals, got)
	got = nil
	if err := db.Rejections(t.Context(), clock.Add(-time.Hour), clock.Add(time.Hour), note); err != nil {
		t.Error(err)
	}
	same(t, "rejected", []string{signals[0], signals[2]}, got)
	got = nil
	if err := db.Rejections(t.Context(), clock.Add(-time.Hour), clock, note); err != nil {
		t.Error(err)
	}
	same(t, "rejected before", nil, got)
}

func keepsReconciliations(t *testing.T, db *DB) {
	ctx := t.Context()
	var ids []string
	for n := range 5 {
		at := clock.Add(time.Duration(n) * 24 * time.Hour)
		r := reconcile.Record{
			ID: reconcile.NewID(at, fmt.Sprint("x", n)), Owner: reconcile.Owner{AffiliateID: int64(n) % 2}, CreatedAt: at, Name: "November",
			Parameters: json.RawMessage(`{"tz":"UTC"}`), Summary: json.RawMessage(`{"lines":3}`),
		}
		ids = append(ids, r.ID)
		parts := []reconcile.Part{{Class: reconcile.MissingHere, Body: []byte{0, 1, 0xff}}, {Class: reconcile.MissingHere, Number: 1, Body: bytes.Repeat([]byte{byte(n)}, 100_000)}}
		if err := db.AddReconciliationParts(ctx, r.ID, parts); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Reconciliation(ctx, r.ID); fault.Of(err) != fault.NotFound {
			t.Errorf("before it is saved: %v, want NotFound", err)
		}
		if err := db.SaveReconciliation(ctx, r); err != nil {
			t.Fatal(err)
		}
		got, err := db.Reconciliation(ctx, r.ID)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(r) {
			t.Errorf("read %+v (%v), want %+v", got, err, r)
		}
		body, err := db.ReconciliationPart(ctx, r.ID, reconcile.MissingHere, 1)
		if err != nil || !bytes.Equal(body, parts[1].Body) {
			t.Errorf("a part of %d bytes (%v), want the one that was kept", len(body), err)
		}
	}
	if _, err := db.ReconciliationPart(ctx, ids[0], reconcile.MissingHere, 2); fault.Of(err) != fault.NotFound {
		t.Errorf("a part behind the last: %v, want NotFound", err)
	}
	listed := func(f reconcile.Filter) []string {
		return pages(t, func(p Page) ([]reconcile.Record, string, error) {
			f.Cursor, f.Limit = p.Cursor, p.Limit
			return db.Reconciliations(ctx, f)
		}, func(r reconcile.Record) string { return r.ID })
	}
	same(t, "all", backwards(ids, 0, 1, 2, 3, 4), listed(reconcile.Filter{All: true}))
	same(t, "the network's", backwards(ids, 0, 2, 4), listed(reconcile.Filter{}))
	same(t, "an affiliate's", backwards(ids, 1, 3), listed(reconcile.Filter{Owner: reconcile.Owner{AffiliateID: 1}}))

	orphan := reconcile.NewID(clock, "y")
	if err := db.AddReconciliationParts(ctx, orphan, []reconcile.Part{{Class: reconcile.Matched, Body: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Tidy(ctx, clock.Add(reconcile.Kept+36*time.Hour)); err != nil {
		t.Fatal(err)
	}
	same(t, "young ones", backwards(ids, 2, 3, 4), listed(reconcile.Filter{All: true}))
	for _, id := range []string{ids[0], ids[1], orphan} {
		if _, err := db.ReconciliationPart(ctx, id, reconcile.MissingHere, 0); fault.Of(err) != fault.NotFound {
			t.Errorf("rows of %s, which is too old: %v, want NotFound", id, err)
		}
	}
	if _, err := db.ReconciliationPart(ctx, ids[2], reconcile.MissingHere, 0); err != nil {
		t.Errorf("rows of one that is young: %v", err)
	}
}

// keepReconciliation puts something into the tables of reconciliations: bytes
// that are no text, too.
func keepReconciliation(t testing.TB, db *DB) {
	t.Helper()
	id := reconcile.NewID(clock, "z")
	if err := db.AddReconciliationParts(t.Context(), id, []reconcile.Part{{Class: reconcile.Matched, Body: []byte{0, 0xff, '\'', 7}}}); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveReconciliation(t.Context(), reconcile.Record{ID: id, CreatedAt: clock, Name: "n", Parameters: []byte("{}"), Summary: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
}
