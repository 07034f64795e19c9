// Package conversion holds what a signal earns, and how far it has come on its
// way to being paid.
//
// A conversion keeps a copy of the touch that earned it and of the price, so
// that nothing said later about a click, an offer or a term changes it. It is
// changed only by a later signal, one step of its life at a time, and each step
// is heard of as one event or none.
package conversion

import (
	"time"

	"waybill/internal/money"
)

// Status is how far a conversion has come on its way to being paid.
type Status string

// The statuses.
const (
	Pending  Status = "pending"  // waits for a decision
	Hold     Status = "hold"     // waits for a person
	Approved Status = "approved" // owed
	Rejected Status = "rejected" // owed to nobody
	Paid     Status = "paid"     // a payout has paid the affiliate; corrected only by adjustments
)

// ParseStatus reads a status from outside; Paid is not for outsiders to say.
func ParseStatus(s string) (Status, bool) {
	switch st := Status(s); st {
	case Pending, Hold, Approved, Rejected:
		return st, true
	default:
		return "", false
	}
}

// CanBecome reports whether a conversion may move from s to next. Paid is
// final: a mistake found later is a new ledger entry, not a new status.
func (s Status) CanBecome(next Status) bool {
	switch s {
	case Pending:
		return next == Approved || next == Rejected || next == Hold
	case Hold:
		return next == Approved || next == Rejected
	case Approved:
		return next == Rejected || next == Paid
	case Rejected:
		return next == Approved
	case Paid:
		return false
	}
	return false
}

// Touch is the copy of what earned the conversion. A coupon or an affiliate alone
// has neither transaction ID, kind nor time.
type Touch struct {
	By            string    `json:"by,omitempty"` // the identifier that led to it; transaction_id where it is empty
	TransactionID string    `json:"transaction_id"`
	Kind          string    `json:"kind"` // click or impression
	At            time.Time `json:"at,omitzero"`
	RecordMissing bool      `json:"record_missing,omitempty"` // only the ID is left of it
	AffClickID    string    `json:"aff_click_id,omitempty"`
	Source        string    `json:"source,omitempty"`
	Sub           []string  `json:"sub,omitempty"` // sub1 first; cut behind the last that is set
	Country       string    `json:"country,omitempty"`
	Device        string    `json:"device,omitempty"`
	OS            string    `json:"os,omitempty"`
	Browser       string    `json:"browser,omitempty"`
	Bot           bool      `json:"bot,omitempty"`
	IP            string    `json:"ip,omitempty"`
	UserAgent     string    `json:"user_agent,omitempty"`
	Referrer      string    `json:"referrer,omitempty"`
	Coupon        string    `json:"coupon,omitempty"`
	GAID          string    `json:"gaid,omitempty"`
	IDFA          string    `json:"idfa,omitempty"`
	IDFV          string    `json:"idfv,omitempty"`
	// AdIDs are what ad platforms call the click and its browser, by the names of
	// their parameters: fbclid, gclid.
	AdIDs map[string]string `json:"ad_ids,omitempty"`
}

// Rate is a price that a conversion was given: a fixed part and a share of the
// sale.
type Rate struct {
	Fixed   money.Micros  `json:"fixed,omitzero"`
	Percent money.Percent `json:"percent,omitzero"`
}

// Of gives what the rate comes to for a sale of units micro-units. What does
// not fit is an Invalid fault.
func (r Rate) Of(units int64) (int64, error) {
	return money.Add(int64(r.Fixed), r.Percent.Of(units))
}

// Wait is the reason why a conversion waits for a decision that its sender did
// not ask for.
type Wait string

// The reasons.
const (
	ForServer Wait = "server" // only a browser has reported it
	ForCap    Wait = "cap"    // it is beyond a cap: for a person
	ForRecord Wait = "record" // its click's record is lost: for a person
)

// Reason is what rejected a conversion where nobody asked for that.
type Reason string

// Superseded is the reason of a conversion that browsers alone had reported: a
// server that proved who it is has named another click for its order.
const Superseded Reason = "superseded"

// CapUse is the part of one cap, in one period, that a conversion takes up. A
// cap's counter is the sum over all conversions' parts of it.
type CapUse struct {
	AffiliateID int64  `json:"affiliate_id,omitempty"` // 0 when the cap is everybody's
	Goal        string `json:"goal,omitempty"`         // empty when the cap counts all goals
	Metric      string `json:"metric"`
	Period      string `json:"period"`
	Units       int64  `json:"units"` // 1 for conversions, else micro-units
}

// Memory is what later signals on a conversion are judged by. The ledger keeps
// it whole, as one JSON text; partners never see it.
type Memory struct {
	// PayoutRate and RevenueRate are the copy of the price: a corrected amount is
	// priced by them again, whatever the offer says by then.
	PayoutRate  Rate     `json:"payout_rate,omitzero"`
	RevenueRate Rate     `json:"revenue_rate,omitzero"`
	Applied     []string `json:"applied,omitempty"` // fingerprints of the hits that were applied
	HitID       string   `json:"hit_id,omitempty"`  // for goals that count every hit
	Waits       Wait     `json:"waits,omitempty"`   // why it is pending although no sender asked for that
	// OnlyNamed is set while servers have named it, decided on it through the API or
	// changed it by its order, and none has reported it with the touch that earned it.
	OnlyNamed bool `json:"only_named,omitempty"`
	// OrderByBrowser is set while no server has said that its order ID is its own.
	OrderByBrowser bool `json:"order_by_browser,omitempty"`
	// SupersededBy is the conversion that took its order, SupersededIn the signal
	// that said so.
	SupersededBy string   `json:"superseded_by,omitempty"`
	SupersededIn string   `json:"superseded_in,omitempty"`
	Unpaid       bool     `json:"unpaid,omitempty"` // it earns nothing, whatever is said of it later
	CapUse       []CapUse `json:"cap_use,omitempty"`
	// AdIDs are what signals have said of the IDs in Touch.AdIDs, and go before
	// them: a server's word, or a browser's where the touch has none.
	AdIDs map[string]string `json:"ad_ids,omitempty"`
	// Pixels are the subscriptions whose pixels the page was given to load that
	// brought the conversion. Whether the browser did, nobody can know.
	Pixels []int64 `json:"pixels,omitempty"`
}

// Conversion is one thing that was done and is paid for.
type Conversion struct {
	ID           string `json:"id"`
	Test         bool   `json:"test"`
	OfferID      int64  `json:"offer_id"`
	GoalID       int64  `json:"goal_id"`
	GoalCode     string `json:"goal"`
	AdvertiserID int64  `json:"advertiser_id"`
	AffiliateID  int64  `json:"affiliate_id"`
	OrderID      string `json:"order_id,omitempty"`
	Channel      string `json:"channel"` // of its first signal

	Status  Status       `json:"status"`
	Reason  Reason       `json:"reason,omitempty" enum:"superseded" doc:"Why it is rejected, where nobody asked for that: superseded, when only a browser had reported it, and a server that proved who it is has named another click for its order."`
	Amount  money.Amount `json:"amount"` // of the sale; its currency is the offer's
	Payout  money.Amount `json:"payout"`
	Revenue money.Amount `json:"revenue"`
	Term    string       `json:"term"` // the term that priced it, in words
	// PayoutID is the payout that has paid it; 0 while it is not paid.
	PayoutID int64 `json:"payout_id,omitempty" doc:"The payout that has paid the affiliate for it."`

	AmountKnown    bool `json:"amount_known"`     // some signal named an amount
	AmountByServer bool `json:"amount_by_server"` // a server did
	SeenByServer   bool `json:"seen_by_server"`
	SeenByClient   bool `json:"seen_by_client"`

	Touch      Touch             `json:"touch"`
	Adv        []string          `json:"adv,omitempty"` // adv1 first; cut behind the last that is set
	CustomerID string            `json:"customer_id,omitempty"`
	Coupon     string            `json:"coupon,omitempty"`
	Items      string            `json:"items,omitempty"` // JSON, as it came
	Extra      map[string]string `json:"extra,omitempty"` // parameters Waybill does not know

	Memory Memory `json:"-"`

	OccurredAt time.Time `json:"occurred_at"` // when it happened, by the sender or by receipt
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Version    int       `json:"version"` // 1 for a new one; one more with each change
}

// Superseded reports whether another conversion has taken its order. It stays as
// it is from then on, and counts for nothing that is said of its transaction
// later.
func (c *Conversion) Superseded() bool { return c.Reason == Superseded }

// Vouched reports whether a server has reported the conversion with the touch
// that earned it.
func (c *Conversion) Vouched() bool { return c.SeenByServer && !c.Memory.OnlyNamed }
