package delivery

import (
	"maps"
	"strings"
)

// digest is how the names of macros end that stand for a person by a plain
// digest, such as {email_sha256}: anybody who knows the address can tell whose it
// is.
const digest = "_sha256"

// Personal reports whether the values hold a person's digest.
func (o Owed) Personal() bool {
	for name := range o.Values {
		if strings.HasSuffix(name, digest) {
			return true
		}
	}
	return false
}

// Forget gives the postback without the digests of persons: they are kept until
// it is delivered, or too old.
func (o Owed) Forget() Owed {
	if o.Personal() {
		o.Values = maps.Clone(o.Values)
		maps.DeleteFunc(o.Values, func(name, _ string) bool { return strings.HasSuffix(name, digest) })
	}
	return o
}
