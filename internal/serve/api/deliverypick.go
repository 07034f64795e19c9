package api

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/receiver"
)

// deliveryPick says which owed postbacks are meant, in lists and where many are
// changed at once.
type deliveryPick struct {
	TransactionID  string     `json:"transaction_id,omitempty" doc:"Only those for conversions that this click earned."`
	ConversionID   string     `json:"conversion_id,omitempty" doc:"Only those for this conversion."`
	SubscriptionID int64      `json:"subscription_id,omitempty" doc:"Only those of this subscription."`
	Host           string     `json:"host,omitempty" doc:"Only those of subscriptions whose URL leads to this host, such as tracker.example.com."`
	AffiliateID    int64      `json:"affiliate_id,omitempty" doc:"Only those owed to this affiliate."`
	AdvertiserID   int64      `json:"advertiser_id,omitempty" doc:"Only those owed to this advertiser."`
	OfferID        int64      `json:"offer_id,omitempty" doc:"Only those about conversions of this offer."`
	Event          string     `json:"event,omitempty" doc:"Only those about this event, such as conversion.created."`
	Error          string     `json:"error,omitempty" doc:"Only those whose last attempt went wrong in this way, such as timeout."`
	HTTPStatus     int        `json:"http_status,omitempty" doc:"Only those whose last attempt was answered with this status."`
	From           *time.Time `json:"from,omitempty" doc:"Made at this time or later."`
	Until          *time.Time `json:"until,omitempty" doc:"Made before this time."`
	DueFrom        *time.Time `json:"due_from,omitempty" doc:"Due at this time or later."`
	DueUntil       *time.Time `json:"due_until,omitempty" doc:"Due before this time."`
	Test           *bool      `json:"test,omitempty" doc:"true: only test traffic; false: only real traffic; left out: both."`
}

// validate reports every member that is wrong.
func (p *deliveryPick) validate() error {
	return errors.Join(
		known("event", p.Event, delivery.Events()),
		known("error", p.Error, delivery.ErrorClasses()),
		validHTTPStatus(p.HTTPStatus),
		inOrder("from", "until", p.From, p.Until),
		inOrder("due_from", "due_until", p.DueFrom, p.DueUntil),
	)
}

// known reports a word that is not on the list, with the one probably meant. No
// word is none to report.
func known[T ~string](field, word string, list []T) error {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = string(one)
	}
	if word == "" || slices.Contains(names, word) {
		return nil
	}
	if meant := fault.Nearest(word, names); meant != "" {
		return fault.At(field, "%.40q is not known; did you mean %s?", word, meant)
	}
	return fault.At(field, "%.40q is not known; use %s", word, strings.Join(names, ", "))
}

func validHTTPStatus(n int) error {
	if n != 0 && (n < 100 || n > 599) {
		return fault.At("http_status", "%d is not a status of HTTP: 100 to 599", n)
	}
	return nil
}

// inOrder reports a period that ends before it begins.
func inOrder(first, last string, from, until *time.Time) error {
	if from != nil && until != nil && !from.Before(*until) {
		return fault.At(last, "is not later than %s", first)
	}
	return nil
}

// filter gives what the ledger is asked for; false when none of it can be the
// caller's.
func (p *deliveryPick) filter(a *API, who account.Principal) (f DeliveryFilter, mine bool, err error) {
	if err := p.validate(); err != nil {
		return f, false, err
	}
	f.Filter = delivery.Filter{
		TransactionID: strings.ToLower(p.TransactionID), ConversionID: strings.ToLower(p.ConversionID), SubscriptionID: p.SubscriptionID,
		AffiliateID: p.AffiliateID, AdvertiserID: p.AdvertiserID, OfferID: p.OfferID,
		Event: conversion.Event(p.Event), Class: delivery.ErrorClass(p.Error), HTTPStatus: p.HTTPStatus,
		From: timeOf(p.From), Until: timeOf(p.Until), DueFrom: timeOf(p.DueFrom), DueUntil: timeOf(p.DueUntil), Test: p.Test,
	}
	if mine, err = f.narrow(who); err != nil || !mine || p.Host == "" {
		return f, mine, err
	}
	f.Subscriptions = a.leadingTo(who, p.Host)
	return f, len(f.Subscriptions) > 0, nil
}

// narrow leaves only what is owed to the caller. It reports false when nothing is
// left.
func (f *DeliveryFilter) narrow(who account.Principal) (bool, error) {
	if who.IsNetwork() {
		return true, nil
	}
	owner := ownerOf(who)
	switch {
	case owner == (delivery.Owner{}):
		return false, nil
	case owner.AffiliateID == 0 && f.AffiliateID != 0:
		return false, fault.New(fault.Forbidden, "a key of role %s cannot filter by affiliate_id", who.Role)
	case owner.AdvertiserID == 0 && f.AdvertiserID != 0:
		return false, fault.New(fault.Forbidden, "a key of role %s cannot filter by advertiser_id", who.Role)
	}
	affiliates, advertisers := narrowTo(owner.AffiliateID, &f.AffiliateID), narrowTo(owner.AdvertiserID, &f.AdvertiserID)
	return affiliates && advertisers, nil
}

// leadingTo gives those of the caller's subscriptions that lead to a host. They are
// looked for in the catalog, where each is made ready for use already.
func (a *API) leadingTo(who account.Principal, host string) []int64 {
	var all []int64
	present := a.Catalog()
	source := present.Source().Subscriptions
	for i := range source {
		s, ok := present.Subscription(source[i].ID)
		if ok && s.Plan != nil && owns(who, s.Owner) && isHost(s.Plan.Host(), host) {
			all = append(all, s.ID)
		}
	}
	return all
}

// receiverOf gives the host that a subscription leads to, with its port if it has
// one, and nothing when it is broken.
func receiverOf(s *delivery.Subscription) string {
	plan, err := receiver.Compile(*s)
	if err != nil {
		return ""
	}
	return plan.Host()
}

// leadsToHost reports whether a subscription leads to a host, named with or
// without its port.
func leadsToHost(s *delivery.Subscription, host string) bool {
	return isHost(receiverOf(s), host)
}

// isHost reports whether a host, with its port if it has one, is the one that is
// named.
func isHost(own, named string) bool {
	return own != "" && (strings.EqualFold(own, named) || strings.EqualFold((&url.URL{Host: own}).Hostname(), named))
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
