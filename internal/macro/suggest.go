package macro

import (
	"maps"
	"slices"
	"strings"

	"waybill/internal/fault"
)

func letter(c byte) bool { return c|0x20-'a' < 26 || c == '_' }

// word gives the length of the name at the start of s. Other systems write dots
// and dashes in theirs.
func word(s string) int {
	if s == "" || !letter(s[0]) {
		return 0
	}
	n, end := 0, 0
	for ; n < len(s) && (alphanumeric(s[n]) || strings.IndexByte("_.-", s[n]) >= 0); n++ {
		if alphanumeric(s[n]) || s[n] == '_' {
			end = n + 1
		}
	}
	return end
}

// sign is what other systems write around a name. A common one counts only where
// it stands around all of a value, and a name that could be a word only where it
// is one of a macro.
type sign struct {
	before, after string
	common, word  bool
}

//nolint:gochecknoglobals // a table that never changes; of two that begin alike, the longer comes first
var signs = [...]sign{
	{before: "[[[", after: "]]]"},
	{before: "[[", after: "]]"},
	{before: "[", after: "]"},
	{before: "!!!", after: "!!!"},
	{before: "*|", after: "|*"},
	{before: "%%", after: "%%"},
	{before: "%", after: "%"},
	{before: "#", after: "#"},
	{before: "<", after: ">"},
	{before: "__", after: "__", common: true},
	{before: "$$", after: "$$", common: true},
	{before: "$", common: true, word: true},
	{before: ":", common: true, word: true},
	{before: "(", after: ")", common: true, word: true},
}

// enclosed gives the name that s starts with between before and after, and the
// length of it all; 0 if s does not start so.
func enclosed(s, before, after string) (name string, n int) {
	rest, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", 0
	}
	inner := strings.TrimLeft(rest, " ")
	n = word(inner)
	if strings.HasPrefix(after, "_") { // which names end with, too
		n = len(strings.TrimRight(inner[:n], "_"))
	}
	if n == 0 || !strings.HasPrefix(strings.TrimLeft(inner[n:], " "), after) {
		return "", 0
	}
	end := len(rest) - len(strings.TrimLeft(inner[n:], " ")) + len(after)
	return inner[:n], len(before) + end
}

// foreign gives the end of another system's macro that begins at i, or of what
// stands in its place; i itself where neither does.
func (p *parser) foreign(i int) int {
	s := p.text[i:]
	if strings.IndexByte("[!*%#<_$:(RO", s[0]) < 0 { // most characters
		return i
	}
	for _, around := range &signs {
		name, n := enclosed(s, around.before, around.after)
		if n == 0 || !p.taken(around, i, i+n, name) {
			continue
		}
		p.failForeign(s[:n], name)
		return i + n
	}
	switch s[0] {
	case '%':
		return p.percent(i)
	case 'R', 'O':
		return p.leftOpen(i)
	default:
		return i
	}
}

// taken reports whether text[i:end] is another system's macro.
func (p *parser) taken(around sign, i, end int, name string) bool {
	if (around.common || p.as == JSON) && !p.fills(i, end) {
		return false
	}
	switch {
	case around.before[0] == '[':
		return !p.key(i)
	case around.before == "%":
		return !escape(p.text[end-1:])
	case around.word:
		_, known := elsewhere(plainWord(name))
		return known
	default:
		return true
	}
}

// leftOpen takes the words that trackers put into the postbacks they hand out, to
// be replaced by macros.
func (p *parser) leftOpen(i int) int {
	for _, word := range [...]string{"REPLACE", "OPTIONAL"} {
		end := i + len(word)
		if !strings.HasPrefix(p.text[i:], word) || !p.fills(i, end) {
			continue
		}
		start := strings.LastIndexAny(p.text[:i], "?&/,{") + 1
		of := strings.Trim(p.text[start:i], `=": `)
		if m, ok := elsewhere(plainWord(of)); ok {
			p.fail("%s stands where a macro belongs: write %s", word, m)
		} else {
			p.fail("%s stands where a macro belongs; put one in its place, or take it out", word)
		}
		return end
	}
	return i
}

// fills reports whether text[i:end] is all of a value: of a string in JSON, where
// words in brackets and the like may well be text, else of a parameter or a part
// of a path.
func (p *parser) fills(i, end int) bool {
	if p.as == JSON {
		return p.quoted && p.text[i-1] == '"' && end < len(p.text) && p.text[end] == '"'
	}
	begins := i == 0 || strings.IndexByte("=/?&#", p.text[i-1]) >= 0
	return begins && (end == len(p.text) || strings.IndexByte("&/?#", p.text[end]) >= 0)
}

// key reports whether the text at i is part of a parameter's name, where
// brackets have a meaning of their own: items[sku]=1.
func (p *parser) key(i int) bool {
	if p.as != URL && p.as != Form {
		return false
	}
	at := strings.LastIndexAny(p.text[:i], "?&=/#")
	return at < 0 && p.as == Form || at >= 0 && (p.text[at] == '?' || p.text[at] == '&')
}

// percent gives the end of a percent sign that escapes nothing.
func (p *parser) percent(i int) int {
	s := p.text[i:]
	if p.as != URL && p.as != Form || escape(s) {
		return i
	}
	p.fail("the %% in %.12q escapes nothing; write a percent sign that is meant as %%25", s)
	return i + 1
}

// escape reports whether s starts with a percent sign and two hexadecimal
// digits.
func escape(s string) bool { return len(s) > 2 && s[0] == '%' && isHex(s[1]) && isHex(s[2]) }

func (p *parser) failForeign(written, name string) {
	switch m, ok := p.meant(name); {
	case !ok:
		p.fail("%s: macros are written in single braces, like {sub1}, and none is called %s", written, name)
	case m.question == "" && !p.use.Allows(m.name):
		p.failForbidden(written+": that would be {"+m.name.String()+"}, which", m.name)
	default:
		p.fail("%s: macros are written in single braces: %s", written, m)
	}
}

func (p *parser) failUnknown(name string) {
	switch m, ok := p.meant(name); {
	case !ok && m.question != "":
		p.fail("{%.40s}: there is no such macro; %s", name, m)
	case !ok:
		p.fail("{%.40s}: there is no such macro", name)
	case m.question != "":
		p.fail("{%s}: %s", name, m)
	case !p.use.Allows(m.name):
		p.failForbidden("{"+name+"}: that would be {"+m.name.String()+"}, which", m.name)
	default:
		p.fail("{%s}: did you mean %s?", name, m)
	}
}

// failForbidden refuses a macro that tells more than may be known.
func (p *parser) failForbidden(what string, n Name) {
	if (p.use | WithVisitor).Allows(n) {
		p.fail("%s cannot stand in %s, unless the network lets its owner know who the visitor is (share_visitor)", what, p.use)
		return
	}
	p.fail("%s cannot stand in %s", what, p.use)
}

// String names the macro that is meant, or asks which.
func (m meaning) String() string {
	if m.question != "" {
		return m.question
	}
	return "{" + m.name.String() + "}"
}

// meant gives what name most likely means, false if no macro is near.
func (p *parser) meant(name string) (meaning, bool) {
	plain := plainWord(name)
	if plain == "" || len(plain) > 40 {
		return meaning{}, false
	}
	if m, ok := elsewhere(plain); ok {
		return m, true
	}
	if ours, _ := freeValue(plain); ours != "" {
		return meaning{question: "free values are {" + ours + "1} to {" + ours + "10}"}, false
	}
	best, near := NumNames, 1+len(plain)/5
	for n := range NumNames {
		if !p.use.Allows(n) {
			continue
		}
		if d := fault.Distance(plain, plainWord(n.String())); d < near || d == near && best == NumNames {
			best, near = n, d
		}
	}
	if best == NumNames {
		return mistyped(plain)
	}
	return meaning{name: best}, true
}

// mistyped gives what is meant by a word that is one letter off from one of other
// systems.
func mistyped(word string) (meaning, bool) {
	const shortest = 5 // of less, one letter makes another word
	if len(word) < shortest {
		return meaning{}, false
	}
	for _, known := range slices.Sorted(maps.Keys(others)) {
		if len(known) >= shortest && fault.Distance(word, known) == 1 {
			return others[known], true
		}
	}
	return meaning{}, false
}

// plainWord gives name without what people vary: case, separators, spaces, and
// whatever signs another system puts into its braces.
func plainWord(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return -1
		}
	}, name)
}
