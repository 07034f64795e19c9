package sqlledger

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/payout"
	"waybill/internal/signal"
)

// keepsTheBooks lets long lines of decisions come as they may.
func keepsTheBooks(t *testing.T, db *DB) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	b := newBooks(t, db)
	for range 120 {
		b.step(t, random.IntN)
	}
	checkClean(t, db)
}

// TestAnyOrderKeepsTheBooks is the same for lines that are drawn, so that a short
// one is shown where one fails.
func TestAnyOrderKeepsTheBooks(t *testing.T) {
	rapid.Check(t, func(draw *rapid.T) {
		b := newBooks(t, open(t, sqliteURL(t)))
		for range rapid.IntRange(1, 25).Draw(draw, "steps") {
			b.step(t, func(n int) int { return rapid.IntRange(0, n-1).Draw(draw, "choice") })
			if t.Failed() {
				draw.FailNow()
			}
		}
		checkClean(t, b.db)
	})
}

// books says what the ledger should hold of its two affiliates and two
// currencies.
type books struct {
	*till
	conversions []conversion.Conversion
	adjustments []payout.Adjustment
	booking     map[payee]*payout.Payout
	paid        map[payee]int64
	line        []string // what was done
}

func newBooks(t testing.TB, db *DB) *books {
	t.Helper()
	return &books{till: newTill(t, db), booking: map[payee]*payout.Payout{}, paid: map[payee]int64{}}
}

func payeeOf(c *conversion.Conversion) payee { return payee{c.AffiliateID, c.Payout.Currency} }

// step does one thing, whichever is chosen, and looks at the books.
func (b *books) step(t testing.TB, choose func(n int) int) {
	t.Helper()
	whom := payee{int64(1 + choose(2)), []money.Currency{"USD", "EUR"}[choose(2)]}
	b.tick()
	what := choose(8)
	b.line = append(b.line, fmt.Sprintf("%d on %d %s", what, whom.affiliateID, whom.currency))
	switch what {
	case 0, 1:
		b.conversions = append(b.conversions, b.earn(t, whom.affiliateID, int64(choose(50)), whom.currency))
	case 2, 3:
		b.change(t, choose, what == 2)
	case 4:
		b.adjustments = append(b.adjustments, b.adjust(t, whom.affiliateID, int64(choose(60)-30)*2+1, whom.currency))
	case 5:
		b.beginOne(t, whom)
	case 6:
		b.goOn(t, whom, 1+choose(3))
	default:
		b.endOne(t, whom)
	}
	b.compare(t)
}

// change rejects, approves again or corrects a conversion.
func (b *books) change(t testing.TB, choose func(int) int, status bool) {
	t.Helper()
	if len(b.conversions) == 0 {
		return
	}
	c := &b.conversions[choose(len(b.conversions))]
	units := int64(choose(50))
	err := b.decide(t, c, func(c *conversion.Conversion) {
		switch {
		case !status:
			c.Payout.Units = units
		case c.Status == conversion.Approved:
			c.Status = conversion.Rejected
		case c.Status == conversion.Rejected:
			c.Status = conversion.Approved
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	before := *c
	if *c, err = b.db.Conversion(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if before.Status == conversion.Paid && before.Version != c.Version {
		t.Errorf("%v: what was paid is changed to %+v", b.line, c)
	}
}

// covered gives what a payout pays that is asked for now, or was.
func (b *books) covered(whom payee, until, at time.Time) (some []*conversion.Conversion, open []*payout.Adjustment, sum int64) {
	for i := range b.conversions {
		c := &b.conversions[i]
		if payeeOf(c) == whom && c.Status == conversion.Approved && c.OccurredAt.Before(until) && !c.UpdatedAt.After(at) {
			some, sum = append(some, c), sum+c.Payout.Units
		}
	}
	for i := range b.adjustments {
		a := &b.adjustments[i]
		if (payee{a.AffiliateID, a.Amount.Currency}) == whom && a.PayoutID == 0 && a.CreatedAt.Before(until) && !a.CreatedAt.After(at) {
			open, sum = append(open, a), sum+a.Amount.Units
		}
	}
	return some, open, sum
}

func (b *books) beginOne(t testing.TB, whom payee) {
	t.Helper()
	at := instant(micros(b.at.Add(time.Second)))
	_, _, sum := b.covered(whom, at, at)
	may := b.booking[whom] == nil && sum > 0
	p, err := b.order(t.Context(), whom.affiliateID, whom.currency)
	switch {
	case may != (err == nil), err != nil && fault.Of(err) != fault.Conflict:
		t.Errorf("%v: a payout of %d is begun: %v, want it to be %v", b.line, sum, err, may)
	case err == nil:
		b.booking[whom] = &p
	}
}

// goOn pays some of what a payout covers.
func (b *books) goOn(t testing.TB, whom payee, most int) {
	t.Helper()
	p := b.booking[whom]
	if p == nil {
		return
	}
	some, _, _ := b.covered(whom, p.Until, p.CreatedAt)
	b.piece(t, p, "", most)
	paid := 0
	for _, c := range some {
		now, err := b.db.Conversion(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.Status == conversion.Paid {
			paid++
			b.paid[whom] += now.Payout.Units
		}
		*c = now
	}
	if paid != min(most, len(some)) {
		t.Errorf("%v: %d of %d were paid, want %d", b.line, paid, len(some), min(most, len(some)))
	}
}

func (b *books) endOne(t testing.TB, whom payee) {
	t.Helper()
	p := b.booking[whom]
	if p == nil {
		return
	}
	for some, _, _ := b.covered(whom, p.Until, p.CreatedAt); len(some) > 0; some, _, _ = b.covered(whom, p.Until, p.CreatedAt) {
		b.goOn(t, whom, len(some))
		if t.Failed() {
			return
		}
	}
	var sum, settled int64
	for i := range b.conversions {
		if c := &b.conversions[i]; c.PayoutID == p.ID {
			sum += c.Payout.Units
		}
	}
	_, open, more := b.covered(whom, p.Until, p.CreatedAt)
	if sum+more > 0 || more >= 0 {
		settled = int64(len(open))
		sum += more
		b.paid[whom] += more
		for _, a := range open {
			a.PayoutID = p.ID
		}
	}
	done, err := b.db.FinishPayout(t.Context(), p.ID, b.at)
	if err != nil {
		t.Fatal(err)
	}
	if done.Amount.Units != sum || done.Adjustments != settled {
		t.Errorf("%v: the payout is %+v, want %d with %d adjustments", b.line, done, sum, settled)
	}
	delete(b.booking, whom)
}

// compare holds the ledger to what it should say.
func (b *books) compare(t testing.TB) {
	t.Helper()
	want := map[string]int64{}
	at := b.at.Add(time.Hour)
	var dues []string
	for _, c := range []money.Currency{"EUR", "USD"} {
		var of []payout.Due
		for id := int64(1); id <= 2; id++ {
			whom := payee{id, c}
			some, open, sum := b.covered(whom, at, at)
			of = append(of, payout.Due{AffiliateID: id, Currency: c, Conversions: int64(len(some)), Adjustments: int64(len(open)), Amount: money.Total(0, sum, c)})
			want[fmt.Sprint(whom, ledger.Approved)] -= sum
			want[fmt.Sprint(whom, ledger.Paid)] -= b.paid[whom]
		}
		slices.SortStableFunc(of, func(x, y payout.Due) int { return y.Amount.Compare(x.Amount) })
		of = slices.DeleteFunc(of, func(d payout.Due) bool { return d.Amount.Sign() == 0 })
		dues = append(dues, told(of)...)
	}
	all, err := b.db.Balances(t.Context(), BalanceFilter{Party: ledger.Affiliate})
	if err != nil {
		t.Fatal(err)
	}
	for _, balance := range all {
		want[fmt.Sprint(payee{balance.Account.ID, balance.Amount.Currency()}, balance.Account.Book)] -= micro(balance.Amount)
	}
	for account, off := range want {
		if off != 0 {
			t.Errorf("%v: the balance %s is off by %d", b.line, account, off)
		}
	}
	due, err := b.db.Due(t.Context(), DueFilter{Until: at, At: at})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dues, told(due)); diff != "" {
		t.Errorf("%v: due (-want +got):\n%s", b.line, diff)
	}
	var off int64
	zero := `SELECT COUNT(*) FROM (SELECT 1 AS one FROM entry GROUP BY conversion_id, signal_id, currency HAVING SUM(amount) <> 0) x`
	if err := b.db.read().must(t.Context(), "count", []any{&off}, zero); err != nil || off != 0 {
		t.Errorf("%v: %d transactions do not sum to zero (%v)", b.line, off, err)
	}
}

// addsUpAbsurd: amounts that nobody can have meant do not hide what all else comes
// to, and can be put right.
func addsUpAbsurd(t *testing.T, db *DB) {
	b := newTill(t, db)
	var wrong []conversion.Conversion
	for range 12 {
		wrong = append(wrong, b.earn(t, 1, money.Max-1, "USD"))
	}
	b.earn(t, 1, 7, "USD")
	for range 12 {
		b.adjust(t, 2, money.Max, "USD")
	}
	for range 12 {
		b.adjust(t, 2, -money.Max, "USD")
	}
	b.adjust(t, 2, 5, "USD")

	much := money.Total(0, 7, "USD")
	for range 12 {
		much = much.Add(money.Total(0, money.Max-1, "USD"))
	}
	due, err := db.Due(t.Context(), DueFilter{Until: b.at.Add(time.Hour), At: b.at})
	if err != nil || len(due) != 2 || !due[0].Amount.Equal(much) || !due[1].Amount.Equal(money.Total(0, 5, "USD")) {
		t.Errorf("due is %v, %v; want %v and 0.000005", due, err, much)
	}
	balances, err := db.Balances(t.Context(), BalanceFilter{Party: ledger.Affiliate})
	if err != nil || len(balances) != 2 || balances[0].Amount.String() != "-"+much.String() {
		t.Errorf("the balances are %v, %v; want -%v", balances, err, much)
	}
	if _, err := b.order(t.Context(), 1, "USD"); fault.Of(err) != fault.Conflict {
		t.Errorf("a payout of %v: %v, want a Conflict", much, err)
	}
	var sums []string
	err = db.ConversionSums(t.Context(), clock, math.MaxInt64, func(of fact.Book, s fact.Sums) {
		sums = append(sums, fmt.Sprint(of.Status, s.Count, s.Payout))
	}, func([]fact.Conversion) {})
	if want := []string{fmt.Sprint("approved", 13, much)}; err != nil || !slices.Equal(sums, want) {
		t.Errorf("conversions come to %v (%v), want %v", sums, err, want)
	}

	for i := range wrong[3:] {
		if err := b.decide(t, &wrong[i], rejected); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[int64]int64{1: 3*(money.Max-1) + 7, 2: 5} {
		p := b.begin(t, id, "USD")
		if done := b.end(t, &p); done.Amount.Units != want || done.Status != payout.Booked {
			t.Errorf("the payout is %+v, want %d", done, want)
		}
	}
	checkClean(t, db)
}

// paysWhatItWasAskedFor: what another node decided a moment before, by its clock,
// and wrote down a moment later is the next payout's.
func paysWhatItWasAskedFor(t *testing.T, db *DB) {
	b := newTill(t, db)
	b.earn(t, 1, 10, "USD")
	late := b.earn(t, 1, 100, "USD")
	if err := b.decide(t, &late, rejected); err != nil {
		t.Fatal(err)
	}
	b.adjust(t, 1, 3, "USD")
	b.tick()
	p := b.begin(t, 1, "USD")

	b.at = late.UpdatedAt
	if err := b.decide(t, &late, func(c *conversion.Conversion) { c.Status = conversion.Approved }); err != nil {
		t.Fatal(err)
	}
	b.adjust(t, 1, 1000, "USD")
	late, err := db.Conversion(t.Context(), late.ID)
	if err != nil || late.Status != conversion.Approved || late.UpdatedAt.After(p.CreatedAt) {
		t.Fatalf("it is %s, at %s (%v); want it approved before %s", late.Status, late.UpdatedAt, err, p.CreatedAt)
	}
	if v, err := b.pay(t.Context(), &late, p.ID); err != nil || v.Status != signal.Rejected {
		t.Errorf("payout %d pays it: %+v, %v; want it rejected", p.ID, v, err)
	}
	if done := b.end(t, &p); done.Amount.Units != 13 || done.Conversions != 1 || done.Adjustments != 1 {
		t.Errorf("the payout is %+v, want 13 of one conversion and one adjustment", done)
	}
	b.at = p.CreatedAt.Add(time.Minute)
	next := b.begin(t, 1, "USD")
	if done := b.end(t, &next); done.Amount.Units != 1100 || done.Conversions != 1 || done.Adjustments != 1 {
		t.Errorf("the next one is %+v, want 1100 of the others", done)
	}
	checkClean(t, db)
}
