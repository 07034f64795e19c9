package txid

import (
	"unicode/utf8"

	"waybill/internal/fault"
)

// textLen is the length of an ID's text: 160 bits, 5 a character.
const textLen = 32

// alphabet is Crockford's base32, in lower case: no i, l, o and u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// letters gives the values of a to z. What a reader takes for a digit, i, l and
// o, is read as that digit; u is none.
const (
	letters = "\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x01\x12\x13\x01\x14" +
		"\x15\x00\x16\x17\x18\x19\x1a\xff\x1b\x1c\x1d\x1e\x1f"
	noValue = 0xff
)

// Parse reads an ID's text, in either case. It judges only the form: Ring.Open
// tells whether the ID is ours. The error is an Invalid fault that says what is
// wrong.
func Parse(s string) (ID, error) {
	if len(s) != textLen {
		if n := utf8.RuneCountInString(s); n != textLen {
			return ID{}, wrongLength(s, n)
		}
	}
	var id ID
	for group := range 4 { // 8 characters make 5 bytes
		var bits uint64
		for i := group * 8; i < group*8+8; i++ {
			v := value(s[i])
			if v == noValue {
				return ID{}, wrongLetter(s, i)
			}
			bits = bits<<5 | uint64(v)
		}
		five := id[group*5 : group*5+5]
		five[0], five[1], five[2] = byte(bits>>32), byte(bits>>24), byte(bits>>16)
		five[3], five[4] = byte(bits>>8), byte(bits)
	}
	if v := id.version(); v != version {
		return ID{}, fault.New(fault.Invalid, "not a transaction ID of ours: it is of version %d, ours are of version %d", v, version)
	}
	return id, nil
}

func value(c byte) byte {
	if '0' <= c && c <= '9' {
		return c - '0'
	}
	if c |= 'a' - 'A'; 'a' <= c && c <= 'z' {
		return letters[c-'a']
	}
	return noValue
}

// wrongLength says what is wrong with a text of n characters. A short one that
// holds what occurs in no ID was never cut from one.
func wrongLength(s string, n int) error {
	why := "it is too long"
	if n < textLen {
		why = "it was cut"
		for i := range len(s) {
			if value(s[i]) == noValue {
				return wrongLetter(s, i)
			}
		}
	}
	return fault.New(fault.Invalid, "not a transaction ID: %s, to %d characters; IDs have %d", why, n, textLen)
}

func wrongLetter(s string, i int) error {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return fault.New(fault.Invalid, "not a transaction ID: %q, at position %d, occurs in none", r, i+1)
}

// String gives id's text, in lower case.
func (id ID) String() string {
	var buf [textLen]byte
	text, _ := id.AppendText(buf[:0])
	return string(text)
}

// AppendText appends id's text to dst. It never fails.
func (id ID) AppendText(dst []byte) ([]byte, error) {
	if id.IsZero() {
		return dst, nil
	}
	for group := range 4 { // 5 bytes make 8 characters
		five := id[group*5 : group*5+5]
		bits := uint64(five[0])<<32 | uint64(five[1])<<24 | uint64(five[2])<<16 | uint64(five[3])<<8 | uint64(five[4])
		dst = append(dst,
			alphabet[bits>>35&31], alphabet[bits>>30&31], alphabet[bits>>25&31], alphabet[bits>>20&31],
			alphabet[bits>>15&31], alphabet[bits>>10&31], alphabet[bits>>5&31], alphabet[bits&31])
	}
	return dst, nil
}

// MarshalText gives id's text. It never fails.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(make([]byte, 0, textLen)) }

// UnmarshalText reads what MarshalText wrote: Parse's texts, and "" for the
// zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
