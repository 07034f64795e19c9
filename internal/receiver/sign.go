package receiver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/macro"
)

// place is where {sig} stands.
type place uint8

const (
	nowhere  place = iota
	inURL          // the last parameter of the URL: signs the query before it
	inBody         // the last field of a form: signs the fields before it
	inHeader       // a header: signs the body
)

// signer fills in {sig}: the hex HMAC-SHA256, under the subscription's secret as
// it is written, of the attempt's Unix time, a dot, and what it signs. That is
// how Waybill itself reads signatures, so the next Waybill of a chain can check
// them.
type signer struct {
	place place
	key   []byte
}

// covers reports whether the signature stands there. A nil signer has none.
func (s *signer) covers(p place) bool { return s != nil && s.place == p }

// query adds the signature of a URL whose last parameter is empty.
func (s *signer) query(url []byte, at time.Time) []byte {
	_, query, _ := bytes.Cut(url, []byte("?"))
	return append(url, s.sum(query[:bytes.LastIndexByte(query, '&')], at)...)
}

// form adds the signature of a form whose last field is empty.
func (s *signer) form(body []byte, at time.Time) []byte {
	return append(body, s.sum(body[:bytes.LastIndexByte(body, '&')], at)...)
}

// body gives the signature of a whole body.
func (s *signer) body(body []byte, at time.Time) string { return s.sum(body, at) }

func (s *signer) sum(text []byte, at time.Time) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(append(strconv.AppendInt(nil, at.Unix(), 10), '.'))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// last is how {sig} ends a URL or a form.
var last = regexp.MustCompile(`&[A-Za-z0-9_.~-]+=\{sig\}$`)

// signature finds {sig}, and refuses it where nobody could check it.
func (c *compiler) signature() {
	if c.plan.url == nil {
		return
	}
	uses := 0
	where := nowhere
	found := func(p place, field, text string, t *macro.Template) {
		if t == nil || !t.Uses(macro.Sig) {
			return
		}
		uses += max(1, strings.Count(text, "{sig"))
		where = p
		c.sigPlace(p, field, text)
	}
	found(inURL, "url", c.plan.url.Text(), c.plan.url)
	if t, ok := c.plan.payload.(*text); ok {
		found(inBody, "body", t.body.Text(), t.body)
	}
	for _, h := range c.plan.headers {
		found(inHeader, "headers["+h.name+"]", h.value.Text(), h.value)
	}
	switch {
	case uses == 0:
		return
	case uses > 1:
		c.fail(c.sigField(where), "{sig} stands there %d times in all; a request has one signature", uses)
		return
	case c.s.Secret == "":
		c.fail("secret", "is missing, and {sig} needs one to sign with")
		return
	}
	c.plan.sign = &signer{place: where, key: []byte(c.s.Secret)}
}

func (c *compiler) sigField(p place) string {
	switch p {
	case inBody:
		return "body"
	case inHeader:
		return "headers"
	default:
		return "url"
	}
}

// sigPlace reports a {sig} that cannot be checked where it stands.
func (c *compiler) sigPlace(p place, field, text string) {
	format := c.s.Format
	switch {
	case strings.Contains(text, "{sig|"):
		c.fail(field, "{sig} takes no filters: it is hex already")
	case p == inURL && format == delivery.Get, p == inBody && format == delivery.Form:
		before, ok := beforeSig(p, text)
		if !ok {
			c.fail(field, "{sig} signs the parameters before it, so it is the last one: end with &ts={timestamp}&sig={sig}")
		} else if !timed(before) {
			c.fail(field, "{sig} signs the time too: end with &ts={timestamp}&sig={sig}")
		}
	case p == inHeader && (format == delivery.Form || format == delivery.JSON):
		if !timed(text) {
			c.fail(field, "{sig} signs the time too: write t={timestamp},v1={sig}")
		}
	case format == delivery.Get:
		c.fail(field, "{sig} belongs at the end of the URL: …&ts={timestamp}&sig={sig}")
	case format == delivery.Form:
		c.fail(field, "{sig} belongs at the end of the form, …&ts={timestamp}&sig={sig}, or into a header")
	case format == delivery.JSON:
		c.fail(field, "{sig} signs the body, so it belongs into a header: Waybill-Signature: t={timestamp},v1={sig}")
	default:
		c.fail(field, "{sig} is not for format %s", format)
	}
}

// beforeSig gives the parameters that are signed, if {sig} is the last one.
func beforeSig(p place, text string) (string, bool) {
	at := last.FindStringIndex(text)
	if at == nil {
		return "", false
	}
	text = text[:at[0]]
	if p == inBody {
		return text, true
	}
	base, query, asked := strings.Cut(text, "?")
	return query, asked && !strings.Contains(base, "#")
}

// timed reports whether a text tells the time that is signed.
func timed(text string) bool {
	return strings.Contains(text, "{timestamp}") || strings.Contains(text, "{timestamp|unix}")
}
