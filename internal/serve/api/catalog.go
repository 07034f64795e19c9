package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/tune"
)

func (a *API) registerCatalog(h huma.API, s *schemas) {
	a.advertisers().mount(a, h, s)
	a.affiliates().mount(a, h, s)
	a.offers().mount(a, h, s)
	a.goals().mount(a, h, s)
	a.terms().mount(a, h, s)
	a.registerLinks(h, s)
	a.coupons().mount(a, h, s)
	a.subscriptions().mount(a, h, s)
	a.domains().mount(a, h, s)
}

func (a *API) advertisers() resource[int64, advertiser.Advertiser] {
	return resource[int64, advertiser.Advertiser]{
		path: "advertisers", tag: "Advertisers", one: "advertiser", schema: "Advertiser", kind: kindNetwork,
		called:  "name",
		text:    "An advertiser pays for what its offers bring, and proves with a token or a signature that its postbacks come from it.",
		example: `{"name":"Example Shop","postback_auth":"token","status_words":{"sale":"approved","refund":"rejected"}}`,
		patch:   `{"postback_auth":"signature"}`,
		table:   a.Advertisers,
		initial: func(int64) advertiser.Advertiser { return advertiser.Default() },
		key:     func(v advertiser.Advertiser) int64 { return v.ID },
		check:   func(v advertiser.Advertiser) error { return v.Validate() },
		filters: []filter[advertiser.Advertiser]{
			{"status", "Only those of this status.", func(v advertiser.Advertiser) string { return string(v.Status) }},
		},
		belongs:  networkOnly[advertiser.Advertiser],
		complete: func(v *advertiser.Advertiser) error { return v.DrawSecrets(rand.Reader) },
		veiled:   hideSecrets,
		warn:     advertiserWarnings,
	}
}

func advertiserWarnings(_ context.Context, v advertiser.Advertiser) []warning {
	var all []warning
	for _, w := range v.Warnings() {
		all = append(all, warning{Field: w.Field, Message: w.Text})
	}
	return all
}

func (a *API) affiliates() resource[int64, affiliate.Affiliate] {
	return resource[int64, affiliate.Affiliate]{
		path: "affiliates", tag: "Affiliates", one: "affiliate", schema: "Affiliate", kind: kindNetwork,
		called:  "name",
		text:    "An affiliate sends visitors, and is paid for what they do.",
		example: `{"name":"Example Blog"}`,
		patch:   `{"status":"blocked"}`,
		table:   a.Affiliates,
		initial: func(int64) affiliate.Affiliate { return affiliate.Default() },
		key:     func(v affiliate.Affiliate) int64 { return v.ID },
		check:   func(v affiliate.Affiliate) error { return v.Validate() },
		filters: []filter[affiliate.Affiliate]{
			{"status", "Only those of this status.", func(v affiliate.Affiliate) string { return string(v.Status) }},
		},
		belongs: networkOnly[affiliate.Affiliate],
	}
}

func (a *API) offers() resource[int64, offer.Offer] {
	return resource[int64, offer.Offer]{
		path: "offers", tag: "Offers", one: "offer", schema: "Offer", kind: kindOffer,
		called: "name",
		text: "An offer says where visitors go, what counts as a conversion and what it earns. " +
			"Creating one makes its goal `default`. Affiliates see all but archived offers, and private ones that they are approved for, without revenue; " +
			"advertisers their own, without payout.",
		example: `{"advertiser_id":1,"name":"Spring sale","destination_url":"https://shop.example.com/?tid={transaction_id}","payout":{"type":"cpa","amount":"4.00"},"revenue":{"type":"cpa","amount":"6.00"},"caps":[{"metric":"conversions","period":"day","limit":"500"}],"targeting":{"countries":["DE","AT"],"block_bots":true}}`,
		patch:   `{"payout":{"amount":"4.50"},"click_window":"14d"}`,
		table:   a.Offers,
		initial: func(int64) offer.Offer { return offer.Default() },
		key:     func(v offer.Offer) int64 { return v.ID },
		check:   func(v offer.Offer) error { return v.Validate(a.Retention) },
		readers: []account.Role{account.Advertiser, account.Affiliate},
		owned:   []account.Role{account.Advertiser},
		filters: []filter[offer.Offer]{
			{"advertiser_id", "Only offers of this advertiser. Not for affiliates.", func(v offer.Offer) string { return number(v.AdvertiserID) }},
			{"status", "Only offers of this status.", func(v offer.Offer) string { return string(v.Status) }},
			{"access", "Only offers of this access.", func(v offer.Offer) string { return string(withAccess(v, false).Access) }},
			{"category", "Only offers of this category.", func(v offer.Offer) string { return v.Category }},
		},
		shown:  withAccess,
		beside: a.myAccess(),
		belongs: func(_ context.Context, who account.Principal, _ int64, v offer.Offer) (bool, error) {
			return a.seesOffer(who, &v), nil
		},
		fixed: func(before, after offer.Offer) error {
			var errs []error
			if before.AdvertiserID != after.AdvertiserID {
				errs = append(errs, fault.At("advertiser_id", "stays: what the offer has earned is booked to advertiser %d", before.AdvertiserID))
			}
			if before.Currency != after.Currency {
				errs = append(errs, fault.At("currency", "stays: what the offer has earned is in %s; create another offer", before.Currency))
			}
			return errors.Join(errs...)
		},
		warn: func(ctx context.Context, v offer.Offer) []warning {
			return append(offerWarnings(ctx, v), a.accessWarnings(&v)...)
		},
		templates: &templates{fields: []string{"destination_url", "fallback_url"}, in: tune.InOfferURL},
	}
}

// seesOffer reports whether an offer is the caller's to see: an advertiser its
// own, an affiliate all that it promotes or may ask for.
func (a *API) seesOffer(who account.Principal, v *offer.Offer) bool {
	if who.Role == account.Affiliate {
		return v.Status != offer.Archived && a.knowsOffer(who, v)
	}
	return who.Owns(v.AdvertiserID, 0)
}

// knowsOffer reports whether the caller may be told what an offer is called of
// which it has a record. Whoever sends a visitor to a private offer unasked has
// one, of a visitor who was turned away.
func (a *API) knowsOffer(who account.Principal, v *offer.Offer) bool {
	return who.Role != account.Affiliate || v.Access != offer.Private || a.admits(v, who.AffiliateID)
}

// withAccess names the access of an offer that was saved before there was any.
func withAccess(v offer.Offer, _ bool) offer.Offer {
	v.Access = cmp.Or(v.Access, offer.Open)
	return v
}

func offerWarnings(_ context.Context, v offer.Offer) []warning {
	var all []warning
	for _, w := range v.Warnings() {
		all = append(all, warning{Field: w.Field, Message: w.Text})
	}
	return all
}

func (a *API) goals() resource[int64, offer.Goal] {
	return resource[int64, offer.Goal]{
		path: "goals", under: "offers", tag: "Offers", one: "goal", schema: "Goal", kind: kindGoal,
		text:    "A goal is one step that a visitor may take, counted and paid on its own.",
		example: `{"code":"deposit","name":"First deposit","payout":{"type":"cpa","amount":"25.00"},"revenue":{"type":"cpa","amount":"40.00"},"dedupe":"once"}`,
		patch:   `{"name":"First deposit"}`,
		table:   a.Goals,
		initial: offer.NewGoal,
		key:     func(v offer.Goal) int64 { return v.ID },
		check:   func(v offer.Goal) error { return v.Validate() },
		readers: []account.Role{account.Advertiser, account.Affiliate},
		reach:   a.reachesOffer,
		belongs: func(ctx context.Context, who account.Principal, parent int64, v offer.Goal) (bool, error) {
			if v.OfferID != parent {
				return false, nil
			}
			return a.reachesOffer(ctx, who, parent)
		},
		fixed: func(before, after offer.Goal) error {
			if before.Is(offer.DefaultGoal) && !after.Is(offer.DefaultGoal) {
				return fault.At("code", "is meant by every postback that names no goal, and stays %s", offer.DefaultGoal)
			}
			return nil
		},
	}
}

func (a *API) reachesOffer(ctx context.Context, who account.Principal, id int64) (bool, error) {
	row, err := a.Offers.Get(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return a.seesOffer(who, &row.Value), nil
}

func (a *API) terms() resource[int64, offer.Term] {
	return resource[int64, offer.Term]{
		path: "terms", tag: "Terms", one: "term", schema: "Term", kind: kindNetwork,
		text:    "A term is a special price for an affiliate, a goal or a country, for a time. The one that fits most closely holds.",
		example: `{"offer_id":1,"affiliate_id":1,"country":"DE","payout":{"type":"cpa","amount":"5.00"},"note":"summer agreement"}`,
		patch:   `{"until":"2027-01-01T00:00:00Z"}`,
		table:   a.Terms,
		initial: func(int64) offer.Term { return offer.Term{} },
		key:     func(v offer.Term) int64 { return v.ID },
		check:   func(v offer.Term) error { return v.Validate() },
		filters: []filter[offer.Term]{
			{"offer_id", "Only terms of this offer.", func(v offer.Term) string { return number(v.OfferID) }},
			{"affiliate_id", "Only terms for this affiliate.", func(v offer.Term) string { return number(v.AffiliateID) }},
		},
		belongs: networkOnly[offer.Term],
	}
}

func networkOnly[T any](_ context.Context, who account.Principal, _ int64, _ T) (bool, error) {
	return who.IsNetwork(), nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
