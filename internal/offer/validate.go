package offer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/money"
	"waybill/internal/span"
)

const maxCaps = 50

// Validate reports every field that is wrong. retention is how long clicks are
// kept: what no longer exists cannot be credited. The ID is the ledger's to
// give, and whether the advertiser exists is for it to say.
func (o *Offer) Validate(retention time.Duration) error {
	return errors.Join(
		o.validateHead(),
		o.validateShowing(),
		o.validateTimes(retention),
		o.validateMoney(),
		o.validateCrediting(),
		each("allowed_domains", o.AllowedDomains, validHost),
		each("deep_link_hosts", o.DeepLinkHosts, validHost),
		o.validateCaps(),
		fault.Within("targeting", o.Targeting.Validate()),
	)
}

func (o *Offer) validateHead() error {
	errs := []error{
		fault.Name("name", o.Name),
		oneOf("status", o.Status, Active, Paused, Archived),
	}
	if o.AdvertiserID <= 0 {
		errs = append(errs, fault.At("advertiser_id", "is missing"))
	}
	if o.DestinationURL == "" {
		errs = append(errs, fault.At("destination_url", "is missing"))
	} else {
		errs = append(errs, validURL("destination_url", o.DestinationURL))
	}
	if o.FallbackURL != "" {
		errs = append(errs, validURL("fallback_url", o.FallbackURL))
	}
	return errors.Join(errs...)
}

// validURL checks a place where visitors are sent, with macros or without.
func validURL(field, url string) error {
	_, err := macro.Parse(url, macro.URL, macro.OfferURL)
	return fault.Within(field, err)
}

func (o *Offer) validateTimes(retention time.Duration) error {
	var errs []error
	if !o.EndsAt.IsZero() && !o.EndsAt.After(o.StartsAt) {
		errs = append(errs, fault.At("ends_at", "does not lie after starts_at"))
	}
	if o.ClickWindow <= 0 {
		errs = append(errs, fault.At("click_window", "must be longer than nothing, such as 30d"))
	}
	for _, w := range []struct {
		field  string
		window span.Span
	}{{"click_window", o.ClickWindow}, {"view_window", o.ViewWindow}, {"customer_window", o.CustomerWindow}, {"ip_window", o.IPWindow}} {
		switch {
		case w.window < 0:
			errs = append(errs, fault.At(w.field, "is negative"))
		case w.window.Duration() > retention:
			errs = append(errs, fault.At(w.field, "is longer than the %s for which clicks and views are kept", span.Span(retention)))
		}
	}
	if o.IPWindow > maxIPWindow {
		errs = append(errs, fault.At("ip_window", "is longer than %s: by then an address may be somebody else's", maxIPWindow))
	}
	if o.MinConversionTime < 0 || o.MinConversionTime != 0 && o.MinConversionTime >= o.ClickWindow {
		errs = append(errs, fault.At("min_conversion_time", "must be shorter than click_window, or no conversion ever counts"))
	}
	return errors.Join(errs...)
}

func (o *Offer) validateMoney() error {
	var errs []error
	switch c, err := money.ParseCurrency(string(o.Currency)); {
	case err != nil:
		errs = append(errs, fault.Within("currency", err))
	case c != o.Currency:
		errs = append(errs, fault.At("currency", "write it in capitals: %s", c))
	}
	return errors.Join(append(errs, validPrices(&o.Payout, &o.Revenue))...)
}

func (o *Offer) validateCrediting() error {
	errs := []error{
		oneOf("default_status", o.DefaultStatus, "approved", "pending", "hold"),
		oneOf("credit_without_click", o.CreditWithoutClick, "pending", "reject", "accept"),
		o.validateAttribution(),
		o.validateTouch(),
		each("channels", o.Channels, func(field, s string) error {
			return oneOf(field, s, "postback", "pixel", "sdk", "api", "import")
		}),
	}
	if len(o.Channels) == 0 {
		errs = append(errs, fault.At("channels", "is empty, so no conversion could come"))
	}
	if o.ClientSideStatus != "" {
		errs = append(errs, oneOf("client_side_status", o.ClientSideStatus, "approved", "pending", "hold"))
	}
	return errors.Join(errs...)
}

func (o *Offer) validateCaps() error {
	if len(o.Caps) > maxCaps {
		return fault.At("caps", "has %d entries, the most is %d", len(o.Caps), maxCaps)
	}
	type subject struct {
		metric, period, goal, zone string
		perAffiliate               bool
	}
	var errs []error
	seen := make(map[subject]int)
	for i := range o.Caps {
		c, place := &o.Caps[i], fmt.Sprintf("caps[%d]", i)
		errs = append(errs, fault.Within(place, c.Validate()))
		what := subject{c.Metric, c.Period, strings.ToLower(c.Goal), c.TimeZone, c.PerAffiliate}
		if first, twice := seen[what]; twice {
			errs = append(errs, fault.At(place, "counts the same as caps[%d]; keep the lower limit", first))
			continue
		}
		seen[what] = i
	}
	return errors.Join(errs...)
}

// Warning is something that may be saved, but seldom is what was meant.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Warnings gives what is likely a mistake in an offer that is valid.
func (o *Offer) Warnings() []Warning {
	var all []Warning
	t, err := macro.Parse(o.DestinationURL, macro.URL, macro.OfferURL)
	if err == nil && !t.Uses(macro.TransactionID) {
		all = append(all, Warning{"destination_url", "the URL has no {transaction_id}: unless the advertiser's pages carry Waybill's browser SDK, its postbacks cannot say which click they are for"})
	}
	if o.Payout.Type == o.Revenue.Type && (o.Payout.Amount > o.Revenue.Amount || o.Payout.Percent > o.Revenue.Percent) {
		all = append(all, Warning{"payout", "the affiliate earns more than the advertiser owes"})
	}
	return append(all, o.warnOfCredit()...)
}
