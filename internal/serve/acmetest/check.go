package acmetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/asn1"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// checkHTTP asks for the answer under the name, as RFC 8555, 8.3, has it.
func (a *Authority) checkHTTP(ctx context.Context, o *order) error {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, a.Plain)
		},
	}}
	url := "http://" + o.name + "/.well-known/acme-challenge/" + o.token
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	const longest = 1000
	body, err := io.ReadAll(io.LimitReader(resp.Body, longest))
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(body)); resp.StatusCode != http.StatusOK || got != o.answer() {
		return fmt.Errorf("%s answered %s: %q", url, resp.Status, got)
	}
	return nil
}

// checkTLS asks for the certificate with the answer, as RFC 8737 has it.
func (a *Authority) checkTLS(ctx context.Context, o *order) error {
	d := tls.Dialer{Config: &tls.Config{
		ServerName: o.name, NextProtos: []string{"acme-tls/1"},
		InsecureSkipVerify: true, //nolint:gosec // the answer is no certificate that anybody trusts
	}}
	raw, err := d.DialContext(ctx, "tcp", a.TLS)
	if err != nil {
		return err
	}
	defer raw.Close() //nolint:errcheck // nothing was written
	conn, _ := raw.(*tls.Conn)
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != "acme-tls/1" || len(state.PeerCertificates) != 1 {
		return fmt.Errorf("protocol %q and %d certificates", state.NegotiatedProtocol, len(state.PeerCertificates))
	}
	leaf := state.PeerCertificates[0]
	if len(leaf.DNSNames) != 1 || leaf.DNSNames[0] != o.name {
		return fmt.Errorf("a certificate for %v", leaf.DNSNames)
	}
	sum := sha256.Sum256([]byte(o.answer()))
	want, err := asn1.Marshal(sum[:])
	if err != nil {
		return err
	}
	for _, e := range leaf.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && e.Critical && bytes.Equal(e.Value, want) {
			return nil
		}
	}
	return fmt.Errorf("a certificate without the answer")
}

// answer is what proves that the account's holder answers under the name.
func (o *order) answer() string { return o.token + "." + o.account.thumbprint() }
