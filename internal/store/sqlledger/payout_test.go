package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/payout"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// till is a ledger in which two affiliates earn and are paid, minute by minute.
type till struct {
	db      *DB
	ids     *ids
	mu      sync.Mutex
	present *catalog.Catalog
	at      time.Time
	earned  int
}

var treasurer = user.By{Actor: "key 1"}

func newTill(t testing.TB, db *DB) *till {
	t.Helper()
	create(t, db.Affiliates(), newAffiliate("first"))
	create(t, db.Affiliates(), newAffiliate("second"))
	src, err := db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	present, err := catalog.New(src)
	if err != nil {
		t.Fatal(err)
	}
	return &till{db: db, ids: newIDs(t), present: present, at: clock}
}

// tick lets a minute go by.
func (b *till) tick() time.Time {
	b.at = b.at.Add(time.Minute)
	return b.at
}

// signal mints an ID, for several at once.
func (b *till) signal() txid.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids.next(txid.Signal, false)
}

// earn makes a conversion that is approved.
func (b *till) earn(t testing.TB, affiliateID, units int64, c money.Currency) conversion.Conversion {
	t.Helper()
	b.earned++
	at := b.tick()
	k := settlement.Case{SignalID: b.signal().String(), Claim: settlement.Claim{OfferID: 1, GoalID: 1, TransactionID: fmt.Sprintf("earned-%d", b.earned)}}
	conv := newConversion(b.ids.conversionID(t, k.SignalID), k)
	conv.AffiliateID, conv.Payout, conv.Revenue = affiliateID, money.Amount{Units: units, Currency: c}, money.Amount{Units: units + 1, Currency: c}
	conv.OccurredAt, conv.CreatedAt, conv.UpdatedAt = at, at, at
	k.Judge = func(settlement.State) (settlement.Outcome, error) { return accepted(t, k, conv), nil }
	settle(t, b.db, k)
	return conv
}

// decide changes a conversion if it may still be changed.
func (b *till) decide(t testing.TB, c *conversion.Conversion, change func(*conversion.Conversion)) error {
	t.Helper()
	at := b.at
	k := settlement.Case{SignalID: b.signal().String(), Claim: settlement.ClaimOf(c)}
	k.Judge = func(s settlement.State) (settlement.Outcome, error) {
		before := s.Conversions[0]
		after := before
		change(&after)
		if before.Status == conversion.Paid || after.Status != before.Status && !before.Status.CanBecome(after.Status) {
			return settlement.Outcome{Verdict: verdictOn(k, signal.Rejected, signal.TransitionNotAllowed, c.ID)}, nil
		}
		after.Version, after.UpdatedAt = before.Version+1, at
		return settlement.Outcome{
			Verdict: verdictOn(k, signal.Updated, signal.CodeUpdated, c.ID), Conversion: &after,
			Entries: entriesOfChange(t, before, after, k.SignalID),
		}, nil
	}
	_, err := b.db.Settle(t.Context(), k)
	return err
}

func rejected(c *conversion.Conversion) { c.Status = conversion.Rejected }

// pay has a payout pay a conversion, by the rules of settlement.
func (b *till) pay(ctx context.Context, c *conversion.Conversion, payoutID int64) (signal.Verdict, error) {
	id := b.signal()
	return b.db.Settle(ctx, settlement.Prepare(settlement.Input{
		Signal: signal.Signal{
			ID: id, ReceivedAt: id.Time(), Channel: signal.API, Auth: signal.OK, PayoutID: payoutID,
			Params: []signal.Param{{Name: param.ConversionID, Value: c.ID}},
		},
		Catalog: b.present, Targets: []conversion.Conversion{*c}, Now: b.at,
	}))
}

// begin begins a payout of all that is owed by now.
func (b *till) begin(t testing.TB, affiliateID int64, c money.Currency) payout.Payout {
	t.Helper()
	p, err := b.order(t.Context(), affiliateID, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *till) order(ctx context.Context, affiliateID int64, c money.Currency) (payout.Payout, error) {
	return b.db.BeginPayout(ctx, treasurer, payout.Order{AffiliateID: affiliateID, Currency: c, Until: b.at.Add(time.Second), At: b.at.Add(time.Second)})
}

// piece pays up to so many of what a payout covers, and reports whether there was
// any.
func (b *till) piece(t testing.TB, p *payout.Payout, after string, most int) bool {
	t.Helper()
	all, err := b.db.ToBePaid(t.Context(), p, after, most)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if v, err := b.pay(t.Context(), &all[i], p.ID); err != nil || v.Status != signal.Updated {
			t.Fatalf("payout %d pays conversion %s: %+v, %v", p.ID, all[i].ID, v, err)
		}
	}
	return len(all) > 0
}

// end pays all that a payout covers, and ends it.
func (b *till) end(t testing.TB, p *payout.Payout) payout.Payout {
	t.Helper()
	for b.piece(t, p, "", 3) {
	}
	done, err := b.db.FinishPayout(t.Context(), p.ID, b.tick())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// adjust books an adjustment of an affiliate.
func (b *till) adjust(t testing.TB, affiliateID, units int64, c money.Currency) payout.Adjustment {
	t.Helper()
	a, err := b.db.AddAdjustment(t.Context(), treasurer, payout.Adjustment{
		AffiliateID: affiliateID, Kind: payout.Correction, Amount: money.Amount{Units: units, Currency: c}, Note: "agreed", CreatedAt: b.tick(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// payOne has one conversion and one bonus paid, and a part of it clawed back.
func payOne(t testing.TB, db *DB) {
	t.Helper()
	b := newTill(t, db)
	c := b.earn(t, 1, 5_000_000, "USD")
	b.adjust(t, 1, 2_000_000, "USD")
	p := b.begin(t, 1, "USD")
	b.end(t, &p)
	_, err := db.AddAdjustment(t.Context(), treasurer, payout.Adjustment{
		AffiliateID: 1, Kind: payout.Clawback, Amount: usd(-1_000_000), ConversionID: c.ID, Note: "sent back", CreatedAt: b.tick(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// micro gives a sum in micro-units.
func micro(s money.Sum) int64 {
	a, err := s.Amount()
	if err != nil {
		panic(err)
	}
	return a.Units
}

// told writes what is due: "1 USD 12 of 3+1".
func told(all []payout.Due) []string {
	var list []string
	for _, d := range all {
		list = append(list, fmt.Sprintf("%d %s %d of %d+%d", d.AffiliateID, d.Currency, micro(d.Amount), d.Conversions, d.Adjustments))
	}
	return list
}

func addsUpDues(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.earn(t, 1, 10, "USD")
	b.earn(t, 1, 0, "USD")
	b.earn(t, 1, 7, "EUR")
	late := b.earn(t, 2, 30, "USD")
	waits := b.earn(t, 2, 100, "USD")
	if err := b.decide(t, &waits, rejected); err != nil {
		t.Fatal(err)
	}
	b.adjust(t, 1, 5, "USD")
	b.adjust(t, 2, -9, "EUR")
	for _, tt := range []struct {
		name string
		f    DueFilter
		want []string
	}{
		{"all", DueFilter{Until: b.at.Add(time.Second), At: b.at}, []string{"1 EUR 7 of 1+0", "2 EUR -9 of 0+1", "2 USD 30 of 1+0", "1 USD 15 of 2+1"}},
		{"one affiliate's", DueFilter{AffiliateID: 1, Until: b.at.Add(time.Hour), At: b.at}, []string{"1 EUR 7 of 1+0", "1 USD 15 of 2+1"}},
		{"in one currency", DueFilter{Currency: "EUR", Until: b.at.Add(time.Hour), At: b.at}, []string{"1 EUR 7 of 1+0", "2 EUR -9 of 0+1"}},
		{"of what happened before", DueFilter{Until: late.OccurredAt, At: b.at}, []string{"1 EUR 7 of 1+0", "1 USD 10 of 2+0"}},
		{"as of earlier", DueFilter{Until: b.at.Add(time.Hour), At: late.UpdatedAt.Add(-1)}, []string{"1 EUR 7 of 1+0", "1 USD 10 of 2+0"}},
	} {
		all, err := db.Due(t.Context(), tt.f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, told(all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func paysOut(t *testing.T, db *DB) {
	b := newTill(t, db)
	var mine []conversion.Conversion
	for n := range int64(7) {
		mine = append(mine, b.earn(t, 1, 10+n, "USD"))
	}
	others := []conversion.Conversion{b.earn(t, 2, 100, "USD"), b.earn(t, 1, 100, "EUR")}
	b.adjust(t, 1, -20, "USD")
	b.adjust(t, 1, 5, "USD")
	expect := int64(70)
	o := payout.Order{AffiliateID: 1, Currency: "USD", Until: b.at.Add(time.Second), At: b.at.Add(time.Second), Expect: &expect}
	if _, err := db.PlanPayout(t.Context(), o); fault.Of(err) != fault.Conflict {
		t.Errorf("a plan of 76 that should be 70: %v, want a Conflict", err)
	}
	expect = 76
	plan, err := db.PlanPayout(t.Context(), o)
	if err != nil || plan.Status != payout.Planned || plan.Amount != (money.Amount{Units: 76, Currency: "USD"}) || plan.Conversions != 7 || plan.Adjustments != 2 {
		t.Errorf("the plan is %+v, %v", plan, err)
	}
	p, err := db.BeginPayout(t.Context(), treasurer, o)
	if err != nil {
		t.Fatal(err)
	}
	later := b.earn(t, 1, 1000, "USD")
	if err := b.decide(t, &mine[1], rejected); err != nil { // 11
		t.Fatal(err)
	}
	if err := b.decide(t, &mine[2], func(c *conversion.Conversion) { c.Payout.Units = 1 }); err != nil { // 12
		t.Fatal(err)
	}
	b.piece(t, &p, "", 2)
	if now, err := db.Payout(t.Context(), p.ID); err != nil || now.Status != payout.Booking || now.Conversions != 2 || now.Amount.Units != 10+13 {
		t.Errorf("with two paid it is %+v, %v", now, err)
	}
	done := b.end(t, &p)
	if done.Status != payout.Booked || done.Amount.Units != 76-11-12 || done.Conversions != 5 || done.Adjustments != 2 || done.Version != 2 || done.BookedAt.IsZero() {
		t.Errorf("in the end it is %+v", done)
	}
	paid := map[string]int64{}
	for _, c := range append(append(mine, others...), later) {
		now, err := db.Conversion(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		paid[string(now.Status)+" by "+fmt.Sprint(now.PayoutID)]++
	}
	if diff := cmp.Diff(map[string]int64{"paid by 1": 5, "rejected by 0": 1, "approved by 0": 4}, paid); diff != "" {
		t.Errorf("conversions (-want +got):\n%s", diff)
	}
	list, _, err := db.Conversions(t.Context(), ConversionFilter{PayoutID: p.ID})
	if err != nil || len(list) != 5 {
		t.Errorf("%d conversions are listed by the payout (%v), want 5", len(list), err)
	}
	entries, err := db.EntriesBeside(t.Context(), p.ID, 0)
	want := []ledger.Entry{
		{Account: ledger.Account{Party: ledger.Affiliate, ID: 1, Book: ledger.Approved}, Amount: usd(-15), PayoutID: p.ID, Reason: payout.Reason, At: done.BookedAt},
		{Account: ledger.Account{Party: ledger.Affiliate, ID: 1, Book: ledger.Paid}, Amount: usd(15), PayoutID: p.ID, Reason: payout.Reason, At: done.BookedAt},
	}
	if diff := cmp.Diff(want, entries); err != nil || diff != "" {
		t.Errorf("entries (%v) (-want +got):\n%s", err, diff)
	}
	if again, err := db.FinishPayout(t.Context(), p.ID, b.tick()); err != nil || again != done {
		t.Errorf("ended again it is %+v, %v; want %+v", again, err, done)
	}
	checkClean(t, db)
}

func claimsPayouts(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.earn(t, 1, 10, "USD")
	b.earn(t, 2, 10, "USD")
	b.begin(t, 1, "USD")
	b.begin(t, 2, "USD")
	claim := func(at, until time.Duration) (id int64, through string) {
		t.Helper()
		p, through, err := db.ClaimPayout(t.Context(), clock.Add(at), clock.Add(until))
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			return 0, ""
		}
		return p.ID, through
	}
	for n, want := range []int64{1, 2, 0} {
		if got, through := claim(0, time.Minute+time.Duration(n)); got != want || through != "" {
			t.Errorf("claim %d gives payout %d through %q, want %d through nothing", n, got, through, want)
		}
	}
	if err := db.AdvancePayout(t.Context(), 2, "", "abc", clock.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := db.AdvancePayout(t.Context(), 2, "", "xyz", clock.Add(time.Hour)); err != nil { // from where it is no more
		t.Fatal(err)
	}
	if got, through := claim(2*time.Second, time.Hour); got != 2 || through != "abc" {
		t.Errorf("the one that was let go is %d through %q, want 2 through abc", got, through)
	}
	if got, _ := claim(time.Minute, time.Hour); got != 1 {
		t.Errorf("when the lease is over payout %d is claimed, want 1", got)
	}
}

func paysOutOnce(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.earn(t, 1, 10, "USD")
	b.earn(t, 1, 10, "EUR")
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for n := range errs {
		wg.Go(func() { _, errs[n] = b.order(t.Context(), 1, []money.Currency{"USD", "EUR"}[n%2]) })
	}
	wg.Wait()
	begun := 0
	for _, err := range errs {
		switch {
		case err == nil:
			begun++
		case fault.Of(err) != fault.Conflict:
			t.Errorf("refused by %v, want a Conflict", err)
		}
	}
	if begun != 2 {
		t.Errorf("%d payouts were begun, want one of each currency: %v", begun, errors.Join(errs...))
	}
	p, err := db.Payout(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	b.end(t, &p)
	if _, err := b.order(t.Context(), 1, p.Amount.Currency); fault.Of(err) != fault.Conflict {
		t.Errorf("another, when nothing is owed: %v, want a Conflict", err)
	}
}

// paysApart has several pay each conversion, by two payouts' numbers, while
// somebody rejects it.
func paysApart(t *testing.T, db *DB) {
	b := newTill(t, db)
	var all []conversion.Conversion
	for n := range int64(40) {
		all = append(all, b.earn(t, 1, 1+n, "USD"))
	}
	p := b.begin(t, 1, "USD")
	b.tick()
	var wg sync.WaitGroup
	for i := range all {
		for n := range 3 {
			wg.Go(func() {
				var err error
				if n == 0 {
					err = b.decide(t, &all[i], rejected)
				} else {
					_, err = b.pay(t.Context(), &all[i], p.ID)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	var sum, count int64
	for i := range all {
		c, err := db.Conversion(t.Context(), all[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if c.Version != 2 || c.Status != conversion.Paid && c.Status != conversion.Rejected {
			t.Errorf("a conversion is %s at version %d, want it paid or rejected once", c.Status, c.Version)
		}
		if c.Status == conversion.Paid {
			sum, count = sum+c.Payout.Units, count+1
		}
	}
	if done := b.end(t, &p); done.Amount.Units != sum || done.Conversions != count {
		t.Errorf("the payout is %+v, want %d of %d", done, sum, count)
	}
	checkClean(t, db)
}

// endsApart ends a payout in the midst of many that pay by it.
func endsApart(t *testing.T, db *DB) {
	b := newTill(t, db)
	var all []conversion.Conversion
	for n := range int64(60) {
		all = append(all, b.earn(t, 1, 1+n, "USD"))
	}
	p := b.begin(t, 1, "USD")
	var wg sync.WaitGroup
	var done payout.Payout
	for i := range all {
		wg.Go(func() {
			if _, err := b.pay(t.Context(), &all[i], p.ID); err != nil {
				t.Error(err)
			}
		})
		if i == len(all)/2 {
			wg.Go(func() {
				var err error
				if done, err = db.FinishPayout(t.Context(), p.ID, b.at); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	var sum, count int64
	for i := range all {
		c, err := db.Conversion(t.Context(), all[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if c.Status == conversion.Paid {
			sum, count = sum+c.Payout.Units, count+1
		}
	}
	if done.Amount.Units != sum || done.Conversions != count {
		t.Errorf("the payout is %+v, and %d conversions were paid %d by it", done, count, sum)
	}
	checkClean(t, db)
}

func paysNothingLater(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.earn(t, 1, 10, "USD")
	left := b.earn(t, 1, 20, "USD")
	p := b.begin(t, 1, "USD")
	b.piece(t, &p, "", 1)
	done, err := db.FinishPayout(t.Context(), p.ID, b.tick()) // as if the other had been refused
	if err != nil || done.Amount.Units != 10 {
		t.Fatalf("the payout is %+v, %v", done, err)
	}
	for _, id := range []int64{p.ID, p.ID + 1} {
		if v, err := b.pay(t.Context(), &left, id); err != nil || v.Status != signal.Rejected || v.Code != signal.TransitionNotAllowed {
			t.Errorf("a payout that has ended, or that there is not, pays: %+v, %v", v, err)
		}
	}
	next := b.begin(t, 1, "USD")
	if done := b.end(t, &next); done.Amount.Units != 20 || done.Conversions != 1 {
		t.Errorf("the next one is %+v, want 20 for what was left", done)
	}
	checkClean(t, db)
}

func leavesOpen(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.adjust(t, 1, -15, "USD")
	if _, err := b.order(t.Context(), 1, "USD"); fault.Of(err) != fault.Conflict {
		t.Errorf("a payout of less than nothing: %v, want a Conflict", err)
	}
	c := b.earn(t, 1, 10, "USD")
	b.earn(t, 1, 10, "USD")
	p := b.begin(t, 1, "USD") // 5
	b.tick()
	if err := b.decide(t, &c, rejected); err != nil {
		t.Fatal(err)
	}
	if done := b.end(t, &p); done.Amount.Units != 10 || done.Conversions != 1 || done.Adjustments != 0 {
		t.Errorf("the payout is %+v, want 10 and no adjustment", done)
	}
	b.earn(t, 1, 100, "USD")
	next := b.begin(t, 1, "USD")
	if done := b.end(t, &next); done.Amount.Units != 85 || done.Adjustments != 1 {
		t.Errorf("the next one is %+v, want 85 with the adjustment", done)
	}
	checkClean(t, db)
}

func listsPayouts(t *testing.T, db *DB) {
	b := newTill(t, db)
	for n := range int64(5) {
		b.earn(t, 1+n%2, 10, []money.Currency{"USD", "EUR"}[n/4])
		p := b.begin(t, 1+n%2, []money.Currency{"USD", "EUR"}[n/4])
		if n < 4 {
			b.end(t, &p)
		}
	}
	for _, tt := range []struct {
		name string
		f    PayoutFilter
		want string
	}{
		{"all", PayoutFilter{}, "5 4 3 2 1"},
		{"one affiliate's", PayoutFilter{AffiliateID: 2}, "4 2"},
		{"of a currency", PayoutFilter{Currency: "EUR"}, "5"},
		{"of a status", PayoutFilter{Status: payout.Booked, AffiliateID: 1}, "3 1"},
	} {
		got := ""
		for f := tt.f; ; {
			f.Limit = 2
			list, next, err := db.Payouts(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for i := range list {
				got += fmt.Sprint(" ", list[i].ID)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if got != " "+tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	change := func(p *payout.Payout) error {
		p.Reference, p.Note, p.Amount.Units, p.Status = "SEPA", "mine", 99, payout.Booking
		return nil
	}
	if _, err := db.ChangePayout(t.Context(), treasurer, 1, 1, change); fault.Of(err) != fault.Stale {
		t.Errorf("a change of an earlier version: %v, want it Stale", err)
	}
	if got, err := db.ChangePayout(t.Context(), treasurer, 1, 2, change); err != nil || got.Version != 3 || got.Reference != "SEPA" ||
		got.Note != "mine" || got.Amount.Units != 10 || got.Status != payout.Booked {
		t.Errorf("it is changed to %+v, %v", got, err)
	}
	if _, err := db.ChangePayout(t.Context(), treasurer, 77, 0, change); fault.Of(err) != fault.NotFound {
		t.Errorf("a change of none: %v, want it NotFound", err)
	}
	if _, _, err := db.Payouts(t.Context(), PayoutFilter{Page: Page{Cursor: "x"}}); fault.Of(err) != fault.Invalid {
		t.Errorf("a cursor that is none: %v, want it Invalid", err)
	}
	notes, _, err := db.Audit(t.Context(), AuditFilter{Entity: "payout", Key: "1"})
	if err != nil || len(notes) != 2 || notes[0].Action != ActionChange || notes[1].Action != ActionCreate || notes[1].Actor != "key 1" {
		t.Errorf("the audit has %+v, %v", notes, err)
	}
}

func adjusts(t *testing.T, db *DB) {
	b := newTill(t, db)
	shop := create(t, db.Advertisers(), newAdvertiser("shop"))
	c := b.earn(t, 1, 10, "USD") // whose advertiser is shop
	claw := func(units int64) error {
		_, err := db.AddAdjustment(t.Context(), treasurer, payout.Adjustment{
			AffiliateID: 1, Kind: payout.Clawback, Amount: usd(units), ConversionID: c.ID, Note: "sent back", CreatedAt: b.at,
		})
		return err
	}
	if err := claw(-1); fault.Of(err) != fault.Conflict {
		t.Errorf("a clawback of what is not paid: %v, want a Conflict", err)
	}
	p := b.begin(t, 1, "USD")
	b.end(t, &p)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() { errs[n] = claw(-4) })
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else if fault.Of(err) != fault.Conflict {
			t.Errorf("refused by %v, want a Conflict", err)
		}
	}
	if taken != 2 {
		t.Errorf("4 were clawed back %d times of 10, want twice", taken)
	}
	for _, a := range []payout.Adjustment{
		{AdvertiserID: shop.ID, Kind: payout.Payment, Amount: usd(8), Note: "wire"},
		{AdvertiserID: shop.ID, Kind: payout.Correction, Amount: usd(2), Note: "rebate"},
		{AffiliateID: 1, Kind: payout.Bonus, Amount: usd(20), ConversionID: c.ID, Note: "best"},
	} {
		a.CreatedAt = b.tick()
		if _, err := db.AddAdjustment(t.Context(), treasurer, a); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []payout.Adjustment{
		{AffiliateID: 9, Kind: payout.Bonus, Amount: usd(20), Note: "nobody's"},
		{AdvertiserID: 9, Kind: payout.Payment, Amount: usd(20), Note: "nobody's"},
		{AffiliateID: 2, Kind: payout.Bonus, Amount: usd(20), ConversionID: c.ID, Note: "another's"},
		{AffiliateID: 1, Kind: payout.Bonus, Amount: usd(20), ConversionID: "none", Note: "of nothing"},
	} {
		if _, err := db.AddAdjustment(t.Context(), treasurer, a); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v, want it Invalid", a.Note, err)
		}
	}
	next := b.begin(t, 1, "USD")
	if done := b.end(t, &next); done.Amount.Units != 12 || done.Adjustments != 3 || done.Conversions != 0 {
		t.Errorf("the next payout is %+v, want 12 of 3 adjustments", done)
	}
	for _, tt := range []struct {
		name string
		f    AdjustmentFilter
		want int
	}{
		{"all", AdjustmentFilter{}, 5},
		{"an affiliate's", AdjustmentFilter{AffiliateID: 1}, 3},
		{"an advertiser's", AdjustmentFilter{AdvertiserID: shop.ID}, 2},
		{"of a kind", AdjustmentFilter{Kind: payout.Clawback}, 2},
		{"about a conversion", AdjustmentFilter{ConversionID: c.ID}, 3},
		{"about none", AdjustmentFilter{ConversionID: "none"}, 0},
		{"settled", AdjustmentFilter{PayoutID: next.ID}, 3},
		{"open", AdjustmentFilter{Open: true}, 0},
	} {
		if list, _, err := db.Adjustments(t.Context(), tt.f); err != nil || len(list) != tt.want {
			t.Errorf("%s: %d adjustments (%v), want %d", tt.name, len(list), err, tt.want)
		}
	}
	got := map[string]int64{}
	all, err := db.Balances(t.Context(), BalanceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, balance := range all {
		got[string(balance.Account.Party)+" "+string(balance.Account.Book)] = micro(balance.Amount)
	}
	// It earned 10 and cost 11: of what the affiliate has, 10 - 8 + 20 is paid.
	if diff := cmp.Diff(map[string]int64{"affiliate paid": -22, "advertiser approved": 11 - 8 - 2, "advertiser paid": 8, "network approved": 13}, got); diff != "" {
		t.Errorf("balances (-want +got):\n%s", diff)
	}
	checkClean(t, db)
}
