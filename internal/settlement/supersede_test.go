package settlement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// proving has the shop's postbacks bring a token, and adds a rival to the
// affiliate: number 10.
func proving(s *catalog.Source) {
	s.Advertisers[0].PostbackAuth, s.Advertisers[0].Token = advertiser.AuthToken, "a-token-that-is-long-enough"
	s.Affiliates = append(s.Affiliates, affiliate.Affiliate{ID: 10, Name: "Rival", Status: affiliate.Active})
}

// clickOf is a click by the link of an affiliate.
func (w *world) clickOf(affiliateID int64) *click.Click {
	c := w.newClick(7)
	c.AffiliateID = affiliateID
	c.ID = w.mint.Begin(clicked(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: affiliateID}).ID
	return c
}

// toNetwork makes a subscription the network's, and forward digests.
func toNetwork(s *delivery.Subscription) {
	s.Owner, s.URL = delivery.Owner{Network: true}, "https://network.example/?id={conversion_id}&em={email_sha256}"
}

// contest is a story of two clicks: RIVAL's hits are of a click by affiliate 10,
// all others of one by affiliate 9.
type contest struct {
	name   string
	config func(*catalog.Source)
	hits   string // separated by commas
	want   string // the answer to the last
	after  string
	owed   string // the balances of the affiliates, in dollars
	hears  string // what the network is told of
}

func (c *contest) run(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		proving(s)
		subscribe(1, toNetwork)(s)
		if c.config != nil {
			c.config(s)
		}
	})
	own, rival := w.click, w.clickOf(10)
	var v signal.Verdict
	for hit := range strings.SplitSeq(c.hits, ", ") {
		w.click = own
		if rest, ok := strings.CutPrefix(hit, "RIVAL "); ok {
			w.click, hit = rival, rest
		}
		if hit == "PAID" {
			after := w.conversions[0]
			after.Status, after.Version = conversion.Paid, after.Version+1
			w.pay(w.conversions[0], after)
			continue
		}
		if len(w.conversions) > 0 {
			hit = strings.ReplaceAll(hit, "FIRST", w.conversions[0].ID)
		}
		v = w.hit(hit)
	}
	if got := answer(v); got != c.want {
		t.Errorf("%s\n got %s: %s (%s)\nwant %s", c.hits, got, v.Message, v.Rule, c.want)
	}
	if got := w.summary(); got != c.after {
		t.Errorf("after %s\n got %s\nwant %s", c.hits, got, c.after)
	}
	if got := w.balances(t); got != c.owed {
		t.Errorf("after %s\n is owed %s\n want    %s", c.hits, got, c.owed)
	}
	if got := w.heard(); c.hears != "" && got != c.hears {
		t.Errorf("after %s\n is heard %s\n want     %s", c.hits, got, c.hears)
	}
}

// balances writes what affiliates are owed: "9 4 approved".
func (b *books) balances(t interface{ Fatal(...any) }) string {
	sums, err := ledger.Sum(b.entries)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for account, by := range sums {
		if account.Party == ledger.Affiliate {
			all = append(all, fmt.Sprintf("%d %d %s", account.ID, -by["USD"]/1_000_000, account.Book))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// heard writes what is owed, with whose it is.
func (b *books) heard() string {
	var all []string
	for _, o := range b.owed {
		i := slices.IndexFunc(b.conversions, func(c conversion.Conversion) bool { return c.ID == o.ConversionID })
		all = append(all, fmt.Sprintf("%d %s %d", b.conversions[i].AffiliateID, strings.TrimPrefix(string(o.Event), "conversion."), o.Sequence))
	}
	return strings.Join(all, ", ")
}

// TestWhoseAnOrderIs goes through an order that a browser has tied to one click
// and a server to another.
func TestWhoseAnOrderIs(t *testing.T) {
	const (
		pixel = "RIVAL pixel order_id=X"
		lost  = "superseded order=X pays=4/6"
		won   = " | approved order=X pays=4/6"
		both  = pixel + ", postback order_id=X"
		told  = "10 created 1, 10 rejected 2, 9 created 1"
	)
	approved := func(s *catalog.Source) { s.Offers[0].ClientSideStatus = "approved" }
	perAffiliate := func(s *catalog.Source) {
		capped("1", "reject")(s)
		s.Offers[0].Caps[0].PerAffiliate = true
	}
	for _, c := range []contest{
		{name: "the server's word decides", hits: both, want: accepted, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "also what came by the API", hits: pixel + ", api order_id=X", want: accepted, after: lost + won, owed: "9 4 approved"},
		{name: "and in a file", hits: pixel + ", import order_id=X", want: accepted, after: lost + won, owed: "9 4 approved"},
		{name: "for every rule of counting: per_order", hits: "RIVAL sdk goal=sale amount=50 order_id=X, postback goal=sale amount=50 order_id=X", want: accepted, after: "superseded sale order=X amount=50 pays=5/10 | approved sale order=X amount=50 pays=5/10", owed: "9 5 approved"},
		{name: "every", hits: "RIVAL pixel goal=ping order_id=X, postback goal=ping order_id=X", want: accepted, after: "superseded ping order=X pays=4/6 | approved ping order=X pays=4/6", owed: "9 4 approved"},
		{name: "what counted at once is reversed", config: approved, hits: both, want: accepted, after: lost + won, owed: "9 4 approved", hears: "10 created 1, 10 reversed 2, 9 created 1"},
		{name: "the server again is a duplicate", hits: both + ", postback order_id=X", want: duplicate, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "the browser again too", hits: both + ", " + pixel, want: duplicate, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "and a server that names the other click by then", hits: both + ", RIVAL postback order_id=X", want: duplicate, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "the winner's own browser only sights", hits: both + ", pixel order_id=X", want: sighting, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "a browser's word does not decide", hits: pixel + ", pixel order_id=X", want: duplicate, after: "pending order=X pays=4/6 waits=server", owed: "10 4 pending"},
		{name: "nor that of a server who proves nothing", config: func(s *catalog.Source) { s.Advertisers[0].PostbackAuth = advertiser.AuthOff }, hits: both, want: duplicate, after: "pending order=X pays=4/6 waits=server", owed: "10 4 pending"},
		{name: "the server first, then the browser", hits: "RIVAL postback order_id=X, pixel order_id=X", want: duplicate, after: "approved order=X pays=4/6", owed: "10 4 approved"},
		{name: "what a server has confirmed by its click stays", hits: pixel + ", RIVAL postback order_id=X, postback order_id=X", want: duplicate, after: "approved order=X pays=4/6", owed: "10 4 approved"},
		{name: "each goal counts for itself", hits: pixel + ", postback goal=deal order_id=X", want: accepted, after: "pending order=X pays=4/6 waits=server | approved deal order=X pays=4/6", owed: "10 4 pending, 9 4 approved"},
		{name: "a test's order is another", hits: pixel + ", postback test=1 order_id=X", want: accepted, after: "pending order=X pays=4/6 waits=server | approved test order=X pays=4/6", owed: "10 4 pending, 9 4 approved"},
		{name: "a server may say at once that the order came to nothing", hits: both + " status=rejected", want: accepted, after: lost + " | rejected order=X pays=4/6", owed: "", hears: "10 created 1, 10 rejected 2, 9 rejected 1"},
		{name: "a decision of the network is about what was known then", hits: pixel + ", RIVAL api patch conversion_id=FIRST order_id=X status=approved, postback order_id=X", want: accepted, after: lost + won, owed: "9 4 approved", hears: "10 created 1, 10 approved 2, 10 reversed 3, 9 created 1"},
		{name: "what was rejected by then heard of it before", hits: pixel + ", RIVAL api patch conversion_id=FIRST order_id=X status=rejected, postback order_id=X", want: accepted, after: lost + won, owed: "9 4 approved", hears: "10 created 1, 10 rejected 2, 9 created 1"},
		{name: "a corrected amount is no word on whose it is", hits: pixel + ", RIVAL api patch conversion_id=FIRST order_id=X amount=70, postback order_id=X", want: accepted, after: "superseded order=X amount=70 pays=4/6" + won, owed: "9 4 approved"},
		{name: "what is paid keeps its order", hits: pixel + ", RIVAL api patch conversion_id=FIRST order_id=X status=approved, PAID, postback order_id=X", want: "duplicate duplicate 200", after: "paid order=X pays=4/6", owed: "10 4 paid", hears: "10 created 1, 10 approved 2"},
		{name: "the order alone tells nothing of the click", hits: pixel + ", postback transaction_id= order_id=X, postback order_id=X", config: lenient, want: accepted, after: lost + won, owed: "9 4 approved"},
		{name: "its own conversion takes the order over", hits: "pixel, " + pixel + ", postback order_id=X", want: updated, after: "approved order=X pays=4/6 | " + lost, owed: "9 4 approved", hears: "9 created 1, 10 created 1, 10 rejected 2, 9 approved 2"},
		{name: "one that has another order does not", hits: "postback order_id=Y, " + pixel + ", postback order_id=X", want: duplicate, after: "approved order=Y pays=4/6 | pending order=X pays=4/6 waits=server", owed: "10 4 pending, 9 4 approved"},
		{name: "a hit that is refused takes nothing", hits: both + " @9999h", want: "rejected click_expired 422", after: "pending order=X pays=4/6 waits=server", owed: "10 4 pending", hears: "10 created 1"},
		{name: "what is superseded is not approved again", hits: both + ", RIVAL api patch conversion_id=FIRST order_id=X status=approved", want: forbidden, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "nor its amount changed", hits: both + ", RIVAL api patch conversion_id=FIRST order_id=X amount=9", want: forbidden, after: lost + won, owed: "9 4 approved", hears: told},
		{name: "and its click may earn by another order", hits: both + ", RIVAL postback order_id=Z", want: accepted, after: lost + won + " | approved order=Z pays=4/6", owed: "10 4 approved, 9 4 approved"},
		{name: "or without one", hits: both + ", RIVAL postback", want: accepted, after: lost + won + " | approved pays=4/6", owed: "10 4 approved, 9 4 approved"},
		{name: "what a server has reported without the order keeps its money", hits: pixel + ", RIVAL postback, postback order_id=X", want: accepted, after: "approved pays=4/6" + won, owed: "10 4 approved, 9 4 approved", hears: "10 created 1, 10 approved 2, 9 created 1"},
		{name: "the place under a cap goes along", config: capped("1", "reject"), hits: both, want: accepted, after: lost + won, owed: "9 4 approved"},
		{name: "and is no other's", config: capped("1", "reject"), hits: both + ", RIVAL postback order_id=Z", want: "rejected cap_reached 422", after: lost + won, owed: "9 4 approved"},
		{name: "a cap for each affiliate is given back", config: perAffiliate, hits: both + ", RIVAL postback order_id=Z", want: accepted, after: lost + won + " | approved order=Z pays=4/6", owed: "10 4 approved, 9 4 approved"},
		{name: "a cap that the server's click has no room under", config: perAffiliate, hits: "postback goal=deal, " + both, want: "rejected cap_reached 422", after: "approved deal pays=4/6 | pending order=X pays=4/6 waits=server", owed: "10 4 pending, 9 4 approved"},
		{name: "a day later what the day has counted stands", config: capped("1", "reject"), hits: both + " @25h", want: accepted, after: lost + won, owed: "9 4 approved"},
	} {
		t.Run(c.name, c.run)
	}
}

// TestSupersededIsTold: the verdict, and what is kept of the loser, say what
// happened and why.
func TestSupersededIsTold(t *testing.T) {
	w := newWorld(t, proving)
	own := w.click
	w.click = w.clickOf(10)
	loser := w.hit("pixel order_id=X")
	rival := w.click.ID.String()
	w.click = own
	v := w.hit("postback order_id=X")

	c := w.conversions[0]
	if c.Reason != conversion.Superseded || c.Memory.SupersededBy != v.ConversionID || c.Memory.SupersededIn != v.SignalID || c.OrderID != "X" {
		t.Errorf("the loser is %+v", c)
	}
	want := []signal.Considered{
		{By: "transaction_id", TransactionID: own.ID.String(), Kind: "click", At: clicked(), AffiliateID: 9, Code: signal.OK, Won: true},
		{
			By: "order_id", Named: "X", TransactionID: rival, Kind: "click", At: clicked(), AffiliateID: 10, BoundBy: "browser", Code: signal.OK,
			Rule: "a browser had reported the order for it", Lost: "a server that proved who it is names another click for the order",
		},
	}
	for i := range v.Candidates {
		if v.Candidates[i].Won {
			v.Candidates[i].Rule = ""
		}
	}
	if diff := cmp.Diff(want, v.Candidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if !strings.Contains(v.Rule, loser.ConversionID+" is superseded") || strings.Contains(v.Message, rival) {
		t.Errorf("the rule is %q, the message %q", v.Rule, v.Message)
	}
}

// TestViewContestsAnOrder: a view that a server names with a status claims the
// order like any touch, and does not change the browser's.
func TestViewContestsAnOrder(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { proving(s); lenient(s) })
	w.click = w.clickOf(10)
	w.hit("pixel order_id=X")
	w.click = w.newTouch(txid.Impression, 7)
	v := w.hit("postback order_id=X status=approved")
	if got := answer(v); got != accepted || len(w.conversions) != 2 || !w.conversions[0].Superseded() || w.conversions[1].Status != "approved" {
		t.Errorf("%s (%s), then %s", got, v.Rule, w.summary())
	}
}

// TestSupersededInAnyOrder: whatever comes first, again, or twice, an order that
// a server has tied to a click is that click's, every other claim to it counts
// for nothing, and the money and the caps say so.
func TestSupersededInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(s *catalog.Source) {
			proving(s)
			subscribe(1, toNetwork)(s)
			capped("1000", "reject")(s)
			capped("1000", "reject")(s)
			s.Offers[0].Caps[1].PerAffiliate = true
			s.Offers[0].CreditWithoutClick = "accept"
			s.Offers[0].ClientSideStatus = rapid.SampledFrom([]string{"pending", "approved"}).Draw(rt, "client-side status")
		})
		w.lost = true
		signals := contestedHits(rt, w)
		first := w.ends(rt, signals)

		again := slices.Concat(signals, rapid.SliceOf(rapid.SampledFrom(signals)).Draw(rt, "settled again"))
		for _, s := range rapid.SliceOf(rapid.SampledFrom(signals)).Draw(rt, "sent again") {
			s.ID = w.signal("postback").ID
			again = append(again, s)
		}
		if second := w.ends(rt, rapid.Permutation(again).Draw(rt, "order")); second != first {
			rt.Fatalf("in order: %s\nshuffled: %s", first, second)
		}
	})
}

// contestedHits draws orders, each of which a server ties to one click, and
// browsers to that and to others. Clicks of the goal that counts once have one
// order, or none that is theirs.
func contestedHits(t *rapid.T, w *world) []signal.Signal {
	goal := rapid.SampledFrom([]string{"default", "sale", "ping"}).Draw(t, "goal")
	var all []signal.Signal
	hit := func(of *click.Click, channels string, order int) {
		w.click = of
		channel := rapid.SampledFrom(strings.Fields(channels)).Draw(t, "channel")
		all = append(all, w.signal(fmt.Sprintf("%s goal=%s amount=50 order_id=O-%d", channel, goal, order)))
	}
	var owners []*click.Click
	for n := range rapid.IntRange(1, 4).Draw(t, "orders") {
		owner := w.clickOf(rapid.Int64Range(9, 10).Draw(t, "owner's affiliate"))
		if len(owners) > 0 && goal != "default" && rapid.Bool().Draw(t, "of a click that has another order") {
			owner = owners[0]
		}
		owners = append(owners, owner)
		hit(owner, "postback api import", n)
		for range rapid.IntRange(0, 2).Draw(t, "honest browsers") {
			hit(owner, "pixel sdk", n)
		}
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			thief := w.clickOf(rapid.Int64Range(9, 10).Draw(t, "thief's affiliate"))
			if goal != "default" && rapid.Bool().Draw(t, "who has earned before") {
				thief = owners[0]
			}
			if thief != owner {
				hit(thief, "pixel sdk", n)
			}
		}
	}
	return rapid.Permutation(all).Draw(t, "first order")
}

// ends settles signals with empty books, and writes down what stands then beside
// what is superseded. Whether a browser is noted on a conversion is left out: its
// hit is a duplicate of whatever has its order at the time.
func (w *world) ends(t *rapid.T, signals []signal.Signal) string {
	w.books = newBooks()
	for _, s := range signals {
		if v := w.settle(s); v.Status == signal.Rejected {
			t.Fatalf("refused: %+v", v)
		}
	}
	var all []string
	for i := range w.conversions {
		c := &w.conversions[i]
		if c.Superseded() {
			w.mustBeUndone(t, c)
			continue
		}
		all = append(all, fmt.Sprintf("%s of %s: %s, %d, seen %t", c.OrderID, c.Touch.TransactionID, c.Status, c.Payout.Units, c.SeenByServer))
	}
	slices.Sort(all)
	for k, n := range w.used {
		if n != 0 {
			all = append(all, fmt.Sprintf("%+v %d", k, n))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n") + "\n" + w.balances(t)
}

// mustBeUndone holds a superseded conversion to what it is: worth nothing, and
// heard of as that by whoever had heard of it.
func (w *world) mustBeUndone(t *rapid.T, c *conversion.Conversion) {
	if len(c.Memory.CapUse) > 0 || c.Status != conversion.Rejected || c.Memory.SupersededBy == "" {
		t.Fatalf("superseded, and still %+v", c)
	}
	var last conversion.Event
	for _, o := range w.owed {
		if o.ConversionID == c.ID {
			last = o.Event
		}
	}
	if last != conversion.EventRejected && last != conversion.EventReversed {
		t.Fatalf("superseded, and last heard of as %q", last)
	}
}

// TestOthersSecretsStay: the digest of a customer's address goes to who forwards
// it about his own conversion, and not about the one that lost the order.
func TestOthersSecretsStay(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { proving(s); subscribe(1, toNetwork)(s) })
	own := w.click
	w.click = w.clickOf(10)
	w.hit("pixel order_id=X")
	w.click = own
	s := w.signal("postback order_id=X")
	s.EmailSHA256 = strings.Repeat("ab", 32)
	w.settle(s)
	for _, o := range w.owed {
		_, has := o.Values["email_sha256"]
		if of := w.conversions[1].ID == o.ConversionID; of != has {
			t.Errorf("%s of conversion %s has the digest: %t", o.Event, o.ConversionID, has)
		}
	}
}
