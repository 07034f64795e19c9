package user_test

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/user"
)

func TestValidate(t *testing.T) {
	good := func(change func(*user.User)) user.User {
		u := user.Default()
		u.Email, u.Name, u.Role, u.Zone, u.Locale = "jane@example.com", "Jane", user.Manager, "America/Argentina/Buenos_Aires", "es-AR"
		change(&u)
		return u
	}
	tests := []struct {
		name   string
		change func(*user.User)
		field  string // empty for none
	}{
		{"somebody of the network", func(*user.User) {}, ""},
		{"somebody of an advertiser", func(u *user.User) { u.Role, u.AdvertiserID = user.Advertiser, 1 }, ""},
		{"somebody of an affiliate", func(u *user.User) { u.Role, u.AffiliateID = user.Affiliate, 1 }, ""},
		{"an address in another script", func(u *user.User) { u.Email = "jané@bücher.example" }, ""},
		{"no address", func(u *user.User) { u.Email = "" }, "email"},
		{"an address that is not folded", func(u *user.User) { u.Email = "Jane@example.com" }, "email"},
		{"an address without a host", func(u *user.User) { u.Email = "jane" }, "email"},
		{"two addresses", func(u *user.User) { u.Email = "jane@example.com,joan@example.com" }, "email"},
		{"an address that begins a header", func(u *user.User) { u.Email = "jane@example.com\r\nbcc:x@example.com" }, "email"},
		{"an address with what is not seen", func(u *user.User) { u.Email = "jane\u200b@example.com" }, "email"},
		{"an address that is read backwards", func(u *user.User) { u.Email = "jane\u202e@example.com" }, "email"},
		{"an address with a space", func(u *user.User) { u.Email = "ja ne@example.com" }, "email"},
		{"an address with a space of another width", func(u *user.User) { u.Email = "ja\u00a0ne@example.com" }, "email"},
		{"an address without a name", func(u *user.User) { u.Email = "@example.com" }, "email"},
		{"an address too long", func(u *user.User) { u.Email = strings.Repeat("a", 250) + "@e.example" }, "email"},
		{"a name of two lines", func(u *user.User) { u.Name = "a\nb" }, "name"},
		{"a name too long", func(u *user.User) { u.Name = strings.Repeat("ä", 201) }, "name"},
		{"no role", func(u *user.User) { u.Role = "" }, "role"},
		{"an owner of an advertiser", func(u *user.User) { u.Role, u.AdvertiserID = user.Owner, 1 }, "role"},
		{"an advertiser of none", func(u *user.User) { u.Role = user.Advertiser }, "advertiser_id"},
		{"an advertiser of an affiliate, too", func(u *user.User) { u.Role, u.AdvertiserID, u.AffiliateID = user.Advertiser, 1, 1 }, "advertiser_id"},
		{"an affiliate of none", func(u *user.User) { u.Role = user.Affiliate }, "affiliate_id"},
		{"a status that is none", func(u *user.User) { u.Status = "asleep" }, "status"},
		{"a zone that leads elsewhere", func(u *user.User) { u.Zone = "../etc/passwd" }, "zone"},
		{"a locale that is none", func(u *user.User) { u.Locale = "de_DE; x" }, "locale"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := good(tt.change).Validate()
			if (err == nil) != (tt.field == "") {
				t.Fatalf("Validate() = %v; want a fault at %q", err, tt.field)
			}
			for _, f := range fault.All(err) {
				if f.Field != tt.field {
					t.Errorf("the fault is at %q, want %q", f.Field, tt.field)
				}
			}
		})
	}
}

func TestFoldEmail(t *testing.T) {
	for give, want := range map[string]string{
		" Jane@Example.COM\n":  "jane@example.com",
		"JÄNE@example.com":     "jäne@example.com",
		"KIM@example.com":      "kim@example.com",
		"\u212aim@example.com": "\u212aim@example.com", // the Kelvin sign
		"adm\u0130n@x.example": "adm\u0130n@x.example", // a capital i with a dot
	} {
		if got := user.FoldEmail(give); got != want || user.FoldEmail(got) != got {
			t.Errorf("FoldEmail(%q) = %q, want %q", give, got, want)
		}
	}
}

func TestPrincipal(t *testing.T) {
	tests := []struct {
		user user.User
		want account.Principal
	}{
		{user.User{ID: 1, Role: user.Owner}, account.Principal{UserID: 1, Role: account.Network, Grade: account.Owner}},
		{user.User{ID: 1, Role: user.Manager}, account.Principal{UserID: 1, Role: account.Network, Grade: account.Manager}},
		{user.User{ID: 1, Role: user.Analyst}, account.Principal{UserID: 1, Role: account.Network, Grade: account.Analyst}},
		{user.User{ID: 1, Role: user.Advertiser, AdvertiserID: 2}, account.Principal{UserID: 1, Role: account.Advertiser, AdvertiserID: 2}},
		{user.User{ID: 1, Role: user.Affiliate, AffiliateID: 3}, account.Principal{UserID: 1, Role: account.Affiliate, AffiliateID: 3}},
		{user.User{ID: 1, Role: "king"}, account.Principal{UserID: 1}},
	}
	for _, tt := range tests {
		if got := tt.user.Principal(); got != tt.want {
			t.Errorf("%s is %+v, want %+v", tt.user.Role, got, tt.want)
		}
	}
}

func TestMayManage(t *testing.T) {
	roles := []user.Role{user.Owner, user.Manager, user.Analyst, user.Advertiser, user.Affiliate}
	for _, tt := range []struct {
		who  user.Role
		want string // of each role in turn
	}{
		{user.Owner, "yyyyy"}, {user.Manager, "nnnyy"}, {user.Analyst, "nnnnn"}, {user.Advertiser, "nnnnn"}, {user.Affiliate, "nnnnn"},
	} {
		who := user.User{ID: 1, Role: tt.who, AdvertiserID: 1, AffiliateID: 1}.Principal()
		for i, r := range roles {
			if got := user.MayManage(who, r); got != (tt.want[i] == 'y') {
				t.Errorf("%s manages %s: %t", tt.who, r, got)
			}
		}
	}
}

func TestByOf(t *testing.T) {
	p := account.Principal{UserID: 3, Session: 9, Address: netip.MustParseAddr("::ffff:192.0.2.1")}
	if got, want := user.ByOf(p), (user.By{Actor: "user 3", Address: "192.0.2.1", Session: 9}); got != want {
		t.Errorf("ByOf() = %+v, want %+v", got, want)
	}
	if got := user.ByOf(account.Principal{KeyID: 7}); got != (user.By{Actor: "key 7"}) {
		t.Errorf("without an address: %+v", got)
	}
}

func TestSession(t *testing.T) {
	begun := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name       string
		seen, when time.Duration // after it was begun
		alive      bool
	}{
		{"new", 0, 0, true},
		{"idle for just less than a week", 0, user.SessionIdle - 1, true},
		{"idle for a week", 0, user.SessionIdle, false},
		{"used all the time", user.SessionLife - time.Hour, user.SessionLife - 1, true},
		{"as old as may be", user.SessionLife - time.Hour, user.SessionLife, false},
	}
	for _, tt := range tests {
		s := user.Session{CreatedAt: begun, SeenAt: begun.Add(tt.seen)}
		if got := s.Alive(begun.Add(tt.when)); got != tt.alive {
			t.Errorf("%s: alive is %t", tt.name, got)
		}
	}
	s := user.Session{SeenAt: begun}
	if s.SeenAgain(begun.Add(user.SeenEvery-1)) || !s.SeenAgain(begun.Add(user.SeenEvery)) {
		t.Error("use is not written down once a minute")
	}
}

func TestLink(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for kind, want := range map[user.LinkKind]time.Duration{
		user.LinkOwner: 24 * time.Hour, user.LinkInvitation: 7 * 24 * time.Hour, user.LinkReset: time.Hour, "other": 0,
	} {
		l := user.NewLink(kind, 3, now)
		if l.Alive(now.Add(want)) || want > 0 && !l.Alive(now.Add(want-1)) {
			t.Errorf("a link %s is not good for %s", kind, want)
		}
	}
}

func TestTokens(t *testing.T) {
	seen := map[string]bool{}
	random := strings.NewReader(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz-", 20))
	for range 8 {
		token, err := user.NewToken(random)
		if err != nil || len(token) != 43 || seen[token] || strings.ContainsAny(token, "+/=#") {
			t.Errorf("NewToken() = %q, %v", token, err)
		}
		seen[token] = true
	}
	if _, err := user.NewToken(iotest.ErrReader(errors.New("no chance"))); fault.Of(err) != fault.Internal {
		t.Errorf("without chance a token is drawn: %v", err)
	}
	if user.Hash("a") == user.Hash("b") || len(user.Hash("a")) != 64 {
		t.Error("hashes do not tell tokens apart")
	}
}

func TestRecoveryCodes(t *testing.T) {
	codes, err := user.NewRecoveryCodes(rand.NewChaCha8([32]byte{1}))
	if err != nil || len(codes) != 10 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	seen := map[string]bool{}
	for _, code := range codes {
		typed := []string{code, strings.ToUpper(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + "\n"}
		for _, one := range typed {
			if user.RecoveryCode(one) != user.Hash(code) {
				t.Errorf("typed %q it is not %q", one, code)
			}
		}
		if strings.ContainsAny(code, "l0o1") || len(code) != 14 || seen[code] {
			t.Errorf("the code %q is mixed up easily", code)
		}
		seen[code] = true
	}
	if user.RecoveryCode("short") == user.RecoveryCode("shorter") {
		t.Error("codes of another length are all the same")
	}
	if _, err := user.NewRecoveryCodes(strings.NewReader("x")); fault.Of(err) != fault.Internal {
		t.Errorf("with too little chance: %v", err)
	}
}

func TestCheckPassword(t *testing.T) {
	tests := []struct {
		password string
		want     bool
	}{
		{"plum-rocket-teapot", true},
		{"zwölf Bücher", true},
		{"ninechars", false},
		{"ää ää ää ä", true}, // ten characters, whatever their bytes
		{strings.Repeat("a1b!", 251), false},
		{"jane.doe@shop.example", false},
		{" Jane.Doe@Shop.example ", false},
		{"jane.doejane.doe", false},
		{"aaaaaaaaaaaaaaa", false},
		{"1234567890", false},
		{"12345678901234567890", false},
		{"qwertyuiop", false},
		{"QWERTYuiopasdf", false},
		{"Password123!", false},
		{"!!!passw0rd2026", false},
		{"passwordpassword", false},
		{"22.11.1990", false},
		{"correcthorsebatterystaple", false},
		{"waybill-2026!", false},
		{"          ", false},
		{"password is not my word", true},
		{"bad\xff\xffutf8 bytes", false},
	}
	for _, tt := range tests {
		err := user.CheckPassword(tt.password, "jane.doe@shop.example")
		if (err == nil) != tt.want {
			t.Errorf("CheckPassword(%.60q) = %v, want good: %t", tt.password, err, tt.want)
		}
		for _, f := range fault.All(err) {
			if f.Field != "password" || strings.Contains(f.Text, tt.password) {
				t.Errorf("the fault at %q tells %q", f.Field, f.Text)
			}
		}
	}
	if err := user.CheckPassword("plum-rocket-teapot", ""); err != nil {
		t.Errorf("without an address: %v", err)
	}
}

// FuzzCheckPassword holds that no password brings the rule down.
func FuzzCheckPassword(f *testing.F) {
	f.Add("password", "a@example.com")
	f.Add("\xff", "@")
	f.Fuzz(func(t *testing.T, password, email string) {
		if err := user.CheckPassword(password, email); err == nil && len(password) < 10 {
			t.Errorf("%q is good", password)
		}
	})
}
