package login

import (
	"fmt"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// confirmedLately refuses what whoever has stolen a session must not do, unless
// its person has shown in the last minutes who that is.
func (x *exchange) confirmedLately() error {
	if x.session.Confirmed(x.now) {
		return nil
	}
	return fault.New(fault.ConfirmFirst, "confirm first that it is you: by your password, a code, a passkey, or by signing in anew")
}

// Ways to confirm.
const (
	byPassword = "password"
	byCode     = "code"
	byPasskey  = "passkey"
	byProvider = "oidc"
)

// confirmation is how far somebody has confirmed, and by what it can be done.
type confirmation struct {
	Until *time.Time `json:"confirmed_until"`
	Ways  []string   `json:"ways"`
}

// howToConfirm tells by what somebody can confirm. Nothing is left to whoever has
// none of it here but to sign in anew.
func (x *exchange) howToConfirm() (answer, error) {
	secrets, err := x.l.ledger.Credentials(x.ctx(), x.who.ID)
	if err != nil {
		return nil, err
	}
	c := confirmation{Ways: []string{}}
	for _, one := range []struct {
		way string
		can bool
	}{
		{byPassword, secrets.Password != ""},
		{byCode, secrets.TOTPSecret != ""},
		{byPasskey, x.who.Passkeys > 0 && x.place().namesPasskeys()},
		{byProvider, x.l.provider != nil},
	} {
		if one.can {
			c.Ways = append(c.Ways, one.way)
		}
	}
	if until := x.session.ConfirmedUntil(); x.now.Before(until) {
		c.Until = &until
	}
	return c, nil
}

// secret is what somebody may type to confirm: one of both.
type secret struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

func (s secret) check() error {
	const longest = 1000
	switch {
	case (s.Password == "") == (s.Code == ""):
		return fault.New(fault.Invalid, "send a password or a code")
	case len(s.Password) > longest:
		return fault.At("password", "is too long")
	case len(s.Code) > longestToken:
		return fault.At("code", "is too long")
	default:
		return nil
	}
}

// confirm has somebody who is signed in show the password again, or a code.
func (x *exchange) confirm() (answer, error) {
	var b secret
	if err := x.read(&b); err != nil {
		return nil, err
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	secrets, err := x.l.ledger.Credentials(x.ctx(), x.who.ID)
	if err != nil {
		return nil, err
	}
	shown := user.Shown{How: byPassword, Password: secrets.Password, At: x.now}
	check := func() error { return x.checkPassword(secrets, b.Password, "password") }
	if b.Code != "" {
		shown = user.Shown{How: byCode, Authenticator: secrets.TOTPSecret, At: x.now}
		check = func() error { return x.checkCode(secrets, b.Code) }
	}
	if err := x.guarded(check); err != nil {
		return nil, err
	}
	return x.confirmedBy(shown)
}

// guarded counts a guess at what somebody signs in with as those at the door are.
func (x *exchange) guarded(check func() error) error {
	if err := x.attempt(x.door()); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	return x.l.ledger.AttemptSucceeded(x.ctx(), x.door())
}

// checkPassword looks at the password that stands in a field of the request. Whoever
// has none can show none.
func (x *exchange) checkPassword(secrets user.Credentials, password, field string) error {
	right, _, err := x.l.hashing.matches(x.ctx(), password, secrets.Password)
	if err != nil {
		return err
	}
	if !right {
		return x.failed(x.who, byPassword, fault.At(field, "is not your password"))
	}
	return nil
}

// checkCode looks at a code. Whoever has no authenticator can show none.
func (x *exchange) checkCode(secrets user.Credentials, code string) error {
	wrong := fault.At("code", "is wrong, or was used before; wait for the next one")
	if secrets.TOTPSecret == "" {
		return x.failed(x.who, byCode, wrong)
	}
	err := x.takeCode(x.who, secrets, code)
	if fault.Of(err) == fault.Unauthorized { // that is said of sessions here
		return wrong
	}
	return err
}

// confirmedBy notes that somebody has shown who that is, and answers until when
// that is enough.
func (x *exchange) confirmedBy(shown user.Shown) (answer, error) {
	if err := x.renew(shown); err != nil {
		return nil, err
	}
	until := x.session.ConfirmedUntil()
	return confirmation{Until: &until, Ways: []string{shown.How}}, nil
}

func (x *exchange) beginPasskeyConfirm() (answer, error) {
	w, h, err := x.own()
	if err != nil {
		return nil, err
	}
	if len(h.known) == 0 {
		return nil, fault.New(fault.Conflict, "you have no passkey to confirm with")
	}
	options, data, err := w.BeginLogin(h)
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return x.ask(data, false, options.Response)
}

// finishPasskeyConfirm confirms by one of the person's own passkeys.
func (x *exchange) finishPasskeyConfirm() (answer, error) {
	own := func([]byte) (*holder, error) { return x.l.holder(x.ctx(), x.who) }
	wrong := fault.At("credential", "is not one of your passkeys, or did not show what it should")
	_, shown, err := x.showPasskey(own, wrong)
	if fault.Of(err) == fault.Unauthorized { // that is said of sessions here
		err = fault.At("credential", "%s", fault.All(err)[0].Text)
	}
	if err != nil {
		return nil, err
	}
	return x.confirmedBy(shown)
}
