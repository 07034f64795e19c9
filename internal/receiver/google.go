package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

const (
	googleURL   = "https://datamanager.googleapis.com"
	googlePath  = "/v1/events:ingest"
	googleScope = "https://www.googleapis.com/auth/datamanager"
	googleAds   = "GOOGLE_ADS"
)

// googleKind is Google's Data Manager API, v1: one event for each conversion,
// ingested into a conversion action of a Google Ads account.
func googleKind() kind {
	return kind{
		methods: []string{http.MethodPost},
		url:     func(*delivery.Subscription) string { return googleURL },
		parameters: platformParameters(
			Parameter{Name: "account_id", Required: true, Doc: "The customer ID of the Google Ads account that owns the conversion action, 10 digits."},
			Parameter{Name: "conversion_action_id", Required: true, Doc: "The number of the conversion action (ctId in its address in Google Ads)."},
			Parameter{Name: "conversion_action_id" + perGoal, Doc: "That of the conversions of one goal."},
			Parameter{Name: "service_account", Required: true, Secret: true, Doc: "The key of a service account that has access to the account, as the JSON file that Google gives."},
			Parameter{Name: "login_account_id", Doc: "The customer ID of the manager account that the service account has access by."},
			Parameter{Name: "event_source", Doc: "Where conversions happen: WEB (usual), APP, IN_STORE, PHONE, MESSAGE or OTHER."},
			Parameter{Name: "ad_user_data", Doc: "The visitors' consent to the use of their data for ads: granted or denied. Left open: not told."},
			Parameter{Name: "ad_personalization", Doc: "Their consent to personalised ads: granted or denied. Left open: not told."},
			Parameter{Name: "validate_only", Doc: "yes: Google checks every event and records none. So it is with test conversions, always."},
		),
		open: openGoogle,
	}
}

// google is the payload of one subscription. Its methods as a Grant are those of
// its service account.
type google struct {
	platform
	*serviceAccount
	account, login string
	source         string
	consent        *googleConsent
	validate       bool
}

func openGoogle(s *delivery.Subscription) (payload, error) {
	c := settings{s: s}
	g := &google{
		platform: c.platform("conversion_action_id", c.number),
		account:  c.number("account_id"), login: c.number("login_account_id"),
		source:   c.choice("event_source", "WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"),
		validate: c.yes("validate_only"),
	}
	data, ads := c.consent("ad_user_data"), c.consent("ad_personalization")
	if data != "" || ads != "" {
		g.consent = &googleConsent{data, ads}
	}
	var err error
	if g.serviceAccount, err = readServiceAccount(s.Parameters["service_account"], googleScope); err != nil {
		c.errs = append(c.errs, fault.Within("parameters.service_account", err))
	}
	if g.customer {
		c.fail("parameters.identifiers", "customer_id: Google takes no customer's ID; list email alone")
	}
	c.hears("Google", conversion.EventUpdated, conversion.EventReversed)
	if slices.Contains(s.On, conversion.EventReversed) && len(s.Statuses) > 0 && !slices.Contains(s.Statuses, conversion.Rejected) {
		c.fail("statuses", "leave out rejected, so that conversion.reversed would never be told")
	}
	if g.worth == macro.NumNames && (slices.Contains(s.On, conversion.EventUpdated) || slices.Contains(s.On, conversion.EventReversed)) {
		c.fail("parameters.value", "none leaves nothing that Google could be told anew of a conversion that is updated or reversed")
	}
	return g, c.done()
}

func (c *settings) consent(name string) string {
	switch c.choice(name, "", "granted", "denied") {
	case "granted":
		return "CONSENT_GRANTED"
	case "denied":
		return "CONSENT_DENIED"
	default:
		return ""
	}
}

func (g *google) names() []macro.Name { return g.takes(macro.GCLID, macro.GBRAID, macro.WBRAID) }

// googleRequest and the types below are what the API calls its fields.
type googleRequest struct {
	Destinations []googleDestination `json:"destinations"`
	Events       []googleEvent       `json:"events"`
	Consent      *googleConsent      `json:"consent,omitempty"`
	ValidateOnly bool                `json:"validateOnly,omitempty"`
	Encoding     string              `json:"encoding,omitempty"`
}

type googleDestination struct {
	Operating googleAccount  `json:"operatingAccount"`
	Login     *googleAccount `json:"loginAccount,omitempty"`
	Action    string         `json:"productDestinationId"`
}

type googleAccount struct {
	Type string `json:"accountType"`
	ID   string `json:"accountId"`
}

type googleConsent struct {
	Data string `json:"adUserData,omitempty"`
	Ads  string `json:"adPersonalization,omitempty"`
}

type googleEvent struct {
	ID       string          `json:"transactionId"`
	At       string          `json:"eventTimestamp"`
	Source   string          `json:"eventSource"`
	Clicks   *googleClicks   `json:"adIdentifiers,omitempty"`
	User     *googleUserData `json:"userData,omitempty"`
	Device   *googleDevice   `json:"eventDeviceInfo,omitempty"`
	Value    json.Number     `json:"conversionValue,omitempty"`
	Currency string          `json:"currency,omitempty"`
}

type googleClicks struct {
	GCLID  string `json:"gclid,omitempty"`
	GBRAID string `json:"gbraid,omitempty"`
	WBRAID string `json:"wbraid,omitempty"`
}

type googleUserData struct {
	Identifiers []googleIdentifier `json:"userIdentifiers"`
}

type googleIdentifier struct {
	Email string `json:"emailAddress"`
}

type googleDevice struct {
	Agent string `json:"userAgent,omitempty"`
	IP    string `json:"ipAddress,omitempty"`
}

func (g *google) write(r *Request, o *delivery.Owed, _ *macro.Values, m Moment) error {
	f, err := g.read(o, m.At)
	if err != nil {
		return err
	}
	e := googleEvent{
		ID: f.id, At: f.at.Format(time.RFC3339), Source: g.source, Clicks: g.clicks(o), Value: f.value, Currency: f.currency,
	}
	request := googleRequest{Consent: g.consent, ValidateOnly: g.validate || o.Test}
	if f.email != "" {
		e.User, request.Encoding = &googleUserData{[]googleIdentifier{{f.email}}}, "HEX"
	}
	if f.ip != "" || f.agent != "" {
		e.Device = &googleDevice{Agent: f.agent, IP: f.ip}
	}
	switch {
	case e.Clicks == nil && e.User == nil:
		return unmatched("Google could match this conversion with nobody: it has no gclid, gbraid or wbraid of a click, and no e-mail that may be told")
	case o.Event == conversion.EventUpdated && f.value == "":
		return fault.New(fault.Invalid, "the conversion has no amount that may be told, so there is nothing to tell Google anew")
	case o.Event == conversion.EventReversed && f.value == "":
		return fault.New(fault.Invalid, "the conversion was told to Google without an amount, which is all that Google lets be taken back")
	case o.Event == conversion.EventReversed:
		e.Value = "0"
	}
	destination := googleDestination{Operating: googleAccount{googleAds, g.account}, Action: f.event}
	if g.login != "" {
		destination.Login = &googleAccount{googleAds, g.login}
	}
	request.Destinations, request.Events = []googleDestination{destination}, []googleEvent{e}
	set(r.Header, "Authorization", "Bearer "+m.Token)
	return post(r, googlePath, request, f)
}

// clicks gives the click ID of an event, of which Google takes one.
func (g *google) clicks(o *delivery.Owed) *googleClicks {
	switch gclid, gbraid, wbraid := g.value(o, macro.GCLID), g.value(o, macro.GBRAID), g.value(o, macro.WBRAID); {
	case gclid != "":
		return &googleClicks{GCLID: gclid}
	case gbraid != "":
		return &googleClicks{GBRAID: gbraid}
	case wbraid != "":
		return &googleClicks{WBRAID: wbraid}
	default:
		return nil
	}
}

// googleAnswer is an answer of a Google API: a result, or an error.
type googleAnswer struct {
	RequestID string       `json:"requestId"`
	Error     *googleError `json:"error"`
}

type googleError struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		Reason     string `json:"reason"`
		RequestID  string `json:"requestId"`
		Violations []struct {
			Field       string `json:"field"`
			Description string `json:"description"`
			Reason      string `json:"reason"`
		} `json:"fieldViolations"`
	} `json:"details"`
}

// String gives what Google says, with all reasons.
func (e *googleError) String() string {
	var reasons []string
	for _, d := range e.Details {
		reasons = append(reasons, d.Reason)
		for _, v := range d.Violations {
			reasons = append(reasons, strings.TrimSpace(v.Field+" "+v.Reason+" "+v.Description))
		}
		if d.RequestID != "" {
			reasons = append(reasons, "request "+d.RequestID)
		}
	}
	reasons = slices.DeleteFunc(reasons, func(r string) bool { return r == "" })
	if len(reasons) == 0 {
		return fmt.Sprintf("Google says: %s: %s", e.Status, e.Message)
	}
	return fmt.Sprintf("Google says: %s: %s (%s)", e.Status, e.Message, strings.Join(reasons, "; "))
}

// ofEvent reports whether it is the event that is invalid, and not destination
// or account, which may be mended.
func (e *googleError) ofEvent() bool {
	if e.Status != "INVALID_ARGUMENT" {
		return false
	}
	for _, d := range e.Details {
		for _, v := range d.Violations {
			if strings.HasPrefix(v.Field, "events") {
				return true
			}
		}
	}
	return false
}

// judge reads an answer. The API takes a request whole or not at all; what became
// of the event afterwards is only seen in Google's own diagnostics, under the
// request's ID. To a request that was only to be validated the answer may be
// empty.
func (g *google) judge(status int, _ http.Header, body []byte) (delivery.ErrorClass, string) {
	var a googleAnswer
	err := json.Unmarshal(body, &a)
	good := status/100 == 2
	switch {
	case a.Error != nil && a.Error.ofEvent():
		return delivery.ErrRejected, a.Error.String()
	case a.Error != nil && good:
		return delivery.ErrAnswer, a.Error.String()
	case a.Error != nil:
		return delivery.ErrStatus, a.Error.String()
	case good && (err != nil || a.RequestID == "" && string(bytes.TrimSpace(body)) != "{}"):
		return delivery.ErrAnswer, "the answer is not one of Google's: it has no request ID"
	default:
		return "", ""
	}
}
