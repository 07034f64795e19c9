package deliver

import (
	"context"
	"net/http"
	"sync"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// tokens keep the access tokens that receivers want for as long as their grants
// say. A token that many wait for is asked for once.
type tokens struct {
	exchange func(context.Context, http.RoundTripper, receiver.Request) (*http.Response, error)
	timeout  time.Duration
	now      func() time.Time

	mu   sync.Mutex
	kept map[string]*token
}

// token is one grant's. Whoever holds turn may ask for it anew.
type token struct {
	turn    chan struct{}
	text    string
	until   time.Time
	refused refusal   // the last refusal
	again   time.Time // no sooner is it asked for anew
}

// refusal says why there is no token.
type refusal struct {
	class  delivery.ErrorClass
	detail string
}

// For how long a refusal is believed, how many tokens are kept, and how long the
// answer that holds one may be.
const (
	believed  = 5 * time.Second
	maxTokens = 10_000
	maxGrant  = 64 << 10
)

func newTokens(
	exchange func(context.Context, http.RoundTripper, receiver.Request) (*http.Response, error), timeout time.Duration, now func() time.Time,
) *tokens {
	return &tokens{exchange: exchange, timeout: timeout, now: now, kept: make(map[string]*token)}
}

// get gives a grant's token, or says why there is none. It is the attempt's
// failure then, which passes.
func (t *tokens) get(ctx context.Context, by http.RoundTripper, g receiver.Grant) (string, *refusal) {
	one := t.of(g.Key())
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
	case <-ctx.Done():
		return "", &refusal{delivery.ErrTimeout, "no access token came in time"}
	}
	now := t.now()
	switch {
	case now.Before(one.until):
		return one.text, nil
	case now.Before(one.again):
		no := one.refused
		return "", &no
	}
	text, expires, no := t.ask(ctx, by, g)
	if no != nil {
		one.refused, one.again = *no, t.now().Add(believed)
		return "", no
	}
	one.text, one.until = text, expires
	return text, nil
}

// of gives the place of a grant's token.
func (t *tokens) of(key string) *token {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.kept[key]
	if one == nil {
		if len(t.kept) >= maxTokens { // keys that were changed since
			clear(t.kept)
		}
		one = &token{turn: make(chan struct{}, 1)}
		t.kept[key] = one
	}
	return one
}

// drop forgets a token that a receiver refused.
func (t *tokens) drop(g receiver.Grant, text string) {
	one := t.of(g.Key())
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
		if one.text == text {
			one.until = time.Time{}
		}
	default: // it is being asked for already
	}
}

// ask has a token granted.
func (t *tokens) ask(ctx context.Context, by http.RoundTripper, g receiver.Grant) (string, time.Time, *refusal) {
	r, err := g.Request(t.now())
	if err != nil {
		return "", time.Time{}, &refusal{delivery.ErrTemplate, "access token: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	answer, err := t.exchange(ctx, by, r)
	if err != nil {
		class, detail := fate(err)
		return "", time.Time{}, &refusal{class, "access token: " + detail}
	}
	defer answer.Body.Close()
	text, expires, err := g.Read(t.now(), answer.StatusCode, read(answer.Body, maxGrant, cancel))
	if err != nil { // a key may be put in order meanwhile, as any setting
		return "", time.Time{}, &refusal{delivery.ErrAnswer, "access token: " + err.Error()}
	}
	return text, expires, nil
}
