// Package shop is the demo's advertiser: a small web shop that keeps the
// transaction ID in the three ways advertisers do, and reports each order to
// Waybill from its own server.
//
// It knows nothing of Waybill but the postback URL, as a real shop would: the ID
// reaches it in the landing page's URL (tid) and is carried to the order by a
// first-party cookie, by a hidden form field, or in the URLs of the funnel.
package shop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"
)

// The ways in which a shop keeps the transaction ID until the order.
const (
	Cookie = "cookie"
	Hidden = "hidden"
	URL    = "url"
)

// Ways lists them.
func Ways() []string { return []string{Cookie, Hidden, URL} }

// cookieName is the shop's own, on its own domain.
const cookieName = "shop_tid"

// Shop is the demo's advertiser.
type Shop struct {
	// Postback is Waybill's postback URL without parameters, and Token the
	// secret that proves the shop's word.
	Postback string
	Token    string
	Client   *http.Client
}

// Order is what the shop knows of a sale, and what Waybill said to it.
type Order struct {
	ID      string
	Way     string
	TID     string
	Amount  string
	Answer  string // Waybill's, as it came
	Verdict string // accepted, duplicate, …
}

// Handler serves the shop's pages.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /product/{way}", s.product)
	mux.HandleFunc("GET /basket/{way}", s.basket)
	mux.HandleFunc("POST /order/{way}", s.order)
	return mux
}

// product is the landing page. It is where the ID arrives and must be kept.
func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	page := page{Way: r.PathValue("way"), TID: r.URL.Query().Get("tid")}
	if page.Way == Cookie && page.TID != "" {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // the demo has no TLS; a real shop adds Secure
			Name: cookieName, Value: page.TID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
			MaxAge: int((30 * 24 * time.Hour).Seconds()),
		})
	}
	render(w, productPage, page)
}

// basket is the second step. Only the third way carries the ID in its URL.
func (s *Shop) basket(w http.ResponseWriter, r *http.Request) {
	page := page{Way: r.PathValue("way"), TID: r.URL.Query().Get("tid")}
	if page.Way == Hidden {
		page.TID = r.URL.Query().Get("carried") // from the first page's hidden field
	}
	render(w, basketPage, page)
}

// order takes the order and reports it.
func (s *Shop) order(w http.ResponseWriter, r *http.Request) {
	o := Order{ID: "SHOP-" + rand.Text()[:8], Way: r.PathValue("way"), Amount: "49.90", TID: kept(r)}
	if err := s.report(r.Context(), &o); err != nil {
		http.Error(w, "The order is taken, but Waybill could not be told: "+err.Error(), http.StatusBadGateway)
		return
	}
	render(w, thanksPage, o)
}

// kept finds the ID that the shop kept, in the way it kept it.
func kept(r *http.Request) string {
	switch r.PathValue("way") {
	case Cookie:
		if c, err := r.Cookie(cookieName); err == nil {
			return c.Value
		}
		return ""
	case Hidden:
		return r.PostFormValue("carried")
	default:
		return r.URL.Query().Get("tid")
	}
}

// report calls the postback URL from the shop's server.
func (s *Shop) report(ctx context.Context, o *Order) error {
	q := url.Values{
		"transaction_id": {o.TID}, "order_id": {o.ID}, "amount": {o.Amount}, "currency": {"USD"}, "token": {s.Token},
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Postback+"?"+q.Encode(), http.NoBody)
	if err != nil {
		return fmt.Errorf("make the postback: %w", err)
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		return fmt.Errorf("send the postback: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	var verdict struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(body, &verdict); err != nil {
		return fmt.Errorf("read the answer %q: %w", body, err)
	}
	o.Answer, o.Verdict = string(body), verdict.Status
	return nil
}

// page is what the shop's pages show.
type page struct{ Way, TID string }

// render writes a page.
func render(w http.ResponseWriter, t *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = t.Execute(w, data) // whoever hung up needs no page
}

// layout makes a page of the demo shop.
func layout(title, body string) *template.Template {
	return template.Must(template.New(title).Parse(`<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>` + title + ` – demo shop</title>
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}code{word-break:break-all}
button,a.button{font:inherit;padding:.5rem 1rem;border:1px solid;border-radius:.3rem;background:none;color:inherit;text-decoration:none}</style>
<h1>` + title + `</h1>` + body + `</html>`))
}

//nolint:gochecknoglobals // pages, parsed once
var (
	productPage = layout("A good kettle", `<p>49.90 USD. This page keeps the transaction ID by way of <b>{{.Way}}</b>.</p>
<form action="/basket/{{.Way}}" method="get">
{{if eq .Way "hidden"}}<input type="hidden" name="carried" value="{{.TID}}">{{end}}
{{if eq .Way "url"}}<input type="hidden" name="tid" value="{{.TID}}">{{end}}
<button>Put into the basket</button></form><p>Arrived with <code>{{.TID}}</code></p>`)
	basketPage = layout("Your basket", `<p>1 kettle, 49.90 USD.</p>
<form action="/order/{{.Way}}{{if eq .Way "url"}}?tid={{.TID}}{{end}}" method="post">
{{if eq .Way "hidden"}}<input type="hidden" name="carried" value="{{.TID}}">{{end}}
<button>Buy now</button></form>`)
	thanksPage = layout("Thank you", `<p>Order <b id="order">{{.ID}}</b> over {{.Amount}} USD.</p>
<p>Waybill was told of it from the shop's server, and answered <b id="verdict">{{.Verdict}}</b>:</p>
<pre><code id="answer">{{.Answer}}</code></pre>`)
)
