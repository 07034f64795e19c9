package offer

import (
	"errors"
	"net/url"
	"time"
	"unicode/utf8"

	"waybill/internal/fault"
)

// Access says which affiliates may send visitors to an offer.
type Access string

// The kinds of access. An offer that names none is open.
const (
	Open      Access = "open"    // every affiliate may
	OnRequest Access = "request" // those may who asked and were approved
	Private   Access = "private" // those may who were approved; no other hears of it
)

// Everybody reports whether no approval is asked for.
func (a Access) Everybody() bool { return a == Open || a == "" }

// Standing is how an affiliate stands to an offer: whether it may promote it.
type Standing string

// The standings. An affiliate that has none never asked.
const (
	Requested Standing = "requested"
	Approved  Standing = "approved"
	Rejected  Standing = "rejected"
)

// Permission is one affiliate's standing to one offer. It is kept whatever the
// offer's access is, and counts where the offer asks for approval.
type Permission struct {
	OfferID     int64    `json:"offer_id"`
	AffiliateID int64    `json:"affiliate_id"`
	Standing    Standing `json:"status" enum:"requested,approved,rejected"`
}

// Application is a permission with what was said about it.
type Application struct {
	Permission
	Note         string    `json:"note,omitempty" doc:"What the affiliate said when it asked."`
	DecisionNote string    `json:"decision_note,omitempty" doc:"What the network said when it decided."`
	At           time.Time `json:"at" doc:"When the affiliate asked; when the network decided, if it was never asked."`
	DecidedAt    time.Time `json:"decided_at,omitzero"`
}

// Ask notes that the affiliate asks for approval. One that waits may say more;
// one that was approved has no need to; one that was refused is not heard again,
// until the network decides otherwise.
func (a *Application) Ask(note string, at time.Time) error {
	switch a.Standing {
	case Rejected:
		return fault.New(fault.Conflict, "affiliate %d was refused at offer %d, and cannot ask again; the network may still approve it", a.AffiliateID, a.OfferID)
	case Approved:
		return nil
	case Requested:
		a.Note = note
		return nil
	default:
		a.Standing, a.Note, a.At = Requested, note, at
		return nil
	}
}

// Decide notes what the network decides, asked or not.
func (a *Application) Decide(s Standing, note string, at time.Time) {
	if a.Standing == s && a.DecisionNote == note {
		return
	}
	a.Standing, a.DecisionNote, a.DecidedAt = s, note, at
	if a.At.IsZero() {
		a.At = at
	}
}

// TakeBack undoes the decision, as if none had been made: the affiliate waits for
// one again. What was sent to the offer meanwhile goes on earning.
func (a *Application) TakeBack() error {
	if a.Standing == "" {
		return fault.New(fault.Conflict, "affiliate %d has not asked for offer %d, and nothing was decided", a.AffiliateID, a.OfferID)
	}
	a.Standing, a.DecisionNote, a.DecidedAt = Requested, "", time.Time{}
	return nil
}

// ValidDecision checks what the network decides, or takes back.
func ValidDecision(s Standing, note string) error {
	errs := []error{oneOf("status", s, Approved, Rejected, Requested), fault.Note("note", note)}
	if s == Requested && note != "" {
		errs = append(errs, fault.At("note", "goes with a decision, and requested takes one back"))
	}
	return errors.Join(errs...)
}

const (
	maxDescription = 5000
	maxCategory    = 100
	maxPreview     = 2048 // bytes
)

// validateShowing checks what affiliates are shown of the offer.
func (o *Offer) validateShowing() error {
	errs := []error{fault.Prose("description", o.Description, maxDescription)}
	if o.Category != "" {
		errs = append(errs, fault.Name("category", o.Category))
		if utf8.RuneCountInString(o.Category) > maxCategory {
			errs = append(errs, fault.At("category", "is longer than %d characters", maxCategory))
		}
	}
	if o.PreviewURL != "" {
		errs = append(errs, validPreview(o.PreviewURL))
	}
	if o.Access != "" {
		errs = append(errs, oneOf("access", o.Access, Open, OnRequest, Private))
	}
	return errors.Join(errs...)
}

// validPreview checks a page to look at. Nobody is tracked there, so there is
// nothing to fill in.
func validPreview(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fault.At("preview_url", "%.80q is not an address such as https://shop.example.com/spring", s)
	case len(s) > maxPreview:
		return fault.At("preview_url", "is longer than %d bytes", maxPreview)
	case u.User != nil:
		return fault.At("preview_url", "holds a user name, which everybody would see")
	default:
		return nil
	}
}
