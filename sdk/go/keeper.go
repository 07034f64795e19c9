package waybill

import (
	"net/http"
	"time"
)

// DefaultCookie is the name of the cookie. The browser SDK's has another name,
// since what a server set no script can change.
const DefaultCookie = "wb_server_tid"

// DefaultMaxAge is how long the ID is kept: as long as an offer's usual click
// window.
const DefaultMaxAge = 30 * 24 * time.Hour

// Keeper keeps the transaction ID from the landing page to the conversion, in a
// cookie of the advertiser's own site. The cookie is HttpOnly and SameSite=Lax,
// and set by a server: browsers keep such cookies longest, and no script on the
// page can read it. The zero Keeper is ready to use.
type Keeper struct {
	// Cookie is the cookie's name, DefaultCookie when empty.
	Cookie string
	// MaxAge is how long the ID is kept, DefaultMaxAge when zero. It should be
	// no shorter than the offer's click_window.
	MaxAge time.Duration
	// Domain shares the cookie with subdomains, such as shop.example.com and
	// pay.example.com with Domain example.com. When empty the cookie is the
	// host's alone.
	Domain string
	// Insecure leaves out Secure, for development without TLS.
	Insecure bool
}

// Middleware keeps the ID of each visitor who arrives with one, and then lets
// next answer. A later arrival takes the place of an earlier one. The answer is
// marked as private, unless next says otherwise: a cookie in a shared cache
// would give one visitor's ID to others.
func (k Keeper) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := FromQuery(r.URL.Query()); id != "" {
			w.Header().Set("Cache-Control", "private")
			http.SetCookie(w, k.cookie(id))
		}
		next.ServeHTTP(w, r)
	})
}

// FromRequest gives the visitor's transaction ID, empty if there is none: of the
// URL, on the landing page, else of the cookie.
func (k Keeper) FromRequest(r *http.Request) string {
	if id := FromQuery(r.URL.Query()); id != "" {
		return id
	}
	for _, c := range r.CookiesNamed(k.name()) {
		if id := Clean(c.Value); id != "" {
			return id
		}
	}
	return ""
}

func (k Keeper) name() string {
	if k.Cookie == "" {
		return DefaultCookie
	}
	return k.Cookie
}

func (k Keeper) cookie(id string) *http.Cookie {
	age := k.MaxAge
	if age <= 0 {
		age = DefaultMaxAge
	}
	return &http.Cookie{ //nolint:gosec // Secure is left out only where its user says so
		Name: k.name(), Value: id, Path: "/", Domain: k.Domain, MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: !k.Insecure, SameSite: http.SameSiteLaxMode,
	}
}
