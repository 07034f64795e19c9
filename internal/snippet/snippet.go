// Package snippet writes the code that an advertiser pastes into its own systems
// to report the conversions of one offer: for a server in PHP, Node, Python, Go
// or by curl, and for a page as image, frame, browser SDK or Google Tag Manager
// tags.
//
// A snippet is complete as it stands: address, offer, goal, currency and, where
// it is asked for, the proof are filled in. Each value is quoted for the language
// that it stands in, so that none can end its string and become code. What only
// the advertiser's system knows of an order is an argument of the snippet's, or
// a word to be replaced.
package snippet

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/offer"
)

//go:embed templates
var templates embed.FS

// What stands where a value is not known, or not shown.
const (
	TokenPlaceholder  = "PUT-THE-TOKEN-HERE"
	SecretPlaceholder = "PUT-THE-SECRET-HERE"
	KeyPlaceholder    = "PUT-A-PUBLISHABLE-KEY-HERE"
)

// maxKeep is how long a browser keeps a cookie at most.
const maxKeep = 400 * 24 * time.Hour

// Snippet is one piece of code to be pasted.
type Snippet struct {
	ID       string `json:"id" doc:"php, node, python, go, curl, image, iframe, sdk or gtm."`
	Title    string `json:"title"`
	Channel  string `json:"channel" doc:"The channel that it reports on; offers list those they listen to."`
	Language string `json:"language" doc:"What the code is written in, for highlighting."`
	File     string `json:"file" doc:"What a file that holds it alone may be called."`
	Code     string `json:"code"`
}

// Values is what the snippets of one offer and goal are filled in with.
type Values struct {
	URL       string // where Waybill answers, without a slash at its end
	PixelHost string // the advertiser's own tracking domain, empty for none
	OfferID   int64
	OfferName string
	Goal      string // empty for the default goal
	Currency  string
	Keep      time.Duration // how long the transaction ID is kept
	Auth      advertiser.Auth
	Token     string // empty for the placeholder
	Secret    string // empty for the placeholder
	Keyed     bool   // browsers need a publishable key
}

// For gives the values of o and its goal g, which a owns. Browsers go to host if
// the advertiser has a tracking domain, else to url like servers.
func For(o *offer.Offer, g *offer.Goal, a *advertiser.Advertiser, url, host string) Values {
	v := Values{
		URL: url, PixelHost: host, OfferID: o.ID, OfferName: o.Name, Currency: string(o.Currency),
		Keep: o.ClickWindow.Duration(), Auth: a.PostbackAuth, Token: a.Token, Secret: a.SigSecret,
		Keyed: len(o.AllowedDomains) == 0,
	}
	if !g.Is(offer.DefaultGoal) {
		v.Goal = g.Code
	}
	return v
}

// HideSecrets has placeholders shown where the advertiser's secrets belong.
func (v *Values) HideSecrets() { v.Token, v.Secret = "", "" }

// Render writes the snippets of the channels that hears says are listened to, in
// the order in which they are shown.
func Render(v Values, hears func(channel string) bool) ([]Snippet, error) {
	all := []Snippet{
		{ID: "php", Title: "PHP", Channel: "postback", Language: "php", File: "waybill.php"},
		{ID: "node", Title: "Node", Channel: "postback", Language: "javascript", File: "waybill.mjs"},
		{ID: "python", Title: "Python", Channel: "postback", Language: "python", File: "waybill.py"},
		{ID: "go", Title: "Go", Channel: "postback", Language: "go", File: "waybill.go"},
		{ID: "curl", Title: "curl", Channel: "postback", Language: "shell", File: "waybill.sh"},
		{ID: "image", Title: "Image pixel", Channel: "pixel", Language: "html", File: "pixel.html"},
		{ID: "iframe", Title: "Frame pixel", Channel: "pixel", Language: "html", File: "frame.html"},
		{ID: "sdk", Title: "Browser SDK", Channel: "sdk", Language: "html", File: "sdk.html"},
		{ID: "gtm", Title: "Google Tag Manager", Channel: "sdk", Language: "html", File: "gtm.html"},
	}
	parsed, err := template.New("").Delims("[[", "]]").Funcs(quoting()).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the snippets: %w", err)
	}
	filled := v.fill()
	shown := make([]Snippet, 0, len(all))
	for _, s := range all {
		if !hears(s.Channel) {
			continue
		}
		var code strings.Builder
		if err := parsed.ExecuteTemplate(&code, s.ID+".tmpl", filled); err != nil {
			return nil, fmt.Errorf("write the %s snippet: %w", s.ID, err)
		}
		s.Code = code.String()
		shown = append(shown, s)
	}
	return shown, nil
}

// filled is Values as the templates use them.
type filled struct {
	Values

	Postback        string
	Pixel           string // where browsers go
	PixelQuery      string
	Fixed           string // what a report in JSON ends with
	Key             string
	KeepSeconds     int64
	Signed, Tokened bool
}

func (v Values) fill() filled {
	f := filled{
		Values: v, Postback: v.URL + "/postback", Pixel: v.URL, PixelQuery: v.pixelQuery(), Fixed: v.fixed(),
		KeepSeconds: int64(max(time.Hour, min(v.Keep, maxKeep)).Seconds()),
		Signed:      v.Auth == advertiser.AuthSignature, Tokened: v.Auth == advertiser.AuthToken,
	}
	if v.PixelHost != "" {
		f.Pixel = "https://" + v.PixelHost
	}
	if v.Keyed {
		f.Key = KeyPlaceholder
	}
	if f.Token == "" {
		f.Token = TokenPlaceholder
	}
	if f.Secret == "" {
		f.Secret = SecretPlaceholder
	}
	return f
}

// pixelQuery gives what a pixel says. On the advertiser's own tracking domain a
// cookie tells the transaction ID.
func (v Values) pixelQuery() string {
	query := "order_id={order_id}&amount={amount}&currency=" + url.QueryEscape(v.Currency)
	if v.Goal != "" {
		query = "goal=" + url.QueryEscape(v.Goal) + "&" + query
	}
	if v.PixelHost == "" {
		return "transaction_id={transaction_id}&" + query
	}
	return "offer_id=" + fmt.Sprint(v.OfferID) + "&" + query
}

// fixed gives the end of a JSON object: what is the same in each report.
func (v Values) fixed() string {
	object, err := json.Marshal(struct {
		Goal     string `json:"goal,omitempty"`
		Currency string `json:"currency"`
	}{v.Goal, v.Currency})
	if err != nil {
		return "}" // two strings can always be written
	}
	return strings.TrimPrefix(string(object), "{")
}
