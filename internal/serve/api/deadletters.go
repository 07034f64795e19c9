package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// deadLettersRecord is what was given up at one destination for one cause.
type deadLettersRecord struct {
	SubscriptionID int64          `json:"subscription_id"`
	Owner          delivery.Owner `json:"owner"`
	Name           string         `json:"name,omitempty" doc:"The subscription's."`
	Host           string         `json:"host,omitempty" doc:"Where it leads now."`
	Error          string         `json:"error,omitempty" doc:"How the last attempts went wrong."`
	HTTPStatus     int            `json:"http_status,omitempty" doc:"What they were answered with, where an answer came."`
	Count          int64          `json:"count"`
	OldestAt       time.Time      `json:"oldest_at" doc:"When the oldest of them was made."`
	NewestAt       time.Time      `json:"newest_at"`
	Example        string         `json:"example" doc:"The newest of them; GET deliveries/{id} shows its attempts."`
	Hint           string         `json:"hint" doc:"What to do about it."`
	Replay         deadReplay     `json:"replay" doc:"The body for POST deliveries/replay, with which these are delivered again."`
}

// deadReplay is a body of POST deliveries/replay for one group.
type deadReplay struct {
	State          delivery.State `json:"state"`
	SubscriptionID int64          `json:"subscription_id"`
	Error          string         `json:"error,omitempty"`
	HTTPStatus     int            `json:"http_status,omitempty"`
	DryRun         bool           `json:"dry_run"`
}

func (a *API) registerDeadLetters(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/deliveries/dead", id: "list-dead-letters", tag: "Postbacks",
		summary: "List what was given up, by destination and cause", roles: []account.Role{account.Advertiser, account.Affiliate},
		out: s.list("DeadLettersList", schemaOf[deadLettersRecord](s)),
		text: "The largest groups first, of the latest 50,000 that were given up, each with what to do about it and the body of the replay that follows. " +
			"`GET deliveries?state=dead` lists the postbacks themselves.",
	}, a.deadLetters)
}

type deadLettersIn struct {
	caller
	Paging
	SubscriptionID int64     `query:"subscription_id" doc:"Only those of this subscription."`
	Host           string    `query:"host" doc:"Only those of subscriptions whose URL leads to this host."`
	AffiliateID    int64     `query:"affiliate_id" doc:"Only those owed to this affiliate. Not for advertisers."`
	AdvertiserID   int64     `query:"advertiser_id" doc:"Only those owed to this advertiser. Not for affiliates."`
	OfferID        int64     `query:"offer_id" doc:"Only those about conversions of this offer."`
	From           time.Time `query:"from" doc:"Made at this time or later."`
	Until          time.Time `query:"until" doc:"Made before this time."`
}

func (a *API) deadLetters(ctx context.Context, in *deadLettersIn) (*answer, error) {
	p := deliveryPick{
		SubscriptionID: in.SubscriptionID, Host: in.Host, AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID,
		OfferID: in.OfferID, From: instant(in.From), Until: instant(in.Until),
	}
	f, mine, err := p.filter(a, in.who())
	if err != nil {
		return nil, inQuery(err)
	}
	if !mine {
		return answerNone(), nil
	}
	groups, err := a.Standing.DeadLetters(ctx, f.Filter)
	if err != nil {
		return nil, err
	}
	if groups, err = deadBehind(groups, in.Cursor); err != nil {
		return nil, err
	}
	next := ""
	if len(groups) > in.Limit {
		groups = groups[:in.Limit]
		next = deadCursor(&groups[in.Limit-1])
	}
	return answerList(groups, next, func(g *delivery.DeadLetters) (object, error) {
		r, err := a.showDead(ctx, g)
		if err != nil {
			return nil, err
		}
		return view(in.who().Role, kindDeadLetters, r)
	})
}

// deadCursor names a group by its place: how large it was, and what it is of.
func deadCursor(g *delivery.DeadLetters) string {
	return cursor(fmt.Sprintf("%d %d %d %s", g.Count, g.SubscriptionID, g.Status, g.Class))
}

// deadBehind gives the groups that come behind a cursor. One that has grown since is
// not told again, whatever has grown or gone before it.
func deadBehind(all []delivery.DeadLetters, text string) ([]delivery.DeadLetters, error) {
	plain, err := parseCursor[string](text)
	if err != nil || plain == "" {
		return all, err
	}
	var last delivery.DeadLetters
	words := strings.SplitN(plain, " ", 4)
	if len(words) != 4 {
		return nil, fault.At("query.cursor", "is not a next_cursor of this list")
	}
	last.Class = delivery.ErrorClass(words[3])
	if _, err := fmt.Sscan(strings.Join(words[:3], " "), &last.Count, &last.SubscriptionID, &last.Status); err != nil {
		return nil, fault.At("query.cursor", "is not a next_cursor of this list")
	}
	first := slices.IndexFunc(all, func(g delivery.DeadLetters) bool { return last.Compare(g) < 0 })
	if first < 0 {
		return nil, nil
	}
	return all[first:], nil
}

func (a *API) showDead(ctx context.Context, g *delivery.DeadLetters) (deadLettersRecord, error) {
	s, err := a.subscriptionOf(ctx, g.SubscriptionID)
	return deadLettersRecord{
		SubscriptionID: g.SubscriptionID, Owner: s.Owner, Name: s.Name, Host: receiverOf(&s),
		Error: string(g.Class), HTTPStatus: g.Status, Count: g.Count, OldestAt: g.Oldest.UTC(), NewestAt: g.Newest.UTC(),
		Example: g.Example, Hint: hintOf(g.Class, g.Status),
		Replay: deadReplay{State: delivery.Dead, SubscriptionID: g.SubscriptionID, Error: string(g.Class), HTTPStatus: g.Status, DryRun: true},
	}, err
}
