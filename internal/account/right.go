package account

import "strconv"

// Grade is how far somebody on the network's own side may go.
type Grade string

// The grades. A network key is an owner.
const (
	Owner   Grade = "owner"   // everything
	Manager Grade = "manager" // the daily work, and the people of partners
	Analyst Grade = "analyst" // looks, and changes nothing
)

// Grades lists them all, from the greatest to the least.
func Grades() []Grade { return []Grade{Owner, Manager, Analyst} }

// Right is what a caller may do with what it sees.
type Right string

// The rights.
const (
	Read       Right = "read"       // see, and try out what changes nothing
	Write      Right = "write"      // change the catalog, conversions, deliveries; replay
	Invite     Right = "invite"     // look after the users of advertisers and affiliates
	Audit      Right = "audit"      // see who did what
	Administer Right = "administer" // the network's own users, keys, settings and domains
)

// Rights lists them all, from the least to the greatest.
func Rights() []Right { return []Right{Read, Write, Invite, Audit, Administer} }

// May reports whether the caller has a right. Who looks with another's eyes
// only looks, and one of no known role may nothing.
func (p Principal) May(r Right) bool {
	switch p.Role {
	case Network:
		return p.Grade.may(r) && (r == Read || !p.ViewAs)
	case Advertiser, Affiliate:
		return r == Read || r == Write && !p.ViewAs
	case Publishable:
		return false
	default:
		return false
	}
}

func (g Grade) may(r Right) bool {
	switch g {
	case Owner:
		return r == Read || r == Write || r == Invite || r == Audit || r == Administer
	case Manager:
		return r == Read || r == Write || r == Invite || r == Audit
	case Analyst:
		return r == Read
	default:
		return false
	}
}

// As gives the caller as it looks with the eyes of one advertiser or affiliate.
// It stays who it is, and what is kept from it stays kept from it.
func (p Principal) As(role Role, id int64) Principal {
	seen := p
	seen.Role, seen.AdvertiserID, seen.AffiliateID = role, 0, 0
	switch role {
	case Advertiser:
		seen.AdvertiserID = id
	case Affiliate:
		seen.AffiliateID = id
	case Network, Publishable:
	}
	seen.Masked = p.SecretsMasked()
	seen.Grade, seen.ViewAs = "", true
	return seen
}

// SecretsMasked reports whether the caller sees of a secret only that there is
// one.
func (p Principal) SecretsMasked() bool {
	return p.Masked || p.Role == Network && p.Grade != Owner && p.Grade != Manager
}

// MustConfirm reports whether the caller is to show anew who that is, before
// something that whoever has stolen a session must not do. A key shows itself
// with every request.
func (p Principal) MustConfirm() bool { return p.UserID != 0 && !p.Confirmed }

// Actor names the caller for the audit: "user 3" or "key 7".
func (p Principal) Actor() string {
	if p.UserID != 0 {
		return "user " + strconv.FormatInt(p.UserID, 10)
	}
	return "key " + strconv.FormatInt(p.KeyID, 10)
}
