package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	post := func(as, key, body string) reply {
		return w.do(t, as, "POST", "affiliates", body, "Idempotency-Key", key)
	}
	first := post(asNetwork, "one", `{"name":"Three"}`)
	if first.status != 201 {
		t.Fatalf("first = %d %s; want 201", first.status, first.text)
	}
	again := post(asNetwork, "one", `{"name":"Three"}`)
	if again.status != 201 || again.text != first.text || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again = %d %s; want the first answer %s", again.status, again.text, first.text)
	}
	for _, name := range []string{"ETag", "Location", "Content-Type"} {
		if again.header.Get(name) != first.header.Get(name) {
			t.Errorf("%s = %q; want %q", name, again.header.Get(name), first.header.Get(name))
		}
	}
	if other := post(asNetwork, "one", `{"name":"Four"}`); other.status != 422 {
		t.Errorf("with another body = %d %s; want 422", other.status, other.text)
	}
	if next := post(asNetwork, "two", `{"name":"Three"}`); next.status != 201 || next.text == first.text {
		t.Errorf("another key = %d %s; want a new affiliate", next.status, next.text)
	}
	if bad := post(asNetwork, strings.Repeat("x", 256), `{}`); bad.status != 400 {
		t.Errorf("a key that is too long = %d; want 400", bad.status)
	}
	if wrong := post(asNetwork, "three", `{}`); wrong.status != 422 {
		t.Fatalf("a wrong request = %d; want 422", wrong.status)
	}
	if mended := post(asNetwork, "three", `{"name":"Five"}`); mended.status != 201 {
		t.Errorf("the request, mended = %d %s; want 201", mended.status, mended.text)
	}
	if _, err := w.db.Idempotent(t.Context(), "four", "1 POST /api/v1/affiliates", "x"); err != nil {
		t.Fatal(err)
	}
	t.Run("while the first is under way", func(t *testing.T) {
		scope := w.scopeOf(t, asNetwork, "affiliates")
		body := `{"name":"Six"}`
		if _, err := w.db.Idempotent(t.Context(), "five", scope, hashOf(body)); err != nil {
			t.Fatal(err)
		}
		if got := post(asNetwork, "five", body); got.status != 409 {
			t.Errorf("answer %d %s; want 409", got.status, got.text)
		}
	})
}

// TestIdempotencyKeyOfWhatWasDoneInPart: what could not be written down is to be
// sent again, under the same key, and then carried out.
func TestIdempotencyKeyOfWhatWasDoneInPart(t *testing.T) {
	w := newWorld(t)
	ok := signal.Verdict{Status: signal.Accepted, Code: signal.OK}
	w.door.verdicts = []signal.Verdict{ok, {Status: signal.Rejected, Code: signal.Unavailable}}
	post := func() reply {
		return w.do(t, asNetwork, "POST", "conversions", `[{"a":"1"},{"a":"2"}]`, "Idempotency-Key", "batch")
	}
	if first := post(); first.status != 200 || !strings.Contains(first.text, `"http":503`) {
		t.Fatalf("first = %d %s; want 200 with a 503", first.status, first.text)
	}
	second := post()
	if second.status != 200 || strings.Contains(second.text, `"http":503`) || len(w.door.hits) != 4 {
		t.Errorf("again = %d %s after %d signals; want it carried out", second.status, second.text, len(w.door.hits))
	}
	if third := post(); third.text != second.text || len(w.door.hits) != 4 {
		t.Errorf("a third time = %s after %d signals; want the kept answer %s", third.text, len(w.door.hits), second.text)
	}
}

func TestIdempotencyKeyIsOneCallersOwn(t *testing.T) {
	w := newWorld(t)
	body := `{"url":"https://t.example/?c={sub1}"}`
	one := w.do(t, asAffiliate1, "POST", "postbacks", body, "Idempotency-Key", "k")
	two := w.do(t, asAffiliate2, "POST", "postbacks", body, "Idempotency-Key", "k")
	if one.status != 201 || two.status != 201 || !strings.Contains(two.text, `"affiliate_id":2`) {
		t.Errorf("two callers with the same key: %d %s and %d %s; want one of each", one.status, one.text, two.status, two.text)
	}
}

func TestKeysAreShownOnce(t *testing.T) {
	w := newWorld(t)
	body := `{"role":"affiliate","affiliate_id":1,"name":"laptop"}`
	made := w.do(t, asNetwork, "POST", "keys", body, "Idempotency-Key", "k")
	secret, _ := made.body["secret"].(string)
	if made.status != 201 || !strings.HasPrefix(secret, "wb_a_") {
		t.Fatalf("POST keys = %d %s; want a secret", made.status, made.text)
	}
	w.keys["laptop"] = secret
	if got := w.do(t, "laptop", "GET", "conversions", ""); got.status != 200 || !strings.Contains(got.text, "A-1") {
		t.Errorf("the new key reads %d %s; want affiliate 1's conversion at once", got.status, got.text)
	}
	if again := w.do(t, asNetwork, "POST", "keys", body, "Idempotency-Key", "k"); again.status != 201 || strings.Contains(again.text, secret) || !strings.Contains(again.text, `"name":"laptop"`) {
		t.Errorf("again = %d %s; want the key without its secret", again.status, again.text)
	}
	if list := w.do(t, asNetwork, "GET", "keys?limit=1000", ""); strings.Contains(list.text, secret) || !strings.Contains(list.text, account.Prefix(secret)) {
		t.Errorf("GET keys = %s; want the prefix alone", list.text)
	}
	id, err := json.Marshal(made.body["id"])
	if err != nil {
		t.Fatal(err)
	}
	if got := w.do(t, asNetwork, "DELETE", "keys/"+string(id), ""); got.status != 200 || !strings.Contains(got.text, `"revoked_at":"2026-11-22T12:00:00Z"`) {
		t.Errorf("DELETE = %d %s; want it revoked", got.status, got.text)
	}
	if got := w.do(t, "laptop", "GET", "conversions", ""); got.status != 401 {
		t.Errorf("the revoked key reads %d; want 401", got.status)
	}
	if got := w.do(t, asNetwork, "DELETE", "keys/99", ""); got.status != 404 {
		t.Errorf("DELETE of none = %d; want 404", got.status)
	}
	if got := w.do(t, asNetwork, "POST", "keys", `{"role":"affiliate"}`); got.status != 422 || !strings.Contains(got.text, "body.affiliate_id") {
		t.Errorf("a key of nobody = %d %s; want 422 at affiliate_id", got.status, got.text)
	}
	if strings.Contains(w.log.String(), secret) {
		t.Error("the secret stands in the log")
	}
}

// broken fails in the ways that a ledger may.
type broken struct{ err error }

func (b broken) Rejected(context.Context, VerdictFilter) ([]signal.Verdict, string, error) {
	return nil, "", b.err
}

func (b broken) EarlierVerdicts(context.Context, string) ([]signal.Earlier, error) { return nil, b.err }

func (b broken) Verdicts(context.Context, VerdictFilter) ([]signal.Verdict, string, error) {
	return nil, "", b.err
}

func (b broken) Verdict(context.Context, string) (signal.Verdict, error) {
	if b.err == nil {
		panic("a defect with secret-text")
	}
	return signal.Verdict{}, b.err
}

func TestFailuresAreLoggedAndNotShown(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
	}{
		{"an unexpected error", errors.New("disk on fire: secret-text"), 500},
		{"a panic", nil, 500},
		{"an engine that is away", fault.Because(errors.New("secret-text"), fault.Unavailable, "the ledger cannot be reached"), 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Verdicts = broken{err: tt.err}

			got := w.do(t, asNetwork, "GET", "signals/SIGNAL", "")
			if got.status != tt.status || strings.Contains(got.text, "secret-text") {
				t.Errorf("answer %d %s; want %d without the cause", got.status, got.text, tt.status)
			}
			if tt.status == 503 && got.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			var line struct {
				Level, Msg, Route, Error string
				RequestID                string `json:"request_id"`
				Status                   int
			}
			lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
				t.Fatal(err)
			}
			if line.Level != "ERROR" || line.Status != tt.status || line.Route != "/api/v1/signals/{id}" || !strings.Contains(line.Error, "secret-text") {
				t.Errorf("the log says %+v; want an error with its cause", line)
			}
			if instance, _ := got.body["instance"].(string); instance != "urn:waybill:request:"+line.RequestID || line.RequestID != got.header.Get("Request-Id") {
				t.Errorf("instance %s, log %s, header %s; want one ID", instance, line.RequestID, got.header.Get("Request-Id"))
			}
		})
	}
}

func TestTheLogHasOneLineARequest(t *testing.T) {
	w := newWorld(t)
	w.do(t, asNetwork, "PATCH", "offers/1", `{"name":"secret-name"}`)
	w.do(t, "", "GET", "offers?cursor=secret-cursor", "")
	log := w.log.String()
	if n := strings.Count(log, "\n"); n != 2 {
		t.Errorf("%d lines for two requests:\n%s", n, log)
	}
	for _, secret := range []string{"secret-", w.keys[asNetwork]} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
	for _, part := range []string{`"route":"/api/v1/offers/{id}"`, `"status":200`, `"status":401`, `"key_id":0`} {
		if !strings.Contains(log, part) {
			t.Errorf("the log lacks %s:\n%s", part, log)
		}
	}
}

func TestTraceIsInOrderOfTime(t *testing.T) {
	w := newWorld(t)
	got := w.do(t, asNetwork, "GET", "trace/CLICK", "")
	steps, _ := got.body["steps"].([]any)
	var kinds []string
	last := ""
	for _, s := range steps {
		one, _ := s.(map[string]any)
		kind, _ := one["kind"].(string)
		store, _ := one["store"].(string)
		at, _ := one["at"].(string)
		if at < last {
			t.Errorf("%s at %s stands behind %s", kind, at, last)
		}
		last = at
		kinds = append(kinds, store+" "+kind)
	}
	want := "journal click, journal sent, journal signal, ledger verdict, ledger conversion, ledger entry, ledger entry, ledger entry, " +
		"ledger delivery, ledger delivery, ledger attempt, journal signal, ledger verdict"
	if strings.Join(kinds, ", ") != want {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(kinds, ", "), want)
	}
	for _, part := range []string{`"url":"https://shop.example.com/?tid=` + w.click.String(), `"raw":"transaction_id=`, `"rule":"transaction_id"`} {
		if !strings.Contains(got.text, part) {
			t.Errorf("the trace lacks %s", part)
		}
	}
	t.Run("of which the click's record is lost", func(t *testing.T) {
		delete(w.journal, w.click)
		delete(w.journal, w.signal)
		got := w.do(t, asNetwork, "GET", "trace/CLICK", "")
		if got.status != 200 || strings.Contains(got.text, `"store":"journal","kind":"click"`) || !strings.Contains(got.text, `"record_gone":true`) {
			t.Errorf("trace = %d %s; want what the ledger has", got.status, got.text)
		}
	})
	t.Run("of which nothing is known", func(t *testing.T) {
		key := must[txid.Key](t)(txid.NewKey(1, noon.AddDate(-1, 0, 0), rand.Reader))
		ring := must[*txid.Ring](t)(txid.NewRing([]txid.Key{key}))
		theirs := must[txid.ID](t)(ring.Seal(must[txid.Parts](t)(w.present.Ring().Open(w.click))))
		if got := w.do(t, asNetwork, "GET", "trace/"+theirs.String(), ""); got.status != 422 {
			t.Errorf("an ID of another installation = %d %s; want 422", got.status, got.text)
		}
	})
}

func TestASignalWithoutVerdictIsQueued(t *testing.T) {
	w := newWorld(t)
	id, err := w.present.Ring().Seal(partsLater(w))
	if err != nil {
		t.Fatal(err)
	}
	s := signal.Signal{ID: id, ReceivedAt: id.Time(), Channel: signal.API, Click: w.click}
	w.journal[id] = s.Append(nil)
	got := w.do(t, asAffiliate1, "GET", "signals/"+id.String(), "")
	if got.status != 200 || !strings.Contains(got.text, `"status":"queued"`) {
		t.Errorf("GET = %d %s; want queued", got.status, got.text)
	}
	if got := w.do(t, asAffiliate2, "GET", "signals/"+id.String(), ""); got.status != 404 {
		t.Errorf("GET as another = %d; want 404", got.status)
	}
}
