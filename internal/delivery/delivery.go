// Package delivery holds the postbacks that Waybill owes to others: who
// subscribes to what, what one owed postback carries, and when it is tried.
//
// An owed postback is made with the change that causes it and never
// without. Its values freeze at that moment; its URL and template are read when
// it is sent, so that a mistake in them can be mended while it waits. Its ID
// stays the same over every attempt, so that a receiver can tell a repetition.
package delivery

import (
	"time"

	"waybill/internal/conversion"
	"waybill/internal/span"
)

// Owner is whose subscription it is; it decides which values may be told.
// Exactly one of the fields is set.
type Owner struct {
	AffiliateID  int64 `json:"affiliate_id,omitempty" doc:"An affiliate's tracker: hears of that affiliate's conversions, never of revenue."`
	AdvertiserID int64 `json:"advertiser_id,omitempty" doc:"An advertiser's system: hears of its offers' conversions, never of payouts."`
	Network      bool  `json:"network,omitempty" doc:"The network's own systems: hear of everything."`
}

// Subscription is who wants to hear of which events, and how.
type Subscription struct {
	ID      int64              `json:"id" readOnly:"true"`
	Owner   Owner              `json:"owner"`
	OfferID int64              `json:"offer_id,omitempty" doc:"Only this offer's conversions; left open: all."`
	Goal    string             `json:"goal,omitempty" doc:"Only conversions of this goal (code); left open: all."`
	On      []conversion.Event `json:"on" doc:"The events it hears of."`
	Method  string             `json:"method,omitempty" enum:"GET" default:"GET"`
	URL     string             `json:"url" doc:"Where the postback goes; macros such as {aff_click_id} and {payout} are filled in."`
	Format  string             `json:"format,omitempty" enum:"get" default:"get" doc:"get: everything is in the URL."`
	Delay   span.Span          `json:"delay,omitzero" doc:"How long after the event it is first tried."`
	Status  Status             `json:"status,omitempty" enum:"active,paused" default:"active" doc:"A paused subscription owes nothing new; what it owes waits."`
}

// Status says whether a subscription is served.
type Status string

// The statuses.
const (
	Active Status = "active"
	Paused Status = "paused"
)

// Default is a subscription before anything was said of it.
func Default() Subscription {
	return Subscription{
		On: []conversion.Event{conversion.EventCreated}, Method: "GET", Format: "get", Status: Active,
	}
}

// State is how far an owed postback has come.
type State string

// The states. Waiting ones are tried when due; a parked one waits for a
// person.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Dead      State = "dead"      // given up: every attempt failed, or it can never succeed
	Withdrawn State = "withdrawn" // taken back before it was sent
	Parked    State = "parked"    // a value it needs is lost: waits for a person
)

// Owed is one postback that is owed.
type Owed struct {
	ID             string            `json:"id"`
	SubscriptionID int64             `json:"subscription_id"`
	ConversionID   string            `json:"conversion_id"`
	TransactionID  string            `json:"transaction_id,omitempty"`
	Sequence       int               `json:"sequence"` // the conversion's version; sent in this order
	Event          conversion.Event  `json:"event"`
	Test           bool              `json:"test"`
	Values         map[string]string `json:"values"` // frozen, by macro name; only what its owner may know
	State          State             `json:"state"`
	Attempts       int               `json:"attempts"`
	CreatedAt      time.Time         `json:"created_at"`
	DueAt          time.Time         `json:"due_at"`
	LeasedUntil    time.Time         `json:"leased_until,omitzero"`
	DoneAt         time.Time         `json:"done_at,omitzero"`
}

// Attempt is one try to deliver, kept whole.
type Attempt struct {
	DeliveryID string        `json:"delivery_id"`
	Number     int           `json:"number"` // 1 for the first
	At         time.Time     `json:"at"`
	Took       time.Duration `json:"took"`
	Method     string        `json:"method"`
	URL        string        `json:"url"`
	Status     int           `json:"status,omitempty"` // HTTP status, 0 when none came
	Body       string        `json:"body,omitempty"`   // the first 2 KiB of the answer, as harmless text
	Error      ErrorClass    `json:"error,omitempty"`  // empty when it was delivered
	Detail     string        `json:"detail,omitempty"` // the error in words
}

// ErrorClass says what went wrong with an attempt.
type ErrorClass string

// The classes. Permanent ones are not tried again.
const (
	ErrDNS       ErrorClass = "dns"
	ErrRefused   ErrorClass = "refused" // nobody listens
	ErrReset     ErrorClass = "reset"   // the connection broke
	ErrTLS       ErrorClass = "tls"
	ErrTimeout   ErrorClass = "timeout"
	ErrForbidden ErrorClass = "forbidden_address" // permanent: the guard refused the address
	ErrTemplate  ErrorClass = "template"          // permanent: the template renders to no URL
	ErrRedirect  ErrorClass = "redirect"          // 3xx: postbacks are not redirected
	ErrStatus    ErrorClass = "status"            // any other status that is not 2xx
	ErrGone      ErrorClass = "gone"              // permanent: 410
	ErrOther     ErrorClass = "other"
)
