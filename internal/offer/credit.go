package offer

import (
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/span"
)

// Identifier is a way to tell whose conversion it is.
type Identifier string

// The identifiers, in the order in which they are trusted.
const (
	ByTransactionID Identifier = "transaction_id" // the ID that the click or view was given
	ByDeviceID      Identifier = "device_id"      // gaid, idfa, idfv
	ByCustomerID    Identifier = "customer_id"    // the advertiser's customer account
	ByEmail         Identifier = "email"          // a customer's hashed e-mail
	ByUsername      Identifier = "username"       // a customer's hashed user name
	ByCoupon        Identifier = "coupon"         // a code that is an affiliate's
	ByAffiliateID   Identifier = "affiliate_id"   // offer and affiliate, as the sender names them
	ByIPUserAgent   Identifier = "ip_user_agent"  // the visitor's address with the user agent
)

// Identifiers gives all of them in the order in which they are trusted.
func Identifiers() []Identifier {
	return []Identifier{
		ByTransactionID, ByDeviceID, ByCustomerID, ByEmail, ByUsername, ByCoupon, ByAffiliateID, ByIPUserAgent,
	}
}

// Trust gives the place of i in that order, from 0 for the one that is trusted
// most.
func (i Identifier) Trust() int {
	if place := slices.Index(Identifiers(), i); place >= 0 {
		return place
	}
	return len(Identifiers())
}

// Customer reports whether i names a customer, who is bound to a click and may
// go on being credited for longer than the click itself.
func (i Identifier) Customer() bool {
	return i == ByCustomerID || i == ByEmail || i == ByUsername
}

// Touch says which of several clicks is credited that one identifier leads to.
type Touch string

// The touches. An offer that says neither credits the last.
const (
	LastTouch  Touch = "last"
	FirstTouch Touch = "first"
)

const (
	usualIPWindow = span.Span(time.Hour)
	maxIPWindow   = span.Day
)

// Credits reports whether the offer credits conversions by an identifier.
func (o *Offer) Credits(by Identifier) bool { return slices.Contains(o.Attribution, by) }

// CreditsMore reports whether the offer credits by any identifier but the
// transaction ID.
func (o *Offer) CreditsMore() bool {
	return len(o.Attribution) > 1 || len(o.Attribution) == 1 && o.Attribution[0] != ByTransactionID
}

// IPSpan gives how long an address with its user agent is credited.
func (o *Offer) IPSpan() span.Span {
	if o.IPWindow == 0 {
		return usualIPWindow
	}
	return o.IPWindow
}

// PaysViews reports whether a conversion that is credited to a view earns
// anything.
func (o *Offer) PaysViews() bool { return o.ViewThroughPayable == nil || *o.ViewThroughPayable }

func (o *Offer) validateAttribution() error {
	if len(o.Attribution) == 0 {
		return fault.At("attribution", "is empty, so no conversion could be credited; use [%q]", ByTransactionID)
	}
	words := make([]string, len(o.Attribution))
	for i, a := range o.Attribution {
		words[i] = string(a)
	}
	return each("attribution", words, func(field, s string) error {
		return oneOf(field, Identifier(s), Identifiers()...)
	})
}

func (o *Offer) validateTouch() error {
	if o.Touch == "" {
		return nil
	}
	return oneOf("touch", o.Touch, LastTouch, FirstTouch)
}

// warnOfCredit gives what is likely a mistake about who is credited.
func (o *Offer) warnOfCredit() []Warning {
	var all []Warning
	if o.Credits(ByIPUserAgent) {
		all = append(all, Warning{"attribution", "ip_user_agent credits whoever shares an address and a browser: a whole office, or a mobile network"})
	}
	if o.CustomerWindow != 0 && !slices.ContainsFunc(o.Attribution, Identifier.Customer) {
		all = append(all, Warning{"customer_window", "the offer credits by no customer: add customer_id, email or username to attribution"})
	}
	return all
}
