package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// destinationRecord is how the queue of one subscription stands.
type destinationRecord struct {
	ID             int64              `json:"id" doc:"The subscription's."`
	Owner          delivery.Owner     `json:"owner"`
	Name           string             `json:"name,omitempty"`
	Host           string             `json:"host,omitempty" doc:"Where it leads."`
	Format         delivery.Format    `json:"format,omitempty"`
	Status         delivery.Status    `json:"status" enum:"active,paused,disabled" doc:"Of the subscription. Only an active one is served."`
	DisabledReason string             `json:"disabled_reason,omitempty" doc:"Why Waybill disabled it."`
	Waiting        int64              `json:"waiting" doc:"Postbacks that wait, those that are not due yet too. It and the three below are counted to 10,000, which stands for that many or more."`
	Due            int64              `json:"due" doc:"Those of them that are due."`
	Dead           int64              `json:"dead" doc:"Postbacks that were given up."`
	Parked         int64              `json:"parked" doc:"Postbacks that wait for a person."`
	OldestDue      *time.Time         `json:"oldest_due_at,omitempty" doc:"Since when the oldest of those that are due is."`
	Age            string             `json:"backlog_age,omitempty" doc:"How long that is ago." example:"1h12m3s"`
	Breaker        breakerRecord      `json:"breaker"`
	LastSuccess    *time.Time         `json:"last_success_at,omitempty" doc:"When one was delivered last."`
	LastFailure    *destinationFailed `json:"last_failure,omitempty" doc:"The last attempt that failed."`
}

// breakerRecord is a breaker as the API shows it.
type breakerRecord struct {
	State    delivery.BreakerState `json:"state" enum:"closed,open,half_open" doc:"open: the receiver is down, and what waits is not tried until probe_at; half_open: one is let through, and decides."`
	Failures int                   `json:"failures" doc:"In a row."`
	OpenedAt *time.Time            `json:"opened_at,omitempty" doc:"When the outage was seen."`
	ProbeAt  *time.Time            `json:"probe_at,omitempty" doc:"When the next postback is let through."`
	Reason   string                `json:"reason,omitempty" doc:"The last failure that counted, in a word."`
	Detail   string                `json:"detail,omitempty" doc:"That failure in words."`
}

type destinationFailed struct {
	At     time.Time `json:"at"`
	Error  string    `json:"error"`
	Status int       `json:"http_status,omitempty"`
	Detail string    `json:"detail,omitempty" doc:"What went wrong, in words."`
	Hint   string    `json:"hint,omitempty" doc:"What to do about it."`
}

func (a *API) registerDestinations(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	one := schemaOf[destinationRecord](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/destinations", id: "list-destinations", tag: "Postbacks",
		summary: "List how each subscription's queue stands", roles: both, out: s.list("DestinationList", one),
		text: "How many wait, how old the oldest is, what the breaker says and how the last attempts went.",
	}, a.listDestinations)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/destinations/{id}", id: "get-destination", tag: "Postbacks",
		summary: "Read how a subscription's queue stands", roles: both, out: one,
	}, a.getDestination)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/destinations/{id}/resume", id: "resume-destination", tag: "Postbacks",
		summary: "Serve a subscription again", roles: both, out: one,
		text: "Makes the subscription active, closes its breaker, and lets what waits go out now. Postbacks that were given up stay so: replay them.",
	}, a.resumeDestination)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/destinations/{id}/pause", id: "pause-destination", tag: "Postbacks",
		summary: "Stop serving a subscription", roles: both, out: one,
		text: "What it owes waits, and it owes nothing new until it is resumed.",
	}, a.pauseDestination)
}

// destination puts a subscription and its queue together.
func (a *API) destination(s *delivery.Subscription, d delivery.Destination) destinationRecord {
	now := a.now()
	out := destinationRecord{
		ID: s.ID, Owner: s.Owner, Name: s.Name, Host: receiverOf(s), Format: s.Format, Status: s.Status, DisabledReason: s.DisabledReason,
		Waiting: d.Waiting, Due: d.Due, Dead: d.Dead, Parked: d.Parked, OldestDue: instant(d.OldestDue),
		Breaker: showBreaker(&d.Breaker, now), LastSuccess: instant(d.LastSuccess),
	}
	if age := d.Backlog(now); age > 0 {
		out.Age = age.Round(time.Second).String()
	}
	if !d.LastFailure.IsZero() {
		out.LastFailure = &destinationFailed{
			At: d.LastFailure.UTC(), Error: string(d.LastClass), Status: d.LastStatus, Detail: d.LastDetail, Hint: hintOf(d.LastClass, d.LastStatus),
		}
	}
	return out
}

func showBreaker(b *delivery.Breaker, now time.Time) breakerRecord {
	out := breakerRecord{State: b.At(now), Failures: b.Failures}
	if b.Failures > 0 {
		out.Reason, out.Detail = string(b.Class), b.Detail
	}
	if !b.Closed() {
		out.OpenedAt, out.ProbeAt = instant(b.OpenedAt), instant(b.ProbeAt)
	}
	return out
}

type destinationIn struct {
	caller
	ID int64 `path:"id" doc:"The subscription's ID."`
}

func (a *API) getDestination(ctx context.Context, in *destinationIn) (*answer, error) {
	row, err := a.destinationOf(ctx, in)
	if err != nil {
		return nil, err
	}
	return a.showDestination(ctx, in.who(), &row.Value)
}

// destinationOf gives the subscription that a request speaks of, if it is the
// caller's.
func (a *API) destinationOf(ctx context.Context, in *destinationIn) (Row[delivery.Subscription], error) {
	row, err := a.Subscriptions.Get(ctx, in.ID)
	if fault.Of(err) == fault.NotFound || err == nil && !owns(in.who(), row.Value.Owner) {
		return row, fault.New(fault.NotFound, "there is no destination %d", in.ID)
	}
	return row, err
}

func (a *API) showDestination(ctx context.Context, who account.Principal, s *delivery.Subscription) (*answer, error) {
	standing, err := a.standing(ctx, []int64{s.ID})
	if err != nil {
		return nil, err
	}
	o, err := view(who.Role, kindDestination, a.destination(s, standing[s.ID]))
	return &answer{Body: o}, err
}

func (a *API) resumeDestination(ctx context.Context, in *destinationIn) (*answer, error) {
	s, err := a.setStatus(ctx, in, delivery.Active)
	if err != nil {
		return nil, err
	}
	if err := a.Queue.CloseBreaker(ctx, s.ID); err != nil {
		return nil, err
	}
	a.nudge()
	return a.showDestination(ctx, in.who(), &s)
}

func (a *API) pauseDestination(ctx context.Context, in *destinationIn) (*answer, error) {
	s, err := a.setStatus(ctx, in, delivery.Paused)
	if err != nil {
		return nil, err
	}
	return a.showDestination(ctx, in.who(), &s)
}

// setStatus sets the status of the caller's subscription, and lets the node act
// by it.
func (a *API) setStatus(ctx context.Context, in *destinationIn, status delivery.Status) (delivery.Subscription, error) {
	row, err := a.destinationOf(ctx, in)
	if err != nil || row.Value.Status == status {
		return row.Value, err
	}
	row, err = a.Subscriptions.Update(ctx, in.who(), in.ID, 0, func(s *delivery.Subscription) error {
		s.Status = status
		if status == delivery.Active {
			s.DisabledAt, s.DisabledReason = time.Time{}, ""
		}
		return nil
	})
	if err == nil {
		a.changed(ctx)
	}
	return row.Value, err
}
