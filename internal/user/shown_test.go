package user_test

import (
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/user"
)

// provided is what somebody shows who comes by an account at a provider.
func provided(provider, subject string) user.Shown {
	return user.Shown{Email: "jane@example.com", Account: user.ProviderAccount{Provider: provider, Subject: subject}}
}

// TestShown holds what is enough to be let in, and to confirm, by what a person
// signs in with in that moment.
func TestShown(t *testing.T) {
	t.Parallel()
	u := user.User{Email: "jane@example.com", Status: user.Active}
	plain, coded := user.Credentials{Password: "hash"}, user.Credentials{Password: "hash", TOTPSecret: "secret"}
	tests := []struct {
		name          string
		shown         user.Shown
		now           user.Credentials
		holds, letsIn bool
	}{
		{"nothing confirms only what was not to be shown", user.Shown{}, plain, true, false},
		{"the password", user.Shown{Password: "hash"}, plain, true, true},
		{"a password that was changed meanwhile", user.Shown{Password: "old"}, plain, false, false},
		{"a password that was taken away meanwhile", user.Shown{Password: "hash"}, user.Credentials{}, false, false},
		{"the password, where an authenticator was set up meanwhile", user.Shown{Password: "hash"}, coded, true, false},
		{"password and code", user.Shown{Password: "hash", Authenticator: "secret"}, coded, true, true},
		{"password and the code of an authenticator that was replaced", user.Shown{Password: "hash", Authenticator: "old"}, coded, false, false},
		{"a code alone", user.Shown{Authenticator: "secret"}, coded, true, false},
		{"a passkey", user.Shown{Passkey: "id"}, plain, true, true},
		{"a passkey that looked at no finger, where codes are on", user.Shown{Passkey: "id"}, coded, true, false},
		{"a passkey that did", user.Shown{Passkey: "id", Verified: true}, coded, true, true},
		{"a finger without a passkey", user.Shown{Verified: true}, coded, true, false},
		{"a provider's word", user.Shown{Email: "jane@example.com"}, coded, true, true},
		{"a provider's word of the account that came before", provided("a", "1"), user.Credentials{Account: user.ProviderAccount{Provider: "a", Subject: "1"}}, true, true},
		{"a provider's word of another account with the address", provided("a", "2"), user.Credentials{Account: user.ProviderAccount{Provider: "a", Subject: "1"}}, false, false},
		{"another provider's word", provided("b", "2"), user.Credentials{Account: user.ProviderAccount{Provider: "a", Subject: "1"}}, true, true},
		{"the password, where a provider is known", user.Shown{Password: "hash"}, user.Credentials{Password: "hash", Account: user.ProviderAccount{Provider: "a", Subject: "1"}}, true, true},
		{"a provider's word of an address that was changed meanwhile", user.Shown{Email: "joan@example.com"}, plain, false, false},
	}
	for _, tt := range tests {
		if got := tt.shown.Holds(u, tt.now); got != tt.holds {
			t.Errorf("%s: Holds() = %t, want %t", tt.name, got, tt.holds)
		}
		if got := tt.shown.LetsIn(u, tt.now); got != tt.letsIn {
			t.Errorf("%s: LetsIn() = %t, want %t", tt.name, got, tt.letsIn)
		}
		disabled := u
		disabled.Status = user.Disabled
		if tt.shown.LetsIn(disabled, tt.now) {
			t.Errorf("%s: somebody disabled is let in", tt.name)
		}
	}
}

func TestSessionConfirmed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s := user.Session{CreatedAt: at.Add(-time.Hour), SeenAt: at, ConfirmedAt: at}
	if !s.Confirmed(at) || !s.Confirmed(at.Add(user.ConfirmedFor-1)) || s.Confirmed(at.Add(user.ConfirmedFor)) {
		t.Errorf("it is not confirmed for %s", user.ConfirmedFor)
	}
	if s.ConfirmedAt = time.Unix(0, 0); s.Confirmed(at) {
		t.Error("one that was never confirmed is")
	}
}

func TestMustConfirm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		who  account.Principal
		want bool
	}{
		{"a key", account.Principal{KeyID: 1}, false},
		{"somebody whose session was not confirmed", account.Principal{UserID: 1}, true},
		{"somebody whose session was", account.Principal{UserID: 1, Confirmed: true}, false},
	} {
		if got := tt.who.MustConfirm(); got != tt.want {
			t.Errorf("%s must confirm: %t, want %t", tt.name, got, tt.want)
		}
	}
}
