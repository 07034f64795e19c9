package login

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// holder is a person as the library for passkeys wants one.
type holder struct {
	user  user.User
	known []webauthn.Credential
}

// handle names a person to an authenticator: the number, so that the person is
// found by it, and a digest that tells installations under one name apart.
func handle(u user.User) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(u.ID)) //nolint:gosec // numbers of people are positive
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(u.CreatedAt.UnixMicro())))
	return append(b, sum[:8]...)
}

// handleLength is how long every handle is.
const handleLength = 16

// WebAuthnID is the handle.
func (h *holder) WebAuthnID() []byte { return handle(h.user) }

// WebAuthnName is what a person tells accounts apart by.
func (h *holder) WebAuthnName() string { return h.user.Email }

// WebAuthnDisplayName is what a person is called.
func (h *holder) WebAuthnDisplayName() string {
	if h.user.Name == "" {
		return h.user.Email
	}
	return h.user.Name
}

// WebAuthnCredentials are the passkeys.
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.known }

// holder gives a person with the passkeys that are known.
func (l *Login) holder(ctx context.Context, u user.User) (*holder, error) {
	list, err := l.ledger.Passkeys(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	h := &holder{user: u}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(p.Doc), &c); err != nil {
			return nil, fault.Because(err, fault.Damaged, "the passkey %q cannot be read; remove it", p.Name)
		}
		h.known = append(h.known, c)
	}
	return h, nil
}

// relying makes what checks passkeys for the place that a request came to.
func (x *exchange) relying() (*webauthn.WebAuthn, error) {
	p := x.place()
	if !p.namesPasskeys() {
		return nil, fault.New(fault.Conflict, "browsers keep passkeys only for names over https, or for localhost, and not for %s", p.origin())
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: p.name(), RPDisplayName: "Waybill", RPOrigins: []string{p.origin()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare passkeys: %w", err)
	}
	return w, nil
}

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

// begunLogin and begunPasskey are what is remembered in between.
type (
	begunLogin   struct{ data webauthn.SessionData }
	begunPasskey struct {
		data    webauthn.SessionData
		session int64
	}
	begunConfirm struct {
		data    webauthn.SessionData
		session int64
	}
)

// tooLate is the answer to a second half without a first.
func tooLate() error {
	return fault.New(fault.Conflict, "this took too long, or was done already: begin again")
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
	token, err := x.l.begun.begin(begunLogin{*data}, x.from, x.now)
	return asked{token, options.Response}, err
}

// finishPasskeyLogin lets somebody in who has shown a passkey.
func (x *exchange) finishPasskeyLogin() (answer, error) {
	var b shownPasskey
	if err := x.read(&b); err != nil {
		return nil, err
	}
	first, ok := x.l.begun.finish(b.Ceremony, x.now)
	begun, fits := first.(begunLogin)
	if !ok || !fits {
		return nil, tooLate()
	}
	w, err := x.relying()
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(b.Credential)
	if err != nil {
		return nil, fault.At("credential", "is not what an authenticator answers")
	}
	if err := x.attempt(x.address()); err != nil {
		return nil, err
	}
	h, err := x.holderOf(parsed.Response.UserHandle)
	if err != nil && fault.Of(err) != fault.NotFound {
		return nil, err
	}
	used, err := w.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, begun.data, parsed)
	if err != nil {
		return nil, x.failed(h.user, "passkey", wrongPasskey())
	}
	shown, err := x.used(h.user, used, parsed)
	if err != nil {
		return nil, err
	}
	return next{nextDone}, x.signIn(h.user, shown)
}

// used keeps that a passkey was used, which has risen its counter, and gives what
// was shown by it.
func (x *exchange) used(u user.User, c *webauthn.Credential, parsed *protocol.ParsedCredentialAssertionData) (user.Shown, error) {
	verified := parsed.Response.AuthenticatorData.Flags.HasUserVerified()
	shown := user.Shown{How: "passkey", Passkey: idOf(c), Verified: verified, At: x.now}
	if err := x.fit(u, c, verified); err != nil {
		return shown, err
	}
	if err := x.l.ledger.AttemptSucceeded(x.ctx(), x.address()); err != nil {
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
	if err != nil {
		return nobody, err
	}
	if u.Status != user.Active || !bytes.Equal(name, handle(u)) {
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

func idOf(c *webauthn.Credential) string { return base64.RawURLEncoding.EncodeToString(c.ID) }

func (x *exchange) beginPasskey() (answer, error) {
	w, err := x.relying()
	if err != nil {
		return nil, err
	}
	h, err := x.l.holder(x.ctx(), x.who)
	if err != nil {
		return nil, err
	}
	options, data, err := w.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.known).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("ask for a new passkey: %w", err)
	}
	token, err := x.l.begun.begin(begunPasskey{*data, x.session.ID}, x.from, x.now)
	return asked{token, options.Response}, err
}

// finishPasskey keeps a new passkey of whoever is signed in.
func (x *exchange) finishPasskey() (answer, error) {
	var b shownPasskey
	if err := x.read(&b); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(b.Name)
	if name == "" {
		name = "Passkey"
	}
	if utf8.RuneCountInString(name) > 100 || strings.ContainsFunc(name, unicode.IsControl) {
		return nil, fault.At("name", "is longer than 100 characters, or holds a control character")
	}
	first, ok := x.l.begun.finish(b.Ceremony, x.now)
	begun, fits := first.(begunPasskey)
	if !ok || !fits || begun.session != x.session.ID {
		return nil, tooLate()
	}
	w, err := x.relying()
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(b.Credential)
	if err != nil {
		return nil, fault.At("credential", "is not what an authenticator answers")
	}
	made, err := w.CreateCredential(&holder{user: x.who}, begun.data, parsed)
	if err != nil {
		return nil, fault.At("credential", "is not one that can be taken here: it was made for another site, or for another request")
	}
	made.Attestation = webauthn.CredentialAttestation{} // none was asked for, so there is nothing to look at again
	doc, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("keep a passkey: %w", err)
	}
	p := user.Passkey{ID: idOf(made), UserID: x.who.ID, Name: name, Doc: string(doc), CreatedAt: x.now}
	if err := x.l.ledger.AddPasskey(x.ctx(), x.by(x.who), p); err != nil {
		return nil, err
	}
	return p, nil
}

func (x *exchange) listPasskeys() (answer, error) {
	all, err := x.l.ledger.Passkeys(x.ctx(), x.who.ID)
	if all == nil {
		all = []user.Passkey{}
	}
	return all, err
}

func (x *exchange) removePasskey() (answer, error) {
	return nil, x.l.ledger.RemovePasskey(x.ctx(), x.by(x.who), x.who.ID, x.r.PathValue("id"))
}
