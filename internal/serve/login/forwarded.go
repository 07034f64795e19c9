package login

import (
	"net/http"
	"net/url"
	"strings"
)

// forwardedOf gives the scheme and host that a proxy says a request came to, as
// far as it says. Proxies write Forwarded (RFC 7239) or the X-Forwarded headers,
// and pass the others on as the client sent them, so where both are there only what
// they agree on is believed. Of a list the last counts: the nearest proxy wrote it.
func forwardedOf(h http.Header) place {
	standard, custom := h["Forwarded"], place{
		scheme: schemeIn(last(h["X-Forwarded-Proto"])), host: hostIn(last(h["X-Forwarded-Host"])),
	}
	if len(standard) == 0 {
		return custom
	}
	p := forwardedTo(last(standard))
	if len(h["X-Forwarded-For"])+len(h["X-Forwarded-Proto"])+len(h["X-Forwarded-Host"]) == 0 {
		return p
	}
	if p.scheme != custom.scheme {
		p.scheme = ""
	}
	if p.host != custom.host {
		p.host = ""
	}
	return p
}

// last gives the last element of a header that is a list.
func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	line := lines[len(lines)-1]
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}

// forwardedTo reads proto= and host= of one element of Forwarded.
func forwardedTo(element string) (p place) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "proto":
			p.scheme = schemeIn(value)
		case "host":
			p.host = hostIn(value)
		}
	}
	return p
}

// schemeIn gives a scheme, empty for what is none that the console is seen by.
func schemeIn(text string) string {
	if text = strings.ToLower(text); text == schemePlain || text == schemeSecure {
		return text
	}
	return ""
}

// hostIn gives a host with its port, if it has one; empty for what is none.
func hostIn(text string) string {
	const longest = 255
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._:[]", r)
	}
	u, err := url.Parse("//" + text)
	if err != nil || len(text) > longest || strings.ContainsFunc(text, odd) || u.Hostname() == "" {
		return ""
	}
	return strings.ToLower(text)
}
