// Package problem says how failures are answered over HTTP: by RFC 9457, with a
// code that never changes, a status, a title, and every place in the request that
// is wrong.
//
// The REST API and log-in answer by the same table, so that one reader
// understands both. The text of an error that is not a fault is never in an
// answer.
package problem

import (
	"net/http"
	"strings"

	"waybill/internal/fault"
)

// Kind is one kind of problem: the code that programs go by, the status, and the
// words for people.
type Kind struct {
	Code   string
	Status int
	Title  string
}

// URI names the kind in an answer.
func (k Kind) URI() string { return "urn:waybill:problem:" + k.Code }

// Of gives what a kind of fault is answered with.
func Of(k fault.Kind) Kind {
	status, title := http.StatusInternalServerError, "Something went wrong"
	switch k {
	case fault.Invalid:
		status, title = http.StatusUnprocessableEntity, "The request is wrong"
	case fault.Unauthorized:
		status, title = http.StatusUnauthorized, "No valid key or session"
	case fault.Forbidden:
		status, title = http.StatusForbidden, "Not allowed"
	case fault.ConfirmFirst:
		status, title = http.StatusForbidden, "Confirm first that it is you"
	case fault.NotFound:
		status, title = http.StatusNotFound, "There is no such thing"
	case fault.Conflict:
		status, title = http.StatusConflict, "It contradicts what is there"
	case fault.Stale:
		status, title = http.StatusPreconditionFailed, "It was changed meanwhile"
	case fault.Limited:
		status, title = http.StatusTooManyRequests, "Too much at once"
	case fault.Unavailable:
		status, title = http.StatusServiceUnavailable, "Not possible at the moment"
	case fault.Damaged:
		status, title = http.StatusServiceUnavailable, "What is stored cannot be read"
	case fault.Internal:
	}
	return Kind{Code: k.String(), Status: status, Title: title}
}

// Malformed is a request that cannot be read.
func Malformed() Kind {
	return Kind{"malformed", http.StatusBadRequest, "The request cannot be read"}
}

// NotJSON is a body of another type than JSON.
func NotJSON() Kind {
	return Kind{"unsupported_media_type", http.StatusUnsupportedMediaType, "The body is not JSON"}
}

// TooLarge is a body of more bytes than are taken.
func TooLarge() Kind {
	return Kind{"too_large", http.StatusRequestEntityTooLarge, "The body is too large"}
}

// WrongMethod is a method that there is not at a path.
func WrongMethod() Kind {
	return Kind{"method_not_allowed", http.StatusMethodNotAllowed, "The method does not fit"}
}

// Problem is the body of every answer that is not a success.
type Problem struct { //nolint:errname // that is what RFC 9457 calls it
	Type     string  `json:"type" doc:"What kind of problem it is: a URI that never changes." example:"urn:waybill:problem:invalid"`
	Title    string  `json:"title" doc:"The kind in words."`
	Status   int     `json:"status" doc:"The HTTP status."`
	Detail   string  `json:"detail" doc:"What is wrong with this request."`
	Instance string  `json:"instance,omitempty" doc:"The request, as the operator's log names it."`
	Errors   []Place `json:"errors,omitempty" doc:"Every place that is wrong, all at once."`
}

// Place is one spot in the request and what is wrong there.
type Place struct {
	Location string `json:"location" doc:"Where: body.caps[1].limit, query.limit, path.id, header.If-Match." example:"body.caps[1].limit"`
	Message  string `json:"message" doc:"What is wrong there."`
	Value    any    `json:"value,omitempty" doc:"What stood there."`
}

// MediaType is that of RFC 9457.
const MediaType = "application/problem+json"

// Instance names a request in the problem that answers it.
func Instance(requestID string) string { return "urn:waybill:request:" + requestID }

// Error gives the detail.
func (p *Problem) Error() string { return p.Detail }

// New makes a problem.
func New(k Kind, detail string) *Problem {
	return &Problem{Type: k.URI(), Title: k.Title, Status: k.Status, Detail: detail}
}

// From gives the answer to err: by the kind of its first fault, with the texts and
// places of all.
func From(err error) *Problem {
	kind := fault.Of(err)
	p := New(Of(kind), "Something went wrong on our side. The operator's log tells what, under the request's ID.")
	if kind != fault.Internal {
		p.Detail, p.Errors = texts(err)
	}
	return p
}

// texts gives the detail and the places of all faults in err.
func texts(err error) (detail string, places []Place) {
	var details []string
	for _, f := range fault.All(err) {
		if f.Field == "" {
			details = append(details, f.Text)
			continue
		}
		places = append(places, Place{Location: location(f.Field), Message: f.Text})
	}
	switch {
	case len(details) > 0:
		return strings.Join(details, "; "), places
	case len(places) == 1:
		return places[0].Location + ": " + places[0].Message, places
	default:
		return "Several fields are wrong.", places
	}
}

// location puts a field's place within the request. What names its part of the
// request already is left as it is.
func location(field string) string {
	for _, part := range [...]string{"body", "query", "path", "header"} {
		if strings.HasPrefix(field, part+".") {
			return field
		}
	}
	return "body." + field
}
