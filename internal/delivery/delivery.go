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
)

// State is how far an owed postback has come.
type State string

// The states. Waiting ones are tried when due; a parked one waits for a
// person.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Dead      State = "dead"      // given up: every attempt failed, or it can never succeed
	Withdrawn State = "withdrawn" // taken back before it was sent, or never sent: its receiver could make nothing of it
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
	Replayed       int               `json:"replayed,omitempty"`    // attempts before it was replayed last; its schedule begins anew behind them
	ReplayJob      string            `json:"replay_job,omitempty"`  // the job that made it wait last
	LastClass      ErrorClass        `json:"last_class,omitempty"`  // of the last attempt; empty when that succeeded
	LastStatus     int               `json:"last_status,omitempty"` // of the last attempt's answer
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
	URL        string        `json:"url"` // of the request; what is secret in it is masked
	// RequestHeader and RequestBody are the rest of the request, masked likewise.
	// Of the body the first 4 KiB are kept.
	RequestHeader map[string]string `json:"request_header,omitempty"`
	RequestBody   string            `json:"request_body,omitempty"`
	Status        int               `json:"status,omitempty"` // HTTP status, 0 when none came
	Body          string            `json:"body,omitempty"`   // the first 2 KiB of the answer, as harmless text
	Error         ErrorClass        `json:"error,omitempty"`  // empty when it was delivered
	Detail        string            `json:"detail,omitempty"` // the error in words
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
	ErrAnswer    ErrorClass = "answer"            // the answer's body says that it failed, for now
	ErrRejected  ErrorClass = "rejected"          // permanent: the answer's body says that this one is never taken
	ErrUnmatched ErrorClass = "unmatched"         // permanent: nothing was sent, since the receiver could match it with nobody
	ErrOther     ErrorClass = "other"
)

// Permanent reports whether trying again is of no use.
func (c ErrorClass) Permanent() bool {
	switch c {
	case ErrForbidden, ErrTemplate, ErrGone, ErrRejected, ErrUnmatched:
		return true
	default:
		return false
	}
}
