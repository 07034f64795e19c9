package deliver

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

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
	plan, err := receiver.Compile(s)
	if err != nil {
		return delivery.Attempt{
			DeliveryID: o.ID, Number: o.Attempts + 1, At: time.Now(), Method: s.Method,
			Error: delivery.ErrTemplate, Detail: err.Error(),
		}
	}
	a, _ := w.send(ctx, job{owed: o, sub: s, plan: plan})
	return a
}

// send makes one attempt, and gives beside it how long the receiver asks to be
// left alone.
func (w *Worker) send(ctx context.Context, j job) (delivery.Attempt, time.Duration) {
	at := time.Now()
	a := delivery.Attempt{DeliveryID: j.owed.ID, Number: j.owed.Attempts + 1, At: at, Method: j.sub.Method}
	ask, err := j.plan.Request(&j.owed, receiver.Moment{At: at, Random: rand.Uint64()}) //nolint:gosec // breaks caches, guards nothing
	if err != nil {
		a.Error, a.Detail = delivery.ErrTemplate, err.Error()
		return a, 0
	}
	note(&a, receiver.Mask(ask, j.sub))
	ctx, cancel := context.WithTimeout(ctx, w.timeout(j.sub))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, ask.Method, ask.URL, bytes.NewReader(ask.Body))
	if err != nil {
		a.Error, a.Detail = delivery.ErrTemplate, unwrapURL(err).Error()
		return a, 0
	}
	r.Header = ask.Header
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", w.agent())
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "*/*")
	}

	answer, err := w.transport.RoundTrip(r) // not through a client: no redirects, no cookies
	if err != nil {
		a.Took = time.Since(at)
		a.Error, _ = delivery.Classify(0, classify(err))
		a.Detail = delivery.Harmless([]byte(unwrapURL(err).Error()))
		return a, 0
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	body := read(answer.Body, cancel)
	a.Body = delivery.Harmless(body)
	a.Took = time.Since(at)
	outcome := j.plan.Judge(a.Status, answer.Header, body)
	if a.Error, a.Detail = outcome.Class, outcome.Detail; a.Error == "" {
		return a, 0
	}
	return a, retryAfter(answer.Header.Get("Retry-After"), at.Add(a.Took))
}

// timeout gives how long an attempt may take.
func (w *Worker) timeout(s delivery.Subscription) time.Duration {
	if s.Timeout > 0 {
		return s.Timeout.Duration()
	}
	return w.settings.Timeout
}

// note writes a masked request into an attempt.
func note(a *delivery.Attempt, r receiver.Request) {
	a.Method, a.URL = r.Method, r.URL
	a.RequestHeader = make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		a.RequestHeader[name] = strings.Join(values, ", ")
	}
	a.RequestBody = string(r.Body[:min(len(r.Body), maxKept)])
}

func (w *Worker) agent() string {
	if w.settings.Version == "" {
		return "Waybill"
	}
	return "Waybill/" + w.settings.Version
}

// read gives the beginning of an answer's body, and reads a bounded part of the
// rest so that the connection can be used again. A body that does not come is
// broken off: the status was all that counts.
func read(body io.Reader, cancel context.CancelFunc) []byte {
	late := time.AfterFunc(bodyTime, cancel)
	defer late.Stop()
	kept, err := io.ReadAll(io.LimitReader(body, maxKept))
	if err == nil {
		_, _ = io.CopyN(io.Discard, body, maxDrained)
	}
	return kept
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
