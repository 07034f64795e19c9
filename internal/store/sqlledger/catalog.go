package sqlledger

import (
	"cmp"
	"context"
	"strings"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/receiver"
)

// Advertisers is the table of advertisers.
func (db *DB) Advertisers() *Table[int64, advertiser.Advertiser] {
	return &Table[int64, advertiser.Advertiser]{db: db, entity: entity[int64, advertiser.Advertiser]{
		name: "advertiser", noun: "advertiser", key: "id", columns: "name, status",
		called: []string{"name"},
		values: func(a *advertiser.Advertiser) []any { return []any{a.Name, string(a.Status)} },
		id:     func(a *advertiser.Advertiser) *int64 { return &a.ID },
		hide: func(a *advertiser.Advertiser) {
			a.Token, a.SigSecret = hidden(a.Token), hidden(a.SigSecret)
			a.PreviousToken, a.PreviousSigSecret = hidden(a.PreviousToken), hidden(a.PreviousSigSecret)
		},
	}}
}

// hidden stands for a secret where it may only be seen that there is one.
func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return "(set)"
}

// Affiliates is the table of affiliates.
func (db *DB) Affiliates() *Table[int64, affiliate.Affiliate] {
	return &Table[int64, affiliate.Affiliate]{db: db, entity: entity[int64, affiliate.Affiliate]{
		name: "affiliate", noun: "affiliate", key: "id", columns: "name, status", most: affiliate.MaxID,
		called: []string{"name"},
		values: func(a *affiliate.Affiliate) []any { return []any{a.Name, string(a.Status)} },
		id:     func(a *affiliate.Affiliate) *int64 { return &a.ID },
	}}
}

// Offers is the table of offers. A new one gets its goal "default".
func (db *DB) Offers() *Table[int64, offer.Offer] {
	return &Table[int64, offer.Offer]{db: db, entity: entity[int64, offer.Offer]{
		name: "offer", noun: "offer", key: "id", columns: "advertiser_id, name, status", most: offer.MaxID,
		called: []string{"name"},
		values: func(o *offer.Offer) []any { return []any{o.AdvertiserID, o.Name, string(o.Status)} },
		id:     func(o *offer.Offer) *int64 { return &o.ID },
		parents: func(o *offer.Offer) []parent {
			return []parent{{field: "advertiser_id", table: "advertiser", noun: "advertiser", id: o.AdvertiserID}}
		},
		created: func(ctx context.Context, db *DB, s session, o *offer.Offer) error {
			goal := offer.NewGoal(o.ID)
			goal.Code = offer.DefaultGoal
			_, err := db.Goals().create(ctx, s, goal)
			return err
		},
	}}
}

// Goals is the table of goals; Parent is the offer.
func (db *DB) Goals() *Table[int64, offer.Goal] {
	return &Table[int64, offer.Goal]{db: db, entity: entity[int64, offer.Goal]{
		name: "goal", noun: "goal", key: "id", columns: "offer_id, code",
		values: func(g *offer.Goal) []any { return []any{g.OfferID, g.Code} },
		id:     func(g *offer.Goal) *int64 { return &g.ID },
		parents: func(g *offer.Goal) []parent {
			return []parent{{field: "offer_id", table: "offer", noun: "offer", id: g.OfferID}}
		},
		unique: func(g *offer.Goal) error {
			return taken("code", "offer %d has a goal %q already", g.OfferID, g.Code)
		},
	}}
}

// taken is the fault of a value that must be unique and is there already.
func taken(field, format string, args ...any) error {
	return &fault.Error{Kind: fault.Conflict, Field: field, Text: fault.New(fault.Conflict, format, args...).Error()}
}

// Terms is the table of special prices; Parent is the offer.
func (db *DB) Terms() *Table[int64, offer.Term] {
	return &Table[int64, offer.Term]{db: db, entity: entity[int64, offer.Term]{
		name: "term", noun: "term", key: "id", columns: "offer_id, affiliate_id",
		values: func(t *offer.Term) []any { return []any{t.OfferID, orNull(t.AffiliateID)} },
		id:     func(t *offer.Term) *int64 { return &t.ID },
		parents: func(t *offer.Term) []parent {
			return append([]parent{{field: "offer_id", table: "offer", noun: "offer", id: t.OfferID}},
				ifSet("affiliate_id", "affiliate", t.AffiliateID)...)
		},
	}}
}

// orNull is how a reference is kept that may be left open.
func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// ifSet gives the parent that a reference names, none if it is left open.
func ifSet(field, table string, id int64) []parent {
	if id == 0 {
		return nil
	}
	return []parent{{field: field, table: table, noun: table, id: id}}
}

// Links is the table of short links, by code; Parent is the offer.
func (db *DB) Links() *Table[string, link.Link] {
	return &Table[string, link.Link]{db: db, entity: entity[string, link.Link]{
		name: "link", noun: "link", key: "code", columns: "offer_id, affiliate_id, status", dated: true,
		called: []string{"code"},
		values: func(l *link.Link) []any { return []any{l.OfferID, l.AffiliateID, string(l.Status)} },
		id:     func(l *link.Link) *string { return &l.Code },
		parents: func(l *link.Link) []parent {
			return []parent{
				{field: "offer_id", table: "offer", noun: "offer", id: l.OfferID},
				{field: "affiliate_id", table: "affiliate", noun: "affiliate", id: l.AffiliateID},
			}
		},
		unique: func(l *link.Link) error { return taken("code", "the link %q is there already", l.Code) },
	}}
}

// Domains is the table of advertisers' tracking domains; Parent is the
// advertiser.
func (db *DB) Domains() *Table[int64, host.Domain] {
	return &Table[int64, host.Domain]{db: db, entity: entity[int64, host.Domain]{
		name: "domain", noun: "domain", key: "id", columns: "advertiser_id, host, status",
		called: []string{"host"},
		values: func(d *host.Domain) []any { return []any{d.AdvertiserID, d.Host, string(d.Status)} },
		id:     func(d *host.Domain) *int64 { return &d.ID },
		parents: func(d *host.Domain) []parent {
			return []parent{{field: "advertiser_id", table: "advertiser", noun: "advertiser", id: d.AdvertiserID}}
		},
		unique: func(d *host.Domain) error { return taken("host", "there is a domain %s already", d.Host) },
	}}
}

// Coupons is the table of affiliates' coupons; Parent is the offer.
func (db *DB) Coupons() *Table[int64, coupon.Coupon] {
	return &Table[int64, coupon.Coupon]{db: db, entity: entity[int64, coupon.Coupon]{
		name: "coupon", noun: "coupon", key: "id", columns: "offer_id, affiliate_id, code_key, status",
		called: []string{"code_key"},
		values: func(c *coupon.Coupon) []any {
			return []any{c.OfferID, c.AffiliateID, coupon.Fold(c.Code), string(c.Status)}
		},
		id: func(c *coupon.Coupon) *int64 { return &c.ID },
		parents: func(c *coupon.Coupon) []parent {
			return []parent{
				{field: "offer_id", table: "offer", noun: "offer", id: c.OfferID},
				{field: "affiliate_id", table: "affiliate", noun: "affiliate", id: c.AffiliateID},
			}
		},
		unique: func(c *coupon.Coupon) error {
			return taken("code", "offer %d has a coupon %q already", c.OfferID, c.Code)
		},
	}}
}

// hostOf gives where a template of a URL leads, for those who look for it. Nothing
// behind the host is looked in: keys may stand there.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(strings.ReplaceAll(rest, "?", "/"), "/")
	return host
}

// Subscriptions is the table of those who want to hear of conversions.
func (db *DB) Subscriptions() *Table[int64, delivery.Subscription] {
	return &Table[int64, delivery.Subscription]{db: db, entity: entity[int64, delivery.Subscription]{
		name: "subscription", noun: "postback subscription", key: "id",
		columns: "advertiser_id, affiliate_id, offer_id, status, backlog, name, host",
		called:  []string{"name", "host"},
		values: func(u *delivery.Subscription) []any {
			return []any{
				orNull(u.Owner.AdvertiserID), orNull(u.Owner.AffiliateID), orNull(u.OfferID), string(u.Status),
				string(cmp.Or(u.Backlog, delivery.Oldest)), u.Name, hostOf(u.URL),
			}
		},
		id:   func(u *delivery.Subscription) *int64 { return &u.ID },
		hide: func(u *delivery.Subscription) { *u = receiver.Redact(*u) },
		parents: func(u *delivery.Subscription) []parent {
			p := ifSet("owner.advertiser_id", "advertiser", u.Owner.AdvertiserID)
			p = append(p, ifSet("owner.affiliate_id", "affiliate", u.Owner.AffiliateID)...)
			return append(p, ifSet("offer_id", "offer", u.OfferID)...)
		},
	}}
}
