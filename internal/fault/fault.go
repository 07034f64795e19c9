// Package fault tells kinds of failure apart by what the one who meets them
// can do: mend the request, ask for a right, wait, or report a defect.
//
// A fault's text is written for the client and is shown to it. Anything that
// is not a fault is Internal: its text is for the operator's log alone, and a
// client is told only that something went wrong.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what the caller can do about a failure.
type Kind uint8

// The kinds. Internal is the zero value, so an error nobody classified is
// never shown to a client.
const (
	Internal     Kind = iota // a defect, or a failure nobody expected
	Invalid                  // the request is wrong: mend it
	Unauthorized             // no credential, or a wrong one
	Forbidden                // the caller is known, and may not do this
	NotFound                 // there is no such thing
	Conflict                 // it contradicts what is already there
	Stale                    // it was changed meanwhile: read it again
	Limited                  // too much: slow down
	Unavailable              // not now: try again later
	Damaged                  // what is stored cannot be read: the operator must mend it
	ConfirmFirst             // the caller is known, and must show anew who that is before this
)

// String gives the kind's name in lower case, for logs and metrics.
func (k Kind) String() string {
	names := [...]string{
		"internal", "invalid", "unauthorized", "forbidden", "not_found",
		"conflict", "stale", "limited", "unavailable", "damaged", "confirm_first",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return names[Internal]
}

// Error is a failure with a kind. Field is the place in the request it speaks
// of, in the request's own words (`destination_url`, `caps[1].limit`), or
// empty.
type Error struct {
	Kind  Kind
	Field string
	Text  string
	Cause error // for the operator; never shown to a client
}

// Error gives the text with its field, and the cause behind it.
func (e *Error) Error() string {
	s := e.Text
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes a fault whose text is shown to the client.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// At makes an Invalid fault about one field.
func At(field, format string, args ...any) error {
	return &Error{Kind: Invalid, Field: field, Text: fmt.Sprintf(format, args...)}
}

// Because makes a fault with a cause that only the operator sees.
func Because(cause error, k Kind, format string, args ...any) error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...), Cause: cause}
}

// Of gives the kind of the first fault in err's tree, Internal if it has none.
func Of(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// All gives every fault in err's tree, in order, so that a client learns of all
// that is wrong with its request at once. Causes are not searched.
func All(err error) []*Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // the tree is walked here, node by node
		return []*Error{e}
	}
	switch u := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		var all []*Error
		for _, one := range u.Unwrap() {
			all = append(all, All(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return All(u.Unwrap())
	}
	return nil
}

// Within puts the place in front of every field in err's tree, for a value that
// is part of a larger one: Within("goals[2]", err).
func Within(place string, err error) error {
	var moved []error
	for _, e := range All(err) {
		c := *e
		if c.Field == "" {
			c.Field = place
		} else {
			c.Field = place + "." + c.Field
		}
		moved = append(moved, &c)
	}
	if moved == nil {
		return err
	}
	return errors.Join(moved...)
}
