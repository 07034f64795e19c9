package chain

import "fmt"

// text says what happened in a step.
func (s *step) text(k Kind) string {
	switch k {
	case NoID:
		return s.withoutID()
	case Kind(Cased), Kind(Cut), Kind(Wrapped), Kind(Another), Kind(Literal):
		return s.changed(k)
	case WrongParameter:
		return fmt.Sprintf("%s handed %s the ID as %s, where %s does not look for it.", s.from.Name, s.to.Name, s.place.Parameter, s.to.Name)
	case TurnedAway:
		return fmt.Sprintf("%s did not send the visitor on to %s: %s.", s.from.Name, s.to.Name, s.got)
	case NotArrived:
		return fmt.Sprintf("%s sent the visitor to %s, and %s knows nothing of him.", s.from.Name, s.got, s.to.Name)
	case NoPostback:
		return fmt.Sprintf("%s tells %s nothing of the conversion.", s.from.Name, s.to.Name)
	case NotDelivered:
		if s.Error == "" {
			return fmt.Sprintf("%s has not sent its postback to %s yet.", s.from.Name, s.to.Name)
		}
		return fmt.Sprintf("%s could not deliver its postback to %s: %s, after %d attempts.", s.from.Name, s.to.Name, s.Error, s.Attempts)
	case Refused:
		return fmt.Sprintf("%s was told its own ID %s by %s, and refused it: %s.", s.to.Name, s.want, s.from.Name, s.reason())
	case Elsewhere:
		return fmt.Sprintf("%s told %s of the conversion, and %s has not heard of it.", s.from.Name, s.got, s.to.Name)
	default:
		return string(k)
	}
}

// withoutID tells of an ID that is not there: it was not sent, or not kept.
func (s *step) withoutID() string {
	switch {
	case s.place.Change == Whole:
		return fmt.Sprintf("%s handed %s the ID %s as %s, and %s has not kept it.", s.from.Name, s.to.Name, s.want, s.place.Parameter, s.to.Name)
	case s.way == Out:
		return fmt.Sprintf("%s sent the visitor on to %s without its ID %s.", s.from.Name, s.to.Name, s.want)
	default:
		return fmt.Sprintf("%s told %s of the conversion without the ID %s, which it had been handed.", s.from.Name, s.to.Name, s.want)
	}
}

// changed tells of an ID that became another: by the sender, or behind it.
func (s *step) changed(k Kind) string {
	how := "it became another"
	switch Change(k) { //nolint:exhaustive // the others say it all
	case Cased:
		how = "its case was changed"
	case Cut:
		how = fmt.Sprintf("it was cut to %d of %d characters", len(s.got), len(s.want))
	case Wrapped:
		how = "something was put around it"
	case Literal:
		how = "a macro that was not filled in"
	}
	if s.place.Change == Whole {
		return fmt.Sprintf("%s handed on the ID %s whole, and %s has %s: %s, by %s or between the two.", s.from.Name, s.want, s.to.Name, s.got, how, s.to.Name)
	}
	return fmt.Sprintf("%s handed %s %s in place of the ID %s: %s.", s.from.Name, s.to.Name, s.got, s.want, how)
}

// reason gives a receiver's words for a refusal.
func (s *step) reason() string {
	if v, ok := s.verdict(); ok {
		return fmt.Sprintf("%s (%s)", v.Code, v.Message)
	}
	if len(s.Answer) > 0 {
		return fmt.Sprintf("HTTP %d, %.80q", s.Status, s.Answer)
	}
	return fmt.Sprintf("HTTP %d", s.Status)
}

// fix says what to change after a step.
func (s *step) fix(k Kind) string {
	behind := s.place.Change == Whole // the sender has done what it should
	switch k {
	case Kind(Cased), Kind(Cut), Kind(Wrapped), Kind(Another), Kind(Literal), NoID:
		if behind {
			return s.fixBehind(Change(k))
		}
		if k == Kind(Literal) {
			return fmt.Sprintf("In %s, put %s in place of %s: %s=%s.", s.template(), s.what(), s.got, s.parameter(), s.macro())
		}
		return fmt.Sprintf("In %s, hand on %s unchanged: %s=%s.", s.template(), s.what(), s.parameter(), s.macro())
	case WrongParameter:
		return fmt.Sprintf("In %s, rename %s to %s.", s.template(), s.place.Parameter, s.parameter())
	case TurnedAway:
		return fmt.Sprintf("Look at the offer at %s: its status, dates, targeting and caps.", s.from.Name)
	case NotArrived:
		return fmt.Sprintf("In %s, put the tracking link that %s gives out.", s.template(), s.to.Name)
	case NoPostback:
		if s.from.Role == Waybill {
			return fmt.Sprintf("At %s, save a postback of the affiliate that stands for %s, with %s=%s in its URL.", s.from.Name, s.to.Name, s.parameter(), s.macro())
		}
		return fmt.Sprintf("Have %s call the postback URL of %s, with %s=%s.", s.from.Name, s.to.Name, s.parameter(), s.macro())
	case NotDelivered:
		return fmt.Sprintf("See that %s can reach the host in %s.", s.from.Name, s.template())
	case Refused:
		return fmt.Sprintf("Put right at %s what the answer names; then replay the postback at %s.", s.to.Name, s.from.Name)
	case Elsewhere:
		return fmt.Sprintf("In %s, put the postback URL of %s.", s.template(), s.to.Name)
	default:
		return ""
	}
}

// fixBehind says where to look when an ID was sent whole and came changed.
func (s *step) fixBehind(c Change) string {
	const between = "Look for a redirector or a link shortener between them"
	switch c {
	case Cut:
		return fmt.Sprintf("%s; where %s keeps the ID there must be room for all %d characters.", between, s.to.Name, len(s.want))
	case Cased:
		return fmt.Sprintf("%s; %s must keep the ID in the case that it comes in.", between, s.to.Name)
	default:
		return fmt.Sprintf("%s that drops or rewrites %s; %s must keep the ID as it comes.", between, s.place.Parameter, s.to.Name)
	}
}

// template names where the sender's words to the receiver are written down.
func (s *step) template() string {
	switch {
	case s.from.Role == Waybill && s.way == Out:
		return "the offer's destination_url at " + s.from.Name
	case s.from.Role == Waybill && s.SubscriptionID != 0:
		return fmt.Sprintf("the url of postback %d at %s", s.SubscriptionID, s.from.Name)
	case s.from.Role == Waybill:
		return "the url of the postback at " + s.from.Name
	case s.way == Out:
		return "the campaign link at " + s.from.Name
	default:
		return "the postback that " + s.from.Name + " sends"
	}
}

// what names the ID from the sender's side.
func (s *step) what() string {
	if s.way == Out {
		return "its own ID"
	}
	return "the ID that it was handed"
}

// macro is how the sender's template writes the ID.
func (s *step) macro() string {
	switch {
	case s.from.Role != Waybill:
		return "… (by its own macro)"
	case s.way == Out:
		return "{transaction_id}"
	default:
		return "{aff_click_id}"
	}
}

// parameter is where the receiver looks for the ID.
func (s *step) parameter() string {
	if reads := s.to.reads(s.way); len(reads) > 0 {
		return reads[0]
	}
	if s.place.Parameter != "" {
		return s.place.Parameter
	}
	return "tid"
}
