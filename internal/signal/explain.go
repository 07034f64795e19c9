package signal

import (
	"fmt"
	"strings"
)

// Key is the parameter in which a page's script proves where it belongs.
const Key = "key"

// Detail is what is known about the reason of a verdict. All of it may be
// empty.
type Detail struct {
	Param string // the parameter it is about, by its canonical name
	Got   string // what came
	Want  string // what would have been right, or the limit
	Why   string // what exactly is wrong, for people
}

// Explain says in one sentence what a code means for the signal at hand, and
// what the sender can do about it. Its text is for people and may change; the
// code is for programs.
func Explain(c Code, d Detail) string {
	for _, explain := range [...]func(Code, Detail) string{ofDone, ofForm, ofSender, ofUnknown, ofRules} {
		if text := explain(c, d); text != "" {
			return text
		}
	}
	return string(c)
}

// ofDone explains what went well, or was not judged at all.
func ofDone(c Code, d Detail) string {
	switch c {
	case OK:
		return "the conversion was counted"
	case RecordMissing:
		return "the conversion was credited from the transaction ID alone: the record of its click is lost"
	case CodeUpdated:
		return "the conversion was changed" + after(": ", d.Why)
	case CodeDuplicate:
		return "this was counted before, as the conversion named here; nothing was changed" + after(": ", d.Why)
	case Sighting:
		return "this conversion is known from another channel; it counts once, and both reports are kept"
	case CodeQueued:
		return "the hit is written down and will be judged shortly; there is no need to send it again"
	case RateLimited:
		return "too many requests, so this hit was not kept; send it again" + or(after(" in ", d.Want), " later") + ", and fewer at a time"
	case Unavailable:
		return "the hit could not be written down and does not count; send it again later"
	default:
		return ""
	}
}

// ofForm explains what is wrong with the signal itself.
func ofForm(c Code, d Detail) string {
	switch c {
	case Malformed:
		return "the request cannot be understood" + after(": ", d.Why) + "; mend it and send it again"
	case TransactionIDMissing:
		if d.Want != "" {
			return "no transaction_id came, and nothing else that the offer credits by; send one of " + d.Want
		}
		return "no transaction_id came (an empty value is none, and so is a word such as null); send the value that the landing page's URL carried when the visitor arrived, where the offer's URL has {transaction_id}"
	case TransactionIDInvalid:
		return "transaction_id" + quoted(d.Got) + " is not one of ours" + after(": ", d.Why) + "; send the 32 characters exactly as the landing page received them"
	case MacroUnexpanded:
		return or(d.Param, "a value") + " arrived as the literal text" + or(quoted(d.Got), " of a macro") + ": the macro was not filled in by the system that sent this; put the name by which that system knows the value in its place"
	case AmountInvalid:
		return or(d.Param, "amount") + quoted(d.Got) + " cannot be read" + after(": ", d.Why) + "; write it like 1234.56, with a decimal point and without separators of thousands"
	case AmountMissing:
		return "the goal pays a percentage of the sale, and no amount came; send it, such as amount=49.90"
	case CurrencyInvalid:
		return "the currency" + quoted(d.Got) + " does not fit" + after(": ", d.Why) + "; send amounts in " + or(d.Want, "the offer's currency")
	case OrderIDMissing:
		return "conversions like this one are counted by their order, and no order_id came; send the shop's order number"
	default:
		return ""
	}
}

// ofSender explains why the sender is not believed.
func ofSender(c Code, d Detail) string {
	if text := ofPage(c, d); text != "" {
		return text
	}
	switch c {
	case TokenMissing:
		return "no token came; add token=… with the token from the advertiser's settings"
	case TokenInvalid:
		return "the token is wrong; copy it again from the advertiser's settings"
	case SignatureInvalid:
		return `the signature is missing or wrong: at the end of the URL, sig is the hex HMAC-SHA256, under the advertiser's sig_secret, of ts + "." + the raw query before &sig=; for JSON, the header Waybill-Signature: t=…,v1=… signs t + "." + body`
	case SignatureExpired:
		return "the time that was signed" + beside(d.Got) + " is not within 5 minutes of ours" + beside(d.Want) + "; sign each request when it is sent, and set the sender's clock"
	case IPNotAllowed:
		return "postbacks are not taken from the address" + after(" ", d.Got) + "; add it to the advertiser's ip_allow, or send from an address that is on that list"
	case ChannelNotAllowed:
		return "the offer takes no conversions by this channel" + beside(d.Got) + or(after("; it takes them by ", d.Want), "; add it to the offer's channels")
	default:
		return ""
	}
}

// ofPage explains why a page's script is not believed.
func ofPage(c Code, d Detail) string {
	switch {
	case d.Param != Key:
		return ""
	case c == TokenMissing:
		return "no publishable key came, and the page's site is not on the offer's allowed_domains; send key=… with a publishable key of the advertiser, or add the site"
	case c == TokenInvalid:
		return "the key is no publishable key of the offer's advertiser, or the token beside it is wrong; copy it again from where it was made, and never put a key of another role into a page"
	default:
		return ""
	}
}

// ofUnknown explains what does not exist, or is something else already.
func ofUnknown(c Code, d Detail) string {
	switch c {
	case ClickNotFound:
		if d.Param != "" {
			return leadsNowhere(d)
		}
		return "the click" + after(" ", d.Got) + " is not on record" + after(": ", d.Why) + "; it may be older than the time for which clicks are kept"
	case OfferUnknown:
		return "there is no offer" + quoted(d.Got) + "; check offer_id, or leave it out: the transaction ID names the offer"
	case GoalUnknown:
		return "the offer has no goal" + quoted(d.Got) + or(after("; it has ", d.Want), "; create it") + ", or leave goal out for the default"
	case Conflict:
		if d.Want != "" {
			return "the conversion is at version " + d.Got + " by now, and the change was meant for version " + d.Want + "; read it again"
		}
		return "the same transaction, goal and order was reported before with other contents" + after(": ", d.Why) + "; to change a conversion send its new status, or set the goal's on_repeat to update"
	default:
		return ""
	}
}

// ofRules explains why a claim in good form earns nothing.
func ofRules(c Code, d Detail) string {
	switch c {
	case ClickExpired:
		return expired(d)
	case TooFast:
		return "the conversion came sooner after its click" + beside(d.Got) + " than the offer's min_conversion_time" + after(" of ", d.Want) + "; if people are that fast, make it shorter"
	case OfferInactive:
		return "the offer" + after(" ", d.Got) + " is archived and counts nothing any more; activate it and judge the signal again"
	case TurnedAway:
		if d.Param == "affiliate_id" {
			return "the affiliate" + after(" ", d.Got) + " is not approved for the offer and earns nothing there; approve it and judge the signal again if that was a mistake"
		}
		return "the visitor was not sent to the offer when the link was clicked" + after(": ", d.Why) + "; such a click earns nothing"
	case CapReached:
		return "a cap of the offer is used up" + after(": ", d.Why) + or(after("; it begins anew at ", d.Want), "; raise it to count more")
	case OfferMismatch:
		return "the transaction ID is of another offer than" + or(after(" offer_id ", d.Got), " offer_id says") + "; send the ID of this visitor's click, or leave offer_id out"
	case AffiliateBlocked:
		return "the affiliate" + after(" ", d.Got) + " is blocked and earns nothing; activate it and judge the signal again if that was a mistake"
	case InvalidTraffic:
		return "the click does not look like a person's" + after(": ", d.Why) + "; it can be judged again by a person"
	case TransitionNotAllowed:
		if d.Why != "" {
			return "the conversion stays as it is: " + d.Why
		}
		return "the conversion cannot go" + after(" from ", d.Got) + or(after(" to ", d.Want), " where this would take it") + "; " + ways(d.Got)
	default:
		return ""
	}
}

// leadsNowhere explains that nobody is known by what came in place of a
// transaction ID.
func leadsNowhere(d Detail) string {
	switch {
	case d.Param == "coupon":
		return "coupon" + quoted(d.Got) + " is no active coupon of this offer; check the code, add it to the coupons, or send the transaction_id"
	case d.Param == "affiliate_id":
		return "affiliate_id" + quoted(d.Got) + " is no affiliate; check the number, or send the transaction_id"
	case strings.Contains(d.Param, "customer_id"), strings.Contains(d.Param, "email"), strings.Contains(d.Param, "username"):
		return d.Param + " leads to no click or view of this offer; send the transaction_id too, or bind the customer first by a signal that carries both"
	default:
		return d.Param + " leads to no click or view of this offer; send the transaction_id"
	}
}

// expired explains that a click or view is too old by one of the offer's windows.
func expired(d Detail) string {
	window, touch := or(d.Param, "click_window"), "click"
	if window == "view_window" {
		touch = "view"
	}
	return "the " + touch + " lies further back" + beside(d.Got) + " than the offer's " + window + after(" of ", d.Want) +
		"; if this should count, make the window longer and judge the signal again"
}

// ways says where a conversion can go from a status.
func ways(from string) string {
	switch from {
	case "pending":
		return "a pending one can become approved, rejected or hold"
	case "hold":
		return "one on hold can become approved or rejected"
	case "approved":
		return "an approved one can only be rejected"
	case "rejected":
		return "a rejected one can only be approved again"
	default:
		return "what is paid stays so, and the network corrects it by an adjustment (kind clawback)"
	}
}

// maxQuoted is how much of what came is shown, in characters.
const maxQuoted = 80

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" %.*q", maxQuoted, s)
}

// after gives s behind before, or nothing where s is nothing.
func after(before, s string) string {
	if s == "" {
		return ""
	}
	return before + strings.TrimSuffix(s, ".")
}

// beside gives s in brackets, or nothing where s is nothing.
func beside(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
