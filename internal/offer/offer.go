// Package offer holds what is paid for: where visitors go, what counts as a
// conversion, and what it earns.
//
// An offer is configuration: it never changes what has already been counted.
// Every conversion keeps a copy of the terms it was priced by.
//
// What is saved is checked first: Validate names every field that is wrong, so
// that what follows (a redirect, a price, a cap) need not fail on it. Nothing
// here reads a clock; time zones are looked up by time.LoadLocation.
package offer

import (
	"slices"
	"time"

	"waybill/internal/money"
	"waybill/internal/span"
)

// MaxID is the largest offer number that fits a transaction ID.
const MaxID = 1<<22 - 1

// Status says whether visitors are sent to an offer.
type Status string

// The statuses. Conversions of clicks made before a pause still count for an
// offer that is paused; an archived one refuses them (offer_inactive).
const (
	Active   Status = "active"
	Paused   Status = "paused"
	Archived Status = "archived"
)

// Offer is one thing that an advertiser pays for.
type Offer struct {
	ID                int64     `json:"id" readOnly:"true"`
	AdvertiserID      int64     `json:"advertiser_id" doc:"Whose offer it is."`
	Name              string    `json:"name" maxLength:"200"`
	Status            Status    `json:"status,omitempty" enum:"active,paused,archived" default:"active"`
	Description       string    `json:"description,omitempty" maxLength:"5000" doc:"What affiliates should know: the product, the audience, what is allowed. Lines are kept."`
	Category          string    `json:"category,omitempty" maxLength:"100" doc:"What kind of offer it is, in the network's own words."`
	PreviewURL        string    `json:"preview_url,omitempty" maxLength:"2048" doc:"A page that shows what is offered, without tracking: http or https, no macros."`
	Access            Access    `json:"access,omitempty" enum:"open,request,private" default:"open" doc:"Which affiliates may send visitors: all of them, those that asked and were approved, or those that were approved and no other hears of it. Visitors of others are turned away (not_approved)."`
	DestinationURL    string    `json:"destination_url" doc:"Where visitors are sent; macros such as {transaction_id} are filled in."`
	FallbackURL       string    `json:"fallback_url,omitempty" doc:"Where visitors go who cannot be sent to the offer."`
	StartsAt          time.Time `json:"starts_at,omitzero" doc:"Not before this are visitors sent."`
	EndsAt            time.Time `json:"ends_at,omitzero" doc:"From this on visitors go to the fallback."`
	ClickWindow       span.Span `json:"click_window" default:"30d" doc:"How long after its click a conversion is credited."`
	ViewWindow        span.Span `json:"view_window,omitzero" doc:"How long after an impression a conversion is credited; zero: views earn nothing."`
	MinConversionTime span.Span `json:"min_conversion_time,omitzero" doc:"A conversion sooner after its click is refused (too_fast)."`

	Currency           money.Currency `json:"currency" default:"USD" doc:"ISO 4217. Amounts in another currency are refused (currency_invalid)."`
	Payout             Price          `json:"payout" doc:"What the affiliate earns."`
	Revenue            Price          `json:"revenue" doc:"What the advertiser owes."`
	DefaultStatus      string         `json:"default_status,omitempty" enum:"approved,pending,hold" default:"approved" doc:"A new conversion's status when the postback names none."`
	Attribution        []Identifier   `json:"attribution" doc:"The identifiers by which a conversion may be credited: transaction_id, device_id, customer_id, email, username, coupon, affiliate_id, ip_user_agent. They are tried in that order."`
	Touch              Touch          `json:"touch,omitempty" enum:"last,first" default:"last" doc:"Of several clicks that one identifier leads to, which one is credited."`
	CustomerWindow     span.Span      `json:"customer_window,omitzero" doc:"How long after its click a customer who was bound to it (customer_id, email, username) goes on being credited; zero: the click's or the view's window."`
	IPWindow           span.Span      `json:"ip_window,omitzero" doc:"How long after its click an address with its user agent is credited, at most 24h; zero: 1h."`
	ViewThroughPayable *bool          `json:"view_through_payable,omitempty" doc:"Whether a conversion that is credited to a view is paid and owed; it is unless this is false."`
	Channels           []string       `json:"channels" doc:"The ways in which conversions may come: postback, pixel, sdk, api, import."`
	ClientSideStatus   string         `json:"client_side_status,omitempty" enum:"approved,pending,hold" doc:"Status of a conversion that only a browser has reported; left open: pending where both a server's and a browser's channel are listed."`
	CreditWithoutClick string         `json:"credit_without_click,omitempty" enum:"pending,reject,accept" default:"pending" doc:"What a conversion becomes whose click record is lost, but whose transaction ID verifies."`

	AllowedDomains []string  `json:"allowed_domains,omitempty" doc:"Sites whose pages may report conversions without a publishable key: example.com or *.example.com."`
	DeepLinkHosts  []string  `json:"deep_link_hosts,omitempty" doc:"Hosts that a deep link may lead to: shop.example.com or *.example.com."`
	Caps           []Cap     `json:"caps,omitempty"`
	Targeting      Targeting `json:"targeting,omitzero"`
}

// Default is an offer before anything was said of it.
func Default() Offer {
	return Offer{
		Status:             Active,
		Access:             Open,
		ClickWindow:        span.Days(30),
		Currency:           money.USD,
		Payout:             Price{Type: CPA},
		Revenue:            Price{Type: CPA},
		DefaultStatus:      "approved",
		Attribution:        []Identifier{ByTransactionID},
		Touch:              LastTouch,
		ViewThroughPayable: new(true),
		Channels:           []string{"postback", "pixel", "sdk", "api", "import"},
		CreditWithoutClick: "pending",
	}
}

// Refusal says why a visitor is not taken, in the word that is recorded with
// the click. It is empty for one who is.
type Refusal string

// The refusals.
const (
	Taken           Refusal = ""
	IsPaused        Refusal = "offer_paused"
	NotStarted      Refusal = "offer_not_started"
	Ended           Refusal = "offer_ended"
	CountryNotTaken Refusal = "country_not_targeted"
	DeviceNotTaken  Refusal = "device_not_targeted"
	OSNotTaken      Refusal = "os_not_targeted"
	BrowserNotTaken Refusal = "browser_not_targeted"
	BotNotTaken     Refusal = "bot_not_targeted"
)

// Open says whether the offer takes visitors at all at that time. An archived
// offer has ended for good.
func (o *Offer) Open(at time.Time) Refusal {
	switch {
	case o.Status == Archived:
		return Ended
	case o.Status != Active:
		return IsPaused
	case !o.StartsAt.IsZero() && at.Before(o.StartsAt):
		return NotStarted
	case !o.EndsAt.IsZero() && !at.Before(o.EndsAt):
		return Ended
	default:
		return Taken
	}
}

// Hears reports whether conversions may come by a channel.
func (o *Offer) Hears(channel string) bool { return slices.Contains(o.Channels, channel) }

// StartStatus gives the status of a new conversion of g whose signal names
// none. One that only a browser has reported waits for the server's word where
// the offer listens to both.
func (o *Offer) StartStatus(g *Goal, clientSide bool) string {
	if clientSide && o.ClientSideStatus != "" {
		return o.ClientSideStatus
	}
	if clientSide && o.hearsServers() {
		return "pending"
	}
	if g.DefaultStatus != "" {
		return g.DefaultStatus
	}
	return o.DefaultStatus
}

func (o *Offer) hearsServers() bool {
	return o.Hears("postback") || o.Hears("api") || o.Hears("import")
}
