package api

import (
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

// admit finds out who calls. Whatever the header holds, one hash is made and
// looked up, so that the time taken tells nothing.
func (x *exchange) admit() error {
	scheme, secret, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	key, known := x.api.Catalog().KeyByHash(account.Hash(secret))
	switch {
	case secret == "" || !strings.EqualFold(scheme, "Bearer"):
		return fault.New(fault.Unauthorized, "send your API key as Authorization: Bearer KEY")
	case !known || key.RevokedAt != nil:
		return fault.New(fault.Unauthorized, "the API key is unknown or revoked")
	}
	x.who = key.Principal()
	if x.who.Role == account.Publishable {
		return fault.New(fault.Forbidden, "a publishable key is good for the browser SDK alone, not for this API")
	}
	return nil
}

// readBody takes in the whole body, which must be JSON if there is any.
func readBody(x *exchange, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(x, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", "The body is too large",
			fmt.Sprintf("A body may have up to %d bytes.", maxBody))
	}
	if err != nil {
		return nil, malformed("The body broke off.")
	}
	if len(body) == 0 || isJSONType(r.Header.Get("Content-Type"), r.Method) {
		return body, nil
	}
	return nil, unsupported("Send the body as JSON, with the header Content-Type: application/json.")
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
