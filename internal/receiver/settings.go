package receiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// perGoal ends the names of parameters that are followed by a goal's code:
// event.deposit.
const perGoal = ".<goal>"

// platformParameters gives the settings that all ad platforms' formats have,
// beside their own.
func platformParameters(own ...Parameter) []Parameter {
	return append(own,
		Parameter{Name: "value", Doc: "The amount that is told as the conversion's value: amount (the sale; usual but for affiliates), payout (usual for affiliates), revenue or none."},
		Parameter{Name: "event_id", Doc: "What the platform tells conversions apart by: conversion_id (usual), order_id or transaction_id. A pixel that tells it of the same conversion must use the same."},
		Parameter{Name: "identifiers", Doc: "Personal identifiers that may be told, as SHA-256 digests: email, customer_id or both, with a comma. Left open: none."},
	)
}

// settings reads a subscription's parameters for one of the ad platforms, and
// gathers what is wrong with them.
type settings struct {
	s    *delivery.Subscription
	errs []error
}

func (c *settings) fail(field, format string, args ...any) {
	c.errs = append(c.errs, fault.At(field, format, args...))
}

// text gives a parameter, empty where it is left open.
func (c *settings) text(name string) string {
	value := c.s.Parameters[name]
	if strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		c.fail("parameters."+name, "has white space around it, or a control character within")
		return ""
	}
	return value
}

// token gives a parameter that may stand in a header.
func (c *settings) token(name string) string {
	value := c.text(name)
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		c.fail("parameters."+name, "holds a space, or a letter that is none of ASCII's")
	}
	return value
}

// choice gives one of words, the first where it is left open.
func (c *settings) choice(name string, words ...string) string {
	switch value := c.text(name); {
	case value == "":
		return words[0]
	case !slices.Contains(words, value):
		c.fail("parameters."+name, "%.40q is not understood; use %s", value, strings.Join(words, ", "))
		return words[0]
	default:
		return value
	}
}

// yes gives a switch, which is off where it is left open.
func (c *settings) yes(name string) bool { return c.choice(name, "no", "yes") == "yes" }

// number gives an ID of digits alone, without the hyphens that people read it by.
func (c *settings) number(name string) string {
	value := c.text(name)
	digits := strings.ReplaceAll(value, "-", "")
	if value != "" && (digits == "" || len(digits) > 20 || strings.Trim(digits, "0123456789") != "") {
		c.fail("parameters."+name, "%.40q is not a number", value)
	}
	return digits
}

// goals gives the parameters that are called name and a goal's code, by the code
// in lower case.
func (c *settings) goals(name string, read func(string) string) map[string]string {
	all := map[string]string{}
	for key := range c.s.Parameters {
		goal, ok := strings.CutPrefix(key, name+".")
		if !ok {
			continue
		}
		value := read(key)
		switch _, twice := all[strings.ToLower(goal)]; {
		case goal == "":
			c.fail("parameters."+key, "names no goal: write %s.deposit for the goal whose code is deposit", name)
		case value == "":
			c.fail("parameters."+key, "is empty; leave it out, and %s counts", name)
		case twice:
			c.fail("parameters."+key, "is there twice, since case does not count in a goal's code")
		}
		all[strings.ToLower(goal)] = value
	}
	return all
}

// platform reads what all ad platforms take. name is the parameter that says what
// a conversion is told as.
func (c *settings) platform(name string, read func(string) string) platform {
	p := platform{use: c.s.Use(), event: read(name), events: c.goals(name, read)}
	if p.use == 0 { // the owner is wrong, which is reported of the owner
		p.use = macro.NetworkPostback | macro.WithVisitor
	}
	p.worth = c.worth(p.use)
	p.eventID, _ = macro.ParseName(c.choice("event_id", "conversion_id", "order_id", "transaction_id"))
	for word := range strings.SplitSeq(c.text("identifiers"), ",") {
		switch strings.TrimSpace(word) {
		case "":
		case "email":
			p.email = c.mayTell(p.use, macro.EmailSHA256)
		case "customer_id":
			p.customer = c.mayTell(p.use, macro.CustomerID)
		default:
			c.fail("parameters.identifiers", "%.40q is not understood; list email, customer_id or both, with a comma", word)
		}
	}
	c.address()
	return p
}

func (c *settings) mayTell(use macro.Use, n macro.Name) bool {
	if !use.Allows(n) {
		c.fail("parameters.identifiers", "{%s} cannot stand in %s", n, use)
	}
	return use.Allows(n)
}

// worth gives the amount that is told as the conversion's value.
func (c *settings) worth(use macro.Use) macro.Name {
	usual := macro.Amount
	if use&^macro.WithVisitor == macro.AffiliatePostback {
		usual = macro.Payout
	}
	word := c.choice("value", usual.String(), "amount", "payout", "revenue", "none")
	n, ok := macro.ParseName(word)
	if ok && !use.Allows(n) {
		c.fail("parameters.value", "{%s} cannot stand in %s", word, use)
	}
	return n
}

// address checks the URL: the beginning of the API's addresses, where it is not
// reached at its own.
func (c *settings) address() {
	if strings.ContainsAny(c.s.URL, "{}?#") {
		c.fail("url", "is left open, or the beginning of the addresses of another server that speaks the same API, as in https://api.example.com; the format adds path and values")
	}
	if len(c.s.StatusWords) > 0 {
		c.fail("status_words", "go nowhere: the format %s tells no status", c.s.Format)
	}
}

// hears checks the events. extra are those that this platform can be told besides
// the making and approval of a conversion.
func (c *settings) hears(platform string, extra ...conversion.Event) {
	for i, e := range c.s.On {
		place := fmt.Sprintf("on[%d]", i)
		switch {
		case e == conversion.EventCreated, e == conversion.EventApproved, slices.Contains(extra, e), delivery.AboutDestination(e):
		case e == conversion.EventPaid:
			c.fail(place, "%s was told of the conversion when it was made or approved, and could count it again", platform)
		case e == conversion.EventRejected && len(extra) > 0:
			c.fail(place, "%s was not told of the conversion before it was approved; conversion.reversed takes back what it was told", platform)
		default:
			c.fail(place, "%s cannot change or take back what it was told; use conversion.created and conversion.approved", platform)
		}
	}
}

// once refuses settings by which a conversion is told twice: when it is made, and
// when it is approved, long after the platform has forgotten its ID.
func (c *settings) once(platform string) {
	if !slices.Contains(c.s.On, conversion.EventCreated) || !slices.Contains(c.s.On, conversion.EventApproved) {
		return
	}
	if len(c.s.Statuses) == 0 || slices.ContainsFunc(c.s.Statuses, undecided) {
		c.fail("statuses", `would tell of a pending conversion twice, when it is made and when it is approved, and %s could count both: use ["approved"]`, platform)
	}
}

// undecided reports whether a conversion in status s may still be approved.
func undecided(s conversion.Status) bool { return s != conversion.Approved && s != conversion.Paid }

// platformWarnings gives what is likely a mistake in the events and statuses that
// an ad platform is told of.
func platformWarnings(s *delivery.Subscription) []delivery.Warning {
	var all []delivery.Warning
	created, approved := slices.Contains(s.On, conversion.EventCreated), slices.Contains(s.On, conversion.EventApproved)
	if created && (len(s.Statuses) == 0 || slices.ContainsFunc(s.Statuses, func(s conversion.Status) bool { return s == conversion.Pending || s == conversion.Hold })) {
		all = append(all, delivery.Warning{
			Field: "statuses", Text: `tells of conversions that may still be rejected; for those that count, hear of conversion.created and conversion.approved with ["approved"]`,
		})
	}
	if approved && !created {
		all = append(all, delivery.Warning{
			Field: "on", Text: "leaves out conversions that are approved when they are made, of which conversion.created alone tells",
		})
	}
	return all
}

func (c *settings) done() error {
	slices.SortStableFunc(c.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(c.errs...)
}
