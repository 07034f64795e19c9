// Package link holds what a visitor follows: a short code that stands for an
// offer, an affiliate and the values the affiliate wants to see again.
package link

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"waybill/internal/fault"
	"waybill/internal/param"
)

// Link is a short link. Its code never changes meaning: it is retired, not
// reused, since links live on in places nobody can edit.
type Link struct {
	Code        string `json:"code" pattern:"^[0-9A-Za-z_-]{3,64}$" doc:"The path behind /c/; drawn by Waybill when left open."`
	OfferID     int64  `json:"offer_id" doc:"The offer visitors are sent to."`
	AffiliateID int64  `json:"affiliate_id" doc:"The affiliate who is credited."`
	// Query holds values as a tracking link writes them, such as
	// `source=newsletter&sub1=may`. Values in the request itself win.
	Query  string `json:"query,omitempty" doc:"Values added to each click, as in a tracking link: source=news&sub1=may."`
	Status Status `json:"status,omitempty" enum:"active,retired" default:"active"`
}

// Status says whether a link still leads anywhere.
type Status string

// The statuses. A retired link leads to the fallback. So does one that is deleted,
// which nobody is shown: it is kept for its code, which is never used again.
const (
	Active  Status = "active"
	Retired Status = "retired"
	Deleted Status = "deleted"
)

// Leads reports whether a visitor who follows the link gets to its offer.
func (l *Link) Leads() bool { return l.Status != Retired && l.Status != Deleted }

// Default is a link before anything was said of it.
func Default() Link { return Link{Status: Active} }

const (
	minCode  = 3
	maxCode  = 64
	maxQuery = 2 << 10
)

// Validate reports every field that is wrong. Whether the offer and the
// affiliate exist is for the ledger to say.
func (l *Link) Validate() error {
	var errs []error
	if n := len(l.Code); n < minCode || n > maxCode || strings.Trim(l.Code, letters+"_-") != "" {
		errs = append(errs, fault.At("code", "%.70q is not a code: use %d to %d letters, digits, dashes and underscores", l.Code, minCode, maxCode))
	}
	if l.OfferID <= 0 {
		errs = append(errs, fault.At("offer_id", "is missing"))
	}
	if l.AffiliateID <= 0 {
		errs = append(errs, fault.At("affiliate_id", "is missing"))
	}
	switch l.Status {
	case Active, Retired:
	default:
		errs = append(errs, fault.At("status", "%.40q is not a status; use active or retired", l.Status))
	}
	return errors.Join(append(errs, l.validateQuery())...)
}

func (l *Link) validateQuery() error {
	if len(l.Query) > maxQuery {
		return fault.At("query", "has %d bytes, the most is %d", len(l.Query), maxQuery)
	}
	if at := strings.IndexFunc(l.Query, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' || r == '?' }); at >= 0 {
		return fault.At("query", "holds %.1q, which must be percent-encoded; write it as source=news&sub1=may", l.Query[at:])
	}
	var errs []error
	for pair := range strings.SplitSeq(l.Query, "&") {
		if pair != "" {
			errs = append(errs, validPair(pair))
		}
	}
	return errors.Join(errs...)
}

// validPair checks one name=value. A name that clicks do not know would be lost
// without a word.
func validPair(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err == nil {
		_, err = url.QueryUnescape(value)
	}
	if err != nil {
		return fault.At("query", "%.80q has a percent sign that escapes nothing; write %%25", pair)
	}
	switch n, known := param.Click.Find(name); {
	case !known:
		return fault.At("query", "%.80q is not a parameter of clicks", name)
	case n == param.OfferID || n == param.AffiliateID:
		return fault.At("query", "%s is named by the link itself", n)
	case n == param.Format:
		return fault.At("query", "%s is for a request to ask", n)
	default:
		return nil
	}
}

// letters are those of drawn codes.
const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// drawn is the length of drawn codes: 3.5 million million of them, so that few
// are met by trying.
const drawn = 7

// DrawCode draws a code, each as likely as any other.
func DrawCode(random io.Reader) (string, error) {
	const fair = 256 / len(letters) * len(letters) // bytes from here on would prefer the first letters
	code := make([]byte, 0, drawn)
	var b [drawn]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("draw a link's code: %w", err)
		}
		for _, one := range b {
			if int(one) >= fair {
				continue
			}
			if code = append(code, letters[int(one)%len(letters)]); len(code) == drawn {
				return string(code), nil
			}
		}
	}
}
