package login

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

// notSignedIn is the answer to whoever has no session, or one that has ended.
func notSignedIn() error {
	return fault.New(fault.Unauthorized, "sign in first: there is no session, or it has ended")
}

// sessionOf gives the session that a request comes with, and whose it is.
func (l *Login) sessionOf(r *http.Request) (user.Session, user.User, error) {
	token := tokenIn(r, l.placeOf(r), sessionSecure, sessionPlain)
	if token == "" {
		return user.Session{}, user.User{}, notSignedIn()
	}
	now := l.now()
	s, u, err := l.ledger.SessionByHash(r.Context(), user.Hash(token), now)
	if fault.Of(err) == fault.NotFound {
		err = notSignedIn()
	}
	if err != nil {
		return user.Session{}, user.User{}, err
	}
	return s, u, nil
}

// HasSession reports whether a request comes with the cookie of a session,
// whatever that is worth.
func (l *Login) HasSession(r *http.Request) bool {
	return tokenIn(r, l.placeOf(r), sessionSecure, sessionPlain) != ""
}

// Caller gives who is behind the session's cookie that a request comes with. A
// request that changes something must not come from another site.
func (l *Login) Caller(r *http.Request) (account.Principal, error) {
	if err := l.SameOrigin(r); err != nil {
		return account.Principal{}, fault.New(fault.Forbidden, "this came from another site, and only the console itself may ask for it")
	}
	s, u, err := l.sessionOf(r)
	if err != nil {
		return account.Principal{}, err
	}
	p := u.Principal()
	p.Address, p.Session, p.Confirmed = l.client(r), s.ID, s.Confirmed(l.now())
	return p, l.touch(r.Context(), s, textOf(p.Address))
}

// touch notes that a session is used. A ledger that takes nothing at the moment
// is no reason to keep somebody out.
func (l *Login) touch(ctx context.Context, s user.Session, address string) error {
	err := l.ledger.TouchSession(ctx, s, address, l.now())
	if fault.Of(err) == fault.Unavailable {
		return nil
	}
	return err
}

// signedIn finds out who calls.
func (x *exchange) signedIn() (err error) {
	if x.session, x.who, err = x.l.sessionOf(x.r); err != nil {
		return err
	}
	return x.l.touch(x.ctx(), x.session, textOf(x.from))
}

// signIn gives the browser a new session, in place of the one it may have: no
// token that was known before somebody signed in is of use after it.
func (x *exchange) signIn(u user.User, shown user.Shown) error {
	old, before, errOld := x.l.sessionOf(x.r)
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	s := user.Session{UserID: u.ID, CreatedAt: x.now, Address: textOf(x.from), UserAgent: agentOf(x.r)}
	_, err = x.l.ledger.CreateSession(x.ctx(), s, user.Hash(token), shown)
	if fault.Of(err) == fault.NotFound { // removed at this moment
		return notSignedIn()
	}
	if err != nil {
		return err
	}
	if errOld == nil {
		err := x.l.ledger.EndSession(x.ctx(), x.by(before), before.ID, old.ID, "session_replaced")
		if err != nil && fault.Of(err) != fault.NotFound {
			return err
		}
	}
	x.who = u
	x.setSession(token)
	return x.remember(shown)
}

// renew gives the session another token: whoever has copied the cookie has nothing
// any more. Where something was shown that still holds, the session is confirmed.
func (x *exchange) renew(shown user.Shown) error {
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	old := tokenIn(x.r, x.place(), sessionSecure, sessionPlain)
	err = x.l.ledger.RenewSession(x.ctx(), x.by(x.who), x.session, user.Hash(old), user.Hash(token), shown)
	if fault.Of(err) == fault.NotFound {
		return notSignedIn()
	}
	if err != nil {
		return err
	}
	x.session.ConfirmedAt = shown.At
	x.setSession(token)
	return x.remember(shown)
}

// remember marks the browser as one in which the person has shown the password.
func (x *exchange) remember(shown user.Shown) error {
	if shown.Password == "" {
		return nil
	}
	mark, err := user.NewMark(rand.Reader, x.who.ID, shown.Password)
	if err == nil {
		x.setMark(mark)
	}
	return err
}

// unconfirmed is what was shown by whoever has shown nothing new.
func (x *exchange) unconfirmed() user.Shown { return user.Shown{At: x.session.ConfirmedAt} }

// agentOf gives what a browser calls itself, as text that can be kept.
func agentOf(r *http.Request) string {
	const longest = 256
	agent := r.UserAgent()
	if len(agent) > longest {
		agent = agent[:longest]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(agent, ""), "\x00", "")
}

// logOut ends the session, if there is one.
func (x *exchange) logOut() (answer, error) {
	s, u, err := x.l.sessionOf(x.r)
	if err == nil {
		x.who = u
		err = x.l.ledger.EndSession(x.ctx(), x.by(u), u.ID, s.ID, "log_out")
	}
	if k := fault.Of(err); err != nil && k != fault.NotFound && k != fault.Unauthorized {
		return nil, err
	}
	x.dropSession()
	return nil, nil
}

// shown is a session as its person sees it.
type shown struct {
	user.Session

	Current bool `json:"current"`
}

func (x *exchange) listSessions() (answer, error) {
	all, err := x.l.ledger.Sessions(x.ctx(), x.who.ID, x.now)
	list := make([]shown, len(all))
	for i, s := range all {
		list[i] = shown{Session: s, Current: s.ID == x.session.ID}
	}
	return list, err
}

func (x *exchange) endSession() (answer, error) {
	id, err := strconv.ParseInt(x.r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, fault.New(fault.NotFound, "there is no such session")
	}
	if err := x.l.ledger.EndSession(x.ctx(), x.by(x.who), x.who.ID, id, "session_revoked"); err != nil {
		return nil, err
	}
	if id == x.session.ID {
		x.dropSession()
	}
	return nil, nil
}

// endOthers signs somebody out everywhere else.
func (x *exchange) endOthers() (answer, error) {
	ended, err := x.l.ledger.EndSessions(x.ctx(), x.by(x.who), x.who.ID, x.session.ID)
	return map[string]int64{"ended": ended}, err
}

// profile is what people may change of themselves. What is left out stays.
type profile struct {
	Name   *string `json:"name"`
	Zone   *string `json:"zone"`
	Locale *string `json:"locale"`
}

func (x *exchange) changeProfile() (answer, error) {
	var p profile
	if err := x.read(&p); err != nil {
		return nil, err
	}
	if p.Zone != nil {
		if err := knownZone(*p.Zone); err != nil {
			return nil, err
		}
	}
	u, err := x.l.ledger.UpdateUser(x.ctx(), x.by(x.who), x.who.ID, func(u *user.User) error {
		for _, one := range []struct{ said, into *string }{{p.Name, &u.Name}, {p.Zone, &u.Zone}, {p.Locale, &u.Locale}} {
			if one.said != nil {
				*one.into = *one.said
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": u.ID, "email": u.Email, "name": u.Name, "role": u.Role, "zone": u.Zone, "locale": u.Locale}, nil
}

// knownZone refuses a time zone that reports could not be made for. None at all
// is one, too.
func knownZone(name string) error {
	if name == "Local" { // that of this machine, which is nobody's
		return fault.At("zone", "is no time zone, such as Europe/Berlin")
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fault.At("zone", "there is no time zone %.64q; use one such as Europe/Berlin", name)
	}
	return nil
}
