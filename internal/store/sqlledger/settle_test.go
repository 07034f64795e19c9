package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

func newCase(i *ids, transactionID string) settlement.Case {
	return settlement.Case{
		SignalID: i.signal(),
		Claim:    settlement.Claim{OfferID: 3, GoalID: 4, TransactionID: transactionID},
	}
}

func settlesOnce(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	c.OrderID = "o1"
	judged := 0
	want := newConversion(i.conversionID(t, c.SignalID), c)
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		judged++
		if judged > 1 {
			return settlement.Outcome{Verdict: verdictOn(c, signal.Rejected, signal.TooFast, "")}, nil
		}
		out := accepted(t, c, want)
		out.Owed = []delivery.Owed{owed(want, 1, clock), owed(want, 2, clock)}
		return out, nil
	}
	first := settle(t, db, c)
	if diff := cmp.Diff(verdictOn(c, signal.Accepted, signal.OK, want.ID), first); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	again := settle(t, db, c)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the verdict of settling again (-first +again):\n%s", diff)
	}
	got, err := db.Conversion(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("conversion (-want +got):\n%s", diff)
	}
	entries, err := db.Entries(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entriesOfChange(t, conversion.Conversion{}, want, c.SignalID), entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	d, err := db.Delivery(t.Context(), owed(want, 2, clock).ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(owed(want, 2, clock), d); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
	checkClean(t, db)
}

func storesRefusal(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "")
	v := verdictOn(c, signal.Rejected, signal.TransactionIDInvalid, "")
	c.Refusal = &v
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		return settlement.Outcome{}, errors.New("a refusal must not be judged")
	}
	settle(t, db, c)
	got, err := db.Verdict(t.Context(), c.SignalID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got); diff != "" {
		t.Errorf("stored verdict (-want +got):\n%s", diff)
	}
	if _, err := db.Verdict(t.Context(), "nobody's"); fault.Of(err) != fault.NotFound {
		t.Errorf("the verdict on an unknown signal: %v, want NotFound", err)
	}
}

func writesWhole(t *testing.T, db *DB) {
	i := newIDs(t)
	wrong := errors.New("wrong on purpose")
	counter := settlement.Counter{OfferID: 3, Metric: "conversions", Period: "total"}
	tests := []struct {
		name  string
		spoil func(*settlement.Outcome) error
	}{
		{"judge fails", func(*settlement.Outcome) error { return wrong }},
		{"entries do not sum to zero", func(o *settlement.Outcome) error {
			o.Entries = o.Entries[1:]
			return nil
		}},
		{"a cap is used that was not locked", func(o *settlement.Outcome) error {
			o.Use = map[settlement.Counter]int64{{OfferID: 9}: 1}
			return nil
		}},
		{"a version follows from nothing", func(o *settlement.Outcome) error {
			o.Conversion.Version = 2
			return nil
		}},
		{"an order is taken from nobody", func(o *settlement.Outcome) error {
			other := *o.Conversion
			other.ID, other.Version = "x", 2
			o.Beside = &other
			return nil
		}},
		{"more is held without end", func(o *settlement.Outcome) error {
			o.Lacking = []settlement.Counter{counter}
			return nil
		}},
		{"the last write fails", func(o *settlement.Outcome) error {
			o.Owed = append(o.Owed, o.Owed[0])
			return nil
		}},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCase(i, fmt.Sprintf("t%d", n))
			c.OrderID = fmt.Sprintf("o%d", n)
			c.Counters = []settlement.Counter{counter}
			conv := newConversion(i.conversionID(t, c.SignalID), c)
			c.Judge = func(settlement.State) (settlement.Outcome, error) {
				out := accepted(t, c, conv)
				out.Owed = []delivery.Owed{owed(conv, 1, clock)}
				out.Use = map[settlement.Counter]int64{counter: 1}
				return out, tt.spoil(&out)
			}
			if v, err := db.Settle(t.Context(), c); err == nil {
				t.Fatalf("settled: %+v", v)
			}
			for _, table := range []string{"verdict", "conversion", "claim", "taken_order", "counter", "entry", "delivery", "change"} {
				var n int64
				if _, err := db.read().get(t.Context(), []any{&n}, "SELECT COUNT(*) FROM "+table); err != nil || n != 0 {
					t.Errorf("table %s has %d rows (%v), want none", table, n, err)
				}
			}
		})
	}
}

func showsState(t *testing.T, db *DB) {
	i := newIDs(t)
	var want []conversion.Conversion
	for n := range 3 {
		c := newCase(i, "t1")
		conv := newConversion(i.conversionID(t, c.SignalID), c)
		conv.CreatedAt = clock.Add(time.Duration(n) * time.Second)
		var got []conversion.Conversion
		c.Judge = func(s settlement.State) (settlement.Outcome, error) {
			got = s.Conversions
			return accepted(t, c, conv), nil
		}
		settle(t, db, c)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("signal %d sees of its claim (-want +got):\n%s", n, diff)
		}
		want = append(want, conv)
	}
	for _, other := range []settlement.Claim{
		{OfferID: 3, GoalID: 4, TransactionID: "t2"},
		{OfferID: 3, GoalID: 5, TransactionID: "t1"},
		{OfferID: 2, GoalID: 4, TransactionID: "t1"},
		{OfferID: 3, GoalID: 4, TransactionID: "t1", Test: true},
	} {
		c := newCase(i, "")
		c.Claim = other
		c.Judge = func(s settlement.State) (settlement.Outcome, error) {
			if len(s.Conversions) != 0 {
				t.Errorf("claim %+v sees %d conversions of another", other, len(s.Conversions))
			}
			return settlement.Outcome{Verdict: verdictOn(c, signal.Rejected, signal.TooFast, "")}, nil
		}
		settle(t, db, c)
	}
}

func keepsOrders(t *testing.T, db *DB) {
	i := newIDs(t)
	refused := newCase(i, "t0")
	refused.OrderID = "o1"
	refused.Judge = func(settlement.State) (settlement.Outcome, error) {
		return settlement.Outcome{Verdict: verdictOn(refused, signal.Rejected, signal.TooFast, "")}, nil
	}
	settle(t, db, refused) // gives the order back

	first := newCase(i, "t1")
	first.OrderID = "o1"
	first.Judge = once(t, i, first)
	took := settle(t, db, first)
	if took.Status != signal.Accepted {
		t.Fatalf("the first with the order is %s, want accepted", took.Status)
	}
	other := newCase(i, "t2")
	other.OrderID = "o1"
	other.Judge = once(t, i, other)
	if got := settle(t, db, other); got.Status != signal.Duplicate || got.ConversionID != took.ConversionID {
		t.Errorf("another transaction with the order is %s of %s, want duplicate of %s", got.Status, got.ConversionID, took.ConversionID)
	}
	elsewhere := newCase(i, "t3")
	elsewhere.OrderID, elsewhere.Claim.GoalID = "o1", 5
	elsewhere.Judge = once(t, i, elsewhere)
	if got := settle(t, db, elsewhere); got.Status != signal.Accepted {
		t.Errorf("the order ID at another goal is %s, want accepted", got.Status)
	}
	greedy := newCase(i, "t4")
	greedy.OrderID = "o1"
	greedy.Judge = func(settlement.State) (settlement.Outcome, error) {
		return accepted(t, greedy, newConversion(i.conversionID(t, greedy.SignalID), greedy)), nil
	}
	if _, err := db.Settle(t.Context(), greedy); err == nil {
		t.Error("an order ID was taken from another conversion")
	}
	checkClean(t, db)
}

func countsCaps(t *testing.T, db *DB) {
	const limit, signals = 10, 60
	i := newIDs(t)
	all := settlement.Counter{OfferID: 3, Metric: "conversions", Period: "day 2026-11-22"}
	one := settlement.Counter{OfferID: 3, AffiliateID: 7, Goal: "default", Metric: "payout", Period: "total"}
	var wait sync.WaitGroup
	for n := range signals {
		c := newCase(i, fmt.Sprintf("t%d", n))
		c.Counters = []settlement.Counter{all, one}
		conv := newConversion(i.conversionID(t, c.SignalID), c)
		conv.Memory.CapUse = []conversion.CapUse{
			{Metric: all.Metric, Period: all.Period, Units: 1},
			{AffiliateID: 7, Goal: one.Goal, Metric: one.Metric, Period: one.Period, Units: 5_000_000},
		}
		c.Judge = func(s settlement.State) (settlement.Outcome, error) {
			if s.Used[all] >= limit {
				return settlement.Outcome{Verdict: verdictOn(c, signal.Rejected, signal.CapReached, "")}, nil
			}
			out := accepted(t, c, conv)
			out.Use = map[settlement.Counter]int64{all: 1, one: 5_000_000}
			return out, nil
		}
		wait.Go(func() {
			if _, err := db.Settle(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	unused := settlement.Counter{OfferID: 99}
	used, err := db.Used(t.Context(), []settlement.Counter{all, one, unused})
	if err != nil {
		t.Fatal(err)
	}
	want := map[settlement.Counter]int64{all: limit, one: limit * 5_000_000, unused: 0}
	if diff := cmp.Diff(want, used); diff != "" {
		t.Errorf("use (-want +got):\n%s", diff)
	}
	page, _, err := db.Conversions(t.Context(), ConversionFilter{})
	if err != nil || len(page) != limit {
		t.Errorf("%d conversions (%v), want %d", len(page), err, limit)
	}
	checkClean(t, db)
}

func changesConversion(t *testing.T, db *DB) {
	i := newIDs(t)
	versions := make([]conversion.Conversion, 0, 3)
	for n := range 3 {
		c := newCase(i, "t1")
		c.Judge = func(s settlement.State) (settlement.Outcome, error) {
			if n == 0 {
				versions = append(versions, newConversion(i.conversionID(t, c.SignalID), c))
				return accepted(t, c, versions[0]), nil
			}
			after := s.Conversions[0]
			after.Version++
			after.Status = []conversion.Status{"", conversion.Rejected, conversion.Approved}[n]
			after.Memory.Applied = append(after.Memory.Applied, fmt.Sprint(n))
			after.UpdatedAt = clock.Add(time.Duration(n) * time.Hour)
			versions = append(versions, after)
			return settlement.Outcome{
				Verdict:    verdictOn(c, signal.Updated, signal.CodeUpdated, after.ID),
				Conversion: &after,
				Entries:    entriesOfChange(t, s.Conversions[0], after, c.SignalID),
			}, nil
		}
		settle(t, db, c)
	}
	got, err := db.Conversion(t.Context(), versions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(versions[2], got); diff != "" {
		t.Errorf("the conversion after three changes (-want +got):\n%s", diff)
	}
	changes, err := db.Changes(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{After: versions[0], At: clock},
		{Before: &versions[0], After: versions[1], At: clock.Add(time.Hour)},
		{Before: &versions[1], After: versions[2], At: clock.Add(2 * time.Hour)},
	}
	if diff := cmp.Diff(want, changes, cmpopts.IgnoreFields(Change{}, "ID")); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	rest, err := db.Changes(t.Context(), changes[1].ID, 100)
	if err != nil || len(rest) != 1 || rest[0].ID != changes[2].ID {
		t.Errorf("changes after the second: %d (%v), want the third alone", len(rest), err)
	}
	late := newCase(i, "t1")
	late.Judge = func(s settlement.State) (settlement.Outcome, error) {
		after := s.Conversions[0]
		after.Version += 2
		return settlement.Outcome{Verdict: verdictOn(late, signal.Updated, signal.CodeUpdated, after.ID), Conversion: &after}, nil
	}
	if _, err := db.Settle(t.Context(), late); err == nil {
		t.Error("a version was left out, and nobody minded")
	}
	checkClean(t, db)
}

func countsOnce(t *testing.T, db *DB) {
	const signals, callers = 1000, 100
	i := newIDs(t)
	cases := make(chan settlement.Case, signals)
	for range signals {
		c := newCase(i, "t1")
		c.OrderID = "o1"
		c.Judge = once(t, i, c)
		cases <- c
	}
	close(cases)
	var accepted, duplicate atomic.Int64
	var conversions sync.Map
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for c := range cases {
				v, err := settleInTheEnd(t.Context(), db, c)
				if err != nil {
					t.Error(err)
					return
				}
				conversions.Store(v.ConversionID, true)
				if v.Status == signal.Accepted {
					accepted.Add(1)
				} else {
					duplicate.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if accepted.Load() != 1 || duplicate.Load() != signals-1 {
		t.Errorf("%d accepted and %d duplicates, want 1 and %d", accepted.Load(), duplicate.Load(), signals-1)
	}
	named := 0
	conversions.Range(func(any, any) bool { named++; return true })
	if named != 1 {
		t.Errorf("the verdicts name %d conversions, want 1", named)
	}
	checkClean(t, db)
}

// settleInTheEnd settles a signal as a node does: again where the ledger was too
// busy to answer in time, which leaves open whether it was settled.
func settleInTheEnd(ctx context.Context, db *DB, c settlement.Case) (v signal.Verdict, err error) {
	for range 20 {
		if v, err = db.Settle(ctx, c); fault.Of(err) != fault.Unavailable {
			return v, err
		}
	}
	return v, err
}

// joinsChannels settles a pixel's hit without an order and a postback's with one
// at the same instant, over and over.
func joinsChannels(t *testing.T, db *DB) {
	i := newIDs(t)
	for n := range 40 {
		var wait sync.WaitGroup
		for _, order := range []string{"", fmt.Sprintf("o%d", n), fmt.Sprintf("o%d", n)} {
			c := newCase(i, fmt.Sprintf("t%d", n))
			c.OrderID = order
			c.Judge = perOrder(t, i, c)
			wait.Go(func() {
				if _, err := db.Settle(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	}
	all, _, err := db.Conversions(t.Context(), ConversionFilter{Page: Page{Limit: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, c := range all {
		seen[c.Touch.TransactionID]++
		if c.OrderID == "" {
			t.Errorf("conversion %s of %s has not adopted its order", c.ID, c.Touch.TransactionID)
		}
	}
	for n := range 40 {
		if got := seen[fmt.Sprintf("t%d", n)]; got != 1 {
			t.Errorf("transaction t%d has %d conversions, want 1", n, got)
		}
	}
	checkClean(t, db)
}

// perOrder judges as goals do that count one conversion an order: a hit without
// one joins or makes a conversion that the first hit with one adopts.
func perOrder(t testing.TB, i *ids, c settlement.Case) func(settlement.State) (settlement.Outcome, error) {
	id := i.conversionID(t, c.SignalID)
	return func(s settlement.State) (settlement.Outcome, error) {
		if s.Order != nil || c.OrderID == "" && len(s.Conversions) > 0 {
			return settlement.Outcome{Verdict: verdictOn(c, signal.Duplicate, signal.Sighting, "")}, nil
		}
		for _, known := range s.Conversions {
			if known.OrderID == "" {
				after := known
				after.OrderID, after.Version = c.OrderID, known.Version+1
				return settlement.Outcome{
					Verdict:    verdictOn(c, signal.Duplicate, signal.Sighting, known.ID),
					Conversion: &after, TakeOrder: true,
				}, nil
			}
		}
		return accepted(t, c, newConversion(id, c)), nil
	}
}

func mendsText(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t\x001")
	c.OrderID = "o\x00\xff"
	conv := newConversion(i.conversionID(t, c.SignalID), c)
	conv.CustomerID, conv.Touch.Source = "a\x00b\xc3", "x\x00y\xff"
	c.Judge = func(settlement.State) (settlement.Outcome, error) { return accepted(t, c, conv), nil }
	settle(t, db, c)
	got, err := db.Conversion(t.Context(), conv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.CustomerID != "ab\ufffd" || got.OrderID != "o\ufffd" {
		t.Errorf("customer %q, order %q; want %q, %q", got.CustomerID, got.OrderID, "ab\ufffd", "o\ufffd")
	}
	again := newCase(i, "t\x001")
	again.OrderID = c.OrderID
	again.Judge = once(t, i, again)
	if v := settle(t, db, again); v.Status != signal.Duplicate {
		t.Errorf("the same once more is %s, want duplicate", v.Status)
	}
}

func refusesEntryChanges(t *testing.T, db *DB) {
	i := newIDs(t)
	c := newCase(i, "t1")
	c.Judge = once(t, i, c)
	v := settle(t, db, c)
	before, err := db.Entries(t.Context(), v.ConversionID)
	if err != nil || len(before) == 0 {
		t.Fatalf("%d entries, %v", len(before), err)
	}
	statements := []string{
		"UPDATE entry SET amount = amount + 1", "DELETE FROM entry",
		"INSERT INTO entry SELECT * FROM entry WHERE 1 = 1 ON CONFLICT (conversion_id, signal_id, line) DO UPDATE SET amount = 0",
	}
	if db.Engine() == "postgres" {
		statements = append(statements, "TRUNCATE entry")
	}
	for _, text := range statements {
		if err := raw(t, db, text); err == nil {
			t.Errorf("%s: went through", text)
		}
	}
	after, err := db.Entries(t.Context(), v.ConversionID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("entries (-before +after):\n%s", diff)
	}
}

// raw runs a statement as somebody would who has the database's password.
func raw(t testing.TB, db *DB, text string, args ...any) error {
	t.Helper()
	return db.write(t.Context(), func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, text, args...)
		return err
	})
}

func sumsBalances(t *testing.T, db *DB) {
	i := newIDs(t)
	for n := range 5 {
		c := newCase(i, fmt.Sprintf("t%d", n))
		c.Claim.Test = n == 4
		c.Judge = once(t, i, c)
		settle(t, db, c)
	}
	got, err := db.Balances(t.Context(), BalanceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	account := func(p ledger.Party, id int64) ledger.Account {
		return ledger.Account{Party: p, ID: id, Book: ledger.Approved}
	}
	want := []Balance{
		{account(ledger.Advertiser, 1), usd(4 * 7_000_000).Sum()},
		{account(ledger.Affiliate, 7), usd(-4 * 5_000_000).Sum()},
		{account(ledger.Network, 0), usd(-4 * 2_000_000).Sum()},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("balances (-want +got):\n%s", diff)
	}
	got, err = db.Balances(t.Context(), BalanceFilter{Party: ledger.Affiliate, PartyID: 7})
	if err != nil || cmp.Diff(want[1:2], got) != "" {
		t.Errorf("the affiliate's balance is %v (%v), want %v", got, err, want[1:2])
	}
	got, err = db.Balances(t.Context(), BalanceFilter{Party: ledger.Network, Test: true})
	if err != nil || len(got) != 1 || !got[0].Amount.Equal(usd(-2_000_000).Sum()) {
		t.Errorf("the network's test balance is %v (%v), want -2.00", got, err)
	}
}
