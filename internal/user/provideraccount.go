package user

// ProviderAccount is who somebody is at an identity provider. The zero value is
// nobody.
type ProviderAccount struct {
	Provider string // which provider, and which of its clients we are
	Subject  string // its name for the person, which it never gives to another (OpenID Connect Core 1.0, 2)
}

// Contradicts reports whether a and b are two different accounts at one provider.
// Accounts at two providers say nothing of each other.
func (a ProviderAccount) Contradicts(b ProviderAccount) bool {
	return a.Provider == b.Provider && a.Subject != b.Subject
}
