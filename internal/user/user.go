// Package user holds the people who log in: who they are, what side they are
// on, and what keeps others from logging in as them.
//
// A person is on the network's side, as owner, manager or analyst, or on the
// side of one advertiser or affiliate, and then sees what that partner's keys
// see. The e-mail address is the name to log in with: no two people have the
// same, whatever its case. Passwords, the tokens of sessions and of links, and
// recovery codes are kept only as hashes.
package user

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// Role is what a person is to the network.
type Role string

// The roles. The first three are on the network's own side.
const (
	Owner      Role = "owner"
	Manager    Role = "manager"
	Analyst    Role = "analyst"
	Advertiser Role = "advertiser"
	Affiliate  Role = "affiliate"
)

// OfNetwork reports whether a role is on the network's own side.
func (r Role) OfNetwork() bool { return r == Owner || r == Manager || r == Analyst }

// Status says whether a person may log in.
type Status string

// The statuses.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// User is a person as others see one: without what it logs in with.
type User struct {
	ID           int64      `json:"id" readOnly:"true"`
	Email        string     `json:"email" maxLength:"254" doc:"What the person logs in with, and where links are sent. Kept in lower case."`
	Name         string     `json:"name,omitempty" maxLength:"200"`
	Role         Role       `json:"role" enum:"owner,manager,analyst,advertiser,affiliate" doc:"owner may everything; manager does the daily work, and invites people of advertisers and affiliates; analyst looks, and sees no secrets; advertiser and affiliate see what the keys of that partner see."`
	AdvertiserID int64      `json:"advertiser_id,omitempty" doc:"Whose side the person is on (role advertiser)."`
	AffiliateID  int64      `json:"affiliate_id,omitempty" doc:"Whose side the person is on (role affiliate)."`
	Status       Status     `json:"status,omitempty" enum:"active,disabled" default:"active" doc:"A disabled person is logged out at once, and cannot log in."`
	Locale       string     `json:"locale,omitempty" maxLength:"35" doc:"The language and region that numbers and dates are written for, such as en-GB."`
	Zone         string     `json:"zone,omitempty" maxLength:"64" doc:"The time zone that days are counted in, such as Europe/Berlin."`
	TOTP         bool       `json:"totp" readOnly:"true" doc:"Logs in with a code from an authenticator, too."`
	Passkeys     int        `json:"passkeys" readOnly:"true" doc:"How many passkeys the person has."`
	CreatedAt    time.Time  `json:"created_at" readOnly:"true"`
	JoinedAt     *time.Time `json:"joined_at,omitempty" readOnly:"true" doc:"When the invitation was accepted; left out while it was not."`
	LastSeenAt   *time.Time `json:"last_seen_at,omitempty" readOnly:"true"`
}

// Default is a user before anything was said of one.
func Default() User { return User{Status: Active} }

// The longest texts, in characters.
const (
	maxEmail  = 254
	maxLocale = 35
	maxZone   = 64
)

// Validate reports every field that is wrong. The e-mail address must have been
// folded.
func (u User) Validate() error {
	return errors.Join(checkEmail(u.Email), fault.Line("name", u.Name), u.checkSide(), u.checkStatus(), u.checkPlace())
}

// FoldEmail writes an e-mail address the way it is kept: no two people have the
// same, whatever its case. No address of other letters becomes one of plain ones: the
// Kelvin sign is no k.
func FoldEmail(email string) string {
	return strings.Map(func(r rune) rune {
		low := unicode.ToLower(r)
		if r > unicode.MaxASCII && low <= unicode.MaxASCII {
			return r
		}
		return low
	}, strings.TrimSpace(email))
}

// checkEmail asks for no more than a name and a host: whether mail arrives there
// is seen when the invitation is accepted.
func checkEmail(email string) error {
	name, host, _ := strings.Cut(email, "@")
	switch {
	case email == "":
		return fault.At("email", "is missing")
	case utf8.RuneCountInString(email) > maxEmail:
		return fault.At("email", "is longer than %d characters", maxEmail)
	case email != FoldEmail(email):
		return fault.At("email", "is to be written in lower case")
	case name == "" || host == "" || strings.ContainsAny(host, "@,;") || strings.ContainsFunc(email, unfit):
		return fault.At("email", "%.80q is no e-mail address", email)
	default:
		return nil
	}
}

// unfit reports whether r has no place in an e-mail address, cannot be seen in it, or
// would split the header of a message.
func unfit(r rune) bool {
	return !unicode.IsPrint(r) || strings.ContainsRune(` <>()[]"\,;:`, r)
}

func (u User) checkSide() error {
	switch u.Role {
	case Owner, Manager, Analyst:
		if u.AdvertiserID != 0 || u.AffiliateID != 0 {
			return fault.At("role", "somebody of the network's own is on no advertiser's and no affiliate's side")
		}
	case Advertiser:
		if u.AdvertiserID <= 0 || u.AffiliateID != 0 {
			return fault.At("advertiser_id", "somebody of role advertiser needs an advertiser, and only that")
		}
	case Affiliate:
		if u.AffiliateID <= 0 || u.AdvertiserID != 0 {
			return fault.At("affiliate_id", "somebody of role affiliate needs an affiliate, and only that")
		}
	default:
		return fault.At("role", "%.40q is not a role; use owner, manager, analyst, advertiser or affiliate", u.Role)
	}
	return nil
}

func (u User) checkStatus() error {
	if u.Status == Active || u.Status == Disabled {
		return nil
	}
	return fault.At("status", "%.40q is not a status; use active or disabled", u.Status)
}

// checkPlace looks at the shape alone: whether there is such a zone depends on
// the tables of the one who asks.
func (u User) checkPlace() error {
	odd := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_+-/", r)
	}
	var faults []error
	if len(u.Locale) > maxLocale || strings.ContainsFunc(u.Locale, odd) {
		faults = append(faults, fault.At("locale", "is no language, such as en-GB"))
	}
	if len(u.Zone) > maxZone || strings.ContainsFunc(u.Zone, odd) {
		faults = append(faults, fault.At("zone", "is no time zone, such as Europe/Berlin"))
	}
	return errors.Join(faults...)
}

// Principal gives the caller that a logged-in u stands for.
func (u User) Principal() account.Principal {
	p := account.Principal{UserID: u.ID, AdvertiserID: u.AdvertiserID, AffiliateID: u.AffiliateID}
	switch u.Role {
	case Owner:
		p.Role, p.Grade = account.Network, account.Owner
	case Manager:
		p.Role, p.Grade = account.Network, account.Manager
	case Analyst:
		p.Role, p.Grade = account.Network, account.Analyst
	case Advertiser:
		p.Role = account.Advertiser
	case Affiliate:
		p.Role = account.Affiliate
	}
	return p
}

// MayManage reports whether a caller may make, change or remove a user of a
// role: an owner any, a manager those of partners.
func MayManage(p account.Principal, r Role) bool {
	return p.May(account.Administer) || p.May(account.Invite) && !r.OfNetwork()
}

// By is who does something, and from where, as the audit keeps it.
type By struct {
	Actor   string // "user 3", "key 7", "command line"
	Address string
	Session int64 // in which it is done, and which must not have ended meanwhile; 0 where none is
}

// ByOf gives what the audit keeps of a caller.
func ByOf(p account.Principal) By {
	by := By{Actor: p.Actor(), Session: p.Session}
	if p.Address.IsValid() {
		by.Address = p.Address.Unmap().String()
	}
	return by
}

// Credentials are what a person logs in with. They never leave the machine.
type Credentials struct {
	Password   string // hash, empty for none
	TOTPSecret string // empty while no authenticator is set up
	TOTPStep   int64  // the last that a code was taken of: no code is taken twice
	Account    ProviderAccount
}

// Passkey is one authenticator of a person.
type Passkey struct {
	ID        string     `json:"id"` // as its authenticator names it, in base64url
	UserID    int64      `json:"-"`
	Name      string     `json:"name"`
	Doc       string     `json:"-"` // the credential itself, as JSON
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}
