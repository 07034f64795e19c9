package deliver

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlitetest"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// ledgers are those of a new installation.
var ledgers = sqlitetest.Template{Fill: func(path string) error {
	db, err := sqlledger.Open(context.Background(), path, sqlledger.Options{})
	if err != nil {
		return err
	}
	return db.Close()
}}

// newLedger opens a new ledger on SQLite, with an affiliate's subscription to a
// URL, and gives the catalog of it.
func newLedger(t testing.TB, url string) (*sqlledger.DB, func() *catalog.Catalog) {
	t.Helper()
	db, err := sqlledger.Open(t.Context(), ledgers.Copy(t, filepath.Join(t.TempDir(), "ledger.db")), sqlledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	partner := affiliate.Default()
	partner.Name = "Partner"
	a, err := db.Affiliates().Create(t.Context(), partner)
	if err != nil {
		t.Fatal(err)
	}
	s := delivery.Default()
	s.Owner.AffiliateID, s.URL = a.Value.ID, url
	row, err := db.Subscriptions().Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c := newCatalog(t, row.Value)
	return db, func() *catalog.Catalog { return c }
}

// owe settles a signal that makes the nth conversion, whose making and approval
// are owed to subscription 1.
func owe(t testing.TB, db *sqlledger.DB, ring *txid.Ring, n int) []string {
	t.Helper()
	now := time.Now()
	id := func(k txid.Kind) txid.ID {
		sealed, err := ring.Seal(txid.Parts{Kind: k, Time: now, Seq: uint16(n), Offer: 1, Affiliate: 1})
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	conv := conversion.Conversion{
		ID: id(txid.Conversion).String(), OfferID: 1, GoalID: 1, GoalCode: "default", AffiliateID: 1, AdvertiserID: 1,
		Status: conversion.Approved, Channel: "postback", Version: 1, CreatedAt: now, UpdatedAt: now, OccurredAt: now,
		Touch: conversion.Touch{TransactionID: id(txid.Click).String(), Kind: "click", At: now},
	}
	c := settlement.Case{
		SignalID: id(txid.Signal).String(),
		Claim:    settlement.Claim{OfferID: 1, GoalID: 1, TransactionID: conv.Touch.TransactionID},
	}
	var ids []string
	var all []delivery.Owed
	for i, e := range []conversion.Event{conversion.EventCreated, conversion.EventApproved} {
		o := delivery.Owed{
			ID: delivery.ID(id(txid.Signal), 1, e), SubscriptionID: 1, ConversionID: conv.ID, TransactionID: conv.Touch.TransactionID,
			Sequence: i + 1, Event: e, Values: map[string]string{"status": string(e), "conversion_id": conv.ID},
			State: delivery.Waiting, CreatedAt: now, DueAt: now,
		}
		ids, all = append(ids, o.ID), append(all, o)
	}
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		return settlement.Outcome{
			Verdict:    signal.Verdict{Status: signal.Accepted, Code: signal.OK, ConversionID: conv.ID, SignalID: c.SignalID, OfferID: 1, GoalID: 1},
			Conversion: &conv, Owed: all,
		}, nil
	}
	if _, err := db.Settle(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return ids
}

// trackerLog keeps what arrives, by conversion, and fails every third request.
type trackerLog struct {
	mu    sync.Mutex
	calls int
	got   map[string][]string // events by conversion, of those that were answered 200
}

func (l *trackerLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls++; l.calls%3 == 1 {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	q := r.URL.Query()
	l.got[q.Get("c")] = append(l.got[q.Get("c")], q.Get("s"))
}

// hasty is a ledger in which what failed is due again at once.
type hasty struct{ *sqlledger.DB }

func (h hasty) Record(ctx context.Context, r delivery.Report) error {
	if r.After.State == delivery.Waiting {
		r.After.DueAt = time.Now()
	}
	return h.DB.Record(ctx, r)
}

// TestOnTheLedger: two workers on one ledger deliver everything once and in
// order, although the receiver fails now and then, and the ledger knows each
// attempt.
func TestOnTheLedger(t *testing.T) {
	const conversions = 40
	far := &trackerLog{got: make(map[string][]string)}
	db, present := newLedger(t, serve(t, far.ServeHTTP)+"/?c={conversion_id}&s={status}")
	var ids []string
	for n := range conversions {
		ids = append(ids, owe(t, db, present().Ring(), n)...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var workers []*running
	for range 2 {
		workers = append(workers, begin(t, New(hasty{db}, present, Settings{AllowPrivate: loopback()}, quiet())))
	}
	for open := ids; len(open) > 0; {
		o, err := db.Delivery(ctx, open[0])
		if err != nil {
			t.Fatal(err)
		}
		if o.State == delivery.Delivered {
			open = open[1:]
			continue
		}
		if o.State != delivery.Waiting || !sleep(ctx, 5*time.Millisecond) {
			t.Fatalf("%d are not delivered, the first is %+v", len(open), o)
		}
	}
	for _, w := range workers {
		w.end()
	}

	if len(far.got) != conversions {
		t.Errorf("the receiver heard of %d conversions, want %d", len(far.got), conversions)
	}
	want := []string{string(conversion.EventCreated), string(conversion.EventApproved)}
	for c, events := range far.got {
		if !slices.Equal(events, want) {
			t.Errorf("of %s the receiver heard %v, want %v", c, events, want)
		}
	}
	attempts := 0
	for _, id := range ids {
		o, err := db.Delivery(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := db.Attempts(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		attempts += len(kept)
		if len(kept) != o.Attempts || kept[len(kept)-1].Status != 200 || o.DoneAt.IsZero() || !o.LeasedUntil.IsZero() {
			t.Errorf("%s is %+v after %+v", id, o, kept)
		}
		for i, a := range kept {
			if a.Number != i+1 || !strings.Contains(a.URL, o.ConversionID) || (a.Error == "") != (a.Status == 200) {
				t.Errorf("attempt %d of %s is kept as %+v", i+1, id, a)
			}
		}
	}
	if attempts != far.calls {
		t.Errorf("the ledger knows %d attempts, the receiver %d", attempts, far.calls)
	}
}

// TestGivenBackOnTheLedger: what does not go out is given back such that another
// worker has it at once.
func TestGivenBackOnTheLedger(t *testing.T) {
	arrived, answered := make(chan struct{}, 9), make(chan struct{})
	db, present := newLedger(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-answered:
		case <-r.Context().Done():
		}
	})+"/?c={conversion_id}")
	var ids []string
	for n := range 3 {
		ids = append(ids, owe(t, db, present().Ring(), n)[0])
	}
	first := begin(t, New(db, present, Settings{AllowPrivate: loopback(), PerHost: 1}, quiet()))
	<-arrived
	first.stop()
	held := 0
	for now := time.Now(); held < 2; { // those that were not begun, long before the lease ends
		claimed, err := db.Claim(t.Context(), delivery.Ask{Now: time.Now(), LeaseUntil: time.Now().Add(time.Hour), Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range claimed {
			if held++; o.Attempts != 0 || !slices.Contains(ids, o.ID) {
				t.Errorf("claimed %+v", o)
			}
		}
		if time.Since(now) > 4*time.Second || !sleep(t.Context(), 10*time.Millisecond) {
			t.Fatalf("%d of 2 were given back", held)
		}
	}
	close(answered)
	first.end()
}
