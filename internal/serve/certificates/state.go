package certificates

import (
	"crypto/x509"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/host"
)

// Condition is how a domain's certificate stands, in one word.
type Condition string

// The conditions.
const (
	Ready   Condition = "ready"   // served
	Waiting Condition = "waiting" // none yet, and nothing went wrong
	Failing Condition = "failing" // none, since something went wrong
	Expired Condition = "expired" // served, but browsers refuse it
	Idle    Condition = "idle"    // none is wanted: the domain is paused, or TLS ends at a proxy
)

// State is how a domain's certificate stands on this node. A problem beside a
// certificate that is ready is one with its renewal.
type State struct {
	Condition Condition
	ExpiresAt time.Time // of the certificate that is served; zero without one
	Issuer    string
	CheckedAt time.Time // when it was last looked at
	NextAt    time.Time // when an authority is asked again, after a failure
	Problem   string    // what went wrong last; empty when nothing
}

// State tells how a domain's certificate stands.
func (k *Keeper) State(d *host.Domain) State {
	if d.Status != host.Active || d.Certificate == host.None {
		return State{Condition: Idle}
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	e := k.known[d.Host]
	if e == nil || e.from != d.Certificate {
		return State{Condition: Waiting}
	}
	return k.stateOf(d.Host, e)
}

func (k *Keeper) stateOf(name string, e *kept) State {
	s := State{Condition: Waiting, CheckedAt: e.checked, NextAt: e.next, Problem: e.problem}
	leaf := k.served(name, e)
	switch {
	case leaf == nil && e.problem != "":
		s.Condition = Failing
	case leaf == nil:
	case time.Now().After(leaf.NotAfter):
		s.Condition = Expired
	default:
		s.Condition = Ready
	}
	if leaf != nil {
		s.ExpiresAt, s.Issuer = leaf.NotAfter, leaf.Issuer.String()
	}
	return s
}

// served gives the certificate that browsers are shown, nil when there is none.
func (k *Keeper) served(name string, e *kept) *x509.Certificate {
	if e.from == host.ACME {
		return k.managed(name)
	}
	if e.file == nil {
		return nil
	}
	return e.file.Leaf
}

// Problems gives a line for each domain that needs a person, by its host.
func (k *Keeper) Problems() map[string]string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	all := map[string]string{}
	for name, e := range k.known {
		switch s := k.stateOf(name, e); {
		case s.Problem != "":
			all[name] = s.Problem
		case s.Condition == Expired:
			all[name] = "the certificate has expired"
		}
	}
	return all
}

// Describe announces nothing: what is collected depends on the domains.
func (k *Keeper) Describe(chan<- *prometheus.Desc) {}

// Collect shows when certificates expire, which of them have a problem, and how
// often an authority was asked.
func (k *Keeper) Collect(out chan<- prometheus.Metric) {
	expiry := prometheus.NewDesc("waybill_certificate_expiry_timestamp_seconds",
		"When the certificate that is served for a tracking domain expires, in Unix time.", []string{"host"}, nil)
	problem := prometheus.NewDesc("waybill_certificate_problem",
		"1 for a tracking domain whose certificate is missing, expired or could not be renewed.", []string{"host"}, nil)
	asked := prometheus.NewDesc("waybill_certificate_requests_total",
		"Certificates asked for by ACME, by what came of it.", []string{"outcome"}, nil)
	k.mu.RLock()
	defer k.mu.RUnlock()
	for name, e := range k.known {
		s := k.stateOf(name, e)
		bad := 0.0
		if s.Problem != "" || s.Condition == Expired {
			bad = 1
		}
		out <- prometheus.MustNewConstMetric(problem, prometheus.GaugeValue, bad, name)
		if !s.ExpiresAt.IsZero() {
			out <- prometheus.MustNewConstMetric(expiry, prometheus.GaugeValue, float64(s.ExpiresAt.Unix()), name)
		}
	}
	for outcome, n := range map[string]uint64{
		"obtained": k.attempts.obtained, "renewed": k.attempts.renewed, "failed": k.attempts.failed,
	} {
		out <- prometheus.MustNewConstMetric(asked, prometheus.CounterValue, float64(n), outcome)
	}
}
