package param

import (
	"html"
	"slices"
	"strings"
)

// idLength is how many characters a transaction ID has.
const idLength = 32

// kinds of values, by what may be taken off them.
const (
	free    = iota // text of whoever sent it: nothing
	decides        // an ID, a code, a word: what surrounds it, and words for nothing
	number         // an amount or its currency: HTML's entities too
)

// kind gives how far a value of n may be mended at a door. What a click carries
// is the affiliate's and goes back to him as it came, but for what tells who the
// visitor is.
func (d Door) kind(n Name) int {
	switch n {
	case Email, Username, EmailSHA256, CustomerID, GAID, IDFA, IDFV, Coupon,
		FBCLID, GCLID, GBRAID, WBRAID, TTCLID, MSCLKID, FBP, FBC, TTP:
		return decides
	case OfferID, AffiliateID, TransactionID, OrderID, HitID, ConversionID, Goal, Status, OccurredAt, IP:
		if d == Signal {
			return decides
		}
	case Amount, Currency, Payout:
		if d == Signal {
			return number
		}
	default:
	}
	return free
}

// mend gives what a value says, without the traces of the system that sent it:
// white space and marks that nobody sees, quotes around it, one escape too many,
// and the words by which programs call nothing. Only what can mean one thing
// alone is mended. It reports whether more than white space went.
func (d Door) mend(n Name, s string) (said string, mended bool) {
	kind := d.kind(n)
	switch {
	case kind == free:
		return s, false
	case n.digestOfNothing(s):
		return "", true
	case plain(s):
		return s, false
	}
	said = bare(s)
	if n.escapedOnce() {
		said = bare(unescapeAgain(said))
	}
	if kind == number && strings.IndexByte(said, '&') >= 0 {
		said = bare(html.UnescapeString(said))
	}
	if nothing(said) || said == "0" && n.neverZero() {
		said = ""
	}
	return said, said != strings.TrimSpace(s)
}

// plain reports whether a value is too long for a word that means nothing, and
// holds no sign that could be taken off: so are most.
func plain(s string) bool {
	if len(s) <= len("[object Object]") {
		return false
	}
	return named(s)
}

// named reports whether s is made of what names and codes are made of.
func named(s string) bool {
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 26 }

// unseen are marks that show nothing: those of byte order, and spaces of no
// width.
const unseen = "\ufeff\u200b\u200c\u200d\u2060"

// bare takes white space, unseen marks and quotes off a value.
func bare(s string) string {
	if n := len(s); n > 0 && alphanumeric(s[0]) && alphanumeric(s[n-1]) {
		return s
	}
	for {
		was := len(s)
		s = strings.Trim(strings.TrimSpace(s), unseen)
		if n := len(s); n >= 2 && s[0] == s[n-1] && (s[0] == '"' || s[0] == '\'') {
			s = s[1 : n-1]
		}
		if len(s) == was {
			return s
		}
	}
}

// escapedOnce reports whether no value of n holds a percent sign with two
// digits, so that one that does was escaped twice.
func (n Name) escapedOnce() bool {
	switch n {
	case TransactionID, ConversionID, OfferID, AffiliateID, Amount, Payout, Currency, Goal, Status, OccurredAt, IP:
		return true
	default:
		return false
	}
}

// unescapeAgain decodes a value that was escaped more than once.
func unescapeAgain(s string) string {
	for range 2 {
		if strings.IndexByte(s, '%') < 0 {
			break
		}
		again := decode(strings.ReplaceAll(s, "+", "%2B")) // a plus was decoded before
		if again == s {
			break
		}
		s = again
	}
	return s
}

// nothing reports whether a value is a word by which programs and templates call
// nothing.
func nothing(s string) bool {
	for _, word := range [...]string{
		"null", "undefined", "none", "nil", "nan", "n/a", "-", "(null)", "<null>", "<nil>", "(none)", "[object object]",
	} {
		if len(s) == len(word) && strings.EqualFold(s, word) {
			return true
		}
	}
	return false
}

// digestOfNothing reports whether s is what a system makes of an e-mail or a user
// name that it does not have: the SHA-256 of an empty text, of null or of
// undefined. All its guests would be taken for one customer.
func (n Name) digestOfNothing(s string) bool {
	if n != Email && n != Username && n != EmailSHA256 {
		return false
	}
	for _, digest := range [...]string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b",
		"eb045d78d273107348b0300c01d29b7552d622abbc6faf81b3ec55359aa9950c",
	} {
		if strings.EqualFold(strings.TrimSpace(s), digest) {
			return true
		}
	}
	return false
}

// neverZero reports whether 0 stands for nothing: no shop counts its orders and
// customers from there, but many write 0 for a guest or an order not yet placed,
// and all of those would be taken for one.
func (n Name) neverZero() bool {
	switch n {
	case OrderID, HitID, CustomerID, ConversionID, Coupon, OfferID, AffiliateID:
		return true
	default:
		return false
	}
}

// runs calls f for what stands in a value like a transaction ID, among signs
// that are in none: behind a slash that was left, in a list, in a whole URL.
func runs(s string, f func(string)) {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && alphanumeric(s[i]) {
			continue
		}
		if i-start == idLength && i-start < len(s) {
			f(s[start:i])
		}
		start = i + 1
	}
}

// joined finds a parameter in the value of another, both still escaped, behind a
// separator that belongs elsewhere: a second question mark, or a semicolon. It
// gives what stands before, the separator with the name and its equals sign, and
// what stands behind. What was escaped is never taken apart: it may be what a
// visitor has typed.
func (d Door) joined(n Name, s string) (before, between, behind string, e entry, ok bool) {
	if d != Signal || len(s) > maxJoined || d.kind(n) == free {
		return s, "", "", entry{}, false
	}
	for from := 0; ; {
		at := strings.IndexAny(s[from:], "?;")
		if at < 0 {
			return s, "", "", entry{}, false
		}
		at += from
		name, _, named := strings.Cut(s[at+1:min(len(s), at+2+longestName)], "=")
		if e, ok = d.look(name); ok && named {
			equals := at + 1 + len(name)
			e.rank |= joinedRank
			return s[:at], s[at : equals+1], s[equals+1:], e, true
		}
		from = at + 1
	}
}

// joinedRank puts a joined parameter behind every one that stands on its own.
const joinedRank = 1 << 7

// maxJoined is how long a value may be in which others are looked for.
const maxJoined = 4 << 10

// entities are how HTML writes an ampersand; what is behind one was separated by
// it.
//
//nolint:gochecknoglobals // a list that never changes
var entities = []string{"amp;", "#38;", "#038;", "#x26;"}

// plainName gives a name without what systems leave around it: the remains of an
// entity, unseen marks, white space, and the brackets by which PHP makes lists.
func plainName(name string) (plain string, entity bool) {
	if named(name) {
		return name, false
	}
	plain = strings.Trim(strings.TrimSpace(name), unseen)
	for _, e := range entities {
		if len(plain) > len(e) && equalFold(plain[:len(e)], e) {
			plain, entity = plain[len(e):], true
			break
		}
	}
	if at := strings.IndexByte(plain, '['); at > 0 && strings.HasSuffix(plain, "]") && !slices.ContainsFunc([]byte(plain[at+1:len(plain)-1]), notDigit) {
		plain = plain[:at]
	}
	return strings.TrimSpace(plain), entity
}

func notDigit(c byte) bool { return c-'0' >= 10 }
