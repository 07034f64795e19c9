package login

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// asked is the first half of a ceremony with a passkey, as the browser gets it.
type asked struct {
	Ceremony  string `json:"ceremony"`
	PublicKey any    `json:"publicKey"`
}

// shownPasskey is its second half.
type shownPasskey struct {
	Ceremony   string          `json:"ceremony"`
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"`
}

// begunPasskey is what is remembered in between.
type begunPasskey struct {
	data    webauthn.SessionData
	session int64 // whose person has begun; 0 for a log-in
	anew    bool  // for a passkey that is to be made
}

// tooLate is the answer to a second half without a first.
func tooLate() error {
	return fault.New(fault.Conflict, "this took too long, or was done already: begin again")
}

// ask remembers the first half, and gives the browser what it asks an authenticator.
func (x *exchange) ask(data *webauthn.SessionData, anew bool, publicKey any) (answer, error) {
	token, err := x.l.begun.begin(begunPasskey{*data, x.session.ID, anew}, x.door().Name, x.now)
	return asked{token, publicKey}, err
}

// answered gives what was asked, if this session has, or nobody who is signed in,
// and what checks the answer.
func (x *exchange) answered(b shownPasskey, anew bool) (*webauthn.WebAuthn, webauthn.SessionData, error) {
	first, ok := x.l.begun.finish(b.Ceremony, x.now)
	begun, fits := first.(begunPasskey)
	if !ok || !fits || begun.session != x.session.ID || begun.anew != anew {
		return nil, begun.data, tooLate()
	}
	w, err := x.relying()
	return w, begun.data, err
}

// showPasskey takes the second half in which a passkey is shown, and gives whose it
// is and what was shown by it. of finds whom it may belong to, by the handle that the
// authenticator has named.
func (x *exchange) showPasskey(of func(handle []byte) (*holder, error), wrong error) (user.User, user.Shown, error) {
	var b shownPasskey
	if err := x.read(&b); err != nil {
		return user.User{}, user.Shown{}, err
	}
	w, data, err := x.answered(b, false)
	if err != nil {
		return user.User{}, user.Shown{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(b.Credential)
	if err != nil {
		return user.User{}, user.Shown{}, fault.At("credential", "is not what an authenticator answers")
	}
	if err := x.attempt(x.door().Apart(byPasskey)); err != nil {
		return user.User{}, user.Shown{}, err
	}
	h, err := of(parsed.Response.UserHandle)
	if err != nil {
		return user.User{}, user.Shown{}, err
	}
	used, err := validated(w, h, data, parsed)
	if err != nil {
		return h.user, user.Shown{}, x.failed(h.user, byPasskey, wrong)
	}
	shown, err := x.used(h.user, used, parsed)
	return h.user, shown, err
}

// validated gives the passkey of a person that was shown, if it is one, and was asked
// for. Whoever signs in was not known when it was.
func validated(w *webauthn.WebAuthn, h *holder, data webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if data.UserID == nil {
		return w.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, data, parsed)
	}
	return w.ValidateLogin(h, data, parsed)
}

func (x *exchange) beginPasskeyLogin() (answer, error) {
	w, err := x.relying()
	if err != nil {
		return nil, err
	}
	options, data, err := w.BeginDiscoverableLogin()
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return x.ask(data, false, options.Response)
}

// finishPasskeyLogin lets somebody in who has shown a passkey.
func (x *exchange) finishPasskeyLogin() (answer, error) {
	u, shown, err := x.showPasskey(x.holderOf, wrongPasskey())
	if err != nil {
		return nil, err
	}
	return next{nextDone}, x.signIn(u, shown)
}

// used keeps that a passkey was used, which has risen its counter, and gives what
// was shown by it.
func (x *exchange) used(u user.User, c *webauthn.Credential, parsed *protocol.ParsedCredentialAssertionData) (user.Shown, error) {
	verified := parsed.Response.AuthenticatorData.Flags.HasUserVerified()
	shown := user.Shown{How: byPasskey, Passkey: idOf(c), Verified: verified, At: x.now}
	if err := x.fit(u, c, verified); err != nil {
		return shown, err
	}
	if err := x.l.ledger.AttemptSucceeded(x.ctx(), x.door().Apart(byPasskey)); err != nil {
		return shown, err
	}
	doc, err := json.Marshal(c)
	if err != nil {
		return shown, fmt.Errorf("keep a passkey: %w", err)
	}
	return shown, x.l.ledger.UsePasskey(x.ctx(), u.ID, shown.Passkey, string(doc), x.now)
}

// holderOf finds whose handle an authenticator has named. Who is not found has no
// passkeys, so that nothing fits.
func (x *exchange) holderOf(name []byte) (*holder, error) {
	nobody := &holder{}
	if len(name) != handleLength {
		return nobody, nil
	}
	u, err := x.l.ledger.User(x.ctx(), int64(binary.BigEndian.Uint64(name))) //nolint:gosec // a wrong number is nobody's
	switch {
	case fault.Of(err) == fault.NotFound:
		return nobody, nil
	case err != nil:
		return nil, err
	case u.Status != user.Active || !bytes.Equal(name, handle(u)):
		return nobody, nil
	}
	return x.l.holder(x.ctx(), u)
}

// wrongPasskey is the one answer to a passkey that is not known here, is another's,
// or has shown something wrong.
func wrongPasskey() error {
	return fault.New(fault.Unauthorized, "this passkey is not known here, or did not show what it should")
}

// fit refuses a passkey that there may be a copy of, and one that has not looked
// whose hand it is in where a second step is wanted.
func (x *exchange) fit(u user.User, used *webauthn.Credential, verified bool) error {
	if used.Authenticator.CloneWarning {
		return x.failed(u, "passkey that may be a copy", fault.New(fault.Unauthorized,
			"this passkey may have been copied: its counter went back. Sign in in another way, and remove it"))
	}
	if u.TOTP && !verified {
		return x.failed(u, "passkey without verification", fault.New(fault.Unauthorized,
			"this passkey did not check a finger, a face or a PIN, and you have two-step codes on: sign in with password and code"))
	}
	return nil
}
