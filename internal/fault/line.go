package fault

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is how many characters a name, a note and other lines that people write
// may have.
const MaxLine = 200

// Name refuses what is no name: a line that is not empty.
func Name(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return At(field, "is missing")
	}
	return Line(field, text)
}

// Line refuses what is no short line of text; an empty one is one.
func Line(field, text string) error {
	switch {
	case utf8.RuneCountInString(text) > MaxLine:
		return At(field, "is longer than %d characters", MaxLine)
	case !utf8.ValidString(text), strings.ContainsFunc(text, unicode.IsControl):
		return At(field, "holds a control character")
	default:
		return nil
	}
}
