package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"waybill/internal/serve/acmetest"
)

// cmdAuthority starts a certificate authority that checks names at two
// addresses, puts its directory into $DIRECTORY and its root into a file:
//
//	authority PLAINADDR TLSADDR ROOTFILE
func cmdAuthority(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: authority PLAINADDR TLSADDR ROOTFILE")
	}
	a, err := acmetest.New()
	ts.Check(err)
	ts.Defer(a.Close)
	a.Plain, a.TLS = args[0], args[1]
	ts.Setenv("DIRECTORY", a.Directory())
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), a.Root(), 0o600))
}

// cmdKeypair writes a certificate for a host, signed by itself, and its key:
//
//	keypair HOST CERTFILE KEYFILE
func cmdKeypair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: keypair HOST CERTFILE KEYFILE")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{args[0]}, BasicConstraintsValid: true, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for i, block := range []pem.Block{{Type: "CERTIFICATE", Bytes: cert}, {Type: "PRIVATE KEY", Bytes: secret}} {
		path := ts.MkAbs(args[i+1])
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
		ts.Check(os.WriteFile(path, pem.EncodeToMemory(&block), 0o600))
	}
}

// cmdHTTPS makes a request to an address as if DNS led there, trusting the
// certificates in a file alone, and prints the answer as http does, or why there
// is none:
//
//	https [-until TEXT] [-H 'Host: name'] ADDR ROOTFILE METHOD URL
func cmdHTTPS(ts *testscript.TestScript, neg bool, args []string) {
	var until, name string
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-until":
			until = args[1]
		case "-H":
			name = strings.TrimPrefix(args[1], "Host: ")
		default:
			ts.Fatalf("https: no option %s", args[0])
		}
		args = args[2:]
	}
	if neg || len(args) != 4 {
		ts.Fatalf("usage: https [-until TEXT] [-H 'Host: name'] ADDR ROOTFILE METHOD URL")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ts.ReadFile(args[1])))
	client := &http.Client{
		Timeout: 5 * time.Second, CheckRedirect: noRedirects.CheckRedirect,
		Transport: &http.Transport{
			DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, args[0])
			},
		},
	}
	var answer string
	ts.Check(poll(15*time.Second, func() error {
		answer = requestOver(client, args[2], args[3], name)
		if !strings.Contains(answer, until) {
			return fmt.Errorf("no %q in the answer:\n%s", until, answer)
		}
		return nil
	}))
	_, _ = ts.Stdout().Write([]byte(answer))
}

// requestOver makes one request, and gives the answer or the error as text.
func requestOver(client *http.Client, method, url, name string) string {
	r, err := http.NewRequest(method, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	r.Host = name
	resp, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d\n", resp.Proto, resp.StatusCode)
	for name, values := range resp.Header {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, ", "))
	}
	if _, err := io.Copy(&b, resp.Body); err != nil {
		return err.Error()
	}
	return b.String() + "\n"
}
