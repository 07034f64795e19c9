package login

import (
	"net/http"
	"time"

	"waybill/internal/user"
)

// The cookies. Over https their names bind them to this very host, so that no
// neighbour under the same domain can plant one.
const (
	sessionSecure = "__Host-waybill"
	sessionPlain  = "waybill_session"
	waySecure     = "__Host-waybill_way"
	wayPlain      = "waybill_way"
	markSecure    = "__Host-waybill_known"
	markPlain     = "waybill_known"
)

// markLife is how long a browser is known in which nobody signs in.
const markLife = 180 * 24 * time.Hour

// cookie is what all cookies have in common.
func cookie(name, value string, secure bool, life time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure where the place is: on the operator's own machine it is not
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// setSession gives the browser the token of its session.
func (x *exchange) setSession(token string) {
	x.setCookie(sessionSecure, sessionPlain, token, user.SessionLife)
}

// dropSession takes the token from the browser.
func (x *exchange) dropSession() { x.setCookie(sessionSecure, sessionPlain, "", 0) }

// setWay lets the browser prove that it is the one that set out for the provider.
func (x *exchange) setWay(token string) { x.setCookie(waySecure, wayPlain, token, ceremonyLife) }

// setMark has the browser be known: a log-out leaves the mark.
func (x *exchange) setMark(mark string) { x.setCookie(markSecure, markPlain, mark, markLife) }

// mark gives what the browser is known by; empty where it is not.
func (x *exchange) mark() string { return tokenIn(x.r, x.place(), markSecure, markPlain) }

func (x *exchange) setCookie(secureName, plainName, value string, life time.Duration) {
	secure := x.place().secure()
	name := plainName
	if secure {
		name = secureName
	}
	http.SetCookie(x.ResponseWriter, cookie(name, value, secure, life))
}

// tokenIn gives the value of the cookie that fits the place; empty if there is
// none. Over https only the one that others cannot plant counts.
func tokenIn(r *http.Request, p place, secureName, plainName string) string {
	name := plainName
	if p.secure() {
		name = secureName
	}
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) > longestToken {
		return ""
	}
	return c.Value
}

// longestToken is more than any token here is long.
const longestToken = 128
