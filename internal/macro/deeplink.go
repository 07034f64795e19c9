package macro

import "strings"

// pair is a parameter of a URL's query that holds macros. Its key is decoded; it
// is empty where a macro stands in the key itself.
type pair struct {
	key   string
	parts []part
}

// AppendDeepLink appends link, where a visitor asked to be sent instead of the
// template's own URL, with the template's parameters that hold macros, so that a
// deep link is tracked like any other. Where the link has a parameter of the
// same name, the template's wins. link must have passed CheckURL, and its host
// the offer's list.
func (t *Template) AppendDeepLink(dst []byte, link string, v *Values) []byte {
	rest, fragment, hasFragment := strings.Cut(link, "#")
	base, query, _ := strings.Cut(rest, "?")
	dst = appendLegal(dst, base, true)

	sep := byte('?')
	for query != "" {
		var param string
		param, query, _ = strings.Cut(query, "&")
		if param == "" || t.overrides(param) {
			continue
		}
		dst = appendLegal(append(dst, sep), param, true)
		sep = '&'
	}
	for i := range t.query {
		dst = append(dst, sep)
		sep = '&'
		for j := range t.query[i].parts {
			dst = t.query[i].parts[j].append(dst, v)
		}
	}
	if hasFragment {
		dst = appendLegal(append(dst, '#'), fragment, true)
	}
	return dst
}

// overrides reports whether the template has the parameter that param, as
// written in a link, sets.
func (t *Template) overrides(param string) bool {
	key, _, _ := strings.Cut(param, "=")
	for i := range t.query {
		if k := t.query[i].key; k != "" && sameKey(key, k) {
			return true
		}
	}
	return false
}

// sameKey reports whether encoded, the name of a parameter as written in a URL,
// means key.
func sameKey(encoded, key string) bool {
	for encoded != "" {
		c, n := decodeByte(encoded)
		if key == "" || key[0] != c {
			return false
		}
		encoded, key = encoded[n:], key[1:]
	}
	return key == ""
}

// decodeByte gives the byte that the query s starts with, and its length there.
func decodeByte(s string) (c byte, n int) {
	switch {
	case s[0] == '+':
		return ' ', 1
	case escape(s):
		return unhex(s[1])<<4 | unhex(s[2]), 3
	default:
		return s[0], 1
	}
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func decode(s string) string {
	out := make([]byte, 0, len(s))
	for s != "" {
		c, n := decodeByte(s)
		out, s = append(out, c), s[n:]
	}
	return string(out)
}

// queryPairs takes the parameters that hold macros out of a URL's parts.
func queryPairs(parts []part) []pair {
	var q querySplitter
	for _, p := range parts {
		if p.macro {
			q.macro(p)
			continue
		}
		if !q.literal(p.literal) {
			break
		}
	}
	q.flush()
	return q.pairs
}

// querySplitter collects the parts of one parameter after another.
type querySplitter struct {
	inQuery bool
	current []part
	macros  bool
	pairs   []pair
}

func (q *querySplitter) macro(p part) {
	if q.inQuery {
		q.current, q.macros = append(q.current, p), true
	}
}

// literal takes literal text, and reports whether the query may go on behind it.
func (q *querySplitter) literal(s string) bool {
	s, _, ends := strings.Cut(s, "#")
	if !q.inQuery {
		if _, s, q.inQuery = strings.Cut(s, "?"); !q.inQuery {
			return !ends
		}
	}
	for {
		param, rest, more := strings.Cut(s, "&")
		if param != "" {
			q.current = append(q.current, part{literal: param})
		}
		if !more {
			return !ends
		}
		q.flush()
		s = rest
	}
}

func (q *querySplitter) flush() {
	if q.macros {
		one := pair{parts: q.current}
		if key, _, whole := strings.Cut(one.parts[0].literal, "="); whole {
			one.key = decode(key)
		}
		q.pairs = append(q.pairs, one)
	}
	q.current, q.macros = nil, false
}
