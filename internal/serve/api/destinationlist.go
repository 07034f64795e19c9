package api

import (
	"context"
	"slices"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

type destinationsIn struct {
	caller
	Ordered
	IDs          string `query:"ids" doc:"Only those of these subscriptions, up to 200 IDs with commas between." example:"3,7"`
	Host         string `query:"host" doc:"Only those that lead to this host."`
	Status       string `query:"status" enum:"active,paused,disabled" doc:"Only those of subscriptions with this status."`
	Breaker      string `query:"breaker" enum:"closed,open,half_open" doc:"Only those whose breaker is in this state."`
	AffiliateID  int64  `query:"affiliate_id" doc:"Only this affiliate's. Not for advertisers."`
	AdvertiserID int64  `query:"advertiser_id" doc:"Only this advertiser's. Not for affiliates."`
}

func (a *API) listDestinations(ctx context.Context, in *destinationsIn) (*answer, error) {
	after, err := parseOrdered[int64](in.Ordered)
	if err != nil {
		return nil, err
	}
	out := page{Data: []object{}}
	f := DeliveryFilter{Filter: delivery.Filter{AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID}}
	if mine, err := f.narrow(in.who()); err != nil || !mine {
		return &answer{Body: out}, err
	}
	l := destinationLister{API: a, in: in, asked: Page[int64]{
		After: after, Newest: in.newest(), Limit: min(in.Limit+1, maxBatch), Affiliate: f.AffiliateID, Advertiser: f.AdvertiserID, Status: in.Status,
	}}
	if err := l.choose(ctx); err != nil {
		return nil, err
	}
	for full := false; !full; {
		if full, err = l.next(ctx); err != nil {
			return nil, err
		}
	}
	if l.more {
		out.Next = orderedCursor(in.Ordered, l.asked.After)
	}
	out.Data, err = a.showDestinations(ctx, in.who(), l.found)
	return &answer{Body: out}, err
}

// showDestinations puts subscriptions and their queues together.
func (a *API) showDestinations(ctx context.Context, who account.Principal, all []delivery.Subscription) ([]object, error) {
	ids := make([]int64, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	standing, err := a.standing(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(all))
	for i := range all {
		if out[i], err = view(who.Role, kindDestination, a.destination(&all[i], standing[all[i].ID])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// standing gives how the queues of some subscriptions stand, of those that ever
// had anything in them.
func (a *API) standing(ctx context.Context, of []int64) (map[int64]delivery.Destination, error) {
	list, err := a.Standing.DestinationsOf(ctx, of)
	all := make(map[int64]delivery.Destination, len(list))
	for _, d := range list {
		all[d.SubscriptionID] = d
	}
	return all, err
}

// destinationLister fills one page.
type destinationLister struct {
	*API
	in       *destinationsIn
	asked    Page[int64] // After is the last one looked at
	breakers map[int64]delivery.BreakerState
	chosen   []int64 // the only ones that can be meant, in the order of the list
	bounded  bool    // chosen is not everything
	scanned  int
	found    []delivery.Subscription
	more     bool
}

// choose finds out which subscriptions can be meant, where little is: what is
// asked for by name, by host, or because it fails.
func (l *destinationLister) choose(ctx context.Context) error {
	if err := l.readBreakers(ctx); err != nil {
		return err
	}
	if err := l.readIDs(); err != nil {
		return err
	}
	if l.in.Host != "" {
		l.bound(l.leadingTo(l.in.who(), l.in.Host))
	}
	slices.Sort(l.chosen)
	l.chosen = slices.Compact(l.chosen)
	if l.asked.Newest {
		slices.Reverse(l.chosen)
	}
	return nil
}

// bound leaves only these, of those that are left.
func (l *destinationLister) bound(ids []int64) {
	if l.bounded {
		have := l.chosen
		ids = slices.DeleteFunc(ids, func(id int64) bool { return !slices.Contains(have, id) })
	}
	l.chosen, l.bounded = ids, true
}

func (l *destinationLister) readBreakers(ctx context.Context) error {
	if l.in.Breaker == "" {
		return nil
	}
	all, err := l.Standing.Breakers(ctx)
	if err != nil {
		return err
	}
	now := l.now()
	var ids []int64
	l.breakers = make(map[int64]delivery.BreakerState, len(all))
	for i := range all {
		state := all[i].At(now)
		l.breakers[all[i].SubscriptionID] = state
		if string(state) == l.in.Breaker {
			ids = append(ids, all[i].SubscriptionID)
		}
	}
	if l.in.Breaker != string(delivery.BreakerClosed) { // which most are
		l.bound(ids)
	}
	return nil
}

func (l *destinationLister) readIDs() error {
	ids, err := idsOf(l.in.IDs)
	if ids != nil {
		l.bound(ids)
	}
	return err
}

// next takes up those that follow, and reports whether the page is complete.
func (l *destinationLister) next(ctx context.Context) (bool, error) {
	rows, last, err := l.read(ctx)
	if err != nil {
		return false, err
	}
	for i := range rows {
		s := &rows[i]
		if len(l.found) == l.in.Limit || l.scanned == maxScan {
			l.more = true
			return true, nil
		}
		l.scanned++
		l.asked.After = s.ID
		if owns(l.in.who(), s.Owner) && l.fits(s) {
			l.found = append(l.found, *s)
		}
	}
	return last, nil
}

// read gives some of those that follow, and reports whether they are the last.
func (l *destinationLister) read(ctx context.Context) (some []delivery.Subscription, last bool, err error) {
	if !l.bounded {
		rows, err := l.Subscriptions.List(ctx, l.asked)
		for i := range rows {
			some = append(some, rows[i].Value)
		}
		return some, len(rows) < l.asked.Limit, err
	}
	for _, id := range l.chosen {
		if l.asked.After != 0 && (l.asked.Newest && id >= l.asked.After || !l.asked.Newest && id <= l.asked.After) {
			continue
		}
		if len(some) == l.asked.Limit {
			return some, false, nil
		}
		row, err := l.Subscriptions.Get(ctx, id)
		switch {
		case err == nil:
			some = append(some, row.Value)
		case fault.Of(err) != fault.NotFound:
			return nil, false, err
		}
	}
	return some, true, nil
}

// fits reports whether a subscription's destination is one of those asked for.
func (l *destinationLister) fits(s *delivery.Subscription) bool {
	in := l.in
	if in.Breaker != "" {
		state, known := l.breakers[s.ID]
		if !known {
			state = delivery.BreakerClosed
		}
		if in.Breaker != string(state) {
			return false
		}
	}
	return (in.Host == "" || leadsToHost(s, in.Host)) &&
		(in.Status == "" || in.Status == string(s.Status)) &&
		(in.AffiliateID == 0 || in.AffiliateID == s.Owner.AffiliateID) &&
		(in.AdvertiserID == 0 || in.AdvertiserID == s.Owner.AdvertiserID)
}
