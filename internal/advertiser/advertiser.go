// Package advertiser holds the side of the trade that pays, and how its
// postbacks prove that they come from it.
//
// A wrong credential is always refused, whatever the setting: somebody who
// signs wrongly wants to be told, not believed.
package advertiser

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"waybill/internal/fault"
)

// Status says whether an advertiser's offers run.
type Status string

// The statuses.
const (
	Active Status = "active"
	Paused Status = "paused"
)

// Auth is what a postback must bring to be believed.
type Auth string

// The ways of proof, weakest first.
const (
	AuthOff       Auth = "off"       // nothing: whoever knows a transaction ID is believed
	AuthToken     Auth = "token"     // a shared secret in the URL
	AuthSignature Auth = "signature" // HMAC-SHA256 over time and contents
)

// Advertiser is one company whose offers are promoted.
type Advertiser struct {
	ID           int64  `json:"id" readOnly:"true"`
	Name         string `json:"name" maxLength:"200" doc:"What people call it."`
	Status       Status `json:"status,omitempty" enum:"active,paused" default:"active" doc:"The offers of a paused advertiser are not sent visitors."`
	PostbackAuth Auth   `json:"postback_auth,omitempty" enum:"off,token,signature" default:"off" doc:"What a postback must bring to be believed."`
	// Token and SigSecret are drawn at creation, so that switching the proof on
	// is one change.
	Token     string `json:"token,omitempty" doc:"The shared secret of postback_auth token; drawn by Waybill when left open."`
	SigSecret string `json:"sig_secret,omitempty" doc:"The HMAC key of postback_auth signature; drawn by Waybill when left open."`
	// A secret that was replaced goes on proving until it is taken out, so that
	// an advertiser's systems can be moved to the new one in their own time.
	PreviousToken     string            `json:"previous_token,omitempty" doc:"A token that is still believed beside token, while systems are moved to a new one; empty it when they are."`
	PreviousSigSecret string            `json:"previous_sig_secret,omitempty" doc:"An HMAC key that is still believed beside sig_secret, likewise."`
	IPAllow           []netip.Prefix    `json:"ip_allow,omitempty" doc:"When not empty, postbacks from other addresses are refused (ip_not_allowed)."`
	StatusWords       map[string]string `json:"status_words,omitempty" doc:"The advertiser's words for statuses, mapped to approved, pending, rejected or hold."`
	Strict            bool              `json:"strict" default:"true" doc:"false: every rejection is answered with 200, for systems that resend or alarm on anything else."`
}

// Default is an advertiser before anything was said of it.
func Default() Advertiser {
	return Advertiser{Status: Active, PostbackAuth: AuthOff, Strict: true}
}

const (
	maxSecret = 200 // bytes
	maxAllow  = 1000
	maxWords  = 100
	maxWord   = 100 // bytes
)

// Validate reports every field that is wrong. The ID is the ledger's to give
// and not looked at.
func (a *Advertiser) Validate() error {
	return errors.Join(
		fault.Name("name", a.Name),
		a.validateStatus(),
		a.validateAuth(),
		a.validateAllow(),
		a.validateWords(),
	)
}

func (a *Advertiser) validateStatus() error {
	switch a.Status {
	case Active, Paused:
		return nil
	default:
		return fault.At("status", "%.40q is not a status; use active or paused", a.Status)
	}
}

func (a *Advertiser) validateAuth() error {
	errs := []error{
		validSecret("token", a.Token), validSecret("sig_secret", a.SigSecret),
		validSecret("previous_token", a.PreviousToken), validSecret("previous_sig_secret", a.PreviousSigSecret),
	}
	switch a.PostbackAuth {
	case AuthOff:
	case AuthToken:
		if a.Token == "" {
			errs = append(errs, fault.At("token", "is missing, and postback_auth is token"))
		}
	case AuthSignature:
		if a.SigSecret == "" {
			errs = append(errs, fault.At("sig_secret", "is missing, and postback_auth is signature"))
		}
	default:
		errs = append(errs, fault.At("postback_auth", "%.40q is not understood; use off, token or signature", a.PostbackAuth))
	}
	return errors.Join(errs...)
}

// validSecret keeps secrets to what survives a URL, a form and a copy by hand.
func validSecret(field, secret string) error {
	if len(secret) > maxSecret {
		return fault.At(field, "is longer than %d bytes", maxSecret)
	}
	if strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fault.At(field, "must be letters, digits and signs of ASCII, without spaces")
	}
	return nil
}

func (a *Advertiser) validateAllow() error {
	if len(a.IPAllow) > maxAllow {
		return fault.At("ip_allow", "has %d entries, the most is %d", len(a.IPAllow), maxAllow)
	}
	var errs []error
	for i, p := range a.IPAllow {
		if place := fmt.Sprintf("ip_allow[%d]", i); !p.IsValid() {
			errs = append(errs, fault.At(place, "is not a network such as 203.0.113.0/24"))
		} else if p.Addr().Is4In6() {
			errs = append(errs, fault.At(place, "write %s as an IPv4 network", p))
		}
	}
	return errors.Join(errs...)
}

// statusWords are the words that every advertiser may use.
func statusWords() []string { return []string{"approved", "pending", "rejected", "hold"} }

func (a *Advertiser) validateWords() error {
	if len(a.StatusWords) > maxWords {
		return fault.At("status_words", "has %d entries, the most is %d", len(a.StatusWords), maxWords)
	}
	var errs []error
	seen := make(map[string]bool)
	for _, word := range sorted(a.StatusWords) {
		place := fmt.Sprintf("status_words.%.40s", word)
		folded := fold(word)
		switch {
		case folded == "" || folded != strings.ToLower(word) || len(word) > maxWord:
			errs = append(errs, fault.At(place, "a word has 1 to %d bytes and no space around it", maxWord))
		case seen[folded]:
			errs = append(errs, fault.At(place, "is there twice: case does not matter"))
		}
		seen[folded] = true
		if status := a.StatusWords[word]; !slices.Contains(statusWords(), status) {
			errs = append(errs, fault.At(place, "%.40q is not a status; use approved, pending, rejected or hold", status))
		}
	}
	return errors.Join(errs...)
}

func sorted(words map[string]string) []string {
	all := make([]string, 0, len(words))
	for w := range words {
		all = append(all, w)
	}
	slices.Sort(all)
	return all
}

func fold(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// StatusWord gives the status that a word of the advertiser's means: by its own
// list first, which may give a usual word another sense. Case does not matter.
func (a *Advertiser) StatusWord(word string) (status string, ok bool) {
	word = fold(word)
	for own, means := range a.StatusWords {
		if fold(own) == word {
			return means, true
		}
	}
	if slices.Contains(statusWords(), word) {
		return word, true
	}
	return "", false
}

// secretBytes is how much chance is in a drawn secret: 160 bits, 32 letters.
const secretBytes = 20

// DrawSecrets draws the token and the signing secret where they are left open.
func (a *Advertiser) DrawSecrets(random io.Reader) error {
	for _, secret := range [...]*string{&a.Token, &a.SigSecret} {
		if *secret != "" {
			continue
		}
		var b [secretBytes]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return fmt.Errorf("draw an advertiser's secrets: %w", err)
		}
		*secret = strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	}
	return nil
}

// Warning is something that may be saved, but is seldom what was meant.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// shortToken is the length below which a token can be guessed in time.
const shortToken = 12

// Warnings gives what is likely a mistake in an advertiser that is valid.
func (a *Advertiser) Warnings() []Warning {
	switch {
	case a.PostbackAuth == AuthOff && len(a.IPAllow) == 0:
		return []Warning{{"postback_auth", "postbacks are believed without any proof: whoever sees a transaction ID, such as the visitor, can report a conversion; use token or signature"}}
	case a.PostbackAuth == AuthToken && len(a.Token) < shortToken:
		return []Warning{{"token", "the token is short enough to be guessed; leave it open, and Waybill draws one"}}
	case a.PostbackAuth == AuthToken && a.PreviousToken != "" && len(a.PreviousToken) < shortToken:
		return []Warning{{"previous_token", "the token is short enough to be guessed; empty it once every system sends the new one"}}
	default:
		return nil
	}
}
