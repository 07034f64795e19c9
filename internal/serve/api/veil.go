package api

import (
	"bytes"
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
// however it is written there, something else stands in its place. It goes line by
// line, since no secret has a line break in it.
type veil struct {
	secrets *secrets
	own     int64  // whose secrets are let through, 0 for nobody's
	line    []byte // begun, and not passed on yet
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
	return v.secrets.hide(whole, v.own)
}

// rest gives the last line, when it has no end.
func (v *veil) rest() []byte {
	line := v.line
	v.line = nil
	return v.secrets.hide(line, v.own)
}

// veils makes veils. What they hide is looked up once for each catalog.
type veils struct{ made atomic.Pointer[weave] }

type weave struct {
	of      *catalog.Catalog
	secrets *secrets
}

// over gives the veil for a caller, nil for none. A partner sees its own secrets
// and nobody else's, unless it looks with a partner's eyes alone.
func (v *veils) over(who account.Principal, c *catalog.Catalog) *veil {
	masked := who.SecretsMasked()
	if who.IsNetwork() && !masked {
		return nil
	}
	made := v.made.Load()
	if made == nil || made.of != c {
		made = &weave{of: c, secrets: secretsOf(c)}
		v.made.Store(made)
	}
	drawn := &veil{secrets: made.secrets}
	if who.Role == account.Advertiser && !masked {
		drawn.own = who.AdvertiserID
	}
	return drawn
}

// leastVeiled is the length below which a text is no secret, and would be found
// in every other word. Whatever shows an advertiser by itself hides those, too.
const leastVeiled = 6

// secretsOf gathers what is to be hidden.
func secretsOf(c *catalog.Catalog) *secrets {
	all := new(secrets)
	for a := range c.Advertisers() {
		for _, secret := range [...]string{a.Token, a.SigSecret, a.PreviousToken, a.PreviousSigSecret} {
			if len(secret) >= leastVeiled {
				all.add(secret, a.ID)
			}
		}
	}
	return all.ready()
}
