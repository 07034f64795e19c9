package deliver

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/macro"
)

// deliveryHeader carries the delivery ID, by which a receiver can tell a
// repetition whether or not the URL has {delivery_id}.
const deliveryHeader = "Waybill-Delivery-Id"

// What is read of an answer, and how long that may take once its head is there.
const (
	maxKept    = 4 << 10 // delivery.Harmless keeps less
	maxDrained = 64 << 10
	maxHead    = 32 << 10
	bodyTime   = 2 * time.Second
)

// Send makes one attempt to send o to s, and tells what came of it. Nothing is
// recorded.
func (w *Worker) Send(ctx context.Context, s delivery.Subscription, o delivery.Owed) delivery.Attempt {
	j := job{owed: o}
	j.template, j.wrong = parse(s)
	a, _ := w.send(ctx, j)
	return a
}

// send makes one attempt, and gives beside it how long the receiver asks to be
// left alone.
func (w *Worker) send(ctx context.Context, j job) (delivery.Attempt, time.Duration) {
	at := time.Now()
	a := delivery.Attempt{DeliveryID: j.owed.ID, Number: j.owed.Attempts + 1, At: at, Method: http.MethodGet}
	if j.wrong != "" {
		a.Error, a.Detail = delivery.ErrTemplate, j.wrong
		return a, 0
	}
	a.URL = j.template.Render(values(&j.owed, at))
	ctx, cancel := context.WithTimeout(ctx, w.settings.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, a.Method, a.URL, nil)
	if err != nil {
		a.Error, a.Detail = delivery.ErrTemplate, unwrapURL(err).Error()
		return a, 0
	}
	r.Header.Set("User-Agent", w.agent())
	r.Header.Set("Accept", "*/*")
	r.Header.Set(deliveryHeader, j.owed.ID)

	answer, err := w.transport.RoundTrip(r) // not through a client: no redirects, no cookies
	if err != nil {
		a.Took = time.Since(at)
		a.Error, _ = delivery.Classify(0, classify(err))
		a.Detail = delivery.Harmless([]byte(unwrapURL(err).Error()))
		return a, 0
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	a.Body = read(answer.Body, cancel)
	a.Took = time.Since(at)
	if a.Error, _ = delivery.Classify(a.Status, ""); a.Error == "" {
		return a, 0
	}
	a.Detail = detail(answer)
	return a, retryAfter(answer.Header.Get("Retry-After"), at.Add(a.Took))
}

func (w *Worker) agent() string {
	if w.settings.Version == "" {
		return "Waybill"
	}
	return "Waybill/" + w.settings.Version
}

// values gives the frozen values, and those that are made for each attempt.
func values(o *delivery.Owed, at time.Time) *macro.Values {
	v := new(macro.Values)
	for name, text := range o.Values {
		n, ok := macro.ParseName(name)
		if !ok {
			continue
		}
		v.Set(n, text)
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			v.SetTime(n, t) // of those that are times
		}
	}
	v.Set(macro.DeliveryID, o.ID)
	v.Set(macro.Random, strconv.FormatUint(rand.Uint64(), 36)) //nolint:gosec // breaks caches, guards nothing
	v.SetTime(macro.Timestamp, at)
	v.SetTime(macro.Date, at)
	return v
}

// read gives the beginning of an answer's body, and reads a bounded part of the
// rest so that the connection can be used again. A body that does not come is
// broken off: the status was all that counts.
func read(body io.Reader, cancel context.CancelFunc) string {
	late := time.AfterFunc(bodyTime, cancel)
	defer late.Stop()
	kept, err := io.ReadAll(io.LimitReader(body, maxKept))
	if err == nil {
		_, _ = io.CopyN(io.Discard, body, maxDrained)
	}
	return delivery.Harmless(kept)
}

// detail says in words what was wrong with an answer.
func detail(answer *http.Response) string {
	status := delivery.Harmless([]byte(answer.Status))
	if to := answer.Header.Get("Location"); to != "" && answer.StatusCode/100 == 3 {
		return "answered " + status + "; postbacks are not redirected: enter the address it leads to"
	}
	return "answered " + status
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
