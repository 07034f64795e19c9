package param

import "strings"

// ScrubText replaces every e-mail in free text (a referrer, a parameter that
// nobody knows) by its keyed hash, also where its @ is percent-encoded.
func ScrubText(key []byte, s string) string {
	start, at, end := findEmail(s)
	if end == 0 {
		return s
	}
	var out strings.Builder
	for end > 0 {
		_, n := indexAt(s[at:end])
		out.WriteString(s[:start])
		out.WriteString(Hash(key, unescapeLocal(s[start:at])+"@"+s[at+n:end]))
		s = s[end:]
		start, at, end = findEmail(s)
	}
	out.WriteString(s)
	return out.String()
}

// unescapeLocal decodes percent in the part before the @.
func unescapeLocal(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c, n := byte('+'), 1
		if s[i] != '+' {
			c, n = decodeByte(s[i:])
		}
		out, i = append(out, c), i+n
	}
	return string(out)
}

// findEmail gives the bounds of the first e-mail in s and the place of its @;
// end is 0 if there is none.
func findEmail(s string) (start, at, end int) {
	for from := 0; from < len(s); {
		place, n := indexAt(s[from:])
		if n == 0 {
			return 0, 0, 0
		}
		at = from + place
		start = at - localPart(s[from:at])
		length := domain(s[at+n:])
		if start < at && length > 0 {
			return start, at, extend(s, at+n+length)
		}
		from = at + n
	}
	return 0, 0, 0
}

// extend gives the end of an e-mail with all domains that hang on it, as in
// a@b.example@c.example.
func extend(s string, end int) int {
	for {
		at, n := indexAt(s[end:])
		if n == 0 || at > 0 {
			return end
		}
		length := domain(s[end+n:])
		if length == 0 {
			return end
		}
		end += n + length
	}
}

// indexAt gives the place and length of the first @ in s, which may be
// percent-encoded once or twice; the length is 0 if there is none.
func indexAt(s string) (at, n int) {
	for i := range len(s) {
		switch {
		case s[i] == '@':
			return i, 1
		case s[i] != '%':
		case strings.HasPrefix(s[i:], "%40"):
			return i, len("%40")
		case strings.HasPrefix(s[i:], "%2540"):
			return i, len("%2540")
		}
	}
	return 0, 0
}

// localPart gives the length of the longest end of s that can stand before an
// @. Escapes stand for what they mean.
func localPart(s string) int {
	start := len(s)
	for start > 0 {
		c, n := s[start-1], 1
		if start > 2 && s[start-3] == '%' && isHex(s[start-2]) && isHex(s[start-1]) {
			c, n = unhex(s[start-2])<<4|unhex(s[start-1]), 3
		}
		if c-'0' >= 10 && c|0x20-'a' >= 26 && c < 0x80 && strings.IndexByte("._-+!#$'*^`{|}~", c) < 0 {
			break
		}
		start -= n
	}
	return len(s) - start
}

// domain gives the length of the domain that s starts with: labels with dots
// between, of which the last starts with a letter and is no single one. 0 if s
// starts with none.
func domain(s string) int {
	end := 0
	for start, dots := 0, 0; ; dots++ {
		n := label(s[start:])
		if n == 0 {
			return end
		}
		if c := s[start]; dots > 0 && n > 1 && (c|0x20-'a' < 26 || c >= 0x80) {
			end = start + n
		}
		start += n
		if start == len(s) || s[start] != '.' {
			return end
		}
		start++
	}
}

func label(s string) int {
	n := 0
	for n < len(s) && (s[n]-'0' < 10 || s[n]|0x20-'a' < 26 || s[n] == '-' || s[n] >= 0x80) {
		n++
	}
	return n
}
