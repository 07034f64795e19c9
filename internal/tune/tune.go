// Package tune speaks the language of TUNE (HasOffers), so that links, pixels
// and postbacks made for it go on working after their domain has moved here.
//
// It knows TUNE's parameters, its replies, its macros and what its numbers mean
// here: a network that moves has offers and affiliates of other numbers than it
// had there, and the numbers it had are in links that nobody can edit. They are
// translated at TUNE's own doors alone, /aff_c and its like; everywhere else a
// number is Waybill's.
//
// These always hold:
//
//   - Nothing is taken for what it may not be: a number that is not known is
//     refused where a list of numbers was imported, and never guessed.
//   - A request is only ever rewritten into one that the other doors take. The
//     record of a hit keeps it as it came.
//   - An answer says success only where its hit was counted or will be judged.
package tune

import (
	"strings"

	"waybill/internal/fault"
	"waybill/internal/macro"
)

// Doors begins the path of each of TUNE's doors.
const Doors = "/aff_"

// Kind is a sort of thing that TUNE has numbered.
type Kind string

// The kinds. An offer URL of TUNE is a landing page of an offer, chosen in links
// by url_id; a goal is one of an offer beside its default.
const (
	Advertiser Kind = "advertiser"
	Affiliate  Kind = "affiliate"
	Offer      Kind = "offer"
	Goal       Kind = "goal"
	OfferURL   Kind = "offer_url"
)

// Kinds gives every kind, in the order of their names.
func Kinds() []Kind { return []Kind{Advertiser, Affiliate, Goal, Offer, OfferURL} }

// Known reports whether there is such a kind.
func (k Kind) Known() bool {
	switch k {
	case Advertiser, Affiliate, Offer, Goal, OfferURL:
		return true
	default:
		return false
	}
}

// Mapping says what one of TUNE's numbers means here.
type Mapping struct {
	Kind Kind `json:"kind" doc:"advertiser, affiliate, offer, goal or offer_url."`
	// TuneID is TUNE's number, in digits, without zeros before it.
	TuneID    string `json:"tune_id" doc:"The number that TUNE gave it."`
	WaybillID int64  `json:"waybill_id" doc:"The number that it has here; of an offer_url, the number of its offer."`
	URL       string `json:"url,omitempty" doc:"Where the landing page of an offer_url is. Its host must be one of the offer's deep_link_hosts."`
}

// maxDigits is the longest number of TUNE's that is looked at.
const maxDigits = 18

// Normalise gives a number of TUNE's as it is kept: digits alone, without zeros
// before them. It reports false for what is no such number, and for zero, which
// TUNE gives to nothing but the default of something.
func Normalise(number string) (string, bool) {
	number = strings.TrimSpace(number)
	for i := range len(number) {
		if number[i]-'0' > 9 {
			return "", false
		}
	}
	number = strings.TrimLeft(number, "0")
	return number, number != "" && len(number) <= maxDigits
}

// Check brings m into the form in which it is kept, and says what about it is
// wrong in itself. That what it names exists is for its caller to know.
func (m *Mapping) Check() error {
	m.Kind = Kind(strings.ToLower(strings.TrimSpace(string(m.Kind))))
	m.URL = strings.TrimSpace(m.URL)
	if !m.Kind.Known() {
		return fault.At("kind", "is none of advertiser, affiliate, goal, offer and offer_url")
	}
	number, ok := Normalise(m.TuneID)
	if !ok {
		return fault.At("tune_id", "%.40q is not a number of TUNE's", m.TuneID)
	}
	m.TuneID = number
	switch {
	case m.WaybillID < 0:
		return fault.At("waybill_id", "is not a number that anything has here")
	case m.Kind != OfferURL && m.URL != "":
		return fault.At("url", "is only for an offer_url")
	case m.Kind == OfferURL && m.WaybillID != 0 && m.URL == "":
		return fault.At("url", "is missing: where does the landing page lie?")
	case m.URL != "":
		return fault.Within("url", macro.CheckURL(m.URL))
	}
	return nil
}

// Removes reports whether m takes away what is known of its number: it names
// nothing here.
func (m *Mapping) Removes() bool { return m.WaybillID == 0 }

// Outcome is what became of a mapping that was imported.
type Outcome string

// The outcomes. Refused is one that was wrong, and so is not kept.
const (
	Added     Outcome = "added"
	Replaced  Outcome = "replaced"
	Unchanged Outcome = "unchanged"
	Removed   Outcome = "removed"
	Refused   Outcome = "refused"
)

// Against says what becomes of m where was, nil for nothing, is what is known of
// its number.
func (m *Mapping) Against(was *Mapping) Outcome {
	switch {
	case was == nil && m.Removes(), was != nil && *was == *m:
		return Unchanged
	case m.Removes():
		return Removed
	case was == nil:
		return Added
	default:
		return Replaced
	}
}

// IsTransactionID reports whether text has the form of the IDs that TUNE gave to
// clicks: 30 hexadecimal digits that begin with 102, or 26 decimal ones that
// begin with 10 in older accounts. What such an ID stands for, only TUNE knows.
func IsTransactionID(text string) bool {
	text = strings.TrimSpace(text)
	switch len(text) {
	case 30:
		return strings.HasPrefix(text, "102") && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
	case 26:
		return strings.HasPrefix(text, "10") && strings.Trim(text, "0123456789") == ""
	default:
		return false
	}
}
