package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// planted is what advertiser 2 has sent about a click of advertiser 1's offer.
const planted = "ORDER-OF-TWO"

// plant has advertiser 2 send something with its own key about the click of
// advertiser 1's offer, which is refused.
func (w *world) plant(t *testing.T) txid.ID {
	t.Helper()
	ticket := txid.NewMint(w.present.Ring(), 1, 0).Begin(noon.Add(-30*time.Second), txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
	ticket.Done()
	s := signal.Signal{
		ID: ticket.ID, ReceivedAt: ticket.ID.Time(), Channel: signal.API, Method: "POST", Path: "/api/v1/conversions", Auth: signal.OfferUnknown, Click: w.click,
		Raw:    fmt.Sprintf(`{"transaction_id":%q,"order_id":%q}`, w.click, planted),
		Params: []signal.Param{{Name: param.OrderID, Value: planted}}, Extra: []signal.Extra{{Name: "note", Value: planted}},
	}
	w.journal[s.ID] = s.Append(nil)
	v := signal.Verdict{
		SignalID: s.ID.String(), TransactionID: w.click.String(), OfferID: 1, Channel: signal.API, SettledAt: s.ReceivedAt,
		Status: signal.Rejected, Code: signal.OfferUnknown, Message: "there is no offer 1",
	}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{SignalID: v.SignalID, Refusal: &v}))
	return s.ID
}

// TestAnothersSignal holds that an advertiser sees nothing of what another one has
// sent about a click of its own: by key, by log-in, by a link, by view-as.
func TestAnothersSignal(t *testing.T) {
	w := newWorld(t)
	people := w.people(t)
	id := w.plant(t).String()
	const places = "trace/CLICK signals signals?records=true signals?records=true&q=order-of signals?order_id=" + planted +
		" signals?code=offer_unknown signals/causes search?q=" + planted
	for path := range strings.FieldsSeq(places + " search?q=" + id + " signals/" + id) {
		for who, ask := range map[string]func(path string) reply{
			"advertiser 1":            func(path string) reply { return w.do(t, asAdvertiser1, "GET", path, "") },
			"advertiser 1's person":   func(path string) reply { return w.by(t, people[user.Advertiser], "GET", path, "") },
			"advertiser 2":            func(path string) reply { return w.do(t, asAdvertiser2, "GET", path, "") },
			"the network as number 1": func(path string) reply { return w.do(t, asNetwork, "GET", path, "", viewAsHeader, "advertiser:1") },
		} {
			got := ask(path)
			told := strings.Contains(got.text, "offer_unknown") || strings.Contains(got.text, planted) && !strings.HasPrefix(path, "search")
			if got.status >= 500 || told || strings.Contains(got.text, `"id":"`+id) {
				t.Errorf("GET %s by %s tells of it: %d %s", path, who, got.status, got.text)
			}
		}
	}
	made := w.do(t, asNetwork, "POST", "trace/CLICK/shares", `{"as":"advertiser"}`)
	link, ok := made.body["url"].(string)
	_, token, _ := strings.Cut(link, "#")
	shown := w.do(t, "", "GET", "shared", "", "Waybill-Share", token)
	if !ok || shown.status != 200 || strings.Contains(shown.text, planted) || strings.Contains(shown.text, id) {
		t.Errorf("a link for advertiser 1 shows %d %s", shown.status, shown.text)
	}
	if got := w.do(t, asAdvertiser1, "GET", "trace/CLICK", ""); !strings.Contains(got.text, w.signal.String()) || !strings.Contains(got.text, w.refused.String()) {
		t.Errorf("advertiser 1 does not see its own signals: %s", got.text)
	}
	if got := w.do(t, asNetwork, "GET", "trace/CLICK", ""); !strings.Contains(got.text, id) || !strings.Contains(got.text, planted) {
		t.Errorf("the network does not see it: %s", got.text)
	}
	if got := w.do(t, asAdvertiser1, "POST", "signals/"+id+"/replay", ""); got.status != 404 {
		t.Errorf("advertiser 1 has it judged again: %d %s", got.status, got.text)
	}
	if got := w.do(t, asNetwork, "GET", "signals/causes?from=2026-11-01T00:00:00Z", ""); !strings.Contains(got.text, "offer_unknown") {
		t.Errorf("the network does not see the cause: %s", got.text)
	}
}
