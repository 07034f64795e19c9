package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"time"

	"waybill/internal/fault"
	"waybill/internal/span"
)

// serveCmd is "waybill serve".
type serveCmd struct {
	common
	reporting
	privacy
	exports
	guesses
	secure
	outbound
	consoleAt
	people
	Listen      string         `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where to answer clicks and postbacks; also API and metrics unless --admin-listen is given."`
	AdminListen string         `placeholder:"ADDR" help:"Answer API and metrics only here. Under the domains of advertisers they never answer."`
	PublicURL   string         `name:"public-url" placeholder:"URL" help:"How the public reaches this node, such as https://go.example.com; used in the links that Waybill hands out."`
	Trusted     []netip.Prefix `name:"trusted-proxies" placeholder:"CIDR,…" help:"Proxies whose Forwarded or X-Forwarded-For is believed. Default: none."`
	Retention   span.Span      `default:"400d" help:"How long clicks and signals are kept."`
}

// Run runs a node until it is told to stop.
func (s *serveCmd) Run(e *env) error {
	if err := s.validate(); err != nil {
		return err
	}
	settleRuntime(!s.off())
	_, statErr := os.Stat(s.Data)
	n, err := startNode(e, s)
	if err != nil {
		return err
	}
	s.greet(e.stdout, n, n.ownerLink(e.ctx), statErr != nil)
	return n.wait()
}

// validate looks for what the parser cannot see.
func (s *serveCmd) validate() error {
	if s.Retention.Duration() < 24*time.Hour {
		return fault.New(fault.Invalid, "--retention %s is less than a day: conversions would find no clicks", s.Retention)
	}
	if err := errors.Join(s.reporting.valid(), s.privacy.valid(), s.guesses.valid(), s.outbound.valid(),
		s.secure.valid(s.PublicURL), s.people.valid(s.consoleAt)); err != nil {
		return err
	}
	if s.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fault.New(fault.Invalid, "--public-url %q is not an http or https URL", s.PublicURL)
	}
	return nil
}

// greet tells a person where to go next. A closed standard output is no reason
// to stop.
func (s *serveCmd) greet(w io.Writer, n *node, ownerLink string, first bool) {
	text := fmt.Sprintf("Waybill %s answers clicks and postbacks on %s\n"+
		"API:  %s/api/v1   description: %s/api/v1/openapi.json\n"+
		"Console: %s/console/\n"+
		"Data: %s\n", version, n.publicURL, n.adminURL, n.adminURL, n.consoleURL, s.Data)
	if ownerLink != "" {
		text += fmt.Sprintf("\nThe console has no owner yet. Open this link to become its owner; it works once, within 24 hours:\n"+
			"  %s\n", ownerLink)
	}
	if first {
		text += fmt.Sprintf("\nFirst steps, in another terminal:\n"+
			"  KEY=$(waybill key create --role network --data %s)\n"+
			"  curl -H \"Authorization: Bearer $KEY\" %s/api/v1/offers\n"+
			"The README walks from here to the first conversion; \"waybill demo\" shows the whole way.\n",
			s.Data, n.adminURL)
	}
	_, _ = io.WriteString(w, text)
}
