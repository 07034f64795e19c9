package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"waybill/internal/account"
)

const maxIdempotencyKey = 255

// once answers a POST that carries an Idempotency-Key the same way however often
// it is sent. Only whole successes are kept, so that a request can be mended and sent
// again under its key.
func (x *exchange) once(ctx context.Context, body []byte, serve func()) {
	key := x.r.Header.Get("Idempotency-Key")
	if x.r.Method != http.MethodPost || key == "" {
		serve()
		return
	}
	if len(key) > maxIdempotencyKey || strings.TrimFunc(key, printable) != "" {
		x.refuse(malformed(fmt.Sprintf("An Idempotency-Key has up to %d printable ASCII letters.", maxIdempotencyKey)))
		return
	}
	scope := fmt.Sprintf("%d POST %s", x.who.KeyID, x.r.URL.Path)
	if x.who.UserID != 0 {
		scope = fmt.Sprintf("%s %s POST %s", x.who.Actor(), standsAs(x.who), x.r.URL.Path)
	}
	hash := sha256.Sum256(body)
	kept, err := x.api.Answers.Idempotent(ctx, key, scope, hex.EncodeToString(hash[:]))
	switch {
	case err != nil:
		x.refuse(err)
		return
	case kept != nil:
		x.repeat(kept)
		return
	}
	x.copy = new(bytes.Buffer)
	defer x.keep(context.WithoutCancel(ctx), scope, key)
	serve()
}

// standsAs tells what a user may do and for whom: a kept answer is for the same
// alone, since it is given before the route is asked who may have it.
func standsAs(who account.Principal) string {
	return fmt.Sprintf("%s/%s/%d/%d", who.Role, who.Grade, who.AdvertiserID, who.AffiliateID)
}

func printable(r rune) bool { return r > ' ' && r < 0x7f }

// keptAnswer is what of an answer is kept beside its status.
type keptAnswer struct {
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
}

// repeat gives a kept answer.
func (x *exchange) repeat(a *Answer) {
	var kept keptAnswer
	if err := json.Unmarshal(a.Body, &kept); err != nil {
		x.refuse(fmt.Errorf("read kept answer: %w", err))
		return
	}
	for name, value := range kept.Header {
		x.Header().Set(name, value)
	}
	x.Header().Set("Idempotent-Replayed", "true")
	x.WriteHeader(a.Status)
	if _, err := x.Write([]byte(kept.Body)); err != nil {
		x.cause = fmt.Errorf("write kept answer: %w", err)
	}
}

// keep stores the answer if it is a success, also when the client is gone; if
// not, or in part, or when the handler broke down, it lets go of the key.
func (x *exchange) keep(ctx context.Context, scope, key string) {
	var a Answer
	if !x.again && x.status >= http.StatusOK && x.status < http.StatusMultipleChoices {
		kept := keptAnswer{Header: map[string]string{}, Body: string(withoutSecret(x.copy.Bytes(), x.hidden))}
		for _, name := range [...]string{"Content-Type", "ETag", "Location"} {
			if value := x.Header().Get(name); value != "" {
				kept.Header[name] = value
			}
		}
		text, err := json.Marshal(kept)
		if err == nil {
			a = Answer{Status: x.status, Body: text}
		}
	}
	if err := x.api.Answers.Answered(ctx, key, scope, a); err != nil && x.cause == nil {
		x.cause = fmt.Errorf("keep answer: %w", err)
	}
}

// withoutSecret takes a new API key's secret out of an answer, and what else is
// hidden: it is shown once, and kept nowhere.
func withoutSecret(body []byte, hidden string) []byte {
	o, err := parseObject(body)
	if err != nil {
		return body
	}
	text, err := o.without(secretField).without(hidden).MarshalJSON()
	if err != nil {
		return body
	}
	return append(text, '\n')
}
