package delivery

import (
	"slices"
	"strings"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/macro"
	"waybill/internal/span"
)

// Subscription is who wants to hear of which events, and how.
type Subscription struct {
	ID      int64  `json:"id" readOnly:"true"`
	Name    string `json:"name,omitempty" doc:"What people call it."`
	Owner   Owner  `json:"owner"`
	OfferID int64  `json:"offer_id,omitempty" doc:"Only this offer's conversions; left open: all."`
	Goal    string `json:"goal,omitempty" doc:"Only conversions of this goal (code); left open: all."`

	On          []conversion.Event  `json:"on" doc:"The events it hears of: conversion.created, .approved, .rejected, .reversed, .paid and .updated; or, with the formats webhook and json, what becomes of destinations: destination.opened (given a rest after failures in a row), .closed (well again), .disabled and .backlog."`
	Statuses    []conversion.Status `json:"statuses,omitempty" doc:"Only conversions that are in one of these statuses after the event; left open: all."`
	StatusWords map[string]string   `json:"status_words,omitempty" doc:"What the receiver calls our statuses, as in {\"rejected\":\"declined\"}: what {status} becomes. Those not listed keep their names."`

	Format     Format            `json:"format,omitempty" enum:"get,form,json,webhook,meta_capi,google_data_manager,tiktok_events,image,iframe" default:"get" doc:"How the receiver is spoken to. get: everything is in the URL; form, json: a body with macros; webhook: Standard Webhooks, signed; the conversion APIs of ad platforms; image, iframe: pixels that the visitor's browser loads."`
	Template   string            `json:"template,omitempty" doc:"The ready template it was made from."`
	Parameters map[string]string `json:"parameters,omitempty" doc:"What the format needs beside the URL, such as the dataset and the access token of an ad platform. Secret ones are shown by their last four characters."`
	Method     string            `json:"method,omitempty" enum:"GET,POST,PUT" doc:"Left open: what is usual for the format."`
	URL        string            `json:"url,omitempty" doc:"Where the postback goes; macros such as {aff_click_id} and {payout} are filled in. May be left open where the format knows it."`
	Headers    map[string]string `json:"headers,omitempty" doc:"Headers beside those of the format, with macros. Those that authorize are shown by their last four characters."`
	Body       string            `json:"body,omitempty" doc:"Of the formats form and json, with macros. Left open for json: the same payload as a webhook's."`

	SuccessContains string `json:"success_contains,omitempty" doc:"For receivers that answer 200 to everything: a postback counts as delivered only if the beginning of the answer (4 KiB) holds this text, or one of several that | separates."`
	FailureContains string `json:"failure_contains,omitempty" doc:"Likewise: not if it holds this text, or one of several."`

	Secret         string    `json:"secret,omitempty" doc:"Signs webhooks, and {sig} in other formats. Drawn by Waybill where one is needed and none is given; shown whole only in answers to its making and renewal, and by its last four characters after that."`
	PreviousSecret string    `json:"previous_secret,omitempty" readOnly:"true" doc:"Signs webhooks beside secret until previous_until, so that the receiver can change over."`
	PreviousUntil  time.Time `json:"previous_until,omitzero" readOnly:"true"`

	Delay          span.Span `json:"delay,omitzero" doc:"How long after the event it is first tried."`
	Retry          Schedule  `json:"retry,omitempty" doc:"The times between one attempt and the next; left open: 5s, 1m, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h."`
	Timeout        span.Span `json:"timeout,omitzero" doc:"For a whole attempt; left open: the installation's (10s). At most 60s."`
	ConnectTimeout span.Span `json:"connect_timeout,omitzero" doc:"For the connection; left open: the installation's (3s)."`
	Rate           float64   `json:"rate,omitempty" doc:"How many are sent in a second at most; left open: as many as the receiver takes."`
	InFlight       int       `json:"in_flight,omitempty" doc:"How many are sent at once at most; left open: as many as to its host."`
	Backlog        Backlog   `json:"backlog,omitempty" enum:"oldest,newest" default:"oldest" doc:"Which conversions go first when postbacks have piled up. Those of one conversion always go in their order."`

	ShareVisitor   bool      `json:"share_visitor,omitempty" doc:"Set by the network alone: the owner may be told the visitor's address and user agent, {ip} and {user_agent}, and an affiliate the digest of the customer's e-mail, {email_sha256}."`
	Status         Status    `json:"status,omitempty" enum:"active,paused,disabled" default:"active" doc:"A paused subscription owes nothing new; what it owes waits. Waybill disables a webhook whose receiver answers 410; making it active again takes that back."`
	DisabledAt     time.Time `json:"disabled_at,omitzero" readOnly:"true"`
	DisabledReason string    `json:"disabled_reason,omitempty" readOnly:"true"`
}

// Format is how a receiver is spoken to.
type Format string

// The formats.
const (
	Get               Format = "get"
	Form              Format = "form"
	JSON              Format = "json"
	Webhook           Format = "webhook"
	MetaCAPI          Format = "meta_capi"
	GoogleDataManager Format = "google_data_manager"
	TikTokEvents      Format = "tiktok_events"
	Image             Format = "image"
	Iframe            Format = "iframe"
)

// Formats lists every format.
func Formats() []Format {
	return []Format{Get, Form, JSON, Webhook, MetaCAPI, GoogleDataManager, TikTokEvents, Image, Iframe}
}

// Browser reports whether the visitor's browser loads it. Such a pixel is never
// queued: it fires when the conversion comes through a browser, or not at all.
func (f Format) Browser() bool { return f == Image || f == Iframe }

// Backlog says which conversions go first when postbacks have piled up.
type Backlog string

// The orders. None is Oldest.
const (
	Oldest Backlog = "oldest"
	Newest Backlog = "newest"
)

// Status says whether a subscription is served.
type Status string

// The statuses.
const (
	Active   Status = "active"
	Paused   Status = "paused"
	Disabled Status = "disabled" // by Waybill: the receiver wants no more
)

// The events of an installation's own destinations.
const (
	EventDestinationOpened   conversion.Event = "destination.opened"   // it fails, and is given a rest
	EventDestinationClosed   conversion.Event = "destination.closed"   // it takes postbacks again
	EventDestinationDisabled conversion.Event = "destination.disabled" // it wants no more
	EventDestinationBacklog  conversion.Event = "destination.backlog"  // what is owed to it has grown old
)

// AboutDestination reports whether an event is of a destination's life, not of a
// conversion's.
func AboutDestination(e conversion.Event) bool {
	return strings.HasPrefix(string(e), "destination.")
}

// Default is a subscription before anything was said of it.
func Default() Subscription {
	return Subscription{
		On: []conversion.Event{conversion.EventCreated}, Format: Get, Backlog: Oldest, Status: Active,
	}
}

// Use gives the macros that a subscription's templates may hold: what its owner
// may know.
func (s Subscription) Use() macro.Use {
	use := s.Owner.Use()
	if use != 0 && s.ShareVisitor {
		use |= macro.WithVisitor
	}
	return use
}

// Fits reports whether an event of c's life is owed to the subscription. Browser
// pixels are owed nothing.
func (s Subscription) Fits(c conversion.Conversion, e conversion.Event) bool {
	return !s.Format.Browser() && s.Concerns(c, e)
}

// Concerns reports whether an active subscription, of whatever format, hears of
// an event of c's life.
func (s Subscription) Concerns(c conversion.Conversion, e conversion.Event) bool {
	return s.Status == Active && slices.Contains(s.On, e) && s.Owner.hears(&c) &&
		(s.OfferID == 0 || s.OfferID == c.OfferID) &&
		(s.Goal == "" || strings.EqualFold(s.Goal, c.GoalCode)) &&
		(len(s.Statuses) == 0 || slices.Contains(s.Statuses, c.Status))
}

// Alerts reports whether the subscription hears of destinations.
func (s Subscription) Alerts() bool { return slices.ContainsFunc(s.On, AboutDestination) }

// FitsAlert reports whether the subscription hears of what became of another
// one's destination: partners of their own, the network of all. There are no
// alerts about those who hear of alerts, or one could follow from the other for
// ever.
func (s Subscription) FitsAlert(about Subscription, e conversion.Event) bool {
	return s.Status == Active && slices.Contains(s.On, e) && !about.Alerts() &&
		s.Owner.Validate() == nil && (s.Owner.Network || s.Owner == about.Owner) &&
		(s.OfferID == 0 || s.OfferID == about.OfferID)
}

// StatusWord gives what the receiver calls a status.
func (s Subscription) StatusWord(status conversion.Status) string {
	if word, ok := s.StatusWords[string(status)]; ok {
		return word
	}
	return string(status)
}

// Warning is something that may be saved, but seldom is what was meant.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}
