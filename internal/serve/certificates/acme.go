package certificates

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"waybill/internal/fault"
	"waybill/internal/host"
)

// begin makes what speaks ACME. Its own log is left out: what matters comes
// through its events, and State.
func (k *Keeper) begin() {
	silent := zap.NewNop()
	k.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return k.magic, nil },
		RenewCheckInterval: k.settings.RenewEvery,
		Logger:             silent,
	})
	k.magic = certmagic.New(k.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: k.settings.Store},
		OnEvent: k.heard,
		Logger:  silent,
	})
	k.acme = certmagic.NewACMEIssuer(k.magic, certmagic.ACMEIssuer{
		CA:     k.settings.Directory,
		Email:  k.settings.Email,
		Agreed: true,
		// The listeners are the node's own, so none is opened beside them.
		ListenHost:     listenHost(k.settings.TLS.Addr(), k.settings.Plain.Addr()),
		AltHTTPPort:    int(k.settings.Plain.Port()),
		AltTLSALPNPort: int(k.settings.TLS.Port()),
		Logger:         silent,
	})
	k.magic.Issuers = []certmagic.Issuer{gate{k.acme, k.wanted}}
}

// listenHost gives the first address that is not all of them.
func listenHost(addrs ...netip.Addr) string {
	for _, a := range addrs {
		if a.IsValid() && !a.IsUnspecified() {
			return a.String()
		}
	}
	return ""
}

// gate lets only those orders through to an authority that are wanted.
type gate struct {
	*certmagic.ACMEIssuer
	wanted func(name string) bool
}

// PreCheck never asks the terminal for what is not configured.
func (g gate) PreCheck(ctx context.Context, names []string, _ bool) error {
	return g.ACMEIssuer.PreCheck(ctx, names, false)
}

// Issue gets a certificate, if every name on it is wanted.
func (g gate) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	if len(csr.DNSNames) == 0 || len(csr.IPAddresses)+len(csr.EmailAddresses)+len(csr.URIs) > 0 {
		return nil, fault.New(fault.Forbidden, "only host names get a certificate")
	}
	for _, name := range csr.DNSNames {
		if !g.wanted(name) {
			return nil, fault.New(fault.Forbidden, "%s is no active domain whose certificate comes from ACME", name)
		}
	}
	return g.ACMEIssuer.Issue(ctx, csr)
}

// wanted is the one decision about which names a certificate is asked for.
func (k *Keeper) wanted(name string) bool {
	d, ok := k.domain(name)
	return ok && d.Host == name && d.Status == host.Active && d.Certificate == host.ACME
}

// heard notes what becomes of certificates from ACME.
func (k *Keeper) heard(ctx context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	renewal, _ := data["renewal"].(bool)
	switch event {
	case "cert_obtained":
		k.obtained(name, renewal)
		k.log.LogAttrs(ctx, slog.LevelInfo, "certificate obtained", slog.String("host", name), slog.Bool("renewal", renewal))
	case "cert_failed":
		err, _ := data["error"].(error)
		k.failed(name, renewal, err)
		if renewal { // the first one's failure is told by who asked for it
			k.log.LogAttrs(ctx, slog.LevelWarn, "certificate not renewed", slog.String("host", name), slog.Any("error", err))
		}
	}
	return nil
}

func (k *Keeper) obtained(name string, renewal bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if renewal {
		k.attempts.renewed++
	} else {
		k.attempts.obtained++
	}
	if e := k.known[name]; e != nil {
		e.checked, e.problem = time.Now(), ""
	}
}

func (k *Keeper) failed(name string, renewal bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.attempts.failed++
	if e := k.known[name]; e != nil && renewal {
		e.checked, e.problem = time.Now(), reason(told(err))
	}
}

// told gives err, or one that says that there was none to tell.
func told(err error) error {
	if err == nil {
		return errors.New("the authority did not say why")
	}
	return err
}

// managed gives the certificate from ACME that is served for a name, nil when
// there is none.
func (k *Keeper) managed(name string) *x509.Certificate {
	var best *x509.Certificate
	for _, c := range k.cache.AllMatchingCertificates(name) {
		if leaf := c.Leaf; leaf != nil && (best == nil || leaf.NotAfter.After(best.NotAfter)) {
			best = leaf
		}
	}
	return best
}
