package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/preset"
	"waybill/internal/receiver"
	"waybill/internal/tune"
)

func (a *API) subscriptions() resource[int64, delivery.Subscription] {
	return resource[int64, delivery.Subscription]{
		path: "postbacks", tag: "Postbacks", one: "postback", schema: "Postback", kind: kindSubscription,
		templates: &templates{fields: []string{"url", "headers", "body"}, in: tune.InPostback},
		text: "A postback tells an affiliate's tracker, an advertiser's system, an ad platform or the network's own systems of what becomes " +
			"of conversions. Partners manage their own, and those can hold only what their owner may know. " +
			"With `template` and `fill` it is made of a ready template (`GET templates/postbacks`); what the body says besides goes on top. " +
			"Secrets can be written, and are shown by their last four characters only: `secret` whole in the answer to its making and renewal, and never again.",
		example: `{"owner":{"affiliate_id":1},"on":["conversion.created","conversion.rejected"],"url":"https://tracker.example.com/postback?cid={aff_click_id}&payout={payout}&status={status}"}`,
		patch:   `{"status":"paused"}`,
		table:   a.Subscriptions,
		initial: func(int64) delivery.Subscription { return delivery.Default() },
		expand:  fromTemplate,
		made: map[string]*huma.Schema{"fill": {
			Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString},
			Description: "What goes into the fields of `template`, by their names (`GET templates/postbacks`).",
		}},
		open:    []string{"owner"},
		key:     func(v delivery.Subscription) int64 { return v.ID },
		check:   receiver.Validate,
		readers: []account.Role{account.Advertiser, account.Affiliate},
		writers: []account.Role{account.Advertiser, account.Affiliate},
		owned:   []account.Role{account.Advertiser, account.Affiliate},
		called:  "name or the URL's host",
		filters: []filter[delivery.Subscription]{
			{"offer_id", "Only those for this offer.", func(v delivery.Subscription) string { return number(v.OfferID) }},
			{"affiliate_id", "Only this affiliate's.", func(v delivery.Subscription) string { return number(v.Owner.AffiliateID) }},
			{"advertiser_id", "Only this advertiser's.", func(v delivery.Subscription) string { return number(v.Owner.AdvertiserID) }},
			{"status", "Only those of this status.", func(v delivery.Subscription) string { return string(v.Status) }},
			{"format", "Only those of this format.", func(v delivery.Subscription) string { return string(v.Format) }},
		},
		belongs: func(_ context.Context, who account.Principal, _ int64, v delivery.Subscription) (bool, error) {
			return owns(who, v.Owner), nil
		},
		own: func(who account.Principal, v *delivery.Subscription) {
			if v.Owner == (delivery.Owner{}) {
				v.Owner = ownerOf(who)
			}
		},
		complete: completeSubscription,
		fixed: func(before, after delivery.Subscription) error {
			if before.Owner != after.Owner {
				return fault.At("owner", "stays: what was owed to one must not be shown to another")
			}
			return nil
		},
		adjust: adjustSubscription,
		shown: func(v delivery.Subscription, made bool) delivery.Subscription {
			return showSubscription(v, made, a.now())
		},
		warn: a.subscriptionWarnings,
	}
}

// fromTemplate makes the beginning of a subscription of the ready template that
// the body names, and gives the rest of the body. A template is used when fields
// are filled in, or when there is no URL: a subscription that was made of one and
// is sent whole is a plain one.
func fromTemplate(body []byte) (delivery.Subscription, []byte, error) {
	s := delivery.Default()
	var asked struct {
		Template json.RawMessage `json:"template"`
		Fill     json.RawMessage `json:"fill"`
		URL      json.RawMessage `json:"url"`
	}
	object := json.Unmarshal(body, &asked) == nil // what is none is reported with all else
	if !object || asked.Fill == nil && (asked.Template == nil || asked.URL != nil) {
		return s, body, nil
	}
	var key string
	if json.Unmarshal(asked.Template, &key) != nil || key == "" {
		return s, nil, fault.At("template", "is missing, and fill fills in a template's fields; see GET templates/postbacks")
	}
	var fields map[string]string
	if asked.Fill != nil && json.Unmarshal(asked.Fill, &fields) != nil {
		return s, nil, fault.At("fill", "must be an object of strings: the template's fields by name")
	}
	t, err := preset.Find(key)
	if err != nil {
		return s, nil, fault.Within("template", err)
	}
	if s, err = t.Fill(fields); err != nil {
		return s, nil, fault.Within("fill", err)
	}
	o, err := parseObject(body)
	if err != nil {
		return s, nil, err
	}
	rest, err := o.without("fill").MarshalJSON()
	return s, rest, err
}

// completeSubscription fills in what a subscription leaves open.
func completeSubscription(v *delivery.Subscription) error {
	receiver.Complete(v)
	if v.Status != delivery.Disabled {
		v.DisabledAt, v.DisabledReason = time.Time{}, ""
	}
	if !receiver.NeedsSecret(*v) {
		return nil
	}
	var err error
	v.Secret, err = receiver.NewSecret(rand.Reader)
	return err
}

// adjustSubscription puts hidden secrets back, and refuses what is not the
// client's to set. before is the default for a new one.
func adjustSubscription(who account.Principal, before delivery.Subscription, v *delivery.Subscription) error {
	if v.ShareVisitor != before.ShareVisitor && !who.IsNetwork() {
		return fault.New(fault.Forbidden, "share_visitor is for the network to set: it tells the visitor's address and user agent")
	}
	if v.Status == delivery.Disabled && before.Status != delivery.Disabled {
		return fault.At("status", "is made disabled by Waybill alone, when the receiver wants no more; use paused")
	}
	return receiver.Restore(before, v)
}

// showSubscription gives a subscription as it is shown. One that was made just
// now shows its secret.
func showSubscription(v delivery.Subscription, made bool, now time.Time) delivery.Subscription {
	secret := v.Secret
	if !v.PreviousUntil.After(now) {
		v.PreviousSecret, v.PreviousUntil = "", time.Time{}
	}
	v = receiver.Redact(v)
	if made {
		v.Secret = secret
	}
	return v
}

func (a *API) subscriptionWarnings(ctx context.Context, v delivery.Subscription) []warning {
	var all []warning
	for _, w := range receiver.Warnings(v) {
		all = append(all, warning{Field: w.Field, Message: w.Text})
	}
	all = append(all, a.scopeWarnings(ctx, &v)...)
	return append(all, a.pixelWarnings(ctx, &v)...)
}

// owns reports whether a subscription is the caller's. One with several owners
// is nobody's but the network's, which is told that it is wrong.
func owns(who account.Principal, o delivery.Owner) bool {
	return who.IsNetwork() || o == ownerOf(who)
}

// ownerOf gives the owner that a partner's subscriptions have. The network's
// are named as such by whoever creates them.
func ownerOf(who account.Principal) delivery.Owner {
	switch who.Role {
	case account.Affiliate:
		return delivery.Owner{AffiliateID: who.AffiliateID}
	case account.Advertiser:
		return delivery.Owner{AdvertiserID: who.AdvertiserID}
	case account.Network, account.Publishable:
		return delivery.Owner{}
	}
	return delivery.Owner{}
}
