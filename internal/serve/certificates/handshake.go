package certificates

import (
	"crypto/tls"
	"net/http"

	"github.com/caddyserver/certmagic"

	"waybill/internal/host"
)

// challengeProtocol is what an authority speaks that checks by TLS-ALPN-01.
const challengeProtocol = "acme-tls/1"

// TLSConfig gives what a listener shows to browsers: the certificate of the
// domain that they ask for.
func (k *Keeper) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: k.certificate,
		NextProtos:     []string{"h2", "http/1.1", challengeProtocol},
	}
}

// certificate gives the certificate for a handshake. Without one the browser is
// told that the name is unknown, whatever the reason.
func (k *Keeper) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	d, ok := k.domain(hello.ServerName)
	if !ok || d.Status != host.Active {
		return nil, nil //nolint:nilnil // as tls wants it of a name that is not known
	}
	switch d.Certificate {
	case host.File:
		return k.ofFiles(d.Host), nil
	case host.ACME:
		if !challenge(hello) && k.managed(d.Host) == nil {
			return nil, nil //nolint:nilnil // as above
		}
		return k.magic.GetCertificate(hello)
	case host.None:
	}
	return nil, nil //nolint:nilnil // as above
}

// challenge reports whether an authority wants to see the answer to its
// question, by TLS-ALPN-01.
func challenge(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == challengeProtocol
}

func (k *Keeper) ofFiles(name string) *tls.Certificate {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if e := k.known[name]; e != nil {
		return e.file
	}
	return nil
}

// Challenges answers an authority's questions by HTTP-01 about the domains that
// a certificate is asked for, and hands everything else on.
func (k *Keeper) Challenges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if certmagic.LooksLikeHTTPChallenge(r) {
			if d, ok := k.domain(r.Host); ok && k.wanted(d.Host) && k.acme.HandleHTTPChallenge(w, r) {
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
