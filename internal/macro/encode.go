package macro

import (
	"encoding/json"
	"unicode/utf8"
)

// encoder makes a value safe where it stands.
type encoder uint8

const (
	encodeQuery  encoder = iota // percent-encoded
	encodeRaw                   // percent-encoded only where a URL cannot hold it
	encodeString                // inside a JSON string
	encodeBare                  // a JSON value of its own
	encodeItems                 // as encodeBare, or an array or object as it is
	encodeHeader                // printable ASCII, the rest percent-encoded
)

const hexDigits = "0123456789ABCDEF"

func appendEncoded[T string | []byte](e encoder, dst []byte, s T) []byte {
	switch e {
	case encodeQuery:
		return appendQuery(dst, s)
	case encodeRaw:
		return appendLegal(dst, s, false)
	case encodeString:
		return appendJSON(dst, s)
	case encodeBare, encodeItems:
		return appendBare(dst, s, e == encodeItems)
	default:
		return appendHeader(dst, s)
	}
}

func appendPercent(dst []byte, c byte) []byte {
	return append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
}

func alphanumeric(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26
}

func appendQuery[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case alphanumeric(c), c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// appendLegal percent-encodes what a URL cannot hold at all. In a literal, the
// # of a fragment and brackets in the names of parameters stay.
func appendLegal[T string | []byte](dst []byte, s T, literal bool) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case legal(c), literal && (c == '#' || c == '[' || c == ']'):
			dst = append(dst, c)
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			dst = append(dst, c)
		default:
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

func legal(c byte) bool {
	switch c {
	case '-', '.', '_', '~', ':', '/', '?', '@', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	default:
		return alphanumeric(c)
	}
}

func isHex(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 6 }

func appendHeader[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c < 0x7f {
			dst = append(dst, c)
		} else {
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// appendJSON appends the inside of a JSON string. What is not UTF-8 becomes
// U+FFFD.
func appendJSON[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			dst = appendJSONByte(dst, c)
			i++
			continue
		}
		var one [utf8.UTFMax]byte
		n := copy(one[:], s[i:])
		r, size := utf8.DecodeRune(one[:n])
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return dst
}

func appendJSONByte(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < ' ' || c == 0x7f:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	default:
		return append(dst, c)
	}
}

// appendBare appends a JSON value: null for nothing, true, false and numbers as
// they are, an array or object if asked and well formed, else a string.
func appendBare[T string | []byte](dst []byte, s T, nested bool) []byte {
	if len(s) == 0 {
		return append(dst, "null"...)
	}
	start := len(dst)
	dst = append(dst, s...)
	switch c := s[0]; {
	case c == '-' || c-'0' < 10:
		if plainNumber(s) {
			return dst
		}
	case nested && (c == '[' || c == '{'):
		if json.Valid(dst[start:]) {
			return dst
		}
	case string(dst[start:]) == "true" || string(dst[start:]) == "false":
		return dst
	}
	dst = append(dst[:start], '"')
	return append(appendJSON(dst, s), '"')
}

// exactDigits is how many digits a number may have that every reader of JSON
// keeps, whatever it makes of numbers.
const exactDigits = 15

// plainNumber reports whether s is a number of JSON that reads the same
// everywhere. Many IDs look like numbers: one of 19 digits would be rounded by
// its reader, and 12e5 read as 1200000.
func plainNumber[T string | []byte](s T) bool {
	digits, point := 0, -1
	first := 0
	if s[0] == '-' {
		first = 1
	}
	for i := first; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' < 10:
			digits++
		case c == '.' && point < 0 && i > first && i+1 < len(s):
			point = i
		default:
			return false
		}
	}
	whole := len(s) - first
	if point >= 0 {
		whole = point - first
	}
	return digits > 0 && digits <= exactDigits && (whole == 1 || s[first] != '0')
}
