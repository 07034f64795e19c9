package fault

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine is how many characters a name and other lines that people write may have,
// and MaxNote how many a note of several.
const (
	MaxLine = 200
	MaxNote = 1000
)

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

// Note refuses what is no note: a text that may have lines.
func Note(field, text string) error { return Prose(field, text, MaxNote) }

// Prose refuses a text that may have lines, where it is longer than so many
// characters or not to be read.
func Prose(field, text string, most int) error {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
	switch {
	case utf8.RuneCountInString(text) > most:
		return At(field, "is longer than %d characters", most)
	case !utf8.ValidString(text), strings.ContainsFunc(text, control):
		return At(field, "holds a control character")
	default:
		return nil
	}
}
