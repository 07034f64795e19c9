package acmetest

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The kinds of challenges.
const (
	http01    = "http-01"
	tlsALPN01 = "tls-alpn-01"
)

// order is one name that a certificate is asked for.
type order struct {
	id      int
	name    string
	token   string
	account account
	state   string // pending, ready, valid, invalid
	why     string // it is invalid
	tried   string // the kind of challenge that was answered
	chain   []byte
}

func (a *Authority) newOrder(w http.ResponseWriter, _ *http.Request, m message) {
	var in struct {
		Identifiers []struct{ Type, Value string }
	}
	if json.Unmarshal(m.payload, &in) != nil || len(in.Identifiers) != 1 || in.Identifiers[0].Type != "dns" {
		a.problem(w, http.StatusBadRequest, "malformed", "one name at a time")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	o := &order{
		id: len(a.orders), name: in.Identifiers[0].Value, token: rand.Text(), account: m.account, state: "pending",
	}
	a.orders = append(a.orders, o)
	if a.refusing {
		a.problem(w, http.StatusForbidden, "rejectedIdentifier", "the authority gives no certificate to "+o.name)
		return
	}
	w.Header().Set("Location", a.url(fmt.Sprintf("/order/%d", o.id)))
	a.answer(w, http.StatusCreated, a.orderBody(o))
}

func (a *Authority) orderBody(o *order) map[string]any {
	body := map[string]any{
		"status": o.state, "identifiers": []map[string]string{{"type": "dns", "value": o.name}},
		"authorizations": []string{a.url(fmt.Sprintf("/authorization/%d", o.id))},
		"finalize":       a.url(fmt.Sprintf("/finalize/%d", o.id)),
	}
	if o.chain != nil {
		body["certificate"] = a.url(fmt.Sprintf("/certificate/%d", o.id))
	}
	return body
}

// find gives the order that a request names. It holds the lock when it does.
func (a *Authority) find(w http.ResponseWriter, r *http.Request) *order {
	id, err := strconv.Atoi(r.PathValue("id"))
	a.mu.Lock()
	if err != nil || id < 0 || id >= len(a.orders) {
		a.mu.Unlock()
		a.problem(w, http.StatusNotFound, "malformed", "no such order")
		return nil
	}
	return a.orders[id]
}

func (a *Authority) readOrder(w http.ResponseWriter, r *http.Request, _ message) {
	if o := a.find(w, r); o != nil {
		defer a.mu.Unlock()
		a.answer(w, http.StatusOK, a.orderBody(o))
	}
}

func (a *Authority) readAuthorization(w http.ResponseWriter, r *http.Request, _ message) {
	o := a.find(w, r)
	if o == nil {
		return
	}
	defer a.mu.Unlock()
	kinds := a.Kinds
	if kinds == nil {
		kinds = []string{http01, tlsALPN01}
	}
	state := o.state
	if state == "ready" {
		state = "valid"
	}
	challenges := make([]map[string]any, len(kinds))
	for i, kind := range kinds {
		challenges[i] = a.challengeBody(o, kind)
	}
	a.answer(w, http.StatusOK, map[string]any{
		"status": state, "identifier": map[string]string{"type": "dns", "value": o.name}, "challenges": challenges,
	})
}

func (a *Authority) challengeBody(o *order, kind string) map[string]any {
	body := map[string]any{
		"type": kind, "token": o.token, "status": "pending",
		"url": a.url(fmt.Sprintf("/challenge/%d/%s", o.id, kind)),
	}
	if kind == o.tried {
		body["status"] = "valid"
		if o.state == "invalid" {
			body["status"] = "invalid"
			body["error"] = map[string]any{
				"type": "urn:ietf:params:acme:error:unauthorized", "detail": o.why, "status": http.StatusForbidden,
			}
		}
	}
	return body
}

func (a *Authority) answerChallenge(w http.ResponseWriter, r *http.Request, _ message) {
	o := a.find(w, r)
	if o == nil {
		return
	}
	kind := r.PathValue("kind")
	a.mu.Unlock()
	err := a.check(r.Context(), kind, o)
	a.mu.Lock()
	defer a.mu.Unlock()
	if o.tried, o.state = kind, "ready"; err != nil {
		o.state, o.why = "invalid", err.Error()
	} else {
		a.passed = append(a.passed, kind)
	}
	a.answer(w, http.StatusOK, a.challengeBody(o, kind))
}

func (a *Authority) finalize(w http.ResponseWriter, r *http.Request, m message) {
	o := a.find(w, r)
	if o == nil {
		return
	}
	defer a.mu.Unlock()
	if o.state != "ready" {
		a.problem(w, http.StatusForbidden, "orderNotReady", "the order is "+o.state)
		return
	}
	if err := a.issue(o, m.payload); err != nil {
		a.problem(w, http.StatusBadRequest, "badCSR", err.Error())
		return
	}
	o.state = "valid"
	a.answer(w, http.StatusOK, a.orderBody(o))
}

// issue signs what was asked for, if it is for the name that was checked.
func (a *Authority) issue(o *order, payload []byte) error {
	var in struct{ CSR string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return err
	}
	der, err := base64.RawURLEncoding.DecodeString(in.CSR)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return err
	}
	if !slices.Equal(csr.DNSNames, []string{o.name}) {
		return fmt.Errorf("names %v in the request, %s in the order", csr.DNSNames, o.name)
	}
	now := time.Now()
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(int64(o.id) + 2), DNSNames: csr.DNSNames,
		NotBefore: now.Add(-time.Second), NotAfter: now.Add(a.lifetime()),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, a.root, csr.PublicKey, a.key); err != nil {
		return err
	}
	o.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	o.chain = append(o.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
	return nil
}

func (a *Authority) certificate(w http.ResponseWriter, r *http.Request, _ message) {
	o := a.find(w, r)
	if o == nil {
		return
	}
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	w.Header().Set("Content-Type", "application/pem-certificate-chain")
	_, _ = w.Write(o.chain) // a client that has gone sees nothing anyway
}
