package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"waybill/internal/demo/bustle"
	"waybill/internal/fault"
)

// inside carries requests to a handler of this process, as if they came from this
// machine.
type inside struct{ handler http.Handler }

// RoundTrip has the handler answer.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RemoteAddr, r.RequestURI, r.Host = "127.0.0.1:1", r.URL.RequestURI(), r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &written{header: http.Header{}, status: http.StatusOK}
	i.handler.ServeHTTP(w, r)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// written is an answer while it is written.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header gives the answer's header.
func (w *written) Header() http.Header { return w.header }

// WriteHeader notes the status.
func (w *written) WriteHeader(status int) { w.status = status }

// Write adds to the body.
func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }

// see shows a visitor an affiliate's banner.
func (p *past) see(ctx context.Context, v *bustle.Visit) error {
	link := strings.Replace(p.link(&v.Visitor, ""), "/click?", "/impression?", 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, http.NoBody)
	if err != nil {
		return fmt.Errorf("show a banner: %w", err)
	}
	r.Header.Set("User-Agent", v.Agent)
	r.Header.Set("X-Forwarded-For", v.Address)
	resp, err := p.demo.node.client.Do(r)
	if err != nil {
		return fmt.Errorf("show a banner: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, "a banner was answered %s", resp.Status)
	}
	return resp.Body.Close()
}

// transactionIn gives the transaction ID that a landing page is opened with.
func transactionIn(landing string) (string, error) {
	at, err := url.Parse(landing)
	if err != nil {
		return "", fmt.Errorf("read where a visitor was sent: %w", err)
	}
	return at.Query().Get("tid"), nil
}

// parseServe reads the command line of serve.
func parseServe(args []string) (*serveCmd, error) {
	var c command
	parser, err := kong.New(&c, options(io.Discard, io.Discard, func(int) {})...)
	if err != nil {
		return nil, fmt.Errorf("read the command line: %w", err)
	}
	if _, err := parser.Parse(args); err != nil {
		return nil, usage(args, err)
	}
	return &c.Serve, c.Serve.validate()
}

// progress shows how far the past is made, in place where somebody looks on.
func (d *demo) progress(days, percent int) {
	f, ok := d.env.stdout.(*os.File)
	if !ok || !terminal(f) {
		if percent == 0 {
			d.say("Making %d days of history …", days)
		}
		return
	}
	text := fmt.Sprintf("Making %d days of history … %d %%", days, percent)
	if percent == 100 { // over what was there
		text = strings.Repeat(" ", len(text)) + "\r"
	}
	fmt.Fprint(f, "\r"+text) //nolint:errcheck // progress
}

// summary tells what the past is made of.
func (p *past) summary(days int) string {
	var clicks, banners, conversions int
	for i := range p.visits {
		switch {
		case p.visits[i].Seen:
			banners++
		default:
			clicks++
		}
		if p.conversions[i] != "" {
			conversions++
		}
	}
	return fmt.Sprintf("%d days of history made: %s clicks, %s impressions, %d conversions", days, thousands(clicks), thousands(banners), conversions)
}
