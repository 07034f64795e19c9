package api

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/offer"
	"waybill/internal/report"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// newSearchWorld is a world whose trade is in the warehouse, too.
func newSearchWorld(t *testing.T) *world {
	t.Helper()
	w, d := newWorld(t), newWarehouse(t)
	c := w.conversion
	b := fact.Batch{
		Clicks: []fact.Click{{
			ID: w.click, OfferID: 1, AdvertiserID: 1, AffiliateID: 1, AffClickID: "aff-77", Source: "news",
		}},
		Conversions: []fact.Conversion{{
			Sign: 1, ID: c.ID, TransactionID: w.click.String(), ChangeID: 1, At: c.OccurredAt, ClickAt: w.click.Time(), OfferID: 1, AdvertiserID: 1, AffiliateID: 1,
			GoalID: 1, Status: "approved", Channel: "postback", Currency: "USD", OrderID: c.OrderID,
		}},
		Signals: []fact.Signal{{
			ID: w.refused, At: w.refused.Time(), Channel: "postback", Status: "rejected", Code: "currency_invalid", TransactionID: w.click.String(),
			OrderID: "B-9,x", OfferID: 1, AdvertiserID: 1, AffiliateID: 1,
		}},
		Positions: []fact.Position{{Source: "click/1", At: 1, Through: noon.Add(-time.Second)}},
	}
	if err := d.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.Warehouse = d
	return w
}

// search asks, and gives what was found as "kind title by", exact ones with an =.
func (w *world) search(t *testing.T, as, q string) (lines []string, r searchResult) {
	t.Helper()
	got := w.do(t, as, "GET", "search?q="+url.QueryEscape(w.fill(q)), "")
	if got.status != 200 {
		t.Fatalf("search for %q as %s: %d %s", q, as, got.status, got.text)
	}
	if err := json.Unmarshal([]byte(got.text), &r); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Data {
		text := l.Kind + " " + l.Title + " " + l.By
		if l.Exact {
			text = "= " + text
		}
		lines = append(lines, text)
	}
	return lines, r
}

func TestSearchFindsWhatIsMeant(t *testing.T) {
	w := newSearchWorld(t)
	click, refused := w.click.String(), w.refused.String()
	for _, tt := range []struct {
		name, as, q string
		want        []string
	}{
		{"a click by its ID", asNetwork, "CLICK", []string{"= click CLICK id"}},
		{"in capitals, with white space", asNetwork, " " + strings.ToUpper(click) + " ", []string{"= click CLICK id"}},
		{"by its beginning", asNetwork, click[:10], []string{"click CLICK id"}},
		{"not by seven letters", asNetwork, click[:7], nil},
		{"a click, as its affiliate", asAffiliate1, "CLICK", []string{"= click CLICK id"}},
		{"as its advertiser", asAdvertiser1, click[:12], []string{"click CLICK id"}},
		{"not as another affiliate", asAffiliate2, "CLICK", nil},
		{"not as another advertiser", asAdvertiser2, click[:12], nil},
		{"a signal by its ID", asNetwork, "REFUSED", []string{"= signal REFUSED id"}},
		{"a conversion by its ID", asAdvertiser1, "CONVERSION", []string{"= conversion CONVERSION id"}},
		{"by its beginning", asAffiliate1, w.conversion.ID[:12], []string{"conversion CONVERSION id"}},
		{"a delivery, as its owner", asAffiliate1, "DELIVERY", []string{"= delivery DELIVERY id"}},
		{"not as the advertiser", asAdvertiser1, "DELIVERY", nil},
		{"a conversion by its order", asNetwork, "A-1", []string{"= conversion A-1 order_id"}},
		{"by the beginning of its order, as its advertiser", asAdvertiser1, "A-1", []string{"= conversion A-1 order_id"}},
		{"not as another's", asAdvertiser2, "A-1", nil},
		{"a rejected signal by its order, with a comma in it", asAdvertiser1, "B-9,x", []string{"= signal B-9,x order_id"}},
		{"not as an affiliate, who does not see what came", asAffiliate1, "B-9,x", nil},
		{"a click by the affiliate's ID", asAffiliate1, "aff-77", []string{"= click aff-77 aff_click_id"}},
		{"by its beginning", asNetwork, "aff-7", []string{"click aff-77 aff_click_id"}},
		{"not as an advertiser, who does not see it", asAdvertiser1, "aff-77", nil},
		{"not as another affiliate", asAffiliate2, "aff-77", nil},
		{"a short link by its code", asNetwork, "spri", []string{"link spring code"}},
		{"as the affiliate whose it is", asAffiliate1, "spring", []string{"= link spring code"}},
		{"and not as another", asAffiliate2, "spring", nil},
		{"nor as an advertiser", asAdvertiser1, "spring", nil},
		{"a name", asNetwork, "one", []string{"= affiliate One name", "= advertiser One name"}},
		{"not of others", asAffiliate1, "one", nil},
		{"part of an offer's", asAffiliate1, "ffer", []string{"offer Offer name", "offer Offer name"}},
		{"an advertiser sees its own", asAdvertiser1, "OFFER", []string{"= offer Offer name"}},
		{"a number", asAdvertiser2, "2", []string{"= offer Offer id"}},
		{"what is a formula for others", asNetwork, `%_\'"`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, r := w.search(t, tt.as, tt.q)
			var want []string
			for _, line := range tt.want {
				want = append(want, strings.ReplaceAll(w.fill(line), "REFUSED", refused))
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") || !r.Complete {
				t.Errorf("found %v, complete %t; want %v", got, r.Complete, want)
			}
		})
	}
	for bad, want := range map[string]int{"": 422, "%20": 422, strings.Repeat("a", 201): 422, "a%00b": 400} {
		if got := w.do(t, asNetwork, "GET", "search?q="+bad, ""); got.status != want {
			t.Errorf("search for %q: %d %s; want %d", bad, got.status, got.text, want)
		}
	}
}

// TestSearchFindsOnlyWhatMayBeRead holds for whatever is looked for, by whomever,
// that each line leads to what the same caller may read.
func TestSearchFindsOnlyWhatMayBeRead(t *testing.T) {
	w := newSearchWorld(t)
	mint := txid.NewMint(w.present.Ring(), 2, 0)
	var all []string // what may be looked for
	for i := range 12 {
		ticket := mint.Begin(noon.Add(time.Duration(i-30)*time.Second), txid.Subject{Kind: txid.Click, Offer: int64(i%2 + 1), Affiliate: int64(i/2%2 + 1)})
		ticket.Done()
		w.journal[ticket.ID] = clickOf(ticket.ID, int64(i%2+1), int64(i/2%2+1)).Append(nil)
		all = append(all, ticket.ID.String())
	}
	all = append(all, w.click.String(), w.signal.String(), w.refused.String(), w.conversion.ID, w.delivery, "A-1", "B-9,x", "aff-77", "spring", "Offer", "One", "1", "2")
	paths := map[string]string{
		"conversion": "conversions/", "signal": "signals/", "delivery": "deliveries/", "offer": "offers/", "affiliate": "affiliates/",
		"advertiser": "advertisers/", "link": "links/",
	}
	rapid.Check(t, func(rt *rapid.T) {
		as := rapid.SampledFrom([]string{asNetwork, asAffiliate1, asAffiliate2, asAdvertiser1, asAdvertiser2}).Draw(rt, "as")
		text := rapid.SampledFrom(all).Draw(rt, "of")
		text = text[:rapid.IntRange(1, len(text)).Draw(rt, "letters")]
		_, r := w.search(t, as, text)
		for _, l := range r.Data {
			path, own := paths[l.Kind]
			reads := map[string]bool{}
			if own {
				reads[path+l.ID] = true
			}
			if l.TransactionID != "" {
				reads["trace/"+l.TransactionID] = true
			}
			if len(reads) == 0 {
				rt.Fatalf("%s finds %+v by %q, which leads nowhere", as, l, text)
			}
			for read := range reads {
				if got := w.do(t, as, "GET", read, ""); got.status != 200 {
					rt.Fatalf("%s finds %+v by %q, and reading %s is answered %d %s", as, l, text, read, got.status, got.text)
				}
			}
		}
	})
}

// slowWarehouse takes its time.
type slowWarehouse struct{}

func (slowWarehouse) View(ctx context.Context, _ func(report.Reader) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestSearchIsBoundedAndSaysSo(t *testing.T) {
	w := newSearchWorld(t)
	w.Warehouse = slowWarehouse{}
	w.handler = w.Handler()
	began := time.Now()
	got, r := w.search(t, asNetwork, "aff-77")
	if took := time.Since(began); took > 10*searchTime {
		t.Errorf("it took %s", took)
	}
	if len(got) != 0 || r.Complete || len(r.Unsearched) != 2 || r.Unsearched[0].By != "order_id" || r.Unsearched[1].By != "aff_click_id" {
		t.Errorf("found %v, %+v; want that orders and click IDs were not searched", got, r)
	}
	if _, r := w.search(t, asAdvertiser1, "aff-77"); len(r.Unsearched) != 1 || r.Unsearched[0].By != "order_id" {
		t.Errorf("an advertiser is told %+v; want nothing of affiliates' IDs", r.Unsearched)
	}
	if got, r := w.search(t, asNetwork, "CLICK"); len(got) != 1 || !r.Complete {
		t.Errorf("an ID is found as %v, %+v; want at once", got, r)
	}
}

// behind is a warehouse that holds what there was up to a time.
type behind struct {
	Warehouse
	asOf time.Time
}

func (b behind) View(ctx context.Context, f func(report.Reader) error) error {
	return b.Warehouse.View(ctx, func(r report.Reader) error { return f(readerAsOf{r, b.asOf}) })
}

type readerAsOf struct {
	report.Reader
	asOf time.Time
}

func (r readerAsOf) AsOf() time.Time { return r.asOf }

func TestSearchSaysHowFarTheWarehouseIs(t *testing.T) {
	for _, tt := range []struct {
		name string
		asOf time.Duration // ago
		want []string
	}{
		{"a moment", time.Second, nil},
		{"some minutes, of which the ledger knows the orders", 10 * time.Minute, []string{byClickID}},
		{"hours", 3 * time.Hour, []string{byClickID, byOrder}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSearchWorld(t)
			asOf := noon.Add(-tt.asOf)
			w.Warehouse = behind{w.Warehouse, asOf}
			w.handler = w.Handler()
			_, r := w.search(t, asNetwork, "no such thing")
			var got []string
			for _, u := range r.Unsearched {
				if u.Before != nil || u.After == nil || !u.After.Equal(asOf) {
					t.Errorf("%s was not searched before %v, after %v; want after %s", u.By, u.Before, u.After, asOf)
				}
				got = append(got, u.By)
			}
			if !slices.Equal(got, tt.want) || r.Complete != (len(tt.want) == 0) {
				t.Errorf("not searched by %v, complete %t; want %v", got, r.Complete, tt.want)
			}
		})
	}
}

// TestSearchSaysAllThatItHadNoTimeFor uses the time up with the first of what it
// looks for.
func TestSearchSaysAllThatItHadNoTimeFor(t *testing.T) {
	w := newSearchWorld(t)
	w.Finds = slowFinds{w.Finds}
	w.handler = w.Handler()
	_, r := w.search(t, asNetwork, w.click.String()[:12])
	var got []string
	for _, u := range r.Unsearched {
		got = append(got, u.By)
	}
	if want := []string{byID, byOrder, byClickID}; !slices.Equal(got, want) || r.Complete {
		t.Errorf("not searched by %v, complete %t; want %v", got, r.Complete, want)
	}
}

// slowFinds takes its time.
type slowFinds struct{ Finds }

func (slowFinds) Minted(ctx context.Context, _ txid.Kind, _, _ time.Time, _ func(txid.ID) bool) error {
	<-ctx.Done()
	return ctx.Err()
}

// manyFound gives so many records of another partner.
type manyFound struct {
	Finds
	many int
}

func (m manyFound) FindConversions(context.Context, string, string, int) ([]conversion.Conversion, error) {
	return slices.Repeat([]conversion.Conversion{{ID: "other", AdvertiserID: 99, AffiliateID: 99}}, m.many), nil
}

func TestSearchSaysThatOthersStandBefore(t *testing.T) {
	w := newSearchWorld(t)
	for _, tt := range []struct {
		as   string
		many int
		want bool
	}{{asAffiliate1, mostByID, false}, {asAffiliate1, mostByID - 1, true}, {asNetwork, mostByID, true}} {
		w.Finds = manyFound{w.Finds, tt.many}
		w.handler = w.Handler()
		if _, r := w.search(t, tt.as, w.conversion.ID[:12]); r.Complete != tt.want {
			t.Errorf("%s, %d found: complete %t, unsearched %+v; want %t", tt.as, tt.many, r.Complete, r.Unsearched, tt.want)
		}
	}
}

func TestSearchSaysThatOtherNodesWereNotAsked(t *testing.T) {
	w := newSearchWorld(t)
	here := w.click.Node()
	far := func(others ...uint16) {
		w.Finds = realFinds{DB: w.db, journal: w.journal, others: others}
		w.handler = w.Handler()
	}
	for _, tt := range []struct {
		name   string
		others []uint16
		text   string
		want   bool // whether all was searched
	}{
		{"a beginning, and no other node", nil, w.click.String()[:10], true},
		{"a beginning, and another node", []uint16{here + 1}, w.click.String()[:10], false},
		{"a whole ID that is here", []uint16{here + 1}, w.click.String(), true},
		{"a conversion's beginning, which the ledger knows", []uint16{here + 1}, w.conversion.ID[:12], true},
	} {
		far(tt.others...)
		_, r := w.search(t, asNetwork, tt.text)
		told := slices.ContainsFunc(r.Unsearched, func(u unsearched) bool { return u.OtherNodes })
		if told == tt.want || tt.want && !r.Complete {
			t.Errorf("%s: complete %t, unsearched %+v; want all searched %t", tt.name, r.Complete, r.Unsearched, tt.want)
		}
	}
}

// TestAnAdvertiserFindsWhatItSentWithoutAnOffer looks for a signal that names
// nothing, as its sender and as others.
func TestAnAdvertiserFindsWhatItSentWithoutAnOffer(t *testing.T) {
	w := newSearchWorld(t)
	ticket := txid.NewMint(w.present.Ring(), 3, 0).Begin(noon.Add(-time.Minute), txid.Subject{Kind: txid.Signal})
	ticket.Done()
	g := signal.Signal{ID: ticket.ID, ReceivedAt: noon.Add(-time.Minute), Channel: signal.API, Method: "POST", Path: "/api/v1/conversions", SentBy: 1}
	w.journal[ticket.ID] = g.Append(nil)
	text := ticket.ID.String()
	for as, want := range map[string]int{asNetwork: 200, asAdvertiser1: 200, asAdvertiser2: 404, asAffiliate1: 404} {
		if got := w.do(t, as, "GET", "signals/"+text, ""); got.status != want {
			t.Errorf("%s reads it: %d, want %d", as, got.status, want)
		}
		_, r := w.search(t, as, text[:12])
		if found := slices.ContainsFunc(r.Data, func(l searchLine) bool { return l.ID == text }); found != (want == 200) {
			t.Errorf("%s finds it: %t, want %t: %+v", as, found, want == 200, r.Data)
		}
	}
}

// farOffers is a store that is too slow to be asked of each offer.
type farOffers struct{ Table[int64, offer.Offer] }

func (farOffers) Get(ctx context.Context, _ int64) (Row[offer.Offer], error) {
	<-ctx.Done()
	return Row[offer.Offer]{}, ctx.Err()
}

// TestSearchAsksNoStoreForOffers looks for a word that every offer may have.
func TestSearchAsksNoStoreForOffers(t *testing.T) {
	w := newSearchWorld(t)
	w.Offers = farOffers{w.Offers}
	w.handler = w.Handler()
	if got, r := w.search(t, asNetwork, "off"); len(got) == 0 || !strings.HasPrefix(got[0], "offer ") || !r.Complete {
		t.Errorf("found %v, %+v; want an offer at once", got, r)
	}
}

// TestSearchFindsAnOrderOfThisMinute looks for what the warehouse lacks still.
func TestSearchFindsAnOrderOfThisMinute(t *testing.T) {
	w := newSearchWorld(t)
	w.Warehouse = newWarehouse(t) // of which nothing is said yet
	w.handler = w.Handler()
	if got, _ := w.search(t, asNetwork, "A-1"); len(got) != 1 || got[0] != "= conversion A-1 order_id" {
		t.Errorf("found %v, want the conversion", got)
	}
}
