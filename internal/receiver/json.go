package receiver

import (
	"net/http"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

const contentJSON = "application/json"

// jsonKind is a JSON body of whatever form the receiver wants. Without a
// template it is the payload of a webhook, unsigned.
func jsonKind() kind {
	return kind{
		methods: []string{http.MethodPost, http.MethodPut}, body: true, headers: true,
		open: func(s *delivery.Subscription) (payload, error) {
			switch {
			case s.Body == "":
				e := newEvent(s)
				return &e, nil
			case s.Alerts():
				return nil, fault.At("body", "no macro stands for what a destination event says: leave body open, and the payload of webhooks is sent; for conversions make another postback")
			default:
				return template(s, macro.JSON, contentJSON)
			}
		},
	}
}
