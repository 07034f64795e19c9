package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// attemptRecord is an attempt as the API shows it.
type attemptRecord struct {
	Number         int               `json:"number" doc:"1 for the first."`
	At             time.Time         `json:"at"`
	Took           string            `json:"took" doc:"How long it took." example:"132ms"`
	Method         string            `json:"method"`
	URL            string            `json:"url" doc:"As it was asked for; secrets are masked."`
	RequestHeaders map[string]string `json:"request_headers,omitempty" doc:"What was sent with it; secrets and signatures are masked."`
	RequestBody    string            `json:"request_body,omitempty" doc:"The first 4 KiB of what was sent; secrets are masked."`
	Status         int               `json:"status,omitempty" doc:"The HTTP status that came back."`
	Body           string            `json:"body,omitempty" doc:"The first 2 KiB of what came back, as text without control characters."`
	Error          string            `json:"error,omitempty" doc:"What went wrong, in a word; left out when it was delivered."`
	Detail         string            `json:"detail,omitempty" doc:"What went wrong, in words."`
	Hint           string            `json:"hint,omitempty" doc:"What to do about it."`
}

func showAttempt(t delivery.Attempt) attemptRecord {
	return attemptRecord{
		Number: t.Number, At: t.At.UTC(), Took: t.Took.Round(time.Microsecond).String(), Method: t.Method, URL: t.URL,
		RequestHeaders: t.RequestHeader, RequestBody: t.RequestBody,
		Status: t.Status, Body: t.Body, Error: string(t.Error), Detail: t.Detail, Hint: hintOf(t.Error, t.Status),
	}
}

// deliveryRecord is an owed postback with all attempts to deliver it.
type deliveryRecord struct {
	delivery.Owed
	Host  string          `json:"host,omitempty" doc:"Where its subscription leads now."`
	Next  *deliveryNext   `json:"next,omitempty" doc:"What comes next, as long as it is not over."`
	Tries []attemptRecord `json:"tries" doc:"Every attempt that is still kept, the first one first."`
}

func (a *API) registerDeliveries(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	whole := schemaOf[deliveryRecord](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/deliveries/{id}", id: "get-delivery", tag: "Postbacks",
		summary: "Read one owed postback with its attempts", roles: both, out: whole,
		text: "With every attempt of the last 90 days, the request as it was sent and what came back, and what it waits for. " +
			"Secrets, tokens and signatures are masked.",
	}, a.getDelivery)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/{id}/replay", id: "replay-delivery", tag: "Postbacks",
		summary: "Deliver again", roles: both, out: whole, status: http.StatusAccepted,
		text: "Makes a postback due now that was delivered, given up, withdrawn or parked. Its ID and its values stay, URL and template " +
			"are read anew. One that waits already is a conflict.",
	}, a.replayDelivery)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/{id}/withdraw", id: "withdraw-delivery", tag: "Postbacks",
		summary: "Do not deliver", roles: both, out: whole,
		text: "Takes back a postback that waits or is parked: it is not sent, and those behind it go on. Replaying it undoes that. " +
			"One that is being sent or is over is a conflict.",
	}, a.withdrawDelivery)
}

func (a *API) getDelivery(ctx context.Context, in *oneIn[string]) (*answer, error) {
	d, err := a.findDelivery(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	return a.showDelivery(ctx, in.who(), d)
}

func (a *API) showDelivery(ctx context.Context, who account.Principal, d delivery.Owed) (*answer, error) {
	attempts, err := a.Deliveries.Attempts(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	s, err := a.subscriptionOf(ctx, d.SubscriptionID)
	if err != nil {
		return nil, err
	}
	r := deliveryRecord{Owed: d, Host: receiverOf(&s), Tries: make([]attemptRecord, 0, len(attempts))}
	for _, t := range attempts {
		r.Tries = append(r.Tries, showAttempt(t))
	}
	if r.Next, err = a.nextOf(ctx, &d, &s); err != nil {
		return nil, err
	}
	r.Values = told(d.Values, &s)
	o, err := view(who.Role, kindDelivery, r)
	return &answer{Body: o}, err
}

// told leaves the values that a subscription's owner sees elsewhere, too, without
// what stands for a person.
func told(values map[string]string, s *delivery.Subscription) map[string]string {
	use := s.Use()
	out := make(map[string]string, len(values))
	for name, text := range values {
		n, ok := macro.ParseName(name) // alerts have names of their own
		if ok && !use.Tells(n) {
			continue
		}
		if n == macro.EmailSHA256 { // is for the receiver alone
			text = "••••"
		}
		out[name] = text
	}
	return out
}

// disclose leaves of what is owed what may be shown of it.
func (a *API) disclose(ctx context.Context, d *delivery.Owed) error {
	s, err := a.subscriptionOf(ctx, d.SubscriptionID)
	d.Values = told(d.Values, &s)
	return err
}

// findDelivery gives an owed postback whose subscription is the caller's.
func (a *API) findDelivery(ctx context.Context, who account.Principal, id string) (delivery.Owed, error) {
	missing := fault.New(fault.NotFound, "there is no delivery %.60s", id)
	d, err := a.Deliveries.Delivery(ctx, strings.ToLower(id))
	if fault.Of(err) == fault.NotFound {
		return delivery.Owed{}, missing
	}
	if err != nil {
		return delivery.Owed{}, err
	}
	mine, err := a.ownsDelivery(ctx, who, d)
	if err != nil {
		return delivery.Owed{}, err
	}
	if !mine {
		return delivery.Owed{}, missing
	}
	return d, nil
}

func (a *API) ownsDelivery(ctx context.Context, who account.Principal, d delivery.Owed) (bool, error) {
	if who.IsNetwork() {
		return true, nil
	}
	row, err := a.Subscriptions.Get(ctx, d.SubscriptionID)
	if fault.Of(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return owns(who, row.Value.Owner), nil
}

func (a *API) replayDelivery(ctx context.Context, in *oneIn[string]) (*answer, error) {
	return a.changeDelivery(ctx, in, a.Queue.Replay)
}

func (a *API) withdrawDelivery(ctx context.Context, in *oneIn[string]) (*answer, error) {
	return a.changeDelivery(ctx, in, a.Queue.Withdraw)
}

// changeDelivery changes one of the caller's deliveries as of now, and shows what
// has become of it.
func (a *API) changeDelivery(ctx context.Context, in *oneIn[string], change func(ctx context.Context, id string, at time.Time) error) (*answer, error) {
	d, err := a.findDelivery(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	if err := change(ctx, d.ID, a.now()); err != nil {
		return nil, err
	}
	a.nudge()
	if d, err = a.Deliveries.Delivery(ctx, d.ID); err != nil {
		return nil, err
	}
	return a.showDelivery(ctx, in.who(), d)
}

// nudge lets what has become due go out at once.
func (a *API) nudge() {
	if a.Nudge != nil {
		a.Nudge()
	}
}
