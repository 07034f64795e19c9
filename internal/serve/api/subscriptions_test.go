package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
	"waybill/internal/store/sqlledger"
)

// TestPostbacksAreChecked: all mistakes come back at once, each at its field.
func TestPostbacksAreChecked(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name, as, body string
		status         int
		want           []string
	}{
		{
			"everything that can be wrong", asNetwork,
			`{"owner":{"affiliate_id":1},"format":"form","method":"GET","url":"https://t.example/?c={Sub1}","headers":{"Host":"x"},"on":["sale"],
			"statuses":["declined"],"retry":["1ms"],"timeout":"2h","rate":-1,"in_flight":1000,"backlog":"best","parameters":{"a":"b"},"secret":"x"}`,
			422,
			[]string{
				"body.on[0]", "body.statuses[0]", "body.retry[0]", "body.timeout", "body.rate", "body.in_flight", "body.backlog", "body.method",
				"body.url", "body.headers[Host]", "body.parameters.a", "body.body", "body.secret", "did you mean {sub1}?",
			},
		},
		{"a number that is none", asNetwork, `{"owner":{"affiliate_id":1},"url":"https://t.example/{sub1}","rate":"fast"}`, 422, []string{"body.rate", "must be a number"}},
		{"destinations by GET", asNetwork, `{"owner":{"network":true},"url":"https://t.example/","on":["destination.opened"]}`, 422, []string{"body.on", "webhook and json"}},
		{"a visitor's address for an affiliate", asAffiliate1, `{"url":"https://t.example/{ip}","share_visitor":true}`, 403, []string{"share_visitor is for the network"}},
		{"disabled from the beginning", asNetwork, `{"owner":{"network":true},"url":"https://t.example/","status":"disabled"}`, 422, []string{"body.status", "use paused"}},
		{"what Waybill says of it", asNetwork, `{"owner":{"network":true},"url":"https://t.example/","disabled_at":"2026-11-22T12:00:00Z","previous_secret":"x"}`, 422, []string{"body.disabled_at", "body.previous_secret", "cannot be changed"}},
		{"a hidden secret", asNetwork, `{"owner":{"network":true},"format":"webhook","url":"https://t.example/","secret":"•••• abcd"}`, 422, []string{"body.secret", "not a secret"}},
		{"another's postback", asAffiliate1, `{"owner":{"affiliate_id":2},"url":"https://t.example/{sub1}"}`, 403, []string{"somebody else"}},
		{"a template that is none", asNetwork, `{"owner":{"affiliate_id":1},"template":"volum","fill":{"domain":"a.example"}}`, 422, []string{"body.template", "voluum"}},
		{"a field that a template lacks", asNetwork, `{"owner":{"affiliate_id":1},"template":"voluum","fill":{"domian":"a.example"}}`, 422, []string{"body.fill.domian", "body.fill.domain"}},
		{"a template without its fields", asNetwork, `{"owner":{"affiliate_id":1},"template":"voluum"}`, 422, []string{"body.fill.domain"}},
		{"fields without a template", asNetwork, `{"owner":{"affiliate_id":1},"fill":{"domain":"a.example"}}`, 422, []string{"body.template", "is missing"}},
		{"fields that are no strings", asNetwork, `{"owner":{"affiliate_id":1},"template":"voluum","fill":["a.example"]}`, 422, []string{"body.fill", "object of strings"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, "POST", "postbacks", tt.body)
			if got.status != tt.status {
				t.Fatalf("POST postbacks = %d %s; want %d", got.status, got.text, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(got.text, want) {
					t.Errorf("answer %s\nlacks %q", got.text, want)
				}
			}
		})
	}
}

// TestPostbacksKeepWhatIsSaid: every field comes back as it was sent.
func TestPostbacksKeepWhatIsSaid(t *testing.T) {
	w := newWorld(t)
	said := `{"name":"Sales","owner":{"affiliate_id":1},"offer_id":1,"goal":"default","on":["conversion.approved"],"statuses":["approved"],
		"status_words":{"approved":"ok"},"format":"form","template":"mine","method":"PUT","url":"https://t.example/{offer_id}","headers":{"X-A":"{sub1}"},
		"body":"c={aff_click_id}&s={status}","success_contains":"OK","failure_contains":"error","delay":"1m","retry":["1s","1d"],"timeout":"20s",
		"connect_timeout":"5s","rate":0.5,"in_flight":4,"backlog":"newest","share_visitor":true,"status":"paused"}`
	made := w.do(t, asNetwork, "POST", "postbacks", said)
	if made.status != 201 || strings.Contains(made.text, "warnings") {
		t.Fatalf("POST postbacks = %d %s; want it saved without a warning", made.status, made.text)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(said), &want); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	for _, as := range []string{asNetwork, asAffiliate1} {
		got := w.do(t, as, "GET", path, "")
		for name, value := range want {
			if fmt.Sprint(got.body[name]) != fmt.Sprint(value) {
				t.Errorf("%s reads %s = %v, want %v", as, name, got.body[name], value)
			}
		}
	}
}

// TestMethodsFollowTheFormat: what is left open is what the format does.
func TestMethodsFollowTheFormat(t *testing.T) {
	w := newWorld(t)
	for format, want := range map[string]string{"get": "GET", "json": "POST", "webhook": "POST", "image": "GET"} {
		got := w.do(t, asAffiliate1, "POST", "postbacks", fmt.Sprintf(`{"format":%q,"url":"https://t.example/{sub1}"}`, format))
		if got.body["method"] != want {
			t.Errorf("format %s has method %v, want %s: %s", format, got.body["method"], want, got.text)
		}
	}
}

// TestReadyTemplates: a postback is made of a template, with what the body says
// besides on top.
func TestReadyTemplates(t *testing.T) {
	w := newWorld(t)
	made := w.do(t, asAffiliate1, "POST", "postbacks", `{"template":"voluum","fill":{"domain":"x.voluum.example"},"name":"mine","on":["conversion.paid"]}`)
	url, _ := made.body["url"].(string)
	if made.status != 201 || !strings.HasPrefix(url, "https://x.voluum.example/postback?") || made.body["template"] != "voluum" ||
		made.body["name"] != "mine" || fmt.Sprint(made.body["on"]) != "[conversion.paid]" || made.body["fill"] != nil {
		t.Fatalf("POST postbacks = %d %s; want Voluum's postback", made.status, made.text)
	}
	again := w.do(t, asAffiliate1, "POST", "postbacks", fmt.Sprintf(`{"template":"voluum","url":%q}`, url))
	if again.status != 201 || again.body["url"] != url {
		t.Errorf("what was read and is sent whole: %d %s; want the same again", again.status, again.text)
	}
	look := w.do(t, asAffiliate1, "POST", "postbacks/preview", `{"template":"voluum","fill":{"domain":"x.voluum.example"}}`)
	if shown, _ := look.body["url"].(string); look.status != 200 || !strings.Contains(shown, "cid=sample-") {
		t.Errorf("its preview: %d %s", look.status, look.text)
	}
}

// TestSecretsAreShownOnce follows a webhook's secret: drawn, shown once, kept
// over changes, renewed, and never shown again.
func TestSecretsAreShownOnce(t *testing.T) {
	w := newWorld(t)
	hook := `{"format":"webhook","url":"https://t.example/hooks","headers":{"Authorization":"Bearer a-long-token-1234"}}`
	made := w.do(t, asAffiliate1, "POST", "postbacks", hook, "Idempotency-Key", "k")
	secret, _ := made.body["secret"].(string)
	if made.status != 201 || !strings.HasPrefix(secret, "whsec_") || !strings.Contains(made.text, "•••• 1234") || strings.Contains(made.text, "a-long-token") {
		t.Fatalf("POST postbacks = %d %s; want a drawn secret, shown whole, and no other", made.status, made.text)
	}
	if again := w.do(t, asAffiliate1, "POST", "postbacks", hook, "Idempotency-Key", "k"); strings.Contains(again.text, secret) {
		t.Errorf("repeated: %s; want it without the secret", again.text)
	}
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	hidden := "•••• " + secret[len(secret)-4:]
	for _, as := range []string{asAffiliate1, asNetwork} {
		for _, list := range []string{path, "postbacks?limit=1000"} {
			if got := w.do(t, as, "GET", list, ""); strings.Contains(got.text, secret) || !strings.Contains(got.text, hidden) {
				t.Errorf("%s reads %s: %s; want the secret hidden", as, list, got.text)
			}
		}
	}

	// What was read can be sent back whole.
	read := w.do(t, asAffiliate1, "GET", path, "")
	changed := w.do(t, asAffiliate1, "PATCH", path, fmt.Sprintf(`{"secret":%q,"headers":{"Authorization":"•••• 1234"},"name":"n"}`, read.body["secret"]))
	if v := w.postback(t, path); changed.status != 200 || v.Secret != secret || v.Headers["Authorization"] != "Bearer a-long-token-1234" {
		t.Errorf("PATCH = %d %s; the ledger has %+v; want the secrets as they were", changed.status, changed.text, v)
	}

	next := w.do(t, asAffiliate1, "POST", path+"/rotate-secret", "")
	renewed, _ := next.body["secret"].(string)
	if next.status != 200 || !strings.HasPrefix(renewed, "whsec_") || renewed == secret || next.body["previous_secret"] != hidden ||
		next.body["previous_until"] != noon.Add(24*time.Hour).Format(time.RFC3339) {
		t.Errorf("rotate-secret = %d %s; want another secret, and the first for a day", next.status, next.text)
	}
	if v := w.postback(t, path); v.Secret != renewed || v.PreviousSecret != secret {
		t.Errorf("the ledger has %+v", v)
	}
	next = w.do(t, asNetwork, "POST", path+"/rotate-secret", `{"keep":"0s","secret":"`+secret+`"}`)
	if v := w.postback(t, path); next.status != 200 || v.Secret != secret || v.PreviousSecret != "" || !v.PreviousUntil.IsZero() {
		t.Errorf("rotate-secret with nothing kept = %d %s; the ledger has %+v", next.status, next.text, v)
	}
	for body, want := range map[string]string{`{"keep":"31d"}`: "body.keep", `{"secret":"whsec_x"}`: "body.secret"} {
		if got := w.do(t, asAffiliate1, "POST", path+"/rotate-secret", body); got.status != 422 || !strings.Contains(got.text, want) {
			t.Errorf("rotate-secret %s = %d %s; want 422 at %s", body, got.status, got.text, want)
		}
	}
	if got := w.do(t, asAffiliate1, "POST", path+"/rotate-secret", "", "If-Match", `"1"`); got.status != 412 {
		t.Errorf("rotate-secret of an old version = %d %s; want 412", got.status, got.text)
	}
	if strings.Contains(w.log.String(), secret) {
		t.Error("the secret stands in the log")
	}
}

// postback gives a subscription as the ledger has it.
func (w *world) postback(t *testing.T, path string) delivery.Subscription {
	t.Helper()
	for _, row := range w.subscribed(t) {
		if fmt.Sprintf("postbacks/%d", row.Value.ID) == path {
			return row.Value
		}
	}
	t.Fatalf("there is no %s", path)
	return delivery.Subscription{}
}

// subscribed gives all subscriptions as the ledger has them.
func (w *world) subscribed(t *testing.T) []sqlledger.Row[delivery.Subscription] {
	t.Helper()
	list, err := w.db.Subscriptions().List(t.Context(), sqlledger.List[int64]{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestDisabledPostbacks: only Waybill disables one, and its owner takes it back.
func TestDisabledPostbacks(t *testing.T) {
	w := newWorld(t)
	made := w.do(t, asAffiliate1, "POST", "postbacks", `{"format":"webhook","url":"https://t.example/hooks"}`)
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	id := w.postback(t, path).ID
	if _, err := w.db.Disable(t.Context(), id, "answered 410 Gone", noon); err != nil {
		t.Fatal(err)
	}
	got := w.do(t, asAffiliate1, "GET", path, "")
	if got.body["status"] != "disabled" || got.body["disabled_reason"] != "answered 410 Gone" || got.body["disabled_at"] != noon.Format(time.RFC3339) {
		t.Errorf("GET = %s; want it disabled, and why", got.text)
	}
	if got := w.do(t, asAffiliate1, "PATCH", path, `{"name":"n"}`); got.status != 200 || got.body["status"] != "disabled" {
		t.Errorf("another change = %d %s; want it disabled still", got.status, got.text)
	}
	got = w.do(t, asAffiliate1, "PATCH", path, `{"status":"active"}`)
	if got.status != 200 || got.body["status"] != "active" || got.body["disabled_at"] != nil || got.body["disabled_reason"] != nil {
		t.Errorf("PATCH = %d %s; want it active, and nothing more of that", got.status, got.text)
	}
	if got := w.do(t, asAffiliate1, "PATCH", path, `{"status":"disabled"}`); got.status != 422 {
		t.Errorf("disabling = %d %s; want 422", got.status, got.text)
	}
}

// TestPreviews: what is shown is what would be sent, without its secrets.
func TestPreviews(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name, as, body string
		status         int
		want, not      []string
	}{
		{
			name: "a form", as: asAffiliate1, body: `{"format":"form","url":"https://t.example/","body":"c={aff_click_id}&token=0123456789abcdef","headers":{"X-P":"{payout}"}}`,
			status: 200, want: []string{`"method":"POST"`, `"body":"c=sample-aff_click_id&token=•••• cdef"`, `"X-P":"12.50"`, `"Content-Type":"application/x-www-form-urlencoded"`},
		},
		{
			name: "a webhook", as: asAffiliate1, body: `{"format":"webhook","url":"https://t.example/","event":"conversion.rejected"}`,
			status: 200, want: []string{`\"type\":\"conversion.rejected\"`, `\"payout\":\"12.50\"`, `"Webhook-Signature":"••••`, `"Webhook-Id":"sample-delivery_id"`}, not: []string{"revenue", "v1,"},
		},
		{
			name: "what becomes of destinations", as: asNetwork, body: `{"format":"json","url":"https://t.example/","on":["destination.opened"]}`,
			status: 200, want: []string{`\"type\":\"destination.opened\"`, `\"failures\":10`},
		},
		{
			name: "a conversion API", as: asNetwork, status: 200,
			body: `{"format":"meta_capi","parameters":{"dataset_id":"1234567890","access_token":"EAAB-a-long-secret-token","event":"Purchase","event_source_url":"https://shop.example.com/thanks"}}`,
			want: []string{"graph.facebook.com", "Purchase"}, not: []string{"EAAB-a-long"},
		},
		{
			name: "a template, in the receiver's words", as: asAffiliate1, body: `{"template":"keitaro","fill":{"domain":"t.example","key":"k1"}}`, status: 200,
			want: []string{"https://t.example/k1/postback?subid=sample-aff_click_id&tid=sample-conversion_id&status=sale&payout=12.50&currency=USD&return=OK"},
		},
		{name: "changes of one that is there", as: asAffiliate1, body: `{"id":1,"url":"https://new.example/?c={aff_click_id}"}`, status: 200, want: []string{"https://new.example/?c=sample-aff_click_id"}},
		{name: "not of another's", as: asAffiliate2, body: `{"id":1}`, status: 404},
		{name: "the network's own, unless it says whose", as: asNetwork, body: `{"url":"https://t.example/{revenue}"}`, status: 200, want: []string{"https://t.example/20.00"}},
		{name: "not for another", as: asAffiliate1, body: `{"owner":{"affiliate_id":2},"url":"https://t.example/{sub1}"}`, status: 403},
		{name: "its mistakes", as: asAffiliate1, body: `{"url":"https://t.example/{revenue}","event":"sale","rate":-1}`, status: 422, want: []string{"body.url", "body.on[0]", "body.rate"}},
		{name: "an unknown field", as: asAffiliate1, body: `{"urll":"https://t.example/"}`, status: 422, want: []string{"did you mean url?"}},
		{name: "no object", as: asAffiliate1, body: `[]`, status: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.subscribed(t)
			got := w.do(t, tt.as, "POST", "postbacks/preview", tt.body)
			if got.status != tt.status {
				t.Fatalf("preview = %d %s; want %d", got.status, got.text, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(got.text, want) {
					t.Errorf("answer %s\nlacks %q", got.text, want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(got.text, not) {
					t.Errorf("answer %s\nholds %q", got.text, not)
				}
			}
			if diff := cmp.Diff(before, w.subscribed(t)); diff != "" {
				t.Errorf("the preview changed postbacks:\n%s", diff)
			}
		})
	}
}

// TestPixelsAreNotTested: a browser's pixel is not sent from here.
func TestPixelsAreNotTested(t *testing.T) {
	w := newWorld(t)
	made := w.do(t, asAffiliate1, "POST", "postbacks", `{"format":"image","url":"https://t.example/p.gif?c={sub1}"}`)
	path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
	if got := w.do(t, asAffiliate1, "POST", path+"/test", ""); got.status != 409 || len(w.wire.sent) != 0 {
		t.Errorf("test = %d %s; sent %v; want a conflict", got.status, got.text, w.wire.sent)
	}
}
