package receiver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/receiver"
)

// rule is what an API's description says of one of its fields.
type rule struct {
	need  bool
	check func(v any) string // what is wrong with it, or nothing
}

// object wants an object of exactly these fields. A field that the description
// does not name is refused, where most APIs pass over it.
func object(fields map[string]rule) func(any) string {
	return func(v any) string {
		o, ok := v.(map[string]any)
		if !ok {
			return "is no object"
		}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			r, known := fields[name]
			if !known {
				return name + ": unknown field"
			}
			if wrong := r.check(o[name]); wrong != "" {
				return name + ": " + wrong
			}
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if _, there := o[name]; !there && fields[name].need {
				return name + ": required field is missing"
			}
		}
		return ""
	}
}

// one wants a list of one.
func one(check func(any) string) func(any) string {
	return func(v any) string {
		l, ok := v.([]any)
		if !ok || len(l) != 1 {
			return "is no list of one"
		}
		if wrong := check(l[0]); wrong != "" {
			return "[0]: " + wrong
		}
		return ""
	}
}

// text wants a string that is not empty and, if there is a pattern, matches it.
func text(pattern string) func(any) string {
	re := regexp.MustCompile(`(?s)^(` + pattern + `)$`)
	return func(v any) string {
		s, ok := v.(string)
		if !ok || s == "" || pattern != "" && !re.MatchString(s) {
			return fmt.Sprintf("%v is no string like %s", v, pattern)
		}
		return ""
	}
}

// exactly wants one value.
func exactly(want any) func(any) string {
	return func(v any) string {
		if n, ok := v.(json.Number); ok {
			v = n.String()
		}
		if v != want {
			return fmt.Sprintf("is %v, not %v", v, want)
		}
		return ""
	}
}

// decimal wants a number that is not negative.
func decimal(v any) string {
	n, ok := v.(json.Number)
	if !ok || strings.HasPrefix(n.String(), "-") {
		return fmt.Sprintf("%v (%T) is no number from 0 up", v, v)
	}
	return ""
}

// seconds wants a Unix time in whole seconds that is not in the future and, if
// oldest is not 0, not older than that.
func seconds(now time.Time, oldest time.Duration) func(any) string {
	return func(v any) string {
		n, ok := v.(json.Number)
		if !ok {
			return fmt.Sprintf("%v (%T) is no number", v, v)
		}
		unix, err := n.Int64()
		switch age := now.Sub(time.Unix(unix, 0)); {
		case err != nil:
			return n.String() + " is no whole number"
		case age < -time.Minute:
			return "lies in the future"
		case oldest != 0 && age > oldest:
			return "too old"
		}
		return ""
	}
}

func address(v any) string {
	s, _ := v.(string)
	if _, err := netip.ParseAddr(s); err != nil {
		return fmt.Sprintf("%v is no IP address", v)
	}
	return ""
}

const (
	hexDigest = `[0-9a-f]{64}`
	isoCode   = `[A-Z]{3}`
	pageURL   = `https?://[^ ]+`
)

// decode reads a body as the APIs do: one JSON value, and nothing behind it.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the value")
	}
	return v, nil
}

// within gives what stands in a decoded value under a path of names; lists are
// entered at their first element.
func within(v any, path ...string) any {
	for _, name := range path {
		if l, ok := v.([]any); ok && len(l) > 0 {
			v = l[0]
		}
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func noon() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

// owed is a postback about a conversion that every platform can match.
func owed() *delivery.Owed {
	return &delivery.Owed{
		ID: "4d1k2h3j4g5fdxkb0z4y4zhtrgjhvsad", ConversionID: "4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v", Event: conversion.EventCreated,
		CreatedAt: noon(), Values: map[string]string{
			"conversion_id": "4d1k2h3j4g5f6d7s8a9q0w1e2r3t4y5v", "transaction_id": "4c0000000000000000000000000000aa",
			"goal": "default", "status": "approved", "order_id": "A-1001", "customer_id": "c-77",
			"amount": "149.90", "payout": "12.50", "revenue": "20", "currency": "USD",
			"conversion_time": "2026-11-22T11:58:30.25Z", "click_time": "2026-11-21T09:00:00.123Z",
			"ip": "198.51.100.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
			"email_sha256": "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
			"fbclid":       "IwAR0abc", "gclid": "Cj0KCQ", "ttclid": "E.C.P.abc",
		},
	}
}

// without gives a postback that lacks values.
func without(o *delivery.Owed, names ...string) *delivery.Owed {
	c := *o
	c.Values = maps.Clone(o.Values)
	for _, n := range names {
		delete(c.Values, n)
	}
	return &c
}

// with gives a postback with another value.
func with(o *delivery.Owed, name, value string) *delivery.Owed {
	c := without(o)
	c.Values[name] = value
	return c
}

// subscription gives a network's subscription of a format.
func subscription(f delivery.Format, url string, parameters map[string]string) delivery.Subscription {
	s := delivery.Default()
	s.ID, s.Owner, s.Format, s.URL, s.Parameters = 7, delivery.Owner{Network: true}, f, url, parameters
	s.Statuses = []conversion.Status{conversion.Approved}
	return s
}

// set gives a subscription with another parameter; an empty one is left out.
func set(s delivery.Subscription, name, value string) delivery.Subscription {
	s.Parameters = maps.Clone(s.Parameters)
	if s.Parameters[name] = value; value == "" {
		delete(s.Parameters, name)
	}
	return s
}

func compiled(t testing.TB, s delivery.Subscription) *receiver.Plan {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatalf("the subscription is wrong: %v", err)
	}
	p, err := receiver.Compile(s)
	if err != nil {
		t.Fatalf("Compile() = %v", err)
	}
	return p
}

// send makes a request and sends it, and gives what the answer means.
func send(t *testing.T, client *http.Client, p *receiver.Plan, o *delivery.Owed, m receiver.Moment) (receiver.Outcome, error) {
	t.Helper()
	r, err := p.Request(o, m)
	if err != nil {
		return receiver.Outcome{}, err
	}
	return exchange(t, client, p, r), nil
}

func exchange(t *testing.T, client *http.Client, p *receiver.Plan, r receiver.Request) receiver.Outcome {
	t.Helper()
	status, header, body := do(t, client, r)
	return p.Judge(status, header, body)
}

func do(t *testing.T, client *http.Client, r receiver.Request) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header
	answer, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, body
}

// changed gives a request whose body was edited in one place.
func changed(t *testing.T, r receiver.Request, old, replacement string) receiver.Request {
	t.Helper()
	body := strings.Replace(string(r.Body), old, replacement, 1)
	if body == string(r.Body) {
		t.Fatalf("%s does not hold %s", r.Body, old)
	}
	r.Body = []byte(body)
	return r
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // of maps of strings and numbers
}

// checkField compiles a subscription that is wrong in one field.
func checkField(t *testing.T, s delivery.Subscription, want string) {
	t.Helper()
	_, err := receiver.Compile(s)
	faults := fault.All(err)
	if want == "" {
		if err != nil {
			t.Errorf("Compile() = %v, want none", err)
		}
		return
	}
	if !slices.ContainsFunc(faults, func(f *fault.Error) bool { return strings.EqualFold(f.Field, want) }) {
		t.Errorf("Compile() = %v, want a fault at %s", err, want)
	}
}
