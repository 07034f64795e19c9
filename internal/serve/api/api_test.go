package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/affiliate"
	"waybill/internal/signal"
)

func TestRoutes(t *testing.T) {
	const newOffer = `{"advertiser_id":1,"name":"Spring","destination_url":"https://a.example/?t={transaction_id}",
		"payout":{"type":"cpa","amount":"4"},"revenue":{"type":"cpa","amount":"6"}}`
	tests := []struct {
		name, as, method, path, body string
		headers                      []string
		status                       int
		want                         []string // parts of the answer
		not                          []string // what must not stand in it
	}{
		{name: "no key", method: "GET", path: "offers", status: 401, want: []string{"urn:waybill:problem:unauthorized", `"instance":"urn:waybill:request:`}},
		{name: "a key that is none", method: "GET", path: "offers", headers: []string{"Authorization", "Bearer nonsense"}, status: 401},
		{name: "another scheme", method: "GET", path: "offers", headers: []string{"Authorization", "Basic dTpw"}, status: 401},
		{name: "a publishable key", as: asBrowser, method: "GET", path: "offers", status: 403},
		{name: "nothing there", as: asNetwork, method: "GET", path: "nothing", status: 404, want: []string{"there is nothing at /api/v1/nothing"}},
		{name: "another method", as: asNetwork, method: "PUT", path: "offers/1", status: 405, want: []string{"GET or PATCH"}},
		{name: "the description needs no key", method: "GET", path: "openapi.json", status: 200, want: []string{`"openapi":"3.1.0"`}},

		{
			name: "creates an advertiser", as: asNetwork, method: "POST", path: "advertisers", body: `{"name":"Three"}`, status: 201,
			want: []string{`"id":3`, `"strict":true`, `"status":"active"`, `"warnings":[{"field":"postback_auth"`, `"created_at":"2026-11-22T12:00:00Z"`},
		},
		{
			name: "creates an offer with its defaults", as: asNetwork, method: "POST", path: "offers", body: newOffer, status: 201,
			want: []string{`"id":3`, `"click_window":"30d"`, `"attribution":["transaction_id"]`, `"currency":"USD"`, `"payout":{"type":"cpa","amount":"4"}`}, not: []string{"warnings"},
		},
		{name: "which has the goal default", as: asNetwork, method: "GET", path: "offers/3/goals", status: 200, want: []string{`"code":"default"`, `"next_cursor":""`}},
		{
			name: "warns of a destination without transaction ID", as: asNetwork, method: "PATCH", path: "offers/3",
			body: `{"destination_url":"https://a.example/"}`, status: 200, want: []string{`"warnings":[{"field":"destination_url"`},
		},
		{
			name: "names every wrong field", as: asNetwork, method: "POST", path: "offers", body: `{"advertiser_id":1,"destination_url":"nonsense","caps":[{"metric":"conversions","period":"day","limit":"5"},{"metric":"x","period":"day","limit":"5"}]}`,
			status: 422, want: []string{`"location":"body.name"`, `"location":"body.destination_url"`, `"location":"body.caps[1].metric"`, "urn:waybill:problem:invalid"},
		},
		{
			name: "refuses an unknown field", as: asNetwork, method: "PATCH", path: "offers/1", body: `{"clickwindow":"7d"}`, status: 422,
			want: []string{`"location":"body.clickwindow"`, "did you mean click_window?"},
		},
		{name: "refuses to set the ID", as: asNetwork, method: "PATCH", path: "offers/1", body: `{"id":9}`, status: 422, want: []string{"body.id"}},
		{
			name: "refuses an advertiser that is not there", as: asNetwork, method: "POST", path: "offers", body: strings.Replace(newOffer, `"advertiser_id":1`, `"advertiser_id":99`, 1),
			status: 422, want: []string{"body.advertiser_id", "there is no advertiser 99"},
		},
		{name: "refuses what is not JSON", as: asNetwork, method: "POST", path: "offers", body: `{"name":`, status: 400, want: []string{"not JSON"}},
		{name: "refuses an empty body", as: asNetwork, method: "POST", path: "offers", status: 400},
		{name: "refuses a form", as: asNetwork, method: "POST", path: "offers", body: `name=x`, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415},
		{name: "refuses a body that is too large", as: asNetwork, method: "POST", path: "offers", body: `{"name":"` + strings.Repeat("x", maxBody) + `"}`, status: 413},
		{name: "refuses an ID that is no number", as: asNetwork, method: "GET", path: "offers/first", status: 422, want: []string{`"location":"path.id"`}},
		{name: "has no such offer", as: asNetwork, method: "GET", path: "offers/99", status: 404, want: []string{"there is no offer 99"}},
		{name: "has no goal of another offer", as: asNetwork, method: "GET", path: "offers/2/goals/1", status: 404},
		{name: "creates a goal", as: asNetwork, method: "POST", path: "offers/1/goals", body: `{"code":"deposit","dedupe":"every"}`, status: 201, want: []string{`"offer_id":1`, `"on_repeat":"ignore"`}},
		{name: "refuses a second of that code", as: asNetwork, method: "POST", path: "offers/1/goals", body: `{"code":"deposit"}`, status: 409, want: []string{"body.code"}},
		{name: "refuses a goal of no offer", as: asNetwork, method: "POST", path: "offers/99/goals", body: `{"code":"x"}`, status: 404, want: []string{"there is no offer 99"}},
		{name: "creates a term", as: asNetwork, method: "POST", path: "terms", body: `{"offer_id":1,"affiliate_id":2,"payout":{"type":"cpa","amount":"5"}}`, status: 201},
		{name: "draws a link's code", as: asNetwork, method: "POST", path: "links", body: `{"offer_id":1,"affiliate_id":1}`, status: 201, want: []string{`"code":"`}},
		{name: "refuses a code that is taken", as: asNetwork, method: "POST", path: "links", body: `{"code":"spring","offer_id":1,"affiliate_id":1}`, status: 409, want: []string{"body.code"}},
		{name: "filters a list", as: asNetwork, method: "GET", path: "offers?advertiser_id=2", status: 200, want: []string{`"id":2`}, not: []string{`"id":1,`}},
		{name: "refuses an unknown filter", as: asNetwork, method: "GET", path: "conversions?tansaction_id=x", status: 422, want: []string{"query.tansaction_id", "did you mean transaction_id?"}},
		{name: "refuses a parameter twice", as: asNetwork, method: "GET", path: "conversions?goal=a&goal=b", status: 422},
		{name: "refuses a limit out of bounds", as: asNetwork, method: "GET", path: "offers?limit=0", status: 422, want: []string{`"location":"query.limit"`}},
		{name: "refuses a cursor of its own making", as: asNetwork, method: "GET", path: "offers?cursor=%21", status: 422, want: []string{"query.cursor"}},

		{name: "reads a click", as: asNetwork, method: "GET", path: "clicks/CLICK", status: 200, want: []string{`"ip":"192.0.2.7"`, `"sub":["","may"]`, `"sent_to":"https://shop.example.com/?tid=`}},
		{name: "tells why an ID is none", as: asNetwork, method: "GET", path: "clicks/abc", status: 422, want: []string{"path.transaction_id"}},
		{name: "has no click of a signal's ID", as: asNetwork, method: "GET", path: "clicks/SIGNAL", status: 404},
		{
			name: "reads a signal with its verdict", as: asNetwork, method: "GET", path: "signals/SIGNAL", status: 200,
			want: []string{`"raw":"transaction_id=`, `"rule":"transaction_id"`, `"status":"accepted"`, `"parameters":{"amount":"10"}`, `"extra":{"color":"red"}`},
		},
		{name: "lists refusals", as: asNetwork, method: "GET", path: "signals?status=rejected", status: 200, want: []string{"currency_invalid"}, not: []string{`"accepted"`}},
		{name: "reads a conversion", as: asNetwork, method: "GET", path: "conversions/CONVERSION", status: 200, want: []string{`"revenue":{"amount":"6.00","currency":"USD"}`}},
		{name: "reads an ID in capitals", as: asNetwork, method: "GET", path: "clicks/UPPER", status: 200},
		{name: "lists conversions of a click", as: asNetwork, method: "GET", path: "conversions?transaction_id=CLICK", status: 200, want: []string{`"order_id":"A-1"`}},
		{name: "lists deliveries", as: asNetwork, method: "GET", path: "deliveries?state=waiting", status: 200, want: []string{`"subscription_id":2`}, not: []string{`"subscription_id":1`}},
		{name: "reads a delivery with its attempts", as: asNetwork, method: "GET", path: "deliveries/DELIVERY", status: 200, want: []string{`"took":"1s"`, `"state":"delivered"`}},
		{name: "delivers again", as: asNetwork, method: "POST", path: "deliveries/DELIVERY/replay", status: 202, want: []string{`"state":"waiting"`, `"due_at":"2026-11-22T12:00:00Z"`}},
		{name: "but not what waits", as: asNetwork, method: "POST", path: "deliveries/DELIVERY/replay", status: 409},
		{name: "lists entries", as: asNetwork, method: "GET", path: "entries?conversion_id=CONVERSION", status: 200, want: []string{`"party":"network"`, `"amount":"-4.00"`}},
		{name: "needs a conversion for entries", as: asNetwork, method: "GET", path: "entries", status: 422, want: []string{"query.conversion_id"}},
		{name: "lists balances", as: asNetwork, method: "GET", path: "balances?party=advertiser", status: 200, want: []string{`"amount":"6.00"`}, not: []string{"affiliate"}},

		{name: "gives the links", as: asNetwork, method: "GET", path: "offers/1/links?affiliate_id=1", status: 200, want: []string{
			"https://go.example.com/click?offer_id=1&affiliate_id=1", `"short_link":"https://go.example.com/c/`,
			"https://go.example.com/postback?transaction_id={transaction_id}&amount={amount}&order_id={order_id}", "token=token-of-One-0123456789",
			"&goal=deposit", "curl 'https://go.example.com/postback?transaction_id=TRANSACTION_ID",
		}},
		{name: "has no links of nobody", as: asNetwork, method: "GET", path: "offers/1/links?affiliate_id=9", status: 404},
		{
			name: "previews a template on a sample", as: asNetwork, method: "POST", path: "postbacks/preview", body: `{"owner":{"affiliate_id":1},"url":"https://t.example/?c={aff_click_id}&p={payout}"}`,
			status: 200, want: []string{`"url":"https://t.example/?c=sample-aff_click_id&p=12.50"`}, not: []string{"revenue"},
		},
		{
			name: "previews a template on a conversion", as: asNetwork, method: "POST", path: "postbacks/preview",
			body: `{"owner":{"affiliate_id":1},"url":"https://t.example/?c={aff_click_id}","conversion_id":"CONVERSION"}`, status: 200, want: []string{"https://t.example/?c=aff-77"},
		},
		{
			name: "previews nothing that the owner may not know", as: asNetwork, method: "POST", path: "postbacks/preview",
			body: `{"owner":{"affiliate_id":2},"url":"https://t.example/?c={aff_click_id}","conversion_id":"CONVERSION"}`, status: 422, want: []string{"body.conversion_id"},
		},
		{
			name: "refuses a macro the owner may not have", as: asNetwork, method: "POST", path: "postbacks/preview", body: `{"owner":{"affiliate_id":1},"url":"https://t.example/?c={revenue}"}`,
			status: 422, want: []string{"body.url"},
		},
		{name: "sends a test", as: asNetwork, method: "POST", path: "postbacks/1/test", status: 200, want: []string{`"took":"1.5ms"`, `"url":"https://tracker.example.com/?cid=sample-aff_click_id&sum=12.50"`}},
		{name: "reads the settings without their secret", as: asNetwork, method: "PATCH", path: "settings", body: `{"fallback_url":"https://a.example/"}`, status: 200, want: []string{`{"fallback_url":"https://a.example/"}`}},
		{name: "refuses a fallback that is no address", as: asNetwork, method: "PATCH", path: "settings", body: `{"fallback_url":"javascript:alert(1)"}`, status: 422, want: []string{"body.fallback_url"}},
		{name: "refuses a fallback with a macro that there is not", as: asNetwork, method: "PATCH", path: "settings", body: `{"fallback_url":"https://a.example/?s={nonsense}"}`, status: 422, want: []string{"body.fallback_url", "nonsense"}},
		{name: "refuses a fallback with a macro in its host", as: asNetwork, method: "PATCH", path: "settings", body: `{"fallback_url":"https://{sub1}.example/"}`, status: 422, want: []string{"body.fallback_url"}},
		{name: "keeps the settings", as: asNetwork, method: "GET", path: "settings", status: 200, want: []string{"https://a.example/"}, not: []string{"identity"}},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := strings.Replace(tt.path, "UPPER", strings.ToUpper(w.click.String()), 1)

			got := w.do(t, tt.as, tt.method, path, tt.body, tt.headers...)
			if got.status != tt.status {
				t.Fatalf("%s %s = %d %s; want %d", tt.method, path, got.status, got.text, tt.status)
			}
			if got.status >= 400 && got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("Content-Type = %q; want application/problem+json", got.header.Get("Content-Type"))
			}
			for _, part := range tt.want {
				if !strings.Contains(got.text, part) {
					t.Errorf("%s %s = %s\nwhich lacks %s", tt.method, path, got.text, part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(got.text, part) {
					t.Errorf("%s %s = %s\nwhich must not hold %s", tt.method, path, got.text, part)
				}
			}
		})
	}
}

func TestAnswersCarrySafeHeaders(t *testing.T) {
	w := newWorld(t)
	got := w.do(t, asNetwork, "GET", "offers/1", "")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json",
	} {
		if have := got.header.Get(name); have != want {
			t.Errorf("%s = %q; want %q", name, have, want)
		}
	}
	if len(got.header.Get("Request-Id")) < 16 {
		t.Errorf("Request-Id = %q; want one", got.header.Get("Request-Id"))
	}
	if got := w.do(t, "", "GET", "offers", ""); got.header.Get("WWW-Authenticate") == "" {
		t.Error("an answer 401 names no scheme")
	}
}

func TestIfMatchGuardsChanges(t *testing.T) {
	w := newWorld(t)
	first := w.do(t, asNetwork, "GET", "offers/1", "").header.Get("ETag")
	if first != `"1"` {
		t.Fatalf(`ETag = %s; want "1"`, first)
	}
	steps := []struct {
		name, match string
		status      int
	}{
		{"at the version read", first, 200},
		{"at a version that is past", first, 412},
		{"at any", "*", 200},
		{"at none named", "", 200},
		{"at what is no ETag", "7", 400},
	}
	for _, s := range steps {
		got := w.do(t, asNetwork, "PATCH", "offers/1", `{"name":"x"}`, "If-Match", s.match)
		if got.status != s.status {
			t.Errorf("PATCH %s = %d %s; want %d", s.name, got.status, got.text, s.status)
		}
	}
	if last := w.do(t, asNetwork, "GET", "offers/1", "").header.Get("ETag"); last != `"4"` {
		t.Errorf(`ETag after three changes = %s; want "4"`, last)
	}
}

func TestListsLeadFromPageToPage(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.do(t, asNetwork, "POST", "affiliates", fmt.Sprintf(`{"name":"More %d"}`, n))
	}
	var ids []any
	for path := "affiliates?limit=3"; ; {
		got := w.do(t, asNetwork, "GET", path, "")
		data, _ := got.body["data"].([]any)
		for _, d := range data {
			one, _ := d.(map[string]any)
			ids = append(ids, one["id"])
		}
		next, _ := got.body["next_cursor"].(string)
		if next == "" {
			break
		}
		if path = "affiliates?limit=3&cursor=" + next; len(ids) > 20 {
			t.Fatal("the list never ends")
		}
	}
	if fmt.Sprint(ids) != "[1 2 3 4 5 6 7]" {
		t.Errorf("the pages hold %v; want 1 to 7", ids)
	}
}

// endless is a table of n documents, which gives up to a thousand at once.
type endless struct {
	Table[int64, affiliate.Affiliate]
	n int64
}

func (e endless) List(_ context.Context, p Page[int64]) ([]Row[affiliate.Affiliate], error) {
	var rows []Row[affiliate.Affiliate]
	for id := p.After + 1; id <= e.n && len(rows) < min(p.Limit, 1000); id++ {
		status := affiliate.Active
		if id%1000 == 0 {
			status = affiliate.Blocked
		}
		rows = append(rows, Row[affiliate.Affiliate]{Value: affiliate.Affiliate{ID: id, Status: status}})
	}
	return rows, nil
}

func TestLongListsEndWhereTheTableEnds(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		n      int64
		query  string
		pages  int
		listed int
	}{
		{999, "limit=1000", 1, 999},
		{1000, "limit=1000", 1, 1000},
		{1001, "limit=1000", 2, 1001},
		{2500, "limit=1000", 3, 2500},
		{100, "limit=100", 1, 100},
		{25_000, "limit=10&status=blocked", 3, 25}, // a request looks at 10,000 at most
	}
	for _, tt := range tests {
		w.Affiliates = endless{n: tt.n}
		w.handler = w.Handler()
		pages, listed := 0, 0
		for cursor := ""; pages == 0 || cursor != ""; pages++ {
			got := w.do(t, asNetwork, "GET", "affiliates?"+tt.query+"&cursor="+cursor, "")
			data, _ := got.body["data"].([]any)
			listed += len(data)
			cursor, _ = got.body["next_cursor"].(string)
			if pages > 10 {
				t.Fatalf("%d with %s: the list never ends", tt.n, tt.query)
			}
		}
		if pages != tt.pages || listed != tt.listed {
			t.Errorf("%d with %s: %d on %d pages; want %d on %d", tt.n, tt.query, listed, pages, tt.listed, tt.pages)
		}
	}
}

func TestWhatIsKeptForLife(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		path, body, place string
	}{
		{"offers/1", `{"advertiser_id":2}`, "body.advertiser_id"},
		{"offers/1", `{"currency":"EUR"}`, "body.currency"},
		{"offers/1/goals/1", `{"code":"other"}`, "body.code"},
		{"links/spring", `{"code":"summer"}`, "body.code"},
		{"links/spring", `{"offer_id":2}`, "body.offer_id"},
		{"links/spring", `{"affiliate_id":2}`, "body.affiliate_id"},
		{"postbacks/1", `{"owner":{"affiliate_id":2}}`, "body.owner"},
	} {
		got := w.do(t, asNetwork, "PATCH", tt.path, tt.body)
		if got.status != 422 || !strings.Contains(got.text, `"location":"`+tt.place+`"`) {
			t.Errorf("PATCH %s %s = %d %s; want 422 at %s", tt.path, tt.body, got.status, got.text, tt.place)
		}
		if after := w.do(t, asNetwork, "GET", tt.path, ""); after.header.Get("ETag") != `"1"` {
			t.Errorf("PATCH %s %s left version %s; want 1", tt.path, tt.body, after.header.Get("ETag"))
		}
	}
}

func TestNullDrawsANewToken(t *testing.T) {
	w := newWorld(t)
	got := w.do(t, asNetwork, "PATCH", "advertisers/1", `{"token":null}`)
	token, _ := got.body["token"].(string)
	if got.status != 200 || len(token) < 20 || strings.Contains(token, "token-of-One") {
		t.Errorf("PATCH = %d %s; want a new token", got.status, got.text)
	}
	if secret, _ := got.body["sig_secret"].(string); !strings.HasPrefix(secret, "secret-of-One") {
		t.Errorf("sig_secret = %q; want it as it was", secret)
	}
}

func TestConversionsBecomeSignals(t *testing.T) {
	w := newWorld(t)
	rejected := signal.Verdict{Status: signal.Rejected, Code: signal.ClickExpired, SignalID: "s2", Message: "too late"}
	down := signal.Verdict{Status: signal.Rejected, Code: signal.Unavailable}
	tests := []struct {
		name, as, method, path, body string
		verdicts                     []signal.Verdict
		status                       int
		want, hits                   []string
	}{
		{
			"one", asAdvertiser1, "POST", "conversions", `{"transaction_id":"CLICK","amount":"9"}`, nil, 200,
			[]string{`"status":"accepted"`, `"request_id":"s1"`},
			[]string{`{"transaction_id":"CLICK","amount":"9"}`},
		},
		{
			"one that is rejected", asNetwork, "POST", "conversions", `{"goal":"x"}`,
			[]signal.Verdict{rejected},
			422,
			[]string{`"code":"click_expired"`},
			[]string{`{"goal":"x"}`},
		},
		{
			"several", asNetwork, "POST", "conversions", `[{"a":"1"}, {"a":"2"}]`,
			[]signal.Verdict{rejected},
			200,
			[]string{`"http":422`, `"http":200`},
			[]string{`{"a":"1"}`, `{"a":"2"}`},
		},
		{
			"several while nothing can be written down, of which one is tried", asNetwork, "POST", "conversions", `[{},{}]`,
			[]signal.Verdict{down},
			503,
			[]string{`"code":"unavailable"`, `"http":503`},
			[]string{`{}`},
		},
		{
			"several of which the second cannot be written down", asNetwork, "POST", "conversions", `[{"a":"1"},{"a":"2"},{"a":"3"}]`,
			[]signal.Verdict{rejected, down},
			200,
			[]string{`"http":422`, `"http":503`},
			[]string{`{"a":"1"}`, `{"a":"2"}`},
		},
		{"none", asNetwork, "POST", "conversions", `[]`, nil, 422, nil, nil},
		{"what is no object", asNetwork, "POST", "conversions", `[1]`, nil, 422, nil, nil},
		{
			"a status", asNetwork, "PATCH", "conversions/CONVERSION", `{"status":"rejected","note":"fraud"}`, nil, 200,
			[]string{`"accepted"`},
			[]string{`{"conversion_id":"CONVERSION","goal":"1","note":"fraud","order_id":"A-1","status":"rejected","transaction_id":"CLICK"}`},
		},
		{
			"an amount", asAdvertiser1, "PATCH", "conversions/CONVERSION", `{"amount":{"amount":"12.5","currency":"USD"}}`, nil, 200, nil,
			[]string{`{"amount":"12.50","conversion_id":"CONVERSION","currency":"USD","goal":"1","order_id":"A-1","transaction_id":"CLICK"}`},
		},
		{
			"an amount as a postback has it", asNetwork, "PATCH", "conversions/CONVERSION", `{"amount":"0"}`, nil, 200, nil,
			[]string{`{"amount":"0.00","conversion_id":"CONVERSION","currency":"USD","goal":"1","order_id":"A-1","transaction_id":"CLICK"}`},
		},
		{"nothing", asNetwork, "PATCH", "conversions/CONVERSION", `{"note":"x"}`, nil, 422, nil, nil},
		{"paid", asNetwork, "PATCH", "conversions/CONVERSION", `{"status":"paid"}`, nil, 422, []string{"body.status"}, nil},
		{"a negative amount", asNetwork, "PATCH", "conversions/CONVERSION", `{"amount":{"amount":"-1","currency":"USD"}}`, nil, 422, []string{"body.amount"}, nil},
		{"by an affiliate", asAffiliate1, "PATCH", "conversions/CONVERSION", `{"status":"approved"}`, nil, 403, nil, nil},
		{"of another advertiser", asAdvertiser2, "PATCH", "conversions/CONVERSION", `{"status":"approved"}`, nil, 404, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.door.hits, w.door.verdicts = nil, tt.verdicts

			got := w.do(t, tt.as, tt.method, tt.path, tt.body)
			if got.status != tt.status {
				t.Fatalf("%s = %d %s; want %d", tt.path, got.status, got.text, tt.status)
			}
			for _, part := range tt.want {
				if !strings.Contains(got.text, part) {
					t.Errorf("answer %s lacks %s", got.text, part)
				}
			}
			if len(w.door.hits) != len(tt.hits) {
				t.Fatalf("%d signals were made; want %d", len(w.door.hits), len(tt.hits))
			}
			for i, h := range w.door.hits {
				if string(h.Parameters) != w.fill(tt.hits[i]) || h.Index != i || h.Method != tt.method || h.By.Role == "" {
					t.Errorf("signal %d = %+v %s; want %s", i, h, h.Parameters, w.fill(tt.hits[i]))
				}
			}
		})
	}
	t.Run("at a version that is past", func(t *testing.T) {
		w.door.hits = nil
		got := w.do(t, asNetwork, "PATCH", "conversions/CONVERSION", `{"status":"hold"}`, "If-Match", `"2"`)
		if got.status != http.StatusPreconditionFailed || w.door.hits != nil {
			t.Errorf("PATCH = %d with %d signals; want 412 and none", got.status, len(w.door.hits))
		}
	})
}
