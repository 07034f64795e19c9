package visitor

import (
	"net/url"
	"strings"
)

// shortest is the length of the shortest text that Within looks for: what is
// shorter tells of nobody and stands in every other word.
const shortest = 4

// Within gives text, such as a URL or a query, with another text in place of
// each whole occurrence of old, percent-encoded or with JSON's escapes too.
func (Anonymiser) Within(text, old, fresh string) string {
	if len(old) < shortest || old == fresh {
		return text
	}
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		n, encoded := match(text[i:], old)
		if n == 0 || joins(text, i, i+n) {
			continue
		}
		out.WriteString(text[done:i])
		if encoded {
			out.WriteString(url.QueryEscape(fresh))
		} else {
			out.WriteString(fresh)
		}
		done = i + n
		i = done - 1
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

// joins reports whether what stands at text[from:to] is a part of a longer number
// or word.
func joins(text string, from, to int) bool {
	return from > 0 && wordly(text[from-1]) && wordly(text[from]) && !escapes(text, from) ||
		to < len(text) && wordly(text[to]) && wordly(text[to-1])
}

// escapes reports whether the two characters before from belong to an escape,
// such as %3A.
func escapes(text string, from int) bool {
	return from >= 3 && text[from-3] == '%' && hexDigit(text[from-2]) < 16 && hexDigit(text[from-1]) < 16
}

func wordly(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26
}

// match gives how much of the beginning of text stands for old, 0 if it does not,
// and whether any of it is percent-encoded.
func match(text, old string) (n int, encoded bool) {
	for i := range len(old) {
		c, length, escaped := character(text[n:])
		if length == 0 {
			return 0, false
		}
		if c != old[i] {
			if old[i] != ' ' || text[n] != '+' {
				return 0, false
			}
			escaped = true
		}
		n += length
		encoded = encoded || escaped
	}
	return n, encoded
}

// character reads one character of a text that may be percent-encoded or have
// JSON's escapes.
func character(s string) (c byte, n int, encoded bool) {
	switch {
	case s == "":
		return 0, 0, false
	case s[0] == '%' && len(s) > 2 && hexDigit(s[1]) < 16 && hexDigit(s[2]) < 16:
		return hexDigit(s[1])<<4 | hexDigit(s[2]), 3, true
	case s[0] == '\\' && len(s) > 1 && strings.IndexByte(`/"\`, s[1]) >= 0:
		return s[1], 2, false
	default:
		return s[0], 1, false
	}
}

// hexDigit gives the value of a hexadecimal digit, 16 or more for what is none.
func hexDigit(c byte) byte {
	switch {
	case c-'0' < 10:
		return c - '0'
	case c|0x20-'a' < 6:
		return c | 0x20 - 'a' + 10
	default:
		return 16
	}
}
