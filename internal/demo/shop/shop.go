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
	"strings"
	"sync"
	"time"
)

// The ways in which a shop keeps the transaction ID until the order.
const (
	Cookie = "cookie"
	Hidden = "hidden"
	URL    = "url"
)

// Ways lists them. Whatever else a way is called, the URL keeps the ID.
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

	// Names is what the shop names the ID by in its postbacks, for the ways in
	// which it does so wrongly: a parameter with the ID as {tid}, in lower case as
	// {tid:lower}, its beginning as {tid:20}. An empty one has no postback sent.
	Names map[string]string

	mu     sync.Mutex
	orders map[string]Order
}

// rightName is how the ID is named where nothing is wrong.
const rightName = "transaction_id={tid}"

// Order is what the shop knows of a sale, and what Waybill said to it.
type Order struct {
	ID      string `json:"id"`
	Way     string `json:"way"`
	TID     string `json:"tid"` // as the shop kept it
	Amount  string `json:"amount"`
	Sent    string `json:"sent,omitempty"`   // the postback's URL, without the token
	Status  int    `json:"status,omitempty"` // of the answer
	Answer  string `json:"answer,omitempty"` // Waybill's, as it came
	Verdict string `json:"verdict,omitempty"`
}

// Handler serves the shop's pages.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /product/{way}", s.product)
	mux.HandleFunc("GET /basket/{way}", s.basket)
	mux.HandleFunc("POST /order/{way}", s.order)
	mux.HandleFunc("GET /orders/{id}", s.show)
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
	s.mu.Lock()
	if s.orders == nil {
		s.orders = map[string]Order{}
	}
	s.orders[o.ID] = o
	s.mu.Unlock()
	render(w, thanksPage, o)
}

// show gives one order as JSON.
func (s *Shop) show(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o, ok := s.orders[r.PathValue("id")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o) // whoever hung up needs no answer
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

// naming gives how an order's postback names the ID, empty where none is sent.
func (s *Shop) naming(o *Order) string {
	name, wrong := s.Names[o.Way]
	if !wrong {
		name = rightName
	}
	return strings.NewReplacer(
		"{tid}", url.QueryEscape(o.TID),
		"{tid:lower}", url.QueryEscape(strings.ToLower(o.TID)),
		"{tid:20}", url.QueryEscape(o.TID[:min(20, len(o.TID))]),
	).Replace(name)
}

// report calls the postback URL from the shop's server.
func (s *Shop) report(ctx context.Context, o *Order) error {
	naming := s.naming(o)
	if naming == "" {
		return nil
	}
	rest := url.Values{"order_id": {o.ID}, "amount": {o.Amount}, "currency": {"USD"}}
	o.Sent = s.Postback + "?" + naming + "&" + rest.Encode()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Sent+"&token="+url.QueryEscape(s.Token), http.NoBody)
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
	o.Status, o.Answer, o.Verdict = resp.StatusCode, string(body), verdict.Status
	return nil
}

// page is what the shop's pages show.
type page struct{ Way, TID string }

// InURL reports whether the URLs of the funnel carry the ID.
func (p page) InURL() bool { return p.Way != Cookie && p.Way != Hidden }

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
{{if .InURL}}<input type="hidden" name="tid" value="{{.TID}}">{{end}}
<button>Put into the basket</button></form><p>Arrived with <code>{{.TID}}</code></p>`)
	basketPage = layout("Your basket", `<p>1 kettle, 49.90 USD.</p>
<form action="/order/{{.Way}}{{if .InURL}}?tid={{.TID}}{{end}}" method="post">
{{if eq .Way "hidden"}}<input type="hidden" name="carried" value="{{.TID}}">{{end}}
<button>Buy now</button></form>`)
	thanksPage = layout("Thank you", `<p>Order <b id="order">{{.ID}}</b> over {{.Amount}} USD.</p>
{{if .Sent}}<p>Waybill was told of it from the shop's server, and answered <b id="verdict">{{.Verdict}}</b>:</p>
<pre><code id="answer">{{.Answer}}</code></pre>{{else}}<p>Nobody was told of it.</p>{{end}}`)
)
