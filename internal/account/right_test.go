package account_test

import (
	"net/netip"
	"slices"
	"testing"

	"waybill/internal/account"
)

func TestMay(t *testing.T) {
	all := account.Rights()
	network := func(g account.Grade) account.Principal {
		return account.Principal{Role: account.Network, Grade: g}
	}
	tests := []struct {
		name string
		who  account.Principal
		want []account.Right
	}{
		{"an owner may everything", network(account.Owner), all},
		{"a manager does not administer", network(account.Manager), []account.Right{account.Read, account.Write, account.Invite, account.Audit}},
		{"an analyst only looks", network(account.Analyst), []account.Right{account.Read}},
		{"somebody of no grade may nothing", network(""), nil},
		{"somebody of an unknown grade may nothing", network("king"), nil},
		{"a network key is an owner", account.Key{Role: account.Network}.Principal(), all},
		{"an advertiser's key reads and writes", account.Key{Role: account.Advertiser}.Principal(), []account.Right{account.Read, account.Write}},
		{"an affiliate's key reads and writes", account.Key{Role: account.Affiliate}.Principal(), []account.Right{account.Read, account.Write}},
		{"a publishable key may nothing", account.Key{Role: account.Publishable}.Principal(), nil},
		{"a grade gives a partner nothing", account.Principal{Role: account.Affiliate, Grade: account.Owner}, []account.Right{account.Read, account.Write}},
		{"somebody of no role may nothing", account.Principal{Grade: account.Owner}, nil},
		{"with an advertiser's eyes one only looks", network(account.Owner).As(account.Advertiser, 1), []account.Right{account.Read}},
		{"with an affiliate's eyes, too", network(account.Manager).As(account.Affiliate, 1), []account.Right{account.Read}},
		{"and a network that looks as itself", account.Principal{Role: account.Network, Grade: account.Owner, ViewAs: true}, []account.Right{account.Read}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range all {
				if got, want := tt.who.May(r), slices.Contains(tt.want, r); got != want {
					t.Errorf("May(%s) = %t, want %t", r, got, want)
				}
			}
			if tt.who.May("fly") {
				t.Error("a right that does not exist is had")
			}
		})
	}
}

func TestAs(t *testing.T) {
	from := netip.MustParseAddr("192.0.2.1")
	analyst := account.Principal{UserID: 3, Role: account.Network, Grade: account.Analyst, Address: from}
	want := account.Principal{UserID: 3, Role: account.Advertiser, AdvertiserID: 12, ViewAs: true, Masked: true, Address: from}
	if got := analyst.As(account.Advertiser, 12); got != want {
		t.Errorf("As() = %+v, want %+v", got, want)
	}
	key := account.Principal{KeyID: 7, Role: account.Network, Grade: account.Owner}
	want = account.Principal{KeyID: 7, Role: account.Affiliate, AffiliateID: 5, ViewAs: true}
	if got := key.As(account.Affiliate, 5); got != want || got.Owns(1, 4) || !got.Owns(1, 5) {
		t.Errorf("As() = %+v, want %+v, which sees what is affiliate 5's", got, want)
	}
}

func TestActor(t *testing.T) {
	if got := (account.Principal{KeyID: 7}).Actor(); got != "key 7" {
		t.Errorf("a key is %q", got)
	}
	if got := (account.Principal{UserID: 3}).Actor(); got != "user 3" {
		t.Errorf("a user is %q", got)
	}
}
