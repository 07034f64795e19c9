// Package login lets people into the console: with a password and a code from an
// authenticator, with a passkey, by the company's own identity provider, or with
// a link that is good once. It serves everything below /console/auth/, and tells
// the REST API who is behind a session's cookie.
//
// These always hold:
//
//   - An e-mail address that nobody has is answered like one with a wrong
//     password: the same words, after the same work.
//   - An attempt is counted before it is looked at, so that many at once are no way
//     around the wait that follows failures. That wait is no way to keep somebody out
//     who is signed in, or whose browser is known.
//   - A password, a code or a link is of use once where it should be, whoever else
//     tries at the same moment: the ledger decides.
//   - What was shown decides how far it leads: a link never gets around a second
//     step. It is looked at once more in the moment in which it counts.
//   - What a person signs in with is changed by nobody who only has a session: it
//     must have been confirmed in the last minutes (confirm.go), and a session that
//     is confirmed gets another token. One that has ended meanwhile changes nothing.
//   - Nothing that changes anything is taken from another site.
//   - No token, password or code is written to the log, and no address that is
//     sent to somebody is made of what a request says of itself.
package login

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"waybill/internal/user"
)

// Prefix is what the path of every route begins with.
const Prefix = "/console/auth/"

// Ledger is what log-in needs of the ledger.
type Ledger interface {
	Users
	Members
	Passwords
	Authenticators
	Codes
	Passkeys
	Links
	Sessions
	Throttles
}

// Users finds people.
type Users interface {
	User(ctx context.Context, id int64) (user.User, error)
	UserByEmail(ctx context.Context, email string) (user.User, error)
	UserByAccount(ctx context.Context, a user.ProviderAccount) (user.User, error)
	Credentials(ctx context.Context, userID int64) (user.Credentials, error)
	AnyUser(ctx context.Context) (bool, error)
}

// Members changes people.
type Members interface {
	CreateUser(ctx context.Context, by user.By, u user.User, joined bool) (user.User, error)
	UpdateUser(ctx context.Context, by user.By, id int64, change func(*user.User) error) (user.User, error)
}

// Passwords keeps hashes of passwords. SetPassword ends all sessions but keep, and
// is refused when the old one was changed meanwhile.
type Passwords interface {
	SetPassword(ctx context.Context, by user.By, userID int64, old, hash string, keep int64) error
	Rehash(ctx context.Context, userID int64, old, hash string) error
}

// Authenticators keeps the secrets that codes are made of.
type Authenticators interface {
	BeginTOTP(ctx context.Context, userID int64, secret string) error
	TOTPDraft(ctx context.Context, userID int64) (string, error)
	ConfirmTOTP(ctx context.Context, by user.By, userID int64, secret string, step int64, recovery []string) error
	DropTOTP(ctx context.Context, by user.By, userID int64) error
}

// Codes takes each code once.
type Codes interface {
	UseTOTPStep(ctx context.Context, userID, step int64) (bool, error)
	UseRecoveryCode(ctx context.Context, by user.By, userID int64, hash string) (bool, error)
}

// Passkeys keeps passkeys.
type Passkeys interface {
	Passkeys(ctx context.Context, userID int64) ([]user.Passkey, error)
	AddPasskey(ctx context.Context, by user.By, p user.Passkey) error
	UsePasskey(ctx context.Context, userID int64, id, doc string, at time.Time) error
	RemovePasskey(ctx context.Context, by user.By, userID int64, id string) error
}

// Links keeps links that are good once, by the hashes of their tokens.
type Links interface {
	CreateLink(ctx context.Context, by user.By, l user.Link, hash string) error
	LinkByHash(ctx context.Context, hash string, now time.Time) (user.Link, error)
	AcceptLink(ctx context.Context, hash string, a Accepted, now time.Time) (user.Link, user.User, error)
}

// Accepted is what somebody says who follows a link.
type Accepted struct {
	Email    string // of the first owner; others have one
	Name     string // left as it is when empty
	Password string // its hash
	Zone     string
	Locale   string
	Address  string
}

// Sessions keeps who is signed in, by the hashes of their tokens. CreateSession and
// RenewSession refuse what was shown and is not good any more.
type Sessions interface {
	CreateSession(ctx context.Context, s user.Session, hash string, shown user.Shown) (user.Session, error)
	RenewSession(ctx context.Context, by user.By, s user.Session, hash, next string, shown user.Shown) error
	SessionByHash(ctx context.Context, hash string, now time.Time) (user.Session, user.User, error)
	TouchSession(ctx context.Context, s user.Session, address string, now time.Time) error
	Sessions(ctx context.Context, userID int64, now time.Time) ([]user.Session, error)
	EndSession(ctx context.Context, by user.By, userID, id int64, action string) error
	EndSessions(ctx context.Context, by user.By, userID, except int64) (int64, error)
}

// Throttles counts attempts, and keeps what the ledger does not see by itself for
// the audit.
type Throttles interface {
	Attempt(ctx context.Context, now time.Time, doors ...user.Door) (time.Duration, error)
	AttemptSucceeded(ctx context.Context, doors ...user.Door) error
	Note(ctx context.Context, by user.By, action, entity, key, detail string) error
}

// Settings are how an installation lets people in. The zero value does with
// passwords and passkeys alone.
type Settings struct {
	// AdminURL is where people see the console, where the operator has said so:
	// scheme, host and the prefix of a proxy, which ends in no slash. Else it is
	// where a request came to.
	AdminURL *url.URL
	// OIDC is the company's identity provider, if it has one.
	OIDC OIDC
	// SendReset sends somebody the token of a link for a new password; nil where
	// there is no mail.
	SendReset func(ctx context.Context, u user.User, token string, until time.Time) error
	// PartyName gives the name of the advertiser or affiliate on whose side
	// somebody is; may be nil.
	PartyName func(u user.User) string
	// ClientIP gives the address a request came from; the peer's when nil.
	ClientIP func(*http.Request) netip.Addr
	// Proxied reports whether a trusted proxy has handed a request on; none is
	// trusted when nil.
	Proxied func(*http.Request) bool

	Now func() time.Time // time.Now when nil
}

// Login lets people in.
type Login struct {
	ledger   Ledger
	set      Settings
	log      *slog.Logger
	cross    *http.CrossOriginProtection
	routes   *http.ServeMux
	begun    *ceremonies
	pace     *pace
	hashing  *hashing
	provider *provider // nil where there is none
	forgot   chan plea
}

// New makes what lets people in.
func New(ledger Ledger, set Settings, log *slog.Logger) (*Login, error) {
	l := &Login{
		ledger: ledger, set: set, log: log, cross: http.NewCrossOriginProtection(),
		begun: newCeremonies(), pace: &pace{next: map[string]time.Time{}}, forgot: make(chan plea, maxForgotten),
	}
	if set.AdminURL != nil {
		origin := set.AdminURL.Scheme + "://" + set.AdminURL.Host
		if err := l.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trust the console's own address: %w", err)
		}
	}
	if set.OIDC.Issuer != "" {
		l.provider = newProvider(set.OIDC, l.now)
	}
	var err error
	if l.hashing, err = newHashing(strong()); err != nil {
		return nil, fmt.Errorf("prepare passwords: %w", err)
	}
	l.routes = l.mux(l.all())
	return l, nil
}

// SameOrigin refuses a change that a page of another site than the console's has
// a browser make.
func (l *Login) SameOrigin(r *http.Request) error {
	if l.set.AdminURL == nil && l.proxied(r) { // a proxy may ask us by another name than browsers ask it
		seen := *r
		seen.Host = l.placeOf(r).host
		r = &seen
	}
	return l.cross.Check(r)
}

// all lists the routes.
func (l *Login) all() []route {
	return []route{
		{pattern: "GET state", handle: (*exchange).state},
		{pattern: "POST login", handle: (*exchange).logIn},
		{pattern: "POST logout", handle: (*exchange).logOut},
		{pattern: "POST link", handle: (*exchange).readLink},
		{pattern: "POST accept", handle: (*exchange).accept},
		{pattern: "POST forgot", handle: (*exchange).forgotten},
		{pattern: "GET oidc", handle: (*exchange).setOut},
		{pattern: "GET oidc/callback", handle: (*exchange).comeBack},
		{pattern: "POST passkey/login/begin", handle: (*exchange).beginPasskeyLogin},
		{pattern: "POST passkey/login/finish", handle: (*exchange).finishPasskeyLogin},
		{pattern: "GET confirm", signed: true, handle: (*exchange).howToConfirm},
		{pattern: "POST confirm", signed: true, handle: (*exchange).confirm},
		{pattern: "POST passkey/confirm/begin", signed: true, handle: (*exchange).beginPasskeyConfirm},
		{pattern: "POST passkey/confirm/finish", signed: true, handle: (*exchange).finishPasskeyConfirm},
		{pattern: "POST passkey/register/begin", signed: true, confirmed: true, handle: (*exchange).beginPasskey},
		{pattern: "POST passkey/register/finish", signed: true, confirmed: true, handle: (*exchange).finishPasskey},
		{pattern: "GET passkeys", signed: true, handle: (*exchange).listPasskeys},
		{pattern: "DELETE passkeys/{id}", signed: true, confirmed: true, handle: (*exchange).removePasskey},
		{pattern: "POST totp/begin", signed: true, confirmed: true, handle: (*exchange).beginTOTP},
		{pattern: "POST totp/confirm", signed: true, confirmed: true, handle: (*exchange).confirmTOTP},
		{pattern: "POST totp/disable", signed: true, confirmed: true, handle: (*exchange).disableTOTP},
		{pattern: "GET sessions", signed: true, handle: (*exchange).listSessions},
		{pattern: "DELETE sessions/{id}", signed: true, handle: (*exchange).endSession},
		{pattern: "POST sessions/revoke-others", signed: true, handle: (*exchange).endOthers},
		{pattern: "POST password", signed: true, handle: (*exchange).changePassword},
		{pattern: "PATCH profile", signed: true, handle: (*exchange).changeProfile},
	}
}

func (l *Login) now() time.Time {
	if l.set.Now == nil {
		return time.Now()
	}
	return l.set.Now()
}

// state is what the log-in page has to know before anybody is signed in.
type state struct {
	SetupNeeded bool      `json:"setup_needed"`
	OIDC        *oidcName `json:"oidc"`
	Mail        bool      `json:"mail"`
	Passkeys    bool      `json:"passkeys"`
}

type oidcName struct {
	Name string `json:"name"`
}

func (x *exchange) state() (answer, error) {
	found, err := x.l.ledger.AnyUser(x.ctx())
	if err != nil {
		return nil, err
	}
	s := state{SetupNeeded: !found, Mail: x.l.set.SendReset != nil, Passkeys: x.place().namesPasskeys()}
	if x.l.provider != nil {
		s.OIDC = &oidcName{Name: x.l.set.OIDC.Name}
	}
	return s, nil
}
