package macro

import (
	"encoding/json"
	"errors"
	"strings"

	"waybill/internal/fault"
)

const (
	maxURL  = 4 << 10
	maxBody = 64 << 10
)

// Parse checks text and makes a template of it. Everything that is wrong with it
// comes back at once, each as an Invalid fault that says how to mend it.
func Parse(text string, as Encoding, use Use) (*Template, error) {
	p := parser{text: text, as: as, use: use, tmpl: &Template{text: text}}
	if limit := p.limit(); len(text) > limit {
		return nil, fault.New(fault.Invalid, "the template has %d bytes, the most is %d", len(text), limit)
	}
	start := 0
	if as == URL {
		start = p.authority()
	}
	if len(p.errs) == 0 {
		p.scan(start)
	}
	if len(p.errs) == 0 {
		p.whole()
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.tmpl, nil
}

// parser reads one template. sample is the text with each macro replaced by a
// plain value, for checks of the whole.
type parser struct {
	text   string
	as     Encoding
	use    Use
	tmpl   *Template
	sample strings.Builder
	quoted bool // inside a JSON string
	errs   []error
}

func (p *parser) limit() int {
	if p.as == URL {
		return maxURL
	}
	return maxBody
}

func (p *parser) fail(format string, args ...any) {
	p.errs = append(p.errs, fault.New(fault.Invalid, format, args...))
}

// authority takes the scheme, host and port, which hold no macros, and gives
// their end.
func (p *parser) authority() int {
	_, end := splitAuthority(p.text)
	if strings.ContainsAny(p.text[:end], "{}") {
		p.fail("a macro can stand only behind the host: scheme, host and port decide where the request goes, and are fixed")
		return end
	}
	if err := CheckURL(p.text[:end]); err != nil {
		p.errs = append(p.errs, err)
		return end
	}
	start, _ := splitAuthority(p.text)
	p.tmpl.host = p.text[start:end]
	p.literal(0, end)
	return end
}

// scan reads the text from start on: literals, macros and what only looks like
// one.
func (p *parser) scan(start int) {
	from := start
	for i := start; i < len(p.text); {
		end, macro := p.next(i)
		if end == i {
			i = p.plain(i)
			continue
		}
		p.literal(from, i)
		if macro {
			p.macro(p.text[i+1 : end-1])
		}
		i, from = end, end
	}
	p.literal(from, len(p.text))
}

// plain steps over one character of literal text, two where JSON escapes one.
func (p *parser) plain(i int) int {
	if p.as != JSON {
		return i + 1
	}
	switch {
	case p.text[i] == '"':
		p.quoted = !p.quoted
	case p.text[i] == '\\' && p.quoted && i+1 < len(p.text):
		return i + 2
	}
	return i + 1
}

// next gives the end of the macro, or of the mistake, that begins at i; i itself
// where neither does.
func (p *parser) next(i int) (end int, macro bool) {
	switch p.text[i] {
	case '{':
		return p.brace(i)
	case '}':
		if p.structure(i) {
			return i, false
		}
		p.fail("there is a } without its {; write %s", p.escaped('}'))
		return i + 1, false
	default:
		return p.foreign(i), false
	}
}

// structure reports whether a brace at i is part of JSON's own structure.
func (p *parser) structure(i int) bool {
	if p.as != JSON || p.quoted {
		return false
	}
	return p.text[i] == '}' || i+1 == len(p.text) || !letter(p.text[i+1])
}

func (p *parser) brace(i int) (end int, macro bool) {
	if p.structure(i) {
		return i, false
	}
	rest := p.text[i+1:]
	if word, n := enclosed(p.text[i:], "{{", "}}"); n > 0 {
		p.failForeign("{{"+word+"}}", word)
		return i + n, false
	}
	stops := "{}"
	if p.as == JSON {
		stops = `{}"`
	}
	n := strings.IndexAny(rest, stops)
	if n < 0 || rest[n] != '}' {
		p.fail("the { before %.20q is never closed; write %s", rest, p.escaped('{'))
		return i + 1, false
	}
	end = i + 1 + n + 1
	if i > 0 && p.text[i-1] == '$' {
		p.failForeign("$"+p.text[i:end], rest[:n])
		return end, false
	}
	return end, true
}

func (p *parser) escaped(c byte) string {
	switch {
	case p.as == JSON && c == '{':
		return `a brace that is meant as \u007b`
	case p.as == JSON:
		return `a brace that is meant as \u007d`
	case c == '{':
		return "a brace that is meant as %7B"
	default:
		return "a brace that is meant as %7D"
	}
}

// literal takes text[from:to] as it stands.
func (p *parser) literal(from, to int) {
	if from >= to {
		return
	}
	s := p.text[from:to]
	p.sample.WriteString(s)
	switch p.as {
	case URL, Form:
		s = string(appendLegal(nil, s, true))
	case JSON, Header:
	}
	p.tmpl.parts = append(p.tmpl.parts, part{literal: s})
}

// macro reads what stands between the braces.
func (p *parser) macro(inner string) {
	name, filters, filtered := strings.Cut(inner, "|")
	n, ok := ParseName(name)
	switch {
	case !ok:
		p.failUnknown(name)
		return
	case !p.use.Allows(n):
		p.failForbidden("{"+name+"}", n)
		return
	}
	m := part{macro: true, name: n, encode: p.encoder(n)}
	if n.time() {
		m.layout = layoutUnix
	}
	if n == Date {
		m.layout = layoutDate
	}
	if filtered {
		for f := range strings.SplitSeq(filters, "|") {
			if err := p.filter(&m, f); err != nil {
				p.errs = append(p.errs, err)
			}
		}
	}
	p.tmpl.uses.add(n)
	p.tmpl.parts = append(p.tmpl.parts, m)
	if m.encode == encodeBare || m.encode == encodeItems {
		p.sample.WriteString("null")
	} else {
		p.sample.WriteByte('x')
	}
}

func (p *parser) encoder(n Name) encoder {
	switch {
	case p.as == Header:
		return encodeHeader
	case p.as != JSON:
		return encodeQuery
	case p.quoted:
		return encodeString
	case n == Items:
		return encodeItems
	default:
		return encodeBare
	}
}

// whole checks the text with plain values in place of its macros.
func (p *parser) whole() {
	sample := p.sample.String()
	switch p.as {
	case URL:
		if err := CheckURL(sample); err != nil {
			p.errs = append(p.errs, err)
			return
		}
		p.tmpl.query = queryPairs(p.tmpl.parts)
	case JSON:
		if !json.Valid([]byte(sample)) {
			p.fail("the template is not JSON once its macros are filled in")
		}
	case Form:
		if strings.ContainsAny(sample, "\r\n\x00") {
			p.fail("a form is one line: write a line break that is meant as %%0A")
		}
	case Header:
		if strings.IndexFunc(sample, func(r rune) bool { return r < ' ' || r >= 0x7f }) >= 0 {
			p.fail("a header holds only printable ASCII")
		}
	default:
		p.fail("unknown encoding %d", p.as)
	}
}
