package receiver_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

const googleToken = "ya29.c.token-of-the-stand-in"

// accountKey is the key of the tests' service account, made once: that takes a
// while.
var accountKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func keyFile(t testing.TB, tokenURL string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(accountKey())
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "waybill@project.iam.gserviceaccount.com", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": tokenURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// googleStandIn gives tokens as Google's authorization server does, and takes
// events as the Data Manager API's description has it.
type googleStandIn struct {
	url  string
	now  time.Time
	kept map[string]any // by conversion action and transaction ID: what counts
	fail http.HandlerFunc
}

func newGoogle(t *testing.T) (*googleStandIn, *httptest.Server) {
	g := &googleStandIn{now: noon(), kept: map[string]any{}}
	s := httptest.NewServer(g)
	g.url = s.URL
	t.Cleanup(s.Close)
	return g, s
}

func (g *googleStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case g.fail != nil:
		g.fail(w, r)
	case r.URL.Path == "/token":
		g.token(w, r)
	case r.URL.Path == "/v1/events:ingest" && r.Method == http.MethodPost && r.URL.RawQuery == "":
		g.ingest(w, r)
	default:
		googleError(w, 404, "NOT_FOUND", "Not found", nil)
	}
}

// token answers a grant by assertion.
func (g *googleStandIn) token(w http.ResponseWriter, r *http.Request) {
	var wrong string
	switch {
	case r.Method != http.MethodPost || r.ParseForm() != nil || len(r.PostForm) != 2:
		wrong = "a POST with grant_type and assertion is wanted"
	case r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
		wrong = "unsupported_grant_type"
	default:
		wrong = g.assertion(r.PostForm.Get("assertion"))
	}
	if wrong != "" {
		reply(w, 400, map[string]any{"error": "invalid_grant", "error_description": wrong})
		return
	}
	reply(w, 200, map[string]any{"access_token": googleToken, "expires_in": 3599, "token_type": "Bearer"})
}

// assertion says what is wrong with a signed assertion.
func (g *googleStandIn) assertion(text string) string {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "no token of three parts"
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "no signature"
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&accountKey().PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return "Invalid JWT Signature."
	}
	read := func(part string) any {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return nil
		}
		v, err := decode(raw)
		if err != nil {
			return nil
		}
		return v
	}
	if wrong := object(map[string]rule{
		"alg": {true, exactly("RS256")}, "typ": {true, exactly("JWT")}, "kid": {true, exactly("k1")},
	})(read(parts[0])); wrong != "" {
		return wrong
	}
	claims := read(parts[1])
	if wrong := object(map[string]rule{
		"iss": {true, exactly("waybill@project.iam.gserviceaccount.com")}, "aud": {true, exactly(g.url + "/token")},
		"scope": {true, exactly("https://www.googleapis.com/auth/datamanager")},
		"iat":   {true, exactly(fmt.Sprint(g.now.Unix()))}, "exp": {true, exactly(fmt.Sprint(g.now.Unix() + 3600))},
	})(claims); wrong != "" {
		return wrong
	}
	return ""
}

func (g *googleStandIn) ingest(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Authorization") != "Bearer "+googleToken {
		googleError(w, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", nil)
		return
	}
	v, err := decode(body)
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		googleError(w, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.", nil)
		return
	}
	if field, reason, wrong := g.wrong(v); wrong != "" {
		googleError(w, 400, "INVALID_ARGUMENT", "There was a problem with the request.", []map[string]any{
			{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_ARGUMENT", "domain": "datamanager.googleapis.com"},
			{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []map[string]any{
				{"field": field, "description": wrong, "reason": reason},
			}},
		})
		return
	}
	if within(v, "validateOnly") != true {
		g.kept[fmt.Sprint(within(v, "destinations", "productDestinationId"), " ", within(v, "events", "transactionId"))] = v
	}
	reply(w, 200, map[string]any{"requestId": "126365e1-16d0-4c81-9de9-f362711e250a"})
}

func googleError(w http.ResponseWriter, status int, name, message string, details []map[string]any) {
	e := map[string]any{"code": status, "message": message, "status": name}
	if details != nil {
		e["details"] = details
	}
	reply(w, status, map[string]any{"error": e})
}

// wrong says where a request is wrong by the description, and how.
func (g *googleStandIn) wrong(v any) (field, reason, description string) {
	account := object(map[string]rule{
		"accountType": {true, exactly("GOOGLE_ADS")}, "accountId": {true, text(`[0-9]{10}`)},
	})
	consent := text(`CONSENT_GRANTED|CONSENT_DENIED`)
	if wrong := object(map[string]rule{
		"destinations": {true, one(object(map[string]rule{
			"operatingAccount": {true, account}, "loginAccount": {false, account}, "productDestinationId": {true, text(`[0-9]+`)},
		}))},
		"events": {true, func(any) string { return "" }}, "validateOnly": {false, exactly(true)}, "encoding": {false, exactly("HEX")},
		"consent": {false, object(map[string]rule{"adUserData": {false, consent}, "adPersonalization": {false, consent}})},
	})(v); wrong != "" {
		return "destinations[0]", "INVALID_DESTINATION", wrong
	}
	identifier := object(map[string]rule{"emailAddress": {true, text(hexDigest)}})
	event := object(map[string]rule{
		"transactionId": {true, text(`.+`)}, "eventTimestamp": {true, g.timestamp},
		"eventSource": {true, text(`WEB|APP|IN_STORE|PHONE|MESSAGE|OTHER`)},
		"adIdentifiers": {false, object(map[string]rule{
			"gclid": {false, text(`.+`)}, "gbraid": {false, text(`.+`)}, "wbraid": {false, text(`.+`)},
		})},
		"userData":        {false, object(map[string]rule{"userIdentifiers": {true, one(identifier)}})},
		"eventDeviceInfo": {false, object(map[string]rule{"userAgent": {false, text(`.+`)}, "ipAddress": {false, address}})},
		"conversionValue": {false, decimal}, "currency": {false, text(isoCode)},
	})
	if wrong := one(event)(within(v, "events")); wrong != "" {
		return "events.events[0]", "INVALID_EVENT", wrong
	}
	clicks, _ := within(v, "events", "adIdentifiers").(map[string]any)
	email := within(v, "events", "userData")
	switch {
	case len(clicks) > 1:
		return "events.events[0].ad_identifiers", "INVALID_EVENT", "more than one click ID"
	case len(clicks) == 0 && email == nil:
		return "events.events[0]", "NO_IDENTIFIERS_PROVIDED", "Events data contains no user identifiers or ad identifiers."
	case email != nil && within(v, "encoding") == nil:
		return "encoding", "REQUIRED_FIELD_MISSING", "encoding"
	case (within(v, "events", "conversionValue") == nil) != (within(v, "events", "currency") == nil):
		return "events.events[0].currency", "INVALID_CURRENCY_CODE", "value and currency go together"
	}
	return "", "", ""
}

func (g *googleStandIn) timestamp(v any) string {
	s, _ := v.(string)
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || at.After(g.now) {
		return fmt.Sprintf("%v is no time in RFC 3339 that has passed", v)
	}
	return ""
}

func googleSubscription(t testing.TB, url string) delivery.Subscription {
	s := subscription(delivery.GoogleDataManager, url, map[string]string{
		"account_id": "123-456-7890", "conversion_action_id": "987654321", "conversion_action_id.lead": "111", "login_account_id": "2345678901",
		"service_account": keyFile(t, url+"/token"), "identifiers": "email", "ad_user_data": "granted", "ad_personalization": "denied",
	})
	s.On = []conversion.Event{conversion.EventCreated, conversion.EventApproved, conversion.EventUpdated, conversion.EventReversed}
	s.Statuses = []conversion.Status{conversion.Approved, conversion.Rejected}
	return s
}

func TestGoogleTakesConversions(t *testing.T) {
	const head = `{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"1234567890"},` +
		`"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"2345678901"},"productDestinationId":"987654321"}],` +
		`"events":[{"transactionId":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","eventTimestamp":"2026-11-22T11:58:30Z","eventSource":"WEB",`
	const consent = `}],"consent":{"adUserData":"CONSENT_GRANTED","adPersonalization":"CONSENT_DENIED"}`
	const email = `"userData":{"userIdentifiers":[{"emailAddress":"62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"}]},`
	const device = `"eventDeviceInfo":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64)","ipAddress":"198.51.100.7"},`
	reversed, test := with(owed(), "status", "rejected"), owed()
	reversed.Event, test.Test = conversion.EventReversed, true
	tests := []struct {
		name string
		owed *delivery.Owed
		want string
		kept int
	}{
		{
			name: "everything that is known", owed: owed(), kept: 1,
			want: head + `"adIdentifiers":{"gclid":"Cj0KCQ"},` + email + device + `"conversionValue":149.90,"currency":"USD"` + consent + `,"encoding":"HEX"}`,
		},
		{
			name: "one click ID alone", owed: with(with(without(owed(), "email_sha256", "ip", "user_agent", "amount", "gclid"), "wbraid", "w"), "gbraid", "g"), kept: 1,
			want: head + `"adIdentifiers":{"gbraid":"g"}` + consent + `}`,
		},
		{
			name: "a reversal takes the value back", owed: without(reversed, "email_sha256", "ip", "user_agent"), kept: 1,
			want: head + `"adIdentifiers":{"gclid":"Cj0KCQ"},"conversionValue":0,"currency":"USD"` + consent + `}`,
		},
		{
			name: "a test is only validated", owed: without(test, "email_sha256", "ip", "user_agent"), kept: 0,
			want: head + `"adIdentifiers":{"gclid":"Cj0KCQ"},"conversionValue":149.90,"currency":"USD"` + consent + `,"validateOnly":true}`,
		},
		{
			name: "a goal has its own conversion action", owed: with(without(owed(), "email_sha256", "ip", "user_agent"), "goal", "LEAD"), kept: 1,
			want: strings.Replace(head, "987654321", "111", 1) + `"adIdentifiers":{"gclid":"Cj0KCQ"},"conversionValue":149.90,"currency":"USD"` + consent + `}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, server := newGoogle(t)
			p := compiled(t, googleSubscription(t, server.URL))
			r, err := p.Request(tt.owed, receiver.Moment{At: noon(), Token: grant(t, server, p)})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.Body); got != tt.want {
				t.Errorf("the body is\n%s\nwant\n%s", got, tt.want)
			}
			if got := exchange(t, server.Client(), p, r); got != (receiver.Outcome{}) || len(g.kept) != tt.kept {
				t.Errorf("Judge() = %+v, and %d events were kept; want it delivered, and %d", got, len(g.kept), tt.kept)
			}
		})
	}
}

// grant has an access token from the stand-in.
func grant(t *testing.T, server *httptest.Server, p *receiver.Plan) string {
	t.Helper()
	g, ok := p.Grant()
	if !ok {
		t.Fatal("the plan has no grant")
	}
	r, err := g.Request(noon())
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := do(t, server.Client(), r)
	token, expires, err := g.Read(noon(), status, body)
	if want := noon().Add(3539 * time.Second); err != nil || !expires.Equal(want) {
		t.Fatalf("Read() = until %s, %v; want until %s", expires, err, want)
	}
	return token
}

// TestGoogleAdjusts holds that an amount that changes is told under the same ID
// to the same conversion action: Google then restates the conversion.
func TestGoogleAdjusts(t *testing.T) {
	g, server := newGoogle(t)
	p := compiled(t, googleSubscription(t, server.URL))
	updated := with(owed(), "amount", "99.00")
	updated.Event = conversion.EventUpdated
	for _, o := range []*delivery.Owed{owed(), updated} {
		if got, err := send(t, server.Client(), p, o, receiver.Moment{At: noon(), Token: googleToken}); err != nil || got != (receiver.Outcome{}) {
			t.Fatalf("%s: %+v, %v", o.Event, got, err)
		}
	}
	for key, v := range g.kept {
		if got := fmt.Sprint(within(v, "events", "conversionValue")); len(g.kept) != 1 || got != "99.00" {
			t.Errorf("%d conversions, %s is worth %s; want one of 99.00", len(g.kept), key, got)
		}
	}
}

func TestGoogleIsNotAsked(t *testing.T) {
	p := compiled(t, googleSubscription(t, "http://localhost"))
	free := without(owed(), "amount")
	freed, nothing := *free, *free
	freed.Event, nothing.Event = conversion.EventUpdated, conversion.EventReversed
	tests := []struct {
		name string
		owed *delivery.Owed
		want string
	}{
		{"nobody to match: an address alone is nobody", without(owed(), "gclid", "email_sha256"), "could match this conversion with nobody"},
		{"an update without amount", &freed, "nothing to tell Google anew"},
		{"a reversal without amount", &nothing, "without an amount"},
		{"one that was rejected before it counted", with(owed(), "status", "rejected"), "rejected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r, err := p.Request(tt.owed, receiver.Moment{At: noon(), Token: "x"}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Request() = %s, %v; want an error with %q", r.Body, err, tt.want)
			}
		})
	}
}

func TestGoogleStandInRefuses(t *testing.T) {
	g, server := newGoogle(t)
	p := compiled(t, googleSubscription(t, server.URL))
	good, err := p.Request(owed(), receiver.Moment{At: noon(), Token: googleToken})
	if err != nil {
		t.Fatal(err)
	}
	stale, err := p.Request(owed(), receiver.Moment{At: noon(), Token: "ya29.old"})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, replacement string) receiver.Request { return changed(t, good, old, replacement) }
	tests := []struct {
		name string
		r    receiver.Request
		want delivery.ErrorClass
	}{
		{"a field that it does not know", edit(`"transactionId"`, `"orderId":"x","transactionId"`), delivery.ErrRejected},
		{"a Unix time", edit(`"2026-11-22T11:58:30Z"`, `1795348710`), delivery.ErrRejected},
		{"a digest that is none", edit(`62a14e`, `zzz`), delivery.ErrRejected},
		{"an e-mail without its encoding", edit(`,"encoding":"HEX"`, ``), delivery.ErrStatus},
		{"a value in quotes", edit(`149.90`, `"149.90"`), delivery.ErrRejected},
		{"a value without currency", edit(`,"currency":"USD"`, ``), delivery.ErrRejected},
		{"two click IDs", edit(`"gclid":"Cj0KCQ"`, `"gclid":"Cj0KCQ","gbraid":"x"`), delivery.ErrRejected},
		{"an account with hyphens", edit(`1234567890`, `123-456-7890`), delivery.ErrStatus},
		{"an old token", stale, delivery.ErrStatus},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := exchange(t, server.Client(), p, tt.r)
			if got.Class != tt.want || got.Permanent != (tt.want == delivery.ErrRejected) || !strings.Contains(got.Detail, "Google says") {
				t.Errorf("Judge() = %+v, want %s", got, tt.want)
			}
		})
	}
	if len(g.kept) != 0 {
		t.Errorf("%d events were kept, want none", len(g.kept))
	}
}

func TestGoogleAnswers(t *testing.T) {
	p := compiled(t, googleSubscription(t, "http://localhost"))
	tests := []struct {
		name   string
		status int
		body   string
		want   delivery.ErrorClass
	}{
		{"taken", 200, `{"requestId":"r1"}`, ""},
		{"taken, with warnings", 200, `{"requestId":"r1","fieldWarnings":[{"field":"x"}]}`, ""},
		{"validated", 200, "{}\n", ""},
		{"another's JSON", 200, `{"ok":true}`, delivery.ErrAnswer},
		{"another's page", 200, `<html>`, delivery.ErrAnswer},
		{"an error with 200", 200, `{"error":{"code":503,"status":"UNAVAILABLE","message":"x"}}`, delivery.ErrAnswer},
		{"no permission", 403, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"x"}}`, delivery.ErrStatus},
		{"too much", 429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}`, delivery.ErrStatus},
		{"a broken server", 503, `upstream`, delivery.ErrStatus},
		{"elsewhere", 301, ``, delivery.ErrRedirect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Judge(tt.status, http.Header{}, []byte(tt.body))
			if got.Class != tt.want || got.Permanent {
				t.Errorf("Judge() = %+v, want %q", got, tt.want)
			}
		})
	}
}

// TestGoogleGrant holds that a refused grant names its reason and gives no token,
// and that the stand-in refuses what was not signed with the account's key.
func TestGoogleGrant(t *testing.T) {
	g, server := newGoogle(t)
	p := compiled(t, googleSubscription(t, server.URL))
	granted, _ := p.Grant()
	r, err := granted.Request(noon().Add(time.Hour)) // a clock that is wrong
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := do(t, server.Client(), r)
	if token, _, err := granted.Read(noon(), status, body); token != "" || err == nil || !strings.Contains(err.Error(), "invalid_grant exp") {
		t.Errorf("Read() = %q, %v; want invalid_grant", token, err)
	}
	forged, err := granted.Request(noon())
	if err != nil {
		t.Fatal(err)
	}
	signed, rest, _ := strings.Cut(string(forged.Body), "&")
	forged.Body = []byte(signed[:len(signed)-8] + "AAAAAAAA&" + rest)
	status, _, body = do(t, server.Client(), forged)
	if _, _, err := granted.Read(noon(), status, body); err == nil || !strings.Contains(err.Error(), "Signature") {
		t.Errorf("Read() = %v, want a wrong signature", err)
	}
	for _, answer := range []string{``, `{}`, `{"access_token":"a b","token_type":"Bearer"}`, `{"access_token":"x","token_type":"mac"}`, `<html>`} {
		if token, _, err := granted.Read(noon(), 200, []byte(answer)); token != "" || err == nil {
			t.Errorf("Read(%s) = %q, %v; want an error", answer, token, err)
		}
	}
	if token, expires, err := granted.Read(noon(), 200, []byte(`{"access_token":"x","token_type":"Bearer","expires_in":-5}`)); err != nil || token != "x" || expires.After(noon()) {
		t.Errorf("Read() = %q until %s, %v; want one that has ended", token, expires, err)
	}
	other := googleSubscription(t, server.URL)
	other.Parameters["service_account"] = strings.Replace(other.Parameters["service_account"], "waybill@", "other@", 1)
	second, _ := compiled(t, other).Grant()
	if granted.Key() == second.Key() || strings.Contains(granted.Key(), "PRIVATE") || len(g.kept) != 0 {
		t.Errorf("Key() = %s and %s, want two", granted.Key(), second.Key())
	}
}

func TestGoogleSettings(t *testing.T) {
	good := googleSubscription(t, "https://datamanager.googleapis.com")
	own, never, pending, late := good, good, good, good
	own.URL = ""
	never.Statuses = []conversion.Status{conversion.Approved}
	pending.On = []conversion.Event{conversion.EventRejected}
	late.On = []conversion.Event{conversion.EventPaid}
	key := good.Parameters["service_account"]
	tests := []struct {
		name string
		sub  delivery.Subscription
		want string
	}{
		{"as they should be", good, ""},
		{"Google's own address", own, ""},
		{"no account", set(good, "account_id", ""), "parameters.account_id"},
		{"an account's name", set(good, "account_id", "customers/123"), "parameters.account_id"},
		{"no conversion action", set(good, "conversion_action_id", ""), "parameters.conversion_action_id"},
		{"a goal's action that is none", set(good, "conversion_action_id.lead", "Lead"), "parameters.conversion_action_id.lead"},
		{"no key", set(good, "service_account", ""), "parameters.service_account"},
		{"an API key", set(good, "service_account", "AIzaSy"), "parameters.service_account"},
		{"another kind of key", set(good, "service_account", `{"type":"authorized_user"}`), "parameters.service_account"},
		{"a key that was cut", set(good, "service_account", strings.Replace(key, "BEGIN", "BEGI", 1)), "parameters.service_account"},
		{"a key that nobody made", set(good, "service_account", strings.Replace(key, "MII", "XXX", 1)), "parameters.service_account"},
		{"a token address that is none", set(good, "service_account", strings.Replace(key, "https://", "ftp://", 1)), "parameters.service_account"},
		{"a customer's ID", set(good, "identifiers", "email,customer_id"), "parameters.identifiers"},
		{"consent that is none", set(good, "ad_user_data", "maybe"), "parameters.ad_user_data"},
		{"an event source that is none", set(good, "event_source", "web"), "parameters.event_source"},
		{"a reversal that no status lets through", never, "statuses"},
		{"a rejection of what was never told", pending, "on[0]"},
		{"a payment", late, "on[0]"},
		{"a reversal of no value", set(good, "value", "none"), "parameters.value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkField(t, tt.sub, tt.want) })
	}
}
