package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/link"
)

// mostLinks is how many short links an affiliate makes itself. Those that it has
// deleted count, since their codes stay taken. It is held by what this node knows,
// so that a few more may be made at once.
const mostLinks = 5000

func (a *API) links() resource[string, link.Link] {
	return resource[string, link.Link]{
		path: "links", tag: "Links", one: "link", schema: "Link", kind: kindLink,
		called: "code",
		open:   []string{"code"},
		text: "A short link stands for an offer, an affiliate and values to see again. Its code never changes meaning; it is retired, not reused. " +
			"Affiliates see and manage their own, to offers that they may promote, up to " + strconv.Itoa(mostLinks) + " of them; `affiliate_id` is theirs when left out.",
		example: `{"code":"summer","offer_id":1,"affiliate_id":1,"query":"source=newsletter&sub1=may"}`,
		patch:   `{"status":"retired"}`,
		table:   a.Links,
		initial: func(int64) link.Link { return link.Default() },
		key:     func(v link.Link) string { return v.Code },
		check:   func(v link.Link) error { return v.Validate() },
		readers: []account.Role{account.Affiliate},
		writers: []account.Role{account.Affiliate},
		filters: []filter[link.Link]{
			{"offer_id", "Only links to this offer.", func(v link.Link) string { return number(v.OfferID) }},
			{"affiliate_id", "Only links of this affiliate.", func(v link.Link) string { return number(v.AffiliateID) }},
			{"status", "Only links of this status.", func(v link.Link) string { return string(v.Status) }},
		},
		owned: []account.Role{account.Affiliate},
		belongs: func(_ context.Context, who account.Principal, _ int64, v link.Link) (bool, error) {
			return who.Owns(0, v.AffiliateID), nil
		},
		gone: func(v link.Link) bool { return v.Status == link.Deleted },
		own: func(who account.Principal, v *link.Link) {
			if v.AffiliateID == 0 && who.Role == account.Affiliate {
				v.AffiliateID = who.AffiliateID
			}
		},
		adjust: a.mayLink,
		complete: func(v *link.Link) (err error) {
			if v.Code == "" {
				v.Code, err = link.DrawCode(rand.Reader)
			}
			return err
		},
		fixed: fixedLink,
	}
}

// mayLink refuses an affiliate a link to an offer that it may not promote, new or
// made active again, and more links than one may have. The network may make any.
func (a *API) mayLink(who account.Principal, before link.Link, v *link.Link) error {
	isNew := before.OfferID == 0
	if who.Role != account.Affiliate || !isNew && (before.Status == v.Status || v.Status != link.Active) {
		return nil
	}
	if isNew && a.Catalog().LinksOf(who.AffiliateID) >= mostLinks {
		return fault.New(fault.Conflict, "there are %d links of yours, the most that an affiliate makes itself, deleted ones included; change one, or ask the network", mostLinks)
	}
	o, ok := a.Catalog().Offer(v.OfferID)
	switch {
	case v.OfferID == 0:
		return nil // is told as missing
	case !ok || !a.seesOffer(who, &o.Offer):
		return fault.At("offer_id", "there is no offer %d", v.OfferID)
	case !a.admits(&o.Offer, who.AffiliateID):
		return fault.At("offer_id", "you are not approved for offer %d, so that visitors would be turned away; ask by POST %s/offers/%d/access", v.OfferID, prefix, v.OfferID)
	default:
		return nil
	}
}

// fixedLink keeps a link's meaning: it lives on in places nobody can edit.
func fixedLink(before, after link.Link) error {
	if before.Status == link.Deleted { // meanwhile, by somebody else
		return fault.New(fault.NotFound, "there is no link %s", before.Code)
	}
	var errs []error
	for _, f := range []struct {
		name string
		same bool
	}{
		{"code", before.Code == after.Code},
		{"offer_id", before.OfferID == after.OfferID},
		{"affiliate_id", before.AffiliateID == after.AffiliateID},
	} {
		if !f.same {
			errs = append(errs, fault.At(f.name, "stays; retire this link and create another"))
		}
	}
	return errors.Join(errs...)
}

func (a *API) registerLinks(h huma.API, s *schemas) {
	r := a.links()
	r.mount(a, h, s)
	handle(h, route{
		method: http.MethodDelete, path: prefix + "/links/{id}", id: "delete-link", tag: r.tag,
		summary: "Delete a link", roles: r.writers, out: ref(r.schema),
		text: "For good: it leaves every list, and who follows it goes to the fallback, as with a retired one. Its code is never used again. " +
			"What it has brought stays in reports, and is paid.",
	}, a.deleteLink)
}

// deleteLink answers with the link as it was last.
func (a *API) deleteLink(ctx context.Context, in *oneIn[string]) (*answer, error) {
	r, who := a.links(), in.who()
	was, err := r.find(ctx, who, 0, in.ID)
	if err != nil {
		return nil, err
	}
	_, err = a.Links.Update(ctx, who, in.ID, 0, func(v *link.Link) error {
		if v.Status == link.Deleted { // meanwhile, by somebody else
			return r.missing(in.ID)
		}
		v.Status = link.Deleted
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.changed(ctx)
	o, err := r.show(who, was)
	return &answer{Body: o}, err
}
