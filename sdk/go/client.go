package waybill

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What holds where a Client does not say otherwise.
const (
	DefaultAttempts = 5
	DefaultPause    = 500 * time.Millisecond
	DefaultMaxPause = 30 * time.Second

	attemptTimeout = 10 * time.Second
	maxAnswer      = 64 << 10
)

// Client reports to Waybill. It has no state of its own and may be used by many
// goroutines at once.
type Client struct {
	// URL is Waybill's public address, such as https://go.example.com.
	URL string
	// Secret signs what is sent (postback_auth signature). Before Token.
	Secret string
	// Token proves the sender (postback_auth token).
	Token string
	// HTTP sends the requests. When nil a client that gives each attempt 10
	// seconds.
	HTTP *http.Client
	// Attempts is how often a report is sent at most; DefaultAttempts when zero.
	Attempts int
	// Pause is how long the client waits before the second attempt, give or
	// take, and twice as long before each further one, up to MaxPause. When
	// zero DefaultPause and DefaultMaxPause.
	Pause, MaxPause time.Duration
}

// AnswerError says that Waybill was reached, or something in its place, and that
// it has not answered for the report.
type AnswerError struct {
	HTTP int           // the status
	Code string        // the verdict's, if there was one: unavailable, rate_limited
	Body string        // what came, for people
	Wait time.Duration // how long it asks to be left alone, 0 if it does not say
}

// Error says what came instead of a verdict.
func (e *AnswerError) Error() string {
	return fmt.Sprintf("answered %d %s: %.200q", e.HTTP, e.Code, e.Body)
}

// Convert reports a conversion and gives Waybill's verdict, a refusal too.
//
// Where nobody answers for it (the network fails, 429, 5xx) it is sent again, the
// same each time, after a pause that grows or that Waybill asked for. The error
// is the last attempt's. A refusal is final: sending it again changes nothing.
func (c *Client) Convert(ctx context.Context, conversion Conversion) (Verdict, error) {
	if conversion.OrderID == "" && conversion.HitID == "" && conversion.ConversionID == "" {
		conversion.HitID = rand.Text()
	}
	v, err := c.report(ctx, "/postback", conversion.fields())
	if err != nil {
		return v, fmt.Errorf("report the conversion of %s: %w", conversion.TransactionID, err)
	}
	return v, nil
}

// Identify tells Waybill whose account the visitor with a transaction ID has, so
// that what this customer does later is credited without the ID, from whatever
// device. Call it at sign-up and log-in. It needs a Secret or Token, also of an
// advertiser whose postbacks need none, since it is otherwise taken for a
// browser's word.
func (c *Client) Identify(ctx context.Context, who Identity) (Verdict, error) {
	v, err := c.report(ctx, "/sdk/identify", who.fields())
	if err != nil {
		return v, fmt.Errorf("identify the customer of %s: %w", who.TransactionID, err)
	}
	return v, nil
}

// report sends what is said until there is an answer to it.
func (c *Client) report(ctx context.Context, path string, fields map[string]any) (Verdict, error) {
	if c.Secret == "" {
		set(fields, "token", c.Token)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return Verdict{}, fmt.Errorf("write the report: %w", err)
	}
	return c.persist(ctx, func() (*http.Request, error) { return c.request(ctx, path, body) })
}

// request makes a request, signed as of now: a signature is good for minutes
// only.
func (c *Client) request(ctx context.Context, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.Secret != "" {
		r.Header.Set("Waybill-Signature", Sign(c.Secret, body, time.Now()))
	}
	return r, nil
}

// Sign gives the value of the header Waybill-Signature for a body that is sent
// at that time.
func Sign(secret string, body []byte, at time.Time) string {
	unix := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(unix + "."))
	mac.Write(body)
	return "t=" + unix + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// persist sends a request until there is an answer to it.
func (c *Client) persist(ctx context.Context, request func() (*http.Request, error)) (Verdict, error) {
	attempts, pause, longest := c.schedule()
	for n := 1; ; n++ {
		r, err := request()
		if err != nil {
			return Verdict{}, err
		}
		v, err := c.send(r)
		wait, again := retryIn(err, jitter(pause), longest)
		if !again || n >= attempts || ctx.Err() != nil {
			return v, err
		}
		if !sleep(ctx, wait) {
			return v, err
		}
		pause = min(2*pause, longest)
	}
}

func (c *Client) schedule() (attempts int, pause, longest time.Duration) {
	attempts, pause, longest = c.Attempts, c.Pause, c.MaxPause
	if attempts <= 0 {
		attempts = DefaultAttempts
	}
	if pause <= 0 {
		pause = DefaultPause
	}
	if longest <= 0 {
		longest = DefaultMaxPause
	}
	return attempts, min(pause, longest), longest
}

// retryIn says whether to send a report again after err, and when. Whoever asks
// for more patience than the client has is not asked again.
func retryIn(err error, pause, longest time.Duration) (wait time.Duration, again bool) {
	if err == nil {
		return 0, false
	}
	answer, ok := errors.AsType[*AnswerError](err)
	if !ok {
		return pause, true
	}
	if answer.HTTP != http.StatusTooManyRequests && answer.HTTP < http.StatusInternalServerError {
		return 0, false
	}
	return max(pause, answer.Wait), answer.Wait <= longest
}

// jitter spreads the senders who were all refused at the same moment.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + mathrand.N(pause/2+1) //nolint:gosec // nobody gains from guessing it
}

// sleep waits, and reports whether it came to its end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send makes one attempt. An error is an *AnswerError where somebody answered.
func (c *Client) send(r *http.Request) (Verdict, error) {
	client := http.Client{Timeout: attemptTimeout}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	// A redirect would turn the report into a GET without its body.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		return Verdict{}, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Verdict{}, fmt.Errorf("read the answer: %w", err)
	}
	return judge(resp, text)
}

// judge reads an answer. It is a verdict only if Waybill says that it has
// written the report down.
func judge(resp *http.Response, text []byte) (Verdict, error) {
	var v Verdict
	if err := json.Unmarshal(text, &v); err != nil || v.Code == "" {
		v = Verdict{} // not Waybill's words
	}
	lost := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError
	if v.Status != "" && !lost {
		return v, nil
	}
	return v, &AnswerError{
		HTTP: resp.StatusCode, Code: v.Code, Body: string(text),
		Wait: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
