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

	"waybill/internal/catalog"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// What is read of an answer, and how long that may take once its head is there.
const (
	maxRead    = 4 << 10 // delivery.Harmless keeps less
	maxDrained = 64 << 10
	maxHead    = 32 << 10
	bodyTime   = 2 * time.Second
)

// maxSentBody is how much of a request's body is kept.
const maxSentBody = 4 << 10

// sent is an attempt, and what counts beside it.
type sent struct {
	attempt    delivery.Attempt
	retryAfter time.Duration // how long the receiver asks to be left alone
}

// Send makes one attempt to send o to s, and tells what came of it. Nothing is
// recorded.
func (w *Worker) Send(ctx context.Context, s delivery.Subscription, o delivery.Owed) delivery.Attempt {
	plan, err := receiver.Compile(s)
	if err != nil {
		return delivery.Attempt{
			DeliveryID: o.ID, Number: o.Attempts + 1, At: w.now(), Error: delivery.ErrTemplate, Detail: err.Error(),
		}
	}
	return w.send(ctx, job{owed: o, sub: &catalog.Subscription{Subscription: s, Plan: plan}}).attempt
}

// send makes one attempt.
func (w *Worker) send(ctx context.Context, j job) sent {
	s := sent{attempt: delivery.Attempt{DeliveryID: j.owed.ID, Number: j.owed.Attempts + 1, At: w.now()}}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, w.timeout(&j))
	defer cancel()
	s.make(ctx, w, j, cancel)
	s.attempt.Took = time.Since(began)
	s.attempt.Detail = delivery.Harmless([]byte(s.attempt.Detail))
	return s
}

// make renders the request, sends it and reads the answer.
func (s *sent) make(ctx context.Context, w *Worker, j job, cancel context.CancelFunc) {
	a, plan := &s.attempt, j.sub.Plan
	m := receiver.Moment{At: a.At, Random: rand.Uint64()} //nolint:gosec // breaks caches, guards nothing
	grant, needed := plan.Grant()
	if needed {
		var no *refusal
		if m.Token, no = w.tokens.get(ctx, w.carrier(j), grant); no != nil {
			a.Error, a.Detail = no.class, no.detail
			return
		}
	}
	r, err := plan.Request(&j.owed, m)
	if err != nil {
		a.Error, a.Detail = receiver.Refused(err), err.Error()
		return
	}
	keep(a, receiver.Mask(r, j.sub.Subscription))
	answer, err := w.exchange(ctx, w.carrier(j), r)
	if err != nil {
		a.Error, a.Detail = fate(err)
		return
	}
	defer answer.Body.Close()
	body := read(answer.Body, maxRead, cancel)
	a.Status, a.Body = answer.StatusCode, delivery.Harmless(receiver.MaskAnswer(body, r, j.sub.Subscription))
	judged := plan.Judge(a.Status, answer.Header, body)
	a.Error, a.Detail = judged.Class, string(receiver.MaskAnswer([]byte(judged.Detail), r, j.sub.Subscription))
	if a.Error == "" {
		return
	}
	if needed && a.Status == http.StatusUnauthorized {
		w.tokens.drop(grant, m.Token)
	}
	s.retryAfter = retryAfter(answer.Header.Get("Retry-After"), w.now())
}

// exchange sends a request, not through a client: no redirects, no cookies.
func (w *Worker) exchange(ctx context.Context, by http.RoundTripper, r receiver.Request) (*http.Response, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	h, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, malformed{unwrapURL(err)}
	}
	for name, values := range r.Header {
		h.Header[name] = values
	}
	if h.Header.Get("User-Agent") == "" {
		h.Header.Set("User-Agent", w.agent())
	}
	if h.Header.Get("Accept") == "" {
		h.Header.Set("Accept", "*/*")
	}
	answer, err := by.RoundTrip(h)
	if err == nil && answer.StatusCode == http.StatusSwitchingProtocols {
		_ = answer.Body.Close() // it is the bare connection, of which no time-out makes an end
		answer.Body = http.NoBody
	}
	return answer, err
}

// malformed is the error of a request that cannot be sent.
type malformed struct{ error }

// fate gives the class and the words of an error that kept an answer from
// coming.
func fate(err error) (class delivery.ErrorClass, detail string) {
	if is[malformed](err) {
		return delivery.ErrTemplate, err.Error()
	}
	class, _ = delivery.Classify(0, classify(err))
	return class, unwrapURL(err).Error()
}

// keep notes the request in the attempt, as it may be kept.
func keep(a *delivery.Attempt, masked receiver.Request) {
	a.Method, a.URL = masked.Method, masked.URL
	if len(masked.Header) > 0 {
		a.RequestHeader = make(map[string]string, len(masked.Header))
		for name, values := range masked.Header {
			a.RequestHeader[name] = strings.Join(values, ", ")
		}
	}
	body := masked.Body[:min(len(masked.Body), maxSentBody)]
	a.RequestBody = strings.ToValidUTF8(string(body), "")
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
func read(body io.Reader, most int64, cancel context.CancelFunc) []byte {
	late := time.AfterFunc(bodyTime, cancel)
	defer late.Stop()
	kept, err := io.ReadAll(io.LimitReader(body, most))
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
