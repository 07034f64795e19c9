package receiver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// platform is what the conversion APIs of ad platforms have in common. They are
// told of conversions that count, each once, so that a platform can learn which
// of its clicks earn money:
//
//   - A conversion that the platform could not match with anybody is not sent. It
//     is withdrawn at once, with the reason, and nothing of it leaves.
//   - Personal identifiers leave only where the subscription says so, and only as
//     the digests that the platform asks for.
//   - A conversion is told under an ID that stays the same, so that a pixel that
//     tells the platform of it too does not count it twice.
//   - A test is never told as a real conversion.
type platform struct {
	use      macro.Use
	worth    macro.Name        // which amount is the conversion's value; NumNames: none
	eventID  macro.Name        // what the platform tells conversions apart by
	events   map[string]string // what the platform calls a goal's conversions, by the goal's code
	event    string            // and those of all other goals
	email    bool              // the e-mail's digest may be told
	customer bool              // and that of the customer's ID
}

// takes gives the values that any of them takes, and those of its own click IDs.
func (p *platform) takes(clickIDs ...macro.Name) []macro.Name {
	all := append([]macro.Name{
		macro.ConversionID, p.eventID, macro.Goal, macro.Status, macro.Currency, macro.OrderID,
		macro.ConversionTime, macro.ClickTime, macro.IP, macro.UserAgent,
	}, clickIDs...)
	if p.worth < macro.NumNames {
		all = append(all, p.worth)
	}
	if p.email {
		all = append(all, macro.EmailSHA256)
	}
	if p.customer {
		all = append(all, macro.CustomerID)
	}
	return slices.DeleteFunc(all, func(n macro.Name) bool { return !p.use.Allows(n) })
}

// value gives a value of o that the owner may know.
func (p *platform) value(o *delivery.Owed, n macro.Name) string {
	if !p.use.Allows(n) {
		return ""
	}
	return o.Values[n.String()]
}

// unmatchedError says that nobody is known whom a platform could match a
// conversion with.
type unmatchedError struct{ error }

func (e unmatchedError) Unwrap() error { return e.error }

func unmatched(format string, args ...any) error {
	return unmatchedError{fault.New(fault.Invalid, format, args...)}
}

// Refused gives the class of an error of Request: unmatched, where it is nobody's
// mistake but the conversion is none of the platform's, else template.
func Refused(err error) delivery.ErrorClass {
	if _, ok := errors.AsType[unmatchedError](err); ok {
		return delivery.ErrUnmatched
	}
	return delivery.ErrTemplate
}

// facts are the values of one conversion, checked for what platforms ask of
// them. Those that are missing or malformed are empty.
type facts struct {
	id       string
	event    string
	at       time.Time
	clicked  time.Time
	value    json.Number
	currency string
	order    string
	email    string // SHA-256, lower-case hex
	customer string // likewise
	ip       string
	agent    string
}

// read gives what o says of its conversion.
func (p *platform) read(o *delivery.Owed, now time.Time) (facts, error) {
	get := func(n macro.Name) string { return p.value(o, n) }
	if get(macro.Status) == string(conversion.Rejected) && o.Event != conversion.EventReversed {
		return facts{}, fault.New(fault.Invalid, "the conversion is rejected; platforms are told of those that count")
	}
	f := facts{id: get(p.eventID), event: p.event, order: get(macro.OrderID), agent: get(macro.UserAgent)}
	if f.id == "" {
		f.id = get(macro.ConversionID)
	}
	if f.id == "" {
		return facts{}, fault.New(fault.Invalid, "the conversion has no ID by which the platform could tell a repetition")
	}
	if event, ok := p.events[strings.ToLower(get(macro.Goal))]; ok {
		f.event = event
	}
	var err error
	if f.at, err = time.Parse(time.RFC3339, get(macro.ConversionTime)); err != nil {
		return facts{}, fault.New(fault.Invalid, "the conversion has no time")
	}
	if f.at = f.at.UTC(); f.at.After(now) {
		f.at = now.UTC() // platforms refuse the future, and clocks differ
	}
	if f.clicked, err = time.Parse(time.RFC3339, get(macro.ClickTime)); err != nil {
		f.clicked = time.Time{}
	}
	if addr, err := netip.ParseAddr(get(macro.IP)); err == nil && addr.Zone() == "" {
		f.ip = addr.Unmap().String()
	}
	if p.email {
		f.email = digest(get(macro.EmailSHA256))
	}
	if customer := get(macro.CustomerID); p.customer && customer != "" {
		sum := sha256.Sum256([]byte(customer))
		f.customer = hex.EncodeToString(sum[:])
	}
	if p.worth < macro.NumNames {
		f.value, f.currency, err = price(get(p.worth), get(macro.Currency))
	}
	return f, err
}

// price gives an amount as a JSON number, with the very digits it came in, and
// its currency; neither where there is no amount.
func price(amount, currency string) (json.Number, string, error) {
	if amount == "" {
		return "", "", nil
	}
	if strings.Trim(amount, "0123456789.") != "" || !json.Valid([]byte(amount)) {
		return "", "", fault.New(fault.Invalid, "the amount %.40q is not a number", amount)
	}
	currency = strings.ToUpper(currency)
	if len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", "", fault.New(fault.Invalid, "the amount has no currency")
	}
	return json.Number(amount), currency, nil
}

// digest gives a SHA-256 in lower-case hex; nothing if text is not one.
func digest(text string) string {
	text = strings.ToLower(text)
	if len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}

// post makes the request that carries body, which tells f.
func post(r *Request, path string, body any, f facts) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fault.Because(err, fault.Invalid, "the conversion cannot be written as JSON")
	}
	r.URL, r.Body = strings.TrimSuffix(r.URL, "/")+path, text
	set(r.Header, "Content-Type", contentJSON)
	r.personal = append(r.personal, f.email, f.customer)
	return nil
}
