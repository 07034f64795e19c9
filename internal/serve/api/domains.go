package api

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/host"
)

// CertificateState is how a domain's certificate stands on the node that
// answers.
type CertificateState struct {
	State     string     `json:"state" enum:"ready,waiting,failing,expired,idle,off" doc:"ready: it is served. waiting: there is none yet. failing: there is none, for the reason in problem. expired: browsers refuse it. idle: none is wanted. off: this node does not answer TLS."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Of the certificate that is served."`
	Issuer    string     `json:"issuer,omitempty" doc:"Who gave the certificate that is served."`
	CheckedAt *time.Time `json:"checked_at,omitempty" doc:"When it was last looked at."`
	NextAt    *time.Time `json:"next_attempt_at,omitempty" doc:"When the authority is asked again, after a failure."`
	Problem   string     `json:"problem,omitempty" doc:"What went wrong last. Beside a certificate that is ready: with its renewal."`
}

func (a *API) domains() resource[int64, host.Domain] {
	return resource[int64, host.Domain]{
		path: "domains", tag: "Administration", right: account.Administer, one: "domain", schema: "Domain", kind: kindNetwork,
		called: "host name",
		text: "A domain is a host name of an advertiser's own under which Waybill answers, so that a click's cookie is one of the advertiser's site and its pixels find it. " +
			"Only tracking answers there, and only that advertiser's.",
		example: `{"host":"go.shop.example","advertiser_id":1}`,
		patch:   `{"certificate":"file","cert_file":"shop/fullchain.pem","key_file":"shop/privkey.pem"}`,
		table:   a.Domains,
		initial: func(int64) host.Domain { return host.Default() },
		key:     func(v host.Domain) int64 { return v.ID },
		check:   func(v host.Domain) error { return errors.Join(v.Validate(), a.notOurs(v.Host)) },
		filters: []filter[host.Domain]{
			{"advertiser_id", "Only domains of this advertiser.", func(v host.Domain) string { return number(v.AdvertiserID) }},
			{"status", "Only domains of this status.", func(v host.Domain) string { return string(v.Status) }},
		},
		belongs: networkOnly[host.Domain],
		complete: func(v *host.Domain) error {
			v.Normalise()
			return nil
		},
		fixed: func(before, after host.Domain) error {
			after.Normalise()
			if before.Host != after.Host {
				return fault.At("host", "stays: links in the wild lead there; pause this domain and create another")
			}
			return nil
		},
		warn: a.domainWarnings,
		beside: &beside[host.Domain]{
			name:   "tls",
			schema: func(s *schemas) *huma.Schema { return schemaOf[CertificateState](s) },
			value:  func(_ account.Principal, v host.Domain) any { return a.certificateState(v) },
		},
	}
}

// notOurs refuses the host of the installation itself: under it the links of all
// advertisers are answered, and where there is no other listener the API.
func (a *API) notOurs(name string) error {
	u, err := url.Parse(a.PublicURL)
	if err != nil || name == "" {
		return nil //nolint:nilerr // no URL, no host that could be it
	}
	if ours, err := host.Parse(u.Hostname()); err == nil && ours == name {
		return fault.At("host", "is this installation's own; a domain is a name of the advertiser's")
	}
	return nil
}

func (a *API) domainWarnings(_ context.Context, v host.Domain) []warning {
	var all []warning
	for _, w := range v.Warnings() {
		all = append(all, warning{Field: w.Field, Message: w.Text})
	}
	if a.Certificates == nil && v.Certificate != host.None {
		all = append(all, warning{Field: "certificate", Message: "this node does not answer TLS: start it with --tls-listen, or set certificate to none where a proxy does"})
	}
	return all
}

func (a *API) certificateState(v host.Domain) CertificateState {
	switch {
	case v.Status != host.Active || v.Certificate == host.None:
		return CertificateState{State: "idle"}
	case a.Certificates == nil:
		return CertificateState{State: "off"}
	default:
		return a.Certificates(v)
	}
}
