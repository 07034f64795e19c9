package delivery

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/span"
)

const (
	get      = "GET"
	maxGoal  = 64
	maxDelay = 30 * span.Day
)

// Use gives the macros that a subscription's template may hold: what its owner
// may know. An owner who is nobody, or several, may know nothing.
func (o Owner) Use() macro.Use {
	switch {
	case o.Validate() != nil:
		return 0
	case o.AffiliateID != 0:
		return macro.AffiliatePostback
	case o.AdvertiserID != 0:
		return macro.AdvertiserPostback
	default:
		return macro.NetworkPostback
	}
}

// Validate reports an owner who is not exactly one.
func (o Owner) Validate() error {
	owners := 0
	for _, set := range [...]bool{o.AffiliateID != 0, o.AdvertiserID != 0, o.Network} {
		if set {
			owners++
		}
	}
	switch {
	case owners == 0:
		return fault.New(fault.Invalid, "is missing; name one of affiliate_id, advertiser_id and network")
	case owners > 1:
		return fault.New(fault.Invalid, "names %d owners; a postback has exactly one of affiliate_id, advertiser_id and network", owners)
	case o.AffiliateID < 0:
		return fault.At("affiliate_id", "is not an affiliate's number")
	case o.AdvertiserID < 0:
		return fault.At("advertiser_id", "is not an advertiser's number")
	default:
		return nil
	}
}

// hears reports whether c is one of the owner's conversions.
func (o Owner) hears(c *conversion.Conversion) bool {
	switch o.Use() {
	case macro.AffiliatePostback:
		return c.AffiliateID == o.AffiliateID
	case macro.AdvertiserPostback:
		return c.AdvertiserID == o.AdvertiserID
	case macro.NetworkPostback:
		return true
	default:
		return false
	}
}

// Fits reports whether an event of c's life is owed to the subscription.
func (s Subscription) Fits(c conversion.Conversion, e conversion.Event) bool {
	return s.Status == Active && slices.Contains(s.On, e) && s.Owner.hears(&c) &&
		(s.OfferID == 0 || s.OfferID == c.OfferID) &&
		(s.Goal == "" || strings.EqualFold(s.Goal, c.GoalCode))
}

// Validate reports every field that is wrong. The ID is the ledger's to give,
// and whether owner, offer and goal exist is for it to say.
func (s Subscription) Validate() error {
	return errors.Join(
		fault.Within("owner", s.Owner.Validate()),
		s.validateScope(),
		s.validateEvents(),
		s.validateURL(),
		oneOf("method", s.Method, get),
		oneOf("format", s.Format, "get"),
		oneOf("status", s.Status, Active, Paused),
	)
}

func (s Subscription) validateScope() error {
	var errs []error
	if s.OfferID < 0 {
		errs = append(errs, fault.At("offer_id", "is not an offer's number"))
	}
	switch {
	case len(s.Goal) > maxGoal:
		errs = append(errs, fault.At("goal", "is longer than %d characters", maxGoal))
	case strings.ContainsFunc(s.Goal, unicode.IsControl), strings.TrimSpace(s.Goal) != s.Goal:
		errs = append(errs, fault.At("goal", "%.40q is not a goal's code", s.Goal))
	}
	if s.Delay < 0 || s.Delay > maxDelay {
		errs = append(errs, fault.At("delay", "must lie between 0s and %s", maxDelay))
	}
	return errors.Join(errs...)
}

func (s Subscription) validateEvents() error {
	if len(s.On) == 0 {
		return fault.At("on", "is empty, so there would be nothing to hear of; use [%q]", conversion.EventCreated)
	}
	var errs []error
	for i, e := range s.On {
		place := fmt.Sprintf("on[%d]", i)
		if slices.Contains(s.On[:i], e) {
			errs = append(errs, fault.At(place, "%.40q is listed twice", e))
			continue
		}
		errs = append(errs, oneOf(place, e, conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
			conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated))
	}
	return errors.Join(errs...)
}

func (s Subscription) validateURL() error {
	if s.URL == "" {
		return fault.At("url", "is missing")
	}
	_, err := s.template()
	return fault.Within("url", err)
}

// template reads the URL. While the owner is wrong, which is reported of the
// owner, it may hold everything.
func (s Subscription) template() (*macro.Template, error) {
	use := s.Owner.Use()
	if use == 0 {
		use = macro.NetworkPostback
	}
	return macro.Parse(s.URL, macro.URL, use)
}

// oneOf reports a word that is not on the list.
func oneOf[T ~string](field string, word T, list ...T) error {
	if slices.Contains(list, word) {
		return nil
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	known := strings.Join(words, ", ")
	if word == "" {
		return fault.At(field, "is missing; use %s", known)
	}
	return fault.At(field, "%.40q is not understood; use %s", string(word), known)
}

// Warning is something that may be saved, but seldom is what was meant.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Warnings gives what is likely a mistake in a subscription that is valid.
func (s Subscription) Warnings() []Warning {
	t, err := s.template()
	if err != nil {
		return nil
	}
	var all []Warning
	if s.Owner.AffiliateID != 0 && !namesClick(t) {
		all = append(all, Warning{"url", "the URL has none of {aff_click_id}, {sub1} to {sub10}, {transaction_id} and {conversion_id}: its receiver cannot tell which click it is about"})
	}
	if t.Uses(macro.Sig) {
		all = append(all, Warning{"url", "{sig} stays empty: postbacks of this format are not signed"})
	}
	if strings.HasPrefix(strings.ToLower(s.URL), "http://") {
		all = append(all, Warning{"url", "http is readable to all on the way; use https if the receiver has it"})
	}
	if host := (&url.URL{Host: t.Host()}).Hostname(); private(host) {
		all = append(all, Warning{"url", "leads into a private network: it is refused when it is sent, unless the node was started with --allow-private-destinations for it"})
	}
	return all
}

// namesClick reports whether a receiver can tell by a template's values which
// click a postback is about.
func namesClick(t *macro.Template) bool {
	for n := macro.Sub1; n < macro.Sub1+10; n++ {
		if t.Uses(n) {
			return true
		}
	}
	return t.Uses(macro.AffClickID) || t.Uses(macro.TransactionID) || t.Uses(macro.ConversionID)
}

// private reports whether a host is plainly none of the public internet's. What
// a name leads to is known only when it is dialed.
func private(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
}
