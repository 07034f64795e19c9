package receiver

import (
	"net/http"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// getKind is everything in the URL: what nearly all trackers take. Some want a
// POST, without a body.
func getKind() kind {
	return kind{methods: []string{http.MethodGet, http.MethodPost}, headers: true}
}

// pixelKind is a URL that the visitor's browser loads, as an image or in a frame.
// Only affiliates have them.
func pixelKind() kind {
	return kind{
		methods: []string{http.MethodGet},
		open: func(s *delivery.Subscription) (payload, error) {
			if s.Owner.Validate() == nil && s.Owner.AffiliateID == 0 {
				return nil, fault.At("format", "%s is a pixel in an affiliate's name; use get, form, json or webhook", s.Format)
			}
			return nil, nil //nolint:nilnil // a pixel has no payload
		},
	}
}
