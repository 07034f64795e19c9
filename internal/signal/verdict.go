package signal

import (
	"net/http"
	"time"
)

// Status is what became of a signal, in one word.
type Status string

// The statuses.
const (
	Accepted  Status = "accepted"  // it made a conversion
	Updated   Status = "updated"   // it changed one
	Duplicate Status = "duplicate" // it was counted before
	Rejected  Status = "rejected"  // it earned nothing, and the code says why
	Queued    Status = "queued"    // it is written down and will be judged later
)

// Code is the reason behind a status: a word for programs, stable for ever.
type Code string

// The codes; contract for senders, so a code is never renamed.
const (
	OK            Code = "ok"
	RecordMissing Code = "record_missing" // credited from the ID alone
	CodeUpdated   Code = "updated"
	CodeDuplicate Code = "duplicate"
	Sighting      Code = "sighting" // the second channel of a known conversion
	CodeQueued    Code = "queued"

	Malformed            Code = "malformed"
	TransactionIDMissing Code = "transaction_id_missing"
	TransactionIDInvalid Code = "transaction_id_invalid"
	MacroUnexpanded      Code = "macro_unexpanded"
	AmountInvalid        Code = "amount_invalid"
	AmountMissing        Code = "amount_missing"
	CurrencyInvalid      Code = "currency_invalid"
	OrderIDMissing       Code = "order_id_missing"

	TokenMissing      Code = "token_missing"
	TokenInvalid      Code = "token_invalid"
	SignatureInvalid  Code = "signature_invalid"
	SignatureExpired  Code = "signature_expired"
	IPNotAllowed      Code = "ip_not_allowed"
	ChannelNotAllowed Code = "channel_not_allowed"

	ClickNotFound Code = "click_not_found"
	OfferUnknown  Code = "offer_unknown"
	GoalUnknown   Code = "goal_unknown"

	Conflict Code = "conflict"

	ClickExpired         Code = "click_expired"
	TooFast              Code = "too_fast"
	OfferInactive        Code = "offer_inactive"
	TurnedAway           Code = "turned_away"
	CapReached           Code = "cap_reached"
	OfferMismatch        Code = "offer_mismatch"
	AffiliateBlocked     Code = "affiliate_blocked"
	InvalidTraffic       Code = "invalid_traffic"
	TransitionNotAllowed Code = "transition_not_allowed"

	RateLimited Code = "rate_limited" // counted, not kept
	Unavailable Code = "unavailable"  // could not be written down
)

// HTTP gives the status that answers a code.
func (c Code) HTTP() int {
	switch c {
	case OK, RecordMissing, CodeUpdated, CodeDuplicate, Sighting:
		return http.StatusOK
	case CodeQueued:
		return http.StatusAccepted
	case TokenMissing, TokenInvalid, SignatureInvalid, SignatureExpired:
		return http.StatusUnauthorized
	case IPNotAllowed, ChannelNotAllowed:
		return http.StatusForbidden
	case ClickNotFound, OfferUnknown, GoalUnknown:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case ClickExpired, TooFast, OfferInactive, TurnedAway, CapReached, OfferMismatch,
		AffiliateBlocked, InvalidTraffic, TransitionNotAllowed:
		return http.StatusUnprocessableEntity
	case RateLimited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// Verdict is what became of a signal. Its JSON is the answer that the sender
// gets.
type Verdict struct {
	Status        Status `json:"status"`
	Code          Code   `json:"code"`
	ConversionID  string `json:"conversion_id,omitempty"`
	TransactionID string `json:"transaction_id,omitempty"`
	SignalID      string `json:"request_id"`
	Test          bool   `json:"test"`
	Message       string `json:"message"`

	Rule      string    `json:"-"` // the rule that decided, for the trace
	OfferID   int64     `json:"-"` // 0 when it never got that far
	GoalID    int64     `json:"-"`
	Channel   Channel   `json:"-"`
	SettledAt time.Time `json:"-"`

	// Candidates are what the signal's identifiers led to, in the order in which
	// they were considered; empty where its own transaction ID was all there was.
	Candidates []Considered `json:"-"`

	// Pixels are what the page that answers the signal has to load. They are for
	// that answer alone, and not kept with the verdict.
	Pixels []PagePixel `json:"-"`
}

// PagePixel is an image or a frame that a visitor's browser loads in an affiliate's
// name.
type PagePixel struct {
	SubscriptionID int64
	Frame          bool
	URL            string // absolute, http or https
}

// Considered is a candidate for the credit of a signal, and what became of it.
// Its JSON is what the ledger keeps and the network sees.
type Considered struct {
	By            string    `json:"by"`              // the identifier that led to it
	Named         string    `json:"named,omitempty"` // the coupon
	TransactionID string    `json:"transaction_id,omitempty"`
	Kind          string    `json:"kind,omitempty"` // click or impression
	At            time.Time `json:"at,omitzero"`
	AffiliateID   int64     `json:"affiliate_id"`
	BoundBy       string    `json:"bound_by,omitempty"` // server or browser, where a signal tied the identity to it
	Code          Code      `json:"code"`
	Rule          string    `json:"rule"`
	Won           bool      `json:"won"`
	Lost          string    `json:"lost,omitempty"` // why another won
}
