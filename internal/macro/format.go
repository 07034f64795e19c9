package macro

import (
	"strings"
	"time"

	"waybill/internal/fault"
)

const filterNames = "raw, default:…, lower, sha256, base64url"

// filter adds what one filter asks for to m.
func (p *parser) filter(m *part, text string) error {
	word, arg, colon := strings.Cut(text, ":")
	switch {
	case word == "default" && colon:
		if strings.IndexFunc(arg, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
			return fault.New(fault.Invalid, "{%s|default:…} holds a control character", m.name)
		}
		m.filters = append(m.filters, filter{kind: filterDefault, text: arg})
		return nil
	case text == "raw":
		return p.raw(m)
	case text == "lower":
		m.filters = append(m.filters, filter{kind: filterLower})
		return nil
	case text == "sha256":
		m.filters = append(m.filters, filter{kind: filterSHA256})
		return nil
	case text == "base64url":
		m.filters = append(m.filters, filter{kind: filterBase64URL})
		return nil
	case m.name.time():
		return m.format(text)
	default:
		return unknownFilter(m.name, text)
	}
}

func (p *parser) raw(m *part) error {
	switch p.as {
	case URL, Form:
		m.encode = encodeRaw
		return nil
	case JSON:
		return fault.New(fault.Invalid, "{%s|raw} is not for JSON: without quotes around it, {%s} is a value of its own", m.name, m.name)
	default:
		return nil // a header is not percent-encoded anyway
	}
}

// format sets how a time is written.
func (p *part) format(text string) error {
	switch text {
	case layoutUnix, layoutMillis:
		p.layout = text
		return nil
	case "rfc3339":
		p.layout = time.RFC3339
		return nil
	}
	if !goodLayout(text) {
		return fault.New(fault.Invalid,
			`{%s|%s}: formats are unix, unix_ms, rfc3339, or the time 15:04:05 on 2006-01-02 as it should look`, p.name, text)
	}
	p.layout = text
	return nil
}

// goodLayout reports whether a layout depends on the time and is not written in
// another system's letters.
func goodLayout(text string) bool {
	for _, other := range [...]string{"yy", "YY", "MM", "mm", "dd", "DD", "HH", "hh", "ss", "SS", "%"} {
		if strings.Contains(text, other) {
			return false
		}
	}
	one := time.Date(2031, time.December, 28, 23, 58, 59, 0, time.UTC)
	two := time.Date(2042, time.November, 19, 10, 37, 41, 0, time.UTC)
	a, b := one.Format(text), two.Format(text)
	return a != b && len(a) <= 64
}

func unknownFilter(n Name, text string) error {
	for _, known := range [...]string{"raw", "lower", "sha256", "base64url"} {
		if fault.Distance(plainWord(text), known) <= 1 {
			return fault.New(fault.Invalid, "{%s|%s}: did you mean {%s|%s}?", n, text, n, known)
		}
	}
	switch word := plainWord(text); {
	case strings.HasPrefix(word, "default"):
		return fault.New(fault.Invalid, "{%s|%s}: write {%s|default:value}", n, text, n)
	case word == "unix" || word == "unixms" || word == "rfc3339":
		return fault.New(fault.Invalid, "{%s|%s}: only times take a format", n, text)
	default:
		return fault.New(fault.Invalid, "{%s|%.40s}: there are the filters %s", n, text, filterNames)
	}
}
