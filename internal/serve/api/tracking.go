package api

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/link"
	"waybill/internal/offer"
)

// kit is what is pasted into other systems to promote and report an offer.
type kit struct {
	OfferID      int64         `json:"offer_id"`
	AffiliateID  int64         `json:"affiliate_id,omitempty"`
	TrackingLink string        `json:"tracking_link,omitempty" doc:"For the affiliate. aff_click_id, source and sub1 to sub10 may be added."`
	ShortLink    string        `json:"short_link,omitempty" doc:"A short link of this affiliate to this offer, if there is one."`
	Impression   string        `json:"impression_tag,omitempty" doc:"For the affiliate: an image for pages that show the offer. It takes the same parameters as the tracking link."`
	NotApproved  string        `json:"not_approved,omitempty" doc:"For the affiliate, where it may not promote the offer: why. There are no links for it then."`
	Pixels       string        `json:"browser_pixels,omitempty" doc:"For the affiliate, where its own browser pixels (postbacks of format image or iframe) cannot fire for this offer, or hardly: why."`
	Postbacks    []postbackKit `json:"postbacks,omitempty" doc:"For the advertiser, one for each goal. Not for affiliates."`
	Snippets     string        `json:"snippets,omitempty" doc:"Where the code for the advertiser's own systems is: for PHP, Node, Python, Go, curl, Google Tag Manager."`
}

// postbackKit is how an advertiser reports one goal.
type postbackKit struct {
	Goal         string `json:"goal"`
	URL          string `json:"url" doc:"To be put into the advertiser's system, which fills in what is in braces."`
	URLWithToken string `json:"url_with_token" doc:"The same with the advertiser's token, which postback_auth token asks for."`
	Curl         string `json:"curl" doc:"To try it: put a transaction ID of yours in."`
	Pixel        string `json:"pixel,omitempty" doc:"An image for the page that confirms the order, where the offer listens to pixels."`
	Frame        string `json:"frame,omitempty" doc:"The same as a frame, for pages that show no images of others."`
	SDK          string `json:"sdk,omitempty" doc:"For the site's pages, where the offer listens to the browser SDK."`
}

func (a *API) registerTracking(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/offers/{id}/links", id: "get-offer-links", tag: "Offers",
		summary: "Tracking link and postback URLs, ready to paste", out: schemaOf[kit](s),
		roles: []account.Role{account.Advertiser, account.Affiliate},
		text:  "Affiliates get their own links, advertisers the postbacks of their offers, the network both.",
	}, a.kit)
}

type kitIn struct {
	caller
	ID          int64 `path:"id" doc:"The offer's ID."`
	AffiliateID int64 `query:"affiliate_id" minimum:"1" doc:"Whose links; an affiliate's key means its own."`
}

func (a *API) kit(ctx context.Context, in *kitIn) (*answer, error) {
	who := in.who()
	o, err := a.offers().find(ctx, who, 0, in.ID)
	if err != nil {
		return nil, err
	}
	k := kit{OfferID: in.ID}
	if who.Role != account.Advertiser {
		if err := a.affiliateKit(ctx, who, &k, &o.Value, in.AffiliateID); err != nil {
			return nil, err
		}
	}
	if who.Role != account.Affiliate {
		if err := a.advertiserKit(ctx, who, &k, o.Value); err != nil {
			return nil, err
		}
	}
	return &answer{Body: k}, nil
}

func (a *API) affiliateKit(ctx context.Context, who account.Principal, k *kit, o *offer.Offer, affiliateID int64) error {
	if affiliateID == 0 {
		affiliateID = who.AffiliateID
	}
	if affiliateID == 0 {
		return nil
	}
	missing := fault.New(fault.NotFound, "there is no affiliate %d", affiliateID)
	if !who.Owns(0, affiliateID) {
		return missing
	}
	_, err := a.Affiliates.Get(ctx, affiliateID)
	if fault.Of(err) == fault.NotFound {
		return missing
	}
	if err != nil {
		return err
	}
	k.AffiliateID = affiliateID
	if !a.admits(o, affiliateID) {
		k.NotApproved = "The network has not approved this affiliate for the offer, whose access is " + string(o.Access) +
			": its visitors are turned away (not_approved)."
		return nil
	}
	base := a.PublicURL
	if domain := a.domainOf(o.AdvertiserID); domain != "" {
		base = "https://" + domain
	}
	whose := fmt.Sprintf("offer_id=%d&affiliate_id=%d", k.OfferID, affiliateID)
	k.TrackingLink = base + "/click?" + whose
	k.Impression = fmt.Sprintf(`<img src="%s" width="1" height="1" alt="" style="position:absolute">`, html.EscapeString(base+"/impression?"+whose))
	k.Pixels = a.pixelOutlook(ctx, o)
	code, err := a.shortLink(ctx, k.OfferID, affiliateID)
	if code != "" {
		k.ShortLink = base + "/c/" + url.PathEscape(code)
	}
	return err
}

// shortLink gives the code of an active short link, one without values of its
// own before others, empty when there is none.
func (a *API) shortLink(ctx context.Context, offerID, affiliateID int64) (string, error) {
	p, found := Page[string]{Limit: maxBatch, Offer: offerID, Affiliate: affiliateID}, ""
	for {
		rows, err := a.Links.List(ctx, p)
		if err != nil {
			return "", err
		}
		for _, row := range rows {
			found = better(found, row.Value)
		}
		if len(rows) < maxBatch {
			return found, nil
		}
		p.After = rows[len(rows)-1].Value.Code
	}
}

// better gives the code to be shown of one found before and a link.
func better(found string, l link.Link) string {
	if l.Status == link.Active && (found == "" || l.Query == "") {
		return l.Code
	}
	return found
}

func (a *API) advertiserKit(ctx context.Context, who account.Principal, k *kit, o offer.Offer) error {
	owner, err := a.Advertisers.Get(ctx, o.AdvertiserID)
	if err != nil {
		return err
	}
	if who.SecretsMasked() {
		owner.Value = hideSecrets(owner.Value)
	}
	goals, err := a.Goals.List(ctx, Page[int64]{Limit: maxBatch, Offer: o.ID})
	if err != nil {
		return err
	}
	k.Snippets = fmt.Sprintf("%s/offers/%d/snippets", prefix, o.ID)
	for _, row := range goals {
		one := a.postbackKit(row.Value, owner.Value.Token)
		if err := a.browserKit(&one, &o, &row.Value, &owner.Value); err != nil {
			return err
		}
		k.Postbacks = append(k.Postbacks, one)
	}
	return nil
}

func (a *API) postbackKit(g offer.Goal, token string) postbackKit {
	goal := ""
	if !g.Is(offer.DefaultGoal) {
		goal = "&goal=" + url.QueryEscape(g.Code)
	}
	secret := "&token=" + url.QueryEscape(token)
	base := a.PublicURL + "/postback?transaction_id="
	template := base + "{transaction_id}" + goal + "&amount={amount}&order_id={order_id}"
	return postbackKit{
		Goal: g.Code, URL: template, URLWithToken: template + secret,
		Curl: "curl '" + base + "TRANSACTION_ID" + goal + "&amount=59.90&order_id=A-1001" + secret + "'",
	}
}
