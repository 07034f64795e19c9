package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

const (
	tiktokURL  = "https://business-api.tiktok.com"
	tiktokPath = "/open_api/v1.3/event/track/"
)

// tiktokKind is TikTok's Events API 2.0 (v1.3 of the Business API): one web event
// for each conversion, of a pixel.
func tiktokKind() kind {
	return kind{
		methods: []string{http.MethodPost},
		url:     func(*delivery.Subscription) string { return tiktokURL },
		parameters: platformParameters(
			Parameter{Name: "pixel_code", Required: true, Doc: "The pixel that takes the events (event_source_id)."},
			Parameter{Name: "access_token", Required: true, Secret: true, Doc: "The pixel's access token, from Events Manager."},
			Parameter{Name: "event", Required: true, Doc: "What conversions are called: a standard event such as Purchase or CompleteRegistration, or one of your own."},
			Parameter{Name: "event" + perGoal, Doc: "What conversions of one goal are called instead."},
			Parameter{Name: "page_url", Required: true, Doc: "The page where conversions happen."},
			Parameter{Name: "test_event_code", Doc: "From Events Manager, Test events. Goes with test conversions, and with no others."},
			Parameter{Name: "limited_data_use", Doc: "yes: the events are marked for limited data use."},
		),
		open: openTikTok,
	}
}

// tiktok is the payload of one subscription.
type tiktok struct {
	platform
	token   string
	pixel   string
	page    string
	test    string
	limited bool
}

func openTikTok(s *delivery.Subscription) (payload, error) {
	c := settings{s: s}
	t := &tiktok{
		platform: c.platform("event", c.text), token: c.token("access_token"), pixel: c.token("pixel_code"),
		page: c.page("page_url"), test: c.text("test_event_code"), limited: c.yes("limited_data_use"),
	}
	c.hears("TikTok")
	c.once("TikTok")
	return t, c.done()
}

func (t *tiktok) names() []macro.Name { return t.takes(macro.TTCLID, macro.TTP) }

// tiktokRequest and the types below are what the API calls its parameters.
type tiktokRequest struct {
	Source   string        `json:"event_source"`
	SourceID string        `json:"event_source_id"`
	Test     string        `json:"test_event_code,omitempty"`
	Data     []tiktokEvent `json:"data"`
}

type tiktokEvent struct {
	Event      string            `json:"event"`
	Time       int64             `json:"event_time"`
	ID         string            `json:"event_id"`
	User       tiktokUser        `json:"user"`
	Properties *tiktokProperties `json:"properties,omitempty"`
	Page       tiktokPage        `json:"page"`
	Limited    bool              `json:"limited_data_use,omitempty"`
}

type tiktokUser struct {
	Click    string `json:"ttclid,omitempty"`
	Cookie   string `json:"ttp,omitempty"`
	Email    string `json:"email,omitempty"`
	External string `json:"external_id,omitempty"`
	IP       string `json:"ip,omitempty"`
	Agent    string `json:"user_agent,omitempty"`
}

type tiktokProperties struct {
	Value    json.Number `json:"value,omitempty"`
	Currency string      `json:"currency,omitempty"`
	Order    string      `json:"order_id,omitempty"`
}

type tiktokPage struct {
	URL string `json:"url"`
}

func (t *tiktok) write(r *Request, o *delivery.Owed, _ *macro.Values, m Moment) error {
	f, err := t.read(o, m.At)
	if err != nil {
		return err
	}
	user := tiktokUser{Click: t.value(o, macro.TTCLID), Cookie: t.value(o, macro.TTP), Email: f.email, External: f.customer, IP: f.ip, Agent: f.agent}
	switch {
	case o.Test && t.test == "":
		return fault.New(fault.Invalid, "a test conversion is told to TikTok with parameters.test_event_code alone, or it would count as a real one")
	case user.Click == "" && user.Cookie == "" && user.Email == "" && user.External == "" && (user.IP == "" || user.Agent == ""):
		return unmatched("TikTok could match this conversion with nobody: it has no ttclid or ttp of a click, no e-mail or customer that may be told, and no IP address with a user agent")
	}
	e := tiktokEvent{
		Event: f.event, Time: f.at.Unix(), ID: f.id, User: user, Page: tiktokPage{t.page}, Limited: t.limited,
	}
	if f.value != "" || f.order != "" {
		e.Properties = &tiktokProperties{Value: f.value, Currency: f.currency, Order: f.order}
	}
	request := tiktokRequest{Source: "web", SourceID: t.pixel, Data: []tiktokEvent{e}}
	if o.Test {
		request.Test = t.test
	}
	set(r.Header, "Access-Token", t.token)
	return post(r, tiktokPath, request, f)
}

// tiktokAnswer is an answer of the Business API, whose status is 200 whatever it
// says.
type tiktokAnswer struct {
	Code      *int   `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
	Data      struct {
		Failed []json.RawMessage `json:"failed_events"`
	} `json:"data"`
}

// The codes of answers that are told apart.
const (
	tiktokOK      = 0
	tiktokPartial = 20001
	tiktokInvalid = 40002 // a parameter is wrong
)

// judge reads an answer. Its code says what became of the request: wrong
// parameters stay wrong; tokens, permissions, limits (40100) and failures of
// TikTok's own (4070x, 5xxxx) pass, by themselves or when somebody mends the
// settings.
func (t *tiktok) judge(status int, _ http.Header, body []byte) (delivery.ErrorClass, string) {
	var a tiktokAnswer
	if err := json.Unmarshal(body, &a); err != nil || a.Code == nil {
		if status/100 != 2 {
			return "", ""
		}
		return delivery.ErrAnswer, "the answer is not one of TikTok's: it has no code"
	}
	detail := fmt.Sprintf("TikTok says: %s (code %d, request %s)", a.Message, *a.Code, a.RequestID)
	switch {
	case status/100 != 2:
		return delivery.ErrStatus, detail
	case *a.Code == tiktokOK, *a.Code == tiktokPartial && len(a.Data.Failed) == 0:
		return "", ""
	case *a.Code == tiktokInvalid, *a.Code == tiktokPartial:
		return delivery.ErrRejected, detail
	default:
		return delivery.ErrAnswer, detail
	}
}
