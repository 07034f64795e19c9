package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"waybill/internal/attribution"
	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

const (
	// mostTouches is how many records an identity is followed to: the newest, or,
	// for an offer that credits the first touch, the oldest.
	mostTouches = 64
	// fewTouches is how many where they decide nothing, and are only shown.
	fewTouches = 4
	// mostWalked is how many keys of an identity are looked at for the oldest. Of one
	// that has more, such as the address of a whole office, older ones are passed
	// over.
	mostWalked = 4096
)

// prepare gathers what a signal is judged by, beside the state of the ledger.
func (s *Settler) prepare(ctx context.Context, sig signal.Signal, now time.Time) (settlement.Case, error) {
	in := settlement.Input{Signal: sig, Catalog: s.catalog(), Now: now.UTC().Truncate(time.Microsecond)}
	own, err := s.touch(ctx, sig.Click)
	if err != nil {
		return settlement.Case{}, fmt.Errorf("read the click of signal %s: %w", sig.ID, err)
	}
	if own != nil {
		in.Touches = append(in.Touches, attribution.Candidate{By: offer.ByTransactionID, ID: sig.Click, Record: own})
	}
	lead := settlement.LeadOf(&in)
	for _, v := range lead.Identities {
		touches, err := s.follow(ctx, &in, &lead, v)
		if err != nil {
			return settlement.Case{}, fmt.Errorf("look up the %s of signal %s: %w", v.By, sig.ID, err)
		}
		in.Touches = append(in.Touches, touches...)
	}
	if lead.Target != nil {
		if in.Targets, err = s.ledger.Targets(ctx, *lead.Target); err != nil {
			return settlement.Case{}, fmt.Errorf("look up what signal %s is about: %w", sig.ID, err)
		}
	}
	return settlement.Prepare(in), nil
}

// touch reads the record of a click or a view; nil when it is lost.
func (s *Settler) touch(ctx context.Context, id txid.ID) (*click.Click, error) {
	if id.Kind() != txid.Click && id.Kind() != txid.Impression {
		return nil, nil
	}
	record, err := s.journal.Get(ctx, id)
	switch {
	case fault.Of(err) == fault.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	c, err := click.Read(id, record)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelError, "click record cannot be read",
			slog.String("transaction_id", id.String()), slog.Any("error", err))
		return nil, nil // as good as lost: what the ID says still holds
	}
	return &c, nil
}

// follow gives the touches that one identity of a signal leads to: what servers
// have said and the touches have shown, and apart from that what browsers have
// said.
func (s *Settler) follow(
	ctx context.Context, in *settlement.Input, lead *settlement.Lead, v identity.Value,
) ([]attribution.Candidate, error) {
	o := &lead.Offer.Offer
	key := identity.Key(in.Catalog.Settings().IdentityKey, o.ID, v.By, v.Text)
	if key == nil {
		return nil, nil
	}
	walk := walk{limit: mostTouches, first: o.Touch == offer.FirstTouch, after: in.Signal.ReceivedAt.Add(-longest(o)), self: in.Signal.ID}
	if lead.Decided {
		walk.limit = fewTouches
	}
	var all []attribution.Candidate
	for _, browser := range []bool{false, true} {
		if browser {
			key = identity.Hearsay(key)
		}
		ids, err := s.walk(ctx, key, walk)
		if err != nil {
			return nil, err
		}
		led := trail{by: v.By, browser: browser, offer: o, signal: &in.Signal, place: map[txid.ID]int{}}
		for _, id := range ids {
			if err := s.step(ctx, &led, id); err != nil {
				return nil, err
			}
		}
		all = append(all, led.touches...)
	}
	return all, nil
}

// longest gives how far the offer looks back at all. A signal ties an identity to
// a touch after the touch, so neither lies further back.
func longest(o *offer.Offer) time.Duration {
	return max(o.ClickWindow, o.ViewWindow, o.CustomerWindow).Duration() + attribution.ClockSkew
}

// walk says which of the IDs under a key are wanted.
type walk struct {
	limit int
	first bool      // the oldest of them, else the newest
	after time.Time // no further back, but for the newest, which tells that it expired
	self  txid.ID   // which leads to nothing but itself
}

// walk gives the IDs under a key.
func (s *Settler) walk(ctx context.Context, key []byte, w walk) ([]txid.ID, error) {
	var ids []txid.ID
	walked, enough := 0, errors.New("no more are wanted")
	err := s.journal.Identity(ctx, key, func(id txid.ID) error {
		walked++
		switch {
		case len(ids) > 0 && id.Time().Before(w.after), walked > mostWalked, !w.first && len(ids) == w.limit:
			return enough
		case id != w.self:
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return nil, err
	}
	return ids[max(0, len(ids)-w.limit):], nil
}

// trail is the touches that an identity has led to so far, each once.
type trail struct {
	by      offer.Identifier
	browser bool
	offer   *offer.Offer
	signal  *signal.Signal
	touches []attribution.Candidate
	place   map[txid.ID]int
}

// step follows one ID that stands under an identity: to itself, where it is a
// touch, or to the touch that a signal has tied the identity to, by a channel that
// the offer listens to. What came after the signal at hand credits nothing.
func (s *Settler) step(ctx context.Context, t *trail, id txid.ID) error {
	if id.Kind() != txid.Signal {
		return s.reach(ctx, t, attribution.Candidate{By: t.by, ID: id, Browser: t.browser})
	}
	record, err := s.journal.Get(ctx, id)
	switch {
	case fault.Of(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	}
	tied, err := signal.Read(id, record)
	if err != nil || tied.ReceivedAt.After(t.signal.ReceivedAt) || tied.Test && !t.signal.Test || !t.offer.Hears(string(tied.Channel)) {
		return nil //nolint:nilerr // a damaged record ties nothing, and is reported where it is settled
	}
	return s.reach(ctx, t, attribution.Candidate{By: t.by, ID: tied.Click, Browser: t.browser, BoundAt: tied.ReceivedAt})
}

// reach adds a touch. Of several signals that have tied the identity to it the
// first counts.
func (s *Settler) reach(ctx context.Context, t *trail, c attribution.Candidate) (err error) {
	if at, known := t.place[c.ID]; known {
		if bound := &t.touches[at].BoundAt; c.BoundAt.Before(*bound) {
			*bound = c.BoundAt
		}
		return nil
	}
	if c.Record, err = s.touch(ctx, c.ID); err != nil {
		return err
	}
	if c.Record != nil && c.Record.At.After(t.signal.ReceivedAt) || c.ID.Time().After(t.signal.ReceivedAt.Add(attribution.ClockSkew)) {
		return nil
	}
	t.place[c.ID] = len(t.touches)
	t.touches = append(t.touches, c)
	return nil
}
