package api

import (
	"bytes"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/catalog"
)

// hiddenSecret stands where a secret is kept from the one who looks.
const hiddenSecret = "(hidden)"

// hideSecrets takes an advertiser's secrets out of what is shown.
func hideSecrets(v advertiser.Advertiser) advertiser.Advertiser {
	for _, secret := range [...]*string{&v.Token, &v.SigSecret, &v.PreviousToken, &v.PreviousSigSecret} {
		if *secret != "" {
			*secret = hiddenSecret
		}
	}
	return v
}

// veil is drawn over answers to those from whom secrets are kept: wherever an
// advertiser's secret turns up, in a snippet, a URL or the raw text of a signal,
// something else stands there. It goes line by line, since no secret has a line
// break in it.
type veil struct {
	replacer *strings.Replacer
	line     []byte // begun, and not passed on yet
}

// through gives what may be passed on of all that was written so far.
func (v *veil) through(b []byte) []byte {
	end := bytes.LastIndexByte(b, '\n') + 1
	if end == 0 {
		v.line = append(v.line, b...)
		return nil
	}
	whole := append(v.line, b[:end]...) //nolint:gocritic // what it was is not needed any more
	v.line = append([]byte(nil), b[end:]...)
	return []byte(v.replacer.Replace(string(whole)))
}

// rest gives the last line, when it has no end.
func (v *veil) rest() []byte {
	line := v.line
	v.line = nil
	return []byte(v.replacer.Replace(string(line)))
}

// veils makes veils. What they hide is looked up once for each catalog.
type veils struct{ made atomic.Pointer[weave] }

type weave struct {
	of       *catalog.Catalog
	replacer *strings.Replacer
}

// over gives the veil for a caller, nil for none.
func (v *veils) over(who account.Principal, c *catalog.Catalog) *veil {
	if !who.SecretsMasked() {
		return nil
	}
	made := v.made.Load()
	if made == nil || made.of != c {
		made = &weave{of: c, replacer: strings.NewReplacer(hiddenIn(c)...)}
		v.made.Store(made)
	}
	return &veil{replacer: made.replacer}
}

// leastVeiled is the length below which a text is no secret, and would be found
// in every other word. Whatever shows an advertiser by itself hides those, too.
const leastVeiled = 6

// hiddenIn gives each secret, in every form that answers have it in, with what
// stands in its place; longer ones first, for one may begin like another.
func hiddenIn(c *catalog.Catalog) []string {
	var forms []string
	for a := range c.Advertisers() {
		for _, secret := range [...]string{a.Token, a.SigSecret, a.PreviousToken, a.PreviousSigSecret} {
			if len(secret) >= leastVeiled {
				forms = append(forms, formsOf(secret)...)
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, hiddenSecret)
	}
	return pairs
}

// formsOf gives a secret as it may stand in JSON: plain, in a URL, in a page.
func formsOf(secret string) []string {
	var forms []string
	for _, form := range [...]string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		html.EscapeString(url.QueryEscape(secret)),
	} {
		text, err := write(form)
		if err != nil {
			continue // a text can always be written
		}
		forms = append(forms, form, strings.Trim(string(text), `"`))
	}
	return forms
}
