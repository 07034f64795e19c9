package receiver

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/macro"
)

const (
	jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// assertionLife is how long an assertion says that it holds, the most that
	// Google allows.
	assertionLife = time.Hour
	// earlier is how long before its end a token is no longer used, so that none
	// ends on its way.
	earlier = time.Minute
	minRSA  = 2048
)

// serviceAccount is a Google service account: a Grant by a signed assertion (RFC
// 7523), as "Using OAuth 2.0 for server to server applications" describes it. The
// key signs, and never leaves.
type serviceAccount struct {
	email    string
	keyID    string
	key      *rsa.PrivateKey
	tokenURL string
	scope    string
	tag      string // what Key gives
}

// readServiceAccount reads the file that Google gives for a service account.
func readServiceAccount(text, scope string) (*serviceAccount, error) {
	var file struct {
		Type     string `json:"type"`
		Email    string `json:"client_email"`
		KeyID    string `json:"private_key_id"`
		Key      string `json:"private_key"`
		TokenURL string `json:"token_uri"`
	}
	if text == "" {
		return nil, nil // which is reported of the parameter
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil || file.Type != "service_account" {
		return nil, fault.New(fault.Invalid, `is not the key of a service account: paste the whole JSON file, with "type": "service_account"`)
	}
	if file.Email == "" {
		return nil, fault.New(fault.Invalid, "lacks client_email")
	}
	if err := macro.CheckURL(file.TokenURL); err != nil || strings.ContainsAny(file.TokenURL, "{}") {
		return nil, fault.New(fault.Invalid, "lacks token_uri, an address")
	}
	key, err := readKey(file.Key)
	if err != nil {
		return nil, err
	}
	tag := sha256.Sum256([]byte(scope + "\n" + file.TokenURL + "\n" + file.Email + "\n" + file.Key))
	return &serviceAccount{file.Email, file.KeyID, key, file.TokenURL, scope, hex.EncodeToString(tag[:])}, nil
}

func readKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fault.New(fault.Invalid, "lacks private_key, in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Invalid, "has a private_key that cannot be read")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < minRSA {
		return nil, fault.New(fault.Invalid, "has a private_key that is no RSA key of at least %d bits", minRSA)
	}
	return key, nil
}

// Key tells the grants of different keys apart, without telling the key.
func (a *serviceAccount) Key() string { return a.tag }

// Request makes the request for an access token.
func (a *serviceAccount) Request(now time.Time) (Request, error) {
	header := struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		KeyID     string `json:"kid,omitempty"`
	}{"RS256", "JWT", a.keyID}
	claims := struct {
		Issuer   string `json:"iss"`
		Scope    string `json:"scope"`
		Audience string `json:"aud"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}{a.email, a.scope, a.tokenURL, now.Unix(), now.Add(assertionLife).Unix()}
	signed, err := part(header)
	if err != nil {
		return Request{}, err
	}
	payload, err := part(claims)
	if err != nil {
		return Request{}, err
	}
	signed += "." + payload
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return Request{}, fmt.Errorf("sign for an access token: %w", err)
	}
	form := url.Values{
		"grant_type": {jwtGrant},
		"assertion":  {signed + "." + base64.RawURLEncoding.EncodeToString(signature)},
	}
	return Request{
		Method: http.MethodPost, URL: a.tokenURL, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}, nil
}

// part gives one part of a JSON Web Token.
func part(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write an assertion: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// Read gives the token that an answer holds, and until when it is used. Whatever
// is wrong may be mended, so it is never final.
func (a *serviceAccount) Read(now time.Time, status int, body []byte) (token string, expires time.Time, err error) {
	var answer struct {
		Token       string `json:"access_token"`
		Type        string `json:"token_type"`
		Expires     int64  `json:"expires_in"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	failed := json.Unmarshal(body, &answer)
	switch {
	case failed == nil && answer.Error != "":
		return "", time.Time{}, fault.New(fault.Unavailable, "no access token for %s: %s", a.email,
			strings.TrimSpace(answer.Error+" "+answer.Description))
	case failed != nil || status != http.StatusOK || answer.Token == "" || !strings.EqualFold(answer.Type, "Bearer"):
		return "", time.Time{}, fault.New(fault.Unavailable, "no access token for %s: the answer was %s", a.email, named(status))
	case strings.ContainsFunc(answer.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", time.Time{}, fault.New(fault.Unavailable, "no access token for %s: the one that came cannot stand in a header", a.email)
	}
	life := time.Duration(min(max(answer.Expires, 0), int64(assertionLife/time.Second))) * time.Second
	return answer.Token, now.Add(max(life-earlier, 0)), nil
}
