package api

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/signal"
)

// oddSecret is one that URLs, pages and JSON each write in another way.
const oddSecret = `p&ss "word" <0123456789>/+%`

// leak puts secrets where nobody meant to have them: into the raw text of a
// signal, and into a name.
func (w *world) leak(t *testing.T) {
	t.Helper()
	_, err := w.db.Advertisers().Update(t.Context(), 1, 0, func(a *advertiser.Advertiser) error {
		a.PreviousToken, a.PreviousSigSecret = "previous-token-0123456789", oddSecret
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := signal.Read(w.signal, w.journal[w.signal])
	if err != nil {
		t.Fatal(err)
	}
	s.Raw += "&token=token-of-One-0123456789&note=" + strings.Join(writtenIn(oddSecret), "&")
	w.journal[w.signal] = s.Append(nil)
}

// TestVeil holds that no secret comes through, however the answer is cut.
func TestVeil(t *testing.T) {
	w := newWorld(t)
	w.leak(t)
	veils := new(veils)
	analyst := account.Principal{Role: account.Network, Grade: account.Analyst}
	text := "first token-of-One-0123456789 line\nprevious-token-0123456789\n\nno end: token-of-Two-0123456789"
	const want = "first (hidden) line\n(hidden)\n\nno end: (hidden)"
	for size := 1; size <= len(text); size++ {
		v := veils.over(analyst, w.present)
		var got strings.Builder
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			got.Write(v.through([]byte(rest[:n])))
			rest = rest[n:]
		}
		got.Write(v.rest())
		if got.String() != want {
			t.Fatalf("cut by %d bytes it shows %q, want %q", size, got.String(), want)
		}
	}
	for _, form := range writtenIn(oddSecret) {
		v := veils.over(analyst, w.present)
		if got := string(v.through([]byte("a " + form + " b\n"))); got != "a (hidden) b\n" {
			t.Errorf("the form %q comes out as %q", form, got)
		}
	}
}

// writtenIn gives a secret in the ways in which the product itself writes it.
func writtenIn(secret string) []string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		return nil
	}
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), html.EscapeString(url.QueryEscape(secret)),
		strings.TrimSuffix(strings.TrimPrefix(string(quoted), `"`), `"`),
	}
}

// TestVeilOver holds over whose answers there is a veil, and that it is made for
// the present catalog.
func TestVeilOver(t *testing.T) {
	w := newWorld(t)
	veils := new(veils)
	owner := account.Principal{Role: account.Network, Grade: account.Owner}
	analyst := account.Principal{Role: account.Network, Grade: account.Analyst}
	for _, tt := range []struct {
		name string
		who  account.Principal
		want bool
	}{
		{"an owner", owner, false},
		{"a manager", account.Principal{Role: account.Network, Grade: account.Manager}, false},
		{"an analyst", analyst, true},
		{"somebody of no grade", account.Principal{Role: account.Network}, true},
		{"an advertiser", account.Principal{Role: account.Advertiser, AdvertiserID: 1}, true},
		{"an affiliate", account.Principal{Role: account.Affiliate, AffiliateID: 1}, true},
		{"an analyst with an advertiser's eyes", analyst.As(account.Advertiser, 1), true},
		{"an owner with an advertiser's eyes", owner.As(account.Advertiser, 1), true},
	} {
		if got := veils.over(tt.who, w.present) != nil; got != tt.want {
			t.Errorf("over the answers to %s there is a veil: %t, want %t", tt.name, got, tt.want)
		}
	}
	before := veils.over(analyst, w.present)
	w.leak(t)
	after := veils.over(analyst, w.present)
	const secret = "previous-token-0123456789\n"
	if string(before.through([]byte(secret))) != secret || string(after.through([]byte(secret))) == secret {
		t.Error("the veil is not the present catalog's")
	}
	empty, err := catalog.New(catalog.Source{})
	if err == nil && string(veils.over(analyst, empty).through([]byte(secret))) != secret {
		t.Error("a catalog without secrets hides something")
	}
}

// TestVeilOfPartners holds that a partner sees its own secrets, and nobody else's.
func TestVeilOfPartners(t *testing.T) {
	w := newWorld(t)
	const text = "token-of-One-0123456789 token-of-Two-0123456789\n"
	owner := account.Principal{Role: account.Network, Grade: account.Owner}
	for _, tt := range []struct {
		name string
		who  account.Principal
		want string
	}{
		{"advertiser 1", account.Principal{Role: account.Advertiser, AdvertiserID: 1}, "token-of-One-0123456789 (hidden)\n"},
		{"advertiser 2", account.Principal{Role: account.Advertiser, AdvertiserID: 2}, "(hidden) token-of-Two-0123456789\n"},
		{"an affiliate", account.Principal{Role: account.Affiliate, AffiliateID: 1}, "(hidden) (hidden)\n"},
		{"the network with advertiser 1's eyes", owner.As(account.Advertiser, 1), "token-of-One-0123456789 (hidden)\n"},
		{"a share for advertiser 1", account.Principal{Role: account.Advertiser, AdvertiserID: 1, Masked: true}, "(hidden) (hidden)\n"},
	} {
		if got := string(new(veils).over(tt.who, w.present).through([]byte(text))); got != tt.want {
			t.Errorf("%s sees %q, want %q", tt.name, got, tt.want)
		}
	}
}
