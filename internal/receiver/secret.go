package receiver

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// NeedsSecret reports whether a subscription signs what it sends, and has nothing
// to sign with yet.
func NeedsSecret(s delivery.Subscription) bool {
	if s.Secret != "" {
		return false
	}
	sig := "{" + macro.Sig.String()
	signs := s.Format == delivery.Webhook || strings.Contains(s.URL, sig) || strings.Contains(s.Body, sig)
	for _, text := range s.Headers {
		signs = signs || strings.Contains(text, sig)
	}
	return signs
}

// Redact gives a subscription as it may be shown: its secrets, and headers that
// authorize, by their last four characters.
func Redact(s delivery.Subscription) delivery.Subscription {
	s.Secret, s.PreviousSecret = Hidden(s.Secret), Hidden(s.PreviousSecret)
	s.Parameters, s.Headers = maps.Clone(s.Parameters), maps.Clone(s.Headers)
	for name, value := range s.Parameters {
		if secretParameter(s.Format, name) {
			s.Parameters[name] = Hidden(value)
		}
	}
	for name, value := range s.Headers {
		if Authorizes(name) {
			s.Headers[name] = Hidden(value)
		}
	}
	return s
}

// Restore puts back what Redact took out of a subscription: whoever reads one,
// changes it and sends all of it back means the secrets to stay. It reports what
// looks like a hidden secret and is none of before's.
func Restore(before delivery.Subscription, s *delivery.Subscription) error {
	var errs []error
	restore := func(field, old, text string) string {
		switch {
		case !strings.HasPrefix(text, dots):
			return text
		case old != "" && text == Hidden(old):
			return old
		default:
			errs = append(errs, fault.At(field, "is how a secret is shown, not a secret; leave it out to keep what is there"))
			return text
		}
	}
	s.Secret = restore("secret", before.Secret, s.Secret)
	s.Parameters, s.Headers = maps.Clone(s.Parameters), maps.Clone(s.Headers)
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		s.Parameters[name] = restore("parameters."+name, before.Parameters[name], s.Parameters[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		s.Headers[name] = restore("headers["+name+"]", before.Headers[name], s.Headers[name])
	}
	return errors.Join(errs...)
}

// secretParameter reports whether a parameter is not to be shown.
func secretParameter(f delivery.Format, name string) bool {
	return Authorizes(name) || slices.ContainsFunc(Parameters(f), func(p Parameter) bool { return p.Secret && p.Name == name })
}
