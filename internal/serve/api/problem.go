package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/fault"
	answered "waybill/internal/problem"
)

// problem is the body of every answer that is not a success, and what goes with
// it beside the body.
type problem struct {
	answered.Problem

	retry string // seconds, for the header Retry-After
	cause error  // for the log; never shown
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
func (p *problem) ContentType(string) string { return answered.MediaType }

// problemOf gives the answer to err. The text of an error that is not a fault
// is for the log alone.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	p := &problem{Problem: *answered.From(err), cause: err}
	if kind := fault.Of(err); kind == fault.Limited || kind == fault.Unavailable {
		p.retry = "1"
	}
	return p
}

// refuse makes a problem with a status that no kind of fault has.
func refuse(status int, code, title, detail string) *problem {
	return refused(answered.Kind{Code: code, Status: status, Title: title}, detail)
}

func refused(k answered.Kind, detail string) *problem {
	return &problem{Problem: *answered.New(k, detail)}
}

func malformed(detail string) *problem   { return refused(answered.Malformed(), detail) }
func unsupported(detail string) *problem { return refused(answered.NotJSON(), detail) }
func notAllowed(detail string) *problem  { return refused(answered.WrongMethod(), detail) }

// translate turns the errors that huma finds by itself, in parameters and in
// reading the body, into problems like all others.
func translate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	if m.Status >= http.StatusInternalServerError {
		return problemOf(errors.New(m.Detail)), nil
	}
	p := refused(kindOf(m), m.Detail)
	for _, e := range m.Errors {
		if e != nil {
			p.Errors = append(p.Errors, answered.Place{Location: e.Location, Message: e.Message, Value: e.Value})
		}
	}
	return p, nil
}

// kindOf gives the kind of what huma has found.
func kindOf(m *huma.ErrorModel) answered.Kind {
	switch m.Status {
	case http.StatusBadRequest:
		return answered.Malformed()
	case http.StatusRequestEntityTooLarge:
		return answered.TooLarge()
	case http.StatusRequestTimeout:
		return answered.Kind{Code: "timeout", Status: m.Status, Title: m.Title}
	default:
		invalid := answered.Of(fault.Invalid)
		return answered.Kind{Code: invalid.Code, Status: m.Status, Title: invalid.Title}
	}
}
