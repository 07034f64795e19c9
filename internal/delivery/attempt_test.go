package delivery_test

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/delivery"
	"waybill/internal/span"
)

func noon() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

func TestNext(t *testing.T) {
	waits := []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, wait := range waits {
		got, again := delivery.Schedule(nil).Next(i+1, noon(), 0, 0.5)
		if !again || got != noon().Add(wait) {
			t.Errorf("after attempt %d: %s, %v; want %s later", i+1, got.Sub(noon()), again, wait)
		}
	}
	for _, n := range []int{-1, 0, 11, 12, math.MaxInt} {
		if got, again := delivery.Schedule(nil).Next(n, noon(), time.Hour, 0.5); again || !got.IsZero() {
			t.Errorf("after attempt %d: %s, %v; want none", n, got, again)
		}
	}
	if delivery.MaxAttempts != len(waits)+1 {
		t.Errorf("MaxAttempts = %d, want %d", delivery.MaxAttempts, len(waits)+1)
	}
}

// TestSchedule: a subscription's own waits stand in for the default.
func TestSchedule(t *testing.T) {
	s := delivery.Schedule{span.Span(time.Second), span.Day}
	if got := s.Attempts(); got != 3 {
		t.Errorf("Attempts() = %d, want 3", got)
	}
	for n, want := range map[int]time.Duration{1: time.Second, 2: 24 * time.Hour} {
		if got, again := s.Next(n, noon(), 0, 0.5); !again || got != noon().Add(want) {
			t.Errorf("after attempt %d: %s, %v; want %s later", n, got.Sub(noon()), again, want)
		}
	}
	if got, again := s.Next(3, noon(), 0, 0.5); again {
		t.Errorf("after the last: %s", got)
	}
	o := delivery.Owed{State: delivery.Waiting}.After(delivery.Attempt{Number: 3, At: noon(), Error: delivery.ErrTimeout}, s, 0, 0.5)
	if o.State != delivery.Dead {
		t.Errorf("after its last attempt it is %s", o.State)
	}
}

func TestNextMoved(t *testing.T) {
	tests := []struct {
		name       string
		attempt    int
		retryAfter time.Duration
		jitter     float64
		want       time.Duration
	}{
		{name: "jitter brings it forward by a fifth", attempt: 3, jitter: 0, want: 4 * time.Minute},
		{name: "and puts it off by a fifth", attempt: 3, jitter: 1, want: 6 * time.Minute},
		{name: "what is no number moves nothing", attempt: 3, jitter: math.NaN(), want: 5 * time.Minute},
		{name: "nor what lies outside", attempt: 3, jitter: -9, want: 5 * time.Minute},
		{name: "the receiver puts it off", attempt: 1, retryAfter: time.Hour, jitter: 0.5, want: time.Hour},
		{name: "but does not hasten it", attempt: 3, retryAfter: time.Second, jitter: 0.5, want: 5 * time.Minute},
		{name: "nor puts it off for more than a day", attempt: 1, retryAfter: 999 * time.Hour, jitter: 0.5, want: 24 * time.Hour},
		{name: "a date that is past asks for nothing", attempt: 1, retryAfter: -time.Hour, jitter: 0.5, want: 5 * time.Second},
		{name: "the last wait may be longer than a day", attempt: 10, retryAfter: 999 * time.Hour, jitter: 1, want: 28*time.Hour + 48*time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, again := delivery.Schedule(nil).Next(tt.attempt, noon(), tt.retryAfter, tt.jitter)
			if !again || got.Sub(noon()).Round(time.Millisecond) != tt.want {
				t.Errorf("Next() = %s later, %v; want %s", got.Sub(noon()), again, tt.want)
			}
		})
	}
}

// TestNextBounds: whatever is asked, the next attempt lies between four fifths
// of the schedule and the larger of six fifths and a day.
func TestNextBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, delivery.MaxAttempts-1).Draw(t, "attempt")
		retryAfter := time.Duration(rapid.Int64().Draw(t, "retry after"))
		jitter := rapid.Float64().Draw(t, "jitter")
		plain, _ := delivery.Schedule(nil).Next(n, noon(), 0, 0.5)
		got, again := delivery.Schedule(nil).Next(n, noon(), retryAfter, jitter)
		wait, scheduled := got.Sub(noon()), plain.Sub(noon())
		if !again || wait < scheduled*4/5-1 || wait > max(scheduled*6/5+1, 24*time.Hour) {
			t.Errorf("attempt %d is followed after %s, %v; the schedule says %s", n, wait, again, scheduled)
		}
	})
}

func TestClassify(t *testing.T) {
	tests := []struct {
		name      string
		status    int
		err       delivery.ErrorClass
		want      delivery.ErrorClass
		permanent bool
	}{
		{name: "200 is delivered", status: 200},
		{name: "204 is delivered", status: 204},
		{name: "299 is delivered", status: 299},
		{name: "what broke behind the status does not matter", status: 200, err: delivery.ErrReset},
		{name: "301 is a redirect", status: 301, want: delivery.ErrRedirect},
		{name: "307 is a redirect", status: 307, want: delivery.ErrRedirect},
		{name: "304 leads nowhere either", status: 304, want: delivery.ErrRedirect},
		{name: "404 may be mended", status: 404, want: delivery.ErrStatus},
		{name: "410 wants no more", status: 410, want: delivery.ErrGone, permanent: true},
		{name: "429 passes", status: 429, want: delivery.ErrStatus},
		{name: "500 passes", status: 500, want: delivery.ErrStatus},
		{name: "an unheard-of status passes", status: 999, want: delivery.ErrStatus},
		{name: "101 is no delivery", status: 101, want: delivery.ErrStatus},
		{name: "a time-out passes", err: delivery.ErrTimeout, want: delivery.ErrTimeout},
		{name: "a name may be found later", err: delivery.ErrDNS, want: delivery.ErrDNS},
		{name: "a forbidden address stays so", err: delivery.ErrForbidden, want: delivery.ErrForbidden, permanent: true},
		{name: "what a body refuses for now passes", err: delivery.ErrAnswer, want: delivery.ErrAnswer},
		{name: "what it refuses for good stays so", err: delivery.ErrRejected, want: delivery.ErrRejected, permanent: true},
		{name: "a broken template stays so", err: delivery.ErrTemplate, want: delivery.ErrTemplate, permanent: true},
		{name: "neither status nor reason is no delivery", want: delivery.ErrOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, permanent := delivery.Classify(tt.status, tt.err)
			if got != tt.want || permanent != tt.permanent {
				t.Errorf("Classify(%d, %q) = %q, %v; want %q, %v", tt.status, tt.err, got, permanent, tt.want, tt.permanent)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	before := delivery.Owed{
		ID: "d1", State: delivery.Waiting, Attempts: 2, Sequence: 3,
		CreatedAt: noon().Add(-time.Hour), DueAt: noon().Add(-time.Second), LeasedUntil: noon().Add(time.Minute),
	}
	ended := noon().Add(3 * time.Second)
	tests := []struct {
		name    string
		attempt delivery.Attempt
		want    func(*delivery.Owed)
	}{
		{name: "a 2xx delivers it", attempt: delivery.Attempt{Number: 3, Status: 204}, want: func(o *delivery.Owed) {
			o.State, o.DoneAt = delivery.Delivered, ended
		}},
		{name: "a failure is tried again by the schedule, from its end", attempt: delivery.Attempt{Number: 3, Status: 500, Error: delivery.ErrStatus}, want: func(o *delivery.Owed) {
			o.DueAt = ended.Add(5 * time.Minute)
		}},
		{name: "a permanent one is dead at once", attempt: delivery.Attempt{Number: 3, Error: delivery.ErrForbidden}, want: func(o *delivery.Owed) {
			o.State, o.DoneAt = delivery.Dead, ended
		}},
		{name: "so is one whose receiver is gone", attempt: delivery.Attempt{Number: 3, Status: 410, Error: delivery.ErrGone}, want: func(o *delivery.Owed) {
			o.State, o.DoneAt = delivery.Dead, ended
		}},
		{name: "the last failure ends it", attempt: delivery.Attempt{Number: 11, Error: delivery.ErrDNS}, want: func(o *delivery.Owed) {
			o.State, o.DoneAt = delivery.Dead, ended
		}},
		{name: "the last attempt may deliver", attempt: delivery.Attempt{Number: 11, Status: 200}, want: func(o *delivery.Owed) {
			o.State, o.DoneAt = delivery.Delivered, ended
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.attempt.At, tt.attempt.Took = noon(), 3*time.Second
			want := before
			want.Attempts, want.LeasedUntil = tt.attempt.Number, time.Time{}
			want.LastClass, want.LastStatus = tt.attempt.Error, tt.attempt.Status
			tt.want(&want)
			if diff := cmp.Diff(want, before.After(tt.attempt, nil, 0, 0.5)); diff != "" {
				t.Errorf("After(), -want +got:\n%s", diff)
			}
		})
	}
}

// TestAfterReplay: the schedule of a postback that was sent again begins anew.
func TestAfterReplay(t *testing.T) {
	o := delivery.Owed{ID: "d1", State: delivery.Waiting, Attempts: delivery.MaxAttempts, Replayed: delivery.MaxAttempts}
	a := delivery.Attempt{Number: delivery.MaxAttempts + 1, At: noon(), Status: 500, Error: delivery.ErrStatus}
	got := o.After(a, nil, 0, 0.5)
	if want := noon().Add(5 * time.Second); got.State != delivery.Waiting || !got.DueAt.Equal(want) {
		t.Errorf("after the first attempt of a replay it is %s, due at %s; want waiting, %s", got.State, got.DueAt, want)
	}
	a.Number = 2 * delivery.MaxAttempts
	if got := o.After(a, nil, 0, 0.5); got.State != delivery.Dead {
		t.Errorf("after the last one of the replay it is %s, want dead", got.State)
	}
}

// TestForget: the digests of persons are told from all other values.
func TestForget(t *testing.T) {
	o := delivery.Owed{Values: map[string]string{"payout": "5", "email_sha256": "ab", "sub1": "x"}}
	got := o.Forget()
	if diff := cmp.Diff(map[string]string{"payout": "5", "sub1": "x"}, got.Values); diff != "" || got.Personal() || !o.Personal() {
		t.Errorf("Forget(), -want +got:\n%s", diff)
	}
	if len(o.Values) != 3 {
		t.Errorf("Forget has changed the values it was given: %v", o.Values)
	}
}

// TestLife: a postback that always fails passes is tried as often as the
// schedule says, and for more than three days.
func TestLife(t *testing.T) {
	o := delivery.Owed{State: delivery.Waiting, DueAt: noon()}
	for o.State == delivery.Waiting {
		if o.Attempts > 100 {
			t.Fatal("it is tried for ever")
		}
		o = o.After(delivery.Attempt{Number: o.Attempts + 1, At: o.DueAt, Error: delivery.ErrTimeout}, nil, 0, 0)
	}
	if o.State != delivery.Dead || o.Attempts != delivery.MaxAttempts {
		t.Errorf("it ends %s after %d attempts; want dead after %d", o.State, o.Attempts, delivery.MaxAttempts)
	}
	if lasted := o.DoneAt.Sub(noon()); lasted < 60*time.Hour || lasted > 91*time.Hour {
		t.Errorf("it was tried for %s", lasted)
	}
}

func TestHarmless(t *testing.T) {
	long := strings.Repeat("x", 2047)
	tests := []struct {
		name, body, want string
	}{
		{"nothing", "", ""},
		{"plain text", "OK 1\r\n\t<b>ü</b>\n", "OK 1\r\n\t<b>ü</b>\n"},
		{"control characters are seen", "a\x00b\x1b[31mc\x7f", "a\ufffdb\ufffd[31mc\ufffd"},
		{"so are those of the upper half", "a\u0085b", "a\ufffdb"},
		{"text that turns around is not", "a\u202eb\u200bc\u2066", "a\ufffdb\ufffdc\ufffd"},
		{"nor separators that break lines", "a\u2028b", "a\ufffdb"},
		{"bytes that are no characters", "a\xff\xfeb\xc3", "a\ufffd\ufffdb\ufffd"},
		{"2 KiB are kept", long + "yz", long + "y"},
		{"a character is not cut through", long + "ü", long},
		{"nor a long one", long[:2045] + "🦀", long[:2045]},
		{"one that just fits stays", long[:2044] + "🦀z", long[:2044] + "🦀"},
		{"replacements count too", strings.Repeat("\x00", 2048), strings.Repeat("\ufffd", 682)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := delivery.Harmless([]byte(tt.body)); got != tt.want {
				t.Errorf("Harmless(%.40q, %d bytes) = %.40q, %d bytes; want %.40q, %d bytes",
					tt.body, len(tt.body), got, len(got), tt.want, len(tt.want))
			}
		})
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add([]byte("OK"))
	f.Add([]byte("\xe2\x80"))
	f.Add([]byte(strings.Repeat("\xf0\x9f\xa6\x80", 513)))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := delivery.Harmless(body)
		if len(got) > 2048 || !utf8.ValidString(got) {
			t.Errorf("Harmless(%q) = %q: %d bytes, valid: %v", body, got, len(got), utf8.ValidString(got))
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\r\n\t", r) }) {
			t.Errorf("Harmless(%q) = %q holds a control character", body, got)
		}
		if again := delivery.Harmless([]byte(got)); again != got {
			t.Errorf("Harmless(%q) = %q, and of that %q", body, got, again)
		}
		if clean := string(body); len(body) <= 2048 && got != clean && utf8.ValidString(clean) &&
			!strings.ContainsFunc(clean, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("Harmless(%q) = %q, although there is nothing wrong with it", body, got)
		}
	})
}
