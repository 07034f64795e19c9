// Package mail sends Waybill's letters to people by SMTP: invitations and links
// to set a new password.
//
// A letter leaves over an encrypted connection, or to this very machine: a link
// in it is as good as a password until it is used. Nothing is queued here. Send
// returns when the server has taken the letter, or says why it has not.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"waybill/internal/fault"
)

// limit is how long one letter may take, from the first packet to the server's
// last word.
const limit = 15 * time.Second

// Settings say where letters go out.
type Settings struct {
	// URL names the server: smtp://user:password@host:587 for one that encrypts
	// after STARTTLS, smtps://host:465 for one that encrypts from the start.
	URL string
	// From is the sender: an address, or a name with one in angle brackets.
	From string
}

// Letter is one message to one person.
type Letter struct {
	To, Subject, Text string
}

// Mailer sends letters. It has no state: each letter has its own connection.
type Mailer struct {
	host    string
	options []smtp.Option
	first   bool // the connection is encrypted from its first byte
	tls     *tls.Config
	from    *mail.Address
}

// New makes a mailer. What is wrong with the settings is told by their flags.
func New(s Settings) (*Mailer, error) {
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return nil, fault.New(fault.Invalid, "--mail-from %q is not an e-mail address", s.From)
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "--smtp-url is not smtp://user:password@host:587 or smtps://host:465")
	}
	options, err := optionsOf(u)
	if err != nil {
		return nil, err
	}
	return &Mailer{
		host: u.Hostname(), options: options, first: u.Scheme == "smtps", from: from,
		tls: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12},
	}, nil
}

// optionsOf reads what the URL says about the connection.
func optionsOf(u *url.URL) ([]smtp.Option, error) {
	options := []smtp.Option{smtp.WithTimeout(limit)}
	here := thisMachine(u.Hostname())
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		options = append(options, smtp.WithSSL())
	case here:
		port = 25
		options = append(options, smtp.WithTLSPolicy(smtp.NoTLS))
	default:
		options = append(options, smtp.WithTLSPolicy(smtp.TLSMandatory))
	}
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return nil, fault.New(fault.Invalid, "--smtp-url: %q is no port", text)
		}
		port = int(n)
	}
	options = append(options, smtp.WithPort(port))
	if u.User == nil {
		return options, nil
	}
	password, _ := u.User.Password()
	way := smtp.WithOpportunisticSMTPAuth(smtp.SMTPAuthSCRAMSHA256, smtp.SMTPAuthSCRAMSHA1, smtp.SMTPAuthPlain, smtp.SMTPAuthLogin)
	if here && u.Scheme == "smtp" { // all others keep plain passwords from plain connections
		way = smtp.WithSMTPAuth(smtp.SMTPAuthPlainNoEnc)
	}
	return append(options, way, smtp.WithUsername(u.User.Username()), smtp.WithPassword(password)), nil
}

// thisMachine reports whether nobody but this machine sees what is sent to a host.
func thisMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Send hands one letter to the server.
func (m *Mailer) Send(ctx context.Context, l Letter) error {
	message, err := m.message(l)
	if err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	options := append([]smtp.Option{smtp.WithTLSConfig(m.tls), smtp.WithDialContextFunc(m.dial(ctx))}, m.options...)
	client, err := smtp.NewClient(m.host, options...)
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, message); err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}

// dial opens connections that end with ctx, for the library looks at it only
// until there is one.
func (m *Mailer) dial(ctx context.Context) smtp.DialContextFunc {
	return func(until context.Context, network, address string) (net.Conn, error) {
		open := new(net.Dialer).DialContext
		if m.first {
			open = (&tls.Dialer{Config: m.tls}).DialContext
		}
		conn, err := open(until, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
}

// message writes a letter as mail is written.
func (m *Mailer) message(l Letter) (*smtp.Msg, error) {
	message := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	message.FromMailAddress(m.from)
	if err := message.To(l.To); err != nil {
		return nil, err
	}
	message.Subject(l.Subject)
	message.SetDate()
	_, host, _ := strings.Cut(m.from.Address, "@")
	message.SetMessageIDWithValue(strings.ToLower(rand.Text()) + "@" + host)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office answers
	message.SetBodyString(smtp.TypeTextPlain, l.Text)
	return message, nil
}
