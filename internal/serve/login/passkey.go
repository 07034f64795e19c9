package login

import (
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

func idOf(c *webauthn.Credential) string { return base64.RawURLEncoding.EncodeToString(c.ID) }

// own gives the passkeys of whoever is signed in, and what checks them.
func (x *exchange) own() (*webauthn.WebAuthn, *holder, error) {
	w, err := x.relying()
	if err != nil {
		return nil, nil, err
	}
	h, err := x.l.holder(x.ctx(), x.who)
	return w, h, err
}

func (x *exchange) beginPasskey() (answer, error) {
	w, h, err := x.own()
	if err != nil {
		return nil, err
	}
	options, data, err := w.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.known).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("ask for a new passkey: %w", err)
	}
	return x.ask(data, true, options.Response)
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
	w, data, err := x.answered(b, true)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(b.Credential)
	if err != nil {
		return nil, fault.At("credential", "is not what an authenticator answers")
	}
	made, err := w.CreateCredential(&holder{user: x.who}, data, parsed)
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
