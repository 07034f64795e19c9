package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/snippet"
)

// snippets is the code that an advertiser pastes to report one goal.
type snippets struct {
	OfferID      int64             `json:"offer_id"`
	Goal         string            `json:"goal" doc:"The goal's code."`
	PostbackAuth advertiser.Auth   `json:"postback_auth" doc:"The proof that the servers' snippets bring: off, token or signature."`
	Snippets     []snippet.Snippet `json:"snippets"`
}

func (a *API) registerSnippets(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/offers/{id}/snippets", id: "get-offer-snippets", tag: "Offers",
		summary: "Code to report conversions, ready to paste", out: schemaOf[snippets](s),
		roles: []account.Role{account.Advertiser},
		text: "For PHP, Node, Python, Go, curl, pixels, the browser SDK and Google Tag Manager, with the offer's values filled in. " +
			"Only what the offer's `channels` list. The advertiser's `postback_auth` says whether the token or a signature is in it.",
	}, a.snippets)
}

type snippetsIn struct {
	caller
	ID      int64  `path:"id" doc:"The offer's ID."`
	Goal    string `query:"goal" doc:"A goal's code; the goal default when left out."`
	Secrets string `query:"secrets" enum:"show,hide" default:"show" doc:"hide: a placeholder stands where the token or secret belongs, for code that is passed on."`
}

func (a *API) snippets(ctx context.Context, in *snippetsIn) (*answer, error) {
	o, err := a.offers().find(ctx, in.who(), 0, in.ID)
	if err != nil {
		return nil, err
	}
	owner, err := a.Advertisers.Get(ctx, o.Value.AdvertiserID)
	if err != nil {
		return nil, err
	}
	goal, err := a.goalCalled(ctx, in.ID, in.Goal)
	if err != nil {
		return nil, err
	}
	v := a.snippetValues(&o.Value, goal, &owner.Value)
	if in.Secrets == "hide" || in.who().SecretsMasked() {
		v.HideSecrets()
	}
	list, err := snippet.Render(v, o.Value.Hears)
	if err != nil {
		return nil, err
	}
	return &answer{Body: snippets{OfferID: in.ID, Goal: goal.Code, PostbackAuth: owner.Value.PostbackAuth, Snippets: list}}, nil
}

// goalCalled gives an offer's goal by its code, the default goal when it is
// empty.
func (a *API) goalCalled(ctx context.Context, offerID int64, code string) (*offer.Goal, error) {
	if code == "" {
		code = offer.DefaultGoal
	}
	goals, err := a.Goals.List(ctx, Page[int64]{Limit: maxBatch, Offer: offerID})
	if err != nil {
		return nil, err
	}
	for _, row := range goals {
		if row.Value.Is(code) {
			return &row.Value, nil
		}
	}
	return nil, fault.New(fault.NotFound, "offer %d has no goal %.64q", offerID, code)
}

func (a *API) snippetValues(o *offer.Offer, g *offer.Goal, owner *advertiser.Advertiser) snippet.Values {
	return snippet.For(o, g, owner, a.PublicURL, a.domainOf(owner.ID))
}

// domainOf gives the first active tracking domain of an advertiser, empty when
// there is none.
func (a *API) domainOf(advertiserID int64) string {
	for d := range a.Catalog().Domains() {
		if d.AdvertiserID == advertiserID && d.Status == host.Active {
			return d.Host
		}
	}
	return ""
}

// browserKit adds what pages report a goal by.
func (a *API) browserKit(k *postbackKit, o *offer.Offer, g *offer.Goal, owner *advertiser.Advertiser) error {
	list, err := snippet.Render(a.snippetValues(o, g, owner), func(channel string) bool {
		return channel != string(signal.Postback) && o.Hears(channel)
	})
	for _, s := range list {
		switch s.ID {
		case "image":
			k.Pixel = s.Code
		case "iframe":
			k.Frame = s.Code
		case "sdk":
			k.SDK = s.Code
		}
	}
	return err
}
