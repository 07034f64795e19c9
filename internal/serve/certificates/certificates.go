// Package certificates keeps the certificates of advertisers' tracking domains
// and shows them when a browser asks.
//
// A certificate is either asked for by ACME and renewed in time, or read from
// files and read again when they change. These always hold:
//
//   - A certificate is asked for only for an active domain of the catalog whose
//     certificate is to come from ACME, and for the installation's own name if
//     the operator wants it. Nothing that a visitor sends leads to one: a
//     handshake for any other name is turned away.
//   - A domain whose certificate is broken is seen in State and in the metrics.
//     It holds up neither the other domains nor the node.
//   - A certificate that is there is not given up for one that is broken.
//   - Private keys are written to files that only the owner may read.
package certificates

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/caddyserver/certmagic"

	"waybill/internal/catalog"
	"waybill/internal/host"
)

// Settings is what a Keeper works by.
type Settings struct {
	Store     string         // folder for certificates and account keys from ACME
	Files     string         // folder that certificate files are read from
	Email     string         // whom the authority writes to; may be empty
	Directory string         // of the authority; Let's Encrypt's when empty
	Own       string         // the installation's own host, where it too gets a certificate by ACME
	Plain     netip.AddrPort // where this node answers HTTP, and so challenges
	TLS       netip.AddrPort // where it answers TLS, and so challenges
	// Every is how often files are read and missing certificates looked for;
	// half a minute when zero.
	Every time.Duration
	// RenewEvery is how often certificates from ACME are looked at for renewal;
	// ten minutes when zero.
	RenewEvery time.Duration
}

// Keeper keeps the certificates. Run does the work; all else may be called at
// any time.
type Keeper struct {
	catalog  func() *catalog.Catalog
	settings Settings
	log      *slog.Logger

	cache *certmagic.Cache
	magic *certmagic.Config
	acme  *certmagic.ACMEIssuer

	nudge chan struct{}
	slots chan struct{} // taken by those who ask an authority

	mu    sync.RWMutex
	known map[string]*kept // by host

	attempts struct{ obtained, renewed, failed uint64 } // under mu
}

// kept is what is known of one domain's certificate.
type kept struct {
	from host.Certificate

	file   *tls.Certificate // what is served, where it comes from files
	digest [32]byte         // of the files as they were last read

	problem  string // what went wrong last; empty when nothing
	checked  time.Time
	failures int       // in a row, until there is a certificate
	next     time.Time // when an authority is asked again
	asking   bool
}

// atOnce is how many certificates are asked for at the same time.
const atOnce = 16

// New gives a keeper for the domains of whatever catalog is the present one. Its
// Run must be called, which ends what New begins.
func New(current func() *catalog.Catalog, s Settings, log *slog.Logger) *Keeper {
	if s.Every <= 0 {
		s.Every = 30 * time.Second
	}
	k := &Keeper{
		catalog: current, settings: s, log: log, known: map[string]*kept{},
		nudge: make(chan struct{}, 1), slots: make(chan struct{}, atOnce),
	}
	k.begin()
	return k
}

// Nudge tells that the catalog may hold other domains.
func (k *Keeper) Nudge() {
	select {
	case k.nudge <- struct{}{}:
	default: // it is told already
	}
}

// Run reads, obtains and renews certificates until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.cache.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	tick := time.NewTicker(k.settings.Every)
	defer tick.Stop()
	for {
		k.round(ctx, &asking)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-k.nudge:
		}
	}
}

// round looks at every domain once.
func (k *Keeper) round(ctx context.Context, asking *sync.WaitGroup) {
	wanted := map[string]*host.Domain{}
	for d := range k.catalog().Domains() {
		if d.Status == host.Active && d.Certificate != host.None {
			wanted[d.Host] = d
		}
	}
	if own, ok := k.own(k.settings.Own); ok {
		wanted[own.Host] = own
	}
	k.forget(wanted)
	for name, d := range wanted {
		if d.Certificate == host.File {
			k.readFiles(ctx, d)
			continue
		}
		if failures, due := k.due(name); due {
			asking.Go(func() { k.ask(ctx, name, failures) })
		}
	}
}

// domain gives the domain that a header or a handshake names, and the
// installation's own name as one.
func (k *Keeper) domain(header string) (*host.Domain, bool) {
	if own, ok := k.own(header); ok {
		return own, true
	}
	return k.catalog().Domain(header)
}

func (k *Keeper) own(header string) (*host.Domain, bool) {
	var key host.Key
	if k.settings.Own == "" || string(host.AppendKey(key[:0], header)) != k.settings.Own {
		return nil, false
	}
	return &host.Domain{Host: k.settings.Own, Certificate: host.ACME, Status: host.Active}, true
}

// forget drops what is kept of domains that are no longer wanted, or whose
// certificate comes from elsewhere now.
func (k *Keeper) forget(wanted map[string]*host.Domain) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, e := range k.known {
		if d, ok := wanted[name]; ok && d.Certificate == e.from {
			continue
		}
		delete(k.known, name)
		if e.from == host.ACME {
			k.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}})
		}
	}
	for name, d := range wanted {
		if k.known[name] == nil {
			k.known[name] = &kept{from: d.Certificate}
		}
	}
}

// due reports whether an authority is to be asked for a certificate now, after
// how many failures, and notes that it is.
func (k *Keeper) due(name string) (failures int, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.known[name]
	if e == nil || e.asking || time.Now().Before(e.next) || k.managed(name) != nil {
		return 0, false
	}
	e.asking = true
	return e.failures, true
}

// patience is how long one attempt to get a certificate may take.
const patience = 5 * time.Minute

// ask loads a domain's certificate from the store, or gets one from the
// authority. After a failure the authority's test service is asked first, where
// it has one, so that the limits of the real one are kept for when it can work.
func (k *Keeper) ask(ctx context.Context, name string, failures int) {
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return
	}
	limit, cancel := context.WithTimeout(context.WithValue(ctx, certmagic.AttemptsCtxKey, &failures), patience)
	defer cancel()
	err := k.magic.ManageSync(limit, []string{name})
	if ctx.Err() != nil {
		return // the node stops, which says nothing about the domain
	}
	k.asked(ctx, name, err)
}

// asked notes how an attempt ended.
func (k *Keeper) asked(ctx context.Context, name string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.known[name]
	if e == nil || e.from != host.ACME { // meanwhile it is not wanted any more
		k.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}})
		return
	}
	e.asking, e.checked = false, time.Now()
	if err == nil {
		e.failures, e.problem, e.next = 0, "", time.Time{}
		return
	}
	e.next = e.checked.Add(pause(e.failures))
	e.failures++
	e.problem = reason(err)
	k.log.LogAttrs(ctx, slog.LevelWarn, "certificate not obtained", slog.String("host", name),
		slog.Int("attempt", e.failures), slog.Time("next", e.next), slog.Any("error", err))
}

// pause is how long an authority is left alone after so many failures before.
func pause(failures int) time.Duration {
	steps := [...]time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute}
	if failures < len(steps) {
		return steps[failures]
	}
	return 30 * time.Minute
}

// longestReason is how much of an authority's complaint is kept, in bytes.
const longestReason = 1000

// reason gives an error as it is shown: on one line, since part of it is what an
// authority has sent.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "the authority gave no answer within " + patience.String()
	}
	text := err.Error()
	if len(text) > longestReason {
		text = text[:longestReason] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, ""))
}
