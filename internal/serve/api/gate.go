package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// maxBody bounds what a request may bring.
const maxBody = 1 << 20

// largeAtOnce is how many bodies beyond that are held at once.
const largeAtOnce = 4

// maxBodyOf gives what a route's requests may bring.
func maxBodyOf(pattern string) int64 {
	if pattern == "POST "+prefix+"/conversions" {
		return maxReport
	}
	return maxBody
}

// admit finds out who calls, and with whose eyes. What lasts may ask again.
func (f *front) admit(ctx context.Context, x *exchange) error {
	var err error
	if _, keyed := x.r.Header["Authorization"]; keyed || f.api.Sessions == nil {
		x.who, err = x.keyed()
	} else {
		x.who, err = f.loggedIn(x.r)
	}
	if err != nil {
		return err
	}
	x.who.Address = f.api.clientIP(x.r)
	if err := x.lookAs(ctx, f.looks); err != nil {
		return err
	}
	if x.veil == nil { // else it may hold a line that is begun
		x.veil = f.veils.over(x.who, f.api.Catalog())
	}
	return nil
}

// loggedIn gives who has sent a session's cookie. A browser sends that along
// whichever page had the request made, so a change is let through from the
// console's own pages alone.
func (f *front) loggedIn(r *http.Request) (account.Principal, error) {
	if len(r.Header["Cookie"]) == 0 {
		return account.Principal{}, fault.New(fault.Unauthorized, "send your API key as Authorization: Bearer KEY, or log in")
	}
	if err := f.cross(r); err != nil {
		return account.Principal{}, fault.New(fault.Forbidden, "a page of another site has made this request with your session")
	}
	return f.api.Sessions(r)
}

// keyed gives whose key was sent. Whatever the header holds, one hash is made and
// looked up, so that the time taken tells nothing.
func (x *exchange) keyed() (account.Principal, error) {
	nobody := account.Principal{}
	scheme, secret, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	key, known := x.api.Catalog().KeyByHash(account.Hash(secret))
	switch {
	case secret == "" || !strings.EqualFold(scheme, "Bearer"):
		return nobody, fault.New(fault.Unauthorized, "send your API key as Authorization: Bearer KEY")
	case !known || key.RevokedAt != nil:
		return nobody, fault.New(fault.Unauthorized, "the API key is unknown or revoked")
	case key.Role == account.Publishable:
		return nobody, fault.New(fault.Forbidden, "a publishable key is good for the browser SDK alone, not for this API")
	}
	return key.Principal(), nil
}

// trial lets those who may only look go on with what changes nothing. Routes that
// can be tried out ask it, since the gate does not know what a request says.
func (x *exchange) trial(dry bool) error {
	if dry || x.who.May(account.Write) {
		return nil
	}
	return fault.New(fault.Forbidden, "this takes the right to write; with dry_run you may see what would come of it")
}

// readBody takes in the whole body, up to most bytes, which must be JSON if there
// is any. What is large takes a place, until leave is called.
func readBody(x *exchange, r *http.Request, most int64, large places) (body []byte, leave func(), err error) {
	leave = func() {}
	from := http.MaxBytesReader(x, r.Body, most)
	body, err = io.ReadAll(io.LimitReader(from, maxBody+1))
	if err == nil && len(body) > maxBody {
		now, cancel := context.WithCancel(r.Context())
		cancel()
		free, ok := large.enter(now, x.who)
		if !ok {
			return nil, leave, fault.New(fault.Limited, "this node holds %d large bodies already, as many as it may at once; send this one again in a moment, or in smaller parts", cap(large.slots))
		}
		leave = free
		var rest []byte
		rest, err = io.ReadAll(from)
		body = append(body, rest...)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, leave, refuse(http.StatusRequestEntityTooLarge, "too_large", "The body is too large",
			fmt.Sprintf("A body may have up to %d bytes.", most))
	}
	if err != nil {
		return nil, leave, malformed("The body broke off.")
	}
	if len(body) == 0 || isJSONType(r.Header.Get("Content-Type"), r.Method) {
		return body, leave, nil
	}
	return nil, leave, unsupported("Send the body as JSON, with the header Content-Type: application/json.")
}

func isJSONType(header, method string) bool {
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return false
	}
	return media == "application/json" || media == "application/merge-patch+json" && method == http.MethodPatch
}

// version gives the version that If-Match asks for, 0 for any.
func version(header string) (int64, error) {
	if header == "" || header == "*" {
		return 0, nil
	}
	text, quoted := strings.CutPrefix(strings.TrimSuffix(header, `"`), `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || !quoted {
		return 0, malformed(`If-Match takes the ETag of an earlier answer, such as "7".`)
	}
	return n, nil
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }
