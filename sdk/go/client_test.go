package waybill_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/signal"
	waybill "waybill/sdk/go"
)

const counted = `{"status":"accepted","code":"ok","conversion_id":"c1","transaction_id":"t1","request_id":"s1","test":false,"message":"counted"}`

// answer is what a server says to one attempt.
type answer struct {
	status int
	header string // "Name: value"
	body   string
	err    error // instead of all that
}

// line gives prepared answers, one for each attempt, and keeps what was sent and
// when. The last answer is given again.
type line struct {
	answers []answer
	bodies  []string
	paths   []string
	heads   []http.Header
	at      []time.Duration
	began   time.Time
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.began.IsZero() {
		l.began = time.Now()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	l.paths = append(l.paths, r.URL.Path)
	l.bodies, l.heads, l.at = append(l.bodies, string(body)), append(l.heads, r.Header), append(l.at, time.Since(l.began))
	a := l.answers[min(len(l.bodies), len(l.answers))-1]
	if a.err != nil {
		return nil, a.err
	}
	resp := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}
	if name, value, ok := strings.Cut(a.header, ": "); ok {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

var (
	errCut = errors.New("the line is cut")
	order  = waybill.Conversion{TransactionID: "t1", OrderID: "A-1", Amount: "59.90"}
)

func TestConvertTriesAgainOnlyWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	ok := answer{status: 200, body: counted}
	away := answer{status: 503, header: "Retry-After: 5", body: `{"status":"rejected","code":"unavailable"}`}
	tests := []struct {
		name     string
		answers  []answer
		attempts int
		status   waybill.Status
		http     int // of the error, 0 for none or one of the network
		failed   bool
	}{
		{name: "counted at once", answers: []answer{ok}, attempts: 1, status: waybill.Accepted},
		{name: "counted after the line was cut", answers: []answer{{err: errCut}, {err: errCut}, ok}, attempts: 3, status: waybill.Accepted},
		{name: "counted after 503", answers: []answer{away, ok}, attempts: 2, status: waybill.Accepted},
		{name: "counted after a proxy's 502", answers: []answer{{status: 502, body: "<html>"}, ok}, attempts: 2, status: waybill.Accepted},
		{name: "counted after 429", answers: []answer{{status: 429}, ok}, attempts: 2, status: waybill.Accepted},
		{name: "queued is an answer", answers: []answer{{status: 202, body: `{"status":"queued","code":"queued"}`}}, attempts: 1, status: waybill.Queued},
		{name: "a refusal is final", answers: []answer{{status: 422, body: `{"status":"rejected","code":"click_expired"}`}}, attempts: 1, status: waybill.Rejected},
		{name: "so is one without strict", answers: []answer{{status: 200, body: `{"status":"rejected","code":"token_invalid"}`}}, attempts: 1, status: waybill.Rejected},
		{name: "a proxy's 404 is no verdict, and final", answers: []answer{{status: 404, body: "not found"}}, attempts: 1, http: 404, failed: true},
		{name: "another service's 200 is no verdict", answers: []answer{{status: 200, body: `{"status":"ok"}`}}, attempts: 1, http: 200, failed: true},
		{name: "a redirect is not followed", answers: []answer{{status: 301, header: "Location: https://other.example/"}}, attempts: 1, http: 301, failed: true},
		{name: "patience ends", answers: []answer{away}, attempts: 5, status: waybill.Rejected, http: 503, failed: true},
		{name: "the network stays away", answers: []answer{{err: errCut}}, attempts: 5, failed: true},
		{name: "one asks for more patience than there is", answers: []answer{{status: 503, header: "Retry-After: 3600"}, ok}, attempts: 1, http: 503, failed: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &line{answers: tt.answers}
				client := waybill.Client{URL: "https://go.example.com/", HTTP: &http.Client{Transport: l}}
				v, err := client.Convert(t.Context(), order)
				if len(l.bodies) != tt.attempts || v.Status != tt.status || (err != nil) != tt.failed {
					t.Errorf("%d attempts, verdict %+v, error %v; want %d, %q, failed %t", len(l.bodies), v, err, tt.attempts, tt.status, tt.failed)
				}
				status := 0
				if e, ok := errors.AsType[*waybill.AnswerError](err); ok {
					status = e.HTTP
				}
				if status != tt.http {
					t.Errorf("the error's status is %d, want %d", status, tt.http)
				}
				for _, body := range l.bodies[1:] {
					if body != l.bodies[0] {
						t.Errorf("sent %s and then %s: a repeated report must say the same", l.bodies[0], body)
					}
				}
			})
		})
	}
}

func TestConvertWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{answers: []answer{{err: errCut}}}
		client := waybill.Client{URL: "https://go.example.com", HTTP: &http.Client{Transport: l}, Attempts: 6, Pause: time.Second, MaxPause: 4 * time.Second}
		_, _ = client.Convert(t.Context(), order)
		for i, longest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 4 * time.Second} {
			if pause := l.at[i+1] - l.at[i]; pause < longest/2 || pause > longest {
				t.Errorf("pause %d is %s, want half to whole of %s", i+1, pause, longest)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
		l := &line{answers: []answer{{status: 503, header: "Retry-After: 7"}, {status: 429, header: "Retry-After: " + date}, {status: 200, body: counted}}}
		client := waybill.Client{URL: "https://go.example.com", HTTP: &http.Client{Transport: l}}
		if _, err := client.Convert(t.Context(), order); err != nil {
			t.Error(err)
		}
		if l.at[1] != 7*time.Second || l.at[2] != 20*time.Second {
			t.Errorf("sent again after %s and %s, want 7s and 20s as Retry-After says", l.at[1], l.at[2])
		}
	})
}

func TestConvertEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		l := &line{answers: []answer{{err: errCut}}}
		client := waybill.Client{URL: "https://go.example.com", HTTP: &http.Client{Transport: l}}
		_, err := client.Convert(ctx, order)
		if !errors.Is(err, errCut) || len(l.bodies) != 1 || time.Since(l.began) > time.Second {
			t.Errorf("Convert() = %v after %d attempts, want the first one's error once the context ends", err, len(l.bodies))
		}
	})
}

func TestEachAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	const secret = "secret-of-the-shop"
	synctest.Test(t, func(t *testing.T) {
		l := &line{answers: []answer{{status: 503, header: "Retry-After: 20"}, {status: 200, body: counted}}}
		client := waybill.Client{URL: "https://go.example.com", Secret: secret, Token: "t0ken", HTTP: &http.Client{Transport: l}}
		if _, err := client.Convert(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		a := advertiser.Default()
		a.PostbackAuth, a.SigSecret = advertiser.AuthSignature, secret
		for i, body := range l.bodies {
			sent := advertiser.Credential{Channel: signal.Postback, Header: l.heads[i].Get(advertiser.Header), Payload: body}
			if got := a.Check(sent, l.began.Add(l.at[i])); got != signal.OK {
				t.Errorf("attempt %d is judged %s", i+1, got)
			}
			if strings.Contains(body, "t0ken") || strings.Contains(body, secret) {
				t.Errorf("attempt %d tells a secret: %s", i+1, body)
			}
		}
		if l.heads[0].Get(advertiser.Header) == l.heads[1].Get(advertiser.Header) {
			t.Error("both attempts bear one signature, which is good for minutes only")
		}
	})
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		conversion waybill.Conversion
		want       string // query, for it is easier to read
	}{
		{"an order", waybill.Conversion{TransactionID: "t1", OrderID: "A-1", Amount: "59.90", Currency: "EUR", Goal: "sale"}, "transaction_id=t1&order_id=A-1&amount=59.90&currency=EUR&goal=sale&token=t0ken"},
		{"a time in UTC", waybill.Conversion{OrderID: "A-1", OccurredAt: time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("", 7200))}, "order_id=A-1&occurred_at=2026-07-01T10:00:00Z&token=t0ken"},
		{"an e-mail and a user name as their hashes alone", waybill.Conversion{OrderID: "A-1", Email: " Ann@Example.com", Username: "Ann"}, "order_id=A-1&email_sha256=" + waybill.Digest("ann@example.com") + "&username=" + waybill.Digest("ann") + "&token=t0ken"},
		{"an update", waybill.Conversion{ConversionID: "c1", Status: "rejected"}, "conversion_id=c1&status=rejected&token=t0ken"},
		{"by affiliate and coupon", waybill.Conversion{OrderID: "A-1", OfferID: 5, AffiliateID: 7, Coupon: "TEA10", Test: true}, "order_id=A-1&offer_id=5&affiliate_id=7&coupon=TEA10&test=1&token=t0ken"},
		{"what the visitor is", waybill.Conversion{OrderID: "A-1", CustomerID: "u1", IP: "203.0.113.9", UserAgent: "x", GAID: "g", IDFA: "a", IDFV: "v"}, "order_id=A-1&customer_id=u1&ip=203.0.113.9&user_agent=x&gaid=g&idfa=a&idfv=v&token=t0ken"},
		{"extras, which stand behind all else", waybill.Conversion{OrderID: "A-1", Extra: map[string]string{"adv1": "x", "order_id": "other"}}, "order_id=A-1&adv1=x&token=t0ken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got map[string]string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/postback" || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %s of type %s", r.Method, r.URL, r.Header.Get("Content-Type"))
				}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(w, counted)
			}))
			defer server.Close()
			client := waybill.Client{URL: server.URL, Token: "t0ken"}
			v, err := client.Convert(t.Context(), tt.conversion)
			if err != nil || v.ConversionID != "c1" || !v.Counted() {
				t.Fatalf("Convert() = %+v, %v", v, err)
			}
			sent := url.Values{}
			for name, value := range got {
				sent.Set(name, value)
			}
			want, _ := url.ParseQuery(tt.want)
			if sent.Encode() != want.Encode() {
				t.Errorf("sent %s, want %s", sent.Encode(), want.Encode())
			}
		})
	}
}

func TestAReportWithoutAnOrderIsTellableFromTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{answers: []answer{{err: errCut}, {status: 200, body: counted}}}
		client := waybill.Client{URL: "https://go.example.com", HTTP: &http.Client{Transport: l}}
		for range 2 {
			if _, err := client.Convert(t.Context(), waybill.Conversion{TransactionID: "t1"}); err != nil {
				t.Fatal(err)
			}
		}
		if len(l.bodies) != 3 || l.bodies[0] != l.bodies[1] || l.bodies[1] == l.bodies[2] || !strings.Contains(l.bodies[0], `"hit_id":"`) {
			t.Errorf("sent %s; want one hit_id for both attempts of a report, another for the next report", strconv.Quote(strings.Join(l.bodies, "\n")))
		}
	})
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{answers: []answer{{err: errCut}, {status: 200, body: `{"status":"accepted","code":"ok","request_id":"s1"}`}}}
		client := waybill.Client{URL: "https://go.example.com", Token: "t0ken", HTTP: &http.Client{Transport: l}}
		v, err := client.Identify(t.Context(), waybill.Identity{TransactionID: "t1", CustomerID: "u1", Email: "user@example.com"})
		if err != nil || v.Status != waybill.Accepted {
			t.Errorf("Identify() = %+v, %v", v, err)
		}
		want := `{"customer_id":"u1","email_sha256":"` + waybill.Digest("user@example.com") + `","token":"t0ken","transaction_id":"t1"}`
		if len(l.bodies) != 2 || l.bodies[0] != want || l.bodies[1] != want || l.paths[0] != "/sdk/identify" {
			t.Errorf("sent %s to %s, want twice %s", l.bodies, l.paths, want)
		}
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	const want = "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514" // of user@example.com
	if got := waybill.Digest(" User@Example.COM\n"); got != want {
		t.Errorf("Digest() = %s, want %s", got, want)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for status, want := range map[waybill.Status]bool{
		waybill.Accepted: true, waybill.Updated: true, waybill.Duplicate: true, waybill.Queued: true, waybill.Rejected: false, "": false,
	} {
		if got := (waybill.Verdict{Status: status}).Counted(); got != want {
			t.Errorf("Counted() of %q = %t, want %t", status, got, want)
		}
	}
}
