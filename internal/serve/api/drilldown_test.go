package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waybill/internal/click"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// TestLinksLeadToAsManyAsTheRowCounts follows every link of reports by every
// sort of dimension, page by page and as csv.
func TestLinksLeadToAsManyAsTheRowCounts(t *testing.T) {
	w, _ := newReportingWorld(t)
	const metrics = "&metrics=clicks,impressions,conversions,signals&from=2026-11-20&to=2026-11-22"
	tests := []struct{ as, query string }{
		{asNetwork, "dimensions=day"},
		{asNetwork, "dimensions=hour,offer&tz=Europe/Berlin"},
		{asNetwork, "dimensions=week"},
		{asNetwork, "dimensions=month,country&tz=Asia/Kathmandu"},
		{asNetwork, "dimensions=sub1,affiliate"},
		{asNetwork, "dimensions=source"},
		{asNetwork, "dimensions=adv1,currency"},
		{asNetwork, "dimensions=goal,status,channel"},
		{asNetwork, "dimensions=device,is_bot"},
		{asNetwork, "dimensions=code"},
		{asNetwork, "dimensions=day&test=1"},
		{asNetwork, "dimensions=day,test"},
		{asNetwork, "dimensions=day&filter=test%3Dtrue,false"},
		{asNetwork, "dimensions=day&time=click"},
		{asNetwork, "dimensions=offer&filter=country%3DDE,US&filter=sub1!%3Dmay-b"},
		{asAffiliate1, "dimensions=day,offer"},
		{asAffiliate1, "dimensions=sub1"},
		{asAdvertiser1, "dimensions=affiliate,adv1"},
	}
	for _, tt := range tests {
		t.Run(tt.as+" "+tt.query, func(t *testing.T) {
			got := w.do(t, tt.as, "GET", "reports?"+tt.query+metrics, "")
			rows, _ := got.body["rows"].([]any)
			if got.status != 200 || len(rows) == 0 {
				t.Fatalf("report = %d %s; want rows", got.status, got.text)
			}
			total, _ := got.body["total"].(map[string]any)
			followed := 0
			for _, row := range append(rows, total) {
				followed += w.followLinks(t, tt.as, row)
			}
			if followed == 0 {
				t.Errorf("no row has a link: %s", got.text)
			}
		})
	}
}

// followLinks compares what a row counts with what its links list.
func (w *world) followLinks(t *testing.T, as string, row any) int {
	t.Helper()
	r, _ := row.(map[string]any)
	links, _ := r["links"].(map[string]any)
	for name, link := range links {
		path, ok := strings.CutPrefix(fmt.Sprint(link), "/api/v1/")
		want, counted := r[name].(float64)
		if !ok || !counted {
			t.Fatalf("row %v has a link %s to %v; want one to what it counts", r, name, link)
		}
		if got := len(w.listAll(t, as, path, "2")); got != int(want) {
			t.Errorf("%s lists %d; the row counts %v", path, got, want)
		}
		csv := w.do(t, as, "GET", path+"&format=csv", "")
		if got := strings.Count(csv.text, "\r\n") - 1; csv.status != 200 || got != int(want) {
			t.Errorf("%s as csv = %d, %d lines; the row counts %v", path, csv.status, got, want)
		}
	}
	return len(links)
}

// listAll reads a list page by page.
func (w *world) listAll(t *testing.T, as, path, limit string) []any {
	t.Helper()
	var all []any
	for next, first := "", true; first || next != ""; first = false {
		got := w.do(t, as, "GET", path+"&limit="+limit+"&cursor="+url.QueryEscape(next), "")
		data, ok := got.body["data"].([]any)
		if got.status != 200 || !ok || got.body["as_of"] != "2026-11-22T11:59:59Z" {
			t.Fatalf("%s = %d %s; want a page as of 11:59:59", path, got.status, got.text)
		}
		all = append(all, data...)
		next, _ = got.body["next_cursor"].(string)
	}
	return all
}

// TestClickListShowsRecords: as in the journal, or else as in the warehouse.
func TestClickListShowsRecords(t *testing.T) {
	w, s := newReportingWorld(t)
	kept := s.visits["c1"]
	c := click.Click{ID: kept.ID, At: kept.ID.Time(), OfferID: 1, AffiliateID: 1, AffClickID: "of-the-journal"}
	w.journal[c.ID] = c.Append(nil)

	got := w.do(t, asAffiliate1, "GET", "clicks?from=2026-11-20&to=2026-11-20", "")
	data, _ := got.body["data"].([]any)
	if got.status != 200 || len(data) != 3 {
		t.Fatalf("clicks of the 20th = %d %s; want three", got.status, got.text)
	}
	var order []string
	for _, one := range data {
		r, _ := one.(map[string]any)
		order = append(order, fmt.Sprint(r["transaction_id"]))
		for _, hidden := range []string{"ip", "user_agent", "sent_to"} {
			if r[hidden] != nil {
				t.Errorf("an affiliate sees %s of a click: %v", hidden, r)
			}
		}
	}
	want := []string{s.visits["c3"].ID.String(), s.visits["c2"].ID.String(), kept.ID.String()}
	if !slices.Equal(order, want) {
		t.Errorf("clicks in the order %v; want the newest first: %v", order, want)
	}
	if last, _ := data[2].(map[string]any); last["aff_click_id"] != "of-the-journal" {
		t.Errorf("a click whose record is kept = %v; want the record", last)
	}
	if first, _ := data[0].(map[string]any); fmt.Sprint(first["sub"]) != "[may-b]" || first["at"] != "2026-11-20T23:30:00Z" {
		t.Errorf("a click whose record is gone = %v; want what the warehouse has", first)
	}
	all := w.do(t, asNetwork, "GET", "clicks?from=2026-11-20&to=2026-11-20", "")
	if !strings.Contains(all.text, `"ip":"192.0.2.99"`) || !strings.Contains(all.text, "secret-agent") {
		t.Errorf("clicks as the network sees them = %s; want address and agent", all.text)
	}
}

// TestListsOutOfBothStores: the parameters decide which one answers.
func TestListsOutOfBothStores(t *testing.T) {
	w, _ := newReportingWorld(t)
	w.ship(t)
	const period = "from=2026-11-22&to=2026-11-22"
	tests := []struct {
		path     string
		status   int
		contains string
	}{
		{"conversions?transaction_id=CLICK", 200, `"data":[{"id":"CONVERSION"`},
		{"conversions?from=2026-11-22T11:00:00Z&until=2026-11-22T12:00:00Z", 200, `"data":[{"id":"CONVERSION"`},
		{"conversions?from=2026-11-22", 422, "query.from"},
		{"conversions?" + period + "&filter=transaction_id%3DCLICK", 200, `"data":[{"id":"CONVERSION"`},
		{"conversions?" + period + "&filter=order_id%3DA-1", 200, `"touch":{"transaction_id":"CLICK"`},
		{"conversions?" + period + "&filter=order_id%3Dorder-G", 200, `"status":"paid"`},
		{"conversions?" + period + "&order_id=A-1", 422, "use filter=order_id="},
		{"conversions?" + period + "&until=2026-11-22T12:00:00Z", 422, "use to"},
		{"conversions?" + period + "&format=xml", 422, "query.format"},
		{"conversions?" + period + "&cursor=x", 422, "query.cursor"},
		{"conversions?" + period + "&limit=5000", 422, "query.limit"},
		{"clicks?" + period + "&offer_id=1", 422, "query.offer_id"},
		{"clicks?" + period + "&filter=ofer%3D1", 422, "offer"},
		{"clicks?" + period + "&filter=transaction_id%3DCLICK", 200, `"aff_click_id":"aff-77"`},
		{"signals?" + period + "&filter=code%3Dcurrency_invalid", 200, `"request_id":"REFUSED"`},
		{"signals?" + period + "&filter=status%3Daccepted", 200, `"rule":"transaction_id"`},
		{"signals?code=currency_invalid", 200, `"request_id":"REFUSED"`},
		{"deliveries?" + period, 200, `"tries":[{"number":1`},
		{"deliveries?" + period + "&filter=delivered%3Dfalse", 200, `"data":[]`},
		{"deliveries?state=delivered", 200, `"id":"DELIVERY"`},
		{"deliveries?" + period + "&format=csv", 200, "DELIVERY"},
		{"signals?" + period + "&format=ndjson", 200, `{"as_of":"2026-11-22T11:59:59Z","truncated":false,"rows":2}`},
		{"conversions?" + period + "&format=ndjson&limit=1", 200, `"truncated":true,"rows":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			got := w.do(t, asNetwork, "GET", tt.path, "")
			if got.status != tt.status || !strings.Contains(got.text, w.fill(tt.contains)) {
				t.Errorf("GET %s = %d %s\nwant %d, %s", tt.path, got.status, got.text, tt.status, w.fill(tt.contains))
			}
		})
	}
}

// ship puts what the ledger has into the warehouse, as the one who ships does.
func (w *world) ship(t *testing.T) {
	t.Helper()
	b := fact.Batch{
		Clicks:      []fact.Click{{ID: w.click, OfferID: 1, AdvertiserID: 1, AffiliateID: 1}},
		Conversions: fact.OfChange(nil, &w.conversion, 99),
	}
	for i, id := range []txid.ID{w.signal, w.refused} {
		v := must[signal.Verdict](t)(w.db.Verdict(t.Context(), id.String()))
		s := must[signal.Signal](t)(signal.Read(id, w.journal[id]))
		b.Signals = append(b.Signals, fact.OfSignal(&s, v, 1, 1))
		b.Positions = append(b.Positions, fact.Position{Source: "signal/" + strconv.Itoa(100+i), At: 1, Through: noon})
	}
	owed := must[delivery.Owed](t)(w.db.Delivery(t.Context(), w.delivery))
	tries := must[[]delivery.Attempt](t)(w.db.Attempts(t.Context(), w.delivery))
	b.Attempts = append(b.Attempts, fact.OfAttempt(1, &tries[0], &owed, &w.conversion))
	a, ok := w.Warehouse.(interface {
		Append(ctx context.Context, b fact.Batch) error
	})
	if !ok {
		t.Fatal("the warehouse takes nothing")
	}
	if err := a.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
