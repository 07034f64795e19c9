package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	shared "waybill/internal/share"
	"waybill/internal/span"
	"waybill/internal/user"
)

// Shares keeps the traces that are shown to whoever holds a token. The hash of a
// token, never the token, comes here.
type Shares interface {
	AddShare(ctx context.Context, by user.By, s shared.Share, hash string) (shared.Share, error)
	Shares(ctx context.Context, transactionID string) ([]shared.Share, error) // the newest first
	ShareByHash(ctx context.Context, hash string) (shared.Share, error)
	RevokeShare(ctx context.Context, by user.By, id int64, at time.Time) (shared.Share, error)
}

// urlField is where a new share's link stands in the answer, once.
const urlField = "url"

// newShare asks for a share.
type newShare struct {
	As        account.Role `json:"as" enum:"advertiser,affiliate" doc:"With whose eyes the trace is shown: those of the advertiser whose offer it was, or of the affiliate who sent the visitor."`
	ExpiresIn span.Span    `json:"expires_in,omitempty" default:"7d" doc:"How long it is good: 1m to 90d."`
	Note      string       `json:"note,omitempty" maxLength:"200" doc:"What it is made for."`
}

type madeShare struct {
	shared.Share
	URL string `json:"url" doc:"The page that shows it. It holds the token, is told once, and kept nowhere."`
}

// sharedTrace is what the holder of a share sees.
type sharedTrace struct {
	traceRecord
	As        account.Role `json:"as" enum:"advertiser,affiliate" doc:"With whose eyes it is seen."`
	ExpiresAt time.Time    `json:"expires_at"`
}

// sharer serves shares, and holds back whoever asks for too many.
type sharer struct {
	*API
	callers *callers
	veils   *veils
}

func newSharer(a *API) *sharer { return &sharer{API: a, callers: newCallers(), veils: new(veils)} }

func (a *sharer) registerShares(h huma.API, s *schemas) {
	type onIn struct {
		caller
		ID string `path:"transaction_id" doc:"The transaction ID."`
	}
	type makeIn struct {
		caller
		ID      string `path:"transaction_id" doc:"The transaction ID."`
		RawBody []byte
	}
	type sharedIn struct {
		caller
		// Not in the URL, which logs keep.
		Token string `header:"Waybill-Share" doc:"The token: what stands behind # in the link."`
	}
	one := schemaOf[shared.Share](s)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/trace/{transaction_id}/shares", id: "share-trace", tag: "Records", status: http.StatusCreated,
		summary: "Show a trace to a party without a key", in: schemaOf[newShare](s), out: schemaOf[madeShare](s),
		example: `{"as":"affiliate","expires_in":"7d","note":"why it was refused"}`,
		text: "Makes a link to the trace as that party sees it, with secrets masked. The link is told once: " +
			"a repetition by Idempotency-Key leaves it out.",
	}, func(ctx context.Context, in *makeIn) (*answer, error) {
		return a.make(ctx, &in.caller, in.ID, in.RawBody)
	})
	handle(h, route{
		method: http.MethodGet, path: prefix + "/trace/{transaction_id}/shares", id: "list-shares", tag: "Records",
		summary: "List a trace's shares", out: s.list("ShareList", one),
		text: "The newest first, also those that have expired or were revoked, as long as they are kept: 90 days.",
	}, func(ctx context.Context, in *onIn) (*answer, error) { return a.list(ctx, in.ID) })
	handle(h, route{
		method: http.MethodDelete, path: prefix + "/shares/{id}", id: "revoke-share", tag: "Records",
		summary: "Revoke a share", out: one, text: "For good. One that is revoked already stays as it is.",
	}, a.revoke)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/shared", id: "get-shared-trace", tag: "Records", public: true,
		summary: "Read a trace by a share", out: schemaOf[sharedTrace](s),
		text: "For whoever holds the token; no key is needed. The trace is what a key of the party would see. " +
			"A token that is unknown, expired or revoked is answered alike, with 404.",
	}, func(ctx context.Context, in *sharedIn) (*answer, error) { return a.shared(ctx, in.x, in.Token) })
}

func (a *sharer) make(ctx context.Context, c *caller, id string, body []byte) (*answer, error) {
	if !c.who().May(account.Write) {
		return nil, fault.New(fault.Forbidden, "you may look at a trace, and not share it")
	}
	var asked newShare
	if err := merge(&asked, newShare{}, body); err != nil {
		return nil, err
	}
	if asked.ExpiresIn == 0 {
		asked.ExpiresIn = shared.UsualLife
	}
	of, err := parseID("transaction_id", id)
	if err != nil {
		return nil, err
	}
	party, err := a.partyOf(of.String(), asked.As)
	if err != nil {
		return nil, err
	}
	s, err := shared.New(of.String(), asked.As, party, asked.Note, asked.ExpiresIn, a.now())
	if err != nil {
		return nil, err
	}
	if _, err := a.trace(ctx, s.Viewer(), s.TransactionID); err != nil { // nobody is sent to an empty page
		return nil, err
	}
	token, err := shared.NewToken(rand.Reader)
	if err != nil {
		return nil, err
	}
	s.By, s.UserID = c.who().Actor(), c.who().UserID
	if s, err = a.Shares.AddShare(ctx, user.ByOf(c.who()), s, shared.Hash(token)); err != nil {
		return nil, err
	}
	c.x.hidden = urlField
	return &answer{Body: madeShare{Share: s, URL: a.consoleURL(c.x.r) + "/console/shared#" + token}}, nil
}

// partyOf gives the advertiser or affiliate of a transaction, 0 where it has none.
func (a *API) partyOf(transactionID string, as account.Role) (int64, error) {
	advertiserID, affiliateID, err := a.parties(transactionID)
	if err != nil {
		return 0, fault.Within("path.transaction_id", err)
	}
	if as == account.Advertiser {
		return advertiserID, nil
	}
	return affiliateID, nil
}

// consoleURL gives where the one who has sent a request sees the console, without
// a slash at its end.
func (a *API) consoleURL(r *http.Request) string {
	switch {
	case a.ConsoleAt != nil:
		return a.ConsoleAt(r)
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

func (a *sharer) list(ctx context.Context, id string) (*answer, error) {
	of, err := parseID("transaction_id", id)
	if err != nil {
		return nil, err
	}
	all, err := a.Shares.Shares(ctx, of.String())
	if err != nil {
		return nil, err
	}
	return answerList(all, "", func(s *shared.Share) (object, error) { return objectOf(s) })
}

func (a *sharer) revoke(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	if !in.who().May(account.Write) {
		return nil, fault.New(fault.Forbidden, "you may look at shares, and not revoke them")
	}
	s, err := a.Shares.RevokeShare(ctx, user.ByOf(in.who()), in.ID, a.now().UTC())
	if fault.Of(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "there is no share %d", in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &answer{Body: s}, nil
}

// shared shows a trace to whoever holds a token. Whatever is wrong with the token
// is answered alike, after the same look-up.
func (a *sharer) shared(ctx context.Context, x *exchange, token string) (*answer, error) {
	if !a.callers.let(a.clientIP(x.r), time.Now()) {
		return nil, fault.New(fault.Limited, "too many shares were asked for from your address; wait a moment")
	}
	nothing := fault.New(fault.NotFound, "there is nothing to be seen by this link: it is not known, has expired, or was revoked")
	s, err := a.Shares.ShareByHash(ctx, shared.Hash(token))
	if fault.Of(err) == fault.NotFound || err == nil && !s.Alive(a.now()) {
		return nil, nothing
	}
	if err != nil {
		return nil, err
	}
	x.veil = a.veils.over(s.Viewer(), a.Catalog())
	found, err := a.traceOf(ctx, s.Viewer(), s.TransactionID)
	if fault.Of(err) == fault.NotFound {
		return nil, nothing
	}
	if err != nil {
		return nil, err
	}
	return &answer{Body: sharedTrace{traceRecord: found, As: s.As, ExpiresAt: s.ExpiresAt}}, nil
}
