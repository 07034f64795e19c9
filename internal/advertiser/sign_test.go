package advertiser_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/signal"
)

// now is when requests are received.
func now() time.Time { return time.Unix(1_800_000_000, 500) }

// signedQuery gives the credential that a signed URL comes with, read as the
// contract says: ts is a parameter, sig stands last.
func signedQuery(t *testing.T, query string) advertiser.Credential {
	t.Helper()
	payload, sig, found := strings.Cut(query, "&sig=")
	values, err := url.ParseQuery(payload)
	if err != nil || !found {
		t.Fatalf("%q is not a signed query: %v", query, err)
	}
	return advertiser.Credential{Channel: signal.Postback, Timestamp: values.Get("ts"), Signature: sig, Payload: payload}
}

type checkTest struct {
	name string
	auth advertiser.Auth
	sent advertiser.Credential
	want signal.Code
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range append(append(tokens(), signatures(t)...), headers()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := usual()
			a.PostbackAuth = tt.auth
			if tt.sent.Channel == "" {
				tt.sent.Channel = signal.Postback
			}
			if got := a.Check(tt.sent, now()); got != tt.want {
				t.Errorf("Check() = %s, want %s", got, tt.want)
			}
		})
	}
}

func tokens() []checkTest {
	type c = advertiser.Credential
	right := usual().Token
	return []checkTest{
		{"nothing, where nothing is asked for", advertiser.AuthOff, c{}, signal.OK},
		{"the token, where nothing is asked for", advertiser.AuthOff, c{Token: right}, signal.OK},
		{"a wrong token, where nothing is asked for", advertiser.AuthOff, c{Token: "x"}, signal.TokenInvalid},
		{"the token", advertiser.AuthToken, c{Token: right}, signal.OK},
		{"no token", advertiser.AuthToken, c{}, signal.TokenMissing},
		{"a wrong token", advertiser.AuthToken, c{Token: right + "x"}, signal.TokenInvalid},
		{"a token in capitals", advertiser.AuthToken, c{Token: strings.ToUpper(right)}, signal.TokenInvalid},
		{"the signing secret as a token", advertiser.AuthToken, c{Token: usual().SigSecret}, signal.TokenInvalid},
		{"a token, where a signature is asked for", advertiser.AuthSignature, c{Token: right}, signal.SignatureInvalid},
		{"nothing, where a signature is asked for", advertiser.AuthSignature, c{}, signal.SignatureInvalid},
		{"a pixel without a token", advertiser.AuthToken, c{Channel: signal.Pixel}, signal.OK},
		{"a pixel with a wrong token", advertiser.AuthToken, c{Channel: signal.Pixel, Token: "x"}, signal.TokenInvalid},
		{"the SDK without a signature", advertiser.AuthSignature, c{Channel: signal.SDK}, signal.OK},
		{"the API without a signature", advertiser.AuthSignature, c{Channel: signal.API}, signal.OK},
		{"an import without a token", advertiser.AuthToken, c{Channel: signal.Import}, signal.OK},
		{"a channel of a later version without a token", advertiser.AuthToken, c{Channel: "fax"}, signal.TokenMissing},
	}
}

func signatures(t *testing.T) []checkTest {
	t.Helper()
	signed := func(secret, query string, at time.Time) advertiser.Credential {
		return signedQuery(t, advertiser.SignQuery(secret, query, at))
	}
	secret, query := usual().SigSecret, "transaction_id=abc&amount=12.50"
	right := signed(secret, query, now())
	changed, other, noTime, notHex, short, capitals, both := right, right, right, right, right, right, right
	changed.Payload = strings.Replace(right.Payload, "12.50", "99.50", 1)
	other.Timestamp = "1800000001"
	noTime.Timestamp = ""
	notHex.Signature = "zz" + right.Signature[2:]
	short.Signature = right.Signature[:32]
	capitals.Signature = strings.ToUpper(right.Signature)
	both.Token = "x"
	return []checkTest{
		{"a signed URL", advertiser.AuthSignature, right, signal.OK},
		{"a signature in capitals", advertiser.AuthSignature, capitals, signal.OK},
		{"a signature, where a token is asked for", advertiser.AuthToken, right, signal.OK},
		{"a signature, where nothing is asked for", advertiser.AuthOff, right, signal.OK},
		{"a signature of no parameters", advertiser.AuthSignature, signed(secret, "", now()), signal.OK},
		{"a changed amount", advertiser.AuthSignature, changed, signal.SignatureInvalid},
		{"another time than was signed", advertiser.AuthSignature, other, signal.SignatureInvalid},
		{"no time", advertiser.AuthSignature, noTime, signal.SignatureInvalid},
		{"a signature that is not hex", advertiser.AuthSignature, notHex, signal.SignatureInvalid},
		{"half a signature", advertiser.AuthSignature, short, signal.SignatureInvalid},
		{"another secret", advertiser.AuthSignature, signed("x"+secret, query, now()), signal.SignatureInvalid},
		{"the token as a secret", advertiser.AuthSignature, signed(usual().Token, query, now()), signal.SignatureInvalid},
		{"a wrong signature, where nothing is asked for", advertiser.AuthOff, changed, signal.SignatureInvalid},
		{"a wrong token beside a right signature", advertiser.AuthSignature, both, signal.TokenInvalid},
		{"a signature of 5 minutes ago", advertiser.AuthSignature, signed(secret, query, now().Add(-5*time.Minute)), signal.SignatureExpired}, // and 500 ns
		{"a signature of just less", advertiser.AuthSignature, signed(secret, query, now().Add(-299*time.Second)), signal.OK},
		{"a signature of 5 minutes ahead", advertiser.AuthSignature, signed(secret, query, now().Add(300*time.Second)), signal.OK},
		{"a signature of more", advertiser.AuthSignature, signed(secret, query, now().Add(301*time.Second)), signal.SignatureExpired},
		{"an old wrong signature is wrong", advertiser.AuthSignature, signed("x", query, now().Add(-time.Hour)), signal.SignatureInvalid},
	}
}

func headers() []checkTest {
	const body = `{"transaction_id":"abc"}`
	secret := usual().SigSecret
	right := advertiser.SignBody(secret, body, now())
	sent := func(header, body string) advertiser.Credential {
		return advertiser.Credential{Header: header, Payload: body}
	}
	withQuery := sent("nonsense", body)
	withQuery.Timestamp, withQuery.Signature = "1800000000", strings.TrimPrefix(right, "t=1800000000,v1=")
	return []checkTest{
		{"a signed body", advertiser.AuthSignature, sent(right, body), signal.OK},
		{"a signed body with spaces in the header", advertiser.AuthSignature, sent(strings.Replace(right, ",", ", ", 1), body), signal.OK},
		{"another body", advertiser.AuthSignature, sent(right, body+" "), signal.SignatureInvalid},
		{"an old body", advertiser.AuthSignature, sent(advertiser.SignBody(secret, body, now().Add(-time.Hour)), body), signal.SignatureExpired},
		{"a header without a time", advertiser.AuthSignature, sent(right[len("t=1800000000,"):], body), signal.SignatureInvalid},
		{"a header that is none, where nothing is asked for", advertiser.AuthOff, sent("Bearer x", body), signal.SignatureInvalid},
		{"a header that is none beside a right sig", advertiser.AuthOff, withQuery, signal.SignatureInvalid},
	}
}

// TestSignatureIsTheContracts makes a signature by hand, as an advertiser's
// programmer reads the contract.
func TestSignatureIsTheContracts(t *testing.T) {
	t.Parallel()
	h := hmac.New(sha256.New, []byte("secret"))
	h.Write([]byte("1800000000.transaction_id=abc&ts=1800000000"))
	want := "transaction_id=abc&ts=1800000000&sig=" + hex.EncodeToString(h.Sum(nil))
	if got := advertiser.SignQuery("secret", "transaction_id=abc", now()); got != want {
		t.Errorf("SignQuery() = %s, want %s", got, want)
	}
	h.Reset()
	h.Write([]byte("1800000000.{}"))
	want = "t=1800000000,v1=" + hex.EncodeToString(h.Sum(nil))
	if got := advertiser.SignBody("secret", "{}", now()); got != want {
		t.Errorf("SignBody() = %s, want %s", got, want)
	}
}

func TestCheckWithoutSecrets(t *testing.T) {
	t.Parallel()
	a := advertiser.Default()
	if got := a.Check(advertiser.Credential{Channel: signal.Postback, Token: "x"}, now()); got != signal.TokenInvalid {
		t.Errorf("Check() of a token where there is none = %s, want token_invalid", got)
	}
	sent := signedQuery(t, advertiser.SignQuery("", "a=b", now()))
	if got := a.Check(sent, now()); got != signal.SignatureInvalid {
		t.Errorf("Check() of a signature under no secret = %s, want signature_invalid", got)
	}
}

// TestSecretsOfBefore moves an advertiser to new secrets: the old ones are
// believed beside them until they are taken out.
func TestSecretsOfBefore(t *testing.T) {
	t.Parallel()
	rotating, done := usual(), usual()
	rotating.PreviousToken, rotating.PreviousSigSecret = "token-of-before", "secret-of-before"
	byToken := func(token string) advertiser.Credential {
		return advertiser.Credential{Channel: signal.Postback, Token: token}
	}
	bySignature := func(secret string) advertiser.Credential {
		return signedQuery(t, advertiser.SignQuery(secret, "a=b", now()))
	}
	tests := []struct {
		name   string
		auth   advertiser.Auth
		sent   advertiser.Credential
		during signal.Code
		after  signal.Code
	}{
		{"the token", advertiser.AuthToken, byToken(usual().Token), signal.OK, signal.OK},
		{"the token of before", advertiser.AuthToken, byToken("token-of-before"), signal.OK, signal.TokenInvalid},
		{"no token", advertiser.AuthToken, byToken(""), signal.TokenMissing, signal.TokenMissing},
		{"the secret of before as a token", advertiser.AuthToken, byToken("secret-of-before"), signal.TokenInvalid, signal.TokenInvalid},
		{"the secret", advertiser.AuthSignature, bySignature(usual().SigSecret), signal.OK, signal.OK},
		{"the secret of before", advertiser.AuthSignature, bySignature("secret-of-before"), signal.OK, signal.SignatureInvalid},
		{"no secret at all", advertiser.AuthSignature, bySignature(""), signal.SignatureInvalid, signal.SignatureInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			during, after := rotating, done
			during.PostbackAuth, after.PostbackAuth = tt.auth, tt.auth
			if got := during.Check(tt.sent, now()); got != tt.during {
				t.Errorf("Check() = %s, want %s", got, tt.during)
			}
			if got := after.Check(tt.sent, now()); got != tt.after {
				t.Errorf("Check() when the old secrets are taken out = %s, want %s", got, tt.after)
			}
		})
	}
}

func TestCheckAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		allow   string
		addr    string
		channel signal.Channel
		token   string
		want    signal.Code
	}{
		{"an address on the list", "203.0.113.0/24", "203.0.113.9", signal.Postback, "", signal.OK},
		{"an address not on it", "203.0.113.0/24", "203.0.114.9", signal.Postback, "", signal.IPNotAllowed},
		{"an IPv4 address within IPv6", "203.0.113.0/24", "::ffff:203.0.113.9", signal.Postback, "", signal.OK},
		{"an IPv6 address with a zone", "fe80::/10", "fe80::1%eth0", signal.Postback, "", signal.OK},
		{"an unknown address", "0.0.0.0/0", "", signal.Postback, "", signal.IPNotAllowed},
		{"a browser from anywhere", "203.0.113.0/24", "203.0.114.9", signal.Pixel, "", signal.OK},
		{"who is not on the list cannot try tokens", "203.0.113.0/24", "203.0.114.9", signal.Postback, "x", signal.IPNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := usual()
			a.IPAllow = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix(tt.allow)}
			addr, _ := netip.ParseAddr(tt.addr)
			got := a.Check(advertiser.Credential{Channel: tt.channel, Addr: addr, Token: tt.token}, now())
			if got != tt.want {
				t.Errorf("Check() from %s = %s, want %s", tt.addr, got, tt.want)
			}
		})
	}
}
