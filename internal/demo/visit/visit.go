// Package visit is the demo's visitors: people with a browser who follow a
// campaign link, land in the shop, and buy.
//
// A visitor does what a browser does: it follows redirects, keeps cookies per
// host, and submits the forms of the pages it is shown, hidden fields
// included.
package visit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// agent is what the visitors' browsers call themselves.
const agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"

// Journey is where a visitor went and what he saw.
type Journey struct {
	TrackerClickID string // the affiliate's own ID, from its redirect
	Hops           []string
	Order          string // the shop's order number
	Verdict        string // Waybill's, as the shop shows it
}

// visitor is one browser.
type visitor struct {
	client  http.Client
	journey Journey
}

// Buy sends a visitor from a campaign link to the shop's thank-you page.
func Buy(ctx context.Context, campaign string) (Journey, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return Journey{}, fmt.Errorf("make a browser: %w", err)
	}
	v := &visitor{client: http.Client{Jar: jar, Timeout: 15 * time.Second}}
	v.client.CheckRedirect = v.redirected
	page, at, err := v.get(ctx, campaign)
	for steps := 0; err == nil && v.journey.Order == ""; steps++ {
		if steps == 5 {
			return v.journey, errors.New("five pages further there is still no order")
		}
		page, at, err = v.submit(ctx, page, at)
	}
	return v.journey, err
}

// redirected notes each hop, and the tracker's click ID on the first.
func (v *visitor) redirected(r *http.Request, via []*http.Request) error {
	if len(via) > 20 { // as browsers do
		return errors.New("more than twenty redirects")
	}
	if id := r.Response.Header.Get("Tracker-Click-Id"); id != "" {
		v.journey.TrackerClickID = id
	}
	v.journey.Hops = append(v.journey.Hops, r.URL.String())
	return nil
}

// get opens an address.
func (v *visitor) get(ctx context.Context, address string) (*html.Node, *url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", address, err)
	}
	return v.open(r)
}

// open sends a request and reads the page it leads to.
func (v *visitor) open(r *http.Request) (*html.Node, *url.URL, error) {
	r.Header.Set("User-Agent", agent)
	resp, err := v.client.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", r.URL.Redacted(), err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", resp.Request.URL.Redacted(), err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answered %s: %s", resp.Request.URL.Redacted(), resp.Status, strings.TrimSpace(string(body)))
	}
	page, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", resp.Request.URL.Redacted(), err)
	}
	v.journey.Order, v.journey.Verdict = text(page, "order"), text(page, "verdict")
	return page, resp.Request.URL, nil
}

// submit sends the first form of a page.
func (v *visitor) submit(ctx context.Context, page *html.Node, at *url.URL) (*html.Node, *url.URL, error) {
	form := find(page, func(n *html.Node) bool { return n.Type == html.ElementNode && n.Data == "form" })
	if form == nil {
		return nil, nil, fmt.Errorf("%s has no form to go on with", at)
	}
	target, err := at.Parse(attribute(form, "action"))
	if err != nil {
		return nil, nil, fmt.Errorf("read the form of %s: %w", at, err)
	}
	values := url.Values{}
	each(form, func(n *html.Node) {
		if n.Data == "input" {
			values.Set(attribute(n, "name"), attribute(n, "value"))
		}
	})
	if !strings.EqualFold(attribute(form, "method"), http.MethodPost) {
		target.RawQuery = values.Encode()
		return v.get(ctx, target.String())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, nil, fmt.Errorf("send the form of %s: %w", at, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.open(r)
}

// find gives the first node below n that fits.
func find(n *html.Node, fits func(*html.Node) bool) *html.Node {
	for d := range n.Descendants() {
		if fits(d) {
			return d
		}
	}
	return nil
}

// each calls f with every element below n.
func each(n *html.Node, f func(*html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			f(d)
		}
	}
}

// text gives the text of the element with an ID.
func text(page *html.Node, id string) string {
	n := find(page, func(n *html.Node) bool { return n.Type == html.ElementNode && attribute(n, "id") == id })
	if n == nil || n.FirstChild == nil {
		return ""
	}
	return strings.TrimSpace(n.FirstChild.Data)
}

// attribute gives an element's attribute.
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
