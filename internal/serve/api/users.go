package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// UserList asks for up to Limit people behind After, by their IDs, or with Newest
// who was invited last first. Advertiser and Affiliate leave those who are with this
// one, Find those who are called so, as in Page.
type UserList struct {
	After                 int64
	Limit                 int
	Newest                bool
	Advertiser, Affiliate int64
	Find                  string
}

// Users keeps the people who log in.
type Users interface {
	User(ctx context.Context, id int64) (user.User, error)
	FindUsers(ctx context.Context, l UserList) ([]user.User, error)
	CreateUser(ctx context.Context, by account.Principal, u user.User) (user.User, error)
	// UpdateUser gives the error of change as it is. The last owner stays one:
	// fault.Conflict.
	UpdateUser(ctx context.Context, by account.Principal, id int64, change func(*user.User) error) (user.User, error)
	RemoveUser(ctx context.Context, by account.Principal, id int64, allowed func(user.User) error) error
}

// Sent is a link for one person, and whether it went out by mail.
type Sent struct {
	Link   string
	Mailed bool
}

// linkField is where a link stands in an answer, once.
const linkField = "link"

// sentRecord is what became of a link.
type sentRecord struct {
	Link   string `json:"link" doc:"To be passed on to the person, and to nobody else. It is good once, and shown once."`
	Mailed bool   `json:"mailed" doc:"It was sent to the person by mail, too."`
}

// invitedRecord is somebody new.
type invitedRecord struct {
	user.User
	sentRecord
}

// registerPeople adds what is about callers, and what they did.
func (a *API) registerPeople(h huma.API, s *schemas) {
	a.registerMe(h, s)
	a.registerUsers(h, s)
	a.registerAudit(h, s)
}

func (a *API) registerUsers(h huma.API, s *schemas) {
	const path = prefix + "/users"
	const hand = " Pass the link on, where no mail is sent. A manager does so for people of advertisers and affiliates only."
	read, create, change := s.document("User", user.Default())
	sent := schemaOf[sentRecord](s)
	handle(h, route{
		method: http.MethodGet, path: path, id: "list-users", tag: "Administration", right: account.Invite,
		summary: "List the people who log in", out: s.list("UserList", read),
		filters: []filterDoc{findParam("name or the e-mail address")},
	}, a.listUsers)
	handle(h, route{
		method: http.MethodPost, path: path, id: "invite-user", tag: "Administration", right: account.Invite, confirm: true, status: http.StatusCreated,
		summary: "Invite somebody", in: create, out: schemaOf[invitedRecord](s),
		example: `{"email":"jane@example.com","role":"affiliate","affiliate_id":1}`,
		text:    "The answer has a link, good once and for 7 days, by which the person sets a password." + hand,
	}, a.inviteUser)
	handle(h, route{
		method: http.MethodPatch, path: path + "/{id}", id: "change-user", tag: "Administration", right: account.Invite,
		summary: "Change a user", in: change, out: read, example: `{"role":"manager"}`,
		text: "Whoever is disabled is logged out at once. The last owner who can log in stays one. By the rules of JSON Merge Patch (RFC 7396).\n\n" +
			"For another e-mail address, role, partner or status: " + confirmText,
	}, a.changeUser)
	handle(h, route{
		method: http.MethodDelete, path: path + "/{id}", id: "remove-user", tag: "Administration", right: account.Invite, confirm: true,
		summary: "Remove a user", out: read, text: "For good. The audit keeps the name.",
	}, a.removeUser)
	handle(h, route{
		method: http.MethodPost, path: path + "/{id}/invite", id: "invite-user-again", tag: "Administration", right: account.Invite, confirm: true,
		summary: "Invite somebody again", out: sent, text: "With a new link; the one before is of no use any more." + hand,
	}, func(ctx context.Context, in *oneIn[int64]) (*answer, error) {
		return a.sendLink(ctx, &in.caller, in.ID, user.LinkInvitation)
	})
	handle(h, route{
		method: http.MethodPost, path: path + "/{id}/reset", id: "reset-user", tag: "Administration", right: account.Invite, confirm: true,
		summary: "Let a user set a new password", out: sent,
		text: "By a link that is good once and for an hour. The old password stays good until then." + hand,
	}, func(ctx context.Context, in *oneIn[int64]) (*answer, error) {
		return a.sendLink(ctx, &in.caller, in.ID, user.LinkReset)
	})
}

type usersIn struct {
	caller
	Ordered
	AdvertiserID int64 `query:"advertiser_id" doc:"Only people of this advertiser."`
	AffiliateID  int64 `query:"affiliate_id" doc:"Only people of this affiliate."`
}

func (a *API) listUsers(ctx context.Context, in *usersIn) (*answer, error) {
	after, err := parseOrdered[int64](in.Ordered)
	if err != nil {
		return nil, err
	}
	find, err := findOf(in.x.r.URL.Query())
	if err != nil {
		return nil, err
	}
	all, err := a.Users.FindUsers(ctx, UserList{
		After: after, Limit: in.Limit + 1, Newest: in.newest(), Advertiser: in.AdvertiserID, Affiliate: in.AffiliateID, Find: find,
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = orderedCursor(in.Ordered, all[in.Limit-1].ID)
	}
	return answerList(all, next, func(u *user.User) (object, error) { return objectOf(u) })
}

func (a *API) inviteUser(ctx context.Context, in *makeIn) (*answer, error) {
	u := user.Default()
	if err := merge(&u, user.Default(), in.RawBody); err != nil {
		return nil, err
	}
	if err := checkUser(&u); err != nil {
		return nil, err
	}
	if err := manages(in.who(), u.Role); err != nil {
		return nil, err
	}
	u, err := a.Users.CreateUser(ctx, in.who(), u)
	if err != nil {
		return nil, err
	}
	sent, err := a.link(ctx, &in.caller, u, user.LinkInvitation)
	if err != nil {
		return nil, fmt.Errorf("user %d is there; the invitation is not: %w", u.ID, err)
	}
	return &answer{
		Location: fmt.Sprintf("%s/users/%d", prefix, u.ID),
		Body:     invitedRecord{User: u, sentRecord: sentRecord(sent)},
	}, nil
}

// checkUser puts a user into the form that is kept, and reports what is wrong.
func checkUser(u *user.User) error {
	u.Email = user.FoldEmail(u.Email)
	var zone error
	if _, err := time.LoadLocation(u.Zone); err != nil || u.Zone == "Local" {
		zone = fault.At("zone", "there is no time zone %.40q; use one such as Europe/Berlin", u.Zone)
	}
	return errors.Join(u.Validate(), zone)
}

// manages refuses those who may not look after people of a role.
func manages(who account.Principal, r user.Role) error {
	if user.MayManage(who, r) {
		return nil
	}
	return fault.New(fault.Forbidden, "people of the network's own are looked after by an owner")
}

func (a *API) changeUser(ctx context.Context, in *changeIn[int64]) (*answer, error) {
	u, err := a.Users.UpdateUser(ctx, in.who(), in.ID, func(u *user.User) error {
		if err := manages(in.who(), u.Role); err != nil {
			return err
		}
		before := *u
		if err := merge(u, user.Default(), in.RawBody); err != nil {
			return err
		}
		if err := checkUser(u); err != nil {
			return err
		}
		if err := manages(in.who(), u.Role); err != nil || !letsInAnother(before, *u) {
			return err
		}
		return confirmedLately(in.who())
	})
	if err != nil {
		return nil, noUser(err, in.ID)
	}
	return &answer{Body: u}, nil
}

// letsInAnother reports whether a change makes somebody else of a person, lets one
// in who was out, or shuts one out.
func letsInAnother(before, after user.User) bool {
	return before.Email != after.Email || before.Role != after.Role || before.Status != after.Status ||
		before.AdvertiserID != after.AdvertiserID || before.AffiliateID != after.AffiliateID
}

func (a *API) removeUser(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	var removed user.User
	err := a.Users.RemoveUser(ctx, in.who(), in.ID, func(u user.User) error {
		removed = u
		return manages(in.who(), u.Role)
	})
	if err != nil {
		return nil, noUser(err, in.ID)
	}
	removed.Status = user.Disabled
	return &answer{Body: removed}, nil
}

func (a *API) sendLink(ctx context.Context, c *caller, id int64, kind user.LinkKind) (*answer, error) {
	u, err := a.Users.User(ctx, id)
	if err != nil {
		return nil, noUser(err, id)
	}
	if err := manages(c.who(), u.Role); err != nil {
		return nil, err
	}
	if kind == user.LinkInvitation && u.JoinedAt != nil {
		return nil, fault.New(fault.Conflict, "user %d has accepted an invitation already; let them set a new password instead", id)
	}
	sent, err := a.link(ctx, c, u, kind)
	if err != nil {
		return nil, err
	}
	return &answer{Body: sentRecord(sent)}, nil
}

// link makes a link, to be shown once. Whose it is is looked at once more before: a
// manager must not hold that of somebody who was made one of the network's meanwhile.
func (a *API) link(ctx context.Context, c *caller, u user.User, kind user.LinkKind) (Sent, error) {
	sent, err := a.Invite(ctx, c.who(), u, kind, a.consoleURL(c.x.r))
	if err != nil {
		return Sent{}, err
	}
	if u, err = a.Users.User(ctx, u.ID); err != nil {
		return Sent{}, noUser(err, u.ID)
	}
	c.x.hidden = linkField
	return sent, manages(c.who(), u.Role)
}

func noUser(err error, id int64) error {
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.NotFound, "there is no user %d", id)
	}
	return err
}
