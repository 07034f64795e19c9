package receiver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/span"
)

const (
	metaToken   = "EAABsbCS1iHgBAmeta0001"
	metaDataset = "1234567890123456"
)

// metaStandIn takes events as the Conversions API's description has it.
type metaStandIn struct {
	now   time.Time
	kept  map[string]any // by event name and ID
	calls int
	fail  http.HandlerFunc // answers instead, if set
}

func newMeta(t *testing.T) (*metaStandIn, *httptest.Server) {
	m := &metaStandIn{now: noon(), kept: map[string]any{}}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return m, s
}

var metaPath = regexp.MustCompile(`^/v[0-9]+\.[0-9]+/([0-9]+)/events$`)

func (m *metaStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.calls++
	if m.fail != nil {
		m.fail(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	path := metaPath.FindStringSubmatch(r.URL.Path)
	v, err := decode(body)
	switch {
	case r.Method != http.MethodPost || path == nil || r.URL.RawQuery != "":
		metaError(w, 400, 100, 0, "Unsupported "+r.Method+" request")
		return
	case r.Header.Get("Content-Type") != "application/json" || err != nil:
		metaError(w, 400, 100, 0, "Invalid JSON")
		return
	case within(v, "access_token") != metaToken:
		metaError(w, 401, 190, 0, "Invalid OAuth access token - Cannot parse access token")
		return
	case path[1] != metaDataset:
		metaError(w, 400, 100, 33, "Unsupported post request. Object with ID '"+path[1]+"' does not exist")
		return
	}
	if wrong := m.wrong(v); wrong != "" {
		subcode := 2804019
		if strings.HasSuffix(wrong, "too old") {
			subcode = 2804003
		}
		metaError(w, 400, 100, subcode, "Invalid parameter: "+wrong)
		return
	}
	m.kept[fmt.Sprint(within(v, "data", "event_name"), " ", within(v, "data", "event_id"))] = v
	reply(w, 200, map[string]any{"events_received": 1, "messages": []string{}, "fbtrace_id": "AbCdEf"})
}

func metaError(w http.ResponseWriter, status, code, subcode int, message string) {
	e := map[string]any{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEf"}
	if subcode != 0 {
		e["error_subcode"], e["error_user_title"] = subcode, "Event refused"
	}
	reply(w, status, map[string]any{"error": e})
}

// wrong says what is wrong with a request by the description.
func (m *metaStandIn) wrong(v any) string {
	user := object(map[string]rule{
		"em": {check: one(text(hexDigest))}, "external_id": {check: one(text(hexDigest))},
		"client_ip_address": {check: address}, "client_user_agent": {check: text(`.+`)},
		"fbc": {check: text(`fb\.[0-9]\.[0-9]{13}\..+`)}, "fbp": {check: text(`fb\.[0-9]\.[0-9]+\..+`)},
	})
	event := object(map[string]rule{
		"event_name": {need: true, check: text(`.+`)}, "event_time": {need: true, check: seconds(m.now, 7*24*time.Hour)},
		"event_id":         {need: true, check: text(`.+`)},
		"action_source":    {need: true, check: text(`website|email|phone_call|chat|physical_store|system_generated|other`)},
		"event_source_url": {check: text(pageURL)}, "user_data": {need: true, check: user},
		"custom_data": {check: object(map[string]rule{
			"value": {check: decimal}, "currency": {check: text(isoCode)}, "order_id": {check: text(`.+`)},
		})},
		"data_processing_options":         {check: one(exactly("LDU"))},
		"data_processing_options_country": {check: exactly("0")}, "data_processing_options_state": {check: exactly("0")},
	})
	if wrong := object(map[string]rule{
		"data": {need: true, check: one(event)}, "access_token": {need: true, check: text(`.+`)}, "test_event_code": {check: text(`TEST[0-9]+`)},
	})(v); wrong != "" {
		return wrong
	}
	get := func(path ...string) any { return within(v, append([]string{"data"}, path...)...) }
	u, _ := get("user_data").(map[string]any)
	_, ip := u["client_ip_address"]
	_, agent := u["client_user_agent"]
	switch {
	case len(u) == 0 || len(u) == 1 && (ip || agent):
		return "user_data: not enough customer information"
	case get("action_source") == "website" && (!agent || get("event_source_url") == nil):
		return "website events need client_user_agent and event_source_url"
	case get("event_name") == "Purchase" && (get("custom_data", "value") == nil || get("custom_data", "currency") == nil):
		return "Purchase needs value and currency"
	default:
		return ""
	}
}

func metaSubscription(url string) delivery.Subscription {
	s := subscription(delivery.MetaCAPI, url, map[string]string{
		"dataset_id": metaDataset, "access_token": metaToken, "event": "Purchase", "event.signup": "CompleteRegistration",
		"event_source_url": "https://shop.example.com/thanks", "test_event_code": "TEST12345", "identifiers": "email, customer_id",
	})
	s.On = []conversion.Event{conversion.EventCreated, conversion.EventApproved}
	return s
}

func TestMetaTakesConversions(t *testing.T) {
	affiliate := metaSubscription("")
	affiliate.Owner, affiliate.Parameters = delivery.Owner{AffiliateID: 3}, map[string]string{
		"dataset_id": metaDataset, "access_token": metaToken, "event": "Purchase",
	}
	test := owed()
	test.Test = true
	tests := []struct {
		name string
		sub  delivery.Subscription
		owed *delivery.Owed
		want string // the body, but for the token
	}{
		{
			name: "everything that is known", sub: metaSubscription(""), owed: owed(),
			want: `{"data":[{"event_name":"Purchase","event_time":1795348710,"event_id":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","action_source":"website",` +
				`"event_source_url":"https://shop.example.com/thanks","user_data":{"em":["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"],` +
				`"external_id":["b07d67e691201384ef70fd40dbdff650ea5f30cbecb37128fa6692cffca534f2"],"client_ip_address":"198.51.100.7",` +
				`"client_user_agent":"Mozilla/5.0 (X11; Linux x86_64)","fbc":"fb.1.1795251600123.IwAR0abc"},"custom_data":{"value":149.90,"currency":"USD","order_id":"A-1001"}}]}`,
		},
		{
			name: "an affiliate tells its payout, and neither visitor nor customer", sub: affiliate, owed: without(owed(), "order_id"),
			want: `{"data":[{"event_name":"Purchase","event_time":1795348710,"event_id":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","action_source":"system_generated",` +
				`"user_data":{"fbc":"fb.1.1795251600123.IwAR0abc"},"custom_data":{"value":12.50,"currency":"USD"}}]}`,
		},
		{
			name: "a goal has its own event, which needs no amount", sub: set(metaSubscription(""), "identifiers", ""),
			owed: without(with(owed(), "goal", "SignUp"), "amount", "order_id", "fbclid"),
			want: `{"data":[{"event_name":"CompleteRegistration","event_time":1795348710,"event_id":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","action_source":"website",` +
				`"event_source_url":"https://shop.example.com/thanks","user_data":{"client_ip_address":"198.51.100.7","client_user_agent":"Mozilla/5.0 (X11; Linux x86_64)"}}]}`,
		},
		{
			name: "a test goes with its code", sub: set(set(metaSubscription(""), "identifiers", ""), "limited_data_use", "yes"),
			owed: func() *delivery.Owed {
				o := without(test, "order_id", "ip", "fbclid")
				o.Values["fbc"] = "fb.1.1795251600123.abc"
				return o
			}(),
			want: `{"data":[{"event_name":"Purchase","event_time":1795348710,"event_id":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","action_source":"website",` +
				`"event_source_url":"https://shop.example.com/thanks","user_data":{"client_user_agent":"Mozilla/5.0 (X11; Linux x86_64)","fbc":"fb.1.1795251600123.abc"},` +
				`"custom_data":{"value":149.90,"currency":"USD"},"data_processing_options":["LDU"],"data_processing_options_country":0,"data_processing_options_state":0}],` +
				`"test_event_code":"TEST12345"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, server := newMeta(t)
			tt.sub.URL = server.URL
			p := compiled(t, tt.sub)
			r, err := p.Request(tt.owed, receiver.Moment{At: noon()})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Replace(string(r.Body), `,"access_token":"`+metaToken+`"`, "", 1); got != tt.want {
				t.Errorf("the body is\n%s\nwant\n%s", got, tt.want)
			}
			if got := exchange(t, server.Client(), p, r); got != (receiver.Outcome{}) || len(m.kept) != 1 {
				t.Errorf("Judge() = %+v, and %d events were kept; want it delivered", got, len(m.kept))
			}
		})
	}
}

// TestMetaIsNotAsked holds that what Meta could only refuse, or make nothing of,
// is given up without a call.
func TestMetaIsNotAsked(t *testing.T) {
	test := owed()
	test.Test = true
	rejected := with(owed(), "status", "rejected")
	nobody := without(owed(), "fbclid", "email_sha256", "customer_id", "ip")
	tests := []struct {
		name string
		sub  delivery.Subscription
		owed *delivery.Owed
		at   time.Time
		want string
	}{
		{name: "nobody to match", sub: metaSubscription(""), owed: nobody, want: "could match this conversion with nobody"},
		{name: "a malformed digest matches nobody", sub: metaSubscription(""), owed: with(nobody, "email_sha256", "john@example.com"), want: "with nobody"},
		{name: "an address that is none matches nobody", sub: metaSubscription(""), owed: with(nobody, "ip", "10.0.0"), want: "with nobody"},
		{name: "identifiers that may not be told", sub: set(metaSubscription(""), "identifiers", ""), owed: without(owed(), "fbclid", "ip"), want: "with nobody"},
		{name: "a website event without user agent", sub: metaSubscription(""), owed: without(owed(), "user_agent"), want: "user agent is not known"},
		{name: "a purchase without amount", sub: metaSubscription(""), owed: without(owed(), "amount"), want: "no amount"},
		{name: "an amount that is no number", sub: metaSubscription(""), owed: with(owed(), "amount", "1e3"), want: "is not a number"},
		{name: "an amount without currency", sub: metaSubscription(""), owed: without(owed(), "currency"), want: "no currency"},
		{name: "too old", sub: metaSubscription(""), owed: owed(), at: noon().AddDate(0, 0, 8), want: "8 days old"},
		{name: "a test without code", sub: set(metaSubscription(""), "test_event_code", ""), owed: test, want: "test_event_code"},
		{name: "a rejected one", sub: metaSubscription(""), owed: rejected, want: "rejected"},
		{name: "without time", sub: metaSubscription(""), owed: without(owed(), "conversion_time"), want: "no time"},
		{name: "without ID", sub: metaSubscription(""), owed: without(owed(), "conversion_id"), want: "no ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.at.IsZero() {
				tt.at = noon()
			}
			r, err := compiled(t, tt.sub).Request(tt.owed, receiver.Moment{At: tt.at})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Request() = %s, %v; want an error with %q", r.Body, err, tt.want)
			}
		})
	}
}

// TestMetaStandInRefuses shows that the stand-in can refuse, and how that is
// read: what is of the event is final, what is of the settings passes.
func TestMetaStandInRefuses(t *testing.T) {
	m, server := newMeta(t)
	p := compiled(t, metaSubscription(server.URL))
	good, err := p.Request(owed(), receiver.Moment{At: noon()})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		edit func(*testing.T) receiver.Request
		want delivery.ErrorClass
	}{
		{"a field that it does not know", func(t *testing.T) receiver.Request { return changed(t, good, `"event_id"`, `"eventid":"x","event_id"`) }, delivery.ErrRejected},
		{"milliseconds", func(t *testing.T) receiver.Request { return changed(t, good, `1795348710`, `1795348710250`) }, delivery.ErrRejected},
		{"a time in quotes", func(t *testing.T) receiver.Request { return changed(t, good, `1795348710`, `"1795348710"`) }, delivery.ErrRejected},
		{"an old event", func(t *testing.T) receiver.Request { return changed(t, good, `1795348710`, `1794648710`) }, delivery.ErrRejected},
		{"an e-mail in clear", func(t *testing.T) receiver.Request {
			return changed(t, good, `62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f`, `john@example.com`)
		}, delivery.ErrRejected},
		{"a digest in capitals", func(t *testing.T) receiver.Request { return changed(t, good, `62a14e`, `62A14E`) }, delivery.ErrRejected},
		{"a value in quotes", func(t *testing.T) receiver.Request { return changed(t, good, `149.90`, `"149.90"`) }, delivery.ErrRejected},
		{"a currency in small letters", func(t *testing.T) receiver.Request { return changed(t, good, `USD`, `usd`) }, delivery.ErrRejected},
		{"a purchase without currency", func(t *testing.T) receiver.Request { return changed(t, good, `,"currency":"USD"`, ``) }, delivery.ErrRejected},
		{"no page", func(t *testing.T) receiver.Request {
			return changed(t, good, `"event_source_url":"https://shop.example.com/thanks",`, ``)
		}, delivery.ErrRejected},
		{"another token", func(t *testing.T) receiver.Request { return changed(t, good, metaToken, `EAAB`) }, delivery.ErrStatus},
		{"another dataset", func(*testing.T) receiver.Request {
			r := good
			r.URL = strings.Replace(r.URL, metaDataset, "99", 1)
			return r
		}, delivery.ErrStatus},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := exchange(t, server.Client(), p, tt.edit(t))
			if got.Class != tt.want || got.Permanent != (tt.want == delivery.ErrRejected) || !strings.Contains(got.Detail, "Meta says") {
				t.Errorf("Judge() = %+v, want %s", got, tt.want)
			}
		})
	}
	if len(m.kept) != 0 {
		t.Errorf("%d events were kept, want none", len(m.kept))
	}
}

func TestMetaAnswers(t *testing.T) {
	p := compiled(t, metaSubscription(""))
	tests := []struct {
		name   string
		status int
		body   string
		want   delivery.ErrorClass
	}{
		{"received", 200, `{"events_received":1,"fbtrace_id":"A"}`, ""},
		{"none received", 200, `{"events_received":0,"fbtrace_id":"A"}`, delivery.ErrRejected},
		{"an error with 200", 200, `{"error":{"message":"Please retry","code":2,"is_transient":true}}`, delivery.ErrAnswer},
		{"a wrong parameter with 200", 200, `{"error":{"message":"Invalid parameter","code":100,"error_subcode":2804019}}`, delivery.ErrRejected},
		{"another's page", 200, `<html>Welcome to the hotel's network</html>`, delivery.ErrAnswer},
		{"another's JSON", 200, `{"ok":true}`, delivery.ErrAnswer},
		{"an unknown error", 500, `{"error":{"message":"An unknown error occurred","code":1}}`, delivery.ErrStatus},
		{"too many calls", 400, `{"error":{"message":"(#4) Application request limit reached","code":4,"is_transient":false}}`, delivery.ErrStatus},
		{"a wrong parameter that passes", 400, `{"error":{"message":"x","code":100,"error_subcode":1,"is_transient":true}}`, delivery.ErrStatus},
		{"a wrong parameter", 400, `{"error":{"message":"x","code":100}}`, delivery.ErrRejected},
		{"no permission", 403, `{"error":{"message":"(#200) Requires ads_management","code":200}}`, delivery.ErrStatus},
		{"a broken server", 502, `Bad Gateway`, delivery.ErrStatus},
		{"elsewhere", 302, ``, delivery.ErrRedirect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Judge(tt.status, http.Header{}, []byte(tt.body))
			if got.Class != tt.want || got.Permanent != (tt.want == delivery.ErrRejected) {
				t.Errorf("Judge() = %+v, want %q", got, tt.want)
			}
		})
	}
}

func TestMetaSettings(t *testing.T) {
	affiliate := func(s delivery.Subscription) delivery.Subscription {
		s.Owner = delivery.Owner{AffiliateID: 3}
		return s
	}
	on := func(events ...conversion.Event) delivery.Subscription {
		s := metaSubscription("")
		s.On = events
		return s
	}
	late, twice, words := metaSubscription(""), metaSubscription(""), metaSubscription("")
	late.Delay = 7 * span.Day
	twice.Statuses = nil
	words.StatusWords = map[string]string{"approved": "ok"}
	shared := affiliate(metaSubscription(""))
	shared.ShareVisitor = true
	shared.Parameters = map[string]string{"dataset_id": "1", "access_token": "x", "event": "Lead", "action_source": "website", "event_source_url": "https://a.example/"}
	tests := []struct {
		name string
		sub  delivery.Subscription
		want string // the field; empty: nothing is wrong
	}{
		{"as they should be", metaSubscription(""), ""},
		{"another server of the API", metaSubscription("https://gateway.example.com/capi/"), ""},
		{"an affiliate whose network shares visitors", shared, ""},
		{"no dataset", set(metaSubscription(""), "dataset_id", ""), "parameters.dataset_id"},
		{"a dataset's name", set(metaSubscription(""), "dataset_id", "my pixel"), "parameters.dataset_id"},
		{"no token", set(metaSubscription(""), "access_token", ""), "parameters.access_token"},
		{"a token with a line break", set(metaSubscription(""), "access_token", "EAAB\nx"), "parameters.access_token"},
		{"no event", set(metaSubscription(""), "event", ""), "parameters.event"},
		{"a goal's event twice", set(metaSubscription(""), "event.SIGNUP", "Lead"), "parameters.event.signup"},
		{"no goal", set(metaSubscription(""), "event.", "Lead"), "parameters.event."},
		{"an unknown parameter", set(metaSubscription(""), "pixel_id", "1"), "parameters.pixel_id"},
		{"no page", set(metaSubscription(""), "event_source_url", ""), "parameters.event_source_url"},
		{"a page that is none", set(metaSubscription(""), "event_source_url", "shop.example.com"), "parameters.event_source_url"},
		{"an action source that is none", set(metaSubscription(""), "action_source", "web"), "parameters.action_source"},
		{"a website that an affiliate knows nothing of", affiliate(set(metaSubscription(""), "action_source", "website")), "parameters.action_source"},
		{"a version that is none", set(metaSubscription(""), "version", "25"), "parameters.version"},
		{"an affiliate's revenue", affiliate(set(metaSubscription(""), "value", "revenue")), "parameters.value"},
		{"an identifier in clear", set(metaSubscription(""), "identifiers", "phone"), "parameters.identifiers"},
		{"a delay that makes all events too old", late, "delay"},
		{"a reversal", on(conversion.EventCreated, conversion.EventReversed), "on[1]"},
		{"a change", on(conversion.EventUpdated), "on[0]"},
		{"a payment", on(conversion.EventPaid), "on[0]"},
		{"a pending conversion, twice", twice, "statuses"},
		{"status words", words, "status_words"},
		{"a URL with macros", metaSubscription("https://graph.facebook.com/{sub1}"), "url"},
		{"a URL with parameters", metaSubscription("https://graph.facebook.com/?access_token=x"), "url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkField(t, tt.sub, tt.want) })
	}
}
