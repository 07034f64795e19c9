package acmetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
)

// account is the public key of one who asks, as it was sent.
type account struct {
	CRV, KTY, X, Y string
}

// thumbprint is the key's, by RFC 7638.
func (c account) thumbprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, c.CRV, c.KTY, c.X, c.Y))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// verify checks an ES256 signature.
func (c account) verify(text string, signature []byte) error {
	x, errX := base64.RawURLEncoding.DecodeString(c.X)
	y, errY := base64.RawURLEncoding.DecodeString(c.Y)
	const half = 32
	if errX != nil || errY != nil || c.CRV != "P-256" || len(x) != half || len(y) != half || len(signature) != 2*half {
		return fmt.Errorf("not an ES256 key and signature: %+v", c)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
	if !ecdsa.Verify(key, sum[:], r, s) {
		return fmt.Errorf("the signature is wrong")
	}
	return nil
}

// message is a signed request.
type message struct {
	account account
	payload []byte
}

// signed takes a request apart and checks its signature.
func (a *Authority) signed(next func(http.ResponseWriter, *http.Request, message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		const longest = 1 << 20
		body, err := io.ReadAll(io.LimitReader(r.Body, longest))
		if err == nil {
			var m message
			if m, err = a.open(body); err == nil {
				next(w, r, m)
				return
			}
		}
		a.problem(w, http.StatusBadRequest, "malformed", err.Error())
	}
}

func (a *Authority) open(body []byte) (message, error) {
	var jws struct{ Protected, Payload, Signature string }
	if err := json.Unmarshal(body, &jws); err != nil {
		return message{}, err
	}
	head, err := base64.RawURLEncoding.DecodeString(jws.Protected)
	if err != nil {
		return message{}, err
	}
	var header struct {
		Alg, Kid string
		JWK      *account
	}
	if err := json.Unmarshal(head, &header); err != nil {
		return message{}, err
	}
	var m message
	switch {
	case header.JWK != nil:
		m.account = *header.JWK
	default:
		if m.account, err = a.accountOf(header.Kid); err != nil {
			return m, err
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(jws.Signature)
	if err != nil {
		return m, err
	}
	if err := m.account.verify(jws.Protected+"."+jws.Payload, signature); err != nil {
		return m, err
	}
	m.payload, err = base64.RawURLEncoding.DecodeString(jws.Payload)
	return m, err
}

func (a *Authority) accountOf(kid string) (account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, known := range a.accounts {
		if strings.HasSuffix(kid, "/account/"+known.thumbprint()) {
			return known, nil
		}
	}
	return account{}, fmt.Errorf("no account %s", kid)
}

func (a *Authority) newAccount(w http.ResponseWriter, _ *http.Request, m message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.accounts, m.account) {
		a.accounts = append(a.accounts, m.account)
	}
	w.Header().Set("Location", a.url("/account/"+m.account.thumbprint()))
	a.answer(w, http.StatusCreated, map[string]string{"status": "valid"})
}
