package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/receiver"
	"waybill/internal/span"
)

// previewOptions is what a preview takes beside the fields of a postback.
type previewOptions struct {
	ID           int64            `json:"id,omitempty" doc:"A postback that is there: the other fields are changes of it, which are not saved."`
	Event        conversion.Event `json:"event,omitempty" doc:"Which event it would be about; left open: the first of on."`
	ConversionID string           `json:"conversion_id,omitempty" doc:"The conversion to fill in: its ID, or latest for the most recent one that fits; left open: a sample."`
}

// preview is a request that was made and not sent.
type preview struct {
	Method   string            `json:"method"`
	URL      string            `json:"url"`
	Headers  map[string]string `json:"headers" doc:"But for those that are the connection's."`
	Body     string            `json:"body,omitempty"`
	Values   map[string]string `json:"values" doc:"What the macros stand for. Those without a value are left out, and become empty."`
	Warnings []warning         `json:"warnings,omitempty"`
}

// testRequest is what POST postbacks/{id}/test takes.
type testRequest struct {
	ConversionID string `json:"conversion_id,omitempty" doc:"The conversion to fill in: its ID, or latest for the most recent one that fits; left open: a sample."`
}

// rotation is what POST postbacks/{id}/rotate-secret takes.
type rotation struct {
	Secret string    `json:"secret,omitempty" doc:"The new secret; left open: one is drawn."`
	Keep   span.Span `json:"keep,omitzero" default:"24h" doc:"How long webhooks are signed with the secret before, too, so that the receiver can change over. At most 30d; 0s: from now on, they are not."`
}

// How long a secret signs beside its successor.
const (
	usualKeep   = span.Day
	longestKeep = 30 * span.Day
)

func (a *API) registerPostbacks(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	handle(h, route{
		method: http.MethodPost, path: prefix + "/postbacks/preview", id: "preview-postback", tag: "Postbacks", right: account.Read,
		summary: "Make the request of a postback, without saving or sending it", roles: both,
		in: previewSchema(s), out: schemaOf[preview](s),
		text:    "Of every format. Secrets, tokens and signatures are masked.",
		example: `{"owner":{"affiliate_id":1},"url":"https://tracker.example.com/?cid={aff_click_id}&payout={payout}"}`,
	}, a.previewPostback)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/postbacks/{id}/test", id: "test-postback", tag: "Postbacks",
		summary: "Send one test of a postback now", roles: both,
		in: schemaOf[testRequest](s), out: schemaOf[attemptRecord](s), bodyOptional: true, example: `{}`,
		text: "It is sent once, outside the queue, with the values of a sample or of a conversion, and is not kept. " +
			"The answer tells what came back, also when that is an error.",
	}, a.testPostback)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/postbacks/{id}/rotate-secret", id: "rotate-postback-secret", tag: "Postbacks",
		summary: "Renew a postback's secret", roles: both,
		in: schemaOf[rotation](s), out: ref("Postback"), bodyOptional: true, versioned: true, example: `{"keep":"24h"}`,
		text: "The answer shows the new secret whole; that is the only time. Webhooks are signed with both for a while; {sig} in other formats is made with the new one at once.",
	}, a.rotateSecret)
}

// previewSchema describes what a preview takes: what POST postbacks does, and
// more.
func previewSchema(s *schemas) *huma.Schema {
	o := *s.all["PostbackCreate"]
	o.Required = nil
	o.Properties = maps.Clone(o.Properties)
	maps.Copy(o.Properties, s.object(reflect.TypeFor[previewOptions](), reflect.Value{}).Properties)
	s.all["PreviewRequest"] = &o
	return ref("PreviewRequest")
}

func (a *API) previewPostback(ctx context.Context, in *makeIn) (*answer, error) {
	v, options, err := a.previewed(ctx, in)
	if err != nil {
		return nil, err
	}
	values, err := a.sampleValues(ctx, in.who(), v, options.ConversionID)
	if err != nil {
		return nil, err
	}
	plan, err := receiver.Compile(v)
	if err != nil {
		return nil, err
	}
	now := a.now().UTC()
	o := sampleOwed("sample-"+macro.DeliveryID.String(), v, values, now)
	r, err := plan.Request(&o, receiver.Moment{At: now, Token: "sample-token"})
	if err != nil {
		return nil, err
	}
	r = receiver.Mask(r, v)
	out := preview{
		Method: r.Method, URL: r.URL, Headers: make(map[string]string, len(r.Header)), Body: string(r.Body),
		Values: told(values, &v), Warnings: a.subscriptionWarnings(ctx, v),
	}
	for name, value := range r.Header {
		out.Headers[name] = strings.Join(value, ", ")
	}
	return &answer{Body: out}, nil
}

// previewed gives the subscription that is to be looked at, checked like one that
// is saved.
func (a *API) previewed(ctx context.Context, in *makeIn) (v delivery.Subscription, options previewOptions, err error) {
	body, err := splitPreview(in.RawBody, &options)
	if err != nil {
		return v, options, err
	}
	r, who := a.subscriptions(), in.who()
	before := r.initial(0)
	if options.ID != 0 {
		row, err := r.find(ctx, who, 0, options.ID)
		if err != nil {
			return v, options, err
		}
		before, v = row.Value, row.Value
		err = merge(&v, r.initial(0), body, r.given()...)
		if err != nil {
			return v, options, err
		}
	} else if v, err = r.begun(0, body); err != nil {
		return v, options, err
	}
	if r.own(who, &v); v.Owner == (delivery.Owner{}) {
		v.Owner.Network = true
	}
	if options.Event != "" {
		v.On = []conversion.Event{options.Event}
	}
	if err := r.mine(ctx, who, 0, v); err != nil {
		return v, options, err
	}
	return v, options, r.finish(who, before, &v)
}

// splitPreview takes the options out of a body, and gives the rest.
func splitPreview(body []byte, options *previewOptions) ([]byte, error) {
	if err := syntax(body); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil, malformed("The body must be a JSON object.")
	}
	own := map[string]json.RawMessage{}
	for _, f := range fieldsOf(reflect.TypeFor[previewOptions]()) {
		if text, ok := members[f.name]; ok {
			own[f.name] = text
			delete(members, f.name)
		}
	}
	text, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	if err := merge(options, previewOptions{}, text); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// sampleOwed gives a postback that is owed to nobody.
func sampleOwed(id string, v delivery.Subscription, values map[string]string, now time.Time) delivery.Owed {
	return delivery.Owed{
		ID: id, SubscriptionID: v.ID, ConversionID: values[macro.ConversionID.String()],
		TransactionID: values[macro.TransactionID.String()], Sequence: 1, Event: v.On[0],
		Values: values, State: delivery.Waiting, CreatedAt: now, DueAt: now,
	}
}

type testIn struct {
	caller
	ID      int64 `path:"id"`
	RawBody []byte
}

func (a *API) testPostback(ctx context.Context, in *testIn) (*answer, error) {
	row, err := a.subscriptions().find(ctx, in.who(), 0, in.ID)
	if err != nil {
		return nil, err
	}
	if row.Value.Format.Browser() {
		return nil, fault.New(fault.Conflict, "a pixel is loaded by a visitor's browser, and cannot be sent from here; preview it")
	}
	var asked testRequest
	if len(in.RawBody) > 0 {
		if err := merge(&asked, testRequest{}, in.RawBody); err != nil {
			return nil, err
		}
	}
	values, err := a.sampleValues(ctx, in.who(), row.Value, asked.ConversionID)
	if err != nil {
		return nil, err
	}
	o := sampleOwed("test-"+in.x.id, row.Value, values, a.now().UTC())
	o.Test = true
	attempt, err := a.Tester.Test(ctx, row.Value, o)
	if err != nil {
		return nil, err
	}
	return &answer{Body: showAttempt(attempt)}, nil
}

// rotateSecret gives a postback a new secret. It is told once.
func (a *API) rotateSecret(ctx context.Context, in *changeIn[int64]) (*answer, error) {
	initial := rotation{Keep: usualKeep}
	asked := initial
	if len(in.RawBody) > 0 {
		if err := merge(&asked, initial, in.RawBody); err != nil {
			return nil, err
		}
	}
	if asked.Keep > longestKeep {
		return nil, fault.At("keep", "must be at most %s", longestKeep)
	}
	wanted, err := version(in.x.r.Header.Get("If-Match"))
	if err != nil {
		return nil, err
	}
	r, who := a.subscriptions(), in.who()
	if _, err := r.find(ctx, who, 0, in.ID); err != nil {
		return nil, err
	}
	if asked.Secret == "" {
		if asked.Secret, err = receiver.NewSecret(rand.Reader); err != nil {
			return nil, err
		}
	}
	row, err := r.table.Update(ctx, who, in.ID, wanted, func(v *delivery.Subscription) error {
		before := *v
		v.PreviousSecret, v.PreviousUntil = "", time.Time{}
		if asked.Keep > 0 && before.Secret != "" {
			v.PreviousSecret, v.PreviousUntil = before.Secret, a.now().UTC().Add(asked.Keep.Duration())
		}
		v.Secret = asked.Secret
		return r.finish(who, before, v)
	})
	if err != nil {
		return nil, err
	}
	return r.saved(ctx, a, who, row, true, nil)
}
