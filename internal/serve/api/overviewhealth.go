package api

import (
	"context"
	"slices"
	"time"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/overview"
	"waybill/internal/report"
)

// Arrears tells how the queues stand, without a look at each.
type Arrears interface {
	// Arrears tells it of an owner's, the network's own question being about all;
	// Dead counts those that were given up since a time.
	Arrears(ctx context.Context, of delivery.Owner, since time.Time) (delivery.Arrears, error)
	// Waiting counts what waits, by subscription.
	Waiting(ctx context.Context, subscriptions []int64) (map[int64]int64, error)
}

// overviewHealths is what may need somebody's attention.
type overviewHealths struct {
	Unsettled    *unsettledRecord   `json:"unsettled,omitempty" doc:"Signals that are written down and wait to be judged, on this node. For the network alone."`
	Rejected     []rejectedRecord   `json:"rejected" doc:"Signals of the last 24 hours that were rejected, by code; the most frequent first, up to 10."`
	Destinations []failingRecord    `json:"destinations" doc:"Those that are not served as they should be: breaker not closed, or disabled by Waybill. The latest first, up to 20."`
	Failing      int                `json:"failing" doc:"How many such destinations there are."`
	Deliveries   arrearsRecord      `json:"deliveries"`
	Warehouse    overviewWarehouses `json:"warehouse"`
}

type unsettledRecord struct {
	Count    int        `json:"count"`
	OldestAt *time.Time `json:"oldest_at,omitempty"`
}

type rejectedRecord struct {
	Code   string     `json:"code"`
	Count  int64      `json:"count"`
	LastAt *time.Time `json:"last_at,omitempty"`
}

type failingRecord struct {
	ID      int64      `json:"id" doc:"The subscription's."`
	Name    string     `json:"name,omitempty"`
	Host    string     `json:"host,omitempty" doc:"Where it leads."`
	State   string     `json:"state" enum:"open,half_open,disabled"`
	Reason  string     `json:"reason,omitempty"`
	Waiting int64      `json:"waiting" doc:"Postbacks that wait; 10,000 stands for that many or more."`
	Since   *time.Time `json:"since,omitempty"`
}

type arrearsRecord struct {
	Waiting   int64      `json:"waiting" doc:"Postbacks that wait, those that are not due yet too. It and the two below are counted to 10,000."`
	Due       int64      `json:"due"`
	OldestDue *time.Time `json:"oldest_due_at,omitempty"`
	Dead      int64      `json:"dead_24h" doc:"Given up in the last 24 hours."`
}

type overviewWarehouses struct {
	AsOf *time.Time `json:"as_of"`
	Lag  int64      `json:"lag_seconds" doc:"How long ago that is."`
}

const (
	recently    = 24 * time.Hour
	mostFailing = 20
)

// queues fills in what the ledger and this node know.
func (o *overseer) queues(ctx context.Context, who account.Principal, into *overviewHealths) error {
	now := o.now()
	if o.Unsettled != nil && who.IsNetwork() {
		count, oldest := o.Unsettled()
		into.Unsettled = &unsettledRecord{Count: count}
		if count > 0 {
			into.Unsettled.OldestAt = instant(now.Add(-oldest).Truncate(time.Second))
		}
	}
	owner := ownerOf(who)
	owner.Network = who.IsNetwork()
	owed, err := o.Arrears.Arrears(ctx, owner, now.Add(-recently))
	if err != nil {
		return err
	}
	into.Deliveries = arrearsRecord{Waiting: owed.Waiting, Due: owed.Due, OldestDue: instant(owed.OldestDue), Dead: owed.Dead}
	return o.failing(ctx, who, into)
}

// failing fills in the destinations that are not served as they should be.
func (o *overseer) failing(ctx context.Context, who account.Principal, into *overviewHealths) error {
	breakers, err := o.Standing.Breakers(ctx)
	if err != nil {
		return err
	}
	broken := make(map[int64]delivery.Breaker, len(breakers))
	for _, b := range breakers {
		if !b.Closed() {
			broken[b.SubscriptionID] = b
		}
	}
	all := []failingRecord{}
	subscriptions := o.Catalog().Source().Subscriptions
	for i := range subscriptions {
		s := &subscriptions[i]
		b, open := broken[s.ID]
		if !owns(who, s.Owner) || s.Status != delivery.Disabled && (s.Status != delivery.Active || !open) {
			continue
		}
		all = append(all, o.fails(s, &b))
	}
	slices.SortStableFunc(all, func(a, b failingRecord) int { return timeIn(b.Since).Compare(timeIn(a.Since)) })
	into.Failing, into.Destinations = len(all), all[:min(len(all), mostFailing)]
	var ids []int64
	for _, d := range into.Destinations {
		ids = append(ids, d.ID)
	}
	waiting, err := o.Arrears.Waiting(ctx, ids)
	for i := range into.Destinations {
		into.Destinations[i].Waiting = waiting[into.Destinations[i].ID]
	}
	return err
}

// fails describes a destination that is disabled, or whose breaker is not closed.
func (o *overseer) fails(s *delivery.Subscription, b *delivery.Breaker) failingRecord {
	r := failingRecord{ID: s.ID, Name: s.Name, Host: receiverOf(s)}
	if s.Status == delivery.Disabled {
		r.State, r.Reason, r.Since = string(delivery.Disabled), s.DisabledReason, instant(s.DisabledAt)
		return r
	}
	r.State, r.Reason, r.Since = string(b.At(o.now())), string(b.Class), instant(b.OpenedAt)
	if b.Detail != "" {
		r.Reason = b.Detail
	}
	return r
}

func timeIn(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// health fills in what the warehouse knows.
func (c *counting) health(ctx context.Context, r report.Reader) error {
	h := &c.out.Health
	h.Warehouse.AsOf, h.Rejected = c.out.AsOf, []rejectedRecord{}
	if c.out.AsOf != nil {
		h.Warehouse.Lag = int64(max(0, c.now.Sub(*c.out.AsOf)) / time.Second)
	}
	span := overview.Span{From: c.now.Add(-recently), To: c.now}
	a, err := c.ask(overview.Rejected(span))
	if err != nil {
		return err
	}
	for _, row := range a.Rows {
		one := rejectedRecord{Code: row.Cells[0].Text, Count: row.Cells[1].Number}
		list, err := report.ParseList(fact.Signals, overview.LatestRejected(span, one.Code), c.now, c.viewer)
		if err != nil {
			return err
		}
		page, err := list.Read(ctx, r)
		if err != nil {
			return err
		}
		if len(page.Rows) > 0 {
			one.LastAt = instant(factRow{page.Fields, page.Rows[0].Cells}.at())
		}
		h.Rejected = append(h.Rejected, one)
	}
	return nil
}
