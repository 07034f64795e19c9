package param

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Hashed stands before the keyed hash of an e-mail or user name.
const Hashed = "emailhash:"

// Digest gives the SHA-256, in lower-case hex, of an e-mail or user name without
// the white space around it and in lower case: what ad platforms and the
// parameter email_sha256 call its hash. A space inside an address is a plus that
// nobody escaped.
func Digest(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	if strings.Contains(email, "@") {
		email = strings.ReplaceAll(email, " ", "+")
	}
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}

// Hash gives what is kept of an e-mail or user name: the HMAC-SHA256 of its
// Digest under key. So the same person is recognised whether the address itself
// was sent or its Digest (see HashDigest), and nobody without the key can try
// addresses. What is hashed already stays as it is.
func Hash(key []byte, email string) string {
	if isHashed(email) {
		return email
	}
	return HashDigest(key, Digest(email))
}

// HashDigest gives what Hash gives for the address that digest is of. What is no
// digest is hashed like an address.
func HashDigest(key []byte, digest string) string {
	digest = strings.ToLower(strings.TrimSpace(digest))
	if isHashed(digest) {
		return digest
	}
	if !hexString(digest, 2*sha256.Size) {
		digest = Digest(digest)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(digest))
	return Hashed + hex.EncodeToString(mac.Sum(nil))
}

// EmailDigest gives the plain digest of the e-mail that v names, before Scrub has
// taken it out: of the address, or as it came. It is empty where neither an
// address nor a digest came.
func (v *Values) EmailDigest() string {
	for _, n := range [...]Name{Email, EmailSHA256} {
		switch s := strings.TrimSpace(v.text[n]); {
		case hexString(s, 2*sha256.Size):
			return strings.ToLower(s)
		case strings.Contains(s, "@"):
			return Digest(s)
		}
	}
	return ""
}

func isHashed(s string) bool {
	sum, ok := strings.CutPrefix(s, Hashed)
	return ok && hexString(sum, 2*sha256.Size)
}

func hexString(s string, n int) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return len(s) == n
}

// Scrub takes out of v what must not be kept: e-mails, user names and their
// digests become keyed hashes, tokens and signatures go, and e-mails in customers'
// numbers and in parameters that nobody knows become keyed hashes too. A hash is
// longer than what it stands for, so values are held to their lengths once more.
// Doing it again changes nothing.
func (v *Values) Scrub(key []byte) {
	for n := range NumNames {
		if s := v.text[n]; s != "" {
			most, _ := n.limit()
			v.text[n], _ = cut(n.scrub(key, s), most)
		}
	}
	for i, p := range v.Unknown {
		name, _ := Cut(ScrubText(key, p.Name))
		value, _ := Cut(scrubUnknown(key, p.Value))
		v.Unknown[i] = Pair{name, value}
	}
}

// scrub gives what is kept of s, a value of n.
func (n Name) scrub(key []byte, s string) string {
	switch n {
	case Email, Username, EmailSHA256: // any of them may come as its digest
		return HashDigest(key, s)
	case Token, TS, Sig:
		return ""
	case Items, CustomerID: // many a shop's customers are called by their e-mails
		return ScrubText(key, s)
	default:
		return s
	}
}

// scrubUnknown gives what is kept of a value that nobody knows. One that was an
// object may hold what others know.
func scrubUnknown(key []byte, s string) string {
	if s != "" && (s[0] == '{' || s[0] == '[') {
		return string(ScrubJSON(Signal, key, []byte(s)))
	}
	return ScrubText(key, s)
}

// scrubEscapedAs gives what is kept of a value of n, still escaped, with what was
// joined to it.
func (d Door) scrubEscapedAs(key []byte, n Name, value string) string {
	before, between, behind, e, found := d.joined(n, value)
	kept := rewrite(before, func(s string) string { return n.scrub(key, s) })
	if !found {
		return kept
	}
	return kept + between + d.scrubEscapedAs(key, e.name, behind)
}

// ScrubQuery gives a query, or a form's body, as it may be kept: as it came,
// but for what Scrub takes out. It works on the text, so that what Values would
// not hold (a second value, a click's unknown parameters) is treated too.
func ScrubQuery(d Door, key []byte, raw string) string {
	var out strings.Builder
	out.Grow(len(raw))
	for i, one := range strings.Split(raw, "&") {
		if i > 0 {
			out.WriteByte('&')
		}
		name, value, equals := strings.Cut(one, "=")
		e, _, known := d.find(unescape(name))
		if !known {
			out.WriteString(scrubEscaped(key, name))
		} else {
			out.WriteString(name)
		}
		if !equals {
			continue
		}
		out.WriteByte('=')
		if known {
			out.WriteString(d.scrubEscapedAs(key, e.name, value))
		} else {
			out.WriteString(scrubEscaped(key, value))
		}
	}
	return out.String()
}

func scrubEscaped(key []byte, s string) string {
	return rewrite(s, func(plain string) string { return ScrubText(key, plain) })
}

// rewrite changes an escaped text by change; where that changes nothing it stays
// escaped as it was.
func rewrite(escaped string, change func(string) string) string {
	if escaped == "" {
		return ""
	}
	plain := unescape(escaped)
	if changed := change(plain); changed != plain {
		return escape(changed)
	}
	return escaped
}

// escape percent-encodes what would be read as something else in a query.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f, strings.IndexByte(`%+&=#"<>`, c) >= 0:
			out = append(out, '%', digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
