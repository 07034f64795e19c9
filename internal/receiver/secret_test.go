package receiver_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/receiver"
)

func TestNeedsSecret(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   bool
	}{
		{"a tracker's URL", func(*delivery.Subscription) {}, false},
		{"a webhook", both(hooked, func(s *delivery.Subscription) { s.Secret = "" }), true},
		{"a webhook that has one", hooked, false},
		{"a signed URL", both(signed, func(s *delivery.Subscription) { s.Secret = "" }), true},
		{"a signed header", both(jsoned, func(s *delivery.Subscription) { s.Headers = map[string]string{"A": "t={timestamp},v1={sig}"} }), true},
		{"a signed form", both(formed, func(s *delivery.Subscription) { s.Body += "&ts={timestamp}&sig={sig}" }), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			if got := receiver.NeedsSecret(s); got != tt.want {
				t.Errorf("NeedsSecret() = %v, want %v", got, tt.want)
			}
		})
	}
}

// secretive is a subscription with a secret in every place that has them.
func secretive() delivery.Subscription {
	s := tracker()
	s.Format = delivery.MetaCAPI
	s.Secret, s.PreviousSecret = whsec, older
	s.Parameters = map[string]string{"access_token": "EAAB-a-long-token-of-meta", "dataset_id": "123"}
	s.Headers = map[string]string{"Authorization": "Bearer 0123456789abcdef", "X-Note": "hello"}
	return s
}

func TestRedact(t *testing.T) {
	s := secretive()
	got := receiver.Redact(s)
	want := s
	want.Secret, want.PreviousSecret = "•••• LaSw", "•••• cw=="
	want.Parameters = map[string]string{"access_token": "•••• meta", "dataset_id": "123"}
	want.Headers = map[string]string{"Authorization": "•••• cdef", "X-Note": "hello"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Redact(), -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(secretive(), s); diff != "" {
		t.Errorf("what was redacted has changed:\n%s", diff)
	}
}

func TestRestore(t *testing.T) {
	t.Run("what was read goes back", func(t *testing.T) {
		before := secretive()
		got := receiver.Redact(before)
		got.PreviousSecret = before.PreviousSecret // nobody sends that
		if err := receiver.Restore(before, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, got); diff != "" {
			t.Errorf("Restore(), -before +after:\n%s", diff)
		}
	})
	t.Run("what is new stays", func(t *testing.T) {
		got := secretive()
		got.Secret, got.Parameters["access_token"], got.Headers["Authorization"] = "another-secret", "new", ""
		want := got
		if err := receiver.Restore(secretive(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Restore(), -want +got:\n%s", diff)
		}
	})
	t.Run("what is hidden of another is none", func(t *testing.T) {
		got := receiver.Redact(secretive())
		got.Headers["X-Api-Key"] = "••••"
		err := receiver.Restore(tracker(), &got)
		var fields []string
		for _, e := range fault.All(err) {
			fields = append(fields, e.Field)
		}
		if got := strings.Join(fields, " "); got != "secret parameters.access_token headers[Authorization] headers[X-Api-Key]" {
			t.Errorf("Restore() = %v", err)
		}
	})
}
