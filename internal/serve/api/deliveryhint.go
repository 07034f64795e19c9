package api

import (
	"fmt"
	"net/http"

	"waybill/internal/delivery"
)

// failureText says in a few words how an attempt went wrong.
func failureText(class delivery.ErrorClass, status int, detail string) string {
	switch {
	case status != 0:
		return fmt.Sprintf("HTTP %d", status)
	case detail != "":
		return string(class) + " (" + detail + ")"
	case class != "":
		return string(class)
	default:
		return "a failure"
	}
}

// hintOf says what to do about an attempt that went wrong, by its class and the
// status that came back; nothing when it did not.
func hintOf(class delivery.ErrorClass, status int) string {
	switch class {
	case "":
		return ""
	case delivery.ErrDNS:
		return "The host's name is not found. Look for a slip of the pen in the URL, or ask the receiver whether the name has changed; then change the subscription's url and replay."
	case delivery.ErrRefused:
		return "Nobody listens at that address and port. Ask the receiver whether it is down or has moved, then replay."
	case delivery.ErrReset:
		return "The connection broke before an answer came. It is often a firewall or a limit at the receiver's: ask it to let this installation's addresses in, lower rate and in_flight, then replay."
	case delivery.ErrTLS:
		return "The receiver's certificate is not valid for that host, or has expired. Its owner has to renew it; nothing is sent to a host that cannot be verified. Then replay."
	case delivery.ErrTimeout:
		return "No answer came in time. Raise the subscription's timeout if the receiver is slow by nature, lower rate and in_flight if it is overrun, then replay."
	case delivery.ErrForbidden:
		return "The host leads to a private or reserved address, which is refused. If the receiver is meant to be inside, start the node with --allow-private-destinations for its network; else mend the url. Then replay."
	case delivery.ErrTemplate:
		return "The template came to no request: the detail says what is missing. Mend the subscription with POST postbacks/preview, then replay; it is read anew when it is sent."
	case delivery.ErrRedirect:
		return "The receiver redirects, and postbacks are not redirected. Put the address that it redirects to into the subscription's url (often https instead of http, or a slash at the end), then replay."
	case delivery.ErrGone:
		return "The receiver says that this address is gone for good (410). Ask it for the new one, put it into the subscription's url, resume the destination, then replay."
	case delivery.ErrAnswer:
		return "The receiver answered, and its answer says that it failed. Read it in the attempt; if it is the receiver's own trouble, replay when that is over."
	case delivery.ErrRejected:
		return "The receiver's answer says that it never takes this one. Read it in the attempt, mend what it names in the subscription, then replay."
	case delivery.ErrUnmatched:
		return "Nothing was sent: the ad platform could match this conversion with nobody, which is usual for visitors that did not come by one of its ads. If it should have been matched, look whether its click ID comes with the tracking link; see to identifiers and share_visitor, too; then replay."
	case delivery.ErrStatus:
		return statusHint(status)
	case delivery.ErrOther:
		return "The attempt failed in an unusual way: the detail says how. Send a test with POST postbacks/{id}/test, then replay."
	}
	return "The receiver did not take it: its answer and the detail say why. Mend what they name, then replay."
}

// statusHint is what an answer asks for.
func statusHint(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "The receiver refuses the sender. Look for a key, token or signature that is wrong or has run out, or ask it to let this installation's addresses in; then replay."
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return "There is nothing at that path, or it takes another method. Compare url and method with the receiver's description; then replay."
	case status == http.StatusTooManyRequests:
		return "The receiver takes fewer at once. Set the subscription's rate to what it allows; then replay."
	case status == http.StatusRequestEntityTooLarge, status == http.StatusRequestURITooLong:
		return "The request is too long for the receiver. Leave out what it does not need; then replay."
	case status >= 500:
		return "The receiver failed by itself. Ask it for the reason, and replay when it is mended."
	default:
		return "The receiver refuses the request: its answer says what it misses. Mend the subscription with POST postbacks/preview, then replay."
	}
}
