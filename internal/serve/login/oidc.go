package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// OIDC is a company's identity provider.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
	// Name is what its button says.
	Name string
	// Domains are those whose people may come without an invitation, as analysts.
	Domains []string
	// Client reaches the provider; one with sane limits when nil.
	Client *http.Client
}

// provider is the identity provider, found when somebody first needs it: that it
// is away must not keep a node from starting.
type provider struct {
	OIDC
	now func() time.Time

	mu     sync.Mutex
	found  *oidc.Provider
	failed time.Time // when it was last looked for in vain
}

// lookAgain is how long a provider that was not there is left alone.
const lookAgain = 5 * time.Second

func newProvider(o OIDC, now func() time.Time) *provider {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second, Transport: &capped{http.DefaultTransport}}
	}
	return &provider{OIDC: o, now: now}
}

// capped lets no answer be larger than an identity provider's may be.
type capped struct{ http.RoundTripper }

// RoundTrip is the transport's, with a bound on the body.
func (c *capped) RoundTrip(r *http.Request) (*http.Response, error) {
	const most = 1 << 20
	resp, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, most), resp.Body}
	}
	return resp, err
}

// discover finds the provider, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if now := p.now(); now.Sub(p.failed) < lookAgain {
		return nil, fault.New(fault.Unavailable, "the identity provider cannot be reached at the moment")
	}
	ctx = context.WithoutCancel(ctx) // whoever leaves early must not make it fail for the others
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.Client), p.Issuer)
	if err != nil {
		p.failed = p.now()
		return nil, fault.Because(err, fault.Unavailable, "the identity provider cannot be reached at the moment")
	}
	p.found = found
	return found, nil
}

// config is how this client speaks to the provider.
func (p *provider) config(at *oidc.Provider, from place) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: at.Endpoint(),
		RedirectURL: from.url(Prefix + "oidc/callback"), Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
	}
}

// way is what is remembered of somebody who set out for the provider.
type way struct {
	state, nonce, verifier string
	back                   string // the page to return to
	confirms               int64  // the session that is to be confirmed, 0 for a log-in
	begun                  time.Time
}

// failed gives the page that says what went wrong.
func (w way) failed(code string) answer {
	if w.confirms != 0 {
		return onward(confirmedPage + "?error=" + code)
	}
	return onward(consolePath + "login?error=" + code)
}

// confirmedPage is where a browser comes back to that has confirmed, or was to.
const confirmedPage = consolePath + "confirmed"

// setOut leads the browser to the provider: to sign in, or to confirm who is signed
// in, for which the provider is asked to look anew.
func (x *exchange) setOut() (answer, error) {
	p := x.l.provider
	if p == nil {
		return nil, fault.New(fault.NotFound, "no identity provider is set up")
	}
	q := x.r.URL.Query()
	source := x.door().Name
	w := way{
		state: oauth2.GenerateVerifier(), nonce: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier(),
		back: wayBack(q.Get("return")), begun: x.now,
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(w.nonce), oauth2.S256ChallengeOption(w.verifier)}
	if q.Has("confirm") {
		s, u, err := x.l.sessionOf(x.r)
		if err != nil {
			return x.sentBack(w, "oidc_expired", err)
		}
		w.confirms, source = s.ID, user.SessionDoor(s.ID).Name
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"),
			oauth2.SetAuthURLParam("login_hint", u.Email))
	}
	at, err := p.discover(x.ctx())
	if err != nil {
		return x.sentBack(w, "oidc_unavailable", err)
	}
	token, err := x.l.begun.begin(w, source, x.now)
	if err != nil {
		return nil, err
	}
	x.setWay(token)
	return elsewhere(p.config(at, x.place()).AuthCodeURL(w.state, options...)), nil
}

// sentBack leads the browser to the page that says what went wrong by its code.
func (x *exchange) sentBack(w way, code string, cause error) (answer, error) {
	if k := fault.Of(cause); cause != nil && k != fault.Unauthorized && k != fault.Forbidden {
		x.cause = cause
	}
	return w.failed(code), nil
}

// comeBack takes whoever returns from the provider in, or confirms who is signed in.
func (x *exchange) comeBack() (answer, error) {
	p := x.l.provider
	if p == nil {
		return nil, fault.New(fault.NotFound, "no identity provider is set up")
	}
	first, ok := x.l.begun.finish(tokenIn(x.r, x.place(), waySecure, wayPlain), x.now)
	x.setWay("")
	w, fits := first.(way)
	q := x.r.URL.Query()
	if !ok || !fits || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(w.state)) != 1 {
		return x.sentBack(w, "oidc_expired", nil)
	}
	if q.Get("error") != "" {
		return x.sentBack(w, "oidc_denied", nil)
	}
	if err := x.attempt(x.gate()); err != nil {
		return nil, err
	}
	if iss := q.Get("iss"); iss != "" && iss != p.Issuer { // RFC 9207: the answer is another provider's
		return x.refusedBy(w, "oidc_failed", errors.New("the answer came from another issuer"))
	}
	c, err := p.claims(x.ctx(), x.place(), q.Get("code"), w)
	if err != nil {
		return x.refusedBy(w, "oidc_failed", err)
	}
	if !bool(c.Verified) || c.Email == "" {
		return x.refusedBy(w, "oidc_unverified", nil)
	}
	if w.confirms != 0 {
		return x.confirmedByProvider(w, c)
	}
	return x.enterByProvider(w, c)
}

// gate is where those are counted who come back from the provider.
func (x *exchange) gate() user.Door { return user.AddressDoor(x.from).Apart(byProvider) }

// arrived leads the browser to the page that it wanted. It did not come in vain.
func (x *exchange) arrived(w way) (answer, error) {
	return onward(w.back), x.l.ledger.AttemptSucceeded(x.ctx(), x.gate())
}

// enterByProvider signs in whom the provider has named.
func (x *exchange) enterByProvider(w way, c claims) (answer, error) {
	u, err := x.knownBy(c)
	if k := fault.Of(err); k == fault.NotFound || k == fault.Forbidden || k == fault.Invalid {
		return x.refusedBy(w, "oidc_unknown", nil)
	}
	if err == nil {
		err = x.signIn(u, user.Shown{How: byProvider, Email: u.Email, Account: c.account, At: c.shownAt(x.now)})
	}
	if fault.Of(err) == fault.Unauthorized {
		return x.refusedBy(w, "oidc_other_account", err)
	}
	if err != nil {
		return x.sentBack(w, "oidc_failed", err)
	}
	return x.arrived(w)
}

// confirmedByProvider confirms the session that has set out, if the provider has
// looked anew, and at the same person.
func (x *exchange) confirmedByProvider(w way, c claims) (answer, error) {
	var err error
	x.session, x.who, err = x.l.sessionOf(x.r)
	if err != nil || x.session.ID != w.confirms {
		return x.sentBack(w, "oidc_expired", err)
	}
	u, err := x.accountHolder(c)
	if fault.Of(err) == fault.NotFound || err == nil && u.ID != x.who.ID {
		return x.refusedBy(w, "oidc_another", nil)
	}
	if err != nil {
		return x.sentBack(w, "oidc_failed", err)
	}
	if c.shownAt(x.now).Before(w.begun.Add(-clocksDiffer)) {
		return x.refusedBy(w, "oidc_not_anew", nil)
	}
	err = x.renew(user.Shown{How: byProvider, Email: x.who.Email, Account: c.account, At: x.now})
	if fault.Of(err) == fault.Unauthorized {
		return x.refusedBy(w, "oidc_another", err)
	}
	if err != nil {
		return x.sentBack(w, "oidc_failed", err)
	}
	return x.arrived(w)
}

// clocksDiffer is how far the provider's clock may be behind ours.
const clocksDiffer = time.Minute

// refusedBy notes that somebody came back from the provider in vain.
func (x *exchange) refusedBy(w way, code string, cause error) (answer, error) {
	if err := x.note(x.who, code); err != nil {
		return nil, err
	}
	return x.sentBack(w, code, cause)
}

// claims is what the provider says of a person.
type claims struct {
	Email    string `json:"email"`
	Verified truth  `json:"email_verified"`
	Name     string `json:"name"`
	Party    string `json:"azp"`
	AuthTime int64  `json:"auth_time"`

	account user.ProviderAccount
}

// shownAt gives when the provider last looked who that is. One that does not say
// is taken to have looked now: it has at least the browser's log-in there.
func (c claims) shownAt(now time.Time) time.Time {
	if at := time.Unix(c.AuthTime, 0); c.AuthTime > 0 && at.Before(now) {
		return at
	}
	return now
}

// truth is true as JSON has it, or as the text that some providers send.
type truth bool

// UnmarshalJSON reads both. What is neither is not true.
func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == `"true"`
	return nil
}

// claims trades the code for the provider's word, and checks it: who gave it, for
// whom, for which request, and until when.
func (p *provider) claims(ctx context.Context, from place, code string, w way) (claims, error) {
	at, err := p.discover(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx = oidc.ClientContext(ctx, p.Client)
	tokens, err := p.config(at, from).Exchange(ctx, code, oauth2.VerifierOption(w.verifier))
	if err != nil {
		return claims{}, tradeFailed(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	word, err := at.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return claims{}, fmt.Errorf("check the provider's word: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(word.Nonce), []byte(w.nonce)) != 1 {
		return claims{}, errors.New("check the provider's word: it was given for another request")
	}
	if word.AccessTokenHash != "" {
		if err := word.VerifyAccessToken(tokens.AccessToken); err != nil {
			return claims{}, fmt.Errorf("check the provider's word: %w", err)
		}
	}
	c := claims{account: user.ProviderAccount{Provider: p.Issuer + " " + p.ClientID, Subject: word.Subject}}
	if err := word.Claims(&c); err != nil {
		return claims{}, fmt.Errorf("read the provider's word: %w", err)
	}
	if c.Party != p.ClientID && (c.Party != "" || len(word.Audience) > 1) {
		return claims{}, errors.New("check the provider's word: it was given to another client")
	}
	return c, nil
}

// tradeFailed gives the provider's error without its body, where a code or a
// token may stand.
func tradeFailed(err error) error {
	if answered, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("trade the code: the provider answered %s, error %.80q", answered.Response.Status, answered.ErrorCode)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("trade the code: %w", u.Err)
	}
	return errors.New("trade the code: the provider's answer cannot be read")
}

// accountHolder gives the person whose account at the provider it is. Whoever has not come
// by it yet is found by the address.
func (x *exchange) accountHolder(c claims) (user.User, error) {
	u, err := x.l.ledger.UserByAccount(x.ctx(), c.account)
	if fault.Of(err) == fault.NotFound {
		return x.l.ledger.UserByEmail(x.ctx(), c.Email)
	}
	return u, err
}

// knownBy gives the person whom the provider has named, and makes one of somebody
// of the company's own, where that is allowed.
func (x *exchange) knownBy(c claims) (user.User, error) {
	u, err := x.accountHolder(c)
	if fault.Of(err) != fault.NotFound {
		if err == nil && u.Status != user.Active {
			err = fault.New(fault.Forbidden, "user %d is disabled", u.ID)
		}
		return u, err
	}
	fresh := user.Default()
	fresh.Email, fresh.Name, fresh.Role = user.FoldEmail(c.Email), strings.TrimSpace(c.Name), user.Analyst
	_, domain, _ := strings.Cut(fresh.Email, "@")
	if !slices.Contains(x.l.provider.Domains, domain) {
		return u, err
	}
	// Before there is an owner, nobody is let in by another way.
	if found, err := x.l.ledger.AnyUser(x.ctx()); err != nil || !found {
		return u, errors.Join(err, fault.New(fault.Forbidden, "there is no owner yet"))
	}
	by := user.By{Actor: "oidc", Address: textOf(x.from)}
	made, err := x.l.ledger.CreateUser(x.ctx(), by, fresh, true)
	if fault.Of(err) == fault.Conflict { // somebody made it at this moment
		return x.l.ledger.UserByEmail(x.ctx(), c.Email)
	}
	return made, err
}
