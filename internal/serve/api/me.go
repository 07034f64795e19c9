package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/user"
)

// meRecord says who calls, and what that one may do.
type meRecord struct {
	User         *meUser         `json:"user,omitempty" doc:"Who is logged in; left out for a key."`
	KeyID        int64           `json:"key_id,omitempty" doc:"The key that was sent; left out for a log-in."`
	Role         account.Role    `json:"role" enum:"network,advertiser,affiliate" doc:"Whose side it is that is seen."`
	Grade        account.Grade   `json:"grade,omitempty" enum:"owner,manager,analyst" doc:"On the network's side: how far it goes."`
	AdvertiserID int64           `json:"advertiser_id,omitempty"`
	AffiliateID  int64           `json:"affiliate_id,omitempty"`
	PartyName    string          `json:"party_name,omitempty" doc:"What that advertiser or affiliate is called."`
	Rights       []account.Right `json:"rights" doc:"read; write: change the catalog, conversions and deliveries; invite: the users of partners; audit: see who did what; administer: the network's users, keys, settings and domains."`
	ViewAs       bool            `json:"view_as" doc:"It looks with a partner's eyes."`
	Test         bool            `json:"test,omitempty" doc:"What it reports is test traffic."`
	Version      string          `json:"version" doc:"Of this server."`
	PublicURL    string          `json:"public_url" doc:"Where tracking links lead."`
}

// meUser is what somebody sees of themselves.
type meUser struct {
	ID     int64     `json:"id"`
	Email  string    `json:"email"`
	Name   string    `json:"name,omitempty"`
	Role   user.Role `json:"role" enum:"owner,manager,analyst,advertiser,affiliate"`
	Zone   string    `json:"zone,omitempty"`
	Locale string    `json:"locale,omitempty"`
	TOTP   bool      `json:"totp" doc:"Logs in with a code from an authenticator, too."`
}

func (a *API) registerMe(h huma.API, s *schemas) {
	type readIn struct{ caller }
	handle(h, route{
		method: http.MethodGet, path: prefix + "/me", id: "get-me", tag: "Administration",
		summary: "Who calls, and what that one may do", out: schemaOf[meRecord](s),
		roles: []account.Role{account.Advertiser, account.Affiliate},
	}, func(ctx context.Context, in *readIn) (*answer, error) { return a.me(ctx, in.who()) })
}

func (a *API) me(ctx context.Context, who account.Principal) (*answer, error) {
	m := meRecord{
		KeyID: who.KeyID, Role: who.Role, Grade: who.Grade, AdvertiserID: who.AdvertiserID, AffiliateID: who.AffiliateID,
		ViewAs: who.ViewAs, Test: who.Test, Version: a.Version, PublicURL: a.PublicURL,
	}
	for _, r := range account.Rights() {
		if who.May(r) {
			m.Rights = append(m.Rights, r)
		}
	}
	if p, ok := a.Catalog().Advertiser(who.AdvertiserID); ok {
		m.PartyName = p.Name
	}
	if p, ok := a.Catalog().Affiliate(who.AffiliateID); ok {
		m.PartyName = p.Name
	}
	if who.UserID != 0 {
		u, err := a.Users.User(ctx, who.UserID)
		if err != nil {
			return nil, err
		}
		m.User = &meUser{ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, Zone: u.Zone, Locale: u.Locale, TOTP: u.TOTP}
	}
	return &answer{Body: m}, nil
}
