package api

import (
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// layers is how often a letter may have been written by the rules of URLs, JSON or
// HTML, one upon the other: a URL in a page in JSON is three.
const layers = 3

// unit is one letter as it may be meant, and where the next begins.
type unit struct {
	text [utf8.UTFMax]byte
	size int
	next int
}

func (u *unit) letters() []byte { return u.text[:u.size] }

func unitOf(c byte, next int) unit { return unit{text: [utf8.UTFMax]byte{c}, size: 1, next: next} }

func runeAt(r rune, next int) unit {
	u := unit{next: next}
	u.size = utf8.EncodeRune(u.text[:], r)
	return u
}

// special reports whether a letter may be the beginning of another's way of being
// written.
func special(c byte) bool { return c == '%' || c == '\\' || c == '&' || c == '+' }

// reader reads a text letter by letter, in every way it may be meant. What it has
// found at a place it knows for a while, for the layers ask for it again and again.
type reader struct {
	text  []byte
	known map[spot][]unit
}

// spot is where a letter begins, and how many layers it may have.
type spot struct{ at, depth int }

// mostKnown bounds what a reader knows at once.
const mostKnown = 1 << 12

func newReader(text []byte) *reader { return &reader{text: text, known: map[spot][]unit{}} }

// units gives every letter that may be meant at a place: the one that stands there,
// and what is written by it, in up to so many layers.
func (r *reader) units(at, depth int) []unit {
	if at >= len(r.text) {
		return nil
	}
	c := r.text[at]
	if !special(c) {
		return []unit{unitOf(c, at+1)}
	}
	here := spot{at, depth}
	if found, ok := r.known[here]; ok {
		return found
	}
	all := []unit{unitOf(c, at+1)}
	if depth > 0 {
		for _, lead := range r.units(at, depth-1) {
			all = r.written(all, lead, depth-1)
		}
	}
	if len(r.known) >= mostKnown {
		clear(r.known)
	}
	r.known[here] = all
	return all
}

// written adds to all what a letter is the beginning of, each once.
func (r *reader) written(all []unit, lead unit, depth int) []unit {
	if lead.size != 1 {
		return all
	}
	var more []unit
	switch lead.text[0] {
	case '%':
		more = r.inURL(lead.next, depth)
	case '\\':
		more = r.inJSON(lead.next, depth)
	case '&':
		more = r.inHTML(lead.next, depth)
	case '+':
		more = []unit{unitOf(' ', lead.next)}
	}
	for _, u := range more {
		if !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all
}

// inURL reads what stands behind a %.
func (r *reader) inURL(at, depth int) (all []unit) {
	for _, n := range r.hex(at, 2, depth) {
		all = append(all, unitOf(byte(n.value), n.next)) //nolint:gosec // two digits are a byte
	}
	return all
}

// inJSON reads what stands behind a \.
func (r *reader) inJSON(at, depth int) (all []unit) {
	const letters, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for _, u := range r.units(at, depth) {
		if u.size != 1 {
			continue
		}
		if i := strings.IndexByte(letters, u.text[0]); i >= 0 {
			all = append(all, unitOf(meant[i], u.next))
		}
		if u.text[0] == 'u' {
			all = append(all, r.inHex(u.next, depth)...)
		}
	}
	return all
}

// inHex reads what stands behind a \u: one half of a letter may stand there, and then
// the other behind another \u.
func (r *reader) inHex(at, depth int) (all []unit) {
	const high, low, end = 0xD800, 0xDC00, 0xE000
	for _, n := range r.hex(at, 4, depth) {
		if n.value < high || n.value >= end {
			all = append(all, runeAt(n.value, n.next))
			continue
		}
		for _, second := range r.secondHalf(n.next, depth) {
			if n.value < low && second.value >= low && second.value < end {
				all = append(all, runeAt((n.value-high)<<10|(second.value-low)+0x10000, second.next))
			}
		}
	}
	return all
}

func (r *reader) secondHalf(at, depth int) (all []digitsRead) {
	for _, slash := range r.units(at, depth) {
		if slash.size != 1 || slash.text[0] != '\\' {
			continue
		}
		for _, u := range r.units(slash.next, depth) {
			if u.size == 1 && u.text[0] == 'u' {
				all = append(all, r.hex(u.next, 4, depth)...)
			}
		}
	}
	return all
}

// digitsRead is a number of which all digits were read, and what follows them.
type digitsRead struct {
	value rune
	next  int
}

// hex reads digits, each of which may be written in any way itself.
func (r *reader) hex(at, digits, depth int) []digitsRead {
	read := []digitsRead{{0, at}}
	for range digits {
		var longer []digitsRead
		for _, n := range read {
			for _, u := range r.units(n.next, depth) {
				if d := strings.IndexByte("0123456789abcdef0123456789ABCDEF", u.text[0]) & 15; u.size == 1 && isHex(u.text[0]) {
					longer = append(longer, digitsRead{n.value<<4 | rune(d), u.next})
				}
			}
		}
		read = longer
	}
	return read
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// longestName is as long as the names are by which HTML writes letters of secrets.
const longestName = 8

// inHTML reads what stands behind an &: a name or a number, up to the semicolon.
func (r *reader) inHTML(at, depth int) (all []unit) {
	type name struct {
		text string
		next int
	}
	begun := []name{{"", at}}
	for range longestName + 1 {
		var longer []name
		for _, n := range begun {
			for _, u := range r.units(n.next, depth) {
				c := u.text[0]
				switch {
				case u.size != 1:
				case c == ';':
					all = append(all, named(n.text, u.next)...)
				case inName(c):
					longer = append(longer, name{n.text + string(c), u.next})
				}
			}
		}
		begun = longer
	}
	return all
}

// inName reports whether a letter may stand between an & and its semicolon.
func inName(c byte) bool {
	return c == '#' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// named gives the letter that HTML has under a name, if there is one.
func named(name string, next int) []unit {
	meant := html.UnescapeString("&" + name + ";")
	letter, size := utf8.DecodeRuneInString(meant)
	if letter == utf8.RuneError || size != len(meant) {
		return nil
	}
	return []unit{runeAt(letter, next)}
}
