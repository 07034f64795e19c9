package login

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// problem is the body of every answer that is not a success: RFC 9457, as the
// REST API gives it.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance,omitempty"`
	Errors   []spot `json:"errors,omitempty"`
}

// spot is one field and what is wrong with it.
type spot struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// refusal is an answer that no kind of fault has by itself.
type refusal struct {
	status             int
	kind, title, words string
}

// Error gives the words.
func (r *refusal) Error() string { return r.words }

func malformed(words string) error {
	return &refusal{http.StatusBadRequest, "malformed", "The request cannot be read", words}
}

func notAllowed(words string) error {
	return &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "The method does not fit", words}
}

// waitError is the answer to whoever has to wait before the next attempt.
type waitError struct{ wait time.Duration }

// Error says how long.
func (t *waitError) Error() string {
	return "too many attempts; wait " + strconv.Itoa(t.seconds()) + " seconds and try again"
}

// seconds is the wait, rounded up.
func (t *waitError) seconds() int { return int(math.Ceil(t.wait.Seconds())) }

// describe gives the status and title of a kind of fault.
func describe(k fault.Kind) (status int, title string) {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity, "The request is wrong"
	case fault.Unauthorized:
		return http.StatusUnauthorized, "Not signed in"
	case fault.Forbidden:
		return http.StatusForbidden, "Not allowed"
	case fault.NotFound:
		return http.StatusNotFound, "There is no such thing"
	case fault.Conflict:
		return http.StatusConflict, "It contradicts what is there"
	case fault.Stale:
		return http.StatusPreconditionFailed, "It was changed meanwhile"
	case fault.Limited:
		return http.StatusTooManyRequests, "Too many attempts"
	case fault.Unavailable:
		return http.StatusServiceUnavailable, "Not possible at the moment"
	case fault.Damaged:
		return http.StatusServiceUnavailable, "What is stored cannot be read"
	case fault.Internal:
		return http.StatusInternalServerError, "Something went wrong"
	}
	return http.StatusInternalServerError, "Something went wrong"
}

// problemOf gives the answer to err. The text of an error that is not a fault
// is for the log alone.
func problemOf(err error) *problem {
	if r, ok := errors.AsType[*refusal](err); ok {
		return &problem{Type: problemType(r.kind), Title: r.title, Status: r.status, Detail: r.words}
	}
	kind := fault.Of(err)
	if _, ok := errors.AsType[*waitError](err); ok {
		kind = fault.Limited
	}
	status, title := describe(kind)
	p := &problem{Type: problemType(kind.String()), Title: title, Status: status}
	switch {
	case kind == fault.Internal:
		p.Detail = "Something went wrong on our side. The operator's log tells what, under the request's ID."
	case kind == fault.Limited && len(fault.All(err)) == 0:
		p.Detail = err.Error()
	default:
		p.Detail, p.Errors = texts(err)
	}
	return p
}

// texts gives the detail and the places of all faults in err.
func texts(err error) (detail string, spots []spot) {
	var details []string
	for _, f := range fault.All(err) {
		if f.Field == "" {
			details = append(details, f.Text)
			continue
		}
		spots = append(spots, spot{Location: "body." + f.Field, Message: f.Text})
	}
	switch {
	case len(details) > 0:
		return strings.Join(details, "; "), spots
	case len(spots) == 1:
		return spots[0].Location + ": " + spots[0].Message, spots
	default:
		return "Several fields are wrong.", spots
	}
}

func problemType(kind string) string { return "urn:waybill:problem:" + kind }

// refuse answers with a problem.
func (x *exchange) refuse(err error) {
	p := problemOf(err)
	p.Instance = "urn:waybill:request:" + x.id
	if p.Status >= http.StatusInternalServerError {
		x.cause = err
	}
	switch p.Status {
	case http.StatusTooManyRequests:
		x.Header().Set("Retry-After", retryAfter(err))
	case http.StatusServiceUnavailable:
		x.Header().Set("Retry-After", "1")
	case http.StatusUnauthorized:
		x.Header().Set("WWW-Authenticate", `Session realm="waybill"`)
	}
	x.Header().Set("Content-Type", "application/problem+json")
	x.WriteHeader(p.Status)
	if err := json.NewEncoder(x).Encode(p); err != nil && x.cause == nil {
		x.cause = err
	}
}

// retryAfter gives the seconds to wait.
func retryAfter(err error) string {
	if t, ok := errors.AsType[*waitError](err); ok {
		return strconv.Itoa(t.seconds())
	}
	return "60"
}
