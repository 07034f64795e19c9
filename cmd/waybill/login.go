package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/serve/edge"
	"waybill/internal/serve/login"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
	"waybill/internal/work/mail"
)

// consoleAt is where people see the console.
type consoleAt struct {
	AdminURL string `name:"admin-url" placeholder:"URL" help:"How people reach the console, such as https://admin.example.com or, where a proxy puts it below a path, https://ops.example.com/waybill: what links in mail begin with, and what passkeys are kept for."`
}

// valid looks for what the parser cannot see.
func (c consoleAt) valid() error {
	if c.AdminURL == "" {
		return nil
	}
	u, err := url.Parse(c.AdminURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery+u.Fragment != "" {
		return fault.New(fault.Invalid, "--admin-url %q is not scheme and host, such as https://admin.example.com", c.AdminURL)
	}
	if prefix := strings.TrimSuffix(u.EscapedPath(), "/"); prefix != "" && path.Clean(prefix) != prefix || strings.HasSuffix(prefix, "/console") {
		return fault.New(fault.Invalid, "--admin-url %q is what stands before /console/, such as https://ops.example.com/waybill", c.AdminURL)
	}
	return nil
}

// base is the URL as browsers write it, but without a slash at its end; nil where
// there is none.
func (c consoleAt) base() *url.URL {
	u, err := url.Parse(c.AdminURL)
	if err != nil || u.Host == "" {
		return nil
	}
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), usual)
	if strings.HasSuffix(u.EscapedPath(), "/") {
		u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	}
	return u
}

// people says how they sign in, and how mail reaches them.
type people struct {
	Issuer   string   `name:"oidc-issuer" placeholder:"URL" help:"Sign in to the console by this OpenID Connect provider too, such as https://accounts.google.com. Needs --admin-url and --oidc-client-id."`
	ClientID string   `name:"oidc-client-id" placeholder:"ID" help:"What the provider calls Waybill."`
	Secret   string   `name:"oidc-client-secret" placeholder:"SECRET" help:"What proves to the provider that it is Waybill. Better set as WAYBILL_OIDC_CLIENT_SECRET: flags are seen by others on the machine."`
	Provider string   `name:"oidc-name" default:"single sign-on" placeholder:"TEXT" help:"What the provider's button in the console says."`
	Domains  []string `name:"oidc-domains" placeholder:"DOMAIN,…" help:"E-mail domains whose people may sign in by the provider without an invitation. They become analysts. Default: none."`
	SMTPURL  string   `name:"smtp-url" placeholder:"URL" help:"Send invitations and links for new passwords by mail: smtp://user:password@host:587 or smtps://…:465. Better set as WAYBILL_SMTP_URL. Left open: links are only shown."`
	From     string   `name:"mail-from" placeholder:"ADDR" help:"The sender of mail, such as \"Waybill <noreply@example.com>\"."`
}

// valid looks for what the parser cannot see.
func (p *people) valid(c consoleAt) error {
	if err := c.valid(); err != nil {
		return err
	}
	if _, err := p.mailer(); err != nil {
		return err
	}
	if p.SMTPURL != "" && c.AdminURL == "" {
		return fault.New(fault.Invalid, "--smtp-url needs --admin-url: links in mail begin with it")
	}
	if p.Issuer != "" {
		return p.validProvider(c)
	}
	if p.ClientID != "" || len(p.Domains) > 0 {
		return fault.New(fault.Invalid, "--oidc-client-id and --oidc-domains need --oidc-issuer")
	}
	return nil
}

// validProvider is valid for the identity provider, where there is one.
func (p *people) validProvider(c consoleAt) error {
	if c.AdminURL == "" || p.ClientID == "" {
		return fault.New(fault.Invalid, "--oidc-issuer needs --oidc-client-id and --admin-url: the provider sends people back there")
	}
	if !private(p.Issuer) {
		return fault.New(fault.Invalid, "--oidc-issuer %q is not an https URL", p.Issuer)
	}
	for _, d := range p.Domains {
		if strings.ContainsAny(d, "@*/ ") || !strings.Contains(d, ".") {
			return fault.New(fault.Invalid, "--oidc-domains: %q is not a domain, such as example.com", d)
		}
	}
	return nil
}

// mailer makes what sends mail, nil where none is sent.
func (p *people) mailer() (*mail.Mailer, error) {
	if p.SMTPURL == "" {
		if p.From != "" {
			return nil, fault.New(fault.Invalid, "--mail-from needs --smtp-url")
		}
		return nil, nil //nolint:nilnil // no mail is a choice
	}
	return mail.New(mail.Settings{URL: p.SMTPURL, From: p.From})
}

// provider is the identity provider as log-in wants it.
func (p *people) provider() login.OIDC {
	o := login.OIDC{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.Secret, Name: p.Provider}
	for _, d := range p.Domains {
		o.Domains = append(o.Domains, strings.ToLower(strings.TrimSpace(d)))
	}
	return o
}

// makeLogin makes what lets people in.
func (n *node) makeLogin(e *edge.Edge) error {
	set := login.Settings{
		AdminURL: n.settings.base(), OIDC: n.settings.provider(), PartyName: n.partyName,
		ClientIP: func(r *http.Request) netip.Addr { return e.Proxies.Client(r) },
		Proxied:  n.settings.proxied,
	}
	mailer, err := n.settings.mailer()
	if err != nil {
		return err
	}
	if mailer != nil {
		set.SendReset = func(ctx context.Context, u user.User, token string, until time.Time) error {
			return mailer.Send(ctx, mail.Reset(u.Email, n.consoleURL, linkAt(n.consoleURL, token), until))
		}
	}
	n.login, err = login.New(loginLedger{n.ledger}, set, n.log)
	return err
}

// proxied reports whether a request was handed on by a trusted proxy.
func (s *serveCmd) proxied(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(s.Trusted, func(p netip.Prefix) bool {
		return p.Contains(peer.Addr().Unmap().WithZone(""))
	})
}

// partyName gives the name of the partner on whose side somebody is.
func (n *node) partyName(u user.User) string {
	if a, ok := n.Catalog().Advertiser(u.AdvertiserID); ok {
		return a.Name
	}
	if a, ok := n.Catalog().Affiliate(u.AffiliateID); ok {
		return a.Name
	}
	return ""
}

// placeConsole settles where people see the console: where the operator says,
// else under the public name where there is only one listener, else here.
func (n *node) placeConsole() {
	public := ""
	if n.settings.AdminListen == "" {
		public = strings.TrimSuffix(n.settings.PublicURL, "/")
	}
	n.consoleURL = n.adminURL
	if u := n.settings.base(); u != nil {
		n.consoleURL = u.String()
	} else {
		n.consoleURL = cmp.Or(public, n.adminURL)
	}
}

// consoleFor gives where the one who has sent a request sees the console: what the
// operator or a trusted proxy says; else under the public name, where that leads to
// it; else where the request came to.
func (n *node) consoleFor(r *http.Request) string {
	base, told := n.login.Base(r)
	if !told && n.settings.AdminListen == "" && n.settings.PublicURL != "" {
		return n.consoleURL
	}
	return base
}

// linkAt is where a token is used. It stands behind the #, which browsers keep to
// themselves.
func linkAt(consoleURL, token string) string { return consoleURL + "/console/link#" + token }

// newLink makes a link that is good once, and gives where it leads.
func (in *installation) newLink(ctx context.Context, by user.By, kind user.LinkKind, userID int64, consoleURL string) (string, error) {
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return "", err
	}
	if err := in.ledger.CreateLink(ctx, by, user.NewLink(kind, userID, in.now()), user.Hash(token)); err != nil {
		return "", err
	}
	return linkAt(consoleURL, token), nil
}

// ownerLink gives the link that makes the first owner; empty once there is
// one, and while the ledger is away.
func (n *node) ownerLink(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // a node told to stop at once says it too
	defer cancel()
	found, err := n.ledger.AnyOwner(ctx)
	if err == nil && !found {
		var link string
		link, err = n.newLink(ctx, user.By{Actor: "serve"}, user.LinkOwner, 0, n.consoleURL)
		if err == nil {
			return link
		}
	}
	if err != nil {
		n.log.LogAttrs(ctx, slog.LevelWarn, `no link for the first owner; "waybill user owner-link" makes one`, slog.Any("error", err))
	}
	return ""
}

// loginLedger is the ledger in the words of log-in.
type loginLedger struct{ *sqlledger.DB }

// AcceptLink is as log-in wants it.
func (l loginLedger) AcceptLink(ctx context.Context, hash string, a login.Accepted, now time.Time) (user.Link, user.User, error) {
	return l.DB.AcceptLink(ctx, hash, sqlledger.Accepted(a), now)
}
