package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/serve/api"
	"waybill/internal/serve/certificates"
)

// secure is how a node answers under advertisers' own names over TLS.
type secure struct {
	TLSListen     string `name:"tls-listen" placeholder:"ADDR" help:"Also answer over TLS, such as :443, under the domains of advertisers and with their certificates. Left open: TLS ends at a proxy."`
	TLSFiles      string `name:"tls-files" placeholder:"DIR" help:"Folder that certificate files of domains lie in. Left open: certificates in the data folder."`
	TLSPublic     bool   `name:"tls-public" help:"Answer over TLS under the host of --public-url too, with a certificate by ACME."`
	ACMEEmail     string `name:"acme-email" placeholder:"ADDR" help:"Whom the certificate authority writes to when something is wrong."`
	ACMEDirectory string `name:"acme-directory" placeholder:"URL" help:"The certificate authority, by its ACME directory. Left open: Let's Encrypt."`
}

// valid looks for what the parser cannot see.
func (s *secure) valid(publicURL string) error {
	if s.TLSListen == "" {
		if s.TLSPublic {
			return fault.New(fault.Invalid, "--tls-public needs --tls-listen")
		}
		return nil
	}
	if s.TLSPublic && ownHost(publicURL) == "" {
		return fault.New(fault.Invalid, "--tls-public needs a --public-url such as https://go.example.com, and it is %q", publicURL)
	}
	if s.ACMEEmail != "" {
		if a, err := mail.ParseAddress(s.ACMEEmail); err != nil || a.Address != s.ACMEEmail {
			return fault.New(fault.Invalid, "--acme-email %q is not an e-mail address", s.ACMEEmail)
		}
	}
	if s.ACMEDirectory == "" {
		return nil
	}
	if !private(s.ACMEDirectory) {
		return fault.New(fault.Invalid, "--acme-directory %q is not an https URL", s.ACMEDirectory)
	}
	return nil
}

// ownHost gives the host of the public URL as host names are written here; empty
// when it is none that a certificate is given to.
func ownHost(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	name, err := host.Parse(u.Hostname())
	if err != nil {
		return ""
	}
	return name
}

// private reports whether nobody on the way to a URL can read along: it is one of
// https, or of this machine.
func private(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && a.IsLoopback()
}

// The folders of certificates in a data folder.
const (
	acmeFolder        = "acme"
	certificateFolder = "certificates"
)

// listenTLS opens the listener for advertisers' own names, beside the plain one,
// and makes what keeps their certificates.
func (n *node) listenTLS(plain net.Listener, tracking, public http.Handler) (door, error) {
	l, err := net.Listen("tcp", n.settings.TLSListen) //nolint:noctx // a listener opens at once
	if err != nil {
		return door{}, fmt.Errorf("listen on %s: %w; choose another with --tls-listen", n.settings.TLSListen, err)
	}
	own := ""
	if n.settings.TLSPublic {
		own = ownHost(n.publicURL)
	}
	n.certificates = certificates.New(n.Catalog, certificates.Settings{
		Store: filepath.Join(n.dir, acmeFolder),
		Files: cmp.Or(n.settings.TLSFiles, filepath.Join(n.dir, certificateFolder)),
		Email: n.settings.ACMEEmail, Directory: n.settings.ACMEDirectory,
		Own: own, Plain: addrOf(plain), TLS: addrOf(l),
	}, n.log)
	n.metrics.MustRegister(n.certificates)
	return door{name: "tls", listener: l, handler: asShown(byName(n.Catalog, tracking, ofName(own, public))), tls: n.certificates.TLSConfig()}, nil
}

func addrOf(l net.Listener) netip.AddrPort {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// byName lets only tracking answer under advertisers' own names, and everything
// under all others: who may set up DNS for a name must not lead browsers to the
// API by it.
func byName(current func() *catalog.Catalog, tracking, everything http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, ok := current().Domain(r.Host)
		switch {
		case !ok:
			everything.ServeHTTP(w, r)
		case d.Status != host.Active:
			http.NotFound(w, r)
		default:
			tracking.ServeHTTP(w, r)
		}
	})
}

// ofName lets a handler answer under one name alone.
func ofName(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name == "" || !sameName(r.Host, name) {
			misdirected(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asShown refuses requests for another name than the one whose certificate was
// shown.
func asShown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || !sameName(r.Host, r.TLS.ServerName) {
			misdirected(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func sameName(a, b string) bool {
	var one, other host.Key
	return bytes.Equal(host.AppendKey(one[:0], a), host.AppendKey(other[:0], b))
}

// misdirected tells a browser to come again on a connection of its own.
func misdirected(w http.ResponseWriter) {
	http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
}

// certificateOf gives the API the state of a domain's certificate; nil where the
// node does not answer TLS.
func (n *node) certificateOf() func(host.Domain) api.CertificateState {
	if n.certificates == nil {
		return nil
	}
	return func(d host.Domain) api.CertificateState {
		s := n.certificates.State(&d)
		return api.CertificateState{
			State: string(s.Condition), Issuer: s.Issuer, Problem: s.Problem,
			ExpiresAt: ifKnown(s.ExpiresAt), CheckedAt: ifKnown(s.CheckedAt), NextAt: ifKnown(s.NextAt),
		}
	}
}

func ifKnown(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// limpingCertificates lists which certificates need a person.
func (n *node) limpingCertificates() []string {
	if n.certificates == nil {
		return nil
	}
	var all []string
	for name, why := range n.certificates.Problems() {
		all = append(all, fmt.Sprintf("warning: certificate of %s: %s", name, why))
	}
	slices.Sort(all)
	return all
}

// accept answers on the door's listener, over TLS where it has certificates.
func (d door) accept(s *http.Server) error {
	if d.tls == nil {
		return s.Serve(d.listener)
	}
	s.TLSConfig = d.tls
	return s.ServeTLS(d.listener, "", "")
}
