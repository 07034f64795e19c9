package receiver

import (
	"net/http"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// formKind is a body as browsers send forms: cid={aff_click_id}&payout={payout}.
func formKind() kind {
	return kind{
		methods: []string{http.MethodPost, http.MethodPut}, body: true, headers: true,
		open: func(s *delivery.Subscription) (payload, error) {
			if s.Body == "" {
				return nil, fault.At("body", "is missing: write it as in cid={aff_click_id}&payout={payout}, or use format get to have everything in the URL")
			}
			return template(s, macro.Form, "application/x-www-form-urlencoded")
		},
	}
}

// text is a payload made of a template.
type text struct {
	body        *macro.Template
	contentType string
}

func template(s *delivery.Subscription, as macro.Encoding, contentType string) (payload, error) {
	use := s.Use()
	if use == 0 {
		use = macro.NetworkPostback | macro.WithVisitor
	}
	t, err := macro.Parse(s.Body, as, use)
	if err != nil {
		return nil, fault.Within("body", err)
	}
	return &text{body: t, contentType: contentType}, nil
}

func (t *text) names() []macro.Name { return t.body.Names() }

func (t *text) write(r *Request, _ *delivery.Owed, v *macro.Values, _ Moment) error {
	r.Body = t.body.Append(make([]byte, 0, 2*len(t.body.Text())+64), v)
	set(r.Header, "Content-Type", t.contentType)
	return nil
}
