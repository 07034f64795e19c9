package api

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// wholeConversion is a conversion read by itself.
type wholeConversion struct {
	conversion.Conversion
	SupersededBy string     `json:"superseded_by,omitempty" doc:"The conversion that its order is counted as, where that is the reason for which it is rejected. Not for affiliates."`
	Sightings    *sightings `json:"sightings,omitempty" doc:"Who has seen it. Not for affiliates."`
}

// sightings is what a browser and a server said of one conversion: the first
// word of each.
type sightings struct {
	Pixel       *sighting    `json:"pixel,omitempty" doc:"What the visitor's browser said, by pixel or SDK."`
	Postback    *sighting    `json:"postback,omitempty" doc:"What the advertiser's server said, by postback, import or API."`
	First       string       `json:"first,omitempty" enum:"pixel,postback" doc:"Whose word came first, where both spoke."`
	Lag         *span.Span   `json:"lag,omitempty" doc:"The time between the two."`
	Differences []difference `json:"differences" doc:"What they said otherwise. The server's word holds."`
}

type sighting struct {
	SignalID string    `json:"signal_id"`
	Channel  string    `json:"channel"`
	At       time.Time `json:"at"`
	Amount   string    `json:"amount,omitempty" doc:"As it was sent."`
	Currency string    `json:"currency,omitempty"`
	OrderID  string    `json:"order_id,omitempty"`
}

type difference struct {
	Field    string `json:"field" enum:"amount,currency,order_id"`
	Pixel    string `json:"pixel"`
	Postback string `json:"postback"`
}

// maxSightings bounds the signals that are looked at of one conversion.
const maxSightings = 100

// sightings reads who has seen a conversion.
func (a *API) sightings(ctx context.Context, c *conversion.Conversion) (sightings, error) {
	found := sightings{Differences: []difference{}}
	all, err := a.Trace.Trace(ctx, c.Touch.TransactionID)
	if err != nil {
		return found, fmt.Errorf("read who has seen conversion %s: %w", c.ID, err)
	}
	looked := 0
	for _, v := range all.Verdicts {
		if v.ConversionID != c.ID || v.Status == signal.Rejected {
			continue
		}
		if looked++; looked > maxSightings {
			break
		}
		s, err := a.lookUp(ctx, v.SignalID)
		if err != nil {
			return found, err
		}
		if s != nil {
			found.see(s)
		}
	}
	found.compare()
	return found, nil
}

// lookUp gives a signal's record, nil when it is gone.
func (a *API) lookUp(ctx context.Context, id string) (*signal.Signal, error) {
	parsed, err := txid.Parse(id)
	if err != nil {
		return nil, fmt.Errorf("read the ID of signal %s: %w", id, err)
	}
	record, err := a.Journal.Get(ctx, parsed)
	if fault.Of(err) == fault.NotFound {
		return nil, nil //nolint:nilnil // it is gone, which is no error
	}
	if err != nil {
		return nil, err
	}
	s, err := signal.Read(parsed, record)
	return &s, err
}

// see notes a signal, unless its channel has spoken before it. What came to
// correct the conversion is a person's word, and what pays it is ours: neither
// is a sighting.
func (f *sightings) see(s *signal.Signal) {
	if !s.Reports() {
		return
	}
	to := &f.Pixel
	if s.Channel.FromServer() {
		to = &f.Postback
	}
	if *to != nil && !s.ReceivedAt.Before((*to).At) {
		return
	}
	*to = &sighting{
		SignalID: s.ID.String(), Channel: string(s.Channel), At: s.ReceivedAt.UTC(),
		Amount: s.Value(param.Amount), Currency: s.Value(param.Currency), OrderID: s.Value(param.OrderID),
	}
}

// compare says which came first, and in what the two differ. What one left open
// is no difference.
func (f *sightings) compare() {
	p, s := f.Pixel, f.Postback
	if p == nil || s == nil {
		return
	}
	lag := s.At.Sub(p.At)
	f.First, f.Lag = "pixel", (*span.Span)(&lag)
	if lag < 0 {
		lag, f.First = -lag, "postback"
	}
	if !sameAmount(p.Amount, s.Amount) {
		f.differ("amount", p.Amount, s.Amount)
	}
	if !sameCurrency(p, s) {
		f.differ("currency", currencyOf(p), currencyOf(s))
	}
	if p.OrderID != s.OrderID {
		f.differ("order_id", p.OrderID, s.OrderID)
	}
}

func (f *sightings) differ(field, pixel, postback string) {
	if pixel != "" && postback != "" {
		f.Differences = append(f.Differences, difference{Field: field, Pixel: pixel, Postback: postback})
	}
}

// sameAmount reports whether two amounts, as they were sent, are one.
func sameAmount(a, b string) bool {
	one, errA := money.Parse(a)
	other, errB := money.Parse(b)
	if errA != nil || errB != nil {
		return a == b
	}
	return one.Units == other.Units
}

func sameCurrency(a, b *sighting) bool { return currencyOf(a) == currencyOf(b) }

// currencyOf gives the currency that a sighting names, in either place.
func currencyOf(s *sighting) string {
	parsed, _ := money.Parse(s.Amount)
	named, _ := money.ParseCurrency(s.Currency)
	return string(cmp.Or(parsed.Currency, named))
}

// showConversion gives a conversion as a role sees it. What came in is the
// network's and the advertiser's.
func (a *API) showConversion(ctx context.Context, who account.Principal, c *conversion.Conversion) (object, error) {
	o, err := view(who.Role, kindConversion, *c)
	if err != nil || who.Role == account.Affiliate {
		return o, err
	}
	if by := c.Memory.SupersededBy; by != "" {
		text, err := write(by)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key: "superseded_by", value: text})
	}
	if c.Touch.TransactionID == "" {
		return o, nil
	}
	found, err := a.sightings(ctx, c)
	if err != nil {
		return nil, err
	}
	text, err := write(found)
	return append(o, member{key: "sightings", value: text}), err
}
