package delivery

import (
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxBody is how much of an answer is kept.
const maxBody = 2 << 10

// Classify says what an attempt came to by the status of its answer, and whether
// trying again is of no use. The class is empty when it was delivered. status is
// 0 where no answer came; then err says why.
//
// A redirect, and a status that blames the request, are tried again like the
// rest: the URL is read anew for each attempt, so the mistake may be mended.
func Classify(status int, err ErrorClass) (class ErrorClass, permanent bool) {
	class = classOf(status, err)
	return class, class.Permanent()
}

func classOf(status int, err ErrorClass) ErrorClass {
	switch {
	case status == 0 && err == "":
		return ErrOther
	case status == 0:
		return err
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return ErrRedirect
	case status == http.StatusGone:
		return ErrGone
	default:
		return ErrStatus
	}
}

// After gives what becomes of an owed postback by an attempt. s is its
// subscription's schedule. retryAfter is how long its receiver asks to be left
// alone, 0 if it does not; jitter is drawn evenly from 0 to 1. One that its
// receiver could make nothing of is no dead letter: there is nothing to mend.
func (o Owed) After(a Attempt, s Schedule, retryAfter time.Duration, jitter float64) Owed {
	ended := a.At.Add(a.Took)
	o.Attempts, o.LeasedUntil = a.Number, time.Time{}
	o.LastClass, o.LastStatus = a.Error, a.Status
	next, again := s.Next(a.Number-o.Replayed, ended, retryAfter, jitter)
	switch {
	case a.Error == "":
		o.State, o.DoneAt = Delivered, ended
	case a.Error == ErrUnmatched:
		o.State, o.DoneAt = Withdrawn, ended
	case a.Error.Permanent() || !again:
		o.State, o.DoneAt = Dead, ended
	default:
		o.State, o.DueAt = Waiting, next
	}
	return o
}

// Harmless makes the beginning of an answer fit to be kept and shown: up to 2
// KiB of valid UTF-8 without control characters, those that turn text around
// included. Line breaks and tabs stay.
func Harmless(body []byte) string {
	body = cut(body)
	var b strings.Builder
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		body = body[n:]
		if hidden(r) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > maxBody { // a replacement is longer than what it replaces
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cut gives the beginning of body, up to a whole character: one that was cut
// through is left out, not damaged.
func cut(body []byte) []byte {
	if len(body) <= maxBody {
		return body
	}
	body = body[:maxBody]
	for i := 1; i < utf8.UTFMax; i++ {
		if start := len(body) - i; utf8.RuneStart(body[start]) {
			if !utf8.FullRune(body[start:]) {
				return body[:start]
			}
			break
		}
	}
	return body
}

// hidden reports whether r acts on a screen or on text instead of being seen.
func hidden(r rune) bool {
	switch r {
	case '\n', '\r', '\t':
		return false
	case '\u2028', '\u2029':
		return true
	default:
		return unicode.In(r, unicode.Cc, unicode.Cf)
	}
}
