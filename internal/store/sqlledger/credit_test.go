package sqlledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// trade is a catalog by whose rules signals are settled in a real ledger: offer
// 7, which credits by everything, and pays 10 percent of the 20 that it is owed.
type trade struct {
	t       *testing.T
	db      *DB
	catalog *catalog.Catalog
	mint    *txid.Mint
}

func newTrade(t *testing.T, db *DB) *trade {
	t.Helper()
	return newTradeOf(t, db, func(*offer.Offer) {})
}

// newTradeOf is newTrade with another offer.
func newTradeOf(t *testing.T, db *DB, change func(*offer.Offer)) *trade {
	t.Helper()
	key, err := txid.NewKey(1, time.Time{}, strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	shop := advertiser.Default()
	shop.ID = 3
	o := offer.Default()
	o.ID, o.AdvertiserID, o.DestinationURL, o.Attribution = 7, 3, "https://shop.example/?tid={transaction_id}", offer.Identifiers()
	o.Payout = offer.Price{Type: offer.CPS, Percent: money.Percent(10 * money.Unit)}
	o.Revenue = offer.Price{Type: offer.CPS, Percent: money.Percent(20 * money.Unit)}
	change(&o)
	once, sale := offer.NewGoal(7), offer.NewGoal(7)
	once.ID, once.Code = 70, offer.DefaultGoal
	sale.ID, sale.Code, sale.Dedupe = 71, "sale", offer.PerOrder
	present, err := catalog.New(catalog.Source{
		Advertisers: []advertiser.Advertiser{shop}, Offers: []offer.Offer{o}, Goals: []offer.Goal{once, sale},
		Affiliates: []affiliate.Affiliate{{ID: 8, Status: affiliate.Active}, {ID: 9, Status: affiliate.Active}},
		Coupons:    []coupon.Coupon{{ID: 1, Code: "MAY10", OfferID: 7, AffiliateID: 8, Status: coupon.Active}},
		Ring:       []txid.Key{key},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &trade{t: t, db: db, catalog: present, mint: txid.NewMint(present.Ring(), 1, 0)}
}

func (w *trade) click() *click.Click { return w.clickOf(9) }

// clickOf is a click by the link of an affiliate.
func (w *trade) clickOf(affiliateID int64) *click.Click {
	ticket := w.mint.Begin(clock, txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: affiliateID})
	ticket.Done()
	return &click.Click{ID: ticket.ID, At: clock, OfferID: 7, AffiliateID: affiliateID}
}

// heard is a signal with the touches that its identifiers lead to.
type heard struct {
	signal.Signal
	touches []attribution.Candidate
}

// hit makes a signal: its channel, then what it says. of is its click; a signal
// that says customer_id is bound to it, one that says neither that nor a
// transaction ID (tid) has none.
func (w *trade) hit(of *click.Click, text string) heard {
	words := strings.Fields(text)
	h := heard{Signal: signal.Signal{Channel: signal.Channel(words[0]), ReceivedAt: clock.Add(time.Hour), Auth: signal.OK}}
	said := map[param.Name]string{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		n, ok := param.Signal.Find(name)
		if !ok {
			w.t.Fatalf("%s is no parameter", name)
		}
		by := offer.Identifier("")
		switch n {
		case param.TransactionID:
			h.Click, value, by = of.ID, of.ID.String(), offer.ByTransactionID
		case param.CustomerID:
			by = offer.ByCustomerID
		default:
		}
		if by != "" {
			h.touches = append(h.touches, attribution.Candidate{By: by, ID: of.ID, Record: of})
		}
		said[n] = value
	}
	for _, n := range slices.Sorted(maps.Keys(said)) {
		h.Params = append(h.Params, signal.Param{Name: n, Value: said[n]})
	}
	ticket := w.mint.Begin(h.ReceivedAt, txid.Subject{Kind: txid.Signal, Offer: 7})
	ticket.Done()
	h.ID = ticket.ID
	return h
}

// settle settles a signal as the settler does.
func (w *trade) settle(ctx context.Context, h heard) (signal.Verdict, error) {
	in := settlement.Input{Signal: h.Signal, Catalog: w.catalog, Touches: h.touches, Now: clock.Add(2 * time.Hour)}
	if t := settlement.LeadOf(&in).Target; t != nil {
		var err error
		if in.Targets, err = w.db.Targets(ctx, *t); err != nil {
			return signal.Verdict{}, err
		}
	}
	return w.db.Settle(ctx, settlement.Prepare(in))
}

// prepared is a signal as it is judged without anything looked up.
func (w *trade) prepared(h heard) settlement.Case {
	return settlement.Prepare(settlement.Input{Signal: h.Signal, Catalog: w.catalog, Touches: h.touches, Now: clock.Add(2 * time.Hour)})
}

// atOnce settles signals at the same instant.
func (w *trade) atOnce(all ...heard) []signal.Verdict {
	w.t.Helper()
	var ready, done sync.WaitGroup
	barrier := make(chan struct{})
	verdicts := make([]signal.Verdict, len(all))
	for i := range all {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-barrier
			var err error
			if verdicts[i], err = w.settle(w.t.Context(), all[i]); err != nil {
				w.t.Error(err)
			}
		})
	}
	ready.Wait()
	close(barrier)
	done.Wait()
	return verdicts
}

// of gives the conversions of a transaction.
func (w *trade) of(transactionID string) []conversion.Conversion {
	w.t.Helper()
	all, _, err := w.db.Conversions(w.t.Context(), ConversionFilter{TransactionID: transactionID})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// meetsAtOnce is the barrier: two channels report one sale at the same instant,
// the browser without the order and the amount, the server with both.
func meetsAtOnce(t *testing.T, db *DB) {
	w := newTrade(t, db)
	for n := range 40 {
		of, goal := w.click(), []string{"default", "sale"}[n%2]
		verdicts := w.atOnce(
			w.hit(of, "pixel tid=x goal="+goal+" amount=50"),
			w.hit(of, fmt.Sprintf("postback tid=x goal=%s amount=80 order_id=o%d", goal, n)),
		)
		all := w.of(of.ID.String())
		if len(all) != 1 {
			t.Fatalf("round %d, goal %s: %d conversions; want one", n, goal, len(all))
		}
		c := all[0]
		if c.OrderID != fmt.Sprintf("o%d", n) || !c.SeenByServer || !c.SeenByClient || c.Status != conversion.Approved ||
			c.Amount != usd(80_000_000) || c.Payout != usd(8_000_000) || c.Revenue != usd(16_000_000) {
			t.Errorf("round %d, goal %s: %+v; want the server's order and amount, seen by both", n, goal, c)
		}
		for _, v := range verdicts {
			if v.ConversionID != c.ID || v.Status == signal.Rejected {
				t.Errorf("round %d, goal %s: verdict %s/%s on %q; want one on %s", n, goal, v.Status, v.Code, v.ConversionID, c.ID)
			}
		}
	}
	checkClean(t, db)
}

// meetsInOrder has two servers report one order at the same instant, one by its
// coupon alone: whoever comes first is credited, and the order counts once.
func meetsInOrder(t *testing.T, db *DB) {
	w := newTrade(t, db)
	firsts := map[int64]int{}
	for n := range 40 {
		of, order := w.click(), fmt.Sprintf("order_id=o%d amount=80", n)
		w.atOnce(w.hit(of, "postback tid=x "+order), w.hit(of, "postback coupon=may10 "+order), w.hit(of, "pixel coupon=MAY10 "+order))
		all, _, err := db.Conversions(t.Context(), ConversionFilter{OrderID: fmt.Sprintf("o%d", n), OfferID: 7, From: clock})
		if err != nil || len(all) != 1 {
			t.Fatalf("round %d: %d conversions (%v); want one", n, len(all), err)
		}
		firsts[all[0].AffiliateID]++
		if !all[0].SeenByServer || all[0].Payout != usd(8_000_000) {
			t.Errorf("round %d: %+v; want it seen by a server, and paid once", n, all[0])
		}
	}
	t.Logf("who came first, by affiliate: %v", firsts)
	checkClean(t, db)
}

// scene draws what happens to up to three transactions and an order by coupon, as
// lines for hit, each with the number of its click. Amounts agree, nobody names a
// status, and each order is of one transaction.
func scene(r *rand.Rand) (hits []string, of []int) {
	goal := []string{"default", "sale"}[r.IntN(2)]
	for tx := range 1 + r.IntN(3) {
		orders := 1
		if goal == "sale" {
			orders += r.IntN(2)
		}
		for range 1 + r.IntN(5) {
			channel := []string{"postback", "pixel", "sdk", "api"}[r.IntN(4)]
			who := []string{"tid=x", "customer_id=c", "tid=x customer_id=c"}[r.IntN(3)]
			hit := fmt.Sprintf("%s goal=%s amount=50 %s", channel, goal, who)
			if orders > 1 || r.IntN(2) == 0 {
				hit += fmt.Sprintf(" order_id=RUN-%d-%d", tx, r.IntN(orders))
			}
			hits, of = append(hits, hit), append(of, tx)
		}
	}
	for range r.IntN(3) {
		channel := []string{"postback", "pixel"}[r.IntN(2)]
		hits, of = append(hits, channel+" goal="+goal+" amount=50 coupon=MAY10 order_id=RUN-c"), append(of, 0)
	}
	return hits, of
}

// endsTheSame settles the same signals twice: one after another, and in any order,
// some at the same instant, some again, some while whoever asks goes away. What
// stands in the end is the same.
func endsTheSame(t *testing.T, db *DB) {
	w := newTrade(t, db)
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 1))
		hits, of := scene(r)
		run := func(name string, settle func([]heard)) string {
			clicks := []*click.Click{w.click(), w.click(), w.click()}
			var all []heard
			for i, hit := range hits {
				all = append(all, w.hit(clicks[of[i]], strings.ReplaceAll(hit, "RUN", fmt.Sprintf("%s%d", name, seed))))
			}
			settle(all)
			return w.outcome(name, seed, clicks)
		}
		inOrder := run("a", func(all []heard) {
			for _, h := range all {
				w.settled(h)
			}
		})
		shuffled := run("b", func(all []heard) { w.storm(r, all) })
		if diff := gocmp.Diff(inOrder, shuffled); diff != "" {
			t.Fatalf("seed %d: %s\nin order and shuffled end apart (-in order +shuffled):\n%s", seed, strings.Join(hits, "\n"), diff)
		}
	}
	checkClean(t, db)
}

func (w *trade) settled(h heard) {
	w.t.Helper()
	v, err := w.settle(w.t.Context(), h)
	if err != nil || v.Status == signal.Rejected {
		w.t.Errorf("settle: %+v, %v", v, err)
	}
}

// storm settles signals in any order. In the first half of it whoever asks may go
// away at any moment; then, as after a restart, all are settled again.
func (w *trade) storm(r *rand.Rand, all []heard) {
	w.t.Helper()
	again := slices.Concat(all, all)
	r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	var wait sync.WaitGroup
	for _, h := range again {
		patience := time.Duration(r.IntN(4)) * time.Millisecond
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(w.t.Context(), patience)
			defer cancel()
			_, _ = w.settle(ctx, h) // whatever comes of it
		})
	}
	wait.Wait()
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, h := range all {
		w.settled(h)
	}
}

// outcome writes down what stands: each conversion without the names that the
// first hit on it gives.
func (w *trade) outcome(name string, seed uint64, clicks []*click.Click) string {
	var all []conversion.Conversion
	place := map[string]int{}
	for i, c := range clicks {
		place[c.ID.String()] = i
		all = append(all, w.of(c.ID.String())...)
	}
	byCoupon, _, err := w.db.Conversions(w.t.Context(), ConversionFilter{OrderID: fmt.Sprintf("%s%d-c", name, seed), From: clock})
	if err != nil {
		w.t.Fatal(err)
	}
	all = append(all, byCoupon...)
	slices.SortFunc(all, func(a, b conversion.Conversion) int {
		return cmp.Or(cmp.Compare(place[a.Touch.TransactionID], place[b.Touch.TransactionID]), cmp.Compare(a.OrderID, b.OrderID))
	})
	var lines []string
	for _, c := range all {
		lines = append(lines, fmt.Sprintf("click %d order %q goal %s affiliate %d: %s amount %s payout %s revenue %s server %t client %t",
			place[c.Touch.TransactionID], strings.TrimPrefix(c.OrderID, name), c.GoalCode, c.AffiliateID, c.Status, c.Amount, c.Payout, c.Revenue,
			c.SeenByServer, c.SeenByClient))
	}
	return strings.Join(lines, "\n")
}

func findsTargets(t *testing.T, db *DB) {
	w := newTrade(t, db)
	of := w.click()
	for _, hit := range []string{"goal=sale order_id=a", "goal=sale order_id=b", "goal=default order_id=a"} {
		w.settled(w.hit(of, "postback tid=x amount=50 "+hit))
	}
	id := map[string]string{}
	for _, c := range w.of(of.ID.String()) {
		id[c.GoalCode+" "+c.OrderID] = c.ID
	}
	both := []int64{70, 71}
	tests := []struct {
		name string
		t    settlement.Target
		want []string
	}{
		{"by its ID", settlement.Target{ConversionID: id["sale b"]}, []string{"sale b"}},
		{"by its ID before its order", settlement.Target{ConversionID: id["sale b"], OrderID: "a", OfferID: 7, GoalIDs: both}, []string{"sale b"}},
		{"by its order, of one goal", settlement.Target{OrderID: "a", OfferID: 7, GoalIDs: both[1:]}, []string{"sale a"}},
		{"by its order, of all goals", settlement.Target{OrderID: "a", OfferID: 7, GoalIDs: both}, []string{"sale a", "default a"}},
		{"by its order before its transaction", settlement.Target{OrderID: "b", TransactionID: of.ID.String(), OfferID: 7, GoalIDs: both}, []string{"sale b"}},
		{"by its transaction", settlement.Target{TransactionID: of.ID.String(), OfferID: 7, GoalIDs: both}, []string{"sale a", "sale b", "default a"}},
		{"not of another offer", settlement.Target{OrderID: "a", TransactionID: of.ID.String(), OfferID: 8, GoalIDs: both}, nil},
		{"not among test traffic", settlement.Target{OrderID: "a", OfferID: 7, GoalIDs: both, Test: true}, nil},
		{"not by an ID that there is not", settlement.Target{ConversionID: of.ID.String()}, nil},
	}
	for _, tt := range tests {
		found, err := db.Targets(t.Context(), tt.t)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var got []string
		for _, c := range found {
			got = append(got, c.GoalCode+" "+c.OrderID)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
		}
	}
}

func keepsCandidates(t *testing.T, db *DB) {
	w := newTrade(t, db)
	of := w.click()
	h := w.hit(of, "postback tid=x customer_id=c coupon=MAY10 order_id=a amount=50")
	w.settled(h)
	v, err := db.Verdict(t.Context(), h.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range v.Candidates {
		got = append(got, fmt.Sprintf("%s %s %d %t %s", c.By, c.Named, c.AffiliateID, c.Won, c.Lost))
	}
	want := []string{
		"transaction_id  9 true ",
		"customer_id  9 false transaction_id is trusted more than customer_id",
		"coupon MAY10 8 false transaction_id is trusted more than coupon",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	trace, err := db.Trace(t.Context(), of.ID.String())
	if err != nil || len(trace.Verdicts) != 1 || len(trace.Verdicts[0].Candidates) != 3 || len(trace.Passed) != 0 {
		t.Errorf("the trace of the winner: %+v, %v; want the verdict with its candidates", trace, err)
	}
	plain := w.hit(w.click(), "postback tid=x amount=50")
	w.settled(plain)
	if v, err = db.Verdict(t.Context(), plain.ID.String()); err != nil || v.Candidates != nil {
		t.Errorf("the candidates of a signal with a click alone: %v (%v); want none kept", v.Candidates, err)
	}
	passed := w.hit(w.click(), "postback tid=x coupon=MAY10 order_id=b amount=50")
	passed.ReceivedAt = clock.Add(31 * 24 * time.Hour)
	w.settled(passed)
	trace, err = db.Trace(t.Context(), passed.Click.String())
	if err != nil || len(trace.Verdicts) != 0 || len(trace.Passed) != 1 || trace.Passed[0].SignalID != passed.ID.String() || len(trace.Passed[0].Candidates) != 2 {
		t.Errorf("the trace of a click that had expired: %+v, %v; want the signal that named it, with its candidates", trace, err)
	}
}
