package deliver

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/receiver"
)

// office grants tokens, each of which tells its number.
type office struct {
	mu      sync.Mutex
	asked   int
	takes   time.Duration
	failing error // of Read
	broken  error // of the way there
}

func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.asked++
	err := o.broken
	o.mu.Unlock()
	if !sleep(r.Context(), o.takes) {
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body("{}")}, nil
}

func (o *office) grant() *grant {
	g := grantOf(func() (receiver.Request, error) {
		return receiver.Request{Method: http.MethodPost, URL: "https://office.example/token"}, nil
	})
	g.read = func(now time.Time, _ int) (string, time.Time, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		return fmt.Sprint("token ", o.asked), now.Add(time.Hour), o.failing
	}
	return g
}

// TestTokenIsAskedForOnce: many who want a token at once get the same, until it
// expires or is refused.
func TestTokenIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{takes: time.Second}
		w := New(newBook(), nil, Settings{}, quiet())
		g := o.grant()
		get := func(want string) {
			t.Helper()
			if got, no := w.tokens.get(t.Context(), o, g); no != nil || got != want {
				t.Errorf("the token is %q (%v), want %q", got, no, want)
			}
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { get("token 1") })
		}
		all.Wait()
		sleep(t.Context(), 59*time.Minute)
		get("token 1")
		sleep(t.Context(), time.Minute)
		get("token 2")
		w.tokens.drop(g, "token 1") // an old one: that is known already
		get("token 2")
		w.tokens.drop(g, "token 2")
		get("token 3")
		other := o.grant()
		other.key = "another"
		if got, _ := w.tokens.get(t.Context(), o, other); got != "token 4" {
			t.Errorf("another key's token is %q, want its own", got)
		}
	})
}

// TestTokenRefusals: a refusal is the attempt's failure, and is not asked for
// again at once.
func TestTokenRefusals(t *testing.T) {
	tests := []struct {
		name   string
		office *office
		want   delivery.ErrorClass
	}{
		{"a refusal passes", &office{failing: fault.New(fault.Unavailable, "no account")}, delivery.ErrAnswer},
		{"nobody there", &office{broken: fmt.Errorf("x: %w", errAway)}, delivery.ErrOther},
		{"no answer", &office{takes: time.Hour}, delivery.ErrTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := New(newBook(), nil, Settings{}, quiet())
				g := tt.office.grant()
				for range 10 {
					if got, no := w.tokens.get(t.Context(), tt.office, g); no == nil || no.class != tt.want || got != "" || no.detail == "" {
						t.Fatalf("the token is %q, refused by %+v; want %s", got, no, tt.want)
					}
				}
				if tt.office.asked != 1 {
					t.Errorf("it was asked for %d times within moments", tt.office.asked)
				}
				tt.office.failing, tt.office.broken, tt.office.takes = nil, nil, 0
				sleep(t.Context(), believed)
				if got, no := w.tokens.get(t.Context(), tt.office, g); no != nil || got == "" {
					t.Errorf("later the token is %q (%v)", got, no)
				}
			})
		})
	}
}
