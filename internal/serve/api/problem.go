package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/fault"
)

// problem is the body of every answer that is not a success: RFC 9457, with the
// places in the request that it speaks of.
type problem struct {
	Type     string  `json:"type" doc:"What kind of problem it is: a URI that never changes." example:"urn:waybill:problem:invalid"`
	Title    string  `json:"title" doc:"The kind in words."`
	Status   int     `json:"status" doc:"The HTTP status."`
	Detail   string  `json:"detail" doc:"What is wrong with this request."`
	Instance string  `json:"instance,omitempty" doc:"The request, as the operator's log names it."`
	Errors   []place `json:"errors,omitempty" doc:"Every place that is wrong, all at once."`

	retry string // seconds, for the header Retry-After
	cause error  // for the log; never shown
}

// place is one spot in the request and what is wrong there.
type place struct {
	Location string `json:"location" doc:"Where: body.caps[1].limit, query.limit, path.id, header.If-Match." example:"body.caps[1].limit"`
	Message  string `json:"message" doc:"What is wrong there."`
	Value    any    `json:"value,omitempty" doc:"What stood there."`
}

// Error gives the detail, and the cause behind it.
func (p *problem) Error() string {
	if p.cause != nil {
		return p.Detail + ": " + p.cause.Error()
	}
	return p.Detail
}

// GetStatus gives the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// describe gives the status and title of a kind of fault.
func describe(k fault.Kind) (status int, title string) {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity, "The request is wrong"
	case fault.Unauthorized:
		return http.StatusUnauthorized, "No valid key"
	case fault.Forbidden:
		return http.StatusForbidden, "Not allowed"
	case fault.NotFound:
		return http.StatusNotFound, "There is no such thing"
	case fault.Conflict:
		return http.StatusConflict, "It contradicts what is there"
	case fault.Stale:
		return http.StatusPreconditionFailed, "It was changed meanwhile"
	case fault.Limited:
		return http.StatusTooManyRequests, "Too much at once"
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
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	kind := fault.Of(err)
	status, title := describe(kind)
	p := &problem{Type: problemType(kind.String()), Title: title, Status: status, cause: err}
	if kind == fault.Internal {
		p.Detail = "Something went wrong on our side. The operator's log tells what, under the request's ID."
		return p
	}
	if kind == fault.Limited || kind == fault.Unavailable {
		p.retry = "1"
	}
	p.Detail, p.Errors = texts(err)
	return p
}

// texts gives the detail and the places of all faults in err.
func texts(err error) (detail string, places []place) {
	var details []string
	for _, f := range fault.All(err) {
		if f.Field == "" {
			details = append(details, f.Text)
			continue
		}
		places = append(places, place{Location: location(f.Field), Message: f.Text})
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

func problemType(kind string) string { return "urn:waybill:problem:" + kind }

// refuse makes a problem with a status that no kind of fault has.
func refuse(status int, kind, title, detail string) *problem {
	return &problem{Type: problemType(kind), Title: title, Status: status, Detail: detail}
}

func malformed(detail string) *problem {
	return refuse(http.StatusBadRequest, "malformed", "The request cannot be read", detail)
}

func unsupported(detail string) *problem {
	return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body is not JSON", detail)
}

func notAllowed(detail string) *problem {
	return refuse(http.StatusMethodNotAllowed, "method_not_allowed", "The method does not fit", detail)
}

// translate turns the errors that huma finds by itself, in parameters and in
// reading the body, into problems like all others.
func translate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &problem{Type: problemType("invalid"), Title: m.Title, Status: m.Status, Detail: m.Detail}
	switch m.Status {
	case http.StatusUnprocessableEntity:
		_, p.Title = describe(fault.Invalid)
	case http.StatusBadRequest:
		p.Type = problemType("malformed")
	case http.StatusRequestEntityTooLarge:
		p.Type = problemType("too_large")
	case http.StatusRequestTimeout:
		p.Type = problemType("timeout")
	}
	if m.Status >= http.StatusInternalServerError {
		p = problemOf(errors.New(m.Detail))
	}
	for _, e := range m.Errors {
		if e != nil && m.Status < http.StatusInternalServerError {
			p.Errors = append(p.Errors, place{Location: e.Location, Message: e.Message, Value: e.Value})
		}
	}
	return p, nil
}
