package param_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"waybill/internal/param"
)

var key = []byte("a key of thirty-two bytes or more")

func TestHash(t *testing.T) {
	want := param.Hash(key, "alice+news@example.com")
	if !strings.HasPrefix(want, param.Hashed) || len(want) != len(param.Hashed)+64 {
		t.Fatalf("Hash() = %q", want)
	}
	same := map[string]string{
		"in capitals":                     param.Hash(key, "Alice+News@Example.COM"),
		"in white space":                  param.Hash(key, " alice+news@example.com\t"),
		"with a plus that nobody escaped": param.Hash(key, "alice news@example.com"),
		"hashed already":                  param.Hash(key, want),
		"as a digest":                     param.HashDigest(key, param.Digest("alice+news@example.com")),
		"as a digest in capitals":         param.HashDigest(key, " "+strings.ToUpper(param.Digest("alice+news@example.com"))),
		"as an address sent for a digest": param.HashDigest(key, "alice+news@example.com"),
		"as a hash sent for a digest":     param.HashDigest(key, want),
	}
	for how, got := range same {
		if got != want {
			t.Errorf("%s: %s, want %s", how, got, want)
		}
	}
	if got := param.Hash([]byte("another key"), "alice+news@example.com"); got == want {
		t.Error("the hash does not depend on the key")
	}
	if got := param.Hash(key, "bob@example.com"); got == want {
		t.Error("the hash does not depend on the address")
	}
	// The digest is the one that ad platforms publish for this address.
	if got := param.Digest(" Test@Example.com "); got != "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b" {
		t.Errorf("Digest() = %s", got)
	}
}

func TestScrubQuery(t *testing.T) {
	alice := param.Hash(key, "alice@example.com")
	tests := []struct {
		name string
		raw  string
		want string
	}{
		{"keeps what is harmless as it came", "tid=%41b+c&amp;goal=%zz&&x", "tid=%41b+c&amp;goal=%zz&&x"},
		{"hashes an e-mail", "tid=T&email=alice%40example.com&sum=5", "tid=T&email=" + alice + "&sum=5"},
		{"hashes every e-mail", "email=alice@example.com&EMAIL=Alice@example.com", "email=" + alice + "&EMAIL=" + alice},
		{"hashes behind the remains of an entity", "tid=T&amp;email=alice@example.com", "tid=T&amp;email=" + alice},
		{"hashes behind an escaped name", "%65mail=alice@example.com", "%65mail=" + alice},
		{"hashes an e-mail for a customer's number", "user_id=Alice%40example.com", "user_id=" + alice},
		{"keeps another customer's number", "customer_id=c%2D1", "customer_id=c%2D1"},
		{"hashes a user name", "username=alice", "username=" + param.Hash(key, "alice")},
		{"hashes a digest", "email_sha256=" + param.Digest("alice@example.com"), "email_sha256=" + alice},
		{"drops tokens under every alias", "token=a&security_token=b&Verification_Token=c&secure=d&amp;token=e", "token=&security_token=&Verification_Token=&secure=&amp;token="},
		{"drops a signature", "tid=T&ts=1700000000&sig=00ff", "tid=T&ts=&sig="},
		{"hashes an e-mail in an unknown parameter", "who=alice@example.com", "who=" + alice},
		{"hashes an e-mail inside text", "note=from+alice%40example.com%21&x=1", "note=from%20" + alice + "!&x=1"},
		{"hashes an e-mail in a URL in a parameter", "ref=https%3A%2F%2Fx.test%2F%3Fm%3Dalice%2540example.com%26n%3D1", "ref=https://x.test/?m%3D" + alice + "%26n%3D1"},
		{"hashes an e-mail for a name", "alice@example.com=1", alice + "=1"},
		{"hashes an e-mail without a name", "alice%40example.com", alice},
		{"leaves a handle alone", "who=@alice&x=a@b&y=1@2.3", "who=@alice&x=a@b&y=1@2.3"},
		{"leaves free values of known parameters", "sub1=alice@example.com", "sub1=alice@example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := param.ScrubQuery(param.Signal, key, tt.raw)
			if got != tt.want {
				t.Errorf("ScrubQuery(%q) =\n%q, want\n%q", tt.raw, got, tt.want)
			}
			if again := param.ScrubQuery(param.Signal, key, got); again != got {
				t.Errorf("scrubbed again it is %q", again)
			}
		})
	}
}

func TestScrubJSON(t *testing.T) {
	alice := param.Hash(key, "alice@example.com")
	tests := []struct {
		name string
		body string
		want string
	}{
		{"keeps what is harmless as it came", `{ "tid" : "T\u0041", "sum":1.50, "x":null, "b":true }`, `{ "tid" : "T\u0041", "sum":1.50, "x":null, "b":true }`},
		{"hashes an e-mail", `{"Email":"alice\u0040example.com","sum":5}`, `{"Email":"` + alice + `","sum":5}`},
		{"drops a token", `{"token":"abc","secure":123,"sig":null,"tid":"T"}`, `{"token":"","secure":"","sig":null,"tid":"T"}`},
		{"treats each object of an array", `[{"token":"abc"},{"email":"alice@example.com"}]`, `[{"token":""},{"email":"` + alice + `"}]`},
		{"hashes an e-mail in an unknown parameter", `{"note":"to alice@example.com."}`, `{"note":"to ` + alice + `."}`},
		{"hashes what is nested in an e-mail", `{"email":{"value":"x"},"a":"b"}`, `{"` + param.Hash(key, "value") + `":"` + param.Hash(key, "x") + `"},"a":"b"}`},
		{"reaches into what is nested", `{"user":{"email":"alice@example.com","token":["a","b"]},"tid":"T"}`, `{"user":{"email":"` + alice + `","token":["",""]},"tid":"T"}`},
		{"looks at line items", `{"items":[{"sku":"alice@example.com","quantity":1}]}`, `{"items":[{"sku":"` + alice + `","quantity":1}]}`},
		{"reads on where JSON ends early", `{"email":"alice@example.com","token":"ab`, `{"email":"` + alice + `","token":""`},
		{"reads names without quotes", `{email: alice@example.com, token: abc, tid: T}`, `{email: "` + alice + `", token: "", tid: T}`},
		{"reads names in single quotes", `{'email':'alice@example.com','token':'abc'}`, `{'email':"` + param.Hash(key, "'alice@example.com'") + `",'token':""}`},
		{"reads a form sent as JSON", `email=alice@example.com&token=abc`, `email=` + alice + `&token=`},
		{"reads behind a stray brace", `}{"token":"abc"}`, `}{"token":""}`},
		{"reads plain text", `alice@example.com`, `"` + alice + `"`},
		{"keeps nothing", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(param.ScrubJSON(param.Signal, key, []byte(tt.body)))
			if tt.name == "hashes what is nested in an e-mail" {
				tt.want = strings.Replace(tt.want, `{"`, `{"email":{"`, 1)
			}
			if got != tt.want {
				t.Errorf("ScrubJSON(%s) =\n%s, want\n%s", tt.body, got, tt.want)
			}
		})
	}
}

func TestScrub(t *testing.T) {
	alice := param.Hash(key, "alice@example.com")
	var v param.Values
	if err := v.ScanQuery(param.Signal, "tid=T&email=alice@example.com&username=alice&email_sha256="+param.Digest("alice@example.com")+"&token=a&ts=1&sig=b&zz=alice@example.com&sub1=x"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		v.Scrub(key)
		for n, want := range map[param.Name]string{
			param.Email: alice, param.EmailSHA256: alice, param.Username: param.Hash(key, "alice"),
			param.Token: "", param.TS: "", param.Sig: "", param.Sub1: "x", param.TransactionID: "T",
		} {
			if got := v.Get(n); got != want {
				t.Errorf("%s = %q, want %q", n, got, want)
			}
		}
		if got := v.Unknown[0].Value; got != alice {
			t.Errorf("the unknown parameter is %q, want %q", got, alice)
		}
	}
}

// A hash is many times as long as the e-mail that it stands for.
func TestScrubbedValuesAreNoLonger(t *testing.T) {
	emails := url.QueryEscape(strings.Repeat("a@b.cc ", 140))
	var v param.Values
	if err := v.ScanQuery(param.Signal, "customer_id="+emails+"&zz="+emails); err != nil {
		t.Fatal(err)
	}
	v.Scrub(key)
	if customer, unknown := len(v.Get(param.CustomerID)), len(v.Unknown[0].Value); customer == 0 || customer > 1024 || unknown == 0 || unknown > 1024 {
		t.Errorf("a customer of %d bytes and an unknown value of %d are kept, want at most 1024", customer, unknown)
	}
}

func TestScrubText(t *testing.T) {
	hash := func(s string) string { return param.Hash(key, s) }
	for in, want := range map[string]string{
		"":                                      "",
		"nothing here":                          "nothing here",
		"a@example.com":                         hash("a@example.com"),
		"a@example.com, b@example.org.":         hash("a@example.com") + ", " + hash("b@example.org") + ".",
		"https://x.test/?e=a%40example.com#f":   "https://x.test/?e=" + hash("a@example.com") + "#f",
		"https://x.test/?e=a%2Bb%40example.com": "https://x.test/?e=" + hash("a+b@example.com"),
		"@@a@@b.com@c.de":                       "@@a@@" + hash("b.com@c.de"),
		"müller@straße.example":                 hash("müller@straße.example"),
		"x@1.2.3.4":                             "x@1.2.3.4",
		"twice%2540example.com":                 hash("twice@example.com"),
		"100% of it":                            "100% of it",
		"a@b.c":                                 "a@b.c",
		"a@b.de@c.fg/":                          hash("a@b.de@c.fg") + "/",
	} {
		if got := param.ScrubText(key, in); got != want {
			t.Errorf("ScrubText(%q) = %q, want %q", in, got, want)
		}
	}
}

// checkScrubbed holds what is kept of a request to what must not be kept.
func checkScrubbed(t *testing.T, v *param.Values) {
	t.Helper()
	for _, n := range []param.Name{param.Token, param.TS, param.Sig} {
		if v.Has(n) {
			t.Errorf("%s is still there: %q", n, v.Get(n))
		}
	}
	for _, n := range []param.Name{param.Email, param.Username, param.EmailSHA256} {
		if s := v.Get(n); s != "" && param.Hash(key, s) != s {
			t.Errorf("%s is not hashed: %q", n, s)
		}
	}
	for _, p := range v.Unknown {
		if param.ScrubText(key, p.Value) != p.Value {
			t.Errorf("%s still holds an e-mail: %q", p.Name, p.Value)
		}
	}
}

func FuzzScrubQuery(f *testing.F) {
	for _, s := range []string{"email=a%40b.com&token=x", "amp;email=a@b.com&who=x%40y.zz", "x=a%2540b.com&&=&%", "email=%ff@b.com&sig=\x00", "0=A@A.A0@0.A0", "goal=x?token=y;email=a@b.com", "order_id=%22x%22%26amp;sig=z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		kept := param.ScrubQuery(param.Signal, key, raw)
		var v param.Values
		_ = v.ScanQuery(param.Signal, kept) // too long is fine
		checkScrubbed(t, &v)
	})
}

func FuzzScrubJSON(f *testing.F) {
	for _, s := range []string{`{"email":"a@b.com","token":"x"}`, `[{"a":{"sig":["x"]}},{}]`, `{email: a@b.com`, `{"a":"b@c.de`, `email=a@b.com`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := param.ScrubJSON(param.Signal, key, body)
		if !json.Valid(body) {
			return
		}
		if body[0] == '{' && !json.Valid(kept) {
			t.Fatalf("ScrubJSON(%q) = %q, which is not JSON", body, kept)
		}
		var v param.Values
		if err := v.AddJSON(param.Signal, kept); err == nil {
			checkScrubbed(t, &v)
		}
	})
}

func TestEmailDigest(t *testing.T) {
	ann := param.Digest("ann@example.com")
	tests := []struct{ name, query, want string }{
		{"of an address", "email=Ann@Example.com%20", ann},
		{"of an address whose plus nobody escaped", "email=ann+x@example.com", param.Digest("ann+x@example.com")},
		{"as it came", "email_sha256=" + ann, ann},
		{"as it came in capitals", "EMAIL_SHA256=" + strings.ToUpper(ann), ann},
		{"under the address's name", "email=" + ann, ann},
		{"of an address under the digest's name", "email_sha256=ann@example.com", ann},
		{"of the address, if both came", "email=ann@example.com&email_sha256=" + param.Digest("bob@example.com"), ann},
		{"of the digest, if the address is none", "email=ann&email_sha256=" + ann, ann},
		{"of no user name", "username=ann@example.com", ""},
		{"of no name", "email=ann", ""},
		{"of no shorter hash", "email_sha256=" + ann[:40], ""},
		{"of nothing", "amount=5", ""},
		{"of what stands for nothing", "email=null&email_sha256=" + param.Digest(""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			if err := v.ScanQuery(param.Signal, tt.query); err != nil {
				t.Fatal(err)
			}
			if got := v.EmailDigest(); got != tt.want {
				t.Errorf("EmailDigest() = %q, want %q", got, tt.want)
			}
			v.Scrub([]byte("key"))
			if got := v.EmailDigest(); got != "" {
				t.Errorf("once scrubbed it gives %q", got)
			}
		})
	}
}
