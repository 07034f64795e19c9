package account_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"waybill/internal/account"
	"waybill/internal/fault"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		key   account.Key
		field string // of the one fault; empty: the key is good
	}{
		{"takes a network key", account.Key{Role: account.Network, Name: "build server"}, ""},
		{"takes an advertiser's key", account.Key{Role: account.Advertiser, AdvertiserID: 3}, ""},
		{"takes an affiliate's key", account.Key{Role: account.Affiliate, AffiliateID: 7}, ""},
		{"takes a publishable key", account.Key{Role: account.Publishable, AdvertiserID: 3}, ""},
		{"takes a test key", account.Key{Role: account.Publishable, AdvertiserID: 3, Test: true}, ""},
		{"refuses a test key of an affiliate, who reports nothing", account.Key{Role: account.Affiliate, AffiliateID: 7, Test: true}, "test"},
		{"refuses a key without a role", account.Key{}, "role"},
		{"refuses a role that is none", account.Key{Role: "admin"}, "role"},
		{"refuses a network key of an advertiser", account.Key{Role: account.Network, AdvertiserID: 3}, "role"},
		{"refuses a network key of an affiliate", account.Key{Role: account.Network, AffiliateID: 7}, "role"},
		{"refuses an advertiser's key without one", account.Key{Role: account.Advertiser}, "advertiser_id"},
		{"refuses an advertiser's key with an affiliate", account.Key{Role: account.Advertiser, AdvertiserID: 3, AffiliateID: 7}, "advertiser_id"},
		{"refuses a publishable key without an advertiser", account.Key{Role: account.Publishable}, "advertiser_id"},
		{"refuses an affiliate's key without one", account.Key{Role: account.Affiliate}, "affiliate_id"},
		{"refuses an affiliate's key with an advertiser", account.Key{Role: account.Affiliate, AdvertiserID: 3, AffiliateID: 7}, "affiliate_id"},
		{"refuses a negative advertiser", account.Key{Role: account.Advertiser, AdvertiserID: -3}, "advertiser_id"},
		{"takes a name of 200 characters", account.Key{Role: account.Network, Name: strings.Repeat("é", 200)}, ""},
		{"refuses a longer one", account.Key{Role: account.Network, Name: strings.Repeat("é", 201)}, "name"},
		{"refuses a name with a line break", account.Key{Role: account.Network, Name: "a\nb"}, "name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.key.Validate()
			all := fault.All(err)
			if tt.field == "" {
				if err != nil {
					t.Errorf("Validate() = %v, want nil", err)
				}
				return
			}
			if len(all) != 1 || all[0].Field != tt.field || all[0].Kind != fault.Invalid {
				t.Errorf("Validate() = %v, want one Invalid fault at %s", err, tt.field)
			}
		})
	}
	both := account.Key{Role: "admin", Name: "a\x00b"}.Validate()
	if got := len(fault.All(both)); got != 2 {
		t.Errorf("Validate() of a key with two mistakes = %d faults, want 2: %v", got, both)
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	network := account.Key{Role: account.Network}
	advertiser := account.Key{Role: account.Advertiser, AdvertiserID: 3}
	affiliate := account.Key{Role: account.Affiliate, AffiliateID: 7}
	tests := []struct {
		name                    string
		key                     account.Key
		advertiserID, affilates int64
		want                    bool
	}{
		{"the network owns what is anybody's", network, 3, 7, true},
		{"the network owns what is nobody's", network, 0, 0, true},
		{"an advertiser owns its own", advertiser, 3, 7, true},
		{"an advertiser does not own another's", advertiser, 4, 7, false},
		{"an advertiser owns nothing that is nobody's", advertiser, 0, 7, false},
		{"an advertiser is not the affiliate of its number", advertiser, 4, 3, false},
		{"an affiliate owns its own", affiliate, 3, 7, true},
		{"an affiliate does not own another's", affiliate, 3, 8, false},
		{"an affiliate is not the advertiser of its number", affiliate, 7, 8, false},
		{"an affiliate without a number owns nothing", account.Key{Role: account.Affiliate}, 3, 0, false},
		{"an advertiser without a number owns nothing", account.Key{Role: account.Advertiser}, 0, 7, false},
		{"a publishable key owns nothing", account.Key{Role: account.Publishable, AdvertiserID: 3}, 3, 7, false},
		{"no key owns nothing", account.Key{}, 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.key.Principal().Owns(tt.advertiserID, tt.affilates); got != tt.want {
				t.Errorf("Owns(%d, %d) = %t, want %t", tt.advertiserID, tt.affilates, got, tt.want)
			}
			tt.key.Test = true
			if !tt.key.Principal().Test {
				t.Error("the caller of a test key is not marked")
			}
			if got, want := tt.key.Principal().IsNetwork(), tt.key.Role == account.Network; got != want {
				t.Errorf("IsNetwork() = %t, want %t", got, want)
			}
		})
	}
}

// counting is a source of randomness that gives 0, 1, 2, ….
type counting byte

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(*c)
		*c++
	}
	return len(b), nil
}

func TestNewSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		role account.Role
		form string
	}{
		{account.Network, `^wb_n_[a-z2-7]{52}$`},
		{account.Advertiser, `^wb_d_[a-z2-7]{52}$`},
		{account.Affiliate, `^wb_a_[a-z2-7]{52}$`},
		{account.Publishable, `^wb_p_[a-z2-7]{52}$`},
	}
	random, seen := new(counting), make(map[string]bool)
	for _, tt := range tests {
		secret, err := account.NewSecret(tt.role, random)
		if err != nil || !regexp.MustCompile(tt.form).MatchString(secret) {
			t.Errorf("NewSecret(%s) = %q, %v; want the form %s", tt.role, secret, err, tt.form)
		}
		if seen[secret[5:]] {
			t.Errorf("NewSecret(%s) = %q, drawn before", tt.role, secret)
		}
		seen[secret[5:]] = true
		if got, want := account.Prefix(secret), secret[:11]; got != want {
			t.Errorf("Prefix() = %q, want %q", got, want)
		}
	}
	if secret, err := account.NewSecret("admin", random); fault.Of(err) != fault.Invalid {
		t.Errorf("NewSecret(admin) = %q, %v; want an Invalid fault", secret, err)
	}
	dry := errors.New("dry")
	if secret, err := account.NewSecret(account.Network, iotest.ErrReader(dry)); !errors.Is(err, dry) || secret != "" {
		t.Errorf("NewSecret() without randomness = %q, %v; want its error and no key", secret, err)
	}
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	random, form := new(counting), regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	one, errOne := account.NewToken(random)
	other, errOther := account.NewToken(random)
	if err := errors.Join(errOne, errOther); err != nil || !form.MatchString(one) || !form.MatchString(other) || one == other {
		t.Errorf("NewToken() = %q, then %q, %v; want two of 256 bits", one, other, err)
	}
	if token, err := account.NewToken(iotest.ErrReader(iotest.ErrTimeout)); fault.Of(err) != fault.Internal || token != "" {
		t.Errorf("NewToken() without randomness = %q, %v; want no token", token, err)
	}
}

func TestPrefixOfAShortText(t *testing.T) {
	t.Parallel()
	if got := account.Prefix("wb_n"); got != "wb_n" {
		t.Errorf("Prefix(wb_n) = %q, want it whole", got)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("wb_n_abc"))
	if got, want := account.Hash("wb_n_abc"), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("Hash() = %s, want %s", got, want)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	secret, err := account.NewSecret(account.Network, strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	short := account.Prefix(secret)
	tests := []struct{ name, text, want string }{
		{"leaves a text without secrets", "transaction_id=x&amount=1", "transaction_id=x&amount=1"},
		{"shortens a secret", secret, short},
		{"shortens each of several", `{"key":"` + secret + `","a":"` + secret + `"}`, `{"key":"` + short + `","a":"` + short + `"}`},
		{"shortens what stands behind what only begins alike", "wb_wb_x_" + secret + "&b=wb_", "wb_wb_x_" + short + "&b=wb_"},
		{"shortens a secret that goes on", secret + "abc", short + "abc"},
		{"leaves what is cut", secret[:len(secret)-1], secret[:len(secret)-1]},
		{"leaves what is of no role", "wb_x" + secret[4:], "wb_x" + secret[4:]},
		{"leaves what is no base32", strings.ToUpper(secret[:20]) + secret[20:], strings.ToUpper(secret[:20]) + secret[20:]},
		{"leaves nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := account.Redact(tt.text); got != tt.want {
				t.Errorf("Redact() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRedactEveryRole(t *testing.T) {
	t.Parallel()
	for _, role := range []account.Role{account.Network, account.Advertiser, account.Affiliate, account.Publishable} {
		secret, err := account.NewSecret(role, new(counting))
		if err != nil {
			t.Fatal(err)
		}
		if got := account.Redact("key=" + secret + "&x=y"); got != "key="+account.Prefix(secret)+"&x=y" {
			t.Errorf("Redact() of a key of role %s = %q", role, got)
		}
	}
}
