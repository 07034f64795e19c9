// Package account says who calls, and what is theirs.
//
// A key belongs to the network, to one advertiser, to one affiliate, or is
// publishable: readable in a web page, and good for nothing but sending
// conversions of one advertiser's offers. A key's secret is shown once and
// kept only as a hash. What a caller may see follows from its Principal alone,
// never from the address it calls; what it may do there, from its rights.
package account

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Role is whose side a key is on.
type Role string

// The roles.
const (
	Network     Role = "network"
	Advertiser  Role = "advertiser"
	Affiliate   Role = "affiliate"
	Publishable Role = "publishable"
)

// Key is an API key as it is kept: without its secret.
type Key struct {
	ID           int64      `json:"id" readOnly:"true"`
	Role         Role       `json:"role" enum:"network,advertiser,affiliate,publishable" doc:"Whose side the key is on."`
	AdvertiserID int64      `json:"advertiser_id,omitempty" doc:"The advertiser whose key it is (roles advertiser and publishable)."`
	AffiliateID  int64      `json:"affiliate_id,omitempty" doc:"The affiliate whose key it is (role affiliate)."`
	Test         bool       `json:"test,omitempty" doc:"What is reported with the key is test traffic, whatever it says."`
	Name         string     `json:"name,omitempty" maxLength:"200" doc:"What it is for, in your own words."`
	Prefix       string     `json:"prefix" readOnly:"true" doc:"The first letters of the key, to tell keys apart."`
	CreatedAt    time.Time  `json:"created_at" readOnly:"true"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty" readOnly:"true"`
}

// Validate reports every field that is wrong.
func (k Key) Validate() error {
	return errors.Join(k.validateOwner(), k.validateTest(), fault.Line("name", k.Name))
}

func (k Key) validateTest() error {
	if k.Test && k.Role == Affiliate {
		return fault.At("test", "an affiliate's key reports nothing, so it cannot be a test key; add test=1 to the affiliate's links")
	}
	return nil
}

func (k Key) validateOwner() error {
	switch k.Role {
	case Network:
		if k.AdvertiserID != 0 || k.AffiliateID != 0 {
			return fault.At("role", "a network key belongs to no advertiser and no affiliate")
		}
	case Advertiser, Publishable:
		if k.AdvertiserID <= 0 || k.AffiliateID != 0 {
			return fault.At("advertiser_id", "a key of role %s needs an advertiser, and only that", k.Role)
		}
	case Affiliate:
		if k.AffiliateID <= 0 || k.AdvertiserID != 0 {
			return fault.At("affiliate_id", "a key of role affiliate needs an affiliate, and only that")
		}
	default:
		return fault.At("role", "%.40q is not a role; use network, advertiser, affiliate or publishable", k.Role)
	}
	return nil
}

// Principal is the caller as every rule of access sees it.
type Principal struct {
	KeyID        int64 // of the key it calls with, 0 for a user
	UserID       int64 // of the user who is logged in, 0 for a key
	Session      int64 // in which that user is, where that is known
	Role         Role
	Grade        Grade // on the network's side
	AdvertiserID int64
	AffiliateID  int64
	Test         bool       // what it reports is test traffic
	ViewAs       bool       // it looks with a partner's eyes, and changes nothing
	Masked       bool       // secrets are kept from it, whatever its role sees
	Confirmed    bool       // a user: has shown in the last minutes who that is
	Address      netip.Addr // where it calls from, where that is known
}

// Principal gives the caller that k stands for.
func (k Key) Principal() Principal {
	p := Principal{KeyID: k.ID, Role: k.Role, AdvertiserID: k.AdvertiserID, AffiliateID: k.AffiliateID, Test: k.Test}
	if k.Role == Network {
		p.Grade = Owner
	}
	return p
}

// IsNetwork reports whether the caller is the network itself, which sees all.
func (p Principal) IsNetwork() bool { return p.Role == Network }

// Owns reports whether a record of this advertiser and affiliate is the
// caller's to see. An advertiser is judged by its own ID alone, an affiliate
// likewise; a publishable key sees nothing.
func (p Principal) Owns(advertiserID, affiliateID int64) bool {
	switch p.Role {
	case Network:
		return true
	case Advertiser:
		return advertiserID == p.AdvertiserID && advertiserID != 0
	case Affiliate:
		return affiliateID == p.AffiliateID && affiliateID != 0
	default:
		return false
	}
}

// drawn is 256 bits: as many as the hash that guards them, and nothing to guess by
// dictionary.
type drawn [32]byte

func draw(random io.Reader, what string) (b drawn, err error) {
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return b, fault.Because(err, fault.Internal, "draw a %s", what)
	}
	return b, nil
}

// NewToken draws the token of a session, a link or a share.
func NewToken(random io.Reader) (string, error) {
	b, err := draw(random, "token")
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// NewSecret draws a key's secret: `wb_`, the role's letter, and 52 letters of
// base32, which no double click in a terminal cuts apart.
func NewSecret(role Role, random io.Reader) (string, error) {
	letter := role.letter()
	if letter == "" {
		return "", fault.At("role", "%.40q is not a role", role)
	}
	b, err := draw(random, "key")
	if err != nil {
		return "", err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
	return "wb_" + letter + "_" + strings.ToLower(text), nil
}

// letter tells a secret's role to the one who finds it in a configuration.
func (r Role) letter() string {
	switch r {
	case Network:
		return "n"
	case Advertiser:
		return "d"
	case Affiliate:
		return "a"
	case Publishable:
		return "p"
	default:
		return ""
	}
}

// prefixLength shows the role and six letters of the secret: enough to tell
// keys apart, far too little to guess one.
const prefixLength = len("wb_n_") + 6

// Prefix gives the part of a secret that may be shown.
func Prefix(secret string) string {
	return secret[:min(len(secret), prefixLength)]
}

// secretLength is how long every secret is.
const secretLength = len("wb_n_") + 52

// Redact shortens every secret in a text to its Prefix, for secrets turn up where
// nobody meant to send them.
func Redact(text string) string {
	const begin = "wb_"
	var out strings.Builder
	for {
		at := strings.Index(text, begin)
		if at < 0 {
			break
		}
		end := at + len(begin)
		if isSecret(text[at:]) {
			out.WriteString(text[:at+prefixLength])
			end = at + secretLength
		} else {
			out.WriteString(text[:end])
		}
		text = text[end:]
	}
	if out.Len() == 0 {
		return text
	}
	out.WriteString(text)
	return out.String()
}

// isSecret reports whether a text begins with a secret of any role.
func isSecret(text string) bool {
	if len(text) < secretLength || strings.IndexByte("ndap", text[3]) < 0 || text[4] != '_' {
		return false
	}
	return !strings.ContainsFunc(text[len("wb_n_"):secretLength], func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '2' || r > '7')
	})
}

// Hash is how a secret or a token is kept and looked up. A plain SHA-256 suffices,
// since it was drawn.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
