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
// parameter email_sha256 call its hash.
func Digest(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
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
// digests become keyed hashes, tokens and signatures go, and e-mails in
// parameters that nobody knows become keyed hashes too. Doing it again changes
// nothing.
func (v *Values) Scrub(key []byte) {
	for n := range NumNames {
		if s := v.text[n]; s != "" {
			v.text[n] = n.scrub(key, s)
		}
	}
	for i, p := range v.Unknown {
		v.Unknown[i] = Pair{ScrubText(key, p.Name), ScrubText(key, p.Value)}
	}
}

// scrub gives what is kept of s, a value of n.
func (n Name) scrub(key []byte, s string) string {
	switch n {
	case Email, Username:
		return Hash(key, s)
	case EmailSHA256:
		return HashDigest(key, s)
	case Token, TS, Sig:
		return ""
	default:
		return s
	}
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
			out.WriteString(rewrite(value, func(s string) string { return e.name.scrub(key, s) }))
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

// ScrubText replaces every e-mail in free text (a referrer, a parameter that
// nobody knows) by its keyed hash, also where its @ is percent-encoded.
func ScrubText(key []byte, s string) string {
	var out strings.Builder
	for {
		start, end := findEmail(s)
		if end == 0 {
			break
		}
		out.WriteString(s[:start])
		out.WriteString(Hash(key, strings.ReplaceAll(unescapeAt(s[start:end]), " ", "+")))
		s = s[end:]
	}
	if out.Len() == 0 {
		return s
	}
	out.WriteString(s)
	return out.String()
}

func unescapeAt(s string) string {
	at, n := indexAt(s)
	return s[:at] + "@" + s[at+n:]
}

// indexAt gives the place and length of the first @ in s, which may be
// percent-encoded once or twice; the length is 0 if there is none.
func indexAt(s string) (at, n int) {
	for i := range len(s) {
		switch {
		case s[i] == '@':
			return i, 1
		case strings.HasPrefix(s[i:], "%40"):
			return i, len("%40")
		case strings.HasPrefix(s[i:], "%2540"):
			return i, len("%2540")
		}
	}
	return 0, 0
}

// findEmail gives the bounds of the first e-mail in s; end is 0 if there is
// none.
func findEmail(s string) (start, end int) {
	for from := 0; from < len(s); {
		at, n := indexAt(s[from:])
		if n == 0 {
			return 0, 0
		}
		at += from
		start = at
		for start > from && inLocalPart(s[start-1]) {
			start--
		}
		end = at + n + domain(s[at+n:])
		if start < at && end > at+n {
			return start, end
		}
		from = at + n
	}
	return 0, 0
}

func inLocalPart(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26 || c >= 0x80 || strings.IndexByte("._-+!#$'*?^`{|}~", c) >= 0
}

// domain gives the length of the domain that s starts with: labels with dots
// between, the last one of two letters or more. 0 if s starts with none.
func domain(s string) int {
	end, label, letters := 0, 0, true
	dots := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (s[i]-'0' < 10 || s[i] == '-') {
			label, letters = label+1, false
			continue
		}
		if i < len(s) && (s[i]|0x20-'a' < 26 || s[i] >= 0x80) {
			label++
			continue
		}
		if label == 0 {
			break
		}
		if dots > 0 && label >= 2 && letters {
			end = i
		}
		if i == len(s) || s[i] != '.' {
			break
		}
		dots, label, letters = dots+1, 0, true
	}
	return end
}
