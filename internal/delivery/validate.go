package delivery

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/span"
)

// The bounds of a subscription's settings.
const (
	maxGoal     = 64
	maxDelay    = 30 * span.Day
	maxWaits    = 30
	minWait     = span.Span(time.Second)
	maxWait     = 7 * span.Day
	maxRetrying = 30 * span.Day // all waits together
	minTimeout  = span.Span(100 * time.Millisecond)
	minRate     = 0.01
	maxRate     = 10_000
	maxInFlight = 256

	// MaxTimeout is the longest that an attempt may take.
	MaxTimeout = span.Span(time.Minute)
)

// Validate reports every field that is wrong but for those that a format gives
// their meaning: URL, headers, body, parameters and secret. The ID is the
// ledger's to give, and whether owner and offer exist is for it to say.
func (s Subscription) Validate() error {
	return errors.Join(
		fault.Within("owner", s.Owner.Validate()),
		s.validateScope(),
		s.validateEvents(),
		s.validateStatuses(),
		oneOf("format", s.Format, Formats()...),
		s.validateSchedule(),
		s.validatePace(),
		fault.Line("name", s.Name), fault.Line("template", s.Template),
		fault.Line("success_contains", s.SuccessContains), fault.Line("failure_contains", s.FailureContains),
		oneOf("status", s.Status, Active, Paused, Disabled),
	)
}

func (s Subscription) validateScope() error {
	var errs []error
	if s.OfferID < 0 {
		errs = append(errs, fault.At("offer_id", "is not an offer's number"))
	}
	switch {
	case len(s.Goal) > maxGoal:
		errs = append(errs, fault.At("goal", "is longer than %d characters", maxGoal))
	case strings.ContainsFunc(s.Goal, unicode.IsControl), strings.TrimSpace(s.Goal) != s.Goal:
		errs = append(errs, fault.At("goal", "%.40q is not a goal's code", s.Goal))
	}
	if s.Delay < 0 || s.Delay > maxDelay {
		errs = append(errs, fault.At("delay", "must lie between 0s and %s", maxDelay))
	}
	return errors.Join(errs...)
}

func (s Subscription) validateEvents() error {
	if len(s.On) == 0 {
		return fault.At("on", "is empty, so there would be nothing to hear of; use [%q]", conversion.EventCreated)
	}
	var errs []error
	for i, e := range s.On {
		place := fmt.Sprintf("on[%d]", i)
		if slices.Contains(s.On[:i], e) {
			errs = append(errs, fault.At(place, "%.40q is listed twice", e))
			continue
		}
		errs = append(errs, oneOf(place, e, conversion.EventCreated, conversion.EventApproved, conversion.EventRejected,
			conversion.EventReversed, conversion.EventPaid, conversion.EventUpdated,
			EventDestinationOpened, EventDestinationClosed, EventDestinationDisabled, EventDestinationBacklog))
	}
	if s.Alerts() && s.Format != Webhook && s.Format != JSON {
		errs = append(errs, fault.At("on", "destination events are told by the formats webhook and json alone, since no macro stands for what they say"))
	}
	return errors.Join(errs...)
}

func (s Subscription) validateStatuses() error {
	statuses := []conversion.Status{
		conversion.Pending, conversion.Hold, conversion.Approved, conversion.Rejected, conversion.Paid,
	}
	var errs []error
	for i, status := range s.Statuses {
		place := fmt.Sprintf("statuses[%d]", i)
		if slices.Contains(s.Statuses[:i], status) {
			errs = append(errs, fault.At(place, "%.40q is listed twice", status))
			continue
		}
		errs = append(errs, oneOf(place, status, statuses...))
	}
	for _, status := range slices.Sorted(maps.Keys(s.StatusWords)) {
		place := "status_words." + status
		if !slices.Contains(statuses, conversion.Status(status)) {
			errs = append(errs, fault.At("status_words", "%.40q is none of our statuses, which stand on the left: use %s", status, list(statuses)))
			continue
		}
		errs = append(errs, fault.Line(place, s.StatusWords[status]))
	}
	return errors.Join(errs...)
}

func (s Subscription) validateSchedule() error {
	if len(s.Retry) > maxWaits {
		return fault.At("retry", "has %d waits, the most is %d", len(s.Retry), maxWaits)
	}
	var errs []error
	var sum span.Span
	for i, wait := range s.Retry {
		if wait < minWait || wait > maxWait {
			errs = append(errs, fault.At(fmt.Sprintf("retry[%d]", i), "must lie between %s and %s", minWait, maxWait))
			continue
		}
		sum += wait
	}
	if sum > maxRetrying {
		errs = append(errs, fault.At("retry", "is tried for %s, the most is %s", sum, maxRetrying))
	}
	return errors.Join(errs...)
}

func (s Subscription) validatePace() error {
	var errs []error
	for _, t := range [...]struct {
		field string
		value span.Span
	}{{"timeout", s.Timeout}, {"connect_timeout", s.ConnectTimeout}} {
		if t.value != 0 && (t.value < minTimeout || t.value > MaxTimeout) {
			errs = append(errs, fault.At(t.field, "must lie between %s and %s; left open, it is the installation's", minTimeout, MaxTimeout))
		}
	}
	if s.Timeout != 0 && s.ConnectTimeout > s.Timeout {
		errs = append(errs, fault.At("connect_timeout", "is longer than timeout, %s, of which it is a part", s.Timeout))
	}
	if s.Rate != 0 && !(s.Rate >= minRate && s.Rate <= maxRate) || math.IsNaN(s.Rate) {
		errs = append(errs, fault.At("rate", "must lie between %g and %d a second; left open, there is no limit", minRate, maxRate))
	}
	if s.InFlight < 0 || s.InFlight > maxInFlight {
		errs = append(errs, fault.At("in_flight", "must lie between 1 and %d; left open, only the cap of its host counts", maxInFlight))
	}
	return errors.Join(append(errs, oneOf("backlog", s.Backlog, "", Oldest, Newest))...)
}

// oneOf reports a word that is not on the list.
func oneOf[T ~string](field string, word T, words ...T) error {
	if slices.Contains(words, word) {
		return nil
	}
	if word == "" {
		return fault.At(field, "is missing; use %s", list(words))
	}
	return fault.At(field, "%.40q is not understood; use %s", string(word), list(words))
}

func list[T ~string](words []T) string {
	all := make([]string, 0, len(words))
	for _, w := range words {
		if w != "" {
			all = append(all, string(w))
		}
	}
	return strings.Join(all, ", ")
}
