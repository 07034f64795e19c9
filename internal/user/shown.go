package user

import "time"

// Shown is what somebody has shown to be let in, or to confirm who that is. It is
// looked at once more in the moment in which it counts: until then the password
// may be another, the passkey gone, the authenticator set up.
type Shown struct {
	How           string // for the audit: "password and code"
	Password      string // the hash that a password fitted
	Authenticator string // the secret that a code was made of
	Passkey       string // its ID
	Verified      bool   // the passkey has looked whose hand it is in
	Email         string // the address that an identity provider vouches for
	Account       ProviderAccount
	At            time.Time // when it was shown
}

// Holds reports whether what was shown is still what a person signs in with.
// Whether there still is the passkey is not known here.
func (s Shown) Holds(u User, c Credentials) bool {
	return (s.Password == "" || s.Password == c.Password) &&
		(s.Authenticator == "" || s.Authenticator == c.TOTPSecret) &&
		(s.Email == "" || s.Email == u.Email) && !s.Account.Contradicts(c.Account)
}

// LetsIn reports whether it is enough to be signed in, too: a code alone is not,
// nor is a password where an authenticator is set up. A provider asks for a second
// step itself.
func (s Shown) LetsIn(u User, c Credentials) bool {
	switch {
	case u.Status != Active || !s.Holds(u, c):
		return false
	case s.Email != "":
		return true
	case s.Password == "" && s.Passkey == "":
		return false
	default:
		return c.TOTPSecret == "" || s.Authenticator != "" || s.Passkey != "" && s.Verified
	}
}
