package receiver

import (
	"net/http"
	"net/url"
	"strings"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// pixelKind is a URL that the visitor's browser loads, as an image or in a frame.
// Only affiliates have them. What a browser is told the visitor can read, and
// the page that the pixel is shown in may pass on, so there is nothing of the
// visitor in it even where its owner may know that.
func pixelKind() kind {
	return kind{methods: []string{http.MethodGet}, open: openPixel}
}

func openPixel(s *delivery.Subscription) (payload, error) {
	if s.Owner.Validate() == nil && s.Owner.AffiliateID == 0 {
		return nil, fault.At("format", "%s is a pixel in an affiliate's name; use get, form, json or webhook", s.Format)
	}
	if s.ShareVisitor {
		if _, err := macro.Parse(s.URL, macro.URL, macro.AffiliatePostback); err != nil {
			return nil, fault.Within("url", err)
		}
	}
	if _, ok := Origin(s.URL); s.URL != "" && !ok {
		return nil, fault.At("url", "leads to an address that a page's security policy cannot name; write a host's name, or its IPv4 address")
	}
	return nil, nil //nolint:nilnil // a pixel has no payload
}

// Origin gives the scheme and host of an absolute URL in the form that a page's
// security policy names them in; false where it can name no such thing.
func Origin(address string) (string, bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return "", false
	}
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.Hostname() == "" || strings.ContainsFunc(u.Hostname(), notInOrigin) {
		return "", false
	}
	switch strings.ToLower(scheme) {
	case "https", "http":
		return strings.ToLower(u.Scheme + "://" + u.Host), true
	default:
		return "", false
	}
}

// notInOrigin reports what would end the name of a host in a policy, or be no
// part of one.
func notInOrigin(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}
