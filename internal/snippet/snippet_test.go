package snippet_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"html"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/offer"
	"waybill/internal/snippet"
)

// nasty holds what ends a string, a line, a comment or an element in some
// language.
const nasty = "a'b\"c\\d`e$HOME ${x} %s \n// */ ?> --> </script> {{x}} [[y]] \u2028 é"

func all(string) bool { return true }

func values(auth advertiser.Auth) snippet.Values {
	return snippet.Values{
		URL: "https://go.example.com", OfferID: 5, OfferName: "Kettles", Currency: "EUR", Keep: 30 * 24 * time.Hour,
		Auth: auth, Token: "t0ken", Secret: "s3cret",
	}
}

// render gives the code of each snippet.
func render(t *testing.T, v snippet.Values) map[string]string {
	t.Helper()
	list, err := snippet.Render(v, all)
	if err != nil {
		t.Fatal(err)
	}
	code := map[string]string{}
	for _, s := range list {
		code[s.ID] = s.Code
		if s.Title == "" || s.Language == "" || s.File == "" {
			t.Errorf("%s has no title, language or file: %+v", s.ID, s)
		}
	}
	return code
}

func TestForAnOffer(t *testing.T) {
	t.Parallel()
	o, g, a := offer.Default(), offer.NewGoal(5), advertiser.Default()
	o.ID, o.Name, o.Currency = 5, "Kettles", "EUR"
	g.Code = "Default"
	a.PostbackAuth, a.Token, a.SigSecret = advertiser.AuthToken, "t0ken", "s3cret"
	want := values(advertiser.AuthToken)
	want.Keyed = true
	if got := snippet.For(&o, &g, &a, want.URL, ""); got != want {
		t.Errorf("For() = %+v, want %+v", got, want)
	}
	g.Code, o.AllowedDomains = "deposit", []string{"shop.example"}
	want.Goal, want.Keyed, want.PixelHost = "deposit", false, "track.shop.example"
	if got := snippet.For(&o, &g, &a, want.URL, "track.shop.example"); got != want {
		t.Errorf("For() = %+v, want %+v", got, want)
	}
}

func TestOnlyWhatTheOfferHears(t *testing.T) {
	t.Parallel()
	for channel, want := range map[string][]string{
		"postback": {"php", "node", "python", "go", "curl"}, "pixel": {"image", "iframe"}, "sdk": {"sdk", "gtm"}, "api": {},
	} {
		list, err := snippet.Render(values(advertiser.AuthOff), func(c string) bool { return c == channel })
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, s := range list {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("of an offer that hears %s alone: %q, want %q", channel, got, want)
		}
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	servers := []string{"php", "node", "python", "go", "curl"}
	tests := []struct {
		name          string
		auth          advertiser.Auth
		hide          bool
		holds, spares []string
	}{
		{"none where none is asked for", advertiser.AuthOff, false, nil, []string{"t0ken", "s3cret", "PUT-THE"}},
		{"the token", advertiser.AuthToken, false, []string{"t0ken"}, []string{"s3cret", "PUT-THE"}},
		{"the secret", advertiser.AuthSignature, false, []string{"s3cret"}, []string{"t0ken", "PUT-THE"}},
		{"a place for the token", advertiser.AuthToken, true, []string{snippet.TokenPlaceholder}, []string{"t0ken", "s3cret"}},
		{"a place for the secret", advertiser.AuthSignature, true, []string{snippet.SecretPlaceholder}, []string{"t0ken", "s3cret"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := values(tt.auth)
			if tt.hide {
				v.HideSecrets()
			}
			for id, code := range render(t, v) {
				server := slices.Contains(servers, id)
				for _, text := range tt.holds {
					if strings.Contains(code, text) != server {
						t.Errorf("the %s snippet holds %q: %t, want %t", id, text, !server, server)
					}
				}
				for _, text := range tt.spares {
					if strings.Contains(code, text) {
						t.Errorf("the %s snippet holds %q:\n%s", id, text, code)
					}
				}
			}
		})
	}
}

// TestNothingBecomesCode fills in values that end strings, and reads them back
// as each language does.
func TestNothingBecomesCode(t *testing.T) {
	t.Parallel()
	v := values(advertiser.AuthSignature)
	v.OfferName, v.Goal, v.Secret = nasty, nasty, nasty
	code := render(t, v)

	for _, id := range []string{"node", "python", "sdk", "gtm"} {
		if got := between(t, code[id], `"?goal"?: ("(?:[^"\\]|\\.)*"),\n`); unjson(t, got) != nasty {
			t.Errorf("the %s snippet says %s", id, got)
		}
	}
	if got := between(t, code["php"], `'goal' => '((?:[^'\\]|\\.)*)',\n`); strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(got) != nasty {
		t.Errorf("the PHP snippet says %s", got)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "waybill.go", code["go"], parser.ParseComments)
	if err != nil {
		t.Errorf("the Go snippet is no Go: %v", err)
	} else if len(file.Decls) != 4 {
		t.Errorf("the Go snippet declares %d things, want 4", len(file.Decls))
	}
	if got, err := strconv.Unquote(between(t, code["go"], `Goal: +("(?:[^"\\]|\\.)*")`)); err != nil || got != nasty {
		t.Errorf("the Go snippet says %s (%v)", got, err)
	}
	src := html.UnescapeString(between(t, code["image"], `<img src="([^"]*)"`))
	if u, err := url.Parse(src); err != nil || u.Query().Get("goal") != nasty {
		t.Errorf("the image's URL is %s (%v)", src, err)
	}
	for _, id := range []string{"sdk", "gtm", "image", "iframe"} {
		if n := strings.Count(code[id], "<script") - strings.Count(code[id], "</script"); n != 0 {
			t.Errorf("the %s snippet has %d script elements open:\n%s", id, n, code[id])
		}
		if strings.Count(code[id], "<!--") != strings.Count(code[id], "-->") {
			t.Errorf("the %s snippet leaves a comment open:\n%s", id, code[id])
		}
	}
}

// TestCommentsEnd looks for a name that left its comment: no line begins with
// any part of it.
func TestCommentsEnd(t *testing.T) {
	t.Parallel()
	v := values(advertiser.AuthOff)
	v.OfferName = "x\nescaped\r\nescaped\u2028escaped --> escaped ?> escaped */ escaped </script> escaped {{escaped}}"
	for id, code := range render(t, v) {
		for line := range strings.Lines(code) {
			if before, _, found := strings.Cut(line, "escaped"); found && !strings.Contains(before, "x ") {
				t.Errorf("the %s snippet has the line %q", id, line)
			}
		}
		for _, sign := range []string{"?> esc", "*/ esc", "--> esc", "</script> esc", "{{esc"} {
			if strings.Contains(code, sign) {
				t.Errorf("the %s snippet holds %q:\n%s", id, sign, code)
			}
		}
	}
}

// TestShellSaysWhatItIsTold runs the shell's own reading of the quotes.
func TestShellSaysWhatItIsTold(t *testing.T) {
	t.Parallel()
	v := values(advertiser.AuthToken)
	v.Token = nasty
	line := between(t, render(t, v)["curl"], `(?s)(--data-urlencode 'token=.*) \\\n  --data-urlencode 'currency`)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s' `+strings.TrimPrefix(line, "--data-urlencode ")).Output()
	if err != nil || string(out) != "token="+nasty {
		t.Errorf("the shell reads %q (%v), want token=%q", out, err, nasty)
	}
}

func TestBrowsersGoToTheAdvertisersDomain(t *testing.T) {
	t.Parallel()
	v := values(advertiser.AuthOff)
	v.PixelHost, v.Keyed = "track.shop.example", true
	code := render(t, v)
	for id, want := range map[string]string{
		"image":  `src="https://track.shop.example/pixel.gif?offer_id=5&amp;order_id={order_id}&amp;amount={amount}&amp;currency=EUR"`,
		"iframe": `src="https://track.shop.example/pixel?offer_id=5&amp;order_id={order_id}&amp;amount={amount}&amp;currency=EUR"`,
		"sdk":    `src="https://track.shop.example/sdk.js" data-key="` + snippet.KeyPlaceholder + `" data-offer-id="5" data-first-party>`,
		"gtm":    `s.setAttribute('data-first-party', '');`,
		"php":    `'https://go.example.com/postback'`,
	} {
		if !strings.Contains(code[id], want) {
			t.Errorf("the %s snippet lacks %s:\n%s", id, want, code[id])
		}
	}
}

func TestKeepStaysWithinWhatBrowsersKeep(t *testing.T) {
	t.Parallel()
	for keep, want := range map[time.Duration]string{0: "Max-Age=3600;", 2 * time.Hour: "Max-Age=7200;", 5 * 365 * 24 * time.Hour: "Max-Age=34560000;"} {
		v := values(advertiser.AuthOff)
		v.Keep = keep
		if code := render(t, v)["node"]; !strings.Contains(code, want) {
			t.Errorf("kept for %s, the snippet lacks %s", keep, want)
		}
	}
}

func between(t *testing.T, code, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(code)
	if m == nil {
		t.Fatalf("nothing fits %s in\n%s", pattern, code)
	}
	return m[1]
}

func unjson(t *testing.T, text string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}
