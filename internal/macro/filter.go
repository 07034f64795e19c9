package macro

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"unicode"
	"unicode/utf8"
)

type filterKind uint8

const (
	filterDefault filterKind = iota
	filterLower
	filterSHA256
	filterBase64URL
)

// filter is a step on the way of a value into the text.
type filter struct {
	kind filterKind
	text string // of a default
}

// apply puts the filtered value in place of dst[start:].
func (f filter) apply(dst []byte, start int) []byte {
	value := dst[start:]
	if len(value) == 0 {
		if f.kind == filterDefault {
			return append(dst, f.text...)
		}
		return dst
	}
	switch f.kind {
	case filterLower:
		return lower(dst, start)
	case filterSHA256:
		sum := sha256.Sum256(value)
		return hex.AppendEncode(dst[:start], sum[:])
	case filterBase64URL:
		end := len(dst)
		return replace(base64.RawURLEncoding.AppendEncode(dst, value), start, end)
	default:
		return dst
	}
}

func lower(dst []byte, start int) []byte {
	end := len(dst)
	for i := start; i < end; {
		r, size := utf8.DecodeRune(dst[i:end])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, dst[i])
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += size
	}
	return replace(dst, start, end)
}
