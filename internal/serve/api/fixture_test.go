package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/ledger"
	"waybill/internal/link"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/receiver"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlitetest"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// The callers of these tests. Advertiser 1 owns offer 1, advertiser 2 offer 2;
// affiliate 1 sent the visitor, affiliate 2 nobody.
const (
	asNetwork     = "network"
	asAdvertiser1 = "advertiser 1"
	asAdvertiser2 = "advertiser 2"
	asAffiliate1  = "affiliate 1"
	asAffiliate2  = "affiliate 2"
	asBrowser     = "publishable"
)

// records is a journal.
type records map[txid.ID][]byte

func (r records) Get(_ context.Context, id txid.ID) ([]byte, error) {
	if b, ok := r[id]; ok {
		return b, nil
	}
	return nil, fault.New(fault.NotFound, "no record %s", id)
}

// door takes claims, and gives verdicts that were prepared.
type door struct {
	hits     []Hit
	verdicts []signal.Verdict
}

func (d *door) Submit(_ context.Context, h Hit) signal.Verdict {
	d.hits = append(d.hits, h)
	if len(d.verdicts) == 0 {
		return signal.Verdict{Status: signal.Accepted, Code: signal.OK, ConversionID: "c1", SignalID: "s1"}
	}
	v := d.verdicts[0]
	d.verdicts = d.verdicts[1:]
	return v
}

// wire sends tests nowhere.
type wire struct{ sent []string }

func (w *wire) Test(_ context.Context, s delivery.Subscription, o delivery.Owed) (delivery.Attempt, error) {
	plan, err := receiver.Compile(s)
	if err != nil {
		return delivery.Attempt{}, err
	}
	r, err := plan.Request(&o, receiver.Moment{At: noon})
	w.sent = append(w.sent, r.URL)
	return delivery.Attempt{
		DeliveryID: o.ID, Number: 1, At: noon, Took: 1500 * time.Microsecond, Method: s.Method, URL: r.URL, Status: 200, Body: "thanks",
	}, err
}

// world is an API on a real ledger with a small trade in it.
type world struct {
	*API
	db      *sqlledger.DB
	journal records
	door    *door
	wire    *wire
	log     *bytes.Buffer
	keys    map[string]string
	handler http.Handler
	present *catalog.Catalog

	click, signal, refused txid.ID
	conversion             conversion.Conversion
	delivery               string
}

// ledgers are those of a new installation.
var ledgers = sqlitetest.Template{Fill: func(path string) error {
	db, err := sqlledger.Open(context.Background(), path, sqlledger.Options{Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	return db.Close()
}}

func newWorld(t *testing.T) *world {
	t.Helper()
	path := ledgers.Copy(t, filepath.Join(t.TempDir(), "ledger.db"))
	db, err := sqlledger.Open(t.Context(), path, sqlledger.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	l := realLedger{db}
	w := &world{db: db, journal: records{}, door: new(door), wire: new(wire), log: new(bytes.Buffer), keys: map[string]string{}}
	w.API = &API{
		Catalog:     func() *catalog.Catalog { return w.present },
		Advertisers: realTable[int64, advertiser.Advertiser]{db.Advertisers()},
		Affiliates:  realTable[int64, affiliate.Affiliate]{db.Affiliates()},
		Offers:      realTable[int64, offer.Offer]{db.Offers()}, Goals: realTable[int64, offer.Goal]{db.Goals()},
		Terms: realTable[int64, offer.Term]{db.Terms()}, Links: realTable[string, link.Link]{db.Links()}, Coupons: realTable[int64, coupon.Coupon]{db.Coupons()},
		Subscriptions: realTable[int64, delivery.Subscription]{db.Subscriptions()}, Domains: realTable[int64, host.Domain]{db.Domains()},
		Keys: l, Users: l, AuditLog: l, Settings: l, IDMap: l, Answers: l, Journal: w.journal, Conversions: l, Verdicts: l, Deliveries: l, Books: l, Payouts: l, Adjustments: l, Trace: l, Counters: l,
		Queue: l, Standing: l, Jobs: l, JobRecords: l, Access: l, Causes: l,
		Comparable: db, Reconciliations: db,
		SavedReports: db, Shares: db, Arrears: db, Finds: realFinds{DB: db, journal: w.journal},
		Signals: w.door, Tester: w.wire, Retention: 400 * 24 * time.Hour, PublicURL: "https://go.example.com",
		Values: func(c conversion.Conversion, _ delivery.Subscription) map[string]string {
			return map[string]string{"conversion_id": c.ID, "aff_click_id": c.Touch.AffClickID, "payout": money.Decimal(c.Payout.Units, c.Payout.Currency)}
		},
		Refresh: w.refresh, Now: func() time.Time { return noon }, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	w.Sessions, w.Invite = w.session, w.invite
	w.Replay, w.TestClick = w.replayer().Begin, w.testClick
	w.handler = w.Handler()
	w.furnish(t)
	w.trade(t)
	return w
}

func (w *world) refresh(ctx context.Context) error {
	src, err := w.db.Source(ctx)
	if err != nil {
		return err
	}
	w.present, err = catalog.New(src)
	return err
}

// must fails the test for an error of its preparation.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// furnish makes two of each: advertisers, affiliates, offers; and the keys.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"One", "Two"} {
		a := advertiser.Default()
		a.Name, a.Token, a.SigSecret, a.PostbackAuth = name, "token-of-"+name+"-0123456789", "secret-of-"+name+"-0123456789-0123456789", advertiser.AuthToken
		must[sqlledger.Row[advertiser.Advertiser]](t)(w.db.Advertisers().Create(ctx, a))
		f := affiliate.Default()
		f.Name = name
		must[sqlledger.Row[affiliate.Affiliate]](t)(w.db.Affiliates().Create(ctx, f))
	}
	for id := range int64(2) {
		o := offer.Default()
		o.AdvertiserID, o.Name, o.DestinationURL = id+1, "Offer", "https://shop.example.com/?tid={transaction_id}"
		o.Payout = offer.Price{Type: offer.CPA, Amount: 4 * money.Unit}
		o.Revenue = offer.Price{Type: offer.CPA, Amount: 6 * money.Unit}
		must[sqlledger.Row[offer.Offer]](t)(w.db.Offers().Create(ctx, o))
	}
	for name, k := range map[string]account.Key{
		asNetwork:     {Role: account.Network},
		asAdvertiser1: {Role: account.Advertiser, AdvertiserID: 1}, asAdvertiser2: {Role: account.Advertiser, AdvertiserID: 2},
		asAffiliate1: {Role: account.Affiliate, AffiliateID: 1}, asAffiliate2: {Role: account.Affiliate, AffiliateID: 2},
		asBrowser: {Role: account.Publishable, AdvertiserID: 1},
	} {
		w.keys[name] = must[string](t)(account.NewSecret(k.Role, strings.NewReader(strings.Repeat(name, 32))))
		must[account.Key](t)(w.db.CreateKey(ctx, user.By{}, k, account.Hash(w.keys[name])))
	}
	for _, owner := range []delivery.Owner{{AffiliateID: 1}, {Network: true}} {
		s := delivery.Default()
		s.Owner, s.URL = owner, "https://tracker.example.com/?cid={aff_click_id}&sum={payout}"
		must[sqlledger.Row[delivery.Subscription]](t)(w.db.Subscriptions().Create(ctx, s))
	}
	l := link.Default()
	l.Code, l.OfferID, l.AffiliateID = "spring", 1, 1
	must[sqlledger.Row[link.Link]](t)(w.db.Links().Create(ctx, l))
	if err := w.refresh(ctx); err != nil {
		t.Fatal(err)
	}
}

// trade lets affiliate 1 send a visitor to offer 1 who converts once, and whose
// second postback is refused.
func (w *world) trade(t *testing.T) {
	t.Helper()
	mint := txid.NewMint(w.present.Ring(), 1, 0)
	id := func(k txid.Kind, after time.Duration) txid.ID {
		ticket := mint.Begin(noon.Add(after), txid.Subject{Kind: k, Offer: 1, Affiliate: 1})
		ticket.Done()
		return ticket.ID
	}
	w.click, w.signal, w.refused = id(txid.Click, -time.Hour), id(txid.Signal, -time.Minute), id(txid.Signal, -time.Second)
	c := click.Click{
		ID: w.click, At: noon.Add(-time.Hour), OfferID: 1, AffiliateID: 1, AffClickID: "aff-77", Source: "news", IP: netip.MustParseAddr("192.0.2.7"),
		UserAgent: "Mozilla/5.0", Location: "https://shop.example.com/?tid=" + w.click.String(),
	}
	c.Sub[1] = "may"
	w.journal[c.ID] = c.Append(nil)
	for _, one := range []txid.ID{w.signal, w.refused} {
		s := signal.Signal{
			ID: one, ReceivedAt: one.Time(), Channel: signal.Postback, Method: "GET", Path: "/postback", Raw: "transaction_id=" + w.click.String() + "&amount=10",
			IP: netip.MustParseAddr("198.51.100.9"), Auth: signal.OK, Click: w.click, Params: []signal.Param{{Name: param.Amount, Value: "10"}},
			Extra: []signal.Extra{{Name: "color", Value: "red"}},
		}
		w.journal[one] = s.Append(nil)
	}
	w.settle(t)
}

func (w *world) settle(t *testing.T) {
	t.Helper()
	usd := func(units int64) money.Amount { return money.Amount{Units: units * money.Unit, Currency: "USD"} }
	w.conversion = conversion.Conversion{
		ID:      must[txid.ID](t)(w.present.Ring().Derive(w.signal, txid.Conversion)).String(),
		OfferID: 1, GoalID: 1, GoalCode: "default", AdvertiserID: 1, AffiliateID: 1, OrderID: "A-1", Channel: "postback",
		Status: conversion.Approved, Amount: usd(10), Payout: usd(4), Revenue: usd(6), Term: "offer 1",
		AmountKnown: true, SeenByServer: true, CustomerID: "cust-9", Adv: []string{"adv-one"}, Extra: map[string]string{"color": "red"},
		Touch: conversion.Touch{
			TransactionID: w.click.String(), Kind: "click", At: noon.Add(-time.Hour), AffClickID: "aff-77", Source: "news",
			Sub: []string{"", "may"}, Country: "US", IP: "192.0.2.7", UserAgent: "Mozilla/5.0",
		},
		OccurredAt: noon.Add(-time.Minute), CreatedAt: noon.Add(-time.Minute), UpdatedAt: noon.Add(-time.Minute), Version: 1,
	}
	entries := must[[]ledger.Entry](t)(ledger.Change(conversion.Conversion{}, w.conversion))
	for i := range entries {
		entries[i].SignalID, entries[i].Reason, entries[i].At = w.signal.String(), "conversion.created", noon.Add(-time.Minute)
	}
	var owed []delivery.Owed
	for sub := range int64(2) {
		owed = append(owed, delivery.Owed{
			ID: delivery.ID(w.signal, sub+1, conversion.EventCreated), SubscriptionID: sub + 1, ConversionID: w.conversion.ID,
			TransactionID: w.click.String(), Sequence: 1, Event: conversion.EventCreated, State: delivery.Waiting,
			Values: map[string]string{"aff_click_id": "aff-77", "payout": "4.00"}, CreatedAt: noon.Add(-time.Minute), DueAt: noon.Add(-time.Minute),
		})
	}
	w.delivery = owed[0].ID
	verdict := func(of txid.ID) signal.Verdict {
		return signal.Verdict{
			SignalID: of.String(), TransactionID: w.click.String(), OfferID: 1, GoalID: 1, Channel: signal.Postback, SettledAt: of.Time(),
		}
	}
	good, bad := verdict(w.signal), verdict(w.refused)
	good.Status, good.Code, good.ConversionID, good.Rule, good.Message = signal.Accepted, signal.OK, w.conversion.ID, "transaction_id", "the conversion was counted"
	bad.Status, bad.Code, bad.Message = signal.Rejected, signal.CurrencyInvalid, "the currency is not the offer's"
	claim := settlement.Claim{OfferID: 1, GoalID: 1, TransactionID: w.click.String()}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{
		SignalID: w.signal.String(), Claim: claim, OrderID: "A-1",
		Judge: func(settlement.State) (settlement.Outcome, error) {
			return settlement.Outcome{Verdict: good, Conversion: &w.conversion, TakeOrder: true, Entries: entries, Owed: owed}, nil
		},
	}))
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{SignalID: w.refused.String(), Refusal: &bad}))

	first := must[delivery.Owed](t)(w.db.Delivery(t.Context(), w.delivery))
	first.State, first.Attempts, first.DoneAt = delivery.Delivered, 1, noon.Add(-50*time.Second)
	err := w.db.Record(t.Context(), delivery.Report{Attempt: delivery.Attempt{
		DeliveryID: w.delivery, Number: 1, At: noon.Add(-50 * time.Second), Took: time.Second, Method: "GET", URL: "https://tracker.example.com/?cid=aff-77", Status: 200,
	}, After: first})
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts what was minted in place of its name in a text.
func (w *world) fill(text string) string {
	return strings.NewReplacer("CLICK", w.click.String(), "SIGNAL", w.signal.String(), "REFUSED", w.refused.String(),
		"CONVERSION", w.conversion.ID, "DELIVERY", w.delivery).Replace(text)
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// do sends a request. Headers are given as name and value in turn.
func (w *world) do(t *testing.T, as, method, path, body string, headers ...string) reply {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(w.fill(body))
		headers = append([]string{"Content-Type", "application/json"}, headers...)
	}
	got := w.send(as, method, path, reader, headers...)
	if strings.HasPrefix(got.text, "{") && !strings.HasPrefix(got.header.Get("Content-Type"), "application/x-ndjson") {
		if err := json.Unmarshal([]byte(got.text), &got.body); err != nil {
			t.Fatalf("%s %s answered what is not JSON: %s", method, path, got.text)
		}
	}
	return got
}

// send sends a request, and leaves the answer's body as text.
func (w *world) send(as, method, path string, body io.Reader, headers ...string) reply {
	r := httptest.NewRequest(method, "/api/v1/"+w.fill(path), body)
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+w.keys[as])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return reply{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
}

// scopeOf gives the scope that a caller's Idempotency-Keys on a path have.
func (w *world) scopeOf(t *testing.T, as, path string) string {
	t.Helper()
	key, ok := w.present.KeyByHash(account.Hash(w.keys[as]))
	if !ok {
		t.Fatalf("no key of %s", as)
	}
	return fmt.Sprintf("%d POST /api/v1/%s", key.ID, path)
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// partsLater are those of a signal half a second before noon.
func partsLater(w *world) txid.Parts {
	return txid.Parts{Kind: txid.Signal, Time: noon.Add(-500 * time.Millisecond), Node: w.click.Node(), Offer: 1, Affiliate: 1}
}
