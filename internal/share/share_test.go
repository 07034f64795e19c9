package share_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/share"
	"waybill/internal/span"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 500, time.UTC)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name  string
		as    account.Role
		party int64
		note  string
		life  span.Span
		field string // that is wrong; empty where nothing is
	}{
		{"an advertiser is shown it for a week", account.Advertiser, 1, "why was it refused", share.UsualLife, ""},
		{"an affiliate is shown it for 90 days, the most", account.Affiliate, 7, "", span.Days(90), ""},
		{"the network needs no share", account.Network, 1, "", share.UsualLife, "as"},
		{"nobody sees it with a browser's key", account.Publishable, 1, "", share.UsualLife, "as"},
		{"a transaction without an affiliate has none to show it to", account.Affiliate, 0, "", share.UsualLife, "as"},
		{"longer than 90 days is too long", account.Advertiser, 1, "", span.Days(90) + 1, "expires_in"},
		{"less than a minute is nothing", account.Advertiser, 1, "", span.Span(time.Second), "expires_in"},
		{"a note has 200 characters", account.Advertiser, 1, strings.Repeat("ü", 200), share.UsualLife, ""},
		{"and no more", account.Advertiser, 1, strings.Repeat("ü", 201), share.UsualLife, "note"},
		{"a note is one line", account.Advertiser, 1, "a\nb", share.UsualLife, "note"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := share.New("tx", tt.as, tt.party, tt.note, tt.life, now)
			if tt.field == "" {
				if err != nil {
					t.Fatalf("New() = %v, want a share", err)
				}
				return
			}
			all := fault.All(err)
			if len(all) != 1 || all[0].Field != tt.field {
				t.Errorf("New() = %v, want %s to be wrong and nothing else", err, tt.field)
			}
		})
	}
}

func TestAliveUntilItExpiresOrIsRevoked(t *testing.T) {
	s, err := share.New("tx", account.Affiliate, 7, "", span.Days(1), now)
	if err != nil {
		t.Fatal(err)
	}
	revoked := s
	revoked.RevokedAt = &s.CreatedAt
	tests := []struct {
		name string
		s    share.Share
		at   time.Time
		want bool
	}{
		{"at once", s, s.CreatedAt, true},
		{"until the last instant", s, s.ExpiresAt.Add(-1), true},
		{"not when it expires", s, s.ExpiresAt, false},
		{"not when it is revoked", revoked, s.CreatedAt, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.s.Alive(tt.at); got != tt.want {
				t.Errorf("Alive(%s) = %t, want %t", tt.at, got, tt.want)
			}
		})
	}
}

func TestViewerIsThePartyAlone(t *testing.T) {
	for _, as := range []account.Role{account.Advertiser, account.Affiliate} {
		s, err := share.New("tx", as, 7, "", share.UsualLife, now)
		if err != nil {
			t.Fatal(err)
		}
		v := s.Viewer()
		advertiser, affiliate := v.Owns(7, 8), v.Owns(8, 7)
		if v.Role != as || advertiser != (as == account.Advertiser) || affiliate != (as == account.Affiliate) {
			t.Errorf("Viewer() = %+v owns as advertiser %t, as affiliate %t; want %s 7 alone", v, advertiser, affiliate, as)
		}
		if v.May(account.Write) || v.May(account.Administer) || !v.May(account.Read) || !v.SecretsMasked() {
			t.Errorf("Viewer() = %+v; want one that reads, changes nothing and is told no secrets", v)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	one, err := share.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := share.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if one == other || len(one) != 43 || share.Hash(one) == share.Hash(other) || strings.Contains(share.Hash(one), one) {
		t.Errorf("tokens %q and %q, kept as %q; want different ones of 256 bits, kept as hashes", one, other, share.Hash(one))
	}
	if _, err := share.NewToken(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("a token is drawn without randomness")
	}
}
