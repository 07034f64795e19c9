package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/offer"
	"waybill/internal/partner"
)

// measurements is how apps' installs are reported.
type measurements struct {
	Data    []partner.Measurement `json:"data"`
	Warning string                `json:"warning,omitempty" doc:"Why the postbacks of this offer would be refused."`
}

// unsigned warns of an advertiser whose postbacks must be signed.
const unsigned = "the advertiser's postback_auth is signature, and measurement partners cannot sign: set it to token, or to off with the partner's addresses in ip_allow"

func (a *API) registerTemplates(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/templates/measurement", id: "list-measurement-templates", tag: "Offers",
		summary: "Links and postbacks for measurement partners of apps", out: schemaOf[measurements](s),
		roles: []account.Role{account.Advertiser},
		text: "For AppsFlyer, Adjust, Branch, Kochava and Singular, as they publish them. With an offer, its advertiser's token is filled in " +
			"where postback_auth asks for one, and the goal of the install.",
	}, a.measurementTemplates)
}

type templatesIn struct {
	caller
	OfferID int64  `query:"offer_id" minimum:"1" doc:"Whose token and goal are filled in."`
	Goal    string `query:"goal" doc:"The code of the install's goal; the goal default when left out. Needs offer_id."`
}

func (a *API) measurementTemplates(ctx context.Context, in *templatesIn) (*answer, error) {
	v, warning := partner.Values{URL: a.PublicURL}, ""
	if in.OfferID != 0 {
		o, err := a.offers().find(ctx, in.who(), 0, in.OfferID)
		if err != nil {
			return nil, err
		}
		owner, err := a.Advertisers.Get(ctx, o.Value.AdvertiserID)
		if err != nil {
			return nil, err
		}
		goal, err := a.goalCalled(ctx, in.OfferID, in.Goal)
		if err != nil {
			return nil, err
		}
		if !goal.Is(offer.DefaultGoal) {
			v.Goal = goal.Code
		}
		switch owner.Value.PostbackAuth {
		case advertiser.AuthToken:
			v.Token = owner.Value.Token
		case advertiser.AuthSignature:
			warning = unsigned
		case advertiser.AuthOff:
		}
	}
	return &answer{Body: measurements{Data: partner.Measurements(v), Warning: warning}}, nil
}
