package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
	"waybill/internal/user"
)

func (l realLedger) Applications(ctx context.Context, f AccessFilter) ([]offer.Application, string, error) {
	return l.DB.Applications(ctx, sqlledger.ApplicationFilter{
		Standing: f.Standing, OfferID: f.OfferID, AffiliateID: f.AffiliateID, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

func (l realLedger) ChangeAccess(ctx context.Context, by account.Principal, offerID, affiliateID int64, change func(*offer.Application) error) (offer.Application, error) {
	return l.DB.ChangeAccess(ctx, user.ByOf(by), offerID, affiliateID, change)
}

func (l realLedger) Causes(ctx context.Context, f CauseFilter) ([]Cause, error) {
	list, err := l.DB.Causes(ctx, sqlledger.CauseFilter(f))
	all := make([]Cause, len(list))
	for i, c := range list {
		all[i] = Cause(c)
	}
	return all, err
}

// answers makes a request and holds its answer to a status and to what stands in
// it; parts behind a ! must not.
func (w *world) answers(t *testing.T, as, method, path, body string, status int, parts ...string) reply {
	t.Helper()
	got := w.do(t, as, method, path, body)
	if got.status != status {
		t.Errorf("%s %s as %s = %d %s; want %d", method, path, as, got.status, got.text, status)
	}
	for _, part := range parts {
		bare, not := strings.CutPrefix(part, "!")
		if strings.Contains(got.text, w.fill(bare)) == not {
			t.Errorf("%s %s as %s = %s\nwant it to hold: %s", method, path, as, got.text, part)
		}
	}
	return got
}

func TestAffiliatesAskForOffers(t *testing.T) {
	w := newWorld(t)
	w.answers(t, asAffiliate1, "GET", "offers/1", "", 200, `"access":"open"`, `"my_access":"approved"`)
	w.answers(t, asAffiliate1, "POST", "offers/1/access", "", 409, "is open to every affiliate")
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"request","description":"Kettles.\nNo brand bidding.","category":"Home","preview_url":"https://shop.example/"}`,
		200, `"warnings":[{"field":"access"`)

	w.answers(t, asAffiliate1, "GET", "offers/1", "", 200, `"my_access":"none"`, `"description":"Kettles.\nNo brand bidding."`, `"category":"Home"`, `"preview_url"`)
	w.answers(t, asAdvertiser1, "GET", "offers/1", "", 200, `"access":"request"`, `"description"`, "!my_access")
	w.answers(t, asNetwork, "GET", "offers/1", "", 200, "!my_access")
	w.answers(t, asAffiliate1, "GET", "offers/1/links", "", 200, `"not_approved"`, "!tracking_link", "!short_link", "!impression_tag")
	w.answers(t, asAffiliate1, "POST", "postbacks", `{"url":"https://t.example/?p={payout}","offer_id":1}`, 201, "is not approved for offer 1")

	w.answers(t, asNetwork, "POST", "offers/1/access", "", 403, "only an affiliate asks")
	w.answers(t, asAffiliate1, "POST", "offers/1/access", `{"note":"a\u0007b"}`, 422, `"location":"body.note"`)
	w.answers(t, asAffiliate1, "POST", "offers/1/access", `{"note":"I have a newsletter."}`, 200, `"status":"requested"`, `"offer_name":"Offer"`)
	w.answers(t, asAffiliate1, "GET", "offers?access=request", "", 200, `"my_access":"requested"`)
	w.answers(t, asAffiliate2, "GET", "access", "", 200, `"data":[]`)
	w.answers(t, asAffiliate2, "GET", "access?affiliate_id=1", "", 200, `"data":[]`)
	w.answers(t, asAdvertiser1, "GET", "access", "", 403)
	w.answers(t, asNetwork, "GET", "access?status=requested", "", 200, `"affiliate_name":"One"`, `"note":"I have a newsletter."`)

	w.answers(t, asAffiliate1, "PATCH", "offers/1/access/1", `{"status":"approved"}`, 403)
	w.answers(t, asNetwork, "PATCH", "offers/1/access/9", `{"status":"approved"}`, 404)
	w.answers(t, asNetwork, "PATCH", "offers/9/access/1", `{"status":"approved"}`, 404)
	w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"none"}`, 422, `"location":"body.status"`)
	w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"approved","note":"Welcome!"}`, 200, `"decided_at":"2026-11-22T12:00:00Z"`)
	w.answers(t, asAffiliate1, "GET", "access", "", 200, `"status":"approved"`, `"decision_note":"Welcome!"`)
	w.answers(t, asAffiliate1, "GET", "offers/1", "", 200, `"my_access":"approved"`)
	w.answers(t, asAffiliate1, "GET", "offers/1/links", "", 200, `"tracking_link"`, `/c/spring"`, "!not_approved")
	w.answers(t, asNetwork, "GET", "offers/1/links?affiliate_id=2", "", 200, `"not_approved"`, `"postbacks"`, "!tracking_link")
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"private"}`, 200, "!warnings")

	w.answers(t, asNetwork, "PATCH", "offers/1/access/2", `{"status":"rejected","note":"No."}`, 200)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"request"}`, 200)
	w.answers(t, asAffiliate2, "GET", "offers/1", "", 200, `"my_access":"rejected"`)
	w.answers(t, asAffiliate2, "POST", "offers/1/access", "", 409, "was refused")
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"my_access":"none"}`, 422, "is set by Waybill and cannot be changed")
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":null}`, 200, `"access":"open"`)
}

func TestADecisionIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"request"}`, 200)
	w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"requested"}`, 409, "has not asked for offer 1")
	w.answers(t, asAffiliate1, "POST", "offers/1/access", `{"note":"Please."}`, 200)
	for _, decided := range []string{"approved", "rejected"} {
		w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"`+decided+`","note":"Because."}`, 200, `"decided_at"`)
		w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"requested","note":"Oh."}`, 422, `"location":"body.note"`)
		w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"requested"}`, 200, `"note":"Please."`, "!Because", "!decided_at")
		w.answers(t, asAffiliate1, "GET", "offers/1", "", 200, `"my_access":"requested"`)
		w.answers(t, asAffiliate1, "GET", "offers/1/links", "", 200, `"not_approved"`)
		w.answers(t, asNetwork, "GET", "access?status=requested", "", 200, `"affiliate_id":1`)
	}
	w.answers(t, asAffiliate1, "POST", "offers/1/access", `{"note":"Still here."}`, 200, `"note":"Still here."`)
}

func TestPrivateOffersAreHidden(t *testing.T) {
	w := newWorld(t)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"private"}`, 200)
	w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"approved"}`, 200)
	for _, path := range []string{"offers/1", "offers/1/goals", "offers/1/links"} {
		w.answers(t, asAffiliate1, "GET", path, "", 200)
		w.answers(t, asAffiliate2, "GET", path, "", 404)
		w.answers(t, asAdvertiser1, "GET", path, "", 200)
	}
	w.answers(t, asAffiliate1, "GET", "offers", "", 200, `"id":1,`, `"id":2,`)
	w.answers(t, asAffiliate2, "GET", "offers", "", 200, `!"id":1,`, `"id":2,`)
	w.answers(t, asAffiliate2, "POST", "offers/1/access", "", 404)
}

// TestPrivateOffersHaveNoName looks for a private offer's name wherever an
// affiliate has a record of it that is not approved for it.
func TestPrivateOffersHaveNoName(t *testing.T) {
	w := newSearchWorld(t)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"name":"Secret","access":"private","caps":[{"metric":"conversions","period":"day","limit":"5","per_affiliate":true}]}`, 200)
	paths := []string{
		"search?q=CLICK", "search?q=secret", "search?q=A-1", "reports/caps", "reports?dimensions=offer&metrics=gross_clicks&names=true",
		"reports?dimensions=offer&metrics=gross_clicks&names=true&format=csv", "signals/causes", "access",
	}
	sees := func(standing string, paths []string, want bool) {
		t.Helper()
		w.answers(t, asNetwork, "PATCH", "offers/1/access/1", `{"status":"`+standing+`"}`, 200)
		for _, path := range paths {
			got := w.do(t, asAffiliate1, "GET", w.fill(path), "")
			if told := strings.Contains(got.text, "Secret"); got.status != 200 || told != want {
				t.Errorf("GET %s of an affiliate that is %s tells the name: %v, want %v: %d %s", path, standing, told, want, got.status, got.text)
			}
		}
	}
	sees("rejected", append(paths, "overview"), false)
	sees("approved", paths, true)
}

func TestAnOfferOfOldIsOpen(t *testing.T) {
	w := newWorld(t)
	must[sqlledger.Row[offer.Offer]](t)(w.db.Offers().Update(t.Context(), 1, 0, func(o *offer.Offer) error { o.Access = ""; return nil }))
	w.answers(t, asAffiliate2, "GET", "offers/1", "", 200, `"access":"open"`, `"my_access":"approved"`)
	w.answers(t, asNetwork, "GET", "offers?access=open", "", 200, `"id":1,`)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"name":"Older"}`, 200, `"name":"Older"`)
}

// earn lets affiliate 1 earn n conversions more at offer 1, of a status each, and
// gives their IDs in the order of the list.
func (w *world) earn(t *testing.T, n int, status conversion.Status) []string {
	t.Helper()
	mint := txid.NewMint(w.present.Ring(), 2, 0)
	var ids []string
	for i := range n {
		ticket := mint.Begin(noon.Add(-time.Minute), txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
		ticket.Done()
		c := w.conversion
		c.ID = must[txid.ID](t)(w.present.Ring().Derive(ticket.ID, txid.Conversion)).String()
		c.Status, c.OrderID = status, fmt.Sprintf("%s-%d", status, i)
		v := signal.Verdict{SignalID: ticket.ID.String(), Status: signal.Accepted, Code: signal.OK, ConversionID: c.ID, TransactionID: w.click.String(), OfferID: 1}
		claim := settlement.Claim{TransactionID: w.click.String() + "#" + c.OrderID, OfferID: 1, GoalID: 1}
		must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{
			SignalID: v.SignalID, Claim: claim, OrderID: c.OrderID,
			Judge: func(settlement.State) (settlement.Outcome, error) {
				return settlement.Outcome{Verdict: v, Conversion: &c, TakeOrder: true}, nil
			},
		}))
		ids = append(ids, c.ID)
	}
	slices.Reverse(ids)
	return ids
}

func TestReviewActsOnWhatTheListShows(t *testing.T) {
	w := newWorld(t)
	pending := w.earn(t, 5, conversion.Pending)
	for range pending {
		w.door.verdicts = append(w.door.verdicts, signal.Verdict{Status: signal.Updated, Code: signal.CodeUpdated})
	}
	w.answers(t, asNetwork, "POST", "conversions/review", `{"filter":{"status":"pending","offer_id":1},"status":"approved","note":"checked"}`, 200,
		`"dry_run":false,"matched":5,"changed":5,"unchanged":0,"queued":0,"refused":[]`,
		`"sums":[{"currency":"USD","conversions":5,"amount":"50.00","revenue":"30.00","payout":"20.00"}]`)
	var hit []string
	for _, h := range w.door.hits {
		var p map[string]string
		if err := json.Unmarshal(h.Parameters, &p); err != nil {
			t.Fatal(err)
		}
		if p["status"] != "approved" || p["note"] != "checked" || h.IfVersion != 1 || h.By.Role != account.Network || h.Method != http.MethodPatch || h.Path != "/api/v1/conversions/"+p["conversion_id"] {
			t.Errorf("the signal is %+v; want a change of version 1 with its note", h)
		}
		hit = append(hit, p["conversion_id"])
	}
	slices.Sort(hit)
	slices.Sort(pending)
	if !slices.Equal(hit, pending) {
		t.Errorf("changed %v\n want %v, as the list by that filter has them", hit, pending)
	}
	if listed, _ := w.do(t, asNetwork, "GET", "conversions?status=pending&offer_id=1", "").body["data"].([]any); len(listed) != len(pending) {
		t.Errorf("the list has %d, the review %d", len(listed), len(pending))
	}
}

func TestReviewTellsEachRefusal(t *testing.T) {
	w := newWorld(t)
	ids := w.earn(t, 3, conversion.Pending)
	w.door.verdicts = []signal.Verdict{
		{Status: signal.Updated, Code: signal.CodeUpdated},
		{Status: signal.Rejected, Code: signal.Conflict, Message: "it is at version 2 by now"},
		{Status: signal.Queued, Code: signal.CodeQueued},
	}
	body := fmt.Sprintf(`{"ids":["%s","%s","%s","%s","CONVERSION","nothing"],"status":"approved"}`, ids[0], strings.ToUpper(ids[0]), ids[1], ids[2])
	w.answers(t, asAdvertiser1, "POST", "conversions/review", body, 200,
		`"matched":5,"changed":1,"unchanged":1,"queued":1`, `"code":"conflict","message":"it is at version 2 by now"`,
		`{"id":"nothing","code":"not_found","message":"there is no conversion nothing"}`,
		`"sums":[{"currency":"USD","conversions":1,"amount":"10.00","revenue":"6.00"}]`, "!payout")
	if n := len(w.door.hits); n != 3 {
		t.Errorf("%d signals were written, want 3: what is approved already needs none", n)
	}
	w.door.hits = nil
	w.answers(t, asAdvertiser2, "POST", "conversions/review", body, 200, `"matched":5,"changed":0`, `"code":"not_found"`, `"sums":[]`, "!conflict")
	w.answers(t, asAdvertiser2, "POST", "conversions/review", `{"filter":{},"status":"rejected"}`, 200, `"matched":0,"changed":0`)
	w.answers(t, asAdvertiser2, "POST", "conversions/review", `{"filter":{"advertiser_id":1},"status":"rejected"}`, 200, `"matched":0`)
	w.answers(t, asAffiliate1, "POST", "conversions/review", body, 403)
	if len(w.door.hits) != 0 {
		t.Errorf("others' conversions were changed: %+v", w.door.hits)
	}
}

func TestReviewStopsWhereNothingCanBeWritten(t *testing.T) {
	w := newWorld(t)
	ids := w.earn(t, 3, conversion.Pending)
	away := signal.Verdict{Status: signal.Rejected, Code: signal.Unavailable, Message: "the hit could not be written down"}
	w.door.verdicts = []signal.Verdict{away, away, away}
	body := fmt.Sprintf(`{"ids":["%s","%s","%s"],"status":"approved"}`, ids[0], ids[1], ids[2])
	w.answers(t, asNetwork, "POST", "conversions/review", body, 503, `"matched":3,"changed":0`, `"code":"unavailable"`)
	if n := len(w.door.hits); n != 1 { // all are of one click, and so in one lane
		t.Errorf("%d were tried, want 1", n)
	}
}

func TestReviewTriesOutWithoutWriting(t *testing.T) {
	w := newWorld(t)
	w.earn(t, 2, conversion.Pending)
	var told []Hit
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(_ context.Context, h Hit) (signal.Verdict, error) {
			told = append(told, h)
			if len(told) == 2 {
				return signal.Verdict{Status: signal.Rejected, Code: signal.CapReached, Message: "a cap is used up"}, nil
			}
			return signal.Verdict{Status: signal.Updated, Code: signal.CodeUpdated}, nil
		}
	}
	w.answers(t, asNetwork, "POST", "conversions/review", `{"filter":{"status":"pending"},"status":"approved","dry_run":true}`, 200,
		`"dry_run":true,"matched":2,"changed":1`, `"code":"cap_reached"`, `"conversions":1`)
	if len(w.door.hits) != 0 || len(told) != 2 {
		t.Errorf("%d were written and %d tried, want none and 2", len(w.door.hits), len(told))
	}
}

func TestReviewRefusesWhatIsNotMeant(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, body, want string }{
		{"neither ids nor a filter", `{"status":"approved"}`, "by ids or by filter"},
		{"both", `{"ids":["a"],"filter":{},"status":"approved"}`, "and not by both"},
		{"no status", `{"filter":{}}`, `"location":"body.status"`},
		{"a status that is not to be set", `{"filter":{},"status":"paid"}`, `"location":"body.status"`},
		{"a filter that is none", `{"filter":{"offer":1},"status":"approved"}`, `"location":"body.filter.offer"`},
		{"too many ids", `{"ids":[` + strings.Repeat(`"a",`, 10_000) + `"a"],"status":"approved"}`, "the most is 10000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.answers(t, asNetwork, "POST", "conversions/review", tt.body, 422, tt.want)
		})
	}
}

// crowd is a ledger with more conversions than one review takes.
type crowd struct{ realLedger }

func (crowd) Conversions(_ context.Context, f ConversionFilter) ([]conversion.Conversion, string, error) {
	return make([]conversion.Conversion, f.Limit), "more", nil
}

func TestReviewRefusesAFilterThatFitsTooMany(t *testing.T) {
	w := newWorld(t)
	w.Conversions = crowd{realLedger{w.db}}
	w.answers(t, asNetwork, "POST", "conversions/review", `{"filter":{},"status":"approved"}`, 422, `"location":"body.filter"`, "more than 10000")
	if len(w.door.hits) != 0 {
		t.Errorf("%d were changed", len(w.door.hits))
	}
}

func TestReviewIsDoneOnceByItsKey(t *testing.T) {
	w := newWorld(t)
	w.earn(t, 1, conversion.Pending)
	const body = `{"filter":{"status":"pending"},"status":"approved"}`
	first := w.do(t, asNetwork, "POST", "conversions/review", body, "Idempotency-Key", "k1")
	again := w.do(t, asNetwork, "POST", "conversions/review", body, "Idempotency-Key", "k1")
	if first.status != 200 || again.text != first.text || len(w.door.hits) != 1 {
		t.Errorf("first %d %s, again %s, %d signals; want the same answer, and one", first.status, first.text, again.text, len(w.door.hits))
	}
}

func TestCauses(t *testing.T) {
	w := newWorld(t) // REFUSED was rejected as currency_invalid
	for n := range 2 {
		w.reject(t, time.Duration(30+n)*time.Minute, signal.GoalUnknown, func(*signal.Signal) {})
	}
	w.reject(t, 8*24*time.Hour, signal.TooFast, func(*signal.Signal) {})
	const goal = `{"code":"goal_unknown","offer_id":1,"offer_name":"Offer",`
	w.answers(t, asNetwork, "GET", "signals/causes", "", 200, `"complete":true`, `"from":"2026-11-15T12:00:00Z","until":"2026-11-22T12:00:00Z"`,
		`"data":[`+goal+`"advertiser_id":1,"count":2,`, `"hint":"the offer has no goal; create it, or leave goal out for the default","replayable":true}`,
		`"sample_id":"REFUSED"`, "!too_fast")
	w.answers(t, asAdvertiser1, "GET", "signals/causes", "", 200, goal+`"advertiser_id":1,"count":2,`)
	w.answers(t, asAffiliate1, "GET", "signals/causes", "", 200, goal+`"count":2,`, `"sample_id":"REFUSED"`, `"complete":true`, "!advertiser_id")
	w.answers(t, asAdvertiser2, "GET", "signals/causes", "", 200, `"data":[]`)
	w.answers(t, asAffiliate2, "GET", "signals/causes", "", 200, `"data":[]`)
	w.answers(t, asNetwork, "GET", "signals/causes?offer_id=2", "", 200, `"data":[]`)
	w.answers(t, asNetwork, "GET", "signals/causes?test=true", "", 200, `"data":[]`)
	w.answers(t, asNetwork, "GET", "signals/causes?from=2026-11-01T00:00:00Z", "", 200, "too_fast")
	w.answers(t, asNetwork, "GET", "signals/causes?from=2026-11-23T00:00:00Z", "", 422, `"location":"query.until"`)
	w.answers(t, asNetwork, "POST", "signals/REFUSED/replay", "", 200)
	w.answers(t, asNetwork, "GET", "signals/causes", "", 200, "!currency_invalid")
}
