package waybill

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Conversion is what an advertiser reports. Of the identifiers the offer must
// allow the one that is used; TransactionID always is. What is empty is not
// sent.
type Conversion struct {
	TransactionID string // what Keeper.FromRequest gives
	Goal          string // ID or code; empty for the goal default
	OrderID       string
	// HitID tells hits of a goal apart that counts each one. Where neither it
	// nor OrderID is set, Convert draws one, so that a report which is sent
	// twice counts once.
	HitID    string
	Amount   string // of the sale: "59.90"
	Currency string // ISO 4217; empty for the offer's
	Status   string // approved, pending, rejected, hold, or a word of the advertiser's
	Items    []Item
	// OccurredAt is when it happened; the time of receipt when zero. Waybill
	// believes it of senders who prove themselves.
	OccurredAt time.Time

	ConversionID string // the conversion that is to be changed
	Coupon       string
	CustomerID   string // the customer's account at the advertiser's
	Email        string // only its hash is sent
	Username     string // only its hash is sent
	IP           string // the visitor's address, not the server's
	UserAgent    string // the visitor's
	GAID         string // a device's advertising ID on Android
	IDFA         string // on iOS
	IDFV         string // on iOS, of the vendor
	OfferID      int64  // needed where no transaction ID says it
	AffiliateID  int64  // credited by name, where the offer allows it

	Test bool // seen and processed, but apart from live figures
	// Extra holds adv1 to adv10, and whatever else is to be kept with the
	// report.
	Extra map[string]string
}

// Item is one line of an order.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity,omitempty"`
	Amount   string `json:"amount,omitempty"`
	Category string `json:"category,omitempty"`
}

// Digest gives the form in which an e-mail or user name leaves this process: the
// hex SHA-256 of it in lower case, without white space around it.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(text))))
	return hex.EncodeToString(sum[:])
}

// fields gives c by the names of Waybill's postbacks.
func (c *Conversion) fields() map[string]any {
	f := map[string]any{}
	for name, value := range c.Extra {
		set(f, name, value)
	}
	set(f, "transaction_id", c.TransactionID)
	set(f, "goal", c.Goal)
	set(f, "order_id", c.OrderID)
	set(f, "hit_id", c.HitID)
	set(f, "amount", c.Amount)
	set(f, "currency", c.Currency)
	set(f, "status", c.Status)
	set(f, "conversion_id", c.ConversionID)
	set(f, "coupon", c.Coupon)
	set(f, "customer_id", c.CustomerID)
	set(f, "ip", c.IP)
	set(f, "user_agent", c.UserAgent)
	set(f, "gaid", c.GAID)
	set(f, "idfa", c.IDFA)
	set(f, "idfv", c.IDFV)
	set(f, "offer_id", number(c.OfferID))
	set(f, "affiliate_id", number(c.AffiliateID))
	setDigest(f, "email_sha256", c.Email)
	setDigest(f, "username", c.Username)
	if len(c.Items) > 0 {
		f["items"] = c.Items
	}
	if !c.OccurredAt.IsZero() {
		f["occurred_at"] = c.OccurredAt.UTC().Format(time.RFC3339)
	}
	if c.Test {
		f["test"] = "1"
	}
	return f
}

// Identity ties a customer to the visit that brought them. Of CustomerID, Email
// and Username one is enough.
type Identity struct {
	TransactionID string // what Keeper.FromRequest gives
	CustomerID    string // the customer's account at the advertiser's
	Email         string // only its hash is sent
	Username      string // only its hash is sent
	Test          bool
}

func (i *Identity) fields() map[string]any {
	c := Conversion{TransactionID: i.TransactionID, CustomerID: i.CustomerID, Email: i.Email, Username: i.Username, Test: i.Test}
	return c.fields()
}

func set(fields map[string]any, name, value string) {
	if value != "" {
		fields[name] = value
	}
}

func setDigest(fields map[string]any, name, text string) {
	if text != "" {
		fields[name] = Digest(text)
	}
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// Status says in one word what became of a report.
type Status string

// The statuses.
const (
	Accepted  Status = "accepted"  // a conversion was made
	Updated   Status = "updated"   // a conversion was changed
	Duplicate Status = "duplicate" // counted before: ConversionID is the first one's
	Rejected  Status = "rejected"  // earns nothing: Code and Message say why
	Queued    Status = "queued"    // written down, and judged shortly
)

// Verdict is Waybill's answer to a report.
type Verdict struct {
	Status        Status `json:"status"`
	Code          string `json:"code"` // why: ok, click_expired, token_invalid, …
	ConversionID  string `json:"conversion_id"`
	TransactionID string `json:"transaction_id"`
	RequestID     string `json:"request_id"` // finds the report in Waybill
	Test          bool   `json:"test"`
	Message       string `json:"message"` // for people
}

// Counted reports whether the conversion stands in Waybill's books, or will once
// a queued report is judged.
func (v Verdict) Counted() bool {
	switch v.Status {
	case Accepted, Updated, Duplicate, Queued:
		return true
	default:
		return false
	}
}
