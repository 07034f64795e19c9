package param

import (
	"strings"
	"unicode/utf8"
)

// ScanQuery reads the parameters of a query or of a form's body into v, beside
// what v holds already. It allocates nothing where nothing is escaped. The error
// is v.Err() at the Signal door; a click has none.
func (v *Values) ScanQuery(d Door, raw string) error {
	for raw != "" {
		one := raw
		if end := strings.IndexByte(raw, '&'); end >= 0 {
			one, raw = raw[:end], raw[end+1:]
		} else {
			raw = ""
		}
		if equals := strings.IndexByte(one, '='); equals > 0 {
			v.add(d, unescape(one[:equals]), one[equals+1:])
		}
	}
	if d == Click {
		return nil
	}
	return v.Err()
}

// add takes one parameter, its value still escaped.
func (v *Values) add(d Door, name, value string) {
	e, amp, ok := d.find(name)
	if amp && ok {
		v.Entity = true
	}
	switch {
	case value == "":
		return
	case ok:
		v.scan(d, e, value)
	case d == Signal:
		v.unknown(name, unescape(value))
	}
}

// scan takes the value of a known parameter, still escaped, and those of the
// parameters that were joined to it.
func (v *Values) scan(d Door, e entry, value string) {
	for {
		before, _, behind, next, found := d.joined(e.name, value)
		v.take(d, e, unescape(before))
		if !found {
			return
		}
		v.Mended = v.Mended.With(e.name)
		e, value = next, behind
	}
}

// take keeps a known value as it is understood.
func (v *Values) take(d Door, e entry, value string) {
	said, mended := d.mend(e.name, value)
	if mended {
		v.Mended = v.Mended.With(e.name)
	}
	v.put(e, said)
}

// unescape decodes percent and plus. An escape that is broken stands for itself;
// bytes that are not UTF-8, and NUL, stay escaped.
func unescape(s string) string {
	clean := true
	for i := range len(s) {
		if c := s[i]; c == '%' || c == '+' || c == 0 || c >= utf8.RuneSelf {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return decode(s)
}

func decode(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c, n := decodeByte(s[i:])
		out, i = append(out, c), i+n
	}
	return keepable(string(out))
}

// decodeByte gives the byte that s starts with, and its length there.
func decodeByte(s string) (c byte, n int) {
	switch {
	case s[0] == '+':
		return ' ', 1
	case s[0] == '%' && len(s) > 2 && isHex(s[1]) && isHex(s[2]):
		return unhex(s[1])<<4 | unhex(s[2]), 3
	default:
		return s[0], 1
	}
}

// keepable gives s with NUL and what is not UTF-8 percent-encoded.
func keepable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			out = append(out, '%', digits[s[i]>>4], digits[s[i]&15])
		} else {
			out = append(out, s[i:i+size]...)
		}
		i += size
	}
	return string(out)
}

func isHex(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 6 }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
