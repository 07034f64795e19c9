package advertiser_test

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"waybill/internal/advertiser"
	"waybill/internal/fault"
)

func usual() advertiser.Advertiser {
	a := advertiser.Default()
	a.Name, a.Token, a.SigSecret = "Shop", "t0ken-of-the-shop", "s3cret-of-the-shop"
	return a
}

func TestValidate(t *testing.T) {
	t.Parallel()
	networks := func(all ...string) []netip.Prefix {
		list := make([]netip.Prefix, len(all))
		for i, s := range all {
			list[i], _ = netip.ParsePrefix(s)
		}
		return list
	}
	tests := []struct {
		name   string
		change func(*advertiser.Advertiser)
		fields string
	}{
		{"takes a plain advertiser", func(*advertiser.Advertiser) {}, ""},
		{"takes one without secrets where none is needed", func(a *advertiser.Advertiser) { a.Token, a.SigSecret = "", "" }, ""},
		{"takes a paused one", func(a *advertiser.Advertiser) { a.Status = advertiser.Paused }, ""},
		{"takes each proof", func(a *advertiser.Advertiser) { a.PostbackAuth = advertiser.AuthSignature }, ""},
		{"takes networks", func(a *advertiser.Advertiser) { a.IPAllow = networks("203.0.113.0/24", "2001:db8::/32") }, ""},
		{"takes words", func(a *advertiser.Advertiser) {
			a.StatusWords = map[string]string{"Sale": "approved", "käufe offen": "pending"}
		}, ""},
		{"names everything that is missing", func(a *advertiser.Advertiser) { *a = advertiser.Advertiser{} }, "name status postback_auth"},
		{"refuses a name of spaces", func(a *advertiser.Advertiser) { a.Name = "\t" }, "name"},
		{"refuses a long name", func(a *advertiser.Advertiser) { a.Name = strings.Repeat("é", 201) }, "name"},
		{"refuses a name with a zero byte", func(a *advertiser.Advertiser) { a.Name = "a\x00b" }, "name"},
		{"refuses the proof token without one", func(a *advertiser.Advertiser) { a.PostbackAuth, a.Token = advertiser.AuthToken, "" }, "token"},
		{"refuses the proof signature without a secret", func(a *advertiser.Advertiser) { a.PostbackAuth, a.SigSecret = advertiser.AuthSignature, "" }, "sig_secret"},
		{"refuses secrets that do not survive a copy", func(a *advertiser.Advertiser) { a.Token, a.SigSecret = "a b", strings.Repeat("x", 201) }, "token sig_secret"},
		{"refuses such secrets of before too", func(a *advertiser.Advertiser) { a.PreviousToken, a.PreviousSigSecret = "a b", strings.Repeat("x", 201) }, "previous_token previous_sig_secret"},
		{"refuses networks that are none", func(a *advertiser.Advertiser) {
			a.IPAllow = networks("203.0.113.0/24", "nonsense", "::ffff:10.0.0.0/104")
		}, "ip_allow[1] ip_allow[2]"},
		{"refuses words that mean nothing", func(a *advertiser.Advertiser) {
			a.StatusWords = map[string]string{"": "approved", " sold": "approved", "x": "paid", "y": ""}
		}, "status_words. status_words. sold status_words.x status_words.y"},
		{"refuses a word in two ways to write it", func(a *advertiser.Advertiser) {
			a.StatusWords = map[string]string{"Sold": "approved", "sold": "pending"}
		}, "status_words.sold"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := usual()
			tt.change(&a)
			err := a.Validate()
			var fields []string
			for _, f := range fault.All(err) {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields || err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("Validate() = %v; want Invalid faults at %q", err, tt.fields)
			}
		})
	}
}

func TestStatusWord(t *testing.T) {
	t.Parallel()
	a := usual()
	a.StatusWords = map[string]string{"Sold": "approved", "2": "rejected", "Pending": "hold"}
	tests := []struct {
		word, want string
	}{
		{"approved", "approved"},
		{"REJECTED", "rejected"},
		{" hold ", "hold"},
		{"sold", "approved"},
		{"SOLD", "approved"},
		{"2", "rejected"},
		{"pending", "hold"}, // the advertiser's own sense comes first
		{"paid", ""},
		{"1", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, ok := a.StatusWord(tt.word)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("StatusWord(%q) = %q, %t; want %q", tt.word, got, ok, tt.want)
		}
	}
}

func TestDrawSecrets(t *testing.T) {
	t.Parallel()
	a := advertiser.Default()
	if err := a.DrawSecrets(strings.NewReader(strings.Repeat("a", 20) + strings.Repeat("b", 20))); err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^[a-z2-7]{32}$`)
	if !form.MatchString(a.Token) || !form.MatchString(a.SigSecret) || a.Token == a.SigSecret {
		t.Errorf("DrawSecrets() = %q, %q; want two of the form %s", a.Token, a.SigSecret, form)
	}
	kept := usual()
	if err := kept.DrawSecrets(iotest.ErrReader(errors.New("not needed"))); err != nil || kept.Token != usual().Token || kept.SigSecret != usual().SigSecret {
		t.Errorf("DrawSecrets() = %q, %q, %v; want what was there", kept.Token, kept.SigSecret, err)
	}
	dry := errors.New("dry")
	if err := new(advertiser.Advertiser).DrawSecrets(iotest.ErrReader(dry)); !errors.Is(err, dry) {
		t.Errorf("DrawSecrets() without randomness = %v, want its error", err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*advertiser.Advertiser)
		field  string
	}{
		{"no proof is one", func(*advertiser.Advertiser) {}, "postback_auth"},
		{"no proof from known addresses is none", func(a *advertiser.Advertiser) { a.IPAllow = make([]netip.Prefix, 1) }, ""},
		{"a long token is none", func(a *advertiser.Advertiser) { a.PostbackAuth = advertiser.AuthToken }, ""},
		{"a short token is one", func(a *advertiser.Advertiser) { a.PostbackAuth, a.Token = advertiser.AuthToken, "abc" }, "token"},
		{"a short token of before is one", func(a *advertiser.Advertiser) { a.PostbackAuth, a.PreviousToken = advertiser.AuthToken, "abc" }, "previous_token"},
		{"a signature is none", func(a *advertiser.Advertiser) { a.PostbackAuth = advertiser.AuthSignature }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := usual()
			tt.change(&a)
			got := a.Warnings()
			if tt.field == "" && got != nil || tt.field != "" && (len(got) != 1 || got[0].Field != tt.field) {
				t.Errorf("Warnings() = %v; want one at %q", got, tt.field)
			}
		})
	}
}
