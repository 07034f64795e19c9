package macro

import (
	"slices"

	"waybill/internal/fault"
)

// namesClick reports whether n may be what a receiver knows its click by.
func namesClick(n Name) bool {
	return n >= Sub1 && n < Adv1 || n == AffClickID || n == TransactionID
}

// NeedClick reports a template, or several that make one request, whose receiver
// cannot tell which click it is about: names are the macros that occur in it. For
// the receivers that are asked for nothing else, a tracker first of all, it is a
// mistake to save one.
func NeedClick(names []Name, receiver string) error {
	if slices.ContainsFunc(names, namesClick) {
		return nil
	}
	return fault.New(fault.Invalid, "%s cannot tell which click it is about: "+
		"put {aff_click_id}, or the one of {sub1} to {sub10} in which the affiliate's links carry the click ID, into the place of the click ID", receiver)
}
