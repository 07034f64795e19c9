package settle_test

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlitetest"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
	"waybill/internal/work/settle"
)

// bench is a settler on a real ledger, whose catalog can be mended.
type bench struct {
	t        *testing.T
	source   catalog.Source
	catalog  *catalog.Catalog
	journal  *journal
	ledger   *sqlledger.DB
	mint     *txid.Mint
	settler  *settle.Settler
	replayer *settle.Replayer
}

// ledgers are those of a new installation.
var ledgers = sqlitetest.Template{Fill: func(path string) error {
	db, err := sqlledger.Open(context.Background(), path, sqlledger.Options{})
	if err != nil {
		return err
	}
	return db.Close()
}}

func newBench(t *testing.T) *bench {
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
	key, err := txid.NewKey(1, time.Now().AddDate(-1, 0, 0), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	shop := advertiser.Default()
	shop.ID = 3
	o := offer.Default()
	o.ID, o.AdvertiserID, o.DestinationURL = 7, 3, "https://shop.example/?tid={transaction_id}"
	o.Payout = offer.Price{Type: offer.CPA, Amount: 4 * money.Unit}
	o.Revenue = offer.Price{Type: offer.CPA, Amount: 6 * money.Unit}
	g := offer.NewGoal(7)
	g.ID, g.Code = 70, offer.DefaultGoal
	b := &bench{t: t, journal: &journal{records: map[txid.ID][]byte{}}, ledger: db}
	b.source = catalog.Source{
		Advertisers: []advertiser.Advertiser{shop}, Offers: []offer.Offer{o}, Goals: []offer.Goal{g}, Ring: []txid.Key{key},
	}
	b.mend(func(*catalog.Source) {})
	b.mint = txid.NewMint(b.catalog.Ring(), liveNode, 0)
	b.settler = settle.New(b.journal, db, func() *catalog.Catalog { return b.catalog },
		func(uint16) txid.Tick { return math.MaxUint64 }, slog.New(slog.DiscardHandler))
	b.replayer = &settle.Replayer{Settler: b.settler, Ledger: db}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.settler.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

// mend changes the catalog.
func (b *bench) mend(change func(*catalog.Source)) {
	b.t.Helper()
	change(&b.source)
	var err error
	if b.catalog, err = catalog.New(b.source); err != nil {
		b.t.Fatal(err)
	}
}

// visit writes a click down that came some time ago.
func (b *bench) visit(ago time.Duration) txid.ID { return b.visitOf(9, ago) }

func (b *bench) visitOf(affiliateID int64, ago time.Duration) txid.ID {
	ticket := b.mint.Begin(time.Now().Add(-ago), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: affiliateID})
	c := click.Click{ID: ticket.ID, At: time.Now().Add(-ago), OfferID: 7, AffiliateID: affiliateID}
	b.journal.put(c.ID, c.Append(nil))
	ticket.Done()
	return c.ID
}

// hit writes a signal down and has it settled.
func (b *bench) hit(of txid.ID, change func(*signal.Signal)) signal.Verdict {
	b.t.Helper()
	ticket := b.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: 7, Affiliate: 9})
	s := signal.Signal{
		ID: ticket.ID, ReceivedAt: time.Now(), Channel: signal.Postback, Auth: signal.OK, Click: of,
		Params: []signal.Param{{Name: param.TransactionID, Value: of.String()}},
	}
	change(&s)
	b.journal.put(s.ID, s.Append(nil))
	ticket.Done()
	return b.settler.Settle(b.t.Context(), s)
}

func said(n param.Name, value string) func(*signal.Signal) {
	return func(s *signal.Signal) { s.Params = append(s.Params, signal.Param{Name: n, Value: value}) }
}

func auth(code signal.Code) func(*signal.Signal) {
	return func(s *signal.Signal) { s.Auth = code }
}

// replay judges signals again in one run, and gives what came of each in words.
func (b *bench) replay(o signal.Replay, of ...signal.Verdict) string {
	b.t.Helper()
	var ids []txid.ID
	for _, v := range of {
		id, err := txid.Parse(v.SignalID)
		if err != nil {
			b.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	all, err := b.replayer.Begin(o)(b.t.Context(), ids)
	if err != nil {
		b.t.Fatal(err)
	}
	var words []string
	for _, r := range all {
		if r.Skipped != "" {
			words = append(words, "skipped: "+r.Skipped)
			continue
		}
		words = append(words, string(r.Before.Code)+" > "+string(r.After.Status)+" "+string(r.After.Code))
	}
	return strings.Join(words, " | ")
}

func (b *bench) conversions() int {
	b.t.Helper()
	all, _, err := b.ledger.Conversions(b.t.Context(), sqlledger.ConversionFilter{})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(all)
}

// TestReplay: what rejected a signal is mended, and it is judged again.
func TestReplay(t *testing.T) {
	addGoal := func(s *catalog.Source) {
		g := offer.NewGoal(7)
		g.ID, g.Code = 71, "deposit"
		s.Goals = append(s.Goals, g)
	}
	nothing := func(*catalog.Source) {}
	tests := []struct {
		name string
		ago  time.Duration // of the click
		hit  func(*signal.Signal)
		code signal.Code
		mend func(*catalog.Source)
		how  signal.Replay
		want string
	}{
		{
			name: "a goal that was not there", hit: said(param.Goal, "deposit"), code: signal.GoalUnknown, mend: addGoal,
			want: "goal_unknown > accepted ok",
		},
		{
			name: "nothing was mended", hit: said(param.Goal, "deposit"), code: signal.GoalUnknown, mend: nothing,
			want: "goal_unknown > rejected goal_unknown",
		},
		{
			name: "another thing is wrong by now", hit: said(param.Goal, "deposit"), code: signal.GoalUnknown,
			mend: func(s *catalog.Source) { addGoal(s); s.Offers[0].Status = offer.Archived },
			want: "goal_unknown > rejected offer_inactive",
		},
		{
			name: "a longer window, in which it came", ago: 40 * 24 * time.Hour, hit: func(*signal.Signal) {}, code: signal.ClickExpired,
			mend: func(s *catalog.Source) { s.Offers[0].ClickWindow *= 2 },
			want: "click_expired > accepted ok",
		},
		{
			name: "a window that is over by now and was not when it came", ago: 50 * 24 * time.Hour, code: signal.GoalUnknown, mend: addGoal,
			hit: func(s *signal.Signal) {
				said(param.Goal, "deposit")(s)
				s.ReceivedAt = s.ReceivedAt.AddDate(0, 0, -25)
			},
			want: "goal_unknown > accepted ok",
		},
		{
			name: "a wrong token stays one", hit: auth(signal.TokenInvalid), code: signal.TokenInvalid, mend: nothing,
			want: "token_invalid > rejected token_invalid",
		},
		{
			name: "a wrong token of somebody who is vouched for", hit: auth(signal.TokenInvalid), code: signal.TokenInvalid, mend: nothing,
			how: signal.Replay{Trust: true}, want: "token_invalid > accepted ok",
		},
		{
			name: "but nobody vouches for who speaks of another's offer", code: signal.OfferUnknown, mend: nothing,
			hit:  func(s *signal.Signal) { s.Channel, s.Auth = signal.API, signal.OfferUnknown },
			how:  signal.Replay{Trust: true},
			want: "offer_unknown > rejected offer_unknown",
		},
		{
			name: "an ID that was not known for one", code: signal.TransactionIDInvalid, mend: nothing,
			hit:  func(s *signal.Signal) { s.Click = txid.ID{} },
			want: "transaction_id_invalid > accepted ok",
		},
		{
			name: "whose advertiser wants a proof that is not on record", code: signal.TransactionIDInvalid,
			hit: func(s *signal.Signal) { s.Click = txid.ID{} },
			mend: func(s *catalog.Source) {
				s.Advertisers[0].PostbackAuth, s.Advertisers[0].Token = advertiser.AuthToken, strings.Repeat("t", 32)
			},
			want: "transaction_id_invalid > rejected token_missing",
		},
		{
			name: "and whose key it was is not on record either", code: signal.TransactionIDInvalid, mend: nothing,
			hit:  func(s *signal.Signal) { s.Click, s.Channel = txid.ID{}, signal.API },
			want: "transaction_id_invalid > rejected offer_unknown",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			v := b.hit(b.visit(tt.ago+time.Hour), tt.hit)
			if v.Status != signal.Rejected || v.Code != tt.code {
				t.Fatalf("at first it was %s %s, want rejected %s", v.Status, v.Code, tt.code)
			}
			b.mend(tt.mend)
			dry := tt.how
			dry.DryRun = true
			if got := b.replay(dry, v); got != tt.want {
				t.Errorf("dry run: %s, want %s", got, tt.want)
			}
			if n := b.conversions(); n != 0 {
				t.Errorf("a dry run made %d conversions", n)
			}
			if now, err := b.ledger.Verdict(t.Context(), v.SignalID); err != nil || now.Code != tt.code {
				t.Errorf("after the dry run it is %s (%v), want %s", now.Code, err, tt.code)
			}
			if got := b.replay(tt.how, v); got != tt.want {
				t.Errorf("replay: %s, want %s", got, tt.want)
			}
			want := strings.Count(tt.want, "accepted")
			if n := b.conversions(); n != want {
				t.Errorf("%d conversions, want %d", n, want)
			}
			if want == 0 {
				return
			}
			if got := b.replay(tt.how, v); got != "skipped: it is not rejected" {
				t.Errorf("once more: %s", got)
			}
		})
	}
}

// TestReplayTogether: signals of one transaction count once, in the order of the
// list, and a dry run foretells it.
func TestReplayTogether(t *testing.T) {
	b := newBench(t)
	of, other := b.visit(time.Hour), b.visit(time.Hour)
	var all []signal.Verdict
	for range 3 {
		all = append(all, b.hit(of, auth(signal.TokenMissing)))
	}
	all = append(all, b.hit(other, auth(signal.TokenMissing)), b.hit(b.visit(time.Hour), func(*signal.Signal) {}))
	all = append(all, all[0], signal.Verdict{SignalID: b.visit(0).String()})
	const want = "token_missing > accepted ok | token_missing > duplicate duplicate | token_missing > duplicate duplicate | " +
		"token_missing > accepted ok | skipped: it is not rejected | skipped: it stands in the list twice | skipped: it has no verdict yet"
	for _, how := range []signal.Replay{{Trust: true, DryRun: true}, {Trust: true}} {
		if got := b.replay(how, all...); got != want {
			t.Errorf("dry run %t:\n%s, want\n%s", how.DryRun, got, want)
		}
	}
	if n := b.conversions(); n != 3 {
		t.Errorf("%d conversions, want 3", n)
	}
	earlier, err := b.ledger.EarlierVerdicts(t.Context(), all[1].SignalID)
	if err != nil || len(earlier) != 1 || !earlier[0].Trusted || earlier[0].Code != signal.TokenMissing {
		t.Errorf("earlier verdicts %+v (%v), want the rejection, and that somebody vouched for its sender", earlier, err)
	}
}

// TestReplayOfABinding: what was not believed when it came has left no keys by
// which its customer is found, so to accept it later would be a lie.
func TestReplayOfABinding(t *testing.T) {
	b := newBench(t)
	b.mend(func(s *catalog.Source) {
		s.Offers[0].Attribution = []offer.Identifier{offer.ByTransactionID, offer.ByCustomerID}
	})
	v := b.hit(b.visit(time.Hour), func(s *signal.Signal) {
		said(param.CustomerID, "c-1")(s)
		s.Binds, s.Auth = true, signal.TokenMissing
	})
	if v.Code != signal.TokenMissing {
		t.Fatalf("at first it was %s %s, want rejected token_missing", v.Status, v.Code)
	}
	const want = "skipped: it only ties a customer to a touch, and what was not believed when it came ties nothing; have it sent again"
	for _, how := range []signal.Replay{{Trust: true, DryRun: true}, {Trust: true}} {
		if got := b.replay(how, v); got != want {
			t.Errorf("dry run %t: %s, want %s", how.DryRun, got, want)
		}
	}
}

// TestReplayOfWhatWasPutAside: a signal that could not be settled is, once what
// was in its way is mended.
func TestReplayOfWhatWasPutAside(t *testing.T) {
	b := newBench(t)
	ticket := b.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: 7, Affiliate: 9})
	defer ticket.Done()
	of := b.visit(time.Hour)
	s := signal.Signal{ID: ticket.ID, ReceivedAt: time.Now(), Channel: signal.Postback, Auth: signal.OK, Click: of}
	b.journal.put(s.ID, s.Append(nil))
	aside := signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued, SignalID: s.ID.String(), Rule: "a defect"}
	if _, err := b.ledger.Settle(t.Context(), settlement.Case{SignalID: aside.SignalID, Refusal: &aside}); err != nil {
		t.Fatal(err)
	}
	for _, how := range []signal.Replay{{DryRun: true}, {}} {
		if got, want := b.replay(how, aside), "queued > accepted ok"; got != want {
			t.Errorf("dry run %t: %s, want %s", how.DryRun, got, want)
		}
	}
	if n := b.conversions(); n != 1 {
		t.Errorf("%d conversions, want 1", n)
	}
}

// TestReplayOfALostRecord: what was said is not known any more.
func TestReplayOfALostRecord(t *testing.T) {
	b := newBench(t)
	v := b.hit(b.visit(time.Hour), auth(signal.TokenInvalid))
	b.journal.mu.Lock()
	clear(b.journal.records)
	b.journal.mu.Unlock()
	if got, want := b.replay(signal.Replay{Trust: true}, v), "skipped: its record is not on this node, or not any more"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRehearse: a dry run counts what it has foreseen, order by order and cap by
// cap, and nothing of it is written.
func TestRehearse(t *testing.T) {
	b := newBench(t)
	b.mend(func(s *catalog.Source) {
		s.Offers[0].Caps = []offer.Cap{{Metric: offer.CapConversions, Period: "day", Limit: 2 * money.Unit}}
	})
	one, two := b.visit(time.Hour), b.visit(time.Hour)
	tell := b.replayer.Rehearse()
	var got []string
	for _, line := range []struct {
		of     txid.ID
		change func(*signal.Signal)
	}{
		{one, said(param.OrderID, "A")},
		{one, said(param.OrderID, "A")},
		{two, said(param.OrderID, "A")}, // the order is another transaction's
		{one, said(param.Status, "rejected")},
		{two, said(param.OrderID, "B")},
		{b.visit(time.Hour), said(param.OrderID, "C")}, // what was rejected has left its room in the cap
		{b.visit(time.Hour), said(param.OrderID, "D")},
	} {
		ticket := b.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: 7, Affiliate: 9})
		ticket.Done()
		s := signal.Signal{ID: ticket.ID, ReceivedAt: time.Now(), Channel: signal.Import, Auth: signal.OK, Click: line.of}
		line.change(&s)
		v, err := tell(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(v.Code))
	}
	want := "ok duplicate duplicate updated ok ok cap_reached"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if n := b.conversions(); n != 0 {
		t.Errorf("a dry run made %d conversions", n)
	}
}

// TestRehearseOfAContestedOrder: a dry run foresees that a server takes an order
// from a browser, with the caps that each has, and goes on from there; nothing of
// it is written. What is judged for good then comes to the same.
func TestRehearseOfAContestedOrder(t *testing.T) {
	b := newBench(t)
	b.mend(func(s *catalog.Source) {
		s.Offers[0].Caps = []offer.Cap{{Metric: offer.CapConversions, Period: "day", Limit: money.Unit, PerAffiliate: true}}
	})
	thief, own := b.visitOf(8, time.Hour), b.visit(time.Hour)
	channel := func(c signal.Channel, order string) func(*signal.Signal) {
		return func(s *signal.Signal) {
			s.Channel = c
			said(param.OrderID, order)(s)
		}
	}
	first := b.hit(thief, channel(signal.Pixel, "X"))
	lines := []struct {
		of     txid.ID
		change func(*signal.Signal)
	}{
		{own, channel(signal.Import, "X")},
		{own, channel(signal.Import, "X")},
		{thief, channel(signal.Pixel, "X")},
		{thief, channel(signal.Import, "X")},
		{thief, channel(signal.Import, "Y")},                       // what was superseded has left its room in the cap
		{b.visitOf(8, time.Hour), channel(signal.Import, "Z")},     // which is taken again
		{b.visit(time.Hour), channel(signal.Import, "Y")},          // a server has said whose that is
		{b.visitOf(8, time.Hour), channel(signal.Postback, "Zoe")}, // and proves nothing
	}
	const want = "ok duplicate duplicate duplicate ok cap_reached duplicate cap_reached"
	tell := b.replayer.Rehearse()
	var foreseen, settled []string
	for _, line := range lines {
		ticket := b.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: 7, Affiliate: 9})
		ticket.Done()
		s := signal.Signal{ID: ticket.ID, ReceivedAt: time.Now(), Auth: signal.OK, Click: line.of}
		line.change(&s)
		v, err := tell(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		foreseen = append(foreseen, string(v.Code))
	}
	if text := strings.Join(foreseen, " "); text != want {
		t.Errorf("foreseen %s\n    want %s", text, want)
	}
	if c, err := b.ledger.Conversion(t.Context(), first.ConversionID); err != nil || c.Version != 1 || b.conversions() != 1 {
		t.Errorf("a dry run has left %d conversions, the first is %+v (%v)", b.conversions(), c, err)
	}
	for _, line := range lines {
		settled = append(settled, string(b.hit(line.of, line.change).Code))
	}
	if text := strings.Join(settled, " "); text != want {
		t.Errorf("settled %s\n   want %s", text, want)
	}
}
