package mail

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	smtp "github.com/wneessen/go-mail"

	"waybill/internal/fault"
)

// server is a mail server for one letter. It speaks as much of the protocol as a
// client uses, and refuses what does not fit.
type server struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config // offers STARTTLS
	login    string      // user and password that it wants, "" for none
	refuse   string      // a command that it refuses
	hang     bool        // says nothing at all
	first    bool        // encrypts from the start
	done     chan received
}

// received is what the server has taken.
type received struct {
	from, to, data string
	encrypted      bool
	authenticated  bool
}

func newServer(t *testing.T, s *server) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.t, s.listener, s.done = t, l, make(chan received, 1)
	go s.serve()
	t.Cleanup(func() { l.Close() })
	return s
}

func (s *server) url(scheme, user string) string {
	if user != "" {
		user += "@"
	}
	return scheme + "://" + user + s.listener.Addr().String()
}

func (s *server) serve() {
	conn, err := s.listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	if s.hang {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	var got received
	if s.first {
		conn, got.encrypted = tls.Server(conn, s.tls), true
	}
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 test")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); {
		case verb == s.refuse:
			say("550 no")
		case verb == "EHLO":
			say("250-test")
			if s.tls != nil && !got.encrypted {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case verb == "STARTTLS" && s.tls != nil:
			say("220 go on")
			secured := tls.Server(conn, s.tls)
			if secured.Handshake() != nil {
				return
			}
			conn, in, got.encrypted = secured, bufio.NewReader(secured), true
		case verb == "AUTH":
			_, said, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(said)
			if string(plain) != "\x00"+strings.Replace(s.login, ":", "\x00", 1) {
				say("535 wrong")
				continue
			}
			got.authenticated = true
			say("235 welcome")
		case verb == "MAIL" && (s.login == "" || got.authenticated):
			got.from = rest
			say("250 ok")
		case verb == "RCPT" && got.from != "":
			got.to = rest
			say("250 ok")
		case verb == "DATA" && got.to != "":
			say("354 go on")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				got.data += strings.TrimPrefix(line, ".")
			}
			say("250 taken")
			s.done <- got
		case verb == "NOOP" || verb == "RSET":
			say("250 ok")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("503 %s does not fit here", verb)
		}
	}
}

// certificate makes one for this machine, and what believes it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

const from = "Waybill <noreply@example.com>"

func TestSend(t *testing.T) {
	s := newServer(t, &server{login: "ann:pa ss"})
	m, err := New(Settings{URL: s.url("smtp", "ann:pa%20ss"), From: from})
	if err != nil {
		t.Fatal(err)
	}
	until := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	letter := Reset("bob@example.com", "https://admin.example.com", "https://admin.example.com/console/link#Abc_-123", until)
	if err := m.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := <-s.done
	if !strings.HasPrefix(got.from, "FROM:<noreply@example.com>") || got.to != "TO:<bob@example.com>" {
		t.Errorf("sent %s %s; want from noreply@example.com to bob@example.com", got.from, got.to)
	}
	msg, err := mail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "https://admin.example.com/console/link#Abc_-123\r\n") || !strings.Contains(string(body), "23 November 2026, 12:00 UTC") {
		t.Errorf("the letter reads %q; want the link on a line of its own, and until when", body)
	}
	for name, want := range map[string]string{"From": `"Waybill" <noreply@example.com>`, "To": "<bob@example.com>", "Auto-Submitted": "auto-generated"} {
		if got := msg.Header.Get(name); got != want {
			t.Errorf("header %s is %q; want %q", name, got, want)
		}
	}
	if id := msg.Header.Get("Message-ID"); !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("Message-ID is %q; want one of the sender's domain", id)
	}
}

// TestSendEncrypted goes through STARTTLS, and does without nothing less.
func TestSendEncrypted(t *testing.T) {
	config, roots := certificate(t)
	mailer := func(s *server) *Mailer {
		m, err := New(Settings{URL: s.url("smtp", "ann:secret"), From: from})
		if err != nil {
			t.Fatal(err)
		}
		// What a server elsewhere is spoken to with; here it lies on this machine.
		m.options = append(m.options, smtp.WithTLSPolicy(smtp.TLSMandatory), smtp.WithSMTPAuth(smtp.SMTPAuthPlain))
		m.tls.RootCAs = roots
		return m
	}
	s := newServer(t, &server{login: "ann:secret", tls: config})
	if err := mailer(s).Send(t.Context(), Letter{To: "bob@example.com", Subject: "x", Text: "y"}); err != nil {
		t.Fatal(err)
	}
	if got := <-s.done; !got.encrypted || !got.authenticated {
		t.Errorf("sent %+v; want it encrypted and authenticated", got)
	}
	plain := newServer(t, &server{login: "ann:secret"})
	if err := mailer(plain).Send(t.Context(), Letter{To: "bob@example.com", Subject: "x", Text: "y"}); err == nil {
		t.Error("a server without STARTTLS was given the letter")
	}
	unknown := newServer(t, &server{login: "ann:secret", tls: config})
	m := mailer(unknown)
	m.tls.RootCAs = nil
	if err := m.Send(t.Context(), Letter{To: "bob@example.com", Subject: "x", Text: "y"}); err == nil {
		t.Error("a server with a certificate that nobody vouches for was given the letter")
	}
}

func TestSendFails(t *testing.T) {
	letter := Letter{To: "bob@example.com", Subject: "x", Text: "y"}
	send := func(t *testing.T, s *server, user string, l Letter) error {
		t.Helper()
		m, err := New(Settings{URL: s.url("smtp", user), From: from})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return m.Send(ctx, l)
	}
	t.Run("a wrong password is an error, without the password in it", func(t *testing.T) {
		err := send(t, newServer(t, &server{login: "ann:right"}), "ann:wr0ng", letter)
		if err == nil || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("Send() = %v; want an error without the password", err)
		}
	})
	t.Run("a person whom the server does not know is an error", func(t *testing.T) {
		if err := send(t, newServer(t, &server{refuse: "RCPT"}), "", letter); err == nil {
			t.Error("Send() = nil; want the server's refusal")
		}
	})
	t.Run("a server may encrypt from the start", func(t *testing.T) {
		config, roots := certificate(t)
		s := newServer(t, &server{login: "ann:secret", tls: config, first: true})
		m, err := New(Settings{URL: s.url("smtps", "ann:secret"), From: from})
		if err != nil {
			t.Fatal(err)
		}
		m.tls.RootCAs = roots
		if err := m.Send(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
		if got := <-s.done; !got.authenticated {
			t.Errorf("sent %+v; want it authenticated", got)
		}
	})
	t.Run("a server that says nothing is given up on", func(t *testing.T) {
		start := time.Now()
		if err := send(t, newServer(t, &server{hang: true}), "", letter); err == nil || time.Since(start) > 8*time.Second {
			t.Errorf("Send() = %v after %s; want an error by its deadline", err, time.Since(start))
		}
	})
	t.Run("no header can be put into another", func(t *testing.T) {
		s := newServer(t, new(server))
		err := send(t, s, "", Invitation("bob@example.com", "x\r\nBcc: eve@evil.example", "l", time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		msg, err := mail.ReadMessage(strings.NewReader((<-s.done).data))
		if err != nil || msg.Header.Get("Bcc") != "" {
			t.Errorf("header %v, %v; want no Bcc", msg.Header, err)
		}
		if subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil || strings.ContainsAny(subject, "\r\n") {
			t.Errorf("subject %q, %v; want one line", subject, err)
		}
		if err := send(t, newServer(t, new(server)), "", Letter{To: "bob@example.com\r\nRCPT TO:<eve@evil.example>"}); err == nil {
			t.Error("an address with a line break was taken")
		}
	})
}

func TestNew(t *testing.T) {
	tests := []struct {
		name, url, from string
		wrong           string // part of the fault, empty for none
	}{
		{"a server that encrypts after STARTTLS", "smtp://ann:x@mail.example.com:587", from, ""},
		{"one that encrypts from the start", "smtps://ann:x@mail.example.com", from, ""},
		{"one on this machine", "smtp://localhost", "noreply@example.com", ""},
		{"another scheme", "https://mail.example.com", from, "--smtp-url"},
		{"no host", "smtp://", from, "--smtp-url"},
		{"a path", "smtp://mail.example.com/x", from, "--smtp-url"},
		{"something behind a question mark", "smtp://mail.example.com?tls=off", from, "--smtp-url"},
		{"a port that is none", "smtp://mail.example.com:99999", from, "--smtp-url"},
		{"a password that would be told", "smtp://ann:se cret@mail.example.com", from, "--smtp-url"},
		{"no sender", "smtp://mail.example.com", "", "--mail-from"},
		{"a sender that is none", "smtp://mail.example.com", "noreply", "--mail-from"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Settings{URL: tt.url, From: tt.from})
			switch {
			case tt.wrong == "" && err != nil:
				t.Errorf("New() = %v; want no fault", err)
			case tt.wrong != "" && (fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("New() = %v; want a fault about %s", err, tt.wrong)
			case err != nil && strings.Contains(err.Error(), "se cret"):
				t.Errorf("New() = %v; want no password in it", err)
			}
		})
	}
}
