// Package tracker is the demo's affiliate tracker: it gives every visitor a
// click ID of its own, sends him to Waybill's tracking link with it, and waits
// for the postback that names it.
package tracker

import (
	"crypto/rand"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Tracker is the demo's affiliate tracker. It keeps what it knows in memory.
type Tracker struct {
	// Links are Waybill's tracking links by campaign. {clickid} in one is the
	// click ID, {clickid:lower} the same in lower case, {clickid:20} its beginning;
	// other macros stay as they are, as in real trackers.
	Links map[string]string

	mu     sync.Mutex
	clicks map[string]*Click
	order  []string
}

// Click is one visitor that the tracker sent on, and what it heard of him.
type Click struct {
	ID          string       `json:"id"`
	Campaign    string       `json:"campaign"`
	Sent        string       `json:"sent"` // where it was sent
	At          time.Time    `json:"at"`
	Conversions []Conversion `json:"conversions"`
}

// Conversion is a postback as the tracker received it.
type Conversion struct {
	At     time.Time         `json:"at"`
	Values map[string]string `json:"values"`
}

// Handler serves the tracker's campaign links, its postback URL and a page that
// lists what it knows.
func (t *Tracker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /campaign/{name}", t.send)
	mux.HandleFunc("GET /postback", t.receive)
	mux.HandleFunc("GET /clicks/{id}", t.show)
	mux.HandleFunc("POST /clicks", t.restore)
	mux.HandleFunc("GET /{$}", t.list)
	return mux
}

// send takes a visitor of a campaign and sends him to Waybill.
func (t *Tracker) send(w http.ResponseWriter, r *http.Request) {
	link, ok := t.Links[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	c := &Click{ID: "trk" + rand.Text(), Campaign: r.PathValue("name"), At: time.Now().UTC()}
	c.Sent = strings.NewReplacer(
		"{clickid}", url.QueryEscape(c.ID), "{clickid:lower}", url.QueryEscape(strings.ToLower(c.ID)), "{clickid:20}", url.QueryEscape(c.ID[:20]),
	).Replace(link)
	t.keep(c)
	w.Header().Set("Tracker-Click-Id", c.ID)
	http.Redirect(w, r, c.Sent, http.StatusFound)
}

// keep writes clicks into the books.
func (t *Tracker) keep(clicks ...*Click) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clicks == nil {
		t.clicks = map[string]*Click{}
	}
	for _, c := range clicks {
		t.clicks[c.ID] = c
		t.order = append(t.order, c.ID)
	}
}

// restore takes over the clicks of an older book, as JSON.
func (t *Tracker) restore(w http.ResponseWriter, r *http.Request) {
	var clicks []*Click
	if err := json.NewDecoder(r.Body).Decode(&clicks); err != nil {
		http.Error(w, "clicks: "+err.Error(), http.StatusBadRequest)
		return
	}
	t.keep(clicks...)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int{"clicks": len(clicks)}) // as below
}

// receive takes a postback. One that names no click of ours is refused, as real
// trackers do.
func (t *Tracker) receive(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.clicks[q.Get("cid")]
	if !ok {
		http.Error(w, "no click "+q.Get("cid"), http.StatusNotFound)
		return
	}
	values := map[string]string{}
	for name := range q {
		values[name] = q.Get(name)
	}
	c.Conversions = append(c.Conversions, Conversion{At: time.Now().UTC(), Values: values})
	w.WriteHeader(http.StatusOK)
}

// show gives one click as JSON.
func (t *Tracker) show(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.clicks[r.PathValue("id")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c) // whoever hung up needs no answer
}

// listed is how many clicks the page lists.
const listed = 100

// list shows the newest clicks and what came back for them.
func (t *Tracker) list(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clicks := make([]*Click, 0, listed)
	for i := len(t.order) - 1; i >= 0 && len(clicks) < listed; i-- {
		clicks = append(clicks, t.clicks[t.order[i]])
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = listPage.Execute(w, map[string]any{"Clicks": clicks, "Links": t.Links, "All": len(t.order)}) // as above
}

//nolint:gochecknoglobals // a page, parsed once
var listPage = template.Must(template.New("list").Parse(`<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Demo tracker</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:3rem auto;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}</style>
<h1>Demo tracker</h1><p>The affiliate's side. Click a campaign, buy in the shop, and come back here:</p>
<ul>{{range $name, $link := .Links}}<li><a href="/campaign/{{$name}}">/campaign/{{$name}}</a></li>{{end}}</ul>
<table><caption>The newest of {{.All}} clicks</caption><tr><th>own click ID<th>campaign<th>postbacks</tr>
{{range .Clicks}}<tr><td>{{.ID}}<td>{{.Campaign}}<td>{{range .Conversions}}{{.Values}}<br>{{else}}none yet{{end}}</tr>{{end}}</table></html>`))
