package login

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/fault"
	"waybill/internal/problem"
)

func malformed(words string) error { return problem.New(problem.Malformed(), words) }

// waitError is the answer to whoever has to wait before the next attempt.
type waitError struct{ wait time.Duration }

// Error says how long.
func (t *waitError) Error() string {
	return "too many attempts; wait " + strconv.Itoa(t.seconds()) + " seconds and try again"
}

// seconds is the wait, rounded up.
func (t *waitError) seconds() int { return int(math.Ceil(t.wait.Seconds())) }

// problemOf gives the answer to err. The text of an error that is not a fault
// is for the log alone.
func problemOf(err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	if t, ok := errors.AsType[*waitError](err); ok {
		return problem.New(problem.Of(fault.Limited), t.Error())
	}
	return problem.From(err)
}

// refuse answers with a problem.
func (x *exchange) refuse(err error) {
	p := *problemOf(err)
	p.Instance = problem.Instance(x.id)
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
	x.Header().Set("Content-Type", problem.MediaType)
	x.WriteHeader(p.Status)
	if err := json.NewEncoder(x).Encode(&p); err != nil && x.cause == nil {
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
