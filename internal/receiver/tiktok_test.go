package receiver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

const (
	tiktokToken = "3f6e5d4c3b2a19087f6e5d4c3b2a19087f6e5d4c"
	tiktokPixel = "C4A1B2C3D4E5F6G7H8I9"
)

// tiktokStandIn takes events as the Events API's description has it: whatever it
// says, it says with 200.
type tiktokStandIn struct {
	now  time.Time
	kept map[string]any // by event and event ID
}

func newTikTok(t *testing.T) (*tiktokStandIn, *httptest.Server) {
	k := &tiktokStandIn{now: noon(), kept: map[string]any{}}
	s := httptest.NewServer(k)
	t.Cleanup(s.Close)
	return k, s
}

func (k *tiktokStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(code int, message string) {
		reply(w, 200, map[string]any{"code": code, "message": message, "request_id": "20261122", "data": map[string]any{}})
	}
	if r.URL.Path != "/open_api/v1.3/event/track/" {
		http.NotFound(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	v, err := decode(body)
	switch {
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || err != nil:
		answer(40002, "Request must be JSON")
	case r.Header.Get("Access-Token") == "":
		answer(40104, "Access token is empty")
	case r.Header.Get("Access-Token") != tiktokToken:
		answer(40105, "Access token is incorrect or has been revoked")
	case within(v, "event_source_id") != tiktokPixel:
		answer(40001, "No permission to operate pixel")
	default:
		if wrong := k.wrong(v); wrong != "" {
			answer(40002, wrong)
			return
		}
		k.kept[fmt.Sprint(within(v, "data", "event"), " ", within(v, "data", "event_id"))] = v
		answer(0, "OK")
	}
}

// wrong says what is wrong with a request by the description.
func (k *tiktokStandIn) wrong(v any) string {
	event := object(map[string]rule{
		"event": {true, text(`.+`)}, "event_time": {true, seconds(k.now, 0)}, "event_id": {true, text(`.+`)},
		"user": {true, object(map[string]rule{
			"ttclid": {false, text(`.+`)}, "ttp": {false, text(`.+`)}, "email": {false, text(hexDigest)}, "external_id": {false, text(hexDigest)},
			"ip": {false, address}, "user_agent": {false, text(`.+`)},
		})},
		"page": {true, object(map[string]rule{"url": {true, text(pageURL)}})},
		"properties": {false, object(map[string]rule{
			"value": {false, decimal}, "currency": {false, text(isoCode)}, "order_id": {false, text(`.+`)},
		})},
		"limited_data_use": {false, exactly(true)},
	})
	if wrong := object(map[string]rule{
		"event_source": {true, exactly("web")}, "event_source_id": {true, text(`.+`)},
		"test_event_code": {false, text(`TEST[0-9]+`)}, "data": {true, one(event)},
	})(v); wrong != "" {
		return wrong
	}
	user, _ := within(v, "data", "user").(map[string]any)
	_, ip := user["ip"]
	_, agent := user["user_agent"]
	switch {
	case len(user) == 0 || len(user) == 1 && (ip || agent):
		return "user: nobody can be matched"
	case (within(v, "data", "properties", "value") == nil) != (within(v, "data", "properties", "currency") == nil):
		return "properties: value and currency go together"
	default:
		return ""
	}
}

func tiktokSubscription(url string) delivery.Subscription {
	s := subscription(delivery.TikTokEvents, url, map[string]string{
		"pixel_code": tiktokPixel, "access_token": tiktokToken, "event": "Purchase", "event.lead": "Lead",
		"page_url": "https://shop.example.com/thanks", "test_event_code": "TEST12345", "identifiers": "email,customer_id", "event_id": "order_id",
	})
	s.On = []conversion.Event{conversion.EventCreated, conversion.EventApproved}
	return s
}

func TestTikTokTakesConversions(t *testing.T) {
	const head = `{"event_source":"web","event_source_id":"C4A1B2C3D4E5F6G7H8I9",`
	const page = `,"page":{"url":"https://shop.example.com/thanks"}`
	test := owed()
	test.Test = true
	tests := []struct {
		name string
		sub  delivery.Subscription
		owed *delivery.Owed
		want string
	}{
		{
			name: "everything that is known, under the shop's own order ID", sub: tiktokSubscription(""), owed: with(owed(), "ttp", "2F7h"),
			want: head + `"data":[{"event":"Purchase","event_time":1795348710,"event_id":"A-1001","user":{"ttclid":"E.C.P.abc","ttp":"2F7h",` +
				`"email":"62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",` +
				`"external_id":"b07d67e691201384ef70fd40dbdff650ea5f30cbecb37128fa6692cffca534f2","ip":"198.51.100.7","user_agent":"Mozilla/5.0 (X11; Linux x86_64)"},` +
				`"properties":{"value":149.90,"currency":"USD","order_id":"A-1001"}` + page + `}]}`,
		},
		{
			name: "the click ID alone, without order and amount", sub: set(tiktokSubscription(""), "identifiers", ""),
			owed: with(without(owed(), "order_id", "amount", "ip", "user_agent"), "goal", "lead"),
			want: head + `"data":[{"event":"Lead","event_time":1795348710,"event_id":"4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v","user":{"ttclid":"E.C.P.abc"}` + page + `}]}`,
		},
		{
			name: "a test goes with its code", sub: set(set(tiktokSubscription(""), "identifiers", ""), "limited_data_use", "yes"),
			owed: without(test, "ip", "user_agent", "amount"),
			want: head + `"test_event_code":"TEST12345","data":[{"event":"Purchase","event_time":1795348710,"event_id":"A-1001","user":{"ttclid":"E.C.P.abc"},` +
				`"properties":{"order_id":"A-1001"}` + page + `,"limited_data_use":true}]}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, server := newTikTok(t)
			tt.sub.URL = server.URL
			p := compiled(t, tt.sub)
			r, err := p.Request(tt.owed, receiver.Moment{At: noon()})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.Body); got != tt.want {
				t.Errorf("the body is\n%s\nwant\n%s", got, tt.want)
			}
			if got := exchange(t, server.Client(), p, r); got != (receiver.Outcome{}) || len(k.kept) != 1 {
				t.Errorf("Judge() = %+v, and %d events were kept; want it delivered", got, len(k.kept))
			}
		})
	}
}

func TestTikTokIsNotAsked(t *testing.T) {
	test := owed()
	test.Test = true
	tests := []struct {
		name string
		sub  delivery.Subscription
		owed *delivery.Owed
		want string
	}{
		{"nobody to match", tiktokSubscription(""), without(owed(), "ttclid", "email_sha256", "customer_id", "user_agent"), "with nobody"},
		{"a test without code", set(tiktokSubscription(""), "test_event_code", ""), test, "test_event_code"},
		{"an amount that is no number", tiktokSubscription(""), with(owed(), "amount", ".5"), "not a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r, err := compiled(t, tt.sub).Request(tt.owed, receiver.Moment{At: noon()}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Request() = %s, %v; want an error with %q", r.Body, err, tt.want)
			}
		})
	}
}

func TestTikTokStandInRefuses(t *testing.T) {
	k, server := newTikTok(t)
	p := compiled(t, tiktokSubscription(server.URL))
	good, err := p.Request(owed(), receiver.Moment{At: noon()})
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, replacement string) receiver.Request { return changed(t, good, old, replacement) }
	other := good
	other.Header = good.Header.Clone()
	other.Header.Set("Access-Token", "x")
	lost := good
	lost.URL = strings.TrimSuffix(good.URL, "/")
	tests := []struct {
		name string
		r    receiver.Request
		want delivery.ErrorClass
	}{
		{"a field that it does not know", edit(`"event_id"`, `"timestamp":"x","event_id"`), delivery.ErrRejected},
		{"milliseconds", edit(`1795348710`, `1795348710250`), delivery.ErrRejected},
		{"a time as text", edit(`1795348710`, `"2026-11-22T11:58:30Z"`), delivery.ErrRejected},
		{"an e-mail in clear", edit(`62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f`, `john@example.com`), delivery.ErrRejected},
		{"a customer in clear", edit(`b07d67e691201384ef70fd40dbdff650ea5f30cbecb37128fa6692cffca534f2`, `c-77`), delivery.ErrRejected},
		{"a value in quotes", edit(`149.90`, `"149.90"`), delivery.ErrRejected},
		{"no page", edit(`,"page":{"url":"https://shop.example.com/thanks"}`, ``), delivery.ErrRejected},
		{"another pixel", edit(tiktokPixel, `C0`), delivery.ErrAnswer},
		{"another token", other, delivery.ErrAnswer},
		{"an address without its slash", lost, delivery.ErrStatus},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := exchange(t, server.Client(), p, tt.r)
			if got.Class != tt.want || got.Permanent != (tt.want == delivery.ErrRejected) {
				t.Errorf("Judge() = %+v, want %s", got, tt.want)
			}
		})
	}
	if len(k.kept) != 0 {
		t.Errorf("%d events were kept, want none", len(k.kept))
	}
}

func TestTikTokAnswers(t *testing.T) {
	p := compiled(t, tiktokSubscription(""))
	tests := []struct {
		name   string
		status int
		body   string
		want   delivery.ErrorClass
	}{
		{"taken", 200, `{"code":0,"message":"OK","request_id":"1","data":{}}`, ""},
		{"taken in part: all of one", 200, `{"code":20001,"message":"Partial success","data":{}}`, ""},
		{"taken in part: none of one", 200, `{"code":20001,"message":"Partial success","data":{"failed_events":[{"order_in_request":0}]}}`, delivery.ErrRejected},
		{"a wrong parameter", 200, `{"code":40002,"message":"data.0.event: Missing data for required field."}`, delivery.ErrRejected},
		{"no permission", 200, `{"code":40001,"message":"x"}`, delivery.ErrAnswer},
		{"too many", 200, `{"code":40100,"message":"Too many requests. Please retry in some time."}`, delivery.ErrAnswer},
		{"a token that has ended", 200, `{"code":40102,"message":"x"}`, delivery.ErrAnswer},
		{"a failure of its own", 200, `{"code":50000,"message":"System error"}`, delivery.ErrAnswer},
		{"a code that nobody told of", 200, `{"code":49999,"message":"x"}`, delivery.ErrAnswer},
		{"no code", 200, `{"message":"OK"}`, delivery.ErrAnswer},
		{"another's page", 200, `<html>`, delivery.ErrAnswer},
		{"a success with 500", 500, `{"code":0,"message":"OK"}`, delivery.ErrStatus},
		{"a broken server", 503, `x`, delivery.ErrStatus},
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

func TestTikTokSettings(t *testing.T) {
	reversed := tiktokSubscription("")
	reversed.On = []conversion.Event{conversion.EventReversed}
	tests := []struct {
		name string
		sub  delivery.Subscription
		want string
	}{
		{"as they should be", tiktokSubscription(""), ""},
		{"no pixel", set(tiktokSubscription(""), "pixel_code", ""), "parameters.pixel_code"},
		{"no token", set(tiktokSubscription(""), "access_token", ""), "parameters.access_token"},
		{"a token that cannot stand in a header", set(tiktokSubscription(""), "access_token", "a b"), "parameters.access_token"},
		{"no page", set(tiktokSubscription(""), "page_url", ""), "parameters.page_url"},
		{"an event ID that is none", set(tiktokSubscription(""), "event_id", "click_id"), "parameters.event_id"},
		{"a value that is none", set(tiktokSubscription(""), "value", "profit"), "parameters.value"},
		{"a reversal", reversed, "on[0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkField(t, tt.sub, tt.want) })
	}
}
